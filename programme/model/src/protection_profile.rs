//! A CC Protection Profile, as far as the programme needs one: its threats, objectives, requirements with their
//! elements, and the assurance packages that it defines.

use crate::document::{Document, Kind, kind};
use crate::operations::Statement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

kind!(ProtectionProfileKind, ProtectionProfile, "protection-profile");

/// A Protection Profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProtectionProfile {
    /// What this is.
    pub kind: ProtectionProfileKind,
    /// Stable id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// When it was published, as exactly as it says.
    pub date: String,
    /// The edition of the CC that it follows.
    pub criteria: String,
    /// What it is about.
    #[serde(default)]
    pub scope: String,
    /// The threats.
    pub threats: Vec<Named>,
    /// The objectives for the device and for its environment.
    #[serde(default)]
    pub objectives: Vec<Named>,
    /// The requirements.
    pub requirements: Vec<Requirement>,
    /// The assurance packages: a profile defines its own.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// What of it is not known here, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<String>,
}

impl Document for ProtectionProfile {
    const KIND: Kind = Kind::ProtectionProfile;
}

/// Something with a name and a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Named {
    /// Its CC name: `T.NETWORK`.
    pub id: String,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// What it is.
    pub text: String,
}

/// A requirement: a CC component, or one that the profile defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Requirement {
    /// Its CC name: `FTP_ITC.1`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether a Security Target may leave it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Its elements.
    pub elements: Vec<Element>,
    /// The components that it depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
    /// Its notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An element of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Element {
    /// Its CC name: `FTP_ITC.1.1`.
    pub id: String,
    /// What it asks for.
    pub statement: Statement,
}

/// An assurance package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Package {
    /// Stable id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its components.
    pub components: Vec<String>,
}
