//! Entries of the Evaluated Products List: listed ⇄ removed pending remediation; removed for good; versions appended;
//! de-facto entries kept apart. Nothing expires: an entry says when it was last looked at, and what it was at a time.

use super::decide::{Context, Made};
use super::event::Change;
use super::ids::{
    CertificateId, ClassId, ComponentId, Date, Digest, EntryId, EvaluationId, LabId, OrganisationId, PpId,
    RequestId, StId, Time, VulnerabilityId, day,
};
use super::pp::Editions;
use super::refusal::Refusal;
use super::vulnerability::{Considered, heard};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// Which.
    pub id: EntryId,
    /// Certified, or claimed de facto.
    pub kind: EntryKind,
    /// Whose product.
    pub developer: OrganisationId,
    /// The product.
    pub product: String,
    /// Its class of devices.
    pub class: ClassId,
    /// The Security Target.
    pub st: StId,
    /// Its text.
    pub st_document: Digest,
    /// The profile.
    pub profile: Option<PpId>,
    /// The editions of the criteria.
    pub editions: Editions,
    /// The assurance components.
    pub components: BTreeSet<String>,
    /// The requirements that the Security Target claims.
    pub claims: BTreeSet<String>,
    /// The shared components in the product.
    pub contains: BTreeSet<ComponentId>,
    /// Its parts that are on the list themselves.
    pub certified_parts: BTreeSet<EntryId>,
    /// The entry whose product was revalidated as this one.
    pub revalidates: Option<EntryId>,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
    /// Whether it stands.
    pub state: EntryState,
    /// What became of it, the oldest first: public, and only ever appended to.
    pub history: Vec<Trace>,
    /// When it was last looked at.
    pub last_reviewed: Date,
    /// When known vulnerabilities were last searched for.
    pub searched: Date,
    /// Vulnerabilities that conflict with its Security Target and are not mitigated.
    pub open: BTreeSet<VulnerabilityId>,
    /// All that ever conflicted.
    pub conflicted: BTreeSet<VulnerabilityId>,
    /// For each of those the versions that it is in and not mitigated: also the earlier ones, once a later one mends it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub affected: BTreeMap<VulnerabilityId, BTreeSet<String>>,
    /// De-facto entries that lean on it.
    pub de_facto: BTreeSet<EntryId>,
    /// Its requests for maintenance.
    pub requests: Vec<RequestId>,
}

/// What an entry rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum EntryKind {
    /// An accepted report.
    Certified {
        /// The certificate.
        certificate: CertificateId,
        /// The evaluation.
        evaluation: EvaluationId,
        /// The lab.
        lab: LabId,
        /// The report.
        etr: Digest,
    },
    /// The developer's word, and random audits.
    DeFacto {
        /// The certified entry that it leans on.
        base: EntryId,
        /// The developer's assertion.
        assertion: Digest,
    },
}

/// A version of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Version {
    /// Its number.
    pub version: String,
    /// Exactly what it answers when it is asked who it is.
    pub identity: String,
    /// Since when it is in the entry.
    pub since: Time,
    /// Why it is.
    pub basis: Basis,
    /// Whether it still stands.
    pub standing: Standing,
    /// The document with what its devices measure of themselves; none where they do not attest it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_values: Option<Digest>,
}

/// Why a version is in an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Basis {
    /// A lab evaluated it.
    Evaluated,
    /// A maintenance request with minor changes.
    Maintained {
        /// Which.
        request: RequestId,
    },
    /// The developer asserted it.
    Asserted,
}

/// Whether a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does.
    InForce,
    /// Not until it has been revalidated.
    RevalidationRequired,
}

/// Whether an entry stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum EntryState {
    /// A de-facto claim that the working group has not admitted.
    Claimed,
    /// It does.
    Listed,
    /// Not until what conflicts is remediated.
    RemovedPendingRemediation {
        /// Since.
        since: Time,
    },
    /// Not any more.
    Removed {
        /// Since.
        since: Time,
        /// Why, in a word.
        because: String,
    },
}

