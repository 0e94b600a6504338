//! Requests for assurance maintenance: submitted → appended | under audit | revalidation required → revalidated.

use super::audit::AuditState;
use super::decide::{Context, Made};
use super::entry::{EntryKind, EntryState, RemovalGround, removal};
use super::event::Change;
use super::ids::{AuditId, Digest, EntryId, OrganisationId, RequestId, StId};
use super::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// Whose.
    pub developer: OrganisationId,
    /// For which entry.
    pub entry: EntryId,
    /// What it says.
    pub form: Form,
    /// How far it is.
    pub state: RequestState,
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Form {
    /// The form itself.
    pub document: Digest,
    /// The new version.
    pub version: String,
    /// Exactly what it answers when it is asked who it is.
    pub identity: String,
    /// The reference values of the new version, where its devices attest themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_values: Option<Digest>,
    /// An approved Security Target with minor revisions, where the old one does not fit any more.
    #[serde(default)]
    pub st: Option<StId>,
    /// What is different.
    pub differences: Vec<Difference>,
}

/// A difference between the certified version and the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Difference {
    /// What changed.
    pub what: String,
    /// The requirements that it touches.
    #[serde(default)]
    pub touches: BTreeSet<String>,
    /// What that does.
    pub effect: Effect,
    /// Why.
    pub reasoning: String,
}

/// What a change does to the assurance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Little.
    Minor,
    /// More.
    Major,
}

/// How far a request is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum RequestState {
    /// Waits for the working group.
    Submitted,
    /// Its version stands in the entry.
    Appended {
        /// Earlier minor changes that were weighed together with it.
        together_with: BTreeSet<RequestId>,
    },
    /// An audit looks at it.
    UnderAudit {
        /// Which.
        audit: AuditId,
    },
    /// The new version needs a full evaluation.
    RevalidationRequired,
    /// It had one.
    Revalidated {
        /// The new entry.
        entry: EntryId,
    },
    /// The developer took it back.
    Withdrawn,
}

impl RequestState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            RequestState::Submitted => "submitted",
            RequestState::Appended { .. } => "appended",
            RequestState::UnderAudit { .. } => "under audit",
            RequestState::RevalidationRequired => "waiting for revalidation",
            RequestState::Revalidated { .. } => "revalidated",
            RequestState::Withdrawn => "withdrawn",
        }
    }
}

impl Request {
    pub(super) fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("request {}", self.id), is: self.state.name(), needs }
    }

    fn major(&self) -> Vec<&str> {
        let major = self.form.differences.iter().filter(|one| one.effect == Effect::Major);
        major.map(|one| one.what.as_str()).collect()
    }
}

pub(super) fn request(context: &Context<'_>, id: &RequestId, entry_id: &EntryId, form: &Form) -> Made {
    context.new_id(context.state.requests.contains_key(id), "request", id)?;
    let entry = context.state.entry(entry_id)?;
    let alive = matches!(entry.state, EntryState::Listed | EntryState::RemovedPendingRemediation { .. });
    context.guard(alive, || entry.wrong("listed or removed pending remediation"))?;
    context.filled("version", &form.version)?;
    context.filled("identity", &form.identity)?;
    context.guard(!form.differences.is_empty(), || Refusal::NoDifferences {})?;
    for difference in &form.differences {
        context.filled("what", &difference.what)?;
        context.filled("reasoning", &difference.reasoning)?;
    }
    let listed = entry.versions.iter().any(|version| version.version == form.version);
    context.guard(!listed, || Refusal::VersionListed { version: form.version.clone() })?;
    if let Some(st) = &form.st {
        let revision = context.state.st(st)?;
        let minor = revision.approval().is_some()
            && revision.developer == entry.developer
            && revision.text.revises.as_ref() == Some(&entry.st);
        context.guard(minor, || Refusal::NotAMinorRevision { st: st.to_string() })?;
    }
    Ok(vec![Change::MaintenanceRequested {
        request: Box::new(Request {
            id: id.clone(),
            developer: entry.developer.clone(),
            entry: entry_id.clone(),
            form: form.clone(),
            state: RequestState::Submitted,
        }),
    }])
}

