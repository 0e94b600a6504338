//! `dtsec device run`.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use dtsec_target::{Device, Power, Session};
use serde::Serialize;

use crate::commands::supply::Supply;
use crate::output::{Answer, Exit, ShownPath};

/// How long the device's lines may wait to be shown while nobody types.
const SHOWN_WITHIN: Duration = Duration::from_millis(20);
/// The longest line that the meter takes, and that a device without an application takes (`docs/wires.md`).
const LINE_LIMIT: usize = 1200;
const MANAGEMENT_LIMIT: usize = 160;
/// What the platform answers where no application runs, and what boot answers.
const PLATFORM_COMMANDS: [&str; 7] =
    ["report", "services", "token", "attestation-key", "factory-reset", "decommission", "confirm"];
const BOOT_COMMANDS: [&str; 1] = ["report"];

const HELP: &str = "\
Lines after a bar │ come from the platform (management wire), the others from the application (its console).
  any line            goes to the application; try: help, identity, state, readings, random 16, digest 616263
  reading 104 mg/dL   the glucose sensor measures; or: reading 5.8 mmol/L
  /reset              cuts the power and switches it on again
  /help               shows this again
  /quit               cuts the power and ends";

/// Switch a device on and talk to it, until /quit or the end of the input.
///
/// From a pipe or a file each line goes in when the one before it has been answered, and the session ends when
/// the last one has.
#[derive(Args)]
pub(crate) struct Run {
    /// The device.
    dir: PathBuf,
    #[command(flatten)]
    supply: Supply,
    /// Let a debugger connect to this Unix socket (only in QEMU).
    #[arg(long, value_name = "SOCKET")]
    gdb: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    device: ShownPath,
    starts: u32,
    state: Option<String>,
}

/// What is done with a line typed.
#[derive(Debug, PartialEq, Eq)]
enum Typed<'a> {
    Nothing,
    Help,
    Reset,
    Quit,
    Reading { value: String, unit: &'a str },
    Wrong(&'static str),
    Line(&'a [u8]),
}

/// A line of the input.
enum Input {
    Line(Vec<u8>),
    TooLong,
}

impl Run {
    pub(super) fn run(self, json: bool) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let power = Power { gdb: self.gdb, ..self.supply.power() };
        let screen = Screen::new(json);
        let mut session = device.power_on(&power)?;
        screen.note(&format!("{} in {} is on.\n{HELP}\n", device.board().target(), self.dir.display()));
        let typed = lines_typed();
        let limit = self.supply.limit();
        // A person sees what is answered and may type on; from a pipe, one line at a time.
        let waits = !io::stdin().is_terminal();
        let mut awaited = Awaited::start();
        let mut starts = 1;
        let mut ended = false;
        loop {
            awaited.look_at(&session);
            if !screen.show(&mut session, &mut awaited)? {
                break;
            }
            if let Some(status) = session.exit_status() {
                screen.show(&mut session, &mut awaited)?;
                bail!("the device's process ended by itself ({status})\n{}", end_of(&session.transcript()));
            }
            if awaited.what != What::Nothing && (waits || ended || awaited.what == What::Start) {
                let Some(left) = limit.checked_sub(awaited.since.elapsed()) else {
                    let (what, end) = (&awaited.what, end_of(&session.transcript()));
                    bail!("the device hangs: {what} did not come within {limit:?}\n{end}");
                };
                if !awaited.has_started(&session) {
                    session.wait_heard(left);
                }
                continue;
            }
            if ended {
                break;
            }
            let line = match typed.recv_timeout(SHOWN_WITHIN) {
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    ended = true;
                    continue;
                }
                Ok(line) => line.context("cannot read the input")?,
            };
            let line = match &line {
                Input::Line(line) => Typed::new(line.trim_ascii()),
                Input::TooLong => Typed::Wrong("not sent: a line has at most 1200 bytes"),
            };
            match line {
                Typed::Nothing => {}
                Typed::Quit => break,
                Typed::Help => screen.note(HELP),
                Typed::Wrong(why) => screen.note(why),
                Typed::Reading { value, unit } => match session.application() {
                    Some(application) => {
                        session.send_reading(now()?, &value, unit)?;
                        // The probe has no ears for the sensor.
                        if application == "bgm" {
                            awaited = Awaited::new(What::Reading);
                        }
                    }
                    None => screen.note(&format!("{}: nobody takes the reading", no_application(&session))),
                },
                Typed::Line(line) => awaited = say(&mut session, line, &screen)?,
                Typed::Reset => {
                    session.power_off();
                    session = device.power_on(&power)?;
                    starts += 1;
                    awaited = Awaited::start();
                    screen.note("power cut and switched on again");
                }
            }
        }
        let state = session.state();
        session.power_off();
        Answer::new(Report { device: self.dir.into(), starts, state }, Exit::Success)
    }
}

