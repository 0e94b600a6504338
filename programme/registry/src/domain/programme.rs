//! The programme as far as it was loaded, the names of its parts, and what a command needs of it.

use super::agreement::Agreement;
use super::audit::{Audit, Conductor};
use super::command::{Command, Decision};
use super::entry::{Entry, EntryKind, RemovalGround};
use super::evaluation::Evaluation;
use super::ids::*;
use super::lab::{Lab, LabGround};
use super::maintenance::{Request, RevalidationGround};
use super::pp::{DeviceClass, Pp};
use super::refusal::Refusal;
use super::st::{St, StText};
use super::vulnerability::Vulnerability;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A decision that waits for its second member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Proposal {
    /// Which.
    pub id: ProposalId,
    /// What is to be decided.
    pub decision: Decision,
    /// Its first member.
    pub by: PersonId,
    /// When it was proposed.
    pub at: Time,
    /// Why.
    pub reason: String,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $ref:ident $field:ident $get:ident $id:ident $type:ty, $word:literal;)*) => {
        /// The programme, or the part of it that a command concerns: a row of storage for each value.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
        pub struct Programme {
            $($(#[$doc])* pub $field: BTreeMap<$id, $type>,)*
            /// Only a part of the programme is loaded: see [`Programme::partial`].
            pub partial: bool,
            /// What was looked for and is not there.
            pub absent: BTreeSet<Ref>,
        }

        /// The name of a part of the programme: the key of a row.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(tag = "part", content = "id", rename_all = "kebab-case")]
        pub enum Ref {
            $($(#[$doc])* $ref($id),)*
        }

        impl Programme {
            /// A view into which the parts that a command needs are still to be loaded. A command that needs one which is
            /// neither loaded nor noted as absent is refused. In a whole programme, what is not there does not exist.
            pub fn partial() -> Self {
                Self { partial: true, ..Self::default() }
            }

            /// Whether a part is loaded.
            pub fn has(&self, part: &Ref) -> bool {
                match part { $(Ref::$ref(id) => self.$field.contains_key(id),)* }
            }

            /// Takes a part over from another view of the programme; notes it as absent where it is not there.
            pub fn load_from(&mut self, whole: &Programme, part: &Ref) {
                match part {
                    $(Ref::$ref(id) => match whole.$field.get(id) {
                        Some(value) => { self.$field.insert(id.clone(), value.clone()); }
                        None => { self.absent.insert(part.clone()); }
                    },)*
                }
            }

            /// Every part that is loaded.
            pub fn parts(&self) -> BTreeSet<Ref> {
                let mut parts = BTreeSet::new();
                $(parts.extend(self.$field.keys().cloned().map(Ref::$ref));)*
                parts
            }

            /// Whether a part is the same in both.
            pub fn same_part(&self, other: &Programme, part: &Ref) -> bool {
                match part { $(Ref::$ref(id) => self.$field.get(id) == other.$field.get(id),)* }
            }

            $(
                #[doc = concat!("The ", $word, " of this id, or a refusal that says that there is none.")]
                ///
                /// # Errors
                /// [`Refusal::Unknown`].
                pub fn $get(&self, id: &$id) -> Result<&$type, Refusal> {
                    self.$field.get(id).ok_or_else(|| Refusal::Unknown { what: format!("{} {id}", $word) })
                }
            )*
        }
    };
}

parts! {
    /// Decisions that wait.
    Proposal proposals proposal ProposalId Proposal, "proposal";
    /// Classes of devices.
    Class classes class ClassId DeviceClass, "class";
    /// Profiles.
    Pp pps pp PpId Pp, "profile";
    /// Security Targets.
    St sts st StId St, "Security Target";
    /// Labs.
    Lab labs lab LabId Lab, "lab";
    /// Evaluations.
    Evaluation evaluations evaluation EvaluationId Evaluation, "evaluation";
    /// Entries of the list.
    Entry entries entry EntryId Entry, "entry";
    /// The entry of each certificate.
    Certificate certificates certificate CertificateId EntryId, "certificate";
    /// The entries that hold each shared component.
    Component components component ComponentId BTreeSet<EntryId>, "component";
    /// Maintenance requests.
    Request requests request RequestId Request, "request";
    /// Vulnerabilities.
    Vulnerability vulnerabilities vulnerability VulnerabilityId Vulnerability, "vulnerability";
    /// Audits.
    Audit audits audit AuditId Audit, "audit";
    /// Agreements.
    Agreement agreements agreement AgreementId Agreement, "agreement";
}

fn text(text: &StText, refs: &mut BTreeSet<Ref>) {
    refs.insert(Ref::Class(text.class.clone()));
    refs.extend(text.profile.iter().map(|(pp, _)| Ref::Pp(pp.clone())));
    refs.extend(text.certified_parts.iter().cloned().map(Ref::Entry));
    refs.extend(text.revises.iter().cloned().map(Ref::St));
}

/// The parts that a command names itself.
fn named(command: &Command) -> BTreeSet<Ref> {
    let mut refs = BTreeSet::new();
    match command {
        Command::Propose { proposal, decision } => {
            refs.insert(Ref::Proposal(proposal.clone()));
            refs.extend(of_decision(decision));
        }
        Command::Confirm { proposal } | Command::Drop { proposal } => {
            refs.insert(Ref::Proposal(proposal.clone()));
        }
        Command::DraftPp { pp, text } | Command::RevisePp { pp, text, .. } => {
            refs.extend([Ref::Pp(pp.clone()), Ref::Class(text.class.clone())]);
            refs.extend(text.supersedes.iter().cloned().map(Ref::Pp));
        }
        Command::OpenPpReview { pp, .. }
        | Command::CommentPp { pp, .. }
        | Command::DisposeComment { pp, .. } => {
            refs.insert(Ref::Pp(pp.clone()));
        }
        Command::SubmitSt { st, text: new } | Command::ReviseSt { st, text: new } => {
            refs.insert(Ref::St(st.clone()));
            text(new, &mut refs);
        }
        Command::PublishSt { st, .. } | Command::ReviewSt { st } | Command::RequestStChanges { st, .. } => {
            refs.insert(Ref::St(st.clone()));
        }
        Command::ApplyLab { lab, .. }
        | Command::RenewAccreditation { lab, .. }
        | Command::ExtendLab { lab, .. } => {
            refs.insert(Ref::Lab(lab.clone()));
        }
        Command::PlanEvaluation { evaluation, plan } => {
            refs.extend([
                Ref::Evaluation(evaluation.clone()),
                Ref::St(plan.st.clone()),
                Ref::Lab(plan.lab.clone()),
            ]);
            refs.extend(plan.agreement.iter().cloned().map(Ref::Agreement));
            refs.extend(plan.revalidates.iter().cloned().map(Ref::Request));
        }
        Command::StartEvaluation { evaluation }
        | Command::ObserveEvaluation { evaluation, .. }
        | Command::SubmitEtr { evaluation, .. }
        | Command::RequestRework { evaluation, .. } => {
            refs.insert(Ref::Evaluation(evaluation.clone()));
        }
        Command::ReviewEntry { entry, .. } => {
            refs.insert(Ref::Entry(entry.clone()));
        }
        Command::ClaimDeFacto { entry, claim } => {
            refs.extend([Ref::Entry(entry.clone()), Ref::Entry(claim.base.clone())]);
            // What the claim adds to the index of shared components is read and written with it.
            refs.extend(claim.contains.iter().cloned().map(Ref::Component));
        }
        Command::RequestMaintenance { request, entry, form } => {
            refs.extend([Ref::Request(request.clone()), Ref::Entry(entry.clone())]);
            refs.extend(form.st.iter().cloned().map(Ref::St));
        }
        Command::WithdrawRequest { request } => {
            refs.insert(Ref::Request(request.clone()));
        }
        Command::ReportVulnerability { vulnerability, report } => {
            refs.insert(Ref::Vulnerability(vulnerability.clone()));
            refs.extend(report.entries.iter().cloned().map(Ref::Entry));
            refs.extend(report.component.iter().cloned().map(Ref::Component));
        }
        Command::TriageVulnerability { vulnerability, .. }
        | Command::SubmitPlan { vulnerability, .. }
        | Command::RecordView { vulnerability, .. }
        | Command::ReportMitigation { vulnerability, .. }
        | Command::VerifyMitigation { vulnerability, .. }
        | Command::DeclareOverdue { vulnerability, .. } => {
            refs.insert(Ref::Vulnerability(vulnerability.clone()));
        }
        Command::JoinAudit { audit, .. }
        | Command::RevealShare { audit, .. }
        | Command::SubmitAuditEvidence { audit, .. }
        | Command::RecordAuditResult { audit, .. }
        | Command::DeclareNotSupported { audit } => {
            refs.insert(Ref::Audit(audit.clone()));
        }
        Command::ProposeAgreement { agreement, .. }
        | Command::SignAgreement { agreement, .. }
        | Command::EndAgreement { agreement } => {
            refs.insert(Ref::Agreement(agreement.clone()));
        }
    }
    match command {
        Command::TriageVulnerability { found, .. } => refs.extend(found.keys().cloned().map(Ref::Entry)),
        Command::SubmitPlan { entry, .. }
        | Command::ReportMitigation { entry, .. }
        | Command::VerifyMitigation { entry, .. }
        | Command::DeclareOverdue { entry, .. } => {
            refs.insert(Ref::Entry(entry.clone()));
        }
        _ => {}
    }
    refs
}

fn of_decision(decision: &Decision) -> BTreeSet<Ref> {
    let mut refs = BTreeSet::new();
    match decision {
        Decision::DefineClass { class } => {
            refs.insert(Ref::Class(class.id.clone()));
        }
        Decision::AcceptPp { pp, .. } | Decision::WithdrawPp { pp } => {
            refs.insert(Ref::Pp(pp.clone()));
        }
        Decision::ApproveSt { st, .. } | Decision::RejectSt { st, .. } => {
            refs.insert(Ref::St(st.clone()));
        }
        Decision::AcceptLab { lab, .. }
        | Decision::RejectLab { lab, .. }
        | Decision::AcceptExtension { lab, .. }
        | Decision::RejectExtension { lab, .. }
        | Decision::SuspendLab { lab }
        | Decision::ReinstateLab { lab } => {
            refs.insert(Ref::Lab(lab.clone()));
        }
        Decision::RemoveLab { lab, ground } => {
            refs.insert(Ref::Lab(lab.clone()));
            if let LabGround::RecurringVulnerabilities { entry } = ground {
                refs.insert(Ref::Entry(entry.clone()));
            }
        }
        Decision::Certify { with } => {
            refs.extend([
                Ref::Evaluation(with.evaluation.clone()),
                Ref::Entry(with.entry.clone()),
                Ref::Certificate(with.certificate.clone()),
            ]);
        }
        Decision::RejectEtr { evaluation, .. } => {
            refs.insert(Ref::Evaluation(evaluation.clone()));
        }
        Decision::RemoveEntry { entry, ground } => {
            refs.insert(Ref::Entry(entry.clone()));
            if let RemovalGround::Overdue { vulnerability, .. } = ground {
                refs.insert(Ref::Vulnerability(vulnerability.clone()));
            }
        }
        Decision::RestoreEntry { entry } | Decision::AdmitDeFacto { entry, .. } => {
            refs.insert(Ref::Entry(entry.clone()));
        }
        Decision::KeepEntry { entry, vulnerability, .. } => {
            refs.extend([Ref::Entry(entry.clone()), Ref::Vulnerability(vulnerability.clone())]);
        }
        Decision::AppendVersion { with } => {
            refs.insert(Ref::Request(with.request.clone()));
        }
        Decision::RequireRevalidation { ground } => {
            refs.insert(match ground {
                RevalidationGround::Major { request, .. } => Ref::Request(request.clone()),
                RevalidationGround::Audit { audit } => Ref::Audit(audit.clone()),
            });
        }
        Decision::OrderAudit { order } => {
            refs.insert(Ref::Audit(order.audit.clone()));
            refs.extend(order.entries.iter().cloned().map(Ref::Entry));
            refs.extend(order.request.iter().cloned().map(Ref::Request));
            if let Conductor::Lab(lab) = &order.conductor {
                refs.insert(Ref::Lab(lab.clone()));
            }
        }
        Decision::CloseAudit { audit } => {
            refs.insert(Ref::Audit(audit.clone()));
        }
    }
    refs
}

impl Programme {
    /// The parts that a loaded part leads to, where decisions on it look at them.
    fn follow(&self, part: &Ref) -> BTreeSet<Ref> {
        let mut refs = BTreeSet::new();
        match part {
            Ref::Proposal(id) => {
                refs.extend(self.proposals.get(id).map(|one| of_decision(&one.decision)).unwrap_or_default());
            }
            Ref::Pp(id) => {
                let Some(pp) = self.pps.get(id) else { return refs };
                refs.extend(pp.supersedes.iter().cloned().map(Ref::Pp));
            }
            Ref::St(id) => {
                let Some(st) = self.sts.get(id) else { return refs };
                text(&st.text, &mut refs);
                // Certification adds to the index of shared components.
                refs.extend(st.text.contains.iter().cloned().map(Ref::Component));
            }
            Ref::Evaluation(id) => {
                let Some(evaluation) = self.evaluations.get(id) else { return refs };
                refs.extend([Ref::St(evaluation.st.clone()), Ref::Lab(evaluation.lab.clone())]);
                refs.extend(evaluation.revalidates.iter().cloned().map(Ref::Request));
            }
            Ref::Entry(id) => {
                let Some(entry) = self.entries.get(id) else { return refs };
                refs.extend(entry.de_facto.iter().cloned().map(Ref::Entry));
                refs.extend(entry.lab().cloned().map(Ref::Lab));
                if let EntryKind::DeFacto { base, .. } = &entry.kind {
                    refs.insert(Ref::Entry(base.clone()));
                }
            }
            Ref::Request(id) => {
                let Some(request) = self.requests.get(id) else { return refs };
                refs.insert(Ref::Entry(request.entry.clone()));
                if let super::maintenance::RequestState::UnderAudit { audit } = &request.state {
                    refs.insert(Ref::Audit(audit.clone()));
                }
            }
            Ref::Vulnerability(id) => {
                let Some(vulnerability) = self.vulnerabilities.get(id) else { return refs };
                refs.extend(vulnerability.entries.iter().cloned().map(Ref::Entry));
            }
            Ref::Audit(id) => {
                let Some(audit) = self.audits.get(id) else { return refs };
                refs.extend(audit.entries.iter().cloned().map(Ref::Entry));
                refs.extend(audit.request.iter().cloned().map(Ref::Request));
                if let Conductor::Lab(lab) = &audit.conductor {
                    refs.insert(Ref::Lab(lab.clone()));
                }
            }
            Ref::Component(_) | Ref::Class(_) | Ref::Lab(_) | Ref::Certificate(_) | Ref::Agreement(_) => {}
        }
        refs
    }

    /// What a command needs and is neither loaded nor known to be absent. Load these and ask again, until it is empty:
    /// three or four rounds.
    pub fn missing(&self, command: &Command) -> BTreeSet<Ref> {
        let mut wanted: Vec<Ref> = named(command).into_iter().collect();
        // The entries that hold a component matter only where a vulnerability is reported in it.
        if let Command::ReportVulnerability { report, .. } = command
            && let Some(component) = &report.component
        {
            wanted.extend(self.components.get(component).into_iter().flatten().cloned().map(Ref::Entry));
        }
        let mut seen: BTreeSet<Ref> = BTreeSet::new();
        while let Some(part) = wanted.pop() {
            if seen.insert(part.clone()) {
                wanted.extend(self.follow(&part));
            }
        }
        seen.into_iter().filter(|part| !self.has(part) && !self.absent.contains(part)).collect()
    }
}