impl EntryState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            EntryState::Claimed => "claimed",
            EntryState::Listed => "listed",
            EntryState::RemovedPendingRemediation { .. } => "removed pending remediation",
            EntryState::Removed { .. } => "removed",
        }
    }
}

/// A line of an entry's public history. It names no vulnerability: only the class of the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trace {
    /// When.
    pub at: Time,
    /// What it was from then on.
    pub is: String,
    /// Why, in a word.
    pub because: String,
}

/// Why an entry is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ground", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum RemovalGround {
    /// A vulnerability conflicts with the Security Target: until it is remediated.
    Conflict {
        /// Which.
        vulnerability: VulnerabilityId,
    },
    /// A mitigation is overdue: until it is remediated.
    Overdue {
        /// Which.
        vulnerability: VulnerabilityId,
        /// How everybody's view was weighed.
        considered: Considered,
    },
    /// Too many recurring vulnerabilities, remediated or not: for good.
    Recurrence {
        /// What makes them too many.
        judgement: String,
    },
    /// The developer takes the product back: for good.
    OwnRequest,
    /// Set by the programme: the entry that a de-facto entry leans on was removed.
    BaseRemoved {
        /// Whether that one can come back.
        until_remediation: bool,
    },
    /// Set by the programme: a de-facto entry's audit was not supported.
    RevalidationRequired,
}

impl RemovalGround {
    /// The class of the reason, as the public sees it.
    pub const fn name(&self) -> &'static str {
        match self {
            RemovalGround::Conflict { .. } => "vulnerability",
            RemovalGround::Overdue { .. } => "mitigation overdue",
            RemovalGround::Recurrence { .. } => "recurring vulnerabilities",
            RemovalGround::OwnRequest => "developer's request",
            RemovalGround::BaseRemoved { .. } => "base entry removed",
            RemovalGround::RevalidationRequired => "revalidation required",
        }
    }

    /// Whether the entry can come back when everything is remediated.
    pub const fn is_until_remediation(&self) -> bool {
        matches!(
            self,
            RemovalGround::Conflict { .. }
                | RemovalGround::Overdue { .. }
                | RemovalGround::BaseRemoved { until_remediation: true }
        )
    }
}

impl Entry {
    pub(super) fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("entry {}", self.id), is: self.state.name(), needs }
    }

    /// Whether its product is certified: an accepted report, and on the list.
    pub fn is_certified(&self) -> bool {
        matches!(self.kind, EntryKind::Certified { .. }) && self.state == EntryState::Listed
    }

    /// Whether a vulnerability is in a version and not mitigated there.
    pub fn is_affected(&self, version: &str, by: &VulnerabilityId) -> bool {
        self.affected.get(by).is_some_and(|versions| versions.contains(version))
    }

    /// It is mitigated: from a version on, or in all of them.
    pub(super) fn mitigated(&mut self, id: &VulnerabilityId, fixed_in: Option<&str>) {
        self.open.remove(id);
        let fixed = fixed_in.and_then(|fixed| self.versions.iter().position(|one| one.version == fixed));
        let earlier = &self.versions[..fixed.unwrap_or(0)];
        let affected = self.affected.remove(id).unwrap_or_default();
        let still: BTreeSet<String> =
            earlier.iter().map(|one| one.version.clone()).filter(|one| affected.contains(one)).collect();
        if !still.is_empty() {
            self.affected.insert(id.clone(), still);
        }
    }

    /// The lab that evaluated it.
    pub fn lab(&self) -> Option<&LabId> {
        match &self.kind {
            EntryKind::Certified { lab, .. } => Some(lab),
            EntryKind::DeFacto { .. } => None,
        }
    }

    /// What it was at a time; none before it came into being.
    pub fn status_at(&self, time: Time) -> Option<&Trace> {
        self.history.iter().rev().find(|trace| trace.at <= time)
    }

    /// The versions that were appended by maintenance since the evaluation.
    pub fn minor_changes(&self) -> BTreeSet<RequestId> {
        let request = |version: &Version| match &version.basis {
            Basis::Maintained { request } => Some(request.clone()),
            Basis::Evaluated | Basis::Asserted => None,
        };
        self.versions.iter().filter_map(request).collect()
    }
}

