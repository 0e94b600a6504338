//! What an event makes of the programme. Events are facts: nothing is checked here but that what they are about is there.

use super::audit::AuditState;
use super::entry::{Basis, Entry, EntryKind, EntryState, Standing, Trace, Version};
use super::evaluation::EvaluationState;
use super::event::{Change, Event};
use super::ids::{Time, day};
use super::lab::LabState;
use super::maintenance::{RequestState, RevalidationGround};
use super::pp::PpState;
use super::programme::{Programme, Proposal, Ref};
use super::st::StState;
use super::vulnerability::{Conflict, ConflictState};
use std::collections::BTreeMap;

/// An event that does not fit what came before it: the record is damaged, or not all of the case was loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "event `{change}` of {at} is about {what}, which is not there: replay from the beginning, or load the whole case"
)]
pub struct ReplayError {
    /// The event's tag.
    pub change: &'static str,
    /// When it happened.
    pub at: Time,
    /// What it is about.
    pub what: String,
}

/// What is after an event.
///
/// # Errors
/// [`ReplayError`] where a part that it changes is not there.
pub fn apply(mut state: Programme, event: &Event) -> Result<Programme, ReplayError> {
    state.change(event).map(|()| state)
}

/// What is after several.
///
/// # Errors
/// As [`apply`].
pub fn apply_all<'e>(
    state: Programme,
    events: impl IntoIterator<Item = &'e Event>,
) -> Result<Programme, ReplayError> {
    events.into_iter().try_fold(state, apply)
}

