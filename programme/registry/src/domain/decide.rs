//! Whether a command is carried out: who may give it, who decides on whom, and then the rules of its machine.

use super::actor::{Actor, Role};
use super::command::{Command, Decision};
use super::draw::Party;
use super::event::{Change, Event};
use super::ids::{Digest, OrganisationId, Time};
use super::lab::LabGround;
use super::maintenance::RevalidationGround;
use super::programme::{Programme, Proposal};
use super::refusal::Refusal;
#[cfg(test)]
use super::rules::Rule;
use super::{agreement, audit, entry, evaluation, lab, maintenance, pp, st, vulnerability};
use std::collections::BTreeSet;
use std::fmt::Display;

/// What a machine answers: the changes, of which none or all happen.
pub(super) type Made = Result<Vec<Change>, Refusal>;

/// What every machine sees of a command.
pub(super) struct Context<'a> {
    pub(super) state: &'a Programme,
    pub(super) actor: &'a Actor,
    pub(super) now: Time,
    capacity: Role,
    /// A rule that is switched off, so that the model check can show that it would notice.
    #[cfg(test)]
    off: Option<Rule>,
}

impl Context<'_> {
    /// Every check of a rule goes through here.
    pub(super) fn guard(&self, holds: bool, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
        if holds {
            return Ok(());
        }
        let refusal = refusal();
        #[cfg(test)]
        if self.off == Some(refusal.rule()) {
            return Ok(());
        }
        Err(refusal)
    }

    pub(super) fn filled(&self, field: &'static str, text: &str) -> Result<(), Refusal> {
        self.guard(!text.trim().is_empty(), || Refusal::Blank { field })
    }

    pub(super) fn new_id(&self, exists: bool, what: &str, id: &impl Display) -> Result<(), Refusal> {
        self.guard(!exists, || Refusal::Exists { what: format!("{what} {id}") })
    }

    pub(super) fn same(&self, what: &str, given: &Digest, current: &Digest) -> Result<(), Refusal> {
        self.guard(given == current, || Refusal::OtherDocument {
            what: what.to_owned(),
            given: given.clone(),
            current: current.clone(),
        })
    }

    pub(super) fn ours(&self, what: &str, owner: &OrganisationId) -> Result<(), Refusal> {
        self.ours_is(what, &self.actor.organisation, owner)
    }

    pub(super) fn ours_is(
        &self,
        what: &str,
        is: &OrganisationId,
        owner: &OrganisationId,
    ) -> Result<(), Refusal> {
        self.guard(is == owner, || Refusal::NotYours { what: what.to_owned(), owner: owner.to_string() })
    }

    pub(super) fn one_of(&self, what: &str, owners: &BTreeSet<OrganisationId>) -> Result<(), Refusal> {
        self.guard(owners.contains(&self.actor.organisation), || Refusal::NotYours {
            what: what.to_owned(),
            owner: owners.iter().map(OrganisationId::as_str).collect::<Vec<_>>().join("`, `"),
        })
    }
}

