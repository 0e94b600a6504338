//! What happened: the only way in which the programme changes, and the public and internal record of it.

use super::actor::Role;
use super::agreement::Agreement;
use super::audit::Audit;
use super::command::Decision;
use super::draw::{Party, Share};
use super::entry::{Entry, RemovalGround};
use super::evaluation::{Etr, Evaluation, Observation};
use super::ids::*;
use super::lab::{Accreditation, Extension, Factors, Lab, LabGround};
use super::maintenance::{Request, RevalidationGround};
use super::pp::{Comment, DeviceClass, Disposition, Pp, PpText};
use super::st::{Publication, St, StText};
use super::vulnerability::{Considered, MitigationPlan, View, Vulnerability};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something that happened, with who, as what, when, why, and on which text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Event {
    /// When.
    pub at: Time,
    /// Who did it; of a decision, its second member.
    pub by: PersonId,
    /// For whom he works.
    pub organisation: OrganisationId,
    /// In which role.
    pub capacity: Role,
    /// Of a decision: its first member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<PersonId>,
    /// Why, in a sentence.
    pub reason: String,
    /// The document that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Digest>,
    /// What.
    pub change: Change,
}

macro_rules! changes {
    ($($(#[$about:meta])* $variant:ident $name:literal { $($field:ident: $type:ty),* $(,)? })*) => {
        /// A change. One that touches several things does so at once or not at all.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "change", rename_all_fields = "kebab-case")]
        pub enum Change {
            $($(#[$about])* #[serde(rename = $name)] #[allow(missing_docs, reason = "named after its type")]
            $variant { $($field: $type),* },)*
        }

        impl Change {
            /// Its tag.
            pub const fn name(&self) -> &'static str {
                match self { $(Change::$variant { .. } => $name,)* }
            }
        }
    };
}

changes! {
    /// A decision waits for its second member.
    Proposed "proposed" { proposal: ProposalId, decision: Box<Decision> }
    /// It has him; what it does follows in the same batch.
    Confirmed "confirmed" { proposal: ProposalId }
    /// It will not be taken.
    Dropped "proposal-dropped" { proposal: ProposalId }
    /// A class of devices is defined.
    ClassDefined "class-defined" { class: DeviceClass }
    /// A profile begins.
    PpDrafted "pp-drafted" { pp: Box<Pp> }
    /// Its text changes.
    PpRevised "pp-revised" { pp: PpId, text: Box<PpText>, answers: BTreeSet<CommentId> }
    /// Anybody may comment on it.
    PpReviewOpened "pp-review-opened" { pp: PpId, closes: Date }
    /// Somebody did.
    PpCommented "pp-commented" { pp: PpId, comment: Comment }
    /// And was answered.
    PpCommentDisposed "pp-comment-disposed" { pp: PpId, comment: CommentId, disposition: Disposition }
    /// It may be used; the version that it replaces may not any more.
    PpAccepted "pp-accepted" { pp: PpId, determination: Option<String> }
    /// Nobody is to use it.
    PpWithdrawn "pp-withdrawn" { pp: PpId }
    /// A Security Target was handed in.
    StSubmitted "st-submitted" { st: Box<St> }
    /// Again.
    StRevised "st-revised" { st: StId, text: Box<StText> }
    /// It is public.
    StPublished "st-published" { st: StId, publication: Publication }
    /// It is read.
    StReviewOpened "st-review-opened" { st: StId }
    /// It was returned.
    StChangesRequested "st-changes-requested" { st: StId, findings: Vec<String> }
    /// This text may be evaluated.
    StApproved "st-approved" { st: StId, document: Digest, determination: Option<String> }
    /// It may not.
    StRejected "st-rejected" { st: StId }
    /// A lab applied.
    LabApplied "lab-applied" { lab: Box<Lab> }
    /// It is on the list.
    LabAccepted "lab-accepted" { lab: LabId, factors: Factors }
    /// It is not.
    LabRejected "lab-rejected" { lab: LabId, factors: Factors }
    /// It may not evaluate.
    LabSuspended "lab-suspended" { lab: LabId }
    /// It may again.
    LabReinstated "lab-reinstated" { lab: LabId }
    /// It is off the list.
    LabRemoved "lab-removed" { lab: LabId, ground: LabGround }
    /// Its accreditation was renewed.
    LabAccreditationRenewed "lab-accreditation-renewed" { lab: LabId, accreditation: Accreditation }
    /// It asks for more competence.
    LabExtensionRequested "lab-extension-requested" { lab: LabId, extension: Box<Extension> }
    /// It has it.
    LabExtended "lab-extended" { lab: LabId, factors: Factors }
    /// It does not.
    LabExtensionRejected "lab-extension-rejected" { lab: LabId, factors: Factors }
    /// An evaluation is planned.
    EvaluationPlanned "evaluation-planned" { evaluation: Box<Evaluation> }
    /// It runs.
    EvaluationStarted "evaluation-started" { evaluation: EvaluationId }
    /// The working group visited it.
    EvaluationObserved "evaluation-observed" { evaluation: EvaluationId, observation: Observation }
    /// Its report is there.
    EtrSubmitted "etr-submitted" { evaluation: EvaluationId, etr: Box<Etr> }
    /// And was returned.
    ReworkRequested "rework-requested" { evaluation: EvaluationId, findings: Vec<String> }
    /// Or rejected.
    EtrRejected "etr-rejected" { evaluation: EvaluationId }
    /// Report accepted, certificate given, product listed: evaluation, entry, certificate, components, and the request
    /// whose revalidation it is, all at once.
    Certified "certified" { evaluation: EvaluationId, request: Option<RequestId>, entry: Box<Entry> }
    /// A product is off the list.
    EntryRemoved "entry-removed" { entry: EntryId, ground: RemovalGround }
    /// It is on it again.
    EntryRestored "entry-restored" { entry: EntryId }
    /// It stays although a mitigation is overdue.
    EntryKept "entry-kept" { entry: EntryId, vulnerability: VulnerabilityId, considered: Considered }
    /// It was looked through.
    EntryReviewed "entry-reviewed" { entry: EntryId, searched: Date }
    /// A de-facto certification is claimed: the new entry, and the one that it leans on.
    DeFactoClaimed "de-facto-claimed" { entry: Box<Entry> }
    /// It is listed, apart.
    DeFactoAdmitted "de-facto-admitted" { entry: EntryId }
    /// A maintenance request was filed: the request, and its entry.
    MaintenanceRequested "maintenance-requested" { request: Box<Request> }
    /// And taken back.
    RequestWithdrawn "request-withdrawn" { request: RequestId }
    /// Its version stands in the entry: the request, and the entry.
    VersionAppended "version-appended" {
        request: RequestId, entry: EntryId, version: String, identity: String,
        reference_values: Option<Digest>,
        together_with: BTreeSet<RequestId>, joint_effect: String,
    }
    /// A full evaluation is required: the request, or the audit with its request and the versions that it was about.
    RevalidationRequired "revalidation-required" { ground: RevalidationGround }
    /// A vulnerability was reported.
    VulnerabilityReported "vulnerability-reported" { vulnerability: Box<Vulnerability> }
    /// It was held against the Security Targets: the vulnerability, and every entry with which it conflicts.
    VulnerabilityTriaged "vulnerability-triaged" {
        vulnerability: VulnerabilityId, conflicts: BTreeMap<EntryId, BTreeSet<String>>,
    }
    /// There is a plan.
    PlanSubmitted "plan-submitted" { vulnerability: VulnerabilityId, entry: EntryId, plan: MitigationPlan }
    /// Somebody gave a view.
    ViewRecorded "view-recorded" { vulnerability: VulnerabilityId, view: View }
    /// The developer says that it is mitigated.
    MitigationReported "mitigation-reported" {
        vulnerability: VulnerabilityId,
        entry: EntryId,
        evidence: Digest,
        fixed_in: Option<String>,
    }
    /// It is: the vulnerability, and the entry.
    MitigationVerified "mitigation-verified" {
        vulnerability: VulnerabilityId,
        entry: EntryId,
        fixed_in: Option<String>,
    }
    /// It is not, or not soon enough.
    DeclaredOverdue "declared-overdue" { vulnerability: VulnerabilityId, entry: EntryId }
    /// An audit was ordered: the audit, and its request.
    AuditOrdered "audit-ordered" { audit: Box<Audit> }
    /// The developer committed to its share.
    AuditJoined "audit-joined" { audit: AuditId, commitment: Digest }
    /// A share was revealed, and with the second the sample drawn.
    ShareRevealed "share-revealed" { audit: AuditId, party: Party, share: Share, drawn: Vec<String> }
    /// The developer answered the sample.
    AuditEvidence "audit-evidence" { audit: AuditId, evidence: BTreeMap<String, Digest> }
    /// The auditor judged it.
    AuditResult "audit-result" { audit: AuditId, results: BTreeMap<String, bool> }
    /// It is satisfied.
    AuditClosed "audit-closed" { audit: AuditId }
    /// It is not, or was not supported.
    AuditNotSupported "audit-not-supported" { audit: AuditId }
    /// An agreement is on the table.
    AgreementProposed "agreement-proposed" { agreement: Agreement }
    /// A party signed it.
    AgreementSigned "agreement-signed" { agreement: AgreementId, organisation: OrganisationId }
    /// It is over.
    AgreementEnded "agreement-ended" { agreement: AgreementId }
}
