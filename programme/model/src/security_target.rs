//! A Security Target: what is evaluated, what it claims, and how each claim is met and was assessed.

use crate::Date;
use crate::assurance::Level;
use crate::document::{Document, Kind, kind};
use crate::operations::Values;
use crate::profile::Reference;
use crate::threat::Threat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

kind!(SecurityTargetKind, SecurityTarget, "security-target");

/// A Security Target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SecurityTarget {
    /// What this is.
    pub kind: SecurityTargetKind,
    /// Its title.
    pub title: String,
    /// Its version: `n.0` major, `n.n` minor, `n.n.n` maintenance.
    pub version: String,
    /// Its date; none in a template.
    pub date: Option<Date>,
    /// Who writes it.
    pub organisation: String,
    /// The version of SESIP that it follows.
    pub sesip_version: String,
    /// The profile that it claims.
    pub profile: ProfileClaim,
    /// Who may read it.
    #[serde(default)]
    pub confidentiality: Confidentiality,
    /// What is evaluated.
    pub platform: Platform,
    /// The manuals for preparation and operation.
    pub guidance: Vec<GuidanceDocument>,
    /// The other documents that the level needs.
    pub documents: Vec<GuidanceDocument>,
    /// Documents that are referred to.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Other certificates.
    #[serde(default)]
    pub other_certifications: Vec<OtherCertification>,
    /// What the platform is for, and what belongs to it.
    pub overview: Overview,
    /// Where it is used.
    pub use_case: UseCase,
    /// Its life.
    pub life_cycle: LifeCycle,
    /// The threats, and what counters them.
    pub threats: Vec<ThreatTrace>,
    /// The objectives for the environment.
    pub objectives: Vec<Objective>,
    /// For a composition: the objectives of each certified part.
    #[serde(default)]
    pub inherited_objectives: Vec<InheritedObjective>,
    /// The assurance that is claimed.
    pub assurance: AssuranceClaim,
    /// The requirements that are claimed.
    pub requirements: Vec<Claim>,
    /// The notes of the profile that apply, each with how it was applied.
    pub notes: Vec<NoteApplied>,
    /// Passages that have no place of their own, by the number of the section of the profile.
    #[serde(default)]
    pub passages: Vec<Passage>,
}

impl Document for SecurityTarget {
    const KIND: Kind = Kind::SecurityTarget;
}

impl SecurityTarget {
    /// The claims on a requirement: one for each iteration.
    pub fn claims<'s>(&'s self, id: &'s str) -> impl Iterator<Item = &'s Claim> {
        self.requirements.iter().filter(move |claim| claim.id == id)
    }

    /// Every document that it lists: guidance, then the others.
    pub fn all_documents(&self) -> impl Iterator<Item = &GuidanceDocument> {
        self.guidance.iter().chain(&self.documents)
    }
}

/// The profile that is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProfileClaim {
    /// Its id.
    pub id: String,
    /// Its number.
    pub reference: String,
    /// Its version.
    pub version: String,
}

/// Who may read a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidentiality {
    /// Anybody.
    #[default]
    Public,
    /// Developer, lab and working group.
    Confidential,
}

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Platform {
    /// What kind of platform it is.
    #[serde(rename = "type")]
    pub platform_type: String,
    /// Whether it is a whole device's platform, or a component of one.
    #[serde(default)]
    pub role: PlatformRole,
    /// The rows of the profile's table of identification.
    pub identification: Vec<Identification>,
    /// The developer declares that only the certified product answers so.
    pub only_certified_products_identify_so: bool,
    /// Its parts, each with its version.
    pub parts: Vec<Part>,
    /// Certified parts of a composition.
    #[serde(default)]
    pub certified_parts: Vec<CertifiedPart>,
}

/// What a platform is in a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum PlatformRole {
    /// The platform of a device.
    #[default]
    Device,
    /// A component; of devices that are evaluated at this level.
    Component {
        /// The level of the devices that hold it.
        device_level: Level,
    },
}

/// A row of the table of identification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identification {
    /// The row's id in the profile.
    pub row: String,
    /// The value: exactly what the device answers.
    pub value: String,
    /// Where it is described how to see it.
    pub verified_in: Option<Place>,
}

/// A place in a listed document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Place {
    /// The document's id in this Security Target.
    pub document: String,
    /// Its section.
    pub section: String,
}