/// The organisations whose product or lab a command is about.
fn concerned(state: &Programme, command: &Command) -> Result<BTreeSet<OrganisationId>, Refusal> {
    Ok(match command {
        Command::Propose { decision, .. } => concerned_by(state, decision)?,
        Command::Confirm { proposal } | Command::Drop { proposal } => {
            concerned_by(state, &state.proposal(proposal)?.decision)?
        }
        Command::ReviewSt { st } | Command::RequestStChanges { st, .. } => {
            BTreeSet::from([state.st(st)?.developer.clone()])
        }
        Command::ObserveEvaluation { evaluation, .. } | Command::RequestRework { evaluation, .. } => {
            let evaluation = state.evaluation(evaluation)?;
            BTreeSet::from([evaluation.developer.clone(), evaluation.lab_organisation.clone()])
        }
        Command::ReviewEntry { entry, .. }
        | Command::VerifyMitigation { entry, .. }
        | Command::DeclareOverdue { entry, .. } => BTreeSet::from([state.entry(entry)?.developer.clone()]),
        Command::TriageVulnerability { vulnerability, .. } => {
            state.vulnerability(vulnerability)?.developers.clone()
        }
        Command::RevealShare { audit, .. }
        | Command::RecordAuditResult { audit, .. }
        | Command::DeclareNotSupported { audit } => BTreeSet::from([state.audit(audit)?.developer.clone()]),
        Command::ProposeAgreement { lab, developer, .. } => BTreeSet::from([lab.clone(), developer.clone()]),
        Command::EndAgreement { agreement } => {
            let agreement = state.agreement(agreement)?;
            BTreeSet::from([agreement.lab.clone(), agreement.developer.clone()])
        }
        // Profiles are nobody's product, and the rest is not the working group's to do.
        Command::DraftPp { .. }
        | Command::RevisePp { .. }
        | Command::OpenPpReview { .. }
        | Command::CommentPp { .. }
        | Command::DisposeComment { .. }
        | Command::SubmitSt { .. }
        | Command::ReviseSt { .. }
        | Command::PublishSt { .. }
        | Command::ApplyLab { .. }
        | Command::RenewAccreditation { .. }
        | Command::ExtendLab { .. }
        | Command::PlanEvaluation { .. }
        | Command::StartEvaluation { .. }
        | Command::SubmitEtr { .. }
        | Command::ClaimDeFacto { .. }
        | Command::RequestMaintenance { .. }
        | Command::WithdrawRequest { .. }
        | Command::ReportVulnerability { .. }
        | Command::SubmitPlan { .. }
        | Command::RecordView { .. }
        | Command::ReportMitigation { .. }
        | Command::JoinAudit { .. }
        | Command::SubmitAuditEvidence { .. }
        | Command::SignAgreement { .. } => BTreeSet::new(),
    })
}

fn concerned_by(state: &Programme, decision: &Decision) -> Result<BTreeSet<OrganisationId>, Refusal> {
    let mut found = BTreeSet::new();
    match decision {
        Decision::DefineClass { .. } | Decision::AcceptPp { .. } | Decision::WithdrawPp { .. } => {}
        Decision::ApproveSt { st, .. } | Decision::RejectSt { st, .. } => {
            found.insert(state.st(st)?.developer.clone());
        }
        Decision::AcceptLab { lab, .. }
        | Decision::RejectLab { lab, .. }
        | Decision::AcceptExtension { lab, .. }
        | Decision::RejectExtension { lab, .. }
        | Decision::SuspendLab { lab }
        | Decision::ReinstateLab { lab } => {
            found.insert(state.lab(lab)?.organisation.clone());
        }
        Decision::RemoveLab { lab, ground } => {
            found.insert(state.lab(lab)?.organisation.clone());
            if let LabGround::RecurringVulnerabilities { entry } = ground {
                found.insert(state.entry(entry)?.developer.clone());
            }
        }
        Decision::Certify { with: evaluation::Certification { evaluation, .. } }
        | Decision::RejectEtr { evaluation, .. } => {
            let evaluation = state.evaluation(evaluation)?;
            found.extend([evaluation.developer.clone(), evaluation.lab_organisation.clone()]);
        }
        Decision::RemoveEntry { entry, .. }
        | Decision::RestoreEntry { entry }
        | Decision::KeepEntry { entry, .. }
        | Decision::AdmitDeFacto { entry, .. } => {
            found.insert(state.entry(entry)?.developer.clone());
        }
        Decision::AppendVersion { with } => {
            found.insert(state.request(&with.request)?.developer.clone());
        }
        Decision::RequireRevalidation { ground } => {
            found.insert(match ground {
                RevalidationGround::Major { request, .. } => state.request(request)?.developer.clone(),
                RevalidationGround::Audit { audit } => state.audit(audit)?.developer.clone(),
            });
        }
        Decision::OrderAudit { order } => {
            for entry in &order.entries {
                found.insert(state.entry(entry)?.developer.clone());
            }
        }
        Decision::CloseAudit { audit } => {
            found.insert(state.audit(audit)?.developer.clone());
        }
    }
    Ok(found)
}

