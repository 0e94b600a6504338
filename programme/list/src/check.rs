//! Whether a published list holds together. A verifier refuses a list that does not: it would answer by chance.

use crate::{ComponentsError, Fingerprint, PublishedList};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// Why a document is no published list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// Not of this format.
    #[error("not a published list: {0}")]
    Json(#[from] serde_json::Error),
    /// Its times contradict each other.
    #[error("it is as of {as_of} and fresh until {fresh_until}, which is not later")]
    Times {
        /// When it was made.
        as_of: Timestamp,
        /// Until when it is fresh.
        fresh_until: Timestamp,
    },
    /// An entry twice.
    #[error("entry `{0}` stands there twice")]
    RepeatedEntry(String),
    /// A version twice in an entry.
    #[error("entry `{entry}` has version `{version}` twice")]
    RepeatedVersion {
        /// Which entry.
        entry: String,
        /// Which version.
        version: String,
    },
    /// A component set that no device can answer with.
    #[error("entry `{entry}`, version `{version}`: {source}")]
    Components {
        /// Which entry.
        entry: String,
        /// Which version.
        version: String,
        /// What is wrong with it.
        source: ComponentsError,
    },
    /// The fingerprint is not that of the set beside it.
    #[error(
        "entry `{entry}`, version `{version}`: the fingerprint is {found}, and that of the set is {computed}"
    )]
    Fingerprint {
        /// Which entry.
        entry: String,
        /// Which version.
        version: String,
        /// What stands there.
        found: Fingerprint,
        /// What it has to be.
        computed: Fingerprint,
    },
    /// The same set in two places: which of them a device runs could not be said.
    #[error("entry `{entry}`, version `{version}` has the same component set as entry `{other}`")]
    RepeatedSet {
        /// Which entry.
        entry: String,
        /// Which version.
        version: String,
        /// The entry that has it too.
        other: String,
    },
}

impl PublishedList {
    /// Reads a list and checks it.
    ///
    /// # Errors
    /// Where it is not of this format, or does not hold together.
    pub fn from_json(bytes: &[u8]) -> Result<PublishedList, ListError> {
        let list: PublishedList = serde_json::from_slice(bytes)?;
        list.check()?;
        Ok(list)
    }

    /// Whether it holds together.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), ListError> {
        if self.fresh_until <= self.as_of {
            return Err(ListError::Times { as_of: self.as_of, fresh_until: self.fresh_until });
        }
        let mut entries = HashSet::new();
        let mut sets: HashMap<Fingerprint, &str> = HashMap::new();
        for entry in &self.entries {
            if !entries.insert(&entry.id) {
                return Err(ListError::RepeatedEntry(entry.id.clone()));
            }
            let mut versions = HashSet::new();
            for version in &entry.versions {
                let (entry, version_text) = (entry.id.clone(), version.version.clone());
                if !versions.insert(&version.version) {
                    return Err(ListError::RepeatedVersion { entry, version: version_text });
                }
                if let Err(source) = version.set.check() {
                    return Err(ListError::Components { entry, version: version_text, source });
                }
                let (found, computed) = (version.fingerprint, version.set.fingerprint());
                if found != computed {
                    return Err(ListError::Fingerprint { entry, version: version_text, found, computed });
                }
            }
            for version in &entry.versions {
                if let Some(other) = sets.insert(version.fingerprint, &entry.id) {
                    return Err(ListError::RepeatedSet {
                        entry: entry.id.clone(),
                        version: version.version.clone(),
                        other: other.to_owned(),
                    });
                }
            }
        }
        Ok(())
    }
}