impl Event {
    /// The parts that it changes: the rows to write. `state` is the one before it.
    pub fn touches(&self, state: &Programme) -> Vec<Ref> {
        let mut parts = Vec::new();
        match &self.change {
            Change::Proposed { proposal, .. }
            | Change::Confirmed { proposal }
            | Change::Dropped { proposal } => parts.push(Ref::Proposal(proposal.clone())),
            Change::ClassDefined { class } => parts.push(Ref::Class(class.id.clone())),
            Change::PpDrafted { pp } => parts.push(Ref::Pp(pp.id.clone())),
            Change::PpRevised { pp, .. }
            | Change::PpReviewOpened { pp, .. }
            | Change::PpCommented { pp, .. }
            | Change::PpCommentDisposed { pp, .. }
            | Change::PpWithdrawn { pp } => parts.push(Ref::Pp(pp.clone())),
            Change::PpAccepted { pp, .. } => {
                parts.push(Ref::Pp(pp.clone()));
                parts.extend(state.pps.get(pp).and_then(|pp| pp.supersedes.clone()).map(Ref::Pp));
            }
            Change::StSubmitted { st } => parts.push(Ref::St(st.id.clone())),
            Change::StRevised { st, .. }
            | Change::StPublished { st, .. }
            | Change::StReviewOpened { st }
            | Change::StChangesRequested { st, .. }
            | Change::StApproved { st, .. }
            | Change::StRejected { st } => parts.push(Ref::St(st.clone())),
            Change::LabApplied { lab } => parts.push(Ref::Lab(lab.id.clone())),
            Change::LabAccepted { lab, .. }
            | Change::LabRejected { lab, .. }
            | Change::LabSuspended { lab }
            | Change::LabReinstated { lab }
            | Change::LabRemoved { lab, .. }
            | Change::LabAccreditationRenewed { lab, .. }
            | Change::LabExtensionRequested { lab, .. }
            | Change::LabExtended { lab, .. }
            | Change::LabExtensionRejected { lab, .. } => parts.push(Ref::Lab(lab.clone())),
            Change::EvaluationPlanned { evaluation } => parts.push(Ref::Evaluation(evaluation.id.clone())),
            Change::EvaluationStarted { evaluation }
            | Change::EvaluationObserved { evaluation, .. }
            | Change::EtrSubmitted { evaluation, .. }
            | Change::ReworkRequested { evaluation, .. }
            | Change::EtrRejected { evaluation } => parts.push(Ref::Evaluation(evaluation.clone())),
            Change::Certified { evaluation, request, entry } => {
                parts.extend([Ref::Evaluation(evaluation.clone()), Ref::Entry(entry.id.clone())]);
                parts.extend(request.iter().cloned().map(Ref::Request));
                parts.extend(entry.contains.iter().cloned().map(Ref::Component));
                if let EntryKind::Certified { certificate, .. } = &entry.kind {
                    parts.push(Ref::Certificate(certificate.clone()));
                }
            }
            Change::EntryRemoved { entry, .. }
            | Change::EntryRestored { entry }
            | Change::EntryKept { entry, .. }
            | Change::EntryReviewed { entry, .. }
            | Change::DeFactoAdmitted { entry } => parts.push(Ref::Entry(entry.clone())),
            Change::DeFactoClaimed { entry } => {
                parts.push(Ref::Entry(entry.id.clone()));
                parts.extend(entry.contains.iter().cloned().map(Ref::Component));
                if let EntryKind::DeFacto { base, .. } = &entry.kind {
                    parts.push(Ref::Entry(base.clone()));
                }
            }
            Change::MaintenanceRequested { request } => {
                parts.extend([Ref::Request(request.id.clone()), Ref::Entry(request.entry.clone())]);
            }
            Change::RequestWithdrawn { request } => parts.push(Ref::Request(request.clone())),
            Change::VersionAppended { request, entry, .. } => {
                parts.extend([Ref::Request(request.clone()), Ref::Entry(entry.clone())]);
            }
            Change::RevalidationRequired { ground } => match ground {
                RevalidationGround::Major { request, .. } => parts.push(Ref::Request(request.clone())),
                RevalidationGround::Audit { audit } => {
                    parts.push(Ref::Audit(audit.clone()));
                    if let Some(audit) = state.audits.get(audit) {
                        parts.extend(audit.entries.iter().cloned().map(Ref::Entry));
                        parts.extend(audit.request.iter().cloned().map(Ref::Request));
                    }
                }
            },
            Change::VulnerabilityReported { vulnerability } => {
                parts.push(Ref::Vulnerability(vulnerability.id.clone()));
            }
            Change::VulnerabilityTriaged { vulnerability, conflicts } => {
                parts.push(Ref::Vulnerability(vulnerability.clone()));
                parts.extend(conflicts.keys().cloned().map(Ref::Entry));
            }
            Change::PlanSubmitted { vulnerability, .. }
            | Change::ViewRecorded { vulnerability, .. }
            | Change::MitigationReported { vulnerability, .. }
            | Change::DeclaredOverdue { vulnerability, .. } => {
                parts.push(Ref::Vulnerability(vulnerability.clone()));
            }
            Change::MitigationVerified { vulnerability, entry, .. } => {
                parts.extend([Ref::Vulnerability(vulnerability.clone()), Ref::Entry(entry.clone())]);
            }
            Change::AuditOrdered { audit } => {
                parts.push(Ref::Audit(audit.id.clone()));
                parts.extend(audit.request.iter().cloned().map(Ref::Request));
            }
            Change::AuditJoined { audit, .. }
            | Change::ShareRevealed { audit, .. }
            | Change::AuditEvidence { audit, .. }
            | Change::AuditResult { audit, .. }
            | Change::AuditClosed { audit }
            | Change::AuditNotSupported { audit } => parts.push(Ref::Audit(audit.clone())),
            Change::AgreementProposed { agreement } => parts.push(Ref::Agreement(agreement.id.clone())),
            Change::AgreementSigned { agreement, .. } | Change::AgreementEnded { agreement } => {
                parts.push(Ref::Agreement(agreement.clone()));
            }
        }
        parts
    }
}

impl Entry {
    fn trace(&mut self, at: Time, because: &str) {
        self.history.push(Trace { at, is: self.state.name().to_owned(), because: because.to_owned() });
    }
}

/// The part of this id, to be changed; or the event does not fit.
macro_rules! part {
    ($event:ident, $map:expr, $id:expr) => {
        $map.get_mut($id).ok_or_else(|| ReplayError {
            change: $event.change.name(),
            at: $event.at,
            what: format!("`{}`", $id),
        })?
    };
}

