//! Observation reports: one for each work unit that fails, with every field that CEM asks for.

use crate::units;
use dtsec_model::etr::{ObservationReport, Proposal, Verdict, WorkUnitResult};

/// A report for each unit that fails: by the evaluator's decision or, where there is none yet, by the proposal.
/// `about` is the platform, as it is named.
pub fn observations(about: &str, results: &[WorkUnitResult]) -> Vec<ObservationReport> {
    let reports = results.iter().filter_map(|result| Some((result, seen(result)?)));
    reports.map(|(result, observation)| report(about, result, observation)).collect()
}

/// What is wrong, where the unit fails.
fn seen(result: &WorkUnitResult) -> Option<String> {
    let proposed = match &result.proposal {
        Proposal::Verdict { verdict: Verdict::Fail, rationale } => Some(rationale.clone()),
        _ => None,
    };
    match &result.decision {
        None => proposed,
        Some(decision) if decision.verdict == Verdict::Fail => match (proposed, decision.reason.trim()) {
            (Some(proposed), "") => Some(proposed),
            (Some(proposed), reason) => Some(format!("{proposed} {reason}")),
            (None, reason) => Some(reason.to_owned()),
        },
        Some(_) => None,
    }
}

fn report(about: &str, result: &WorkUnitResult, observation: String) -> ObservationReport {
    let resolver = units::unit(&result.id).map_or("developer", |unit| &unit.resolver);
    let (severity, consequence) = if result.component == "AVA_VAN.3" && resolver == "developer" {
        (
            "critical: an attacker whom the level counts with may succeed",
            "The platform is not certified, and users of what is in the field have to be told.",
        )
    } else if resolver == "evaluator" {
        (
            "major: the evaluation is not finished",
            "The work unit stays failed, and no report can be handed in.",
        )
    } else {
        (
            "major: the level is not reached",
            "The component fails and with it the evaluation; the platform is not certified.",
        )
    };
    ObservationReport {
        id: format!("OR-{}", result.id),
        about: about.to_owned(),
        work_unit: result.id.clone(),
        observation,
        severity: severity.to_owned(),
        resolver: resolver.to_owned(),
        timetable: "before the Evaluation Technical Report is handed in".to_owned(),
        consequence: consequence.to_owned(),
        status: "open".to_owned(),
    }
}
