//! Security Targets: submitted → in review → approved | changes requested | rejected; each decision on one text.

use super::decide::{Context, Made};
use super::event::Change;
use super::ids::{ClassId, ComponentId, Digest, EntryId, OrganisationId, PackageId, PpId, StId, Time};
use super::pp::{Criticality, Editions, HIGH_CRITICALITY_VAN, Package, van};
use super::refusal::Refusal;
use dtsec_model::security_target::Confidentiality;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a Security Target says, as far as decisions hang on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StText {
    /// The hash of its canonical bytes.
    pub document: Digest,
    /// Its own version.
    pub st_version: String,
    /// The product.
    pub product: String,
    /// The product's version.
    pub version: String,
    /// Exactly what the product answers when it is asked who it is.
    pub identity: String,
    /// Its class of devices.
    pub class: ClassId,
    /// The profile, and the package of it; none for a custom Security Target.
    pub profile: Option<(PpId, PackageId)>,
    /// The assurance components that it claims.
    pub components: BTreeSet<String>,
    /// The requirements that it claims.
    pub claims: BTreeSet<String>,
    /// Those of them that are not in the profile and marked so.
    #[serde(default)]
    pub additions: BTreeSet<String>,
    /// What it follows.
    pub editions: Editions,
    /// Who may read it.
    pub confidentiality: Confidentiality,
    /// A device, or a component of devices.
    pub part_of: PartOf,
    /// The shared components in the product.
    #[serde(default)]
    pub contains: BTreeSet<ComponentId>,
    /// Parts of the product that are on the list themselves.
    #[serde(default)]
    pub certified_parts: BTreeSet<EntryId>,
    /// The Security Target of which it is a minor revision.
    #[serde(default)]
    pub revises: Option<StId>,
}

/// What a product is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum PartOf {
    /// A whole device.
    Device,
    /// A component of devices.
    Component {
        /// The assurance components of the devices that hold it.
        device_components: BTreeSet<String>,
    },
}

/// A Security Target in the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct St {
    /// Which.
    pub id: StId,
    /// Whose product.
    pub developer: OrganisationId,
    /// What it says.
    pub text: StText,
    /// Whether it is public.
    pub publication: Option<Publication>,
    /// How far it is.
    pub state: StState,
}

/// How a Security Target is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publication {
    /// To be commented.
    Review,
    /// As it stands.
    Formal,
}

/// How far a Security Target is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum StState {
    /// Waits for the working group.
    Submitted,
    /// The working group reads it.
    InReview,
    /// The developer is to change it.
    ChangesRequested {
        /// What is wrong.
        findings: Vec<String>,
    },
    /// May be used in evaluations.
    Approved {
        /// Since.
        at: Time,
        /// The text that was approved.
        document: Digest,
        /// For assurance below what criticality needs: why it meets the aim.
        determination: Option<String>,
    },
    /// Will not be used.
    Rejected,
}

impl StState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            StState::Submitted => "submitted",
            StState::InReview => "in review",
            StState::ChangesRequested { .. } => "returned for changes",
            StState::Approved { .. } => "approved",
            StState::Rejected => "rejected",
        }
    }
}

impl St {
    fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("Security Target {}", self.id), is: self.state.name(), needs }
    }

    /// The approved text and since when, where it is approved.
    pub fn approval(&self) -> Option<(&Digest, Time)> {
        match &self.state {
            StState::Approved { document, at, .. } => Some((document, *at)),
            _ => None,
        }
    }

    pub(super) fn approved(&self, context: &Context<'_>) -> Result<(), Refusal> {
        context.guard(self.approval().is_some(), || Refusal::StNotApproved {
            st: self.id.to_string(),
            state: self.state.name(),
        })
    }
}

/// The package that it uses, where it is under a profile.
pub(super) fn package<'a>(context: &Context<'a>, text: &StText) -> Result<Option<&'a Package>, Refusal> {
    let Some((pp, package)) = &text.profile else { return Ok(None) };
    Ok(context.state.pp(pp)?.packages.iter().find(|one| &one.id == package))
}

fn check(context: &Context<'_>, text: &StText) -> Result<(), Refusal> {
    context.filled("st-version", &text.st_version)?;
    context.filled("product", &text.product)?;
    context.filled("version", &text.version)?;
    context.filled("identity", &text.identity)?;
    context.state.class(&text.class)?;
    text.editions.check(context)?;
    if let Some((id, package_id)) = &text.profile {
        let pp = context.state.pp(id)?;
        pp.accepted(context)?;
        let fits = package(context, text)?.is_some_and(|package| package.components == text.components);
        context.guard(fits, || Refusal::PackageNotInPp {
            package: package_id.to_string(),
            pp: id.to_string(),
        })?;
        let outside: Vec<&str> = text
            .claims
            .iter()
            .filter(|claim| !pp.requirements.contains(*claim) && !text.additions.contains(*claim))
            .map(String::as_str)
            .collect();
        context.guard(outside.is_empty(), || Refusal::ClaimOutsidePp { claims: outside.join(", ") })?;
    }
    if let PartOf::Component { device_components } = &text.part_of {
        context.guard(!device_components.is_empty(), || Refusal::DeviceUnknown {})?;
        context.guard(device_components == &text.components, || Refusal::ComponentAssurance {
            found: list(&text.components),
            device: list(device_components),
        })?;
    }
    parts(context, text)
}

