//! `dtsec specification`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Write the functional specification of the gate, made from its table of calls: Markdown.
#[derive(Args)]
pub(crate) struct Specification {
    /// File for it; printed unless told.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Change nothing, and say whether this file is up to date.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    check: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    file: Option<ShownPath>,
    /// Where a file was looked at.
    up_to_date: Option<bool>,
    /// Where it was asked for.
    specification: Option<String>,
}

impl Specification {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let text = dtsec_toe::specification::markdown();
        if let Some(path) = self.check {
            let there =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let same = there == text;
            let report = Report { file: Some(path.into()), up_to_date: Some(same), specification: None };
            return Answer::new(report, if same { Exit::Success } else { Exit::No });
        }
        let Some(path) = self.out else {
            let report = Report { file: None, up_to_date: None, specification: Some(text) };
            return Answer::new(report, Exit::Success);
        };
        files::write(&path, text.as_bytes())?;
        Answer::new(Report { file: Some(path.into()), up_to_date: None, specification: None }, Exit::Success)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.up_to_date, &self.specification) {
            (Some(file), Some(true), _) => writeln!(f, "{file} is up to date"),
            (Some(file), Some(false), _) => writeln!(
                f,
                "{file} is not what the table of calls says; `dtsec specification --out {file}` writes it anew"
            ),
            (Some(file), None, _) => writeln!(f, "wrote {file}"),
            (None, _, text) => f.write_str(text.as_deref().unwrap_or_default()),
        }
    }
}