/// Whose a command is, for those who act for an organisation; none where it makes something new or is anybody's.
fn owner(state: &Programme, command: &Command, role: Role) -> Result<Option<OrganisationId>, Refusal> {
    let developer = role == Role::Developer;
    Ok(Some(match command {
        Command::ReviseSt { st, .. } | Command::PublishSt { st, .. } => state.st(st)?.developer.clone(),
        Command::RequestMaintenance { entry, .. }
        | Command::SubmitPlan { entry, .. }
        | Command::ReportMitigation { entry, .. } => state.entry(entry)?.developer.clone(),
        Command::WithdrawRequest { request } => state.request(request)?.developer.clone(),
        Command::JoinAudit { audit, .. }
        | Command::RevealShare { audit, .. }
        | Command::SubmitAuditEvidence { audit, .. }
        | Command::DeclareNotSupported { audit } => state.audit(audit)?.developer.clone(),
        Command::RenewAccreditation { lab, .. } | Command::ExtendLab { lab, .. } => {
            state.lab(lab)?.organisation.clone()
        }
        Command::PlanEvaluation { plan, .. } => state.lab(&plan.lab)?.organisation.clone(),
        Command::StartEvaluation { evaluation } | Command::SubmitEtr { evaluation, .. } => {
            state.evaluation(evaluation)?.lab_organisation.clone()
        }
        Command::SignAgreement { agreement, .. } | Command::EndAgreement { agreement } => {
            let agreement = state.agreement(agreement)?;
            if developer { agreement.developer.clone() } else { agreement.lab.clone() }
        }
        _ => return Ok(None),
    }))
}

/// The roles that a command needs: of a proposal, those of its decision.
fn roles(state: &Programme, command: &Command) -> Result<&'static [Role], Refusal> {
    Ok(match command {
        Command::Propose { decision, .. } => decision.roles(),
        Command::Confirm { proposal } | Command::Drop { proposal } => {
            state.proposal(proposal)?.decision.roles()
        }
        _ => command.roles(),
    })
}

/// In which role an actor may give a command. What is not allowed is refused.
///
/// # Errors
/// A [`Refusal`] for a missing role, another organisation's case, a conflict of interest, or a second member who is the
/// first; or for something that does not exist.
pub fn authorise(state: &Programme, actor: &Actor, command: &Command) -> Result<Role, Refusal> {
    let context = Context {
        state,
        actor,
        now: Time::UNIX_EPOCH,
        capacity: Role::Public,
        #[cfg(test)]
        off: None,
    };
    authorise_in(&context, command)
}