impl Programme {
    fn change(&mut self, event: &Event) -> Result<(), ReplayError> {
        let at = event.at;
        match &event.change {
            Change::Proposed { proposal, decision } => {
                let proposed = Proposal {
                    id: proposal.clone(),
                    decision: (**decision).clone(),
                    by: event.by.clone(),
                    at,
                    reason: event.reason.clone(),
                };
                self.proposals.insert(proposal.clone(), proposed);
            }
            Change::Confirmed { proposal } | Change::Dropped { proposal } => {
                part!(event, self.proposals, proposal);
                self.proposals.remove(proposal);
            }
            Change::ClassDefined { class } => {
                self.classes.insert(class.id.clone(), class.clone());
            }
            Change::PpDrafted { pp } => {
                self.pps.insert(pp.id.clone(), (**pp).clone());
            }
            Change::PpRevised { pp, text, .. } => {
                let old = part!(event, self.pps, pp);
                let comments = std::mem::take(&mut old.comments);
                let state = old.state.clone();
                *old = super::pp::Pp { comments, state, ..(**text).clone().into_pp(pp.clone()) };
            }
            Change::PpReviewOpened { pp, closes } => {
                part!(event, self.pps, pp).state = PpState::PublicReview { opened: at, closes: *closes };
            }
            Change::PpCommented { pp, comment } => {
                part!(event, self.pps, pp).comments.insert(comment.id.clone(), comment.clone());
            }
            Change::PpCommentDisposed { pp, comment, disposition } => {
                let pp = part!(event, self.pps, pp);
                part!(event, pp.comments, comment).disposition = Some(disposition.clone());
            }
            Change::PpAccepted { pp: id, determination } => {
                let pp = part!(event, self.pps, id);
                pp.state = PpState::Accepted { at, determination: determination.clone() };
                if let Some(old) = pp.supersedes.clone() {
                    part!(event, self.pps, &old).state = PpState::Superseded { at, by: id.clone() };
                }
            }
            Change::PpWithdrawn { pp } => part!(event, self.pps, pp).state = PpState::Withdrawn { at },
            Change::StSubmitted { st } => {
                self.sts.insert(st.id.clone(), (**st).clone());
            }
            Change::StRevised { st, text } => {
                let st = part!(event, self.sts, st);
                st.text = (**text).clone();
                st.state = StState::Submitted;
            }
            Change::StPublished { st, publication } => {
                part!(event, self.sts, st).publication = Some(*publication);
            }
            Change::StReviewOpened { st } => part!(event, self.sts, st).state = StState::InReview,
            Change::StChangesRequested { st, findings } => {
                part!(event, self.sts, st).state = StState::ChangesRequested { findings: findings.clone() };
            }
            Change::StApproved { st, document, determination } => {
                part!(event, self.sts, st).state = StState::Approved {
                    at,
                    document: document.clone(),
                    determination: determination.clone(),
                };
            }
            Change::StRejected { st } => part!(event, self.sts, st).state = StState::Rejected,
            Change::EvaluationPlanned { evaluation } => {
                self.evaluations.insert(evaluation.id.clone(), (**evaluation).clone());
            }
            Change::EvaluationStarted { evaluation } => {
                part!(event, self.evaluations, evaluation).state = EvaluationState::Running { since: at };
            }
            Change::EvaluationObserved { evaluation, observation } => {
                part!(event, self.evaluations, evaluation).observations.push(observation.clone());
            }
            Change::EtrSubmitted { evaluation, etr } => {
                part!(event, self.evaluations, evaluation).state =
                    EvaluationState::EtrSubmitted { etr: etr.clone() };
            }
            Change::ReworkRequested { evaluation, findings } => {
                part!(event, self.evaluations, evaluation).state =
                    EvaluationState::Rework { findings: findings.clone() };
            }
            Change::EtrRejected { evaluation } => {
                part!(event, self.evaluations, evaluation).state = EvaluationState::Rejected;
            }
            Change::LabApplied { .. }
            | Change::LabAccepted { .. }
            | Change::LabRejected { .. }
            | Change::LabSuspended { .. }
            | Change::LabReinstated { .. }
            | Change::LabRemoved { .. }
            | Change::LabAccreditationRenewed { .. }
            | Change::LabExtensionRequested { .. }
            | Change::LabExtended { .. }
            | Change::LabExtensionRejected { .. } => self.change_lab(event)?,
            Change::Certified { .. }
            | Change::EntryRemoved { .. }
            | Change::EntryRestored { .. }
            | Change::EntryKept { .. }
            | Change::EntryReviewed { .. }
            | Change::DeFactoClaimed { .. }
            | Change::DeFactoAdmitted { .. }
            | Change::MaintenanceRequested { .. }
            | Change::RequestWithdrawn { .. }
            | Change::VersionAppended { .. }
            | Change::RevalidationRequired { .. } => self.change_entry(event)?,
            Change::VulnerabilityReported { .. }
            | Change::VulnerabilityTriaged { .. }
            | Change::PlanSubmitted { .. }
            | Change::ViewRecorded { .. }
            | Change::MitigationReported { .. }
            | Change::MitigationVerified { .. }
            | Change::DeclaredOverdue { .. } => self.change_vulnerability(event)?,
            Change::AuditOrdered { .. }
            | Change::AuditJoined { .. }
            | Change::ShareRevealed { .. }
            | Change::AuditEvidence { .. }
            | Change::AuditResult { .. }
            | Change::AuditClosed { .. }
            | Change::AuditNotSupported { .. } => self.change_audit(event)?,
            Change::AgreementProposed { agreement } => {
                self.agreements.insert(agreement.id.clone(), agreement.clone());
            }
            Change::AgreementSigned { agreement, organisation } => {
                part!(event, self.agreements, agreement).signed.insert(organisation.clone());
            }
            Change::AgreementEnded { agreement } => part!(event, self.agreements, agreement).ended = true,
        }
        Ok(())
    }

