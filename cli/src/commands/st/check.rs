//! `dtsec st check`.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use dtsec_conformance::{Documents, Report as Findings, check};
use serde::{Serialize, Serializer};

use crate::output::{Answer, Exit};

/// Hold a Security Target against its profile and SESIP's rules.
///
/// Every finding names the rule, the line and the member, what stands there, and what to do. The status is 1 where something
/// is an error; warnings and notes are for a person to look at. Documents that the Security Target names with a file are
/// looked for beside it, and the sections that it cites in them.
#[derive(Args)]
pub(crate) struct Check {
    /// The Security Target.
    file: PathBuf,
    /// The profile: the id of a built-in one, or a file.
    #[arg(long, value_name = "ID|FILE")]
    profile: String,
    /// Print a SARIF 2.1.0 log.
    #[arg(long)]
    sarif: bool,
}

struct Report {
    findings: Findings,
    sarif: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let profile = super::profile(&self.profile)?;
        let (text, target) = super::target(&self.file)?;
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let found = check(&target, &profile, &Documents::beside(folder, &target));
        let name = format!("{} {}", profile.id, profile.version);
        let findings = Findings::new(&self.file.display().to_string(), &name, &text, found);
        let exit = if findings.conforms { Exit::Success } else { Exit::No };
        Answer::new(Report { findings, sarif: self.sarif }, exit)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.sarif {
            true => self.findings.sarif().serialize(serializer),
            false => self.findings.serialize(serializer),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sarif {
            true => write!(f, "{:#}", self.findings.sarif()),
            false => self.findings.fmt(f),
        }
    }
}
