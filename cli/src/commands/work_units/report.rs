//! `dtsec work-units report`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use dtsec_model::Document;
use dtsec_model::etr::Verdict;
use dtsec_workunits::{Counts, Gap, Stale, assemble, by_component, counts, gaps, verdict};
use serde::Serialize;

use super::{Case, decisions, json};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Put the Evaluation Technical Report together, and say what it still lacks.
///
/// The status is 1 where it is not complete, or not a pass.
#[derive(Args)]
pub(crate) struct MakeReport {
    #[command(flatten)]
    case: Case,
    /// The evaluator's decisions.
    #[arg(long, value_name = "FILE")]
    decisions: PathBuf,
    /// What the report says that does not follow from the evidence (JSON): title, parties, architecture, conclusions …
    #[arg(long, value_name = "FILE")]
    frame: PathBuf,
    /// File for the report.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    verdict: Verdict,
    complete: bool,
    components: BTreeMap<String, Verdict>,
    counts: Counts,
    gaps: Vec<Gap>,
    stale: Vec<Stale>,
    out: ShownPath,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (component, verdict) in &self.components {
            writeln!(f, "{component:<10} {}", verdict.name())?;
        }
        writeln!(f, "{:<10} {}", "overall", self.verdict.name())?;
        for stale in &self.stale {
            writeln!(f, "stale: the decision on {} by {} does not count", stale.work_unit, stale.by)?;
        }
        for gap in &self.gaps {
            writeln!(f, "{} lacks {}", gap.place, gap.lacks)?;
        }
        let complete = if self.complete { "complete" } else { "NOT complete" };
        write!(f, "wrote {} ({complete})", self.out)
    }
}

impl MakeReport {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let inputs = self.case.read()?;
        let (etr, stale) = assemble(&inputs, json(&self.frame)?, &decisions(&self.decisions)?)?;
        files::write(&self.out, etr.to_json().as_bytes())?;
        let gaps = gaps(&etr);
        let verdict = verdict(&etr);
        let components =
            by_component(&etr).into_iter().map(|(component, verdict)| (component.to_owned(), verdict));
        let exit = if gaps.is_empty() && verdict == Verdict::Pass { Exit::Success } else { Exit::No };
        let report = Report {
            verdict,
            complete: gaps.is_empty(),
            components: components.collect(),
            counts: counts(&etr.work_units),
            gaps,
            stale,
            out: self.out.into(),
        };
        Answer::new(report, exit)
    }
}
