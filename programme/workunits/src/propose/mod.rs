//! What the evidence proposes for each work unit.

mod adv;
mod ase;
mod ate;
mod ava;
mod context;
mod guidance;

use crate::inputs::{InputError, Inputs};
use crate::judge::{Judgement, References};
use crate::units::{self, WorkUnit};
use context::Context;
use dtsec_model::etr::{Proposal, Verdict, WorkUnitResult};
use serde::Serialize;

pub(crate) use context::listed_evidence;

/// A result for each of the 81 work units, in their order.
///
/// # Errors
/// Where the inputs do not belong together.
pub fn propose(inputs: &Inputs) -> Result<Vec<WorkUnitResult>, InputError> {
    let context = context_of(inputs)?;
    Ok(units::all().iter().map(|unit| judge(unit, &context).result(unit)).collect())
}

/// The inputs with the names under which they are cited.
pub(crate) fn context_of(inputs: &Inputs) -> Result<Context<'_>, InputError> {
    inputs.check()?;
    Context::new(inputs)
}

fn judge(unit: &WorkUnit, context: &Context<'_>) -> Judgement {
    if context.inputs.security_target.date.is_none() {
        // CEM: draft evidence carries no verdict, and everything rests on this document.
        return Judgement::verdict(
            Verdict::Inconclusive,
            "The Security Target was looked at, and nothing else.",
            "The Security Target has no date: it is a draft, and a draft carries no verdict.",
            References::to(&context.security_target),
        );
    }
    match unit.component() {
        "ADV_FSP.4" | "ADV_IMP.3" => adv::judge(&unit.id, context),
        "AGD_OPE.1" | "AGD_PRE.1" | "ALC_CMC.1" | "ALC_CMS.1" | "ALC_FLR.2" => guidance::judge(unit, context),
        "ATE_IND.1" => ate::judge(&unit.id, context),
        "AVA_VAN.3" => ava::judge(&unit.id, context),
        _ => ase::judge(&unit.id, context),
    }
}

/// How many work units there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Proposed to pass.
    pub pass: usize,
    /// Proposed to fail.
    pub fail: usize,
    /// Looked at, without a conclusion.
    pub inconclusive: usize,
    /// A person must tell.
    pub needs_person: usize,
    /// Decided by the evaluator.
    pub decided: usize,
}

/// Counts results by what is proposed, and how many are decided.
pub fn counts(results: &[WorkUnitResult]) -> Counts {
    let mut counts = Counts::default();
    for result in results {
        let count = match &result.proposal {
            Proposal::Verdict { verdict: Verdict::Pass, .. } => &mut counts.pass,
            Proposal::Verdict { verdict: Verdict::Fail, .. } => &mut counts.fail,
            Proposal::Verdict { verdict: Verdict::Inconclusive, .. } => &mut counts.inconclusive,
            Proposal::NeedsPerson { .. } => &mut counts.needs_person,
        };
        *count += 1;
        counts.decided += usize::from(result.decision.is_some());
    }
    counts
}
