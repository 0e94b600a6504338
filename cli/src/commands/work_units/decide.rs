//! `dtsec work-units confirm` and `decide`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use dtsec_model::Date;
use dtsec_model::etr::Verdict;
use dtsec_workunits::{Decisions, Entry, propose};
use serde::Serialize;

use super::{Case, decisions};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Confirm what is proposed for a unit.
#[derive(Args)]
pub(crate) struct Confirm {
    #[command(flatten)]
    case: Case,
    #[command(flatten)]
    by: By,
    /// Why, where there is more to say than the proposal says.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

/// Give a verdict on a unit: against the proposal, or where only a person can tell.
#[derive(Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    case: Case,
    #[command(flatten)]
    by: By,
    /// The verdict.
    #[arg(long, value_enum)]
    verdict: Word,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Args)]
struct By {
    /// The work unit.
    unit: String,
    /// The evaluator.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// When.
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// File with the decisions; it is made where there is none.
    #[arg(long, value_name = "FILE")]
    decisions: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Word {
    Pass,
    Fail,
    Inconclusive,
}

#[derive(Serialize)]
struct Report {
    decided: Entry,
    decisions: usize,
    out: ShownPath,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = &self.decided.decision;
        writeln!(
            f,
            "{}: {} by {}, {}",
            self.decided.work_unit,
            decision.verdict.name(),
            decision.by,
            decision.date
        )?;
        writeln!(f, "binds to the result {}", self.decided.result)?;
        write!(f, "wrote {} ({} decisions)", self.out, self.decisions)
    }
}

impl Confirm {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let (by, reason) = (&self.by, &self.reason);
        record(&self.case, by, |decisions, result| decisions.confirm(result, &by.by, by.on, reason))
    }
}

impl Decide {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let verdict = match self.verdict {
            Word::Pass => Verdict::Pass,
            Word::Fail => Verdict::Fail,
            Word::Inconclusive => Verdict::Inconclusive,
        };
        let (by, reason) = (&self.by, &self.reason);
        record(&self.case, by, |decisions, result| decisions.decide(result, verdict, &by.by, by.on, reason))
    }
}

fn record(
    case: &Case,
    by: &By,
    decide: impl FnOnce(
        &mut Decisions,
        &dtsec_model::etr::WorkUnitResult,
    ) -> Result<(), dtsec_workunits::DecisionError>,
) -> anyhow::Result<Answer> {
    let results = propose(&case.read()?)?;
    let result = results
        .iter()
        .find(|result| result.id == by.unit)
        .with_context(|| format!("there is no work unit `{}`; `dtsec work-units list` shows all", by.unit))?;
    let mut known = decisions(&by.decisions)?;
    decide(&mut known, result)?;
    files::write(&by.decisions, known.to_json().as_bytes())?;
    let decided = known.entries.last().cloned().context("nothing was decided")?;
    let report = Report { decided, decisions: known.entries.len(), out: by.decisions.as_path().into() };
    Answer::new(report, Exit::Success)
}
