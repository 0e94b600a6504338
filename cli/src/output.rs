//! What a command answers, printed for people or as JSON.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

/// How a command ended, when it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or the answer is yes: status 0.
    Success,
    /// The answer is no: status 1.
    No,
}

/// The status when a command could not do its work; clap uses the same for a wrong call.
const AT_FAULT: u8 = 2;

/// What a command answers.
pub(crate) struct Answer {
    text: String,
    json: serde_json::Value,
    exit: Exit,
}

impl Answer {
    /// An answer that prints as the report's `Display` or its `Serialize`.
    pub(crate) fn new(report: impl Serialize + Display, exit: Exit) -> anyhow::Result<Answer> {
        Ok(Answer { text: report.to_string(), json: serde_json::to_value(&report)?, exit })
    }
}

/// Prints the answer to standard output, or says what was wrong, and gives the exit status.
pub(crate) fn print(result: anyhow::Result<Answer>, json: bool) -> ExitCode {
    // A reader that has gone away, as in `dtsec … | head -1`, changes nothing about the answer.
    let say = |text: &str| drop(writeln!(std::io::stdout(), "{}", text.trim_end()));
    match result {
        Ok(answer) => {
            say(&if json { format!("{:#}", answer.json) } else { answer.text });
            match answer.exit {
                Exit::Success => ExitCode::SUCCESS,
                Exit::No => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            if json {
                say(&format!("{:#}", serde_json::json!({ "error": format!("{error:#}") })));
            } else {
                drop(writeln!(std::io::stderr(), "error: {error:#}"));
            }
            ExitCode::from(AT_FAULT)
        }
    }
}
