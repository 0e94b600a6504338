//! The reset button of the emulated board: QEMU's monitor (QMP), as far as it is needed here.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long QEMU may take to open its socket, and to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// A connection to QEMU's monitor.
pub(crate) struct Monitor(BufReader<UnixStream>);

impl Monitor {
    /// Connects to the monitor at `socket`.
    pub(crate) fn attach(socket: &Path) -> io::Result<Monitor> {
        let deadline = Instant::now() + DEADLINE;
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > deadline => return Err(error),
                // QEMU makes the socket in its first milliseconds; there is nothing else to wait for.
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut monitor = Monitor(BufReader::new(stream));
        monitor.execute("qmp_capabilities")?;
        Ok(monitor)
    }

    /// Resets the board without taking its power away.
    pub(crate) fn warm_reset(&mut self) -> io::Result<()> {
        self.execute("system_reset")
    }

    fn execute(&mut self, command: &str) -> io::Result<()> {
        writeln!(self.0.get_mut(), "{{\"execute\":\"{command}\"}}")?;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // The greeting and events come in between.
            let answer: serde_json::Value = serde_json::from_str(&line)?;
            if let Some(error) = answer.get("error") {
                return Err(io::Error::other(format!("QEMU refuses `{command}`: {error}")));
            }
            if answer.get("return").is_some() {
                return Ok(());
            }
        }
    }
}
