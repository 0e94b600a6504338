//! `dtsec device run`.

use std::fmt;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use dtsec_target::{Device, Power, Session, Wire};
use serde::Serialize;

use crate::output::{Answer, Exit};

/// After the end of the input, how long the device must say nothing before it is switched off.
const SILENCE: Duration = Duration::from_secs(1);
/// How long it must say nothing before the next line goes in, so that answers come in order.
const PACE: Duration = Duration::from_millis(100);
/// How long a start may take; a hang detector.
const START: Duration = Duration::from_secs(30);

const HELP: &str = "\
Lines after a bar │ come from the platform (management wire), the others from the application (its console).
  any line            goes to the application; try: help, identity, state, readings, random 16, digest 616263
  reading 104 mg/dL   the glucose sensor measures; or: reading 5.8 mmol/L
  /reset              cuts the power and switches it on again
  /help               shows this again
  /quit               cuts the power and ends";

/// Switch a device on and talk to it, until /quit or the end of the input.
#[derive(Args)]
pub(crate) struct Run {
    /// The device.
    dir: PathBuf,
    /// Folder of the built firmware.
    ///
    /// Seen from here `target/firmware/<target>` unless told.
    #[arg(long, value_name = "DIR")]
    firmware: Option<PathBuf>,
    /// Let a debugger connect to this Unix socket (only in QEMU).
    #[arg(long, value_name = "SOCKET")]
    gdb: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    device: PathBuf,
    starts: u32,
    state: Option<String>,
}

/// What is done with a line typed.
enum Typed<'a> {
    Help,
    Reset,
    Quit,
    Reading { value: &'a str, unit: &'a str },
    Wrong(&'static str),
    Line(&'a str),
}

impl Run {
    pub(super) fn run(self, json: bool) -> anyhow::Result<Answer> {
        let device = Device::open(&self.dir)?;
        let power = Power { firmware: self.firmware.unwrap_or_default(), gdb: self.gdb, ..Power::default() };
        let screen = Screen::new(json);
        let mut session = device.power_on(&power)?;
        screen.note(&format!("{} in {} is on.\n{HELP}\n", device.board().target(), self.dir.display()))?;
        let typed = lines_typed();
        let mut starts = 1;
        let mut heard = Instant::now();
        let state = loop {
            if screen.show(&mut session)? {
                heard = Instant::now();
            }
            if let Some(status) = session.exit_status() {
                screen.show(&mut session)?;
                bail!("the device's process ended by itself ({status})\n{}", end_of(&session.transcript()));
            }
            let started =
                session.application_ready() || session.state().is_some_and(|state| state != "running");
            let quiet = heard.elapsed();
            if !(started && quiet >= PACE) {
                if !started && quiet > START {
                    bail!("the device hangs: neither a report nor an application for {START:?}");
                }
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            let Some(line) = next(&typed) else { continue };
            let Some(line) = line else {
                if quiet >= SILENCE {
                    break session.state();
                }
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            heard = Instant::now();
            match Typed::new(line.trim()) {
                Typed::Quit => break session.state(),
                Typed::Help => screen.note(HELP)?,
                Typed::Wrong(why) => screen.note(why)?,
                Typed::Reading { value, unit } => session.send_reading(now()?, value, unit)?,
                Typed::Line(line) => answering(&mut session).send_line(line)?,
                Typed::Reset => {
                    session.power_off();
                    session = device.power_on(&power)?;
                    starts += 1;
                    screen.note("power cut and switched on again")?;
                }
            }
        };
        session.power_off();
        Answer::new(Report { device: self.dir, starts, state }, Exit::Success)
    }
}

impl<'a> Typed<'a> {
    fn new(line: &'a str) -> Typed<'a> {
        match line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
            ["/quit"] => Typed::Quit,
            ["/reset"] => Typed::Reset,
            ["/help"] => Typed::Help,
            ["reading", value, unit @ ("mg/dL" | "mmol/L")] => Typed::Reading { value, unit },
            ["reading", ..] => {
                Typed::Wrong("a reading is a value and a unit: reading 104 mg/dL, reading 5.8 mmol/L")
            }
            [word, ..] if word.starts_with('/') => Typed::Wrong("not known; /help shows what is"),
            _ => Typed::Line(line),
        }
    }
}

/// The wire on which the device answers: the console, or the management wire when no application runs.
fn answering(session: &mut Session) -> &mut Wire {
    if session.application_ready() { session.console() } else { session.management() }
}

/// The lines of standard input, as they come.
fn lines_typed() -> Receiver<String> {
    let (typed, lines) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if typed.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// `None`: nothing typed yet. `Some(None)`: nothing more will be.
fn next(typed: &Receiver<String>) -> Option<Option<String>> {
    match typed.try_recv() {
        Ok(line) => Some(Some(line)),
        Err(TryRecvError::Disconnected) => Some(None),
        Err(TryRecvError::Empty) => match typed.recv_timeout(Duration::from_millis(20)) {
            Ok(line) => Some(Some(line)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(None),
        },
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
        let colour = if beside { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        Screen { beside, colour }
    }

    /// Shows what the device has said since the last time; whether it has said anything.
    fn show(&self, session: &mut Session) -> anyhow::Result<bool> {
        let (said, answered) = (session.management().take_lines(), session.console().take_lines());
        let mut out: Box<dyn Write> =
            if self.beside { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout().lock()) };
        let (dim, plain) = if self.colour { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        for line in &said {
            writeln!(out, "{dim}│ {line}{plain}")?;
        }
        for line in &answered {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        Ok(!said.is_empty() || !answered.is_empty())
    }

    /// Shows something that does not come from the device.
    fn note(&self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(std::io::stderr(), "{text}")?)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.as_deref().unwrap_or("unknown");
        write!(f, "switched off in state {state}")
    }
}
