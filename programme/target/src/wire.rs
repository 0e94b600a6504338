//! One of the four wires of a powered device.

use crate::SessionError;
use crate::pump::{NotHeard, Shared};
use crate::session::Process;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

/// Which wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireName {
    /// UART0, Secure: the boot report, and questions to a device that runs no application.
    Management = 0,
    /// UART1, Non-secure: the application's console.
    Console = 1,
    /// UART2, Secure: samples of the noise source.
    Entropy = 2,
    /// UART3, Non-secure: the sensor's readings.
    Sensor = 3,
}

impl WireName {
    /// Its name, as in `docs/wires.md`.
    pub const fn name(self) -> &'static str {
        match self {
            WireName::Management => "management",
            WireName::Console => "console",
            WireName::Entropy => "entropy",
            WireName::Sensor => "sensor",
        }
    }
}

/// Our end of a wire: lines in, bytes out. What comes in is kept until it is read.
pub struct Wire {
    name: WireName,
    stream: UnixStream,
    process: Arc<Process>,
    pub(crate) deadline: Duration,
}

impl Wire {
    pub(crate) fn new(
        name: WireName,
        stream: UnixStream,
        process: Arc<Process>,
        deadline: Duration,
    ) -> Result<Wire, SessionError> {
        let limited = stream.set_write_timeout(Some(deadline));
        limited.map_err(|reason| SessionError::Wire { wire: name.name(), reason })?;
        Ok(Wire { name, stream, process, deadline })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        let sent = self.stream.write_all(bytes);
        sent.map_err(|reason| SessionError::Wire { wire: self.name.name(), reason })?;
        let text = bytes.escape_ascii().to_string();
        self.shared().lock().note(self.name.name(), '>', &text);
        Ok(())
    }

    /// Sends a line, with the `\r\n` that ends it.
    pub fn send_line(&mut self, line: &str) -> Result<(), SessionError> {
        self.send(format!("{line}\r\n").as_bytes())
    }

    /// The next unread line; `None` when none comes within that time, or when the device has ended.
    pub fn next_line(&mut self, within: Duration) -> Option<String> {
        let name = self.name as usize;
        self.shared().wait(within, |heard| heard.wires[name].lines.pop_front()).ok()
    }

    /// Waits for a line that `wanted` accepts; the unread lines before it are dropped.
    pub fn wait_line(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> Result<String, SessionError> {
        let name = self.name as usize;
        let find = |heard: &mut crate::pump::Heard| {
            let lines = &mut heard.wires[name].lines;
            std::iter::from_fn(|| lines.pop_front()).find(|line| wanted(line))
        };
        let result = self.shared().wait(self.deadline, find);
        result.map_err(|why| self.process.why(why, what, self.deadline))
    }

    /// All unread lines.
    pub fn take_lines(&mut self) -> Vec<String> {
        self.shared().lock().wires[self.name as usize].lines.drain(..).collect()
    }

    /// Ends the wire in both directions.
    pub(crate) fn close(&self) {
        drop(self.stream.shutdown(std::net::Shutdown::Both));
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.process.shared
    }
}

impl Process {
    /// The error for something that was waited for and did not come.
    pub(crate) fn why(&self, why: NotHeard, waiting_for: &str, after: Duration) -> SessionError {
        let waiting_for = waiting_for.to_owned();
        match (why, self.ended()) {
            (NotHeard::Closed, Some(status)) => {
                let stderr = self.shared.lock().stderr.clone();
                let said = if stderr.trim().is_empty() { "nothing" } else { stderr.trim() }.to_owned();
                SessionError::Died { waiting_for, status, said }
            }
            _ => SessionError::Hang { waiting_for, after, last: self.shared.lock().last() },
        }
    }
}