/// The decision that a request's changes are minor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Appending {
    /// The request.
    pub request: RequestId,
    /// Its form.
    pub document: Digest,
    /// All versions appended since the evaluation, which were weighed together with this one.
    pub together_with: BTreeSet<RequestId>,
    /// What they do together.
    pub joint_effect: String,
}

pub(super) fn append(context: &Context<'_>, with: &Appending) -> Made {
    let request = context.state.request(&with.request)?;
    // After an audit that was closed as satisfied the request is where it was.
    let open = match &request.state {
        RequestState::Submitted => true,
        RequestState::UnderAudit { audit } => {
            matches!(context.state.audit(audit)?.state, AuditState::Closed { .. })
        }
        _ => false,
    };
    context.guard(open, || request.wrong("submitted, or audited"))?;
    context.same(&format!("request {}", with.request), &with.document, &request.form.document)?;
    let entry = context.state.entry(&request.entry)?;
    let alive = matches!(entry.state, EntryState::Listed | EntryState::RemovedPendingRemediation { .. });
    context.guard(alive, || entry.wrong("listed or removed pending remediation"))?;
    let major = request.major();
    context.guard(major.is_empty(), || Refusal::MajorChange { differences: major.join("; ") })?;
    let earlier = entry.minor_changes();
    context.guard(earlier == with.together_with, || Refusal::EarlierChangesNotShown {
        requests: earlier
            .symmetric_difference(&with.together_with)
            .map(RequestId::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    })?;
    context.filled("joint-effect", &with.joint_effect)?;
    let listed = entry.versions.iter().any(|version| version.version == request.form.version);
    context.guard(!listed, || Refusal::VersionListed { version: request.form.version.clone() })?;
    Ok(vec![Change::VersionAppended {
        request: with.request.clone(),
        entry: request.entry.clone(),
        version: request.form.version.clone(),
        identity: request.form.identity.clone(),
        reference_values: request.form.reference_values.clone(),
        together_with: with.together_with.clone(),
        joint_effect: with.joint_effect.clone(),
    }])
}

pub(super) fn withdraw(context: &Context<'_>, id: &RequestId) -> Made {
    let request = context.state.request(id)?;
    let open = request.state == RequestState::Submitted;
    context.guard(open, || request.wrong("submitted"))?;
    Ok(vec![Change::RequestWithdrawn { request: id.clone() }])
}

/// Why a revalidation is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum RevalidationGround {
    /// The changes are major, each or together.
    Major {
        /// The request.
        request: RequestId,
        /// For changes that are each minor: what they do together.
        judgement: Option<String>,
    },
    /// An audit was not supported.
    Audit {
        /// Which.
        audit: AuditId,
    },
}

pub(super) fn require_revalidation(context: &Context<'_>, ground: &RevalidationGround) -> Made {
    let mut changes = vec![Change::RevalidationRequired { ground: ground.clone() }];
    match ground {
        RevalidationGround::Major { request, judgement } => {
            let request = context.state.request(request)?;
            let open = request.state == RequestState::Submitted;
            context.guard(open, || request.wrong("submitted"))?;
            let judged = judgement.as_ref().is_some_and(|why| !why.trim().is_empty());
            context.guard(!request.major().is_empty() || judged, || Refusal::NoGround {})?;
        }
        RevalidationGround::Audit { audit } => {
            let audit = context.state.audit(audit)?;
            let failed = matches!(audit.state, AuditState::NotSupported { .. });
            context.guard(failed, || Refusal::NoGround {})?;
            // A de-facto entry has nothing left to rest on. A certified one keeps the version that was evaluated.
            for id in &audit.entries {
                let entry = context.state.entry(id)?;
                let de_facto = matches!(entry.kind, EntryKind::DeFacto { .. });
                if de_facto && !matches!(entry.state, EntryState::Removed { .. }) {
                    changes.extend(removal(context, entry, &RemovalGround::RevalidationRequired));
                }
            }
        }
    }
    Ok(changes)
}
