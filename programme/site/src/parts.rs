//! The parts as pages need them, borrowed from what is published.

use crate::{Input, SiteError};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that pages show.
pub(crate) struct All<'a> {
    pub(crate) entries: BTreeMap<&'a str, Entry<'a>>,
    pub(crate) labs: BTreeMap<&'a str, Lab<'a>>,
    pub(crate) profiles: BTreeMap<&'a str, Profile<'a>>,
    pub(crate) advisories: Vec<Advisory<'a>>,
    /// For an entry and a version: the advisories that name it, by their places, and as what.
    pub(crate) advised: BTreeMap<(&'a str, &'a str), Vec<(usize, Said)>>,
}

/// What an advisory says of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Affected,
    Investigated,
    Fixed,
    NotAffected,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: Kind<'a>,
    pub(crate) developer: &'a str,
    pub(crate) product: &'a str,
    pub(crate) class: &'a str,
    #[serde(borrow)]
    pub(crate) profile: Option<&'a str>,
    pub(crate) st: &'a str,
    pub(crate) editions: Editions<'a>,
    pub(crate) components: Vec<&'a str>,
    pub(crate) claims: Vec<&'a str>,
    pub(crate) versions: Vec<Version<'a>>,
    pub(crate) state: State<'a>,
    pub(crate) history: Vec<Trace<'a>>,
    pub(crate) last_reviewed: &'a str,
    pub(crate) searched: &'a str,
    #[serde(default)]
    pub(crate) de_facto: Vec<&'a str>,
    /// What is known against each version.
    #[serde(default, borrow)]
    known: BTreeMap<&'a str, Vec<Open<'a>>>,
    /// For verifiers.
    #[serde(default)]
    pub(crate) attestation: Option<Attestation<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Kind<'a> {
    #[serde(borrow)]
    pub(crate) kind: &'a str,
    #[serde(default)]
    pub(crate) certificate: Option<&'a str>,
    #[serde(default)]
    pub(crate) lab: Option<&'a str>,
    #[serde(default)]
    pub(crate) base: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Editions<'a> {
    pub(crate) criteria: &'a str,
    pub(crate) methodology: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Version<'a> {
    pub(crate) version: &'a str,
    pub(crate) identity: &'a str,
    pub(crate) since: Timestamp,
    pub(crate) basis: Basis<'a>,
    pub(crate) standing: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Basis<'a> {
    pub(crate) by: &'a str,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct State<'a> {
    pub(crate) state: &'a str,
    #[serde(default, alias = "at", alias = "opened")]
    pub(crate) since: Option<Timestamp>,
    #[serde(default, borrow)]
    pub(crate) because: Option<&'a str>,
    #[serde(default)]
    pub(crate) closes: Option<&'a str>,
    #[serde(default)]
    pub(crate) by: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Trace<'a> {
    pub(crate) at: Timestamp,
    pub(crate) is: &'a str,
    pub(crate) because: &'a str,
}

/// Of what verifiers read, as much as people are told.
#[derive(Debug, Deserialize)]
pub(crate) struct Attestation<'a> {
    #[serde(borrow)]
    pub(crate) versions: Vec<Attested<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attested<'a> {
    pub(crate) version: &'a str,
    pub(crate) fingerprint: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Open<'a> {
    pub(crate) id: &'a str,
    pub(crate) severity: &'a str,
}

impl<'a> Entry<'a> {
    pub(crate) fn attested(&self, version: &str) -> Option<&Attested<'a>> {
        self.attestation.as_ref()?.versions.iter().find(|one| one.version == version)
    }

    /// What is known against a version and not mitigated there.
    pub(crate) fn open(&self, version: &str) -> &[Open<'a>] {
        self.known.get(version).map_or(&[], |known| known)
    }

    pub(crate) fn is_de_facto(&self) -> bool {
        self.kind.kind == "de-facto"
    }

    pub(crate) fn van(&self) -> u8 {
        self.components.iter().filter_map(|one| one.strip_prefix("AVA_VAN.")?.parse().ok()).max().unwrap_or(0)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Lab<'a> {
    pub(crate) id: &'a str,
    pub(crate) organisation: &'a str,
    #[serde(borrow)]
    pub(crate) application: Application<'a>,
    pub(crate) state: State<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Application<'a> {
    pub(crate) name: &'a str,
    pub(crate) accreditation: Accreditation<'a>,
    #[serde(borrow)]
    pub(crate) competence: BTreeMap<&'a str, Competence>,
    pub(crate) open_to_audit: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Accreditation<'a> {
    pub(crate) body: &'a str,
    pub(crate) expires: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Competence {
    pub(crate) van: u8,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Profile<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) version: &'a str,
    pub(crate) class: &'a str,
    pub(crate) document: &'a str,
    pub(crate) editions: Editions<'a>,
    #[serde(borrow)]
    pub(crate) packages: Vec<Package<'a>>,
    pub(crate) requirements: Vec<&'a str>,
    #[serde(default)]
    pub(crate) supersedes: Option<&'a str>,
    pub(crate) state: State<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package<'a> {
    pub(crate) id: &'a str,
    #[serde(borrow)]
    pub(crate) components: Vec<&'a str>,
}

