//! The verdict: what was found, of what, by which list.

use crate::{Finding, Listed, Tier, TrustVector};
use dtsec_list::{Fingerprint, OpenVulnerability};
use dtsec_token::{LifeCycle, Token};
use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::fmt;

/// How fresh the list is that a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// It is.
    Fresh,
    /// Its time has run out: there should be a newer one.
    Stale,
    /// It was made later than now: one of the two clocks is wrong.
    FromTheFuture,
}

/// Which list a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListTime {
    /// Its number.
    pub serial: u64,
    /// What it says is what was so then.
    pub as_of: Timestamp,
    /// Until when it was to be relied on.
    pub fresh_until: Timestamp,
    /// Whether it is.
    pub freshness: Freshness,
}

impl fmt::Display for ListTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "list {} as of {}, ", self.serial, self.as_of)?;
        match self.freshness {
            Freshness::Fresh => write!(f, "fresh until {}", self.fresh_until),
            Freshness::Stale => write!(f, "STALE since {}", self.fresh_until),
            Freshness::FromTheFuture => write!(f, "which is in the FUTURE: a clock is wrong"),
        }
    }
}

/// The verdict on a token.
#[derive(Debug, Clone)]
pub struct Verdict<'v> {
    /// What it comes down to.
    pub finding: Finding,
    /// More of it, for people; nothing where there is nothing to add.
    pub detail: String,
    /// What the token says. Whether it is proven is for the finding to say.
    pub token: Option<Token>,
    /// The fingerprint of what runs, where the token was proven.
    pub fingerprint: Option<Fingerprint>,
    /// The version of the list: the one that runs, or for findings that say so the nearest.
    pub listed: Option<Listed<'v>>,
    /// Who endorsed the key that signed.
    pub manufacturer: Option<String>,
    /// Which list it rests on.
    pub list: ListTime,
    /// When it was given.
    pub at: Timestamp,
}

impl Verdict<'_> {
    /// Its tier.
    pub fn tier(&self) -> Tier {
        self.finding.tier()
    }

    /// Its trustworthiness vector.
    pub fn vector(&self) -> TrustVector {
        self.finding.vector()
    }

    /// Whether exactly a certified version runs, with nothing open against it, by a fresh list.
    pub fn affirms(&self) -> bool {
        self.tier() == Tier::Affirming
    }

    /// Whether `listed` is what runs, and not just near to it.
    pub fn is_exact(&self) -> bool {
        matches!(
            self.finding,
            Finding::ListedAndClean
                | Finding::OpenVulnerability
                | Finding::ListedDeFacto
                | Finding::RevalidationRequired
                | Finding::StaleList
                | Finding::Removed
                | Finding::RemovedPendingRemediation
        )
    }

    /// What is open against the version that runs.
    pub fn open(&self) -> &[OpenVulnerability] {
        match &self.listed {
            Some(listed) if self.is_exact() => &listed.version.open,
            _ => &[],
        }
    }

    /// The state of the device's life, where the token says one.
    pub fn life_cycle(&self) -> Option<LifeCycle> {
        self.token.as_ref().map(|token| token.life_cycle)
    }
}

/// A version as a verdict names it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Named<'v> {
    entry: &'v str,
    product: &'v str,
    version: &'v str,
    identity: &'v str,
    developer: &'v str,
    exact: bool,
}

impl Serialize for Verdict<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Verdict", 14)?;
        out.serialize_field("finding", &self.finding)?;
        out.serialize_field("number", &self.finding.number())?;
        out.serialize_field("says", self.finding.says())?;
        out.serialize_field("detail", &self.detail)?;
        out.serialize_field("tier", &self.tier())?;
        out.serialize_field("vector", &self.vector())?;
        out.serialize_field("instance-id", &self.token.as_ref().map(|token| &token.instance_id))?;
        out.serialize_field("life-cycle", &self.life_cycle())?;
        out.serialize_field("fingerprint", &self.fingerprint)?;
        let named = self.listed.map(|Listed { entry, version }| Named {
            entry: &entry.id,
            product: &entry.product,
            version: &version.version,
            identity: &version.identity,
            developer: &entry.developer,
            exact: self.is_exact(),
        });
        out.serialize_field("listed", &named)?;
        out.serialize_field("open", self.open())?;
        out.serialize_field("manufacturer", &self.manufacturer)?;
        out.serialize_field("list", &self.list)?;
        out.serialize_field("at", &self.at)?;
        out.end()
    }
}
