//! Who may read what is confidential: the parties of the case, and nobody else.

use super::actor::{Actor, Role};
use super::ids::{EvaluationId, OrganisationId, StId, VulnerabilityId};
use super::programme::Programme;
use super::refusal::Refusal;
use dtsec_model::security_target::Confidentiality;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is confidential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", content = "id", rename_all = "kebab-case")]
pub enum Confidential {
    /// The text of a Security Target that is not public.
    St(StId),
    /// The report, the working papers and the evidence of an evaluation.
    Evaluation(EvaluationId),
    /// A vulnerability: its report, plans and views.
    Vulnerability(VulnerabilityId),
}

/// Whether an actor may read something. Each read is to be logged by whoever asks.
///
/// # Errors
/// [`Refusal::ReadDenied`] for who is no party, [`Refusal::ConflictOfInterest`] for a member of the working group with an
/// interest in it, [`Refusal::Unknown`] for what is not there.
pub fn may_read(state: &Programme, actor: &Actor, what: &Confidential) -> Result<(), Refusal> {
    let own = |owner: &OrganisationId, role: Role| actor.is(role) && &actor.organisation == owner;
    let in_lab = |owner: &OrganisationId| own(owner, Role::LabEvaluator) || own(owner, Role::LabQuality);
    let (concerned, party) = match what {
        Confidential::St(id) => {
            let st = state.st(id)?;
            let public = st.text.confidentiality == Confidentiality::Public && st.publication.is_some();
            // The lab that evaluates it; a confidential one was only planned under an agreement.
            let evaluating = state.evaluations.values().any(|evaluation| {
                let agreed = evaluation.agreement.as_ref().is_none_or(|agreement| {
                    state.agreements.get(agreement).is_some_and(|agreement| {
                        agreement.binds(&evaluation.lab_organisation, &evaluation.developer)
                    })
                });
                &evaluation.st == id && agreed && in_lab(&evaluation.lab_organisation)
            });
            let party = public || own(&st.developer, Role::Developer) || evaluating;
            (BTreeSet::from([st.developer.clone()]), party)
        }
        Confidential::Evaluation(id) => {
            let evaluation = state.evaluation(id)?;
            // The report is the lab's and the working group's; the developer has the Security Target.
            let party = in_lab(&evaluation.lab_organisation);
            (BTreeSet::from([evaluation.developer.clone(), evaluation.lab_organisation.clone()]), party)
        }
        Confidential::Vulnerability(id) => {
            let vulnerability = state.vulnerability(id)?;
            let party = actor.is(Role::Developer) && vulnerability.developers.contains(&actor.organisation);
            (vulnerability.developers.clone(), party)
        }
    };
    if party {
        return Ok(());
    }
    let dwg = [Role::DwgProfiles, Role::DwgAssurance, Role::Auditor].into_iter().any(|role| actor.is(role));
    if !dwg {
        return Err(Refusal::ReadDenied { what: format!("{what:?}") });
    }
    match concerned.iter().find(|organisation| actor.has_interest_in(organisation)) {
        Some(organisation) => Err(Refusal::ConflictOfInterest {
            person: actor.person.to_string(),
            organisation: organisation.to_string(),
        }),
        None => Ok(()),
    }
}
