//! Many starts of one virtual device, each with some of its flash or fuses changed: for campaigns.

use crate::device::Lock;
use crate::launch;
use crate::{Device, Power, SessionError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one start may take before it counts as a hang.
const DEADLINE: Duration = Duration::from_secs(30);
/// How much of what the process says on its standard error is kept.
const STDERR_LIMIT: usize = 16 * 1024;

/// A change of the pristine device for one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch {
    /// Bytes of the flash.
    Flash {
        /// Where.
        offset: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// Bytes of the fuses.
    Fuses {
        /// Where.
        offset: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// Erased flash.
    Erase {
        /// Where.
        offset: usize,
        /// How many bytes.
        len: usize,
    },
}

/// How a start ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOutcome {
    /// The state, as in a boot report.
    pub state: String,
    /// What boot made of each slot.
    pub slots: BTreeMap<String, String>,
    /// The answer as it came.
    pub raw: String,
}

/// A virtual device that starts again and again. Nothing is written back to its files.
pub struct Batch {
    child: Child,
    requests: Option<ChildStdin>,
    answers: ChildStdout,
    pending: Vec<u8>,
    stderr: Option<JoinHandle<String>>,
    _lock: Lock,
}

impl Batch {
    /// Starts the server for this device; only for boards of kind `process`.
    pub fn start(device: &Device, power: &Power) -> Result<Batch, SessionError> {
        let lock = device.lock()?;
        let mut child = launch::start_batch(device, power)?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let stderr = child.stderr.take().map(|stderr| std::thread::spawn(move || end_of(stderr)));
        let answers = answers.ok_or_else(|| wire(std::io::Error::other("no standard output")))?;
        Ok(Batch { child, requests, answers, pending: Vec::new(), stderr, _lock: lock })
    }

    /// Starts the device once, with these changes and no others.
    pub fn boot(&mut self, patches: &[Patch]) -> Result<BatchOutcome, SessionError> {
        let request = request(patches);
        if let Some(requests) = &mut self.requests
            && let Err(reason) = requests.write_all(request.as_bytes())
        {
            return Err(self.died(&request).unwrap_or_else(|| wire(reason)));
        }
        let line = self.line(&request)?;
        outcome(&line).ok_or_else(|| SessionError::Unexpected {
            question: shortened(&request),
            answer: shortened(&line),
        })
    }

    fn line(&mut self, request: &str) -> Result<String, SessionError> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout =
                Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let mut fds = [PollFd::new(&self.answers, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(0) => {
                    let waiting_for = format!("answer to `{}`", shortened(request));
                    return Err(SessionError::Hang { waiting_for, after: DEADLINE, last: "nothing".into() });
                }
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(wire(error.into())),
            }
            let mut bytes = [0; 4096];
            match rustix::io::read(&self.answers, &mut bytes) {
                Ok(0) => {
                    let ended = || wire(std::io::ErrorKind::UnexpectedEof.into());
                    return Err(self.died(request).unwrap_or_else(ended));
                }
                Ok(count) => self.pending.extend_from_slice(&bytes[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(wire(error.into())),
            }
        }
    }

    fn died(&mut self, request: &str) -> Option<SessionError> {
        self.requests = None;
        let status = self.child.wait().ok()?;
        let waiting_for = format!("an answer to `{}`", shortened(request));
        let said = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        let said = if said.trim().is_empty() { "nothing" } else { said.trim() }.to_owned();
        Some(SessionError::Died { waiting_for, status, said })
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads all that the process says on its standard error, and keeps the end of it.
fn end_of(mut stderr: ChildStderr) -> String {
    let mut said = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        match stderr.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => {
                said.extend_from_slice(&bytes[..count]);
                said.drain(..said.len().saturating_sub(STDERR_LIMIT));
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn request(patches: &[Patch]) -> String {
    let mut line = String::from("boot");
    for patch in patches {
        line.push_str(&match patch {
            Patch::Flash { offset, bytes } => format!(" flash@{offset}={}", hex::encode(bytes)),
            Patch::Fuses { offset, bytes } => format!(" fuses@{offset}={}", hex::encode(bytes)),
            Patch::Erase { offset, len } => format!(" erase@{offset}+{len}"),
        });
    }
    line.push('\n');
    line
}

fn outcome(line: &str) -> Option<BatchOutcome> {
    let mut words: BTreeMap<String, String> =
        line.split_ascii_whitespace().filter_map(|word| word.split_once('=')).map(own).collect();
    let state = words.remove("state")?;
    words.retain(|name, _| name.starts_with("platform-") || name.starts_with("application-"));
    Some(BatchOutcome { state, slots: words, raw: line.to_owned() })
}

fn own((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn shortened(line: &str) -> String {
    let line = line.trim_end();
    match line.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn wire(reason: std::io::Error) -> SessionError {
    SessionError::Wire { wire: "batch", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_with_all_patches() {
        let patches = [
            Patch::Flash { offset: 16, bytes: vec![0, 0xAB] },
            Patch::Fuses { offset: 0x60, bytes: vec![1] },
            Patch::Erase { offset: 4096, len: 32 },
        ];
        assert_eq!(request(&patches), "boot flash@16=00ab fuses@96=01 erase@4096+32\n");
        assert_eq!(request(&[]), "boot\n");
    }

    #[test]
    fn an_answer_names_the_state_and_every_slot() {
        let line =
            "state=no-platform platform-a=bad-digest platform-b=empty application-a=not-tried weather=fine";
        let outcome = outcome(line).unwrap();
        assert_eq!(outcome.state, "no-platform");
        assert_eq!(outcome.slots["platform-a"], "bad-digest");
        assert_eq!(outcome.slots.len(), 3);
        assert!(super::outcome("error=bad-request").is_none());
    }
}
