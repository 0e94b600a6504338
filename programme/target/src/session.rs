//! A powered device.

use crate::device::Lock;
use crate::launch;
use crate::power::Samples;
use crate::pump::{self, Heard, Shared, is_ready};
use crate::wire::{Wire, WireName};
use crate::{Device, DeviceError, Event, Fault, Power, Report, SessionError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use std::collections::BTreeMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

mod management;

pub use management::{Refusal, Transaction};

/// How long a device may say nothing before it counts as hung. A hang detector, not a requirement.
const DEADLINE: Duration = Duration::from_secs(30);

/// How long a process that has let go of its wires may take to end.
const MOMENT: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// A powered device. Dropping it cuts the power at that very moment.
pub struct Session {
    device: Device,
    process: Arc<Process>,
    wires: [Wire; 3],
    entropy: UnixStream,
    events_seen: BTreeMap<String, usize>,
    deadline: Duration,
    pump: Option<JoinHandle<()>>,
    // Last: the files are free only when the process is gone.
    _lock: Lock,
}

/// The process behind a session, and what was heard of it.
pub(crate) struct Process {
    child: Mutex<Child>,
    pub(crate) shared: Arc<Shared>,
}

/// An answer of the reference application: lines, then `ok` or `error <name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The lines before the last.
    pub lines: Vec<String>,
    /// The error's name, or `None` for `ok`.
    pub error: Option<String>,
}

/// An answer of the probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// A line: the probe lives.
    Line(String),
    /// No line but a new start: what the probe did stopped it. The report may name the fault.
    Fault(Box<Report>),
}

impl Device {
    /// Powers the device with the wires of `docs/wires.md` connected.
    pub fn power_on(&self, power: &Power) -> Result<Session, SessionError> {
        let lock = self.lock()?;
        let samples =
            Samples::of(&power.entropy).map_err(|reason| SessionError::Wire { wire: "entropy", reason })?;
        let mut started = launch::start(self, power)?;
        let stderr = started.child.stderr.take();
        let (shared, pump) = pump::listen(&started, stderr, samples)
            .map_err(|reason| SessionError::Wire { wire: "new", reason })?;
        let process = Arc::new(Process { child: Mutex::new(started.child), shared });
        let [management, console, entropy, sensor] = started.wires;
        let wire = |name, stream| Wire::new(name, stream, Arc::clone(&process), DEADLINE);
        let wires = [
            wire(WireName::Management, management)?,
            wire(WireName::Console, console)?,
            wire(WireName::Sensor, sensor)?,
        ];
        Ok(Session {
            device: self.clone(),
            process,
            wires,
            entropy,
            events_seen: BTreeMap::new(),
            deadline: DEADLINE,
            pump: Some(pump),
            _lock: lock,
        })
    }
}

impl Session {
    /// The next boot report not yet given; every start gives one.
    pub fn report(&mut self) -> Result<Report, SessionError> {
        self.wait("boot report", |heard| heard.reports.pop_front())
    }

    /// All events since power-on.
    pub fn events(&self) -> Vec<Event> {
        self.process.shared.lock().events.clone()
    }

    /// The next event of that name; each is given once.
    pub fn wait_event(&mut self, name: &str) -> Result<Event, SessionError> {
        let seen = self.events_seen.get(name).copied().unwrap_or(0);
        let (event, next) = self.wait(&format!("event `{name}`"), |heard| {
            let (at, event) = heard.events.iter().enumerate().skip(seen).find(|(_, e)| e.name == name)?;
            Some((event.clone(), at + 1))
        })?;
        self.events_seen.insert(name.into(), next);
        Ok(event)
    }

    /// The management wire.
    pub fn management(&mut self) -> &mut Wire {
        &mut self.wires[0]
    }

    /// The application's console.
    pub fn console(&mut self) -> &mut Wire {
        &mut self.wires[1]
    }

    /// The sensor's wire.
    pub fn sensor(&mut self) -> &mut Wire {
        &mut self.wires[2]
    }

    /// Sends a reading as the sensor does: `value` as text, `unit` `mg/dL` or `mmol/L`.
    pub fn send_reading(&mut self, time: u64, value: &str, unit: &str) -> Result<(), SessionError> {
        self.sensor().send(sensor_line(time, value, unit).as_bytes())
    }

    /// Waits until the application says that it is ready: `bgm ready` or `probe ready`.
    pub fn console_ready(&mut self, line: &str) -> Result<(), SessionError> {
        self.console().wait_line(&format!("`{line}` on the console"), |heard| heard == line).map(drop)
    }

    /// The state that the last whole report gave.
    pub fn state(&self) -> Option<String> {
        self.process.shared.lock().state.clone()
    }