/// An advisory, as far as pages and feeds show it.
pub(crate) struct Advisory<'a> {
    pub(crate) whole: &'a Value,
    pub(crate) document: Document<'a>,
    pub(crate) vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Document<'a> {
    pub(crate) title: &'a str,
    #[serde(default, borrow)]
    pub(crate) aggregate_severity: Option<Severity<'a>>,
    pub(crate) publisher: Publisher<'a>,
    pub(crate) tracking: Tracking<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Severity<'a> {
    pub(crate) text: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Publisher<'a> {
    pub(crate) category: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tracking<'a> {
    pub(crate) id: &'a str,
    pub(crate) version: &'a str,
    pub(crate) initial_release_date: Timestamp,
    pub(crate) current_release_date: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Vulnerability<'a> {
    #[serde(borrow)]
    pub(crate) product_status: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(default)]
    pub(crate) remediations: Vec<Remediation<'a>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Remediation<'a> {
    pub(crate) details: &'a str,
    #[serde(default, borrow)]
    pub(crate) product_ids: Vec<&'a str>,
}

impl<'a> Advisory<'a> {
    fn read(whole: &'a Value) -> Result<Self, serde_json::Error> {
        Ok(Self {
            whole,
            document: Document::deserialize(&whole["document"])?,
            vulnerabilities: Vec::deserialize(&whole["vulnerabilities"])?,
        })
    }

    /// Each version that it names, and what it says of it.
    pub(crate) fn products(&self) -> impl Iterator<Item = (&'a str, Said)> {
        let all = self.vulnerabilities.iter().flat_map(|one| &one.product_status);
        all.filter_map(|(status, products)| {
            let said = match *status {
                "known_affected" => Said::Affected,
                "under_investigation" => Said::Investigated,
                "fixed" => Said::Fixed,
                "known_not_affected" => Said::NotAffected,
                _ => return None,
            };
            Some(products.iter().map(move |product| (*product, said)))
        })
        .flatten()
    }

    /// What is to be done about it in a version.
    pub(crate) fn remedy(&self, product: &str) -> Option<&'a str> {
        let mut all = self.vulnerabilities.iter().flat_map(|one| &one.remediations);
        all.find(|one| one.product_ids.contains(&product)).map(|one| one.details)
    }
}

impl<'a> All<'a> {
    pub(crate) fn read(input: &Input<'a>) -> Result<Self, SiteError> {
        let mut all = Self {
            entries: BTreeMap::new(),
            labs: BTreeMap::new(),
            profiles: BTreeMap::new(),
            advisories: Vec::new(),
            advised: BTreeMap::new(),
        };
        for (name, state) in input.parts {
            let wrong = |problem| SiteError::Part { part: name.clone(), problem };
            match name.kind() {
                "entry" => {
                    let one = Entry::deserialize(state).map_err(wrong)?;
                    all.entries.insert(one.id, one);
                }
                "lab" => {
                    let one = Lab::deserialize(state).map_err(wrong)?;
                    all.labs.insert(one.id, one);
                }
                "pp" => {
                    let one = Profile::deserialize(state).map_err(wrong)?;
                    all.profiles.insert(one.id, one);
                }
                // What is for verifiers has no page.
                _ => {}
            }
        }
        for (number, whole) in input.advisories.iter().enumerate() {
            let wrong = |problem| SiteError::Advisory { number, problem };
            all.advisories.push(Advisory::read(whole).map_err(wrong)?);
        }
        // The newest first, everywhere.
        all.advisories.sort_by_key(|one| {
            let tracking = &one.document.tracking;
            (std::cmp::Reverse(tracking.current_release_date), tracking.id)
        });
        for (number, advisory) in all.advisories.iter().enumerate() {
            for (product, said) in advisory.products() {
                if let Some(key) = product.split_once(':') {
                    all.advised.entry(key).or_default().push((number, said));
                }
            }
        }
        Ok(all)
    }

    /// The IDs of what is known against a version and not mitigated there, by its part and by advisories.
    pub(crate) fn known(&self, entry: &Entry<'a>, version: &'a str) -> BTreeSet<&'a str> {
        let mut known: BTreeSet<&'a str> = entry.open(version).iter().map(|one| one.id).collect();
        for (number, said) in self.advised.get(&(entry.id, version)).into_iter().flatten() {
            if matches!(said, Said::Affected | Said::Investigated) {
                known.insert(self.advisories[*number].document.tracking.id);
            }
        }
        known
    }
}