/// A part of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Part {
    /// Its name, as the device answers.
    pub name: String,
    /// What it is.
    pub what: PartKind,
    /// Its version.
    pub version: String,
    /// The row of the table of identification that shows it.
    pub row: String,
    /// How it is delivered, and in what form.
    pub delivery: String,
    /// What it does.
    pub description: String,
    /// Where it is physically separate from the other parts: the network protocol that links it to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_by: Option<String>,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A chip or a board.
    Hardware,
    /// Code that comes with it.
    Firmware,
    /// Code that is loaded.
    Software,
}

/// A part that has a certificate of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CertifiedPart {
    /// The part's name.
    pub part: String,
    /// The certificate's number.
    pub certificate: String,
    /// Its level.
    pub level: Level,
    /// Why a higher level holds for the whole, where it is claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised_by: Option<String>,
}

/// A document of the developer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GuidanceDocument {
    /// How it is cited here.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Where it lies, relative to the Security Target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The components that it serves.
    #[serde(default)]
    pub serves: Vec<String>,
}

/// A certificate by another scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OtherCertification {
    /// The scheme.
    pub scheme: String,
    /// The body.
    pub body: String,
    /// Its number.
    pub number: String,
    /// When it was given.
    pub date: Date,
}

/// What the platform is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Overview {
    /// What it is made of and runs.
    pub definition: String,
    /// What it does.
    pub functional: String,
    /// Where it ends.
    pub physical_scope: String,
    /// What belongs to it.
    pub in_scope: Vec<String>,
    /// What does not.
    pub out_of_scope: Vec<String>,
    /// What it needs beside it.
    pub required_non_platform: Vec<String>,
    /// Its main security features.
    pub features: Vec<String>,
}

/// Where it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UseCase {
    /// The conditions under which it is secure.
    pub environment: String,
    /// Whether people who are not trusted can reach it.
    pub untrusted_users: Exposure,
    /// Whether software that is not trusted can run on it.
    pub untrusted_software: Exposure,
}

/// Whether something may be, and what follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exposure {
    /// Whether it may be; none in a template.
    pub possible: Option<bool>,
    /// Why, and what protects against it.
    pub explanation: String,
}

/// The life of the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LifeCycle {
    /// Its phases, from design to end of life.
    pub phases: Vec<Phase>,
    /// How it gets from one state to another.
    pub transitions: Vec<Transition>,
    /// What trust begins with.
    pub roots_of_trust: Vec<RootOfTrust>,
    /// How keys come into it.
    pub key_provisioning: KeyProvisioning,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What happens in it.
    pub description: String,
    /// The states that a platform can be in.
    pub states: Vec<String>,
}

/// A transition between states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Transition {
    /// From this state.
    pub from: String,
    /// To this one.
    pub to: String,
    /// How it is secured.
    pub secured_by: String,
}

/// A root of trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RootOfTrust {
    /// Its name.
    pub name: String,
    /// For what.
    pub purpose: String,
    /// The phase in which it is put in.
    pub phase: String,
    /// The state that the platform is in then.
    pub state: String,
    /// How that is secured.
    pub secured_by: String,
}

/// How keys come into the platform: told here, or in the guidance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KeyProvisioning {
    /// What happens.
    pub description: String,
    /// Where it is told in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub described_in: Option<Place>,
}

/// A threat, and what counters it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ThreatTrace {
    /// The threat.
    pub threat: Threat,
    /// The requirements that counter it.
    pub requirements: Vec<String>,
    /// The objectives that do.
    #[serde(default)]
    pub objectives: Vec<String>,
    /// Why that is enough.
    pub rationale: String,
}

/// An objective for the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Objective {
    /// Its id: that of the profile, or a new one.
    pub id: String,
    /// Whether it is the profile's or an addition.
    #[serde(default)]
    pub origin: Origin,
    /// What the profile asks to be filled in.
    #[serde(default)]
    pub values: Values,
    /// For an addition: what it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// The places in the guidance that tell how it is met.
    pub guidance: Vec<Place>,
}

/// Where something comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// From the profile.
    #[default]
    Profile,
    /// Added in this Security Target.
    Addition,
}

/// An objective of a certified part, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InheritedObjective {
    /// The part.
    pub part: String,
    /// What it asks for.
    pub statement: String,
    /// How it is met.
    pub met: InheritedMet,
}

