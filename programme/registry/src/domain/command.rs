//! Everything that can be asked of the programme. A [`Decision`] of the working group is no [`Command`]: it is proposed by
//! one member and confirmed by another, so a decision of one person cannot be written down.

use super::actor::Role;
use super::audit::Order;
use super::draw::Share;
use super::entry::{DeFactoClaim, RemovalGround};
use super::evaluation::{Certification, Etr, Plan};
use super::ids::*;
use super::lab::{Accreditation, Application, Competence, Extension, Factors, LabGround, TechnologyClass};
use super::maintenance::{Appending, Form, RevalidationGround};
use super::pp::{DeviceClass, Disposition, PpText};
use super::st::{Publication, StText};
use super::vulnerability::{Considered, MitigationPlan, Report, Stakeholder, Triage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

macro_rules! commands {
    ($(#[$doc:meta])* $enum:ident $tag:literal {
        $($(#[doc = $about:literal])+ $variant:ident $name:literal [$($role:ident),*] { $($(#[$what:meta])* $field:ident: $type:ty,)* })*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = $tag, rename_all_fields = "kebab-case")]
        pub enum $enum {
            $($(#[doc = $about])+ #[serde(rename = $name)] #[allow(missing_docs, reason = "named after its type")]
            $variant { $($(#[$what])* $field: $type,)* },)*
        }

        impl $enum {
            /// Every tag.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Its tag.
            pub const fn name(&self) -> &'static str {
                match self { $($enum::$variant { .. } => $name,)* }
            }

            /// Who may give it; nobody else.
            pub const fn roles(&self) -> &'static [Role] {
                match self { $($enum::$variant { .. } => &[$(Role::$role),*],)* }
            }

            /// Every tag with what it asks for, in a sentence or two.
            pub const ABOUT: &'static [(&'static str, &'static str)] = &[$(($name, concat!($($about),+)),)*];

            /// Every tag with the roles that may give it.
            pub const ROLES: &'static [(&'static str, &'static [Role])] = &[$(($name, &[$(Role::$role),*]),)*];
        }
    };
}

commands! {
    /// What one person asks for.
    Command "command" {
        /// Proposes a decision of the working group. Its roles are the decision's.
        Propose "propose" [DwgScope, DwgProfiles, DwgAssurance] { proposal: ProposalId, decision: Box<Decision>, }
        /// Takes a proposed decision, as its second member.
        Confirm "confirm" [DwgScope, DwgProfiles, DwgAssurance] { proposal: ProposalId, }
        /// Drops a proposed decision.
        Drop "drop-proposal" [DwgScope, DwgProfiles, DwgAssurance] { proposal: ProposalId, }

        /// Begins a profile.
        DraftPp "draft-pp" [DwgProfiles] { pp: PpId, text: Box<PpText>, }
        /// Changes a draft, or, in answer to comments, a profile in review.
        RevisePp "revise-pp" [DwgProfiles] { pp: PpId, text: Box<PpText>, #[serde(default)] answers: BTreeSet<CommentId>, }
        /// Puts a draft to public review.
        OpenPpReview "open-pp-review" [DwgProfiles] { pp: PpId, document: Digest, closes: Date, }
        /// Comments on a profile in review. Anybody may.
        CommentPp "comment-pp" [Public] { pp: PpId, comment: CommentId, place: String, text: String, }
        /// Answers a comment on a profile.
        DisposeComment "dispose-comment" [DwgProfiles] { pp: PpId, comment: CommentId, disposition: Disposition, }

        /// Hands in a Security Target.
        SubmitSt "submit-st" [Developer] { st: StId, text: Box<StText>, }
        /// Hands in another text of a Security Target.
        ReviseSt "revise-st" [Developer] { st: StId, text: Box<StText>, }
        /// Puts a Security Target to review, or publishes it.
        PublishSt "publish-st" [Developer] { st: StId, publication: Publication, }
        /// Begins to read a Security Target.
        ReviewSt "review-st" [DwgProfiles, DwgAssurance] { st: StId, }
        /// Returns a Security Target, with what is to be changed.
        RequestStChanges "request-st-changes" [DwgProfiles, DwgAssurance] { st: StId, document: Digest, findings: Vec<String>, }

        /// Applies as a lab.
        ApplyLab "apply-lab" [LabQuality] { lab: LabId, application: Box<Application>, }
        /// Records a renewed accreditation.
        RenewAccreditation "renew-accreditation" [LabQuality] { lab: LabId, accreditation: Accreditation, }

        /// Asks for more competence of an accepted lab, or for a wider scope.
        ExtendLab "extend-lab" [LabQuality] { lab: LabId, extension: Box<Extension>, }

        /// Plans an evaluation.
        PlanEvaluation "plan-evaluation" [LabEvaluator, LabQuality] { evaluation: EvaluationId, plan: Plan, }
        /// Starts an evaluation.
        StartEvaluation "start-evaluation" [LabEvaluator] { evaluation: EvaluationId, }
        /// Records a visit at the lab during an evaluation.
        ObserveEvaluation "observe-evaluation" [DwgAssurance, Auditor] { evaluation: EvaluationId, supported: bool, document: Digest, }
        /// Hands in the report of an evaluation.
        SubmitEtr "submit-etr" [LabEvaluator] { evaluation: EvaluationId, etr: Box<Etr>, }
        /// Returns the report of an evaluation, with what is to be mended.
        RequestRework "request-rework" [DwgAssurance] { evaluation: EvaluationId, document: Digest, findings: Vec<String>, }

        /// Looks an entry through.
        ReviewEntry "review-entry" [DwgAssurance] { entry: EntryId, searched: Date, }
        /// Claims de-facto certification.
        ClaimDeFacto "claim-de-facto" [Developer] { entry: EntryId, claim: DeFactoClaim, }

        /// Files a maintenance request.
        RequestMaintenance "request-maintenance" [Developer] { request: RequestId, entry: EntryId, form: Form, }
        /// Takes a maintenance request back.
        WithdrawRequest "withdraw-request" [Developer] { request: RequestId, }

        /// Reports a vulnerability. Anybody may; a plan only the developer.
        ReportVulnerability "report-vulnerability" [Developer, Public] { vulnerability: VulnerabilityId, report: Report, }
        /// Holds a vulnerability against the Security Target of each entry.
        TriageVulnerability "triage-vulnerability" [DwgAssurance] { vulnerability: VulnerabilityId, found: Triage, }
        /// Says what will be done about a vulnerability in a product.
        SubmitPlan "submit-plan" [Developer] { vulnerability: VulnerabilityId, entry: EntryId, plan: MitigationPlan, }
        /// Gives a view on a vulnerability. Anybody may.
        RecordView "record-view" [Developer, Public] { vulnerability: VulnerabilityId, stakeholder: Stakeholder, text: String, }
        /// Says that a vulnerability is mitigated in a product.
        ReportMitigation "report-mitigation" [Developer] { vulnerability: VulnerabilityId, entry: EntryId, evidence: Digest, fixed_in: Option<String>, }
        /// Has seen that a vulnerability is mitigated in a product.
        VerifyMitigation "verify-mitigation" [DwgAssurance] { vulnerability: VulnerabilityId, entry: EntryId, evidence: Digest, }
        /// Says that a vulnerability is not mitigated in a product, or not soon enough.
        DeclareOverdue "declare-overdue" [DwgAssurance] { vulnerability: VulnerabilityId, entry: EntryId, }

        /// Commits to the developer's share of an audit's draw.
        JoinAudit "join-audit" [Developer] { audit: AuditId, commitment: Digest, }
        /// Reveals a share of an audit's draw: the working group's, or the developer's.
        RevealShare "reveal-share" [DwgAssurance, Developer] { audit: AuditId, share: Share, }
        /// Answers the sample of an audit.
        SubmitAuditEvidence "submit-audit-evidence" [Developer] { audit: AuditId, evidence: BTreeMap<String, Digest>, }
        /// Says what the auditor found in an audit.
        RecordAuditResult "record-audit-result" [Auditor] { audit: AuditId, results: BTreeMap<String, bool>, }
        /// Says that the developer cannot support an audit, or did not.
        DeclareNotSupported "declare-not-supported" [DwgAssurance, Developer] { audit: AuditId, }

        /// Proposes an agreement on confidentiality.
        ProposeAgreement "propose-agreement" [DwgAssurance] { agreement: AgreementId, lab: OrganisationId, developer: OrganisationId, document: Digest, }
        /// Signs an agreement on confidentiality.
        SignAgreement "sign-agreement" [LabQuality, Developer] { agreement: AgreementId, document: Digest, }
        /// Ends an agreement on confidentiality.
        EndAgreement "end-agreement" [DwgAssurance, LabQuality, Developer] { agreement: AgreementId, }
    }
}

commands! {
    /// What two members of the working group decide together.
    Decision "decision" {
        /// Says what hangs on a class of devices.
        DefineClass "define-class" [DwgScope] { class: DeviceClass, }
        /// Accepts a profile.
        AcceptPp "accept-pp" [DwgProfiles] { pp: PpId, document: Digest, #[serde(default)] determination: Option<String>, }
        /// Withdraws a profile.
        WithdrawPp "withdraw-pp" [DwgProfiles] { pp: PpId, }
        /// Approves a Security Target.
        ApproveSt "approve-st" [DwgProfiles, DwgAssurance] { st: StId, document: Digest, #[serde(default)] determination: Option<String>, }
        /// Rejects a Security Target.
        RejectSt "reject-st" [DwgProfiles, DwgAssurance] { st: StId, document: Digest, }
        /// Accepts a lab.
        AcceptLab "accept-lab" [DwgAssurance] { lab: LabId, factors: Factors, }
        /// Rejects a lab that applied.
        RejectLab "reject-lab" [DwgAssurance] { lab: LabId, factors: Factors, }
        /// Adds what an accepted lab asked for: competence, or a wider scope.
        AcceptExtension "accept-extension" [DwgAssurance] { lab: LabId, document: Digest, factors: Factors, }
        /// Does not add what an accepted lab asked for.
        RejectExtension "reject-extension" [DwgAssurance] { lab: LabId, document: Digest, factors: Factors, }
        /// Suspends a lab.
        SuspendLab "suspend-lab" [DwgAssurance] { lab: LabId, }
        /// Takes a suspended lab back.
        ReinstateLab "reinstate-lab" [DwgAssurance] { lab: LabId, }
        /// Removes a lab.
        RemoveLab "remove-lab" [DwgAssurance] { lab: LabId, ground: LabGround, }
        /// Accepts a report, gives the certificate and lists the product: one transition.
        Certify "certify" [DwgAssurance] { with: Certification, }
        /// Rejects the report of an evaluation.
        RejectEtr "reject-etr" [DwgAssurance] { evaluation: EvaluationId, document: Digest, }
        /// Takes a product off the list.
        RemoveEntry "remove-entry" [DwgAssurance] { entry: EntryId, ground: RemovalGround, }
        /// Puts a product back on the list.
        RestoreEntry "restore-entry" [DwgAssurance] { entry: EntryId, }
        /// Leaves a product on the list although a mitigation is overdue.
        KeepEntry "keep-entry" [DwgAssurance] { entry: EntryId, vulnerability: VulnerabilityId, considered: Considered, }
        /// Lists a de-facto claim, apart.
        AdmitDeFacto "admit-de-facto" [DwgAssurance] { entry: EntryId, assertion: Digest, }
        /// Appends a version with minor changes.
        AppendVersion "append-version" [DwgAssurance] { with: Appending, }
        /// Requires a full evaluation.
        RequireRevalidation "require-revalidation" [DwgAssurance] { ground: RevalidationGround, }
        /// Orders a random audit.
        OrderAudit "order-audit" [DwgAssurance] { order: Order, }
        /// Closes an audit that is satisfied.
        CloseAudit "close-audit" [DwgAssurance] { audit: AuditId, }
    }
}

impl Command {
    /// The document that it is about.
    pub fn document(&self) -> Option<&Digest> {
        match self {
            Command::Propose { decision, .. } => decision.document(),
            Command::DraftPp { text, .. } | Command::RevisePp { text, .. } => Some(&text.document),
            Command::SubmitSt { text, .. } | Command::ReviseSt { text, .. } => Some(&text.document),
            Command::OpenPpReview { document, .. }
            | Command::RequestStChanges { document, .. }
            | Command::ObserveEvaluation { document, .. }
            | Command::RequestRework { document, .. }
            | Command::ProposeAgreement { document, .. }
            | Command::SignAgreement { document, .. } => Some(document),
            Command::ApplyLab { application, .. } => Some(&application.accreditation.document),
            Command::RenewAccreditation { accreditation, .. } => Some(&accreditation.document),
            Command::ExtendLab { extension, .. } => Some(&extension.document),
            Command::SubmitEtr { etr, .. } => Some(&etr.document),
            Command::ClaimDeFacto { claim, .. } => Some(&claim.assertion),
            Command::RequestMaintenance { form, .. } => Some(&form.document),
            Command::ReportVulnerability { report, .. } => Some(&report.document),
            Command::SubmitPlan { plan, .. } => Some(&plan.document),
            Command::ReportMitigation { evidence, .. } | Command::VerifyMitigation { evidence, .. } => {
                Some(evidence)
            }
            _ => None,
        }
    }
}

impl Command {
    /// The documents that it brings in. All others that it names are there already, or are no documents: the hash of an
    /// approved text, a commitment.
    pub fn brings(&self) -> Vec<&Digest> {
        fn shown(competence: &BTreeMap<TechnologyClass, Competence>) -> impl Iterator<Item = &Digest> {
            competence.values().filter_map(|one| one.shown_by.as_ref())
        }
        match self {
            Command::DraftPp { text, .. } | Command::RevisePp { text, .. } => vec![&text.document],
            Command::SubmitSt { text, .. } | Command::ReviseSt { text, .. } => vec![&text.document],
            Command::ApplyLab { application, .. } => {
                let accreditation = &application.accreditation.document;
                std::iter::once(accreditation).chain(shown(&application.competence)).collect()
            }
            Command::RenewAccreditation { accreditation, .. } => vec![&accreditation.document],
            Command::ExtendLab { extension, .. } => std::iter::once(&extension.document)
                .chain(shown(&extension.competence))
                .chain(extension.accreditation.iter().map(|one| &one.document))
                .collect(),
            Command::ObserveEvaluation { document, .. } | Command::ProposeAgreement { document, .. } => {
                vec![document]
            }
            Command::SubmitEtr { etr, .. } => std::iter::once(&etr.document)
                .chain(&etr.working_papers)
                .chain(&etr.reference_values)
                .collect(),
            Command::ClaimDeFacto { claim, .. } => vec![&claim.assertion],
            Command::RequestMaintenance { form, .. } => {
                std::iter::once(&form.document).chain(&form.reference_values).collect()
            }
            Command::ReportVulnerability { report, .. } => std::iter::once(&report.document)
                .chain(report.plan.iter().map(|plan| &plan.document))
                .collect(),
            Command::SubmitPlan { plan, .. } => vec![&plan.document],
            Command::ReportMitigation { evidence, .. } => vec![evidence],
            Command::SubmitAuditEvidence { evidence, .. } => evidence.values().collect(),
            _ => Vec::new(),
        }
    }
}

impl Decision {
    /// The document that it is about.
    pub fn document(&self) -> Option<&Digest> {
        match self {
            Decision::AcceptPp { document, .. }
            | Decision::ApproveSt { document, .. }
            | Decision::RejectSt { document, .. }
            | Decision::AcceptExtension { document, .. }
            | Decision::RejectExtension { document, .. }
            | Decision::RejectEtr { document, .. } => Some(document),
            Decision::Certify { with } => Some(&with.etr),
            Decision::AdmitDeFacto { assertion, .. } => Some(assertion),
            Decision::AppendVersion { with } => Some(&with.document),
            _ => None,
        }
    }
}