pub(super) fn remove(context: &Context<'_>, id: &EntryId, ground: &RemovalGround) -> Made {
    let entry = context.state.entry(id)?;
    let standing = match ground {
        // What is off the list until remediation can still be taken off for good.
        RemovalGround::Recurrence { .. } | RemovalGround::OwnRequest => {
            matches!(entry.state, EntryState::Listed | EntryState::RemovedPendingRemediation { .. })
        }
        _ => entry.state == EntryState::Listed,
    };
    context.guard(standing, || entry.wrong("listed"))?;
    match ground {
        RemovalGround::OwnRequest => {}
        RemovalGround::BaseRemoved { .. } | RemovalGround::RevalidationRequired => {
            return Err(Refusal::NotListable {
                what: format!("the ground `{}`", ground.name()),
                why: "it only follows from another decision",
            });
        }
        RemovalGround::Conflict { vulnerability } => {
            context.guard(entry.open.contains(vulnerability), || Refusal::NoConflict {
                vulnerability: vulnerability.to_string(),
            })?;
        }
        RemovalGround::Overdue { vulnerability: which, considered } => {
            let vulnerability = context.state.vulnerability(which)?;
            let overdue = vulnerability.is_overdue_in(id);
            context.guard(overdue, || Refusal::NotOverdue { vulnerability: which.to_string() })?;
            heard(context, considered)?;
        }
        RemovalGround::Recurrence { judgement } => {
            context.filled("judgement", judgement)?;
            context.guard(entry.conflicted.len() > 1, || Refusal::NotRecurring { entry: id.to_string() })?;
        }
    }
    Ok(removal(context, entry, ground))
}

/// The removal itself, and with it that of every de-facto entry that leans on it.
pub(super) fn removal(context: &Context<'_>, entry: &Entry, ground: &RemovalGround) -> Vec<Change> {
    let mut changes = vec![Change::EntryRemoved { entry: entry.id.clone(), ground: ground.clone() }];
    let follows = RemovalGround::BaseRemoved { until_remediation: ground.is_until_remediation() };
    for leaning in &entry.de_facto {
        let gone = context.state.entries.get(leaning).is_none_or(|one| {
            matches!(one.state, EntryState::Removed { .. })
                || (ground.is_until_remediation() && one.state != EntryState::Listed)
        });
        if !gone {
            changes.push(Change::EntryRemoved { entry: leaning.clone(), ground: follows.clone() });
        }
    }
    changes
}

pub(super) fn restore(context: &Context<'_>, id: &EntryId) -> Made {
    let entry = context.state.entry(id)?;
    match entry.state {
        EntryState::RemovedPendingRemediation { .. } => {}
        EntryState::Removed { .. } => return Err(Refusal::NotRestorable { entry: id.to_string() }),
        _ => return Err(entry.wrong("removed pending remediation")),
    }
    let open: Vec<&str> = entry.open.iter().map(VulnerabilityId::as_str).collect();
    context.guard(open.is_empty(), || Refusal::NotRemediated { vulnerabilities: open.join(", ") })?;
    if let EntryKind::DeFacto { base, .. } = &entry.kind {
        let certified = context.state.entry(base)?.is_certified();
        context.guard(certified, || Refusal::BaseNotCertified { entry: base.to_string() })?;
    }
    Ok(vec![Change::EntryRestored { entry: id.clone() }])
}

