//! Agreements on confidentiality: proposed → signed by working group, lab and developer → in force → ended.

use super::decide::{Context, Made};
use super::event::Change;
use super::ids::{AgreementId, Digest, OrganisationId};
use super::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An agreement between the working group, a lab and a developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Agreement {
    /// Which.
    pub id: AgreementId,
    /// The lab's organisation.
    pub lab: OrganisationId,
    /// The developer.
    pub developer: OrganisationId,
    /// Its text.
    pub document: Digest,
    /// Who of the two has signed. The working group signs by proposing.
    pub signed: BTreeSet<OrganisationId>,
    /// Whether it is over.
    pub ended: bool,
}

impl Agreement {
    /// Whether it is in force between these.
    pub fn binds(&self, lab: &OrganisationId, developer: &OrganisationId) -> bool {
        !self.ended
            && &self.lab == lab
            && &self.developer == developer
            && self.signed.contains(lab)
            && self.signed.contains(developer)
    }
}

pub(super) fn propose(
    context: &Context<'_>,
    id: &AgreementId,
    lab: &OrganisationId,
    developer: &OrganisationId,
    document: &Digest,
) -> Made {
    context.new_id(context.state.agreements.contains_key(id), "agreement", id)?;
    Ok(vec![Change::AgreementProposed {
        agreement: Agreement {
            id: id.clone(),
            lab: lab.clone(),
            developer: developer.clone(),
            document: document.clone(),
            signed: BTreeSet::new(),
            ended: false,
        },
    }])
}

pub(super) fn sign(context: &Context<'_>, id: &AgreementId, document: &Digest) -> Made {
    let agreement = context.state.agreement(id)?;
    context.same(&format!("agreement {id}"), document, &agreement.document)?;
    let organisation = &context.actor.organisation;
    let party = organisation == &agreement.lab || organisation == &agreement.developer;
    context.guard(party && !agreement.ended && !agreement.signed.contains(organisation), || {
        Refusal::NotAParty { organisation: organisation.to_string() }
    })?;
    Ok(vec![Change::AgreementSigned { agreement: id.clone(), organisation: organisation.clone() }])
}

pub(super) fn end(context: &Context<'_>, id: &AgreementId) -> Made {
    let agreement = context.state.agreement(id)?;
    context.guard(!agreement.ended, || Refusal::WrongState {
        what: format!("agreement {id}"),
        is: "ended",
        needs: "proposed or in force",
    })?;
    Ok(vec![Change::AgreementEnded { agreement: id.clone() }])
}