/// Sends a line to whoever answers: the application, or without one the management wire.
fn say(session: &mut Session, line: &[u8], screen: &Screen) -> anyhow::Result<Awaited> {
    let shown = String::from_utf8_lossy(line).into_owned();
    let whole = [line, b"\r\n"].concat();
    match session.application() {
        Some(application) => {
            session.console().send(&whole)?;
            let probe = application == "probe";
            Ok(Awaited::new(if probe { What::ProbeAnswer(shown) } else { What::Answer(shown) }))
        }
        None if line.len() > MANAGEMENT_LIMIT => {
            screen.note(&format!("not sent: {}", only_management(session)));
            Ok(Awaited::new(What::Nothing))
        }
        None => {
            let command = shown.split(' ').next().unwrap_or_default();
            if !management_commands(session).contains(&command) {
                screen.note(&only_management(session));
            }
            session.management().send(&whole)?;
            Ok(Awaited::new(What::ManagementAnswer(shown)))
        }
    }
}

fn no_application(session: &Session) -> String {
    format!("no application runs (state {})", session.state().unwrap_or_else(|| "unknown".into()))
}

/// What is answered on the management wire: by the platform where it runs, else by boot.
fn management_commands(session: &Session) -> &'static [&'static str] {
    if session.state().as_deref() == Some("no-application") { &PLATFORM_COMMANDS } else { &BOOT_COMMANDS }
}

fn only_management(session: &Session) -> String {
    let commands = management_commands(session).join("`, `");
    format!("{}, so that only `{commands}` is answered", no_application(session))
}

/// How the line begins that ends an answer on the management wire.
const MANAGEMENT_ANSWERS: [&str; 5] = ["report=end", "error=", "token=", "attestation-key=", "confirm="];

/// What the device owes, and since when.
struct Awaited {
    what: What,
    since: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Nothing,
    /// The application's ready line, or a report that says why there will be none.
    Start,
    /// The `ok` or `error …` that ends an answer of the application.
    Answer(String),
    /// The one line that the probe answers.
    ProbeAnswer(String),
    /// What the meter makes of a line of the sensor. Its last word is whether the reading is stored for good.
    Reading,
    /// What a device without an application answers.
    ManagementAnswer(String),
}

impl Awaited {
    fn new(what: What) -> Awaited {
        Awaited { what, since: Instant::now() }
    }

    fn start() -> Awaited {
        Awaited::new(What::Start)
    }

    /// Takes note of a line of the management wire; gives what has to be said of it.
    fn management(&mut self, line: &str) -> Option<String> {
        let line = line.strip_prefix("cdd ")?;
        let begins = line.starts_with("report=begin");
        match &self.what {
            // Something of the life cycle was confirmed: the device starts anew.
            What::ManagementAnswer(_) if line.starts_with("event=life-cycle begun=") => {
                *self = Awaited::start();
            }
            What::ManagementAnswer(_) if MANAGEMENT_ANSWERS.iter().any(|end| line.starts_with(end)) => {
                self.what = What::Nothing;
            }
            What::ManagementAnswer(question) if question == "services" && line.starts_with("services ") => {
                self.what = What::Nothing;
            }
            What::Answer(_) | What::ProbeAnswer(_) | What::Reading if begins => {
                let lost = format!("the device started anew: {} will not come", self.what);
                *self = Awaited::start();
                return Some(lost);
            }
            What::Nothing if begins => *self = Awaited::start(),
            _ => {}
        }
        None
    }