    /// The name of the application that has said that it is ready since the last start: `bgm` or `probe`.
    pub fn application(&self) -> Option<&'static str> {
        self.process.shared.lock().application
    }

    /// Waits until there is an unread line on the management wire or the console; `false` when none came
    /// within that time, or when the device has ended.
    pub fn wait_heard(&mut self, within: Duration) -> bool {
        let wires = [WireName::Management, WireName::Console];
        let unread = |heard: &mut Heard| {
            wires.iter().any(|wire| !heard.wires[*wire as usize].lines.is_empty()).then_some(())
        };
        match self.process.shared.wait(within, unread) {
            Ok(()) => true,
            Err(pump::NotHeard::Timeout) => false,
            Err(pump::NotHeard::Closed) => {
                self.process.ended();
                false
            }
        }
    }

    /// Asks the reference application: gives the lines up to `ok` or `error`.
    ///
    /// Console lines not yet read are dropped. A device that starts anew instead of answering is
    /// [`SessionError::Restarted`].
    pub fn ask(&mut self, line: &str) -> Result<Answer, SessionError> {
        let before = self.say(line)?;
        let mut lines = Vec::new();
        loop {
            match self.heard(line, before)? {
                ProbeAnswer::Fault(report) => return Err(SessionError::Restarted(report)),
                ProbeAnswer::Line(end) if end == "ok" => return Ok(Answer { lines, error: None }),
                ProbeAnswer::Line(next) => match next.strip_prefix("error ") {
                    Some(name) => return Ok(Answer { lines, error: Some(name.to_owned()) }),
                    None => lines.push(next),
                },
            }
        }
    }

    /// Tells the probe to do something: gives its one line, or the report of the start that came instead.
    pub fn probe(&mut self, line: &str) -> Result<ProbeAnswer, SessionError> {
        let before = self.say(line)?;
        self.heard(line, before)
    }

    /// Tells the probe to do several things without waiting for one answer before the next line: gives one answer
    /// for each line, or fewer of which the last is the new start that came instead.
    pub fn probe_all(&mut self, lines: &[String]) -> Result<Vec<ProbeAnswer>, SessionError> {
        let Some(first) = lines.first() else { return Ok(Vec::new()) };
        let before = self.say(&lines.join("\r\n"))?;
        let mut answers = Vec::with_capacity(lines.len());
        while answers.len() < lines.len() && !matches!(answers.last(), Some(ProbeAnswer::Fault(_))) {
            answers.push(self.heard(lines.get(answers.len()).unwrap_or(first), before)?);
        }
        Ok(answers)
    }

    /// Tells the application to do something and cuts the power so much later, or when it answers: gives the
    /// answer if it came first. Flash and fuses are then as the cut left them; [`Device::power_on`] starts the
    /// same device again.
    pub fn cut_during(mut self, line: &str, after: Duration) -> Result<Option<ProbeAnswer>, SessionError> {
        let before = self.say(line)?;
        match self.heard_within(line, before, after) {
            Ok(answer) => Ok(Some(answer)),
            Err(SessionError::Hang { .. }) => Ok(None),
            // Somebody else was to cut it.
            Err(SessionError::Died { status, .. }) if status.signal() == Some(Signal::KILL.as_raw()) => {
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// The process that is the device: the emulator, or the virtual device.
    pub fn process_id(&self) -> u32 {
        self.process.child().id()
    }

    /// Overwrites flash bytes under the running device, as somebody with access to its bus would.
    pub fn tamper_flash(&self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        self.device.write_flash_unlocked(offset, bytes)
    }

    /// Cuts the power and waits until the device is dead.
    pub fn power_off(self) {}

    /// The same, but what the device had said by then can still be read.
    pub fn cut(&mut self) {
        self.process.kill();
        drop(self.process.shared.wait(self.deadline, |heard| heard.closed.then_some(())));
    }

    /// Everything heard and said on all wires, a line each: seconds, wire, direction, text.
    pub fn transcript(&self) -> String {
        self.process.shared.lock().transcript().to_owned()
    }

    /// How the emulator or the virtual device ended, when it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.process.child().try_wait().ok().flatten()
    }

    /// How long to wait before a device counts as hung; 30 seconds unless told.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
        self.wires.iter_mut().for_each(|wire| wire.deadline = deadline);
    }

    /// Waits for the application, drops unread console lines, and sends a line to it. Gives the number
    /// of reports heard by then.
    fn say(&mut self, line: &str) -> Result<u64, SessionError> {
        let state = self.wait("application that is ready", |heard| match &heard.state {
            _ if heard.application.is_some() => Some(None),
            Some(state) if state != "running" && heard.begun == heard.completed => Some(Some(state.clone())),
            _ => None,
        })?;
        if let Some(state) = state {
            return Err(SessionError::NotRunning { state });
        }
        let before = {
            let mut heard = self.process.shared.lock();
            heard.wires[WireName::Console as usize].lines.clear();
            heard.completed
        };
        self.console().send_line(line)?;
        Ok(before)
    }

    /// The next console line, or the first report after the first `before`.
    fn heard(&mut self, question: &str, before: u64) -> Result<ProbeAnswer, SessionError> {
        self.heard_within(question, before, self.deadline)
    }

    fn heard_within(
        &mut self,
        question: &str,
        before: u64,
        within: Duration,
    ) -> Result<ProbeAnswer, SessionError> {
        let result = self.process.shared.wait(within, |heard| {
            let lines = &mut heard.wires[WireName::Console as usize].lines;
            if let Some(line) = std::iter::from_fn(|| lines.pop_front()).find(|line| !is_ready(line)) {
                return Some(ProbeAnswer::Line(line));
            }
            heard.next_report(before).map(|report| ProbeAnswer::Fault(Box::new(report)))
        });
        result.map_err(|why| self.process.why(why, &format!("answer to `{}`", shortened(question)), within))
    }

    fn wait<T>(&self, what: &str, find: impl FnMut(&mut Heard) -> Option<T>) -> Result<T, SessionError> {
        let result = self.process.shared.wait(self.deadline, find);
        result.map_err(|why| self.process.why(why, what, self.deadline))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.process.kill();
        // Should anything the process left behind still hold the other ends: the pump must end.
        self.wires.iter().for_each(Wire::close);
        drop(self.entropy.shutdown(Shutdown::Both));
        if let Some(pump) = self.pump.take() {
            drop(pump.join());
        }
    }
}

