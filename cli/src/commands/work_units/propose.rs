//! `dtsec work-units propose`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use dtsec_model::etr::{Proposal, WorkUnitResult};
use dtsec_workunits::{Counts, Stale, counts, propose};
use serde::Serialize;

use super::{Case, decisions};
use crate::output::{Answer, Exit};

/// Show what the evidence proposes for each work unit, and what a person must do where it settles nothing.
///
/// The status is 1 where a unit is proposed to fail.
#[derive(Args)]
pub(crate) struct Propose {
    #[command(flatten)]
    case: Case,
    /// The evaluator's decisions so far.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Only this work unit, in full.
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
}

#[derive(Serialize)]
struct Report {
    counts: Counts,
    work_units: Vec<WorkUnitResult>,
    stale: Vec<Stale>,
    #[serde(skip)]
    in_full: bool,
}

impl Propose {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let results = propose(&self.case.read()?)?;
        let known = self.decisions.as_deref().map(decisions).transpose()?.unwrap_or_default();
        let applied = known.apply(results)?;
        let counts = counts(&applied.results);
        let mut work_units = applied.results;
        if let Some(unit) = &self.unit {
            work_units.retain(|result| result.id == *unit);
            if work_units.is_empty() {
                anyhow::bail!("there is no work unit `{unit}`; `dtsec work-units list` shows all");
            }
        }
        let exit = if counts.fail > 0 { Exit::No } else { Exit::Success };
        let report = Report { counts, work_units, stale: applied.stale, in_full: self.unit.is_some() };
        Answer::new(report, exit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.work_units {
            let (word, text) = match &result.proposal {
                Proposal::Verdict { verdict, rationale } => (verdict.name(), rationale),
                Proposal::NeedsPerson { todo, .. } => ("needs-person", todo),
            };
            write!(f, "{:<13} {word:<12} ", result.id)?;
            match &result.decision {
                Some(decision) => {
                    writeln!(
                        f,
                        "decided: {} by {}, {}",
                        decision.verdict.name(),
                        decision.by,
                        decision.date
                    )?;
                }
                None => writeln!(f, "{text}")?,
            }
            if self.in_full {
                write!(f, "{}", InFull(result))?;
            }
        }
        for stale in &self.stale {
            writeln!(
                f,
                "stale: {} was decided by {} on {} on another result; it does not count, decide again",
                stale.work_unit, stale.by, stale.date
            )?;
        }
        let Counts { pass, fail, inconclusive, needs_person, decided } = self.counts;
        write!(
            f,
            "\n{} proposed by evidence: {pass} pass, {fail} fail, {inconclusive} inconclusive; {needs_person} need a \
             person; {decided} decided",
            pass + fail + inconclusive
        )
    }
}

struct InFull<'r>(&'r WorkUnitResult);

impl fmt::Display for InFull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = self.0;
        writeln!(f, "task      {}", result.task)?;
        writeln!(f, "done      {}", result.done)?;
        match &result.proposal {
            Proposal::Verdict { rationale, .. } => writeln!(f, "because   {rationale}")?,
            Proposal::NeedsPerson { prepared, .. } => writeln!(f, "prepared  {prepared}")?,
        }
        for reference in &result.evidence {
            writeln!(f, "evidence  {reference}")?;
        }
        if let Some(decision) = &result.decision {
            writeln!(f, "reason    {}", decision.reason)?;
        }
        Ok(())
    }
}
