//! The Evaluation Technical Report, and whether it is complete.

use crate::decisions::{DecisionError, Decisions, Stale};
use crate::inputs::{InputError, Inputs};
use crate::observation::observations;
use crate::propose::{listed_evidence, propose};
use crate::units;
use crate::vulnerability::{rate, standing};
use dtsec_model::assurance::Level;
use dtsec_model::etr::{
    Cited, EtrKind, EvaluationTechnicalReport, EvidenceListed, Parties, Proposal, Verdict, WorkUnitResult,
};
use dtsec_model::profile::Term;
use dtsec_model::security_target::{PartKind, SecurityTarget};
use dtsec_model::{Date, canonical};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a report says that does not follow from the evidence: a person writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Frame {
    /// The report's title.
    pub title: String,
    /// Its number.
    pub reference: String,
    /// Its version.
    pub version: String,
    /// Its date.
    pub date: Date,
    /// The scheme.
    pub scheme: String,
    /// Who takes part.
    pub parties: Parties,
    /// How the platform is built.
    pub architecture: String,
    /// Methods, techniques, tools and standards.
    pub methods: Vec<String>,
    /// Constraints, and what is taken for granted.
    #[serde(default)]
    pub constraints: Vec<String>,
    /// Conclusions and recommendations.
    pub conclusions: String,
    /// Acronyms.
    #[serde(default)]
    pub acronyms: Vec<Term>,
}

/// Why a report cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The inputs do not belong together.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A decision cannot be looked at.
    #[error(transparent)]
    Decision(#[from] DecisionError),
    /// Somebody decided who is no evaluator.
    #[error(
        "{work_unit} was decided by {by}, who is not one of the evaluators ({}); name them in the frame, or have \
         an evaluator decide",
        evaluators.join(", ")
    )]
    Stranger {
        /// The unit.
        work_unit: String,
        /// Who decided.
        by: String,
        /// Who might have.
        evaluators: Vec<String>,
    },
}

/// Puts the report together: results from the inputs, decisions put to them, observation reports on what fails.
///
/// The results are made anew, so that nothing in the report can be anything but what the inputs give; decisions on
/// something else come back as stale.
///
/// # Errors
/// Where the inputs do not belong together, or somebody decided who is not named as evaluator.
pub fn assemble(
    inputs: &Inputs,
    frame: Frame,
    decisions: &Decisions,
) -> Result<(EvaluationTechnicalReport, Vec<Stale>), AssembleError> {
    let applied = decisions.apply(propose(inputs)?)?;
    for result in &applied.results {
        let Some(decision) = &result.decision else { continue };
        if !frame.parties.evaluators.contains(&decision.by) {
            return Err(AssembleError::Stranger {
                work_unit: result.id.clone(),
                by: decision.by.clone(),
                evaluators: frame.parties.evaluators.clone(),
            });
        }
    }
    let target = &inputs.security_target;
    let platform = platform(target);
    let stated = inputs.analysis.as_ref().map_or(&[][..], |analysis| &analysis.vulnerabilities);
    let report = EvaluationTechnicalReport {
        kind: EtrKind::default(),
        title: frame.title,
        reference: frame.reference,
        version: frame.version,
        date: frame.date,
        scheme: frame.scheme,
        security_target: Cited {
            title: target.title.clone(),
            version: target.version.clone(),
            digest: Some(canonical::digest(target).map_err(InputError::from)?),
        },
        profile: Cited {
            title: format!("{} ({})", target.profile.id, target.profile.reference),
            version: target.profile.version.clone(),
            digest: None,
        },
        level: Level::Sesip3,
        parties: frame.parties,
        architecture: frame.architecture,
        methods: frame.methods,
        constraints: frame.constraints,
        vulnerabilities: rate(stated, Level::Sesip3).map_err(InputError::from)?,
        evidence: evidence_listed(inputs)?,
        observations: observations(&format!("{} {}", platform.title, platform.version), &applied.results),
        platform,
        work_units: applied.results,
        conclusions: frame.conclusions,
        acronyms: frame.acronyms,
    };
    Ok((report, applied.stale))
}

