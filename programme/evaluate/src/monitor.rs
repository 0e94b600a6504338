//! The emulated board's reset button, and a look into its memory from outside: QEMU's monitor (QMP), as far as it is
//! needed here.

use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// How long QEMU may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// A socket that QEMU's monitor connects to, and does so before the board's processor starts.
pub(crate) struct Socket(UnixListener);

impl Socket {
    /// A socket at `path`, in place of the one of an earlier start.
    pub(crate) fn at(path: &Path) -> io::Result<Socket> {
        drop(std::fs::remove_file(path));
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Socket(listener))
    }
}

/// A connection to QEMU's monitor.
pub(crate) struct Monitor(BufReader<UnixStream>);

impl Monitor {
    /// The monitor of a board that has said something, so that its emulator has connected: nothing is waited for.
    pub(crate) fn of(socket: &Socket) -> io::Result<Monitor> {
        let missing =
            |error: io::Error| io::Error::other(format!("QEMU has not connected its monitor: {error}"));
        let (stream, _) = socket.0.accept().map_err(missing)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut monitor = Monitor(BufReader::new(stream));
        monitor.execute("qmp_capabilities")?;
        Ok(monitor)
    }

    /// Resets the board without taking its power away.
    pub(crate) fn warm_reset(&mut self) -> io::Result<()> {
        self.execute("system_reset").map(drop)
    }

    /// Stops the processor, to look at memory that does not change meanwhile.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        self.execute("stop").map(drop)
    }

    /// Lets the processor go on.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.execute("cont").map(drop)
    }

    /// Memory as the bus has it for a Secure master, without the processor's own view and its aliases.
    pub(crate) fn bus(&mut self, start: u64, len: usize, by_way_of: &Path) -> io::Result<Vec<u8>> {
        self.saved("pmemsave", start, len, by_way_of)
    }

    /// Memory as the processor sees it in the state in which it was stopped.
    pub(crate) fn seen(&mut self, start: u64, len: usize, by_way_of: &Path) -> io::Result<Vec<u8>> {
        self.saved("memsave", start, len, by_way_of)
    }

    fn saved(&mut self, command: &str, start: u64, len: usize, file: &Path) -> io::Result<Vec<u8>> {
        let name = file.to_str().ok_or_else(|| io::Error::other("the folder of the device is not UTF-8"))?;
        self.execute_with(command, Some(json!({ "val": start, "size": len, "filename": name })))?;
        let bytes = std::fs::read(file)?;
        std::fs::remove_file(file)?;
        if bytes.len() != len {
            return Err(io::Error::other(format!("QEMU gave {} of {len} bytes at {start:#x}", bytes.len())));
        }
        Ok(bytes)
    }

    fn execute(&mut self, command: &str) -> io::Result<Value> {
        self.execute_with(command, None)
    }

    fn execute_with(&mut self, command: &str, arguments: Option<Value>) -> io::Result<Value> {
        let mut request = json!({ "execute": command });
        if let Some(arguments) = arguments {
            request["arguments"] = arguments;
        }
        writeln!(self.0.get_mut(), "{request}")?;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // The greeting and events come in between.
            let answer: Value = serde_json::from_str(&line)?;
            if let Some(error) = answer.get("error") {
                return Err(io::Error::other(format!("QEMU refuses `{command}`: {error}")));
            }
            if let Some(value) = answer.get("return") {
                return Ok(value.clone());
            }
        }
    }
}
