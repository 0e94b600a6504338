//! Labs: applied → accepted | rejected; accepted ⇄ suspended; → removed.

use super::decide::{Context, Made};
use super::event::Change;
use super::ids::{Date, Digest, EntryId, LabId, OrganisationId, Time, day};
use super::pp::HIGH_CRITICALITY_VAN;
use super::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What kind of environment a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TechnologyClass {
    /// Simple microcontrollers with basic operating systems and small applications.
    SimpleMicrocontroller,
    /// Radios and their protocols.
    WirelessProtocol,
    /// Sophisticated web interfaces.
    WebInterface,
    /// General-purpose operating systems and applications.
    GeneralPurposeSystem,
}

impl TechnologyClass {
    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            TechnologyClass::SimpleMicrocontroller => "simple-microcontroller",
            TechnologyClass::WirelessProtocol => "wireless-protocol",
            TechnologyClass::WebInterface => "web-interface",
            TechnologyClass::GeneralPurposeSystem => "general-purpose-system",
        }
    }
}

/// An accreditation by ISO/IEC 17025.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accreditation {
    /// Who accredited.
    pub body: String,
    /// What it covers.
    pub scope: Scope,
    /// Its last day.
    pub expires: Date,
    /// The certificate.
    pub document: Digest,
}

/// What an accreditation covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Security testing of information technology, by that name.
    ItSecurityTesting,
    /// The like, under this name.
    Similar(String),
    /// Something else.
    Other(String),
}

/// What a lab masters in a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Competence {
    /// The AVA_VAN number.
    pub van: u8,
    /// What shows it, where the accreditation does not cover it.
    pub shown_by: Option<Digest>,
}

/// What was weighed when a lab was accepted or rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Factors {
    /// Experience in information technology and vulnerability assessment.
    pub experience: String,
    /// Reputation and international acceptance of the accreditor.
    pub accreditor: String,
    /// Its prevailing costs.
    pub costs: String,
    /// Whether it has the people.
    pub resources: String,
}

/// A lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Lab {
    /// Which.
    pub id: LabId,
    /// Whose.
    pub organisation: OrganisationId,
    /// What it says of itself.
    pub application: Application,
    /// How far it is.
    pub state: LabState,
    /// What it asks for besides, until the working group has decided on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Box<Extension>>,
}

/// What an accepted lab asks for besides what it was accepted with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Extension {
    /// The request in writing: the decision is on this text.
    pub document: Digest,
    /// Classes that it masters now, or masters at a higher level.
    #[serde(default)]
    pub competence: BTreeMap<TechnologyClass, Competence>,
    /// Its accreditation, where the scope is a new one.
    #[serde(default)]
    pub accreditation: Option<Accreditation>,
}

impl Extension {
    /// An application with it.
    pub(super) fn added_to(&self, application: &Application) -> Application {
        let mut with = application.clone();
        with.competence.extend(self.competence.clone());
        with.accreditation = self.accreditation.clone().unwrap_or(with.accreditation);
        with
    }
}

/// What a lab says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Organisations on which it depends, or that depend on it.
    #[serde(default)]
    pub affiliates: BTreeSet<OrganisationId>,
    /// Its accreditation.
    pub accreditation: Accreditation,
    /// What it masters.
    pub competence: BTreeMap<TechnologyClass, Competence>,
    /// It documents its work.
    pub documents_its_work: bool,
    /// It is open to audit and to observation.
    pub open_to_audit: bool,
}

/// How far a lab is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum LabState {
    /// Waits for the working group.
    Applied,
    /// On the public list.
    Accepted {
        /// Since.
        since: Time,
        /// What was weighed.
        factors: Factors,
    },
    /// Not taken.
    Rejected {
        /// What was weighed.
        factors: Factors,
    },
    /// On the list, and may not evaluate for now.
    Suspended {
        /// Since.
        since: Time,
        /// What was weighed when it was accepted.
        factors: Factors,
    },
    /// Off the list.
    Removed {
        /// Since.
        at: Time,
        /// Why.
        ground: LabGround,
    },
}

/// Why a lab is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ground", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum LabGround {
    /// A product that it passed suffers from recurring vulnerabilities.
    RecurringVulnerabilities {
        /// The product's entry.
        entry: EntryId,
    },
    /// Its accreditation is over, or does not cover the work.
    Accreditation,
    /// It asked.
    OwnRequest,
}