    /// Takes note of a line of the console.
    fn console(&mut self, line: &str) {
        let came = match &self.what {
            What::Answer(_) => line == "ok" || line.starts_with("error "),
            What::ProbeAnswer(_) => true,
            What::Reading => line.starts_with("stored ") || line.starts_with("sensor error="),
            What::Nothing | What::Start | What::ManagementAnswer(_) => false,
        };
        if came {
            self.what = What::Nothing;
        }
    }

    /// Whether a start that is waited for is complete. To be asked before its lines are taken, so that none
    /// of them passes for an answer to what is sent next; a start that begins among them is waited for again.
    fn look_at(&mut self, session: &Session) {
        if self.has_started(session) {
            self.what = What::Nothing;
        }
    }

    /// Whether a start is waited for that is complete by now.
    fn has_started(&self, session: &Session) -> bool {
        let ready =
            || session.application().is_some() || session.state().is_some_and(|state| state != "running");
        self.what == What::Start && ready()
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Nothing => write!(f, "nothing"),
            What::Start => write!(f, "a report, or an application that is ready,"),
            What::Answer(line) | What::ProbeAnswer(line) | What::ManagementAnswer(line) => {
                write!(f, "the answer to `{line}`")
            }
            What::Reading => write!(f, "whether the reading is stored"),
        }
    }
}

impl<'a> Typed<'a> {
    fn new(line: &'a [u8]) -> Typed<'a> {
        if line.is_empty() {
            return Typed::Nothing;
        }
        if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Typed::Wrong("not sent: there are control characters in the line");
        }
        // What is no text is for the application to refuse.
        let Ok(text) = std::str::from_utf8(line) else { return Typed::Line(line) };
        match text.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            ["/quit"] => Typed::Quit,
            ["/reset"] => Typed::Reset,
            ["/help"] => Typed::Help,
            ["reading", value, unit @ ("mg/dL" | "mmol/L")] => {
                // The sensor writes one decimal; a person who types `5` means `5.0`.
                let whole = unit == "mmol/L" && value.bytes().all(|byte| byte.is_ascii_digit());
                Typed::Reading { value: format!("{value}{}", if whole { ".0" } else { "" }), unit }
            }
            ["reading", ..] => {
                Typed::Wrong("a reading is a value and a unit: reading 104 mg/dL, reading 5.8 mmol/L")
            }
            [word, ..] if word.starts_with('/') => Typed::Wrong("not known; /help shows what is"),
            _ => Typed::Line(line),
        }
    }
}

/// The lines of standard input, as they come.
fn lines_typed() -> Receiver<io::Result<Input>> {
    let (typed, lines) = sync_channel(1);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next_line(&mut input).transpose() {
            let failed = line.is_err();
            if typed.send(line).is_err() || failed {
                return;
            }
        }
    });
    lines
}

/// The next line without its end; of one that is too long no more than that is kept.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Input>> {
    let (mut line, mut begun) = (Vec::new(), false);
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        // One byte more for the carriage return, and one to see that it is too long.
        line.extend_from_slice(&part[..part.len().min(LINE_LIMIT + 2 - line.len())]);
        let (used, at_end) = (part.len() + usize::from(end.is_some()), available.is_empty());
        input.consume(used);
        begun |= !at_end;
        if at_end && !begun {
            return Ok(None);
        }
        if at_end || end.is_some() {
            let too_long = line.len() > LINE_LIMIT + 1 || line.trim_ascii().len() > LINE_LIMIT;
            return Ok(Some(if too_long { Input::TooLong } else { Input::Line(line) }));
        }
    }
}