fn authorise_in(context: &Context<'_>, command: &Command) -> Result<Role, Refusal> {
    let Context { state, actor, .. } = context;
    let allowed = roles(state, command)?;
    let mut refusal = Refusal::RoleMissing {
        command: match command {
            Command::Propose { decision, .. } => decision.name(),
            _ => command.name(),
        },
        needs: allowed.iter().map(|role| role.name()).collect::<Vec<_>>().join(", "),
    };
    for role in allowed.iter().copied().filter(|role| actor.is(*role)) {
        match in_role(context, command, role) {
            Ok(()) => return Ok(role),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

fn in_role(context: &Context<'_>, command: &Command, role: Role) -> Result<(), Refusal> {
    let Context { state, actor, .. } = context;
    if role.is_impartial() {
        for organisation in concerned(state, command)? {
            context.guard(!actor.has_interest_in(&organisation), || Refusal::ConflictOfInterest {
                person: actor.person.to_string(),
                organisation: organisation.to_string(),
            })?;
        }
        if let Command::Confirm { proposal } = command {
            let first = &state.proposal(proposal)?.by;
            context
                .guard(first != &actor.person, || Refusal::SamePerson { person: actor.person.to_string() })?;
        }
    } else if role != Role::Public
        && let Some(owner) = owner(state, command, role)?
    {
        context.ours("this", &owner)?;
    }
    Ok(())
}

/// Carries a command out, or says why not. Events of one call belong together: all are stored, or none.
///
/// # Errors
/// A [`Refusal`], with its rule and what to do; then nothing is to be changed.
pub fn decide(
    state: &Programme,
    actor: &Actor,
    command: &Command,
    reason: &str,
    now: Time,
) -> Result<Vec<Event>, Refusal> {
    let context = Context {
        state,
        actor,
        now,
        capacity: Role::Public,
        #[cfg(test)]
        off: None,
    };
    decide_in(context, command, reason)
}

/// As [`decide`], with one rule switched off: only for the model check, which must notice.
#[cfg(test)]
pub(super) fn decide_without(
    state: &Programme,
    actor: &Actor,
    command: &Command,
    reason: &str,
    now: Time,
    off: Option<Rule>,
) -> Result<Vec<Event>, Refusal> {
    decide_in(Context { state, actor, now, capacity: Role::Public, off }, command, reason)
}

fn decide_in(mut context: Context<'_>, command: &Command, reason: &str) -> Result<Vec<Event>, Refusal> {
    context.guard(!reason.trim().is_empty(), || Refusal::ReasonMissing {})?;
    if context.state.partial
        && let Some(part) = context.state.missing(command).first()
    {
        return Err(Refusal::Missing { what: format!("{part:?}") });
    }
    run(&mut context, command, reason)
}

fn run(context: &mut Context<'_>, command: &Command, reason: &str) -> Result<Vec<Event>, Refusal> {
    context.capacity = authorise_in(context, command)?;
    let context = &*context;
    let confirmed = match command {
        Command::Confirm { proposal } => Some(context.state.proposal(proposal)?),
        _ => None,
    };
    let changes = match command {
        Command::Propose { proposal, decision } => {
            context.new_id(context.state.proposals.contains_key(proposal), "proposal", proposal)?;
            // What could not be taken now is not worth a second member's time.
            taken(context, decision)?;
            vec![Change::Proposed { proposal: proposal.clone(), decision: decision.clone() }]
        }
        Command::Confirm { proposal } => {
            let decision = &context.state.proposal(proposal)?.decision;
            let mut changes = vec![Change::Confirmed { proposal: proposal.clone() }];
            changes.extend(taken(context, decision)?);
            changes
        }
        Command::Drop { proposal } => vec![Change::Dropped { proposal: proposal.clone() }],
        _ => done(context, command)?,
    };
    let document = match confirmed {
        Some(proposal) => proposal.decision.document(),
        None => command.document(),
    };
    let proposed_by = confirmed.map(|proposal: &Proposal| proposal.by.clone());
    Ok(changes
        .into_iter()
        .map(|change| Event {
            at: context.now,
            by: context.actor.person.clone(),
            organisation: context.actor.organisation.clone(),
            capacity: context.capacity,
            proposed_by: proposed_by.clone(),
            reason: reason.to_owned(),
            document: document.cloned(),
            change,
        })
        .collect())
}

fn taken(context: &Context<'_>, decision: &Decision) -> Made {
    match decision {
        Decision::DefineClass { class } => pp::define_class(context, class),
        Decision::AcceptPp { pp, document, determination } => {
            pp::accept(context, pp, document, determination.as_ref())
        }
        Decision::WithdrawPp { pp } => pp::withdraw(context, pp),
        Decision::ApproveSt { st, document, determination } => {
            st::approve(context, st, document, determination.as_ref())
        }
        Decision::RejectSt { st, document } => st::reject(context, st, document),
        Decision::AcceptLab { lab, factors } => lab::accept(context, lab, factors),
        Decision::RejectLab { lab, factors } => lab::reject(context, lab, factors),
        Decision::AcceptExtension { lab, document, factors } => {
            lab::accept_extension(context, lab, document, factors)
        }
        Decision::RejectExtension { lab, document, factors } => {
            lab::reject_extension(context, lab, document, factors)
        }
        Decision::SuspendLab { lab } => lab::suspend(context, lab),
        Decision::ReinstateLab { lab } => lab::reinstate(context, lab),
        Decision::RemoveLab { lab, ground } => lab::remove(context, lab, ground),
        Decision::Certify { with } => evaluation::certify(context, with),
        Decision::RejectEtr { evaluation, document } => evaluation::reject(context, evaluation, document),
        Decision::RemoveEntry { entry, ground } => entry::remove(context, entry, ground),
        Decision::RestoreEntry { entry } => entry::restore(context, entry),
        Decision::KeepEntry { entry, vulnerability, considered } => {
            entry::keep(context, entry, vulnerability, considered)
        }
        Decision::AdmitDeFacto { entry, assertion } => entry::admit_de_facto(context, entry, assertion),
        Decision::AppendVersion { with } => maintenance::append(context, with),
        Decision::RequireRevalidation { ground } => maintenance::require_revalidation(context, ground),
        Decision::OrderAudit { order } => audit::order(context, order),
        Decision::CloseAudit { audit } => audit::close(context, audit),
    }
}

fn done(context: &Context<'_>, command: &Command) -> Made {
    match command {
        // Handled where the second member is known.
        Command::Propose { .. } | Command::Confirm { .. } | Command::Drop { .. } => Ok(Vec::new()),
        Command::DraftPp { pp, text } => pp::draft(context, pp, text),
        Command::RevisePp { pp, text, answers } => pp::revise(context, pp, text, answers),
        Command::OpenPpReview { pp, document, closes } => pp::open_review(context, pp, document, *closes),
        Command::CommentPp { pp, comment, place, text } => pp::comment(context, pp, comment, place, text),
        Command::DisposeComment { pp, comment, disposition } => {
            pp::dispose(context, pp, comment, disposition)
        }
        Command::SubmitSt { st, text } => st::submit(context, st, text),
        Command::ReviseSt { st, text } => st::revise(context, st, text),
        Command::PublishSt { st, publication } => st::publish(context, st, *publication),
        Command::ReviewSt { st } => st::review(context, st),
        Command::RequestStChanges { st, document, findings } => {
            st::request_changes(context, st, document, findings)
        }
        Command::ApplyLab { lab, application } => lab::apply(context, lab, application),
        Command::RenewAccreditation { lab, accreditation } => lab::renew(context, lab, accreditation),
        Command::ExtendLab { lab, extension } => lab::extend(context, lab, extension),
        Command::PlanEvaluation { evaluation, plan } => evaluation::plan(context, evaluation, plan),
        Command::StartEvaluation { evaluation } => evaluation::start(context, evaluation),
        Command::ObserveEvaluation { evaluation, supported, document } => {
            evaluation::observe(context, evaluation, *supported, document)
        }
        Command::SubmitEtr { evaluation, etr } => evaluation::submit_etr(context, evaluation, etr),
        Command::RequestRework { evaluation, document, findings } => {
            evaluation::request_rework(context, evaluation, document, findings)
        }
        Command::ReviewEntry { entry, searched } => entry::review(context, entry, *searched),
        Command::ClaimDeFacto { entry, claim } => entry::claim_de_facto(context, entry, claim),
        Command::RequestMaintenance { request, entry, form } => {
            maintenance::request(context, request, entry, form)
        }
        Command::WithdrawRequest { request } => maintenance::withdraw(context, request),
        Command::ReportVulnerability { vulnerability, report } => {
            vulnerability::report(context, vulnerability, report)
        }
        Command::TriageVulnerability { vulnerability, found } => {
            vulnerability::triage(context, vulnerability, found)
        }
        Command::SubmitPlan { vulnerability, entry, plan } => {
            vulnerability::plan(context, vulnerability, entry, plan)
        }
        Command::RecordView { vulnerability, stakeholder, text } => {
            vulnerability::view(context, vulnerability, *stakeholder, text)
        }
        Command::ReportMitigation { vulnerability, entry, evidence, fixed_in } => {
            vulnerability::report_mitigation(context, vulnerability, entry, evidence, fixed_in.as_deref())
        }
        Command::VerifyMitigation { vulnerability, entry, evidence } => {
            vulnerability::verify_mitigation(context, vulnerability, entry, evidence)
        }
        Command::DeclareOverdue { vulnerability, entry } => {
            vulnerability::declare_overdue(context, vulnerability, entry)
        }
        Command::JoinAudit { audit, commitment } => audit::join(context, audit, commitment),
        Command::RevealShare { audit, share } => {
            let party = if context.capacity == Role::Developer { Party::Developer } else { Party::Dwg };
            audit::reveal(context, audit, party, share)
        }
        Command::SubmitAuditEvidence { audit, evidence } => audit::evidence(context, audit, evidence),
        Command::RecordAuditResult { audit, results } => audit::result(context, audit, results),
        Command::DeclareNotSupported { audit } => audit::not_supported(context, audit),
        Command::ProposeAgreement { agreement, lab, developer, document } => {
            agreement::propose(context, agreement, lab, developer, document)
        }
        Command::SignAgreement { agreement, document } => agreement::sign(context, agreement, document),
        Command::EndAgreement { agreement } => agreement::end(context, agreement),
    }
}
