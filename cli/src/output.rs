//! What a command answers, printed for people or as JSON.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Serialize, Serializer};

/// How a command ended, when it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or the answer is yes: status 0.
    Success,
    /// The answer is no: status 1.
    No,
    /// There is an answer, but the machine kept it from being whole: status 2. The reason was said already.
    AtFault,
}

/// The status when a command could not do its work; clap uses the same for a wrong call.
const AT_FAULT: u8 = 2;

/// What a command answers.
pub(crate) struct Answer {
    report: Box<dyn Printable>,
    exit: Exit,
}

impl Answer {
    /// An answer that prints as the report's `Display` or its `Serialize`.
    pub(crate) fn new(report: impl Serialize + Display + 'static, exit: Exit) -> anyhow::Result<Answer> {
        Ok(Answer { report: Box::new(report), exit })
    }
}

/// A report in the form that was asked for, and only in that one.
trait Printable {
    fn text(&self) -> String;
    fn json(&self) -> serde_json::Result<String>;
}

impl<R: Serialize + Display> Printable for R {
    fn text(&self) -> String {
        self.to_string()
    }

    fn json(&self) -> serde_json::Result<String> {
        // By way of a value, whose keys are sorted.
        serde_json::to_value(self).map(|value| format!("{value:#}"))
    }
}

/// A path in a report. What of it is no text is replaced, for neither people nor JSON could read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownPath(PathBuf);

impl From<PathBuf> for ShownPath {
    fn from(path: PathBuf) -> ShownPath {
        ShownPath(path)
    }
}

impl From<&Path> for ShownPath {
    fn from(path: &Path) -> ShownPath {
        ShownPath(path.to_owned())
    }
}

impl Display for ShownPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Serialize for ShownPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Prints the answer to standard output, or says what was wrong, and gives the exit status.
pub(crate) fn print(result: anyhow::Result<Answer>, json: bool) -> ExitCode {
    let printed = result.and_then(|answer| {
        let text = if json { answer.report.json()? } else { answer.report.text() };
        say(&text)?;
        Ok(answer.exit)
    });
    match printed {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::No) => ExitCode::FAILURE,
        Ok(Exit::AtFault) => ExitCode::from(AT_FAULT),
        Err(error) => at_fault(&format!("{error:#}"), json),
    }
}

/// Says what was wrong with a call that clap refused; help and version are answers.
pub(crate) fn refused(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.render().to_string();
        return at_fault(text.trim().trim_start_matches("error: "), json);
    }
    match unless_gone(error.print()) {
        Ok(()) if !error.use_stderr() => ExitCode::SUCCESS,
        _ => ExitCode::from(AT_FAULT),
    }
}

fn at_fault(message: &str, json: bool) -> ExitCode {
    let object = || format!("{:#}", serde_json::json!({ "error": message }));
    if !json || say(&object()).is_err() {
        // Standard error is the last place to say anything at all.
        drop(writeln!(io::stderr(), "error: {message}"));
    }
    ExitCode::from(AT_FAULT)
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    unless_gone(written).map_err(|error| anyhow::anyhow!("cannot write to standard output: {error}"))
}

/// A reader that has gone away, as in `dtsec … | head -1`, changes nothing about the answer.
fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