/// The last lines of a transcript.
fn end_of(transcript: &str) -> String {
    let lines: Vec<&str> = transcript.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn now() -> anyhow::Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(since.as_secs())
}

/// Where the wires are shown.
struct Screen {
    beside: bool,
    colour: bool,
}

impl Screen {
    /// On standard output, or `beside` it on standard error when the output is for the answer alone.
    fn new(beside: bool) -> Screen {
        let terminal = if beside { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
        let [no_colour, kind] = ["NO_COLOR", "TERM"].map(std::env::var_os);
        Screen { beside, colour: colour(terminal, no_colour.as_deref(), kind.as_deref()) }
    }

    /// Shows what the device has said since the last time and takes note of it; `false` when nobody looks any more.
    fn show(&self, session: &mut Session, awaited: &mut Awaited) -> anyhow::Result<bool> {
        let (said, answered) = (session.management().take_lines(), session.console().take_lines());
        let notes: Vec<String> = said.iter().filter_map(|line| awaited.management(line)).collect();
        answered.iter().for_each(|line| awaited.console(line));
        let written = self.write(&said, &answered);
        notes.iter().for_each(|note| self.note(note));
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true).context("cannot write to the output"),
        }
    }

    fn write(&self, said: &[String], answered: &[String]) -> io::Result<()> {
        let mut out: Box<dyn Write> =
            if self.beside { Box::new(io::stderr()) } else { Box::new(io::stdout().lock()) };
        let (dim, plain) = if self.colour { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        for line in said {
            writeln!(out, "{dim}│ {line}{plain}")?;
        }
        for line in answered {
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    /// Shows something that does not come from the device. Nothing depends on its being seen.
    fn note(&self, text: &str) {
        drop(writeln!(io::stderr(), "{text}"));
    }
}

/// Whether to use colour (<https://no-color.org>).
fn colour(terminal: bool, no_colour: Option<&OsStr>, kind: Option<&OsStr>) -> bool {
    terminal && no_colour.is_none_or(OsStr::is_empty) && kind.is_none_or(|kind| kind != "dumb")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.as_deref().unwrap_or("unknown");
        write!(f, "switched off in state {state}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_that_have_it_and_people_who_want_it() {
        let os = |text: &'static str| Some(OsStr::new(text));
        assert!(colour(true, None, None) && colour(true, os(""), os("xterm")));
        assert!(!colour(false, None, os("xterm")));
        assert!(!colour(true, os("1"), os("xterm")));
        assert!(!colour(true, None, os("dumb")));
    }

    #[test]
    fn a_whole_number_of_mmol_per_litre_is_given_its_decimal() {
        let reading = |value: &str, unit| Typed::Reading { value: value.into(), unit };
        assert_eq!(Typed::new(b"reading 5 mmol/L"), reading("5.0", "mmol/L"));
        assert_eq!(Typed::new(b"reading 5.8 mmol/L"), reading("5.8", "mmol/L"));
        assert_eq!(Typed::new(b"reading 104 mg/dL"), reading("104", "mg/dL"));
    }

    #[test]
    fn a_line_of_1200_bytes_is_taken_and_a_longer_one_is_not_and_the_next_is_read_again() {
        let long = |count: usize, end: &str| format!("{}{end}", "x".repeat(count));
        let text = [long(1200, "\r\n"), long(1201, "\n"), long(100_000, "\n"), long(3, "")].concat();
        let mut input = io::BufReader::with_capacity(64, text.as_bytes());
        let mut lengths = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lengths.push(match line {
                Input::Line(line) => Some(line.trim_ascii().len()),
                Input::TooLong => None,
            });
        }
        assert_eq!(lengths, [Some(1200), None, None, Some(3)]);
    }
}