    fn change_lab(&mut self, event: &Event) -> Result<(), ReplayError> {
        let since = event.at;
        match &event.change {
            Change::LabApplied { lab } => {
                self.labs.insert(lab.id.clone(), (**lab).clone());
            }
            Change::LabAccepted { lab, factors } => {
                part!(event, self.labs, lab).state = LabState::Accepted { since, factors: factors.clone() };
            }
            Change::LabRejected { lab, factors } => {
                part!(event, self.labs, lab).state = LabState::Rejected { factors: factors.clone() };
            }
            Change::LabSuspended { lab } => {
                let lab = part!(event, self.labs, lab);
                if let LabState::Accepted { factors, .. } = &lab.state {
                    lab.state = LabState::Suspended { since, factors: factors.clone() };
                }
            }
            Change::LabReinstated { lab } => {
                let lab = part!(event, self.labs, lab);
                if let LabState::Suspended { factors, .. } = &lab.state {
                    lab.state = LabState::Accepted { since, factors: factors.clone() };
                }
            }
            Change::LabRemoved { lab, ground } => {
                part!(event, self.labs, lab).state = LabState::Removed { at: since, ground: ground.clone() };
            }
            Change::LabAccreditationRenewed { lab, accreditation } => {
                part!(event, self.labs, lab).application.accreditation = accreditation.clone();
            }
            Change::LabExtensionRequested { lab, extension } => {
                part!(event, self.labs, lab).extension = Some(extension.clone());
            }
            Change::LabExtended { lab, .. } => {
                let lab = part!(event, self.labs, lab);
                if let Some(extension) = lab.extension.take() {
                    lab.application = extension.added_to(&lab.application);
                }
            }
            Change::LabExtensionRejected { lab, .. } => part!(event, self.labs, lab).extension = None,
            _ => {}
        }
        Ok(())
    }