/// The platform as the device answers: the names of the parts that are code, and their versions.
fn platform(target: &SecurityTarget) -> Cited {
    let row = target.platform.identification.iter().find(|row| row.row == "commercial-name");
    let parts = target.platform.parts.iter().filter(|part| part.what != PartKind::Hardware);
    let versions: Vec<String> = parts.map(|part| format!("{} {}", part.name, part.version)).collect();
    let title = row.map_or_else(|| target.title.clone(), |row| row.value.clone());
    Cited { title, version: versions.join(", "), digest: None }
}

/// The evidence that the inputs hold, as the report lists it.
///
/// # Errors
/// Where something has no canonical form.
pub fn evidence_listed(inputs: &Inputs) -> Result<Vec<EvidenceListed>, InputError> {
    let context = crate::propose::context_of(inputs)?;
    let listed = listed_evidence(&context).into_iter();
    Ok(listed
        .map(|one| EvidenceListed { issuer: one.issuer, title: one.title, reference: one.reference })
        .collect())
}

/// Something that a report still lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gap {
    /// The work unit or vulnerability.
    pub place: String,
    /// What is lacking.
    pub lacks: String,
}

/// What a report still lacks. It is complete when that is nothing: each of the 81 units once, decided, with a rationale
/// and with evidence that the report lists; an observation report on each fail; each standing as computed.
pub fn gaps(report: &EvaluationTechnicalReport) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut lacks =
        |place: &str, lacks: &str| gaps.push(Gap { place: place.to_owned(), lacks: lacks.to_owned() });
    for unit in units::all() {
        match report.work_units.iter().filter(|result| result.id == unit.id).count() {
            0 => lacks(&unit.id, "a result"),
            1 => {}
            _ => lacks(&unit.id, "one result, and not several"),
        }
    }
    let listed = |reference: &String| {
        report.evidence.iter().any(|one| {
            let rest = reference.strip_prefix(&one.reference);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    for result in &report.work_units {
        let rationale = match (&result.proposal, &result.decision) {
            (_, None) => {
                lacks(&result.id, "a verdict: the evaluator has not decided");
                continue;
            }
            // An evaluator who agrees takes over the rationale of the proposal.
            (Proposal::Verdict { verdict, rationale }, Some(decision)) if *verdict == decision.verdict => {
                format!("{rationale}{}", decision.reason)
            }
            (_, Some(decision)) => decision.reason.clone(),
        };
        if rationale.trim().is_empty() {
            lacks(&result.id, "a rationale");
        }
        if result.verdict() == Verdict::Inconclusive {
            lacks(&result.id, "a verdict: it was left inconclusive");
        }
        if result.verdict() == Verdict::Fail
            && !report.observations.iter().any(|observation| observation.work_unit == result.id)
        {
            lacks(&result.id, "an observation report on the fail");
        }
        if matches!(result.proposal, Proposal::Verdict { .. }) && result.evidence.is_empty() {
            lacks(&result.id, "evidence for the proposal");
        }
        for reference in result.evidence.iter().filter(|reference| !listed(reference)) {
            lacks(&result.id, &format!("the evidence {reference} in the report's list"));
        }
    }
    for one in &report.vulnerabilities {
        if one.standing != standing(&one.factors, report.level) {
            lacks(&one.id, "the standing that follows from its factors");
        }
    }
    gaps
}

/// The overall verdict. A pass needs a report without gaps, and no decision that a report does not hold counts.
pub fn verdict(report: &EvaluationTechnicalReport) -> Verdict {
    let over = Verdict::over(report.work_units.iter().map(WorkUnitResult::verdict));
    match over {
        Verdict::Pass if !gaps(report).is_empty() => Verdict::Inconclusive,
        over => over,
    }
}

/// The verdict on each component.
pub fn by_component(report: &EvaluationTechnicalReport) -> BTreeMap<&str, Verdict> {
    let mut verdicts: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
    for result in &report.work_units {
        verdicts.entry(&result.component).or_default().push(result.verdict());
    }
    verdicts.into_iter().map(|(component, verdicts)| (component, Verdict::over(verdicts))).collect()
}