impl LabState {
    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            LabState::Applied => "an applicant",
            LabState::Accepted { .. } => "accepted",
            LabState::Rejected { .. } => "rejected",
            LabState::Suspended { .. } => "suspended",
            LabState::Removed { .. } => "removed",
        }
    }
}

impl Lab {
    fn wrong(&self, needs: &'static str) -> Refusal {
        Refusal::WrongState { what: format!("lab {}", self.id), is: self.state.name(), needs }
    }

    /// Whether it stands on the public list.
    pub fn is_public(&self) -> bool {
        matches!(self.state, LabState::Accepted { .. } | LabState::Suspended { .. })
    }

    pub(super) fn accredited(&self, context: &Context<'_>) -> Result<(), Refusal> {
        let accreditation = &self.application.accreditation;
        if let Scope::Other(scope) = &accreditation.scope {
            context.guard(false, || Refusal::ScopeDoesNotCover { scope: scope.clone() })?;
        }
        context.guard(day(context.now) <= accreditation.expires, || Refusal::AccreditationExpired {
            expires: accreditation.expires,
        })
    }

    /// Whether it may evaluate today.
    pub(super) fn may_evaluate(&self, context: &Context<'_>) -> Result<(), Refusal> {
        context.guard(matches!(self.state, LabState::Accepted { .. }), || Refusal::LabNotAccepted {
            lab: self.id.to_string(),
            state: self.state.name(),
        })?;
        self.accredited(context)
    }
}

fn weighed(context: &Context<'_>, factors: &Factors) -> Result<(), Refusal> {
    for (factor, text) in [
        ("experience", &factors.experience),
        ("accreditor", &factors.accreditor),
        ("costs", &factors.costs),
        ("resources", &factors.resources),
    ] {
        context.guard(!text.trim().is_empty(), || Refusal::FactorsNotWeighed { factor })?;
    }
    Ok(())
}

fn high_enough(
    context: &Context<'_>,
    competence: &BTreeMap<TechnologyClass, Competence>,
) -> Result<(), Refusal> {
    for (class, Competence { van, .. }) in competence {
        context.guard(*van >= HIGH_CRITICALITY_VAN, || Refusal::CompetenceTooLow {
            class: class.name(),
            van: *van,
        })?;
    }
    Ok(())
}

pub(super) fn apply(context: &Context<'_>, id: &LabId, application: &Application) -> Made {
    context.new_id(context.state.labs.contains_key(id), "lab", id)?;
    context.filled("name", &application.name)?;
    context.filled("body", &application.accreditation.body)?;
    Ok(vec![Change::LabApplied {
        lab: Box::new(Lab {
            id: id.clone(),
            organisation: context.actor.organisation.clone(),
            application: application.clone(),
            state: LabState::Applied,
            extension: None,
        }),
    }])
}

pub(super) fn accept(context: &Context<'_>, id: &LabId, factors: &Factors) -> Made {
    let lab = context.state.lab(id)?;
    context.guard(lab.state == LabState::Applied, || lab.wrong("an applicant"))?;
    lab.accredited(context)?;
    let application = &lab.application;
    high_enough(context, &application.competence)?;
    let has = |class| application.competence.contains_key(&class);
    let wide = has(TechnologyClass::SimpleMicrocontroller)
        && (has(TechnologyClass::WebInterface) || has(TechnologyClass::GeneralPurposeSystem));
    context.guard(wide, || Refusal::RangeTooNarrow {})?;
    let open = application.documents_its_work && application.open_to_audit;
    context.guard(open, || Refusal::NotOpenToAudit {})?;
    weighed(context, factors)?;
    Ok(vec![Change::LabAccepted { lab: id.clone(), factors: factors.clone() }])
}

pub(super) fn reject(context: &Context<'_>, id: &LabId, factors: &Factors) -> Made {
    let lab = context.state.lab(id)?;
    context.guard(lab.state == LabState::Applied, || lab.wrong("an applicant"))?;
    weighed(context, factors)?;
    Ok(vec![Change::LabRejected { lab: id.clone(), factors: factors.clone() }])
}

pub(super) fn suspend(context: &Context<'_>, id: &LabId) -> Made {
    let lab = context.state.lab(id)?;
    let accepted = matches!(lab.state, LabState::Accepted { .. });
    context.guard(accepted, || lab.wrong("accepted"))?;
    Ok(vec![Change::LabSuspended { lab: id.clone() }])
}

pub(super) fn reinstate(context: &Context<'_>, id: &LabId) -> Made {
    let lab = context.state.lab(id)?;
    let suspended = matches!(lab.state, LabState::Suspended { .. });
    context.guard(suspended, || lab.wrong("suspended"))?;
    lab.accredited(context)?;
    Ok(vec![Change::LabReinstated { lab: id.clone() }])
}