    fn change_entry(&mut self, event: &Event) -> Result<(), ReplayError> {
        let at = event.at;
        match &event.change {
            Change::Certified { evaluation, request, entry } => {
                let evaluation = part!(event, self.evaluations, evaluation);
                if let EntryKind::Certified { certificate, etr, .. } = &entry.kind {
                    evaluation.state =
                        EvaluationState::Accepted { etr: etr.clone(), entry: entry.id.clone() };
                    self.certificates.insert(certificate.clone(), entry.id.clone());
                }
                if let Some(request) = request {
                    part!(event, self.requests, request).state =
                        RequestState::Revalidated { entry: entry.id.clone() };
                }
                self.index(entry);
                self.entries.insert(entry.id.clone(), (**entry).clone());
            }
            Change::EntryRemoved { entry, ground } => {
                let entry = part!(event, self.entries, entry);
                entry.state = if ground.is_until_remediation() {
                    EntryState::RemovedPendingRemediation { since: at }
                } else {
                    EntryState::Removed { since: at, because: ground.name().to_owned() }
                };
                entry.trace(at, ground.name());
            }
            Change::EntryRestored { entry } => {
                let entry = part!(event, self.entries, entry);
                entry.state = EntryState::Listed;
                entry.trace(at, "remediated");
            }
            Change::EntryKept { entry, .. } => {
                part!(event, self.entries, entry).last_reviewed = day(at);
            }
            Change::EntryReviewed { entry, searched } => {
                let entry = part!(event, self.entries, entry);
                entry.last_reviewed = day(at);
                entry.searched = *searched;
            }
            Change::DeFactoClaimed { entry } => {
                if let EntryKind::DeFacto { base, .. } = &entry.kind {
                    part!(event, self.entries, base).de_facto.insert(entry.id.clone());
                }
                self.index(entry);
                self.entries.insert(entry.id.clone(), (**entry).clone());
            }
            Change::DeFactoAdmitted { entry } => {
                let entry = part!(event, self.entries, entry);
                entry.state = EntryState::Listed;
                entry.trace(at, "claimed de facto");
            }
            Change::MaintenanceRequested { request } => {
                part!(event, self.entries, &request.entry).requests.push(request.id.clone());
                self.requests.insert(request.id.clone(), (**request).clone());
            }
            Change::RequestWithdrawn { request } => {
                part!(event, self.requests, request).state = RequestState::Withdrawn;
            }
            Change::VersionAppended {
                request: id,
                entry,
                version,
                identity,
                reference_values,
                together_with,
                ..
            } => {
                part!(event, self.requests, id).state =
                    RequestState::Appended { together_with: together_with.clone() };
                let entry = part!(event, self.entries, entry);
                entry.versions.push(Version {
                    version: version.clone(),
                    identity: identity.clone(),
                    since: at,
                    basis: Basis::Maintained { request: id.clone() },
                    standing: Standing::InForce,
                    reference_values: reference_values.clone(),
                });
                // What is open is taken to be in it as well, until it is shown that it is not.
                for open in &entry.open {
                    entry.affected.entry(open.clone()).or_default().insert(version.clone());
                }
            }
            Change::RevalidationRequired { ground } => match ground {
                RevalidationGround::Major { request, .. } => {
                    part!(event, self.requests, request).state = RequestState::RevalidationRequired;
                }
                RevalidationGround::Audit { audit } => {
                    let audit = part!(event, self.audits, audit);
                    audit.state = AuditState::RevalidationRequired;
                    if let Some(request) = &audit.request {
                        part!(event, self.requests, request).state = RequestState::RevalidationRequired;
                    }
                    for entry in &audit.entries {
                        let entry = part!(event, self.entries, entry);
                        for version in &mut entry.versions {
                            if version.basis != Basis::Evaluated {
                                version.standing = Standing::RevalidationRequired;
                            }
                        }
                    }
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn index(&mut self, entry: &Entry) {
        for component in &entry.contains {
            self.components.entry(component.clone()).or_default().insert(entry.id.clone());
        }
    }

    fn change_vulnerability(&mut self, event: &Event) -> Result<(), ReplayError> {
        let at = event.at;
        match &event.change {
            Change::VulnerabilityReported { vulnerability } => {
                self.vulnerabilities.insert(vulnerability.id.clone(), (**vulnerability).clone());
            }
            Change::VulnerabilityTriaged { vulnerability: id, conflicts } => {
                let vulnerability = part!(event, self.vulnerabilities, id);
                vulnerability.triaged = true;
                for (which, claims) in conflicts {
                    let entry = part!(event, self.entries, which);
                    entry.open.insert(id.clone());
                    entry.conflicted.insert(id.clone());
                    let versions = entry.versions.iter().map(|version| version.version.clone());
                    entry.affected.insert(id.clone(), versions.collect());
                    let plan = vulnerability.plan_for(&entry.developer);
                    let state = if plan.is_some() { ConflictState::Planned } else { ConflictState::Open };
                    let conflict = Conflict { claims: claims.clone(), plan, state };
                    vulnerability.conflicts.insert(which.clone(), conflict);
                }
            }
            Change::PlanSubmitted { vulnerability, entry, plan } => {
                let vulnerability = part!(event, self.vulnerabilities, vulnerability);
                let conflict = part!(event, vulnerability.conflicts, entry);
                conflict.plan = Some(plan.clone());
                // A new plan does not undo that the mitigation is overdue.
                if !matches!(conflict.state, ConflictState::Overdue { .. }) {
                    conflict.state = ConflictState::Planned;
                }
            }
            Change::ViewRecorded { vulnerability, view } => {
                part!(event, self.vulnerabilities, vulnerability).views.push(view.clone());
            }
            Change::MitigationReported { vulnerability, entry, evidence, fixed_in } => {
                let vulnerability = part!(event, self.vulnerabilities, vulnerability);
                part!(event, vulnerability.conflicts, entry).state = ConflictState::MitigationReported {
                    evidence: evidence.clone(),
                    fixed_in: fixed_in.clone(),
                };
            }
            Change::MitigationVerified { vulnerability: id, entry, fixed_in } => {
                let vulnerability = part!(event, self.vulnerabilities, id);
                part!(event, vulnerability.conflicts, entry).state =
                    ConflictState::Mitigated { at, fixed_in: fixed_in.clone() };
                part!(event, self.entries, entry).mitigated(id, fixed_in.as_deref());
            }
            Change::DeclaredOverdue { vulnerability, entry } => {
                let vulnerability = part!(event, self.vulnerabilities, vulnerability);
                part!(event, vulnerability.conflicts, entry).state = ConflictState::Overdue { since: at };
            }
            _ => {}
        }
        Ok(())
    }

    fn change_audit(&mut self, event: &Event) -> Result<(), ReplayError> {
        let at = event.at;
        match &event.change {
            Change::AuditOrdered { audit } => {
                if let Some(request) = &audit.request {
                    part!(event, self.requests, request).state =
                        RequestState::UnderAudit { audit: audit.id.clone() };
                }
                self.audits.insert(audit.id.clone(), (**audit).clone());
            }
            Change::AuditJoined { audit, commitment } => {
                let audit = part!(event, self.audits, audit);
                audit.commitments.insert(super::draw::Party::Developer, commitment.clone());
                audit.state = AuditState::Joined;
            }
            Change::ShareRevealed { audit, party, share, drawn } => {
                let audit = part!(event, self.audits, audit);
                audit.shares.insert(*party, share.clone());
                audit.drawn.clone_from(drawn);
                audit.state = if drawn.is_empty() { AuditState::HalfRevealed } else { AuditState::Drawn };
            }
            Change::AuditEvidence { audit, evidence } => {
                let audit = part!(event, self.audits, audit);
                audit.evidence.clone_from(evidence);
                audit.state = AuditState::EvidenceSubmitted;
            }
            Change::AuditResult { audit, results } => {
                let results: BTreeMap<String, bool> = results.clone();
                part!(event, self.audits, audit).results = results;
            }
            Change::AuditClosed { audit } => {
                part!(event, self.audits, audit).state = AuditState::Closed { at };
            }
            Change::AuditNotSupported { audit } => {
                part!(event, self.audits, audit).state = AuditState::NotSupported { at };
            }
            _ => {}
        }
        Ok(())
    }
}