impl Process {
    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process, and waits until it has.
    fn kill(&self) {
        let mut child = self.child();
        drop(child.kill());
        drop(child.wait());
    }

    /// How the process ended; gives one that has let go of its wires a moment to do so.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let closed = self.shared.lock().closed;
        let mut child = self.child();
        if let Some(status) = child.try_wait().ok().flatten() {
            return Some(status);
        }
        if closed {
            // Nobody has waited for it yet, so that the number is still its own.
            let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).ok()?;
            let _ = retry_on_intr(|| poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&MOMENT)));
        }
        child.try_wait().ok().flatten()
    }
}

impl Answer {
    /// Whether it ended in `ok`.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// What follows `name ` on the first line that starts with it.
    pub fn line(&self, name: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    }
}

impl ProbeAnswer {
    /// What follows `ok` (possibly nothing); `None` for any other answer.
    pub fn ok(&self) -> Option<&str> {
        let ProbeAnswer::Line(line) = self else { return None };
        let rest = line.strip_prefix("ok")?;
        (rest.is_empty() || rest.starts_with(' ')).then_some(rest.trim_start())
    }

    /// The number of a `status <n>` answer, decimal or `0x` hex.
    pub fn status(&self) -> Option<i64> {
        let ProbeAnswer::Line(line) = self else { return None };
        let text = line.strip_prefix("status ")?;
        match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok().map(|word| i64::from(word.cast_signed())),
            None => text.parse().ok(),
        }
    }

    /// The fault that the new start follows.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            ProbeAnswer::Fault(report) => report.fault.as_ref(),
            ProbeAnswer::Line(_) => None,
        }
    }
}

/// A question as an error shows it; some have kilobytes of arguments.
fn shortened(question: &str) -> String {
    match question.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &question[..end]),
        None => question.to_owned(),
    }
}

/// A sensor line: `$BG,<unix time>,<value>,<unit>*<checksum>\n`.
pub fn sensor_line(time: u64, value: &str, unit: &str) -> String {
    let body = format!("BG,{time},{value},{unit}");
    let checksum = body.bytes().fold(0, |sum, byte| sum ^ byte);
    format!("${body}*{checksum:02X}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensor_line_carries_the_xor_of_its_body() {
        assert_eq!(
            sensor_line(0, "1", "a"),
            format!("$BG,0,1,a*{:02X}\n", 0x42 ^ 0x47 ^ 0x2C ^ 0x30 ^ 0x2C ^ 0x31 ^ 0x2C ^ 0x61)
        );
    }

    #[test]
    fn answers_of_the_probe_are_told_apart() {
        let line = |text: &str| ProbeAnswer::Line(text.into());
        assert_eq!(line("ok").ok(), Some(""));
        assert_eq!(line("ok 0x10").ok(), Some("0x10"));
        assert_eq!(line("okay").ok(), None);
        assert_eq!(line("status -135").status(), Some(-135));
        assert_eq!(line("status 0xffffff79").status(), Some(-135));
        assert_eq!(line("random 00").status(), None);
        assert!(ProbeAnswer::Fault(Box::default()).fault().is_none());
    }
}