pub(super) fn remove(context: &Context<'_>, id: &LabId, ground: &LabGround) -> Made {
    let lab = context.state.lab(id)?;
    context.guard(lab.is_public(), || lab.wrong("accepted or suspended"))?;
    match ground {
        LabGround::OwnRequest => {}
        LabGround::Accreditation => {
            context.guard(lab.accredited(context).is_err(), || Refusal::StillAccredited {})?;
        }
        LabGround::RecurringVulnerabilities { entry: id } => {
            let entry = context.state.entry(id)?;
            let its = entry.lab() == Some(&lab.id) && entry.conflicted.len() > 1;
            context.guard(its, || Refusal::NoRecurringVulnerabilities { entry: id.to_string() })?;
        }
    }
    Ok(vec![Change::LabRemoved { lab: id.clone(), ground: ground.clone() }])
}

pub(super) fn renew(context: &Context<'_>, id: &LabId, accreditation: &Accreditation) -> Made {
    let lab = context.state.lab(id)?;
    let gone = matches!(lab.state, LabState::Removed { .. } | LabState::Rejected { .. });
    context.guard(!gone, || lab.wrong("an applicant, accepted or suspended"))?;
    let renewed = Lab {
        application: Application { accreditation: accreditation.clone(), ..lab.application.clone() },
        ..lab.clone()
    };
    renewed.accredited(context)?;
    Ok(vec![Change::LabAccreditationRenewed { lab: id.clone(), accreditation: accreditation.clone() }])
}

/// What holds of an extension when it is asked for and when it is decided on.
fn may_extend(context: &Context<'_>, lab: &Lab, extension: &Extension) -> Result<(), Refusal> {
    lab.may_evaluate(context)?;
    let has = &lab.application;
    let wider = extension.accreditation.as_ref().is_some_and(|one| one.scope != has.accreditation.scope);
    let nothing = extension.competence.is_empty() && !wider;
    context.guard(!nothing, || Refusal::NothingExtended { what: "its competence".to_owned() })?;
    high_enough(context, &extension.competence)?;
    for (class, shown) in &extension.competence {
        let higher = has.competence.get(class).is_none_or(|known| shown.van > known.van);
        context.guard(higher, || Refusal::NothingExtended { what: class.name().to_owned() })?;
        // The accreditation on record says nothing of what the lab did not master when it was accepted.
        let is_shown = shown.shown_by.is_some() || extension.accreditation.is_some();
        context.guard(is_shown, || Refusal::CompetenceNotShown { class: class.name() })?;
    }
    if extension.accreditation.is_some() {
        let extended = Lab { application: extension.added_to(has), ..lab.clone() };
        extended.accredited(context)?;
    }
    Ok(())
}

/// What a lab asks for, where the decision is on that text.
fn asked<'a>(context: &Context<'_>, lab: &'a Lab, document: &Digest) -> Result<&'a Extension, Refusal> {
    let what = || format!("the request of lab {} for an extension", lab.id);
    let extension = lab.extension.as_deref().ok_or_else(|| Refusal::Unknown { what: what() })?;
    context.same(&what(), document, &extension.document)?;
    Ok(extension)
}

pub(super) fn extend(context: &Context<'_>, id: &LabId, extension: &Extension) -> Made {
    let lab = context.state.lab(id)?;
    // One at a time: what was read is what is decided on.
    context.new_id(lab.extension.is_some(), "a request for an extension of lab", id)?;
    may_extend(context, lab, extension)?;
    Ok(vec![Change::LabExtensionRequested { lab: id.clone(), extension: Box::new(extension.clone()) }])
}

pub(super) fn accept_extension(
    context: &Context<'_>,
    id: &LabId,
    document: &Digest,
    factors: &Factors,
) -> Made {
    let lab = context.state.lab(id)?;
    let extension = asked(context, lab, document)?;
    may_extend(context, lab, extension)?;
    weighed(context, factors)?;
    Ok(vec![Change::LabExtended { lab: id.clone(), factors: factors.clone() }])
}

pub(super) fn reject_extension(
    context: &Context<'_>,
    id: &LabId,
    document: &Digest,
    factors: &Factors,
) -> Made {
    asked(context, context.state.lab(id)?, document)?;
    weighed(context, factors)?;
    Ok(vec![Change::LabExtensionRejected { lab: id.clone(), factors: factors.clone() }])
}
