//! The list in memory: from a fingerprint to the version.

use dtsec_list::{Entry, Fingerprint, ImplementationId, ListError, PublishedList, Version};
use std::collections::HashMap;

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    entry: u32,
    version: u32,
}

/// A list with what is needed to find in it.
pub(crate) struct Index {
    list: PublishedList,
    by_fingerprint: HashMap<Fingerprint, Place>,
    /// For explanations only.
    by_implementation: HashMap<ImplementationId, Vec<Place>>,
}

/// A version of the list, with its entry.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'v> {
    /// The entry.
    pub entry: &'v Entry,
    /// The version.
    pub version: &'v Version,
}

impl Index {
    pub(crate) fn new(list: PublishedList) -> Result<Index, ListError> {
        list.check()?;
        let mut by_fingerprint = HashMap::with_capacity(list.entries.len());
        let mut by_implementation: HashMap<_, Vec<Place>> = HashMap::with_capacity(list.entries.len());
        for (entry, one) in (0..).zip(&list.entries) {
            for (version, found) in (0..).zip(&one.versions) {
                let place = Place { entry, version };
                by_fingerprint.insert(found.fingerprint, place);
                by_implementation.entry(found.set.implementation_id).or_default().push(place);
            }
        }
        Ok(Index { list, by_fingerprint, by_implementation })
    }

    pub(crate) const fn list(&self) -> &PublishedList {
        &self.list
    }

    pub(crate) fn find(&self, fingerprint: &Fingerprint) -> Option<Listed<'_>> {
        self.at(*self.by_fingerprint.get(fingerprint)?)
    }

    /// The versions on an immutable platform, the latest first.
    pub(crate) fn on(&self, implementation_id: &ImplementationId) -> impl Iterator<Item = Listed<'_>> {
        let places = self.by_implementation.get(implementation_id).map_or(&[][..], Vec::as_slice);
        places.iter().rev().filter_map(|place| self.at(*place))
    }

    fn at(&self, place: Place) -> Option<Listed<'_>> {
        let entry = self.list.entries.get(place.entry as usize)?;
        Some(Listed { entry, version: entry.versions.get(place.version as usize)? })
    }
}
