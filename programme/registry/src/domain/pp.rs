//! Protection Profiles and SESIP profiles: draft → public review → accepted → superseded | withdrawn; and the classes of
//! devices with the assurance that their criticality needs.

use super::decide::{Context, Made};
use super::event::Change;
use super::ids::{ClassId, CommentId, Date, Digest, PackageId, PersonId, PpId, Time, day};
use super::refusal::Refusal;
use dtsec_model::Kind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The least AVA_VAN against attackers of moderate potential.
pub const HIGH_CRITICALITY_VAN: u8 = 4;

/// A class of devices, or of components, and what hangs on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeviceClass {
    /// Which.
    pub id: ClassId,
    /// What it is called.
    pub name: String,
    /// It is a general-purpose component of products, and no device.
    pub general_purpose_component: bool,
    /// A life may hang on its function.
    pub life_critical: bool,
    /// Attackers of moderate to high potential can reach it: it is networked, or used outside guarded rooms.
    pub exposed: bool,
}

/// How much hangs on a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criticality {
    /// Less assurance is permitted.
    Low,
    /// Neither highly critical nor among the exceptions.
    Regular,
    /// Life-critical and exposed.
    High,
}

impl DeviceClass {
    /// How much hangs on it.
    pub fn criticality(&self) -> Criticality {
        if self.life_critical && self.exposed {
            Criticality::High
        } else if !self.exposed || (self.general_purpose_component && !self.life_critical) {
            Criticality::Low
        } else {
            Criticality::Regular
        }
    }

    /// The least AVA_VAN for it.
    pub fn minimum_van(&self) -> u8 {
        if self.criticality() == Criticality::Low { 1 } else { HIGH_CRITICALITY_VAN }
    }
}

/// The editions that a document follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Editions {
    /// Of the criteria.
    pub criteria: String,
    /// Of the methodology.
    pub methodology: String,
}

impl Editions {
    /// Those that the standard fixes.
    pub fn standard() -> Self {
        Self { criteria: "ISO/IEC 15408:2009".to_owned(), methodology: "ISO/IEC 18045:2005".to_owned() }
    }

    pub(super) fn check(&self, context: &Context<'_>) -> Result<(), Refusal> {
        context.guard(*self == Self::standard(), || Refusal::CriteriaNotCited {
            found: format!("{}, {}", self.criteria, self.methodology),
        })
    }
}

/// An assurance package of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Package {
    /// Which.
    pub id: PackageId,
    /// Its CC components: `AVA_VAN.4`.
    pub components: BTreeSet<String>,
    /// Its life-cycle components for which an audit by IEC 62304 may stand.
    #[serde(default)]
    pub replaceable: BTreeSet<String>,
    /// For which criticality it is meant.
    pub meant_for: Criticality,
}

/// The AVA_VAN number among components; 0 where there is none.
pub fn van(components: &BTreeSet<String>) -> u8 {
    components.iter().filter_map(|one| one.strip_prefix("AVA_VAN.")?.parse().ok()).max().unwrap_or(0)
}

/// A comment in a public review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Comment {
    /// Which.
    pub id: CommentId,
    /// Whose.
    pub by: PersonId,
    /// When.
    pub at: Time,
    /// On which text.
    pub document: Digest,
    /// Where in it.
    pub place: String,
    /// What it says.
    pub text: String,
    /// What became of it.
    pub disposition: Option<Disposition>,
}

/// What becomes of a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Disposition {
    /// In a word.
    pub outcome: Outcome,
    /// In a sentence.
    pub answer: String,
}

/// A disposition in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The profile changes.
    Accepted,
    /// It does not.
    Rejected,
    /// It changes nothing, or comes later.
    Noted,
}

/// A profile in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pp {
    /// Which.
    pub id: PpId,
    /// A Protection Profile or a SESIP profile.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The class of devices that it is for.
    pub class: ClassId,
    /// Its text.
    pub document: Digest,
    /// What it follows.
    pub editions: Editions,
    /// Its packages.
    pub packages: Vec<Package>,
    /// The requirements that may be claimed under it.
    pub requirements: BTreeSet<String>,
    /// The version that it replaces when it is accepted.
    pub supersedes: Option<PpId>,
    /// What was said about it.
    pub comments: BTreeMap<CommentId, Comment>,
    /// How far it is.
    pub state: PpState,
}

