//! What a developer hands over as tables: functional specification, map of the sources, configuration list.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The functional specification's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FunctionalSpecification {
    /// What the table was made from, where it was made from the code itself.
    #[serde(default)]
    pub generated_from: Option<String>,
    /// The interfaces.
    pub interfaces: Vec<InterfaceRow>,
    /// Requirements that no interface shows, each with the reason.
    #[serde(default)]
    pub without_interface: BTreeMap<String, String>,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InterfaceRow {
    /// Its name.
    pub call: String,
    /// What it is for.
    pub purpose: String,
    /// How it is used.
    #[serde(default)]
    pub method: String,
    /// What it does.
    #[serde(default)]
    pub actions: String,
    /// The requirements that it serves.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// What it takes and gives.
    pub parameters: Vec<ParameterRow>,
    /// What it can answer instead.
    pub errors: Vec<ErrorRow>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ParameterRow {
    /// Its name.
    pub name: String,
    /// What it is, and what it may be.
    pub description: String,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ErrorRow {
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// The map from requirements to sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TraceMap {
    /// The places that implement each requirement.
    pub requirements: BTreeMap<String, Vec<String>>,
    /// Sources that serve no requirement and are not said to support any.
    #[serde(default)]
    pub unmapped: Vec<String>,
}

/// The configuration list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConfigurationList {
    /// The items.
    pub items: Vec<ConfigurationItem>,
}

/// A configuration item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConfigurationItem {
    /// The name of a part, or the id of a document.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its SHA-256, in hex.
    #[serde(default)]
    pub sha256: Option<String>,
}
