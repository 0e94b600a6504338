//! The thread that listens to a device: it drains every wire always, so that an unread line never stops
//! the device, and feeds the noise source as fast as the device takes samples.

use crate::launch::Started;
use crate::power::Samples;
use crate::wire::WireName;
use crate::{Event, Parsed, Report, ReportParser};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::process::{Signal, pidfd_send_signal};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ChildStderr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest line kept whole; a device that never ends a line gets it cut here.
const LINE_LIMIT: usize = 64 * 1024;
/// Unread lines kept for each wire; the oldest are dropped first.
const LINES_LIMIT: usize = 16 * 1024;
/// What a transcript may grow to.
const TRANSCRIPT_LIMIT: usize = 8 * 1024 * 1024;

/// Silence after which an emulator is nudged.
const NUDGE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// What was heard so far, and a bell for whoever waits.
pub(crate) struct Shared {
    heard: Mutex<Heard>,
    changed: Condvar,
}

/// Everything heard from the device since it was powered.
pub(crate) struct Heard {
    pub(crate) wires: [Incoming; 4],
    pub(crate) reports: VecDeque<Report>,
    pub(crate) events: Vec<Event>,
    /// First lines of reports heard.
    pub(crate) begun: u64,
    /// Whole reports heard.
    pub(crate) completed: u64,
    /// State of the last whole report.
    pub(crate) state: Option<String>,
    /// The application that has said since the last start that it is ready.
    pub(crate) application: Option<&'static str>,
    /// What the process said on its standard error.
    pub(crate) stderr: String,
    /// All wires have ended.
    pub(crate) closed: bool,
    parser: ReportParser,
    transcript: String,
    since: Instant,
    last: String,
}

#[derive(Default)]
pub(crate) struct Incoming {
    pub(crate) lines: VecDeque<String>,
    partial: Vec<u8>,
}

/// Why waiting ended without what was waited for.
pub(crate) enum NotHeard {
    Closed,
    Timeout,
}

