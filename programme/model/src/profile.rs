//! A SESIP profile: what a Security Target that claims it must hold.

use crate::assurance::Level;
use crate::document::{Document, Kind, kind};
use crate::operations::Statement;
use crate::threat::Threat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

kind!(ProfileKind, SesipProfile, "sesip-profile");

/// A SESIP profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SesipProfile {
    /// What this is.
    pub kind: ProfileKind,
    /// Stable id.
    pub id: String,
    /// The number of the official document.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// When it was published, as exactly as it says.
    pub date: String,
    /// Where the wording comes from.
    pub wording: Wording,
    /// The level that it asks for.
    pub level: Level,
    /// The protection profile whose requirements it supports, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection_profile: Option<String>,
    /// Its sections, in their order, subsections behind their section.
    pub sections: Vec<Section>,
    /// The documents that it refers to.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Terms and abbreviations.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// Its versions.
    #[serde(default)]
    pub revisions: Vec<Revision>,
    /// The rows by which a platform is identified.
    pub identification: Vec<IdentificationRow>,
    /// Notes outside the requirements.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// The threats.
    pub threats: Vec<ProfileThreat>,
    /// The platform's main security features.
    #[serde(default)]
    pub features: Vec<String>,
    /// The objectives that it puts on the environment.
    pub objectives: Vec<ProfileObjective>,
    /// The requirements, in their order.
    pub requirements: Vec<ProfileRequirement>,
    /// The table that maps the level's components to the Security Target.
    #[serde(default)]
    pub assurance: Vec<AssuranceRow>,
    /// The table that maps the protection profile to the requirements.
    #[serde(default)]
    pub mapping: Vec<MappingRow>,
    /// Where the official document contradicts itself, and how it is read here.
    #[serde(default)]
    pub deviations: Vec<Deviation>,
}

impl Document for SesipProfile {
    const KIND: Kind = Kind::SesipProfile;
}

impl SesipProfile {
    /// The requirement of this id.
    pub fn requirement(&self, id: &str) -> Option<&ProfileRequirement> {
        self.requirements.iter().find(|requirement| requirement.id == id)
    }

    /// The objective of this id.
    pub fn objective(&self, id: &str) -> Option<&ProfileObjective> {
        self.objectives.iter().find(|objective| objective.id == id)
    }

    /// Every note, wherever it stands.
    pub fn all_notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().chain(self.requirements.iter().flat_map(|requirement| &requirement.notes))
    }
}

/// Where the wording of a profile comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wording {
    /// From the official document, which has this SHA-256.
    Official {
        /// In hex.
        sha256: String,
    },
    /// This project's own summaries.
    Summaries,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Section {
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Whether it may go in a Security Target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removable: bool,
    /// Its paragraphs, where they are not placed elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// What the writer of a Security Target is told here, to be obeyed and removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<String>,
}

/// A document that is referred to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reference {
    /// How it is cited.
    pub id: String,
    /// Its title or number.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Its edition; the latest where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
}

/// A term or an abbreviation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Term {
    /// The term.
    pub term: String,
    /// What it means.
    pub meaning: String,
}

/// A version in the document's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Revision {
    /// When, as it says.
    pub date: String,
    /// Which.
    pub version: String,
    /// What it was.
    pub description: String,
}

/// A row of the table that identifies a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IdentificationRow {
    /// Stable id.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// What a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// To be copied into a Security Target, and applied.
    Application,
    /// May be copied.
    Informational,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Note {
    /// Stable id: the requirement or section, and a number.
    pub id: String,
    /// What it is.
    #[serde(rename = "note")]
    pub kind: NoteKind,
    /// What it says.
    pub text: String,
}

/// A threat, as the profile words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProfileThreat {
    /// Which.
    pub id: Threat,
    /// Its title.
    pub title: String,
    /// The section.
    pub section: String,
    /// What it is.
    pub text: String,
}

/// An objective for the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProfileObjective {
    /// Stable id.
    pub id: String,
    /// What it asks for.
    pub statement: Statement,
    /// When it applies.
    #[serde(default, skip_serializing_if = "ObjectiveApplies::is_default")]
    pub applies: ObjectiveApplies,
}

/// When an objective applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectiveApplies {
    /// In every Security Target.
    #[default]
    Always,
    /// Where a physical-attack requirement is claimed.
    WithPhysicalResistance,
    /// Where none is.
    WithoutPhysicalResistance,
    /// Where secure debugging is struck through because the integrator disables it.
    WithoutDebugging,
}

impl ObjectiveApplies {
    fn is_default(&self) -> bool {
        *self == ObjectiveApplies::default()
    }
}

/// Whether a Security Target must claim a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Obligation {
    /// It must.
    Mandatory,
    /// It may: an optional requirement of the protection profile.
    OptionalInProtectionProfile,
    /// It may: beyond the protection profile.
    OptionalBeyondProtectionProfile,
}

impl Obligation {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Obligation::Mandatory => "mandatory",
            Obligation::OptionalInProtectionProfile | Obligation::OptionalBeyondProtectionProfile => {
                "optional"
            }
        }
    }
}

/// Whether and how a requirement may be struck through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strike {
    /// Not at all.
    #[default]
    Forbidden,
    /// With an argument under ALC_FLR.2 why updates are not needed.
    WithFlawRemediationArgument,
    /// Where there is no debugging after delivery; with an objective for the environment, and its place in the
    /// guidance, where the integrator disables it.
    WithoutDebuggingAfterDelivery,
}

impl Strike {
    fn is_default(&self) -> bool {
        *self == Strike::default()
    }
}

/// A requirement of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProfileRequirement {
    /// The id in the SESIP catalogue.
    pub id: String,
    /// Its title in this profile.
    pub title: String,
    /// The section.
    pub section: String,
    /// Mandatory or optional.
    pub obligation: Obligation,
    /// What it asks for.
    pub statement: Statement,
    /// What the profile adds to SESIP's requirement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Whether it may be struck through.
    #[serde(default, skip_serializing_if = "Strike::is_default")]
    pub strike: Strike,
    /// Whether the ids of security strength apply: nothing below 128 bits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_strength: bool,
    /// Its notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What the writer of a Security Target is told here, to be obeyed and removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<String>,
}

/// A row of the assurance table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AssuranceRow {
    /// The component.
    pub component: String,
    /// What covers it.
    #[serde(default)]
    pub covered_by: String,
    /// Why that is enough.
    #[serde(default)]
    pub rationale: String,
}

/// A row of the table that maps the protection profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MappingRow {
    /// The requirement of the protection profile.
    pub requirement: String,
    /// Whether it is optional there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The SESIP requirements that cover it; none where the application must.
    #[serde(default)]
    pub covered_by: Vec<String>,
    /// The iterations that the covering requirement needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iterations: Vec<String>,
    /// Why that is enough.
    #[serde(default)]
    pub rationale: String,
}

/// Where the official document contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Deviation {
    /// Stable id.
    pub id: String,
    /// Where.
    pub place: String,
    /// What stands there.
    pub found: String,
    /// How it is read here.
    pub read_as: String,
}
