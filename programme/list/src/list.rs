//! The published list: entries, versions, what is known against them, and how fresh that is.

use crate::{ComponentSet, Fingerprint};
use dtsec_model::Date;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

/// The name and version of this format.
pub const FORMAT: &str = "dtsec-published-list/1";

/// Says which format a document is in: this one and no other is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// [`FORMAT`]
    #[default]
    #[serde(rename = "dtsec-published-list/1")]
    V1,
}

/// The Evaluated Products List as it was at a moment.
///
/// Whoever reads it has proven beforehand that the publisher signed it; nothing in here can say that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PublishedList {
    /// Which format.
    pub format: Format,
    /// Its number: each publication has a higher one.
    pub serial: u64,
    /// What it says is what was so then.
    pub as_of: Timestamp,
    /// Until then a newer one need not be asked for.
    pub fresh_until: Timestamp,
    /// The entries; also those that were removed, so that a device that runs one is known to.
    pub entries: Vec<Entry>,
}

/// An entry: a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// Which: assigned once, never derived from what it holds.
    pub id: String,
    /// What it rests on.
    pub kind: Kind,
    /// Whose product.
    pub developer: String,
    /// The product.
    pub product: String,
    /// Its class of devices.
    pub class: String,
    /// Whether it stands.
    pub status: Status,
    /// When it was last looked at.
    pub last_reviewed: Date,
    /// When known vulnerabilities were last searched for.
    pub searched: Date,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
}

/// What an entry rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// An accepted report.
    Certified {
        /// The certificate.
        certificate: String,
        /// The lab.
        lab: String,
    },
    /// The developer's word, and random audits.
    DeFacto {
        /// The certified entry that it leans on.
        base: String,
    },
}

/// Whether an entry stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Status {
    /// It does.
    Listed,
    /// Not until what conflicts is remediated.
    RemovedPendingRemediation {
        /// Since.
        since: Timestamp,
        /// The class of the reason.
        because: String,
    },
    /// Not any more.
    Removed {
        /// Since.
        since: Timestamp,
        /// The class of the reason.
        because: String,
    },
}

/// A version of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Version {
    /// Its number.
    pub version: String,
    /// Exactly what it answers when it is asked who it is.
    pub identity: String,
    /// Since when it is in the entry.
    pub since: Timestamp,
    /// Whether it still stands.
    pub standing: Standing,
    /// The fingerprint of `set`: repeated, so that it can be searched for.
    pub fingerprint: Fingerprint,
    /// All that runs on a device of this version.
    pub set: ComponentSet,
    /// What is known against it and not mitigated in it.
    #[serde(default)]
    pub open: Vec<OpenVulnerability>,
}

/// Whether a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does.
    InForce,
    /// Not until it has been revalidated.
    RevalidationRequired,
}

/// A vulnerability that conflicts with the Security Target and is not mitigated in a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OpenVulnerability {
    /// Which.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// The advisory that says what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
}

/// How bad a vulnerability is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Little.
    Low,
    /// More.
    Medium,
    /// It could subvert what the product claims.
    High,
}

/// The JSON Schema of the published list.
pub fn schema() -> Schema {
    schema_for!(PublishedList)
}