/// How far a profile is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum PpState {
    /// Being written.
    Draft,
    /// Anybody may comment.
    PublicReview {
        /// Since.
        opened: Time,
        /// The last day for comments.
        closes: Date,
    },
    /// Security Targets may use it.
    Accepted {
        /// Since.
        at: Time,
        /// For a package below what criticality needs: why it meets the aim.
        determination: Option<String>,
    },
    /// Another version has taken its place.
    Superseded {
        /// Since.
        at: Time,
        /// Which.
        by: PpId,
    },
    /// Nobody is to use it.
    Withdrawn {
        /// Since.
        at: Time,
    },
}

impl PpState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            PpState::Draft => "a draft",
            PpState::PublicReview { .. } => "in public review",
            PpState::Accepted { .. } => "accepted",
            PpState::Superseded { .. } => "superseded",
            PpState::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Pp {
    fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("profile {}", self.id), is: self.state.name(), needs }
    }

    /// The last day for comments, while it is in review.
    pub fn review_closes(&self) -> Option<Date> {
        match self.state {
            PpState::PublicReview { closes, .. } => Some(closes),
            _ => None,
        }
    }

    /// Comments without a disposition.
    pub fn unanswered(&self) -> impl Iterator<Item = &CommentId> {
        self.comments.values().filter(|comment| comment.disposition.is_none()).map(|comment| &comment.id)
    }

    pub(super) fn accepted(&self, context: &Context<'_>) -> Result<(), Refusal> {
        context.guard(matches!(self.state, PpState::Accepted { .. }), || Refusal::PpNotAccepted {
            pp: self.id.to_string(),
            state: self.state.name(),
        })
    }
}

/// What an author gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PpText {
    /// A Protection Profile or a SESIP profile.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The class of devices that it is for.
    pub class: ClassId,
    /// Its text.
    pub document: Digest,
    /// What it follows.
    pub editions: Editions,
    /// Its packages.
    pub packages: Vec<Package>,
    /// The requirements that may be claimed under it.
    pub requirements: BTreeSet<String>,
    /// The version that it replaces when it is accepted.
    #[serde(default)]
    pub supersedes: Option<PpId>,
}

impl PpText {
    fn check(&self, id: &PpId, context: &Context<'_>) -> Result<(), Refusal> {
        context.filled("title", &self.title)?;
        context.filled("version", &self.version)?;
        context.state.class(&self.class)?;
        self.editions.check(context)?;
        let profile = matches!(self.kind, Kind::ProtectionProfile | Kind::SesipProfile);
        context.guard(profile, || Refusal::NotListable {
            what: format!("a {}", self.kind.name()),
            why: "it is no profile",
        })?;
        let defined = self.packages.iter().any(|package| !package.components.is_empty());
        context.guard(defined, || Refusal::NoPackage { pp: id.to_string() })?;
        for package in &self.packages {
            let other: Vec<&str> = package
                .replaceable
                .iter()
                .filter(|one| !one.starts_with("ALC_") || !package.components.contains(*one))
                .map(String::as_str)
                .collect();
            context.guard(other.is_empty(), || Refusal::LifeCycleOnly { components: other.join(", ") })?;
        }
        if let Some(old) = &self.supersedes {
            context.state.pp(old)?.accepted(context)?;
        }
        Ok(())
    }

    /// The profile that it makes.
    pub(super) fn into_pp(self, id: PpId) -> Pp {
        Pp {
            id,
            kind: self.kind,
            title: self.title,
            version: self.version,
            class: self.class,
            document: self.document,
            editions: self.editions,
            packages: self.packages,
            requirements: self.requirements,
            supersedes: self.supersedes,
            comments: BTreeMap::new(),
            state: PpState::Draft,
        }
    }
}

pub(super) fn define_class(context: &Context<'_>, class: &DeviceClass) -> Made {
    context.filled("name", &class.name)?;
    context.new_id(context.state.classes.contains_key(&class.id), "class", &class.id)?;
    Ok(vec![Change::ClassDefined { class: class.clone() }])
}

pub(super) fn draft(context: &Context<'_>, id: &PpId, text: &PpText) -> Made {
    context.new_id(context.state.pps.contains_key(id), "profile", id)?;
    text.check(id, context)?;
    Ok(vec![Change::PpDrafted { pp: Box::new(text.clone().into_pp(id.clone())) }])
}

