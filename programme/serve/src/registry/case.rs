//! Whose documents: each belongs to a case, and who may read it follows from the case alone.

use super::{Failure, Registry, lists, parts};
use dtsec_registry::domain::audit::Conductor;
use dtsec_registry::domain::pp::PpState;
use dtsec_registry::domain::{
    Actor, Confidential, EvaluationId, OrganisationId, Programme, Ref, Refusal, Role, may_read,
};
use dtsec_store::{Search, Size};
use std::fmt;

/// A case: a part of the programme, or what an organisation has handed in and not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Case {
    /// A part's documents.
    Of(Ref),
    /// Handed in, and not used by any command yet.
    Upload(OrganisationId),
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Case::Of(part) => {
                let key = parts::key(part);
                write!(out, "{}/{}", key.kind, key.id)
            }
            Case::Upload(organisation) => write!(out, "upload/{organisation}"),
        }
    }
}

impl std::str::FromStr for Case {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let unfit = || Failure::unfit("case", format!("`{text}` is not of the form KIND/ID"));
        let (kind, id) = text.split_once('/').ok_or_else(unfit)?;
        if kind == "upload" {
            return id.parse().map(Case::Upload).map_err(|_| unfit());
        }
        parts::part(kind, id).map(Case::Of).ok_or_else(unfit)
    }
}

/// Whether anybody may read the documents of a case.
pub(super) fn is_public(state: &Programme, case: &Case) -> bool {
    match case {
        Case::Of(Ref::Pp(id)) => state.pps.get(id).is_some_and(|pp| pp.state != PpState::Draft),
        Case::Of(Ref::St(id)) => state.sts.get(id).is_some_and(|st| !lists::is_confidential(st)),
        _ => false,
    }
}

/// Whether an actor may read the documents of a case. It looks at nothing but the case.
///
/// # Errors
/// [`Refusal::ReadDenied`] for who is no party, [`Refusal::ConflictOfInterest`] for a member of the working group with an
/// interest in it, [`Refusal::Unknown`] for what is not there.
pub fn may_read_case(state: &Programme, actor: &Actor, case: &Case) -> Result<(), Refusal> {
    let denied = || Refusal::ReadDenied { what: case.to_string() };
    if is_public(state, case) {
        return Ok(());
    }
    let in_lab = |of: &OrganisationId| {
        &actor.organisation == of && (actor.is(Role::LabEvaluator) || actor.is(Role::LabQuality))
    };
    let developer = |of: &OrganisationId| &actor.organisation == of && actor.is(Role::Developer);
    let part = match case {
        Case::Upload(organisation) => {
            return if &actor.organisation == organisation && !actor.roles.is_empty() {
                Ok(())
            } else {
                Err(denied())
            };
        }
        Case::Of(part) => part,
    };
    let (concerned, party) = match part {
        Ref::St(id) => return may_read(state, actor, &Confidential::St(id.clone())),
        Ref::Evaluation(id) => return may_read(state, actor, &Confidential::Evaluation(id.clone())),
        Ref::Vulnerability(id) => return may_read(state, actor, &Confidential::Vulnerability(id.clone())),
        Ref::Pp(id) => {
            state.pp(id)?;
            return if actor.is(Role::DwgProfiles) { Ok(()) } else { Err(denied()) };
        }
        Ref::Lab(id) => {
            let lab = state.lab(id)?;
            (vec![&lab.organisation], in_lab(&lab.organisation))
        }
        Ref::Entry(id) => {
            let entry = state.entry(id)?;
            (vec![&entry.developer], developer(&entry.developer))
        }
        Ref::Request(id) => {
            let request = state.request(id)?;
            (vec![&request.developer], developer(&request.developer))
        }
        Ref::Audit(id) => {
            let audit = state.audit(id)?;
            let conducts = match &audit.conductor {
                Conductor::Dwg => false,
                Conductor::Lab(lab) => in_lab(&state.lab(lab)?.organisation),
            };
            (vec![&audit.developer], developer(&audit.developer) || conducts)
        }
        Ref::Agreement(id) => {
            let agreement = state.agreement(id)?;
            let party = in_lab(&agreement.lab) || developer(&agreement.developer);
            (vec![&agreement.lab, &agreement.developer], party)
        }
        Ref::Proposal(_) | Ref::Class(_) | Ref::Certificate(_) | Ref::Component(_) => return Err(denied()),
    };
    if party {
        return Ok(());
    }
    let dwg = [Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance, Role::Auditor];
    if !dwg.into_iter().any(|role| actor.is(role)) {
        return Err(denied());
    }
    match concerned.into_iter().find(|organisation| actor.has_interest_in(organisation)) {
        Some(organisation) => Err(Refusal::ConflictOfInterest {
            person: actor.person.to_string(),
            organisation: organisation.to_string(),
        }),
        None => Ok(()),
    }
}

impl Registry {
    /// What [`may_read_case`] looks at.
    pub(crate) async fn view_of_case(&self, case: &Case) -> Result<Programme, Failure> {
        let Case::Of(part) = case else { return Ok(Programme::default()) };
        let mut wanted = vec![part.clone()];
        if let Ref::St(id) = part {
            // A Security Target is read by the labs that evaluate it, as far as they are bound.
            let search = Search::all("evaluations").facet("st", id.as_str()).size(Size::new(Size::MOST));
            for row in self.store.search(&search).await?.items {
                wanted.extend(row.id.parse::<EvaluationId>().ok().map(Ref::Evaluation));
            }
        }
        let view = self.view(wanted.clone()).await?;
        let agreements =
            view.evaluations.values().filter_map(|one| one.agreement.clone().map(Ref::Agreement));
        let labs = view.audits.values().filter_map(|audit| match &audit.conductor {
            Conductor::Lab(lab) => Some(Ref::Lab(lab.clone())),
            Conductor::Dwg => None,
        });
        let more: Vec<Ref> = agreements.chain(labs).collect();
        if more.is_empty() {
            return Ok(view);
        }
        self.view(wanted.into_iter().chain(more)).await
    }

    /// Whether an actor may read a case's documents now.
    ///
    /// # Errors
    /// As [`may_read_case`].
    pub async fn may_read(&self, actor: &Actor, case: &Case) -> Result<(), Failure> {
        Ok(may_read_case(&self.view_of_case(case).await?, actor, case)?)
    }
}