/// How an objective of a part is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum InheritedMet {
    /// By a requirement of this Security Target.
    ByRequirement(String),
    /// Passed on by an objective of this Security Target.
    ByObjective(String),
}

/// The assurance that is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AssuranceClaim {
    /// One for the whole, or several for parts of the requirements.
    pub levels: Vec<LevelClaim>,
    /// The flaw remediation, which stands in the Security Target.
    pub flaw_remediation: FlawRemediation,
    /// What covers each component.
    #[serde(default)]
    pub sufficiency: Vec<Sufficiency>,
}

/// A level, and what it is claimed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LevelClaim {
    /// The level.
    pub level: Level,
    /// Its components, every one by name.
    pub components: Vec<String>,
    /// The requirements that it is claimed for; all, where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<String>,
}

/// ALC_FLR.2 in the Security Target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FlawRemediation {
    /// What is done with a reported flaw.
    pub procedure: String,
    /// How anybody reports one.
    pub reporting: String,
    /// What "newer" means for an update.
    pub newer: String,
    /// Why updates are not needed, where secure update is struck through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_update_argument: Option<String>,
    /// Where it is told in full.
    pub described_in: Option<Place>,
}

/// What covers a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sufficiency {
    /// The component.
    pub component: String,
    /// The documents that cover it.
    pub covered_by: Vec<Place>,
    /// Why that is enough.
    pub rationale: String,
}

/// A requirement that is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claim {
    /// Its id in the SESIP catalogue.
    pub id: String,
    /// The name of this iteration, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<String>,
    /// Which of the iterations that the profile's mapping asks for it covers, as they are called there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// Whether it is the profile's or an addition.
    #[serde(default)]
    pub origin: Origin,
    /// For a requirement that SESIP's catalogue does not have: its title and wording, and that others may not
    /// recognise it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_catalogue: Option<OutsideCatalogue>,
    /// Where it is struck through: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub struck: Option<Struck>,
    /// What of it this version of the platform does not meet yet, where the Security Target is ahead of the platform:
    /// a requirement with this text cannot be certified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_yet_met: Option<String>,
    /// What the profile asks to be filled in.
    #[serde(default)]
    pub values: Values,
    /// What is changed in the profile's wording: only to make it stricter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refinements: Vec<Refinement>,
    /// The wording, where the Security Target was written elsewhere and carries it: it must be the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
    /// Cryptography that it names, so that its strength can be computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<Algorithm>,
    /// How it is met, and how that was assessed.
    pub rationale: Rationale,
}

impl Claim {
    /// Its id, and the iteration in brackets.
    pub fn name(&self) -> String {
        match &self.iteration {
            Some(iteration) => format!("{} ({iteration})", self.id),
            None => self.id.clone(),
        }
    }
}

/// A requirement outside SESIP's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OutsideCatalogue {
    /// Its title.
    pub title: String,
    /// What it asks for.
    pub statement: String,
    /// That other parties may not recognise it.
    pub disclaimer: String,
}

/// Why a requirement is struck through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Struck {
    /// The argument.
    pub argument: String,
    /// The objective for the environment that goes with it, where the integrator has something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
}

/// A change in the wording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Refinement {
    /// What is added.
    pub text: String,
    /// Why it makes the requirement stricter.
    pub why_stricter: String,
}

/// An algorithm, with what its strength depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Algorithm {
    /// Its name, as in the table of strengths.
    pub name: String,
    /// The sizes of keys, digests or curves, in bits.
    #[serde(default)]
    pub bits: Vec<u32>,
    /// The length of tags, in bits, where they are cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_bits: Option<u32>,
    /// Why a shorter tag is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
}

/// The two halves of a conformance rationale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rationale {
    /// How the platform meets the requirement.
    pub implementation: String,
    /// How that was assessed: tests, another standard, another party.
    pub assessment: String,
    /// Where the profile extends the requirement: how the extension is met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// A note of the profile, applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NoteApplied {
    /// The note's id in the profile. Its text is filled in when the Security Target is rendered.
    pub note: String,
    /// The text, where the Security Target was written elsewhere and carries it: it must be the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How it was applied.
    pub applied: String,
}

/// A passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Passage {
    /// The section of the profile.
    pub section: String,
    /// What is said there.
    pub text: String,
}