impl Shared {
    fn new() -> Shared {
        let heard = Heard {
            wires: Default::default(),
            reports: VecDeque::new(),
            events: Vec::new(),
            begun: 0,
            completed: 0,
            state: None,
            application: None,
            stderr: String::new(),
            closed: false,
            parser: ReportParser::default(),
            transcript: String::new(),
            since: Instant::now(),
            last: String::new(),
        };
        Shared { heard: Mutex::new(heard), changed: Condvar::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `find` finds something in what was heard.
    pub(crate) fn wait<T>(
        &self,
        within: Duration,
        mut find: impl FnMut(&mut Heard) -> Option<T>,
    ) -> Result<T, NotHeard> {
        let deadline = Instant::now() + within;
        let mut heard = self.lock();
        loop {
            if let Some(found) = find(&mut heard) {
                return Ok(found);
            }
            if heard.closed {
                return Err(NotHeard::Closed);
            }
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return Err(NotHeard::Timeout);
            };
            let waited = self.changed.wait_timeout(heard, left);
            heard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Heard {
    /// The next report after the first `before`; earlier ones are dropped.
    pub(crate) fn next_report(&mut self, before: u64) -> Option<Report> {
        while self.completed > before {
            let number = self.completed - self.reports.len() as u64 + 1;
            let report = self.reports.pop_front()?;
            if number > before {
                return Some(report);
            }
        }
        None
    }

    /// Notes what was said or heard, for the transcript.
    pub(crate) fn note(&mut self, wire: &str, direction: char, text: &str) {
        if self.transcript.len() > TRANSCRIPT_LIMIT {
            return;
        }
        let at = self.since.elapsed().as_secs_f64();
        self.transcript.push_str(&format!("{at:9.3} {wire:<10} {direction} {text}\n"));
        if self.transcript.len() > TRANSCRIPT_LIMIT {
            self.transcript.push_str("(the rest was not kept)\n");
        }
    }

    pub(crate) fn transcript(&self) -> &str {
        &self.transcript
    }

    /// The last line heard on any wire.
    pub(crate) fn last(&self) -> String {
        if self.last.is_empty() { "nothing".into() } else { format!("`{}`", self.last) }
    }

    fn bytes(&mut self, wire: WireName, bytes: &[u8]) {
        for byte in bytes {
            let incoming = &mut self.wires[wire as usize];
            if *byte != b'\n' && incoming.partial.len() < LINE_LIMIT {
                incoming.partial.push(*byte);
                continue;
            }
            let mut raw = std::mem::take(&mut incoming.partial);
            if *byte != b'\n' {
                incoming.partial.push(*byte);
            } else if raw.last() == Some(&b'\r') {
                raw.pop();
            }
            self.line(wire, printable(&raw));
        }
    }

    fn line(&mut self, wire: WireName, mut line: String) {
        // An application that was stopped in the middle of a line leaves it to the next to end it.
        if wire == WireName::Console
            && self.application.is_none()
            && let Some(ready) = READY.iter().find(|ready| line.ends_with(**ready))
        {
            self.application = ready.strip_suffix(" ready");
            let cut = line.len() - ready.len();
            if cut > 0 {
                self.note(wire.name(), '<', &format!("{} (cut)", &line[..cut]));
                line.replace_range(..cut, "");
            }
        }
        self.note(wire.name(), '<', &line);
        if wire == WireName::Management {
            self.management(&line);
        }
        self.last.clone_from(&line);
        let lines = &mut self.wires[wire as usize].lines;
        if lines.len() == LINES_LIMIT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn management(&mut self, line: &str) {
        match self.parser.line(line) {
            Parsed::Report(report) => {
                self.completed += 1;
                self.state = Some(report.state.clone());
                self.reports.push_back(*report);
            }
            Parsed::Event(event) => {
                if self.events.len() < LINES_LIMIT {
                    self.events.push(event);
                }
            }
            Parsed::Begin => {
                self.begun += 1;
                self.application = None;
            }
            Parsed::Nothing => {}
        }
    }
}

/// What an application says when it is ready.
const READY: [&str; 2] = ["bgm ready", "probe ready"];

/// Whether an application says with this line that it is ready.
pub(crate) fn is_ready(line: &str) -> bool {
    READY.contains(&line)
}

fn printable(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    for byte in raw {
        match byte {
            0x20..=0x7E => text.push(*byte as char),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// Listens to a device that was just started, until its process ends.
pub(crate) fn listen(
    started: &Started,
    stderr: Option<ChildStderr>,
    samples: Samples,
) -> std::io::Result<(Arc<Shared>, std::thread::JoinHandle<()>)> {
    let shared = Arc::new(Shared::new());
    let mut wires = Vec::new();
    for wire in &started.wires {
        wires.push(Some(wire.try_clone()?));
    }
    let feed = Feed { samples: Some(samples), pending: Vec::new() };
    let emulator = started.emulator.as_ref().map(OwnedFd::try_clone).transpose()?;
    let pump = Pump { wires, stderr, feed, emulator, shared: Arc::clone(&shared) };
    let thread = std::thread::Builder::new().name("device wires".into()).spawn(move || pump.run())?;
    Ok((shared, thread))
}

struct Pump {
    wires: Vec<Option<UnixStream>>,
    stderr: Option<ChildStderr>,
    feed: Feed,
    emulator: Option<OwnedFd>,
    shared: Arc<Shared>,
}

/// What goes into the entropy wire.
struct Feed {
    samples: Option<Samples>,
    pending: Vec<u8>,
}

impl Pump {
    fn run(mut self) {
        while self.wires.iter().any(Option::is_some) {
            let (Ok(noise_wanted), Ok(stderr_ready)) = (self.poll(), self.stderr_ready()) else { break };
            self.listen();
            if stderr_ready {
                self.read_stderr();
            }
            if noise_wanted {
                self.feed();
            }
        }
        while self.stderr_ready().unwrap_or(false) {
            self.read_stderr();
        }
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }

    /// Waits for something to do, and says whether the entropy wire takes samples.
    fn poll(&self) -> rustix::io::Result<bool> {
        let feeding = self.feed.samples.is_some();
        let mut fds = Vec::new();
        for (n, wire) in self.wires.iter().enumerate() {
            let Some(wire) = wire else { continue };
            let wants_out = n == WireName::Entropy as usize && feeding;
            fds.push(PollFd::new(
                wire,
                if wants_out { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN },
            ));
        }
        if let Some(stderr) = &self.stderr {
            fds.push(PollFd::new(stderr, PollFlags::IN));
        }
        // It ignores the signal from when it runs the device, and would end by it before.
        let emulator = self.emulator.as_ref().filter(|_| self.shared.lock().begun > 0);
        match (poll(&mut fds, emulator.map(|_| &NUDGE)), emulator) {
            // Now and then QEMU 7.2 misses that its UART is free again, and sleeps over the bytes that wait on the wire
            // until something wakes it. A signal that it takes and ignores does; the device sees nothing of it.
            (Ok(0), Some(emulator)) => drop(pidfd_send_signal(emulator, Signal::ALARM)),
            (Ok(_) | Err(rustix::io::Errno::INTR), _) => {}
            (Err(error), _) => return Err(error),
        }
        Ok(fds.iter().any(|fd| fd.revents().contains(PollFlags::OUT)))
    }

    /// Reads all wires. The console is read before the management wire but taken in after it: what
    /// the device said on the management wire before it spoke on the console is then known first.
    fn listen(&mut self) {
        let order = [WireName::Sensor, WireName::Entropy, WireName::Console, WireName::Management];
        let read = order.map(|wire| (wire, self.receive(wire)));
        let mut heard = self.shared.lock();
        for (wire, bytes) in read.iter().rev() {
            heard.bytes(*wire, bytes);
        }
        drop(heard);
        self.shared.changed.notify_all();
    }

    fn receive(&mut self, wire: WireName) -> Vec<u8> {
        let end = &mut self.wires[wire as usize];
        let Some(stream) = end else { return Vec::new() };
        let mut bytes = vec![0; 16 * 1024];
        match recv(&*stream, bytes.as_mut_slice(), RecvFlags::DONTWAIT) {
            Ok((0, _)) => {
                *end = None;
                Vec::new()
            }
            Ok((count, _)) => {
                bytes.truncate(count);
                bytes
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Vec::new(),
            Err(_) => {
                *end = None;
                Vec::new()
            }
        }
    }

    fn stderr_ready(&self) -> rustix::io::Result<bool> {
        let Some(stderr) = &self.stderr else { return Ok(false) };
        let mut fds = [PollFd::new(stderr, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        Ok(!fds[0].revents().is_empty())
    }

    fn read_stderr(&mut self) {
        let Some(stderr) = &self.stderr else { return };
        let mut bytes = [0; 4096];
        match rustix::io::read(stderr, &mut bytes) {
            Ok(count) if count > 0 => {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                let mut heard = self.shared.lock();
                heard.stderr.push_str(&text);
                text.lines().for_each(|line| heard.note("process", '<', line));
            }
            Err(rustix::io::Errno::INTR) => {}
            _ => self.stderr = None,
        }
    }

    fn feed(&mut self) {
        let Some(stream) = &self.wires[WireName::Entropy as usize] else { return };
        let Some(samples) = &mut self.feed.samples else { return };
        if self.feed.pending.is_empty() {
            let mut next = [0; 256];
            let count = samples.fill(&mut next).unwrap_or(0);
            if count == 0 {
                self.feed.samples = None;
                return;
            }
            self.feed.pending.extend_from_slice(&next[..count]);
        }
        match send(stream, &self.feed.pending, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(count) => drop(self.feed.pending.drain(..count)),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(_) => self.feed.samples = None,
        }
    }
}