pub(super) fn revise(context: &Context<'_>, id: &PpId, text: &PpText, answers: &BTreeSet<CommentId>) -> Made {
    let pp = context.state.pp(id)?;
    match pp.state {
        PpState::Draft => {}
        PpState::PublicReview { .. } => {
            let known = !answers.is_empty() && answers.iter().all(|one| pp.comments.contains_key(one));
            context.guard(known, || Refusal::RevisionAnswersNothing { pp: id.to_string() })?;
        }
        _ => return Err(pp.wrong("a draft or in public review")),
    }
    text.check(id, context)?;
    Ok(vec![Change::PpRevised { pp: id.clone(), text: Box::new(text.clone()), answers: answers.clone() }])
}

pub(super) fn open_review(context: &Context<'_>, id: &PpId, document: &Digest, closes: Date) -> Made {
    let pp = context.state.pp(id)?;
    context.guard(pp.state == PpState::Draft, || pp.wrong("a draft"))?;
    context.same(&format!("profile {id}"), document, &pp.document)?;
    context.guard(closes > day(context.now), || Refusal::ReviewTooShort { closes })?;
    Ok(vec![Change::PpReviewOpened { pp: id.clone(), closes }])
}

pub(super) fn comment(
    context: &Context<'_>,
    id: &PpId,
    comment: &CommentId,
    place: &str,
    text: &str,
) -> Made {
    let pp = context.state.pp(id)?;
    let closes = pp.review_closes().ok_or_else(|| pp.wrong("in public review"))?;
    context.guard(day(context.now) <= closes, || Refusal::ReviewOver { closed: closes })?;
    context.new_id(pp.comments.contains_key(comment), "comment", comment)?;
    context.filled("text", text)?;
    Ok(vec![Change::PpCommented {
        pp: id.clone(),
        comment: Comment {
            id: comment.clone(),
            by: context.actor.person.clone(),
            at: context.now,
            document: pp.document.clone(),
            place: place.to_owned(),
            text: text.to_owned(),
            disposition: None,
        },
    }])
}

pub(super) fn dispose(context: &Context<'_>, id: &PpId, comment: &CommentId, with: &Disposition) -> Made {
    let pp = context.state.pp(id)?;
    context.guard(pp.review_closes().is_some(), || pp.wrong("in public review"))?;
    if !pp.comments.contains_key(comment) {
        return Err(Refusal::Unknown { what: format!("comment {comment}") });
    }
    context.filled("answer", &with.answer)?;
    Ok(vec![Change::PpCommentDisposed {
        pp: id.clone(),
        comment: comment.clone(),
        disposition: with.clone(),
    }])
}

pub(super) fn accept(
    context: &Context<'_>,
    id: &PpId,
    document: &Digest,
    determination: Option<&String>,
) -> Made {
    let pp = context.state.pp(id)?;
    let closes = pp.review_closes().ok_or_else(|| pp.wrong("in public review"))?;
    context.same(&format!("profile {id}"), document, &pp.document)?;
    context.guard(day(context.now) > closes, || Refusal::ReviewOpen { closes })?;
    let open: Vec<&str> = pp.unanswered().map(CommentId::as_str).collect();
    context.guard(open.is_empty(), || Refusal::CommentsUnanswered { comments: open.join(", ") })?;
    let determined = determination.is_some_and(|why| !why.trim().is_empty());
    for package in pp.packages.iter().filter(|package| package.meant_for == Criticality::High) {
        let van = van(&package.components);
        context.guard(van >= HIGH_CRITICALITY_VAN || determined, || Refusal::PackageTooLow {
            package: package.id.to_string(),
            van,
            minimum: HIGH_CRITICALITY_VAN,
        })?;
    }
    if let Some(old) = &pp.supersedes {
        context.state.pp(old)?.accepted(context)?;
    }
    Ok(vec![Change::PpAccepted { pp: id.clone(), determination: determination.cloned() }])
}

pub(super) fn withdraw(context: &Context<'_>, id: &PpId) -> Made {
    let pp = context.state.pp(id)?;
    let gone = matches!(pp.state, PpState::Withdrawn { .. } | PpState::Superseded { .. });
    context.guard(!gone, || pp.wrong("in use or in work"))?;
    Ok(vec![Change::PpWithdrawn { pp: id.clone() }])
}
