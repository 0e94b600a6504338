//! `dtsec st diff`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use dtsec_conformance::{Change, diff};
use serde::Serialize;

use crate::output::{Answer, Exit, ShownPath};

/// Show what two Security Targets say differently.
///
/// Requirements, objectives, documents and the like are matched by their ids and names: what only moved is no difference. The
/// status is 1 where something differs.
#[derive(Args)]
pub(crate) struct Diff {
    /// The one before.
    before: PathBuf,
    /// The one after.
    after: PathBuf,
}

#[derive(Serialize)]
struct Report {
    before: ShownPath,
    after: ShownPath,
    changes: Vec<Change>,
}

impl Diff {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let [(_, before), (_, after)] = [super::target(&self.before)?, super::target(&self.after)?];
        let changes = diff(&before, &after);
        let exit = if changes.is_empty() { Exit::Success } else { Exit::No };
        Answer::new(Report { before: self.before.into(), after: self.after.into(), changes }, exit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            write!(f, "{change}")?;
        }
        match self.changes.len() {
            0 => writeln!(f, "{} and {} say the same", self.before, self.after),
            1 => writeln!(f, "1 difference"),
            count => writeln!(f, "{count} differences"),
        }
    }
}
