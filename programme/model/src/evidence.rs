//! Evidence: what was run on what, and what was seen. One bundle for each run.

use crate::document::{Document, Kind, kind};
use crate::etr::Verdict;
use crate::threat::Threat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

kind!(EvidenceKind, Evidence, "evidence");

/// The evidence of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvidenceBundle {
    /// What this is.
    pub kind: EvidenceKind,
    /// What was run.
    pub run: Run,
    /// What was seen.
    pub results: Vec<TestResult>,
    /// Files that go with it.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

impl Document for EvidenceBundle {
    const KIND: Kind = Kind::Evidence;
}

/// A run: everything that is needed to do it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    /// Unique; results are cited as `run/test`.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// What was tested.
    pub target: String,
    /// The images on it.
    pub images: Vec<Image>,
    /// The machine that the tool ran on.
    pub host: String,
    /// What chance was drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
}

/// An image on the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Image {
    /// The part of the platform, or the application.
    pub part: String,
    /// Its version.
    pub version: String,
    /// In hex.
    pub sha256: String,
}

/// What a test is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TestKind {
    /// That what must work does.
    Functional,
    /// That what must not work does not.
    Attack,
    /// That the same holds under many faults.
    Campaign,
}

/// The result of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestResult {
    /// Stable id of the test.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Functional test, attack or campaign.
    #[serde(rename = "test")]
    pub kind: TestKind,
    /// The requirements that it serves.
    pub requirements: Vec<String>,
    /// The threats that it acts out.
    #[serde(default)]
    pub threats: Vec<Threat>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    #[serde(default)]
    pub observation: String,
}

/// A file that goes with evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Attachment {
    /// Its name, relative to the bundle.
    pub name: String,
    /// In hex.
    pub sha256: String,
    /// What it is.
    pub description: String,
}
