//! What lists show of each thing: enough for a line, and nothing that not everybody who sees the list may know.

use dtsec_registry::domain::audit::{Audit, Conductor};
use dtsec_registry::domain::entry::{Entry, EntryKind, EntryState, Standing};
use dtsec_registry::domain::evaluation::Evaluation;
use dtsec_registry::domain::lab::{Lab, LabState};
use dtsec_registry::domain::maintenance::Request;
use dtsec_registry::domain::pp::{DeviceClass, Pp, PpState, van};
use dtsec_registry::domain::st::St;
use dtsec_registry::domain::vulnerability::{Severity, Vulnerability};
use dtsec_registry::domain::{Proposal, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    )*};
}

rows! {
    /// A line of the Evaluated Products List.
    EntryRow {
        /// The entry's id.
        id: String,
        /// The product.
        product: String,
        /// Whose.
        developer: String,
        /// Its class of devices.
        class: String,
        /// The profile.
        profile: Option<String>,
        /// `certified` or `de-facto`.
        kind: String,
        /// `listed`, `removed-pending-remediation`, `removed`, `claimed`.
        state: String,
        /// Its AVA_VAN.
        van: u8,
        /// The newest version that is in force.
        version: Option<String>,
        /// What that version answers when it is asked who it is.
        identity: Option<String>,
        /// The lab.
        lab: Option<String>,
        /// The certificate.
        certificate: Option<String>,
        /// When it was last looked at.
        last_reviewed: String,
        /// How many vulnerabilities conflict with its Security Target now.
        open_vulnerabilities: usize,
    }

    /// A line of the list of labs.
    LabRow {
        /// The lab's id.
        id: String,
        /// Its name.
        name: String,
        /// Whose.
        organisation: String,
        /// `accepted`, `suspended`, `removed`, `applied`, `rejected`.
        state: String,
        /// Who accredited it.
        accreditor: String,
        /// Until when.
        accredited_until: String,
        /// What it masters: `CLASS: AVA_VAN.n`.
        competence: Vec<String>,
    }

    /// A line of the list of profiles.
    PpRow {
        /// The profile's id.
        id: String,
        /// Its title.
        title: String,
        /// Its version.
        version: String,
        /// Its class of devices.
        class: String,
        /// `draft`, `public-review`, `accepted`, `superseded`, `withdrawn`.
        state: String,
        /// The hash of its text.
        document: String,
        /// Of a review: the last day for comments.
        closes: Option<String>,
        /// How many comments it has.
        comments: usize,
        /// How many of them have no disposition.
        unanswered: usize,
    }

    /// A line of the list of Security Targets.
    StRow {
        /// Its id.
        id: String,
        /// The product.
        product: String,
        /// The product's version.
        version: String,
        /// Whose.
        developer: String,
        /// Its class of devices.
        class: String,
        /// How far it is.
        state: String,
        /// The hash of its text.
        document: String,
        /// Whether anybody may read it.
        public: bool,
    }

    /// A line of the list of evaluations.
    EvaluationRow {
        /// Its id.
        id: String,
        /// Against which Security Target.
        st: String,
        /// Whose product.
        developer: String,
        /// The lab.
        lab: String,
        /// How far it is.
        state: String,
    }

    /// A line of the list of maintenance requests.
    RequestRow {
        /// Its id.
        id: String,
        /// For which entry.
        entry: String,
        /// Whose.
        developer: String,
        /// The new version.
        version: String,
        /// How far it is.
        state: String,
        /// How many differences it lists.
        differences: usize,
    }

    /// A line of the list of vulnerabilities.
    VulnerabilityRow {
        /// Its id.
        id: String,
        /// `low`, `medium`, `high`.
        severity: String,
        /// When it was reported.
        #[schema(value_type = String, format = DateTime)]
        reported: Time,
        /// The entries that it may touch.
        entries: Vec<String>,
        /// Those with whose Security Target it conflicts.
        conflicts: Vec<String>,
        /// Whether the working group has judged it.
        triaged: bool,
    }

    /// A line of the list of audits.
    AuditRow {
        /// Its id.
        id: String,
        /// Whom.
        developer: String,
        /// `dwg`, or the lab.
        conductor: String,
        /// How far it is.
        state: String,
        /// The developer's last day.
        due: String,
        /// How many items are drawn.
        sample: u32,
    }

    /// A decision that waits for its second member.
    ProposalRow {
        /// Its id.
        id: String,
        /// The decision's tag.
        decision: String,
        /// Who proposed it.
        by: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Time,
        /// Why.
        reason: String,
    }

    /// A class of devices.
    ClassRow {
        /// Its id.
        id: String,
        /// What it is called.
        name: String,
        /// How much hangs on it: `low`, `regular`, `high`.
        criticality: String,
        /// The least AVA_VAN for it.
        minimum_van: u8,
    }

    /// Something that waits for somebody.
    WaitingRow {
        /// What: `st/ID`.
        what: String,
        /// What it is called.
        title: String,
        /// What is to be done: the command's or decision's tag.
        todo: String,
        /// For whom: a role, or a role and its organisation.
        by: String,
        /// How far it is.
        state: String,
    }

    /// A person who may come in.
    PersonRow {
        /// The id.
        id: String,
        /// The name.
        name: String,
        /// For whom the person works.
        organisation: String,
        /// What the person may be.
        roles: Vec<String>,
        /// Roles that another member of the working group has to confirm.
        pending: Vec<String>,
        /// Whether the person may not come in any more.
        disabled: bool,
    }
}