/// Certified parts are listed, and not below the whole.
pub(super) fn parts(context: &Context<'_>, text: &StText) -> Result<(), Refusal> {
    let needs = van(&text.components);
    for part in &text.certified_parts {
        let entry = context.state.entry(part)?;
        context.guard(entry.is_certified(), || Refusal::PartNotListed {
            part: part.to_string(),
            state: entry.state.name(),
        })?;
        let has = van(&entry.components);
        context.guard(has >= needs, || Refusal::PartBelow { part: part.to_string(), van: has, needs })?;
    }
    Ok(())
}

fn list(components: &BTreeSet<String>) -> String {
    components.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

pub(super) fn submit(context: &Context<'_>, id: &StId, text: &StText) -> Made {
    context.new_id(context.state.sts.contains_key(id), "Security Target", id)?;
    check(context, text)?;
    if let Some(old) = &text.revises {
        let old = context.state.st(old)?;
        old.approved(context)?;
        context.ours("a revision of it", &old.developer)?;
    }
    Ok(vec![Change::StSubmitted {
        st: Box::new(St {
            id: id.clone(),
            developer: context.actor.organisation.clone(),
            text: text.clone(),
            publication: None,
            state: StState::Submitted,
        }),
    }])
}

pub(super) fn revise(context: &Context<'_>, id: &StId, text: &StText) -> Made {
    let st = context.state.st(id)?;
    let open = matches!(st.state, StState::Submitted | StState::InReview | StState::ChangesRequested { .. });
    context.guard(open, || st.wrong("submitted, in review or returned for changes"))?;
    check(context, text)?;
    Ok(vec![Change::StRevised { st: id.clone(), text: Box::new(text.clone()) }])
}

pub(super) fn review(context: &Context<'_>, id: &StId) -> Made {
    let st = context.state.st(id)?;
    context.guard(st.state == StState::Submitted, || st.wrong("submitted"))?;
    Ok(vec![Change::StReviewOpened { st: id.clone() }])
}

fn in_review<'a>(context: &Context<'a>, id: &StId, document: &Digest) -> Result<&'a St, Refusal> {
    let st = context.state.st(id)?;
    context.guard(st.state == StState::InReview, || st.wrong("in review"))?;
    context.same(&format!("Security Target {id}"), document, &st.text.document)?;
    Ok(st)
}

pub(super) fn request_changes(
    context: &Context<'_>,
    id: &StId,
    document: &Digest,
    findings: &[String],
) -> Made {
    in_review(context, id, document)?;
    context.filled("findings", findings.first().map_or("", String::as_str))?;
    Ok(vec![Change::StChangesRequested { st: id.clone(), findings: findings.to_vec() }])
}

pub(super) fn approve(
    context: &Context<'_>,
    id: &StId,
    document: &Digest,
    determination: Option<&String>,
) -> Made {
    let st = in_review(context, id, document)?;
    // The profile may have been withdrawn, and a part removed, since it was submitted.
    check(context, &st.text)?;
    let class = context.state.class(&st.text.class)?;
    let van = van(&st.text.components);
    let determined = determination.is_some_and(|why| !why.trim().is_empty());
    match class.criticality() {
        Criticality::Low => {}
        Criticality::High => context.guard(van >= HIGH_CRITICALITY_VAN || determined, || {
            Refusal::AssuranceTooLow { van, minimum: HIGH_CRITICALITY_VAN }
        })?,
        Criticality::Regular => context.guard(van >= HIGH_CRITICALITY_VAN || determined, || {
            Refusal::LowerNotPermitted { class: class.id.to_string() }
        })?,
    }
    Ok(vec![Change::StApproved {
        st: id.clone(),
        document: document.clone(),
        determination: determination.cloned(),
    }])
}

pub(super) fn reject(context: &Context<'_>, id: &StId, document: &Digest) -> Made {
    in_review(context, id, document)?;
    Ok(vec![Change::StRejected { st: id.clone() }])
}

pub(super) fn publish(context: &Context<'_>, id: &StId, publication: Publication) -> Made {
    let st = context.state.st(id)?;
    context.guard(st.state != StState::Rejected, || st.wrong("in work or approved"))?;
    Ok(vec![Change::StPublished { st: id.clone(), publication }])
}