pub(super) fn keep(
    context: &Context<'_>,
    id: &EntryId,
    which: &VulnerabilityId,
    considered: &Considered,
) -> Made {
    context.state.entry(id)?;
    let vulnerability = context.state.vulnerability(which)?;
    context.guard(vulnerability.is_overdue_in(id), || Refusal::NotOverdue {
        vulnerability: which.to_string(),
    })?;
    heard(context, considered)?;
    Ok(vec![Change::EntryKept {
        entry: id.clone(),
        vulnerability: which.clone(),
        considered: considered.clone(),
    }])
}

pub(super) fn review(context: &Context<'_>, id: &EntryId, searched: Date) -> Made {
    let entry = context.state.entry(id)?;
    let gone = matches!(entry.state, EntryState::Removed { .. });
    context.guard(!gone, || entry.wrong("listed or removed pending remediation"))?;
    let today = day(context.now);
    let later = today >= entry.last_reviewed && searched >= entry.searched && searched <= today;
    context.guard(later, || Refusal::NotALaterReview { last: entry.last_reviewed })?;
    Ok(vec![Change::EntryReviewed { entry: id.clone(), searched }])
}

/// A developer's claim that a later, similar product meets the Security Target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeFactoClaim {
    /// The certified entry that it leans on.
    pub base: EntryId,
    /// The product.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Exactly what it answers when it is asked who it is.
    pub identity: String,
    /// The shared components in it.
    #[serde(default)]
    pub contains: BTreeSet<ComponentId>,
    /// The assertion.
    pub assertion: Digest,
    /// The requirements that it asserts: all of the Security Target's.
    pub asserts: BTreeSet<String>,
}

/// The entry that it leans on is certified, this developer's, and clean.
fn base<'a>(context: &Context<'a>, id: &EntryId, developer: &OrganisationId) -> Result<&'a Entry, Refusal> {
    let base = context.state.entry(id)?;
    let good = base.is_certified() && base.open.is_empty() && &base.developer == developer;
    context.guard(good, || Refusal::BaseNotCertified { entry: id.to_string() })?;
    Ok(base)
}

pub(super) fn claim_de_facto(context: &Context<'_>, id: &EntryId, claim: &DeFactoClaim) -> Made {
    context.new_id(context.state.entries.contains_key(id), "entry", id)?;
    context.filled("product", &claim.product)?;
    context.filled("version", &claim.version)?;
    context.filled("identity", &claim.identity)?;
    let base = base(context, &claim.base, &context.actor.organisation)?;
    let all = base.claims.is_subset(&claim.asserts);
    context.guard(all, || Refusal::NotEverythingAsserted {})?;
    let entry = Entry {
        id: id.clone(),
        kind: EntryKind::DeFacto { base: claim.base.clone(), assertion: claim.assertion.clone() },
        product: claim.product.clone(),
        contains: claim.contains.clone(),
        revalidates: None,
        versions: vec![Version {
            version: claim.version.clone(),
            identity: claim.identity.clone(),
            since: context.now,
            basis: Basis::Asserted,
            standing: Standing::InForce,
            reference_values: None,
        }],
        state: EntryState::Claimed,
        history: Vec::new(),
        last_reviewed: day(context.now),
        open: BTreeSet::new(),
        conflicted: BTreeSet::new(),
        affected: BTreeMap::new(),
        de_facto: BTreeSet::new(),
        requests: Vec::new(),
        ..base.clone()
    };
    Ok(vec![Change::DeFactoClaimed { entry: Box::new(entry) }])
}

pub(super) fn admit_de_facto(context: &Context<'_>, id: &EntryId, assertion: &Digest) -> Made {
    let entry = context.state.entry(id)?;
    context.guard(entry.state == EntryState::Claimed, || entry.wrong("claimed"))?;
    let EntryKind::DeFacto { base: on, assertion: claimed } = &entry.kind else {
        return Err(entry.wrong("a de-facto claim"));
    };
    context.same(&format!("the assertion of entry {id}"), assertion, claimed)?;
    base(context, on, &entry.developer)?;
    Ok(vec![Change::DeFactoAdmitted { entry: id.clone() }])
}