/// The word that a unit variant is written as.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl From<&Entry> for EntryRow {
    fn from(entry: &Entry) -> Self {
        let newest = entry.versions.iter().rev().find(|version| version.standing == Standing::InForce);
        let (kind, lab, certificate) = match &entry.kind {
            EntryKind::Certified { certificate, lab, .. } => ("certified", Some(lab), Some(certificate)),
            EntryKind::DeFacto { .. } => ("de-facto", None, None),
        };
        Self {
            id: entry.id.to_string(),
            product: entry.product.clone(),
            developer: entry.developer.to_string(),
            class: entry.class.to_string(),
            profile: entry.profile.as_ref().map(ToString::to_string),
            kind: kind.to_owned(),
            state: tag(&entry.state),
            van: van(&entry.components),
            version: newest.map(|version| version.version.clone()),
            identity: newest.map(|version| version.identity.clone()),
            lab: lab.map(ToString::to_string),
            certificate: certificate.map(ToString::to_string),
            last_reviewed: entry.last_reviewed.to_string(),
            // What an entry that was only claimed has to do with vulnerabilities is not public.
            open_vulnerabilities: if entry.state == EntryState::Claimed { 0 } else { entry.open.len() },
        }
    }
}

impl From<&Lab> for LabRow {
    fn from(lab: &Lab) -> Self {
        let competence = lab.application.competence.iter();
        Self {
            id: lab.id.to_string(),
            name: lab.application.name.clone(),
            organisation: lab.organisation.to_string(),
            state: tag(&lab.state),
            accreditor: lab.application.accreditation.body.clone(),
            accredited_until: lab.application.accreditation.expires.to_string(),
            competence: competence
                .map(|(class, one)| format!("{}: AVA_VAN.{}", class.name(), one.van))
                .collect(),
        }
    }
}

/// The tag that a state is written with: `in-review`.
pub(super) fn tag(state: &impl Serialize) -> String {
    let tag =
        serde_json::to_value(state).ok().and_then(|value| Some(value.get("state")?.as_str()?.to_owned()));
    tag.unwrap_or_default()
}

/// Whether a lab was ever on the public list.
pub(super) fn is_public_lab(lab: &Lab) -> bool {
    matches!(lab.state, LabState::Accepted { .. } | LabState::Suspended { .. } | LabState::Removed { .. })
}

impl From<&Pp> for PpRow {
    fn from(pp: &Pp) -> Self {
        Self {
            id: pp.id.to_string(),
            title: pp.title.clone(),
            version: pp.version.clone(),
            class: pp.class.to_string(),
            state: tag(&pp.state),
            document: pp.document.to_string(),
            closes: match &pp.state {
                PpState::PublicReview { closes, .. } => Some(closes.to_string()),
                _ => None,
            },
            comments: pp.comments.len(),
            unanswered: pp.comments.values().filter(|comment| comment.disposition.is_none()).count(),
        }
    }
}

impl From<&St> for StRow {
    fn from(st: &St) -> Self {
        let open = st.text.confidentiality == dtsec_model::security_target::Confidentiality::Public;
        Self {
            id: st.id.to_string(),
            product: st.text.product.clone(),
            version: st.text.version.clone(),
            developer: st.developer.to_string(),
            class: st.text.class.to_string(),
            state: tag(&st.state),
            document: st.text.document.to_string(),
            public: open && st.publication.is_some(),
        }
    }
}

impl From<&Evaluation> for EvaluationRow {
    fn from(evaluation: &Evaluation) -> Self {
        Self {
            id: evaluation.id.to_string(),
            st: evaluation.st.to_string(),
            developer: evaluation.developer.to_string(),
            lab: evaluation.lab.to_string(),
            state: tag(&evaluation.state),
        }
    }
}

impl From<&Request> for RequestRow {
    fn from(request: &Request) -> Self {
        Self {
            id: request.id.to_string(),
            entry: request.entry.to_string(),
            developer: request.developer.to_string(),
            version: request.form.version.clone(),
            state: tag(&request.state),
            differences: request.form.differences.len(),
        }
    }
}

impl From<&Vulnerability> for VulnerabilityRow {
    fn from(vulnerability: &Vulnerability) -> Self {
        Self {
            id: vulnerability.id.to_string(),
            severity: severity(vulnerability.report.severity).to_owned(),
            reported: vulnerability.reported,
            entries: vulnerability.entries.iter().map(ToString::to_string).collect(),
            conflicts: vulnerability.conflicts.keys().map(ToString::to_string).collect(),
            triaged: vulnerability.triaged,
        }
    }
}

/// The word for a severity.
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}

impl From<&Audit> for AuditRow {
    fn from(audit: &Audit) -> Self {
        Self {
            id: audit.id.to_string(),
            developer: audit.developer.to_string(),
            conductor: match &audit.conductor {
                Conductor::Dwg => "dwg".to_owned(),
                Conductor::Lab(lab) => lab.to_string(),
            },
            state: tag(&audit.state),
            due: audit.due.to_string(),
            sample: audit.sample,
        }
    }
}

impl From<&Proposal> for ProposalRow {
    fn from(proposal: &Proposal) -> Self {
        Self {
            id: proposal.id.to_string(),
            decision: proposal.decision.name().to_owned(),
            by: proposal.by.to_string(),
            at: proposal.at,
            reason: proposal.reason.clone(),
        }
    }
}

impl From<&DeviceClass> for ClassRow {
    fn from(class: &DeviceClass) -> Self {
        Self {
            id: class.id.to_string(),
            name: class.name.clone(),
            criticality: word(&class.criticality()),
            minimum_van: class.minimum_van(),
        }
    }
}
