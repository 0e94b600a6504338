//! Endorsements: whose attestation keys count, and which no longer do.
//!
//! A million keys are looked up as fast as one: instance IDs are hashes, the index is a hash map, and what is behind it lies
//! in one array, some 200 bytes a key.

use crate::{Authority, Chain, ChainError, ImplementationId, InstanceId, PublicKey};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A manufacturer's word that a key is that of a genuine device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Endorsement {
    /// Which device.
    pub instance_id: InstanceId,
    /// Its attestation key.
    pub public_key: PublicKey,
    /// Which immutable platform it is, where the manufacturer says so: a token must then say the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation_id: Option<ImplementationId>,
}

/// That a key or a certificate no longer counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Revocation {
    /// What.
    pub revoked: Revoked,
    /// Since when it was not to be trusted.
    pub since: Timestamp,
    /// Why, in a word.
    pub because: String,
}

/// What is revoked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Revoked {
    /// The key of an instance, whether it was endorsed itself or by a certificate.
    Instance {
        /// Which.
        instance_id: InstanceId,
    },
    /// A certificate: of an authority, in between, or of one key. Everything that it leads to goes with it.
    Certificate {
        /// The SHA-256 over it in DER.
        sha256: crate::Fingerprint,
    },
}

/// Why an endorsement does not go in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndorseError {
    /// The instance has another key already.
    #[error(
        "instance {instance_id} is endorsed with another key by {by}; revoke that one and give the device a new ID"
    )]
    OtherKey {
        /// Which.
        instance_id: InstanceId,
        /// Whose endorsement it is.
        by: String,
    },
    /// So many there are not.
    #[error("more keys or manufacturers than can be counted")]
    TooMany,
}

/// The SHA-256 over each certificate that a key came by, the authority's last.
pub(crate) type Certificates = Box<[[u8; 32]]>;

/// What is behind an instance ID.
struct Kept {
    key: PublicKey,
    implementation_id: Option<ImplementationId>,
    manufacturer: u32,
    /// The certificates that it came by; mostly none, which takes no memory beyond the pointer.
    certificates: Certificates,
}

/// All endorsements that a verifier knows.
#[derive(Default)]
pub struct Endorsements {
    index: HashMap<InstanceId, u32>,
    kept: Vec<Kept>,
    manufacturers: Vec<String>,
    authorities: Vec<Authority>,
    revoked_instances: HashMap<InstanceId, Revocation>,
    revoked_certificates: HashMap<[u8; 32], Revocation>,
}

/// An endorsement as a verifier finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endorsed<'a> {
    /// The key.
    pub key: PublicKey,
    /// Which immutable platform it is, where the manufacturer says so.
    pub implementation_id: Option<ImplementationId>,
    /// Whose endorsement it is.
    pub manufacturer: &'a str,
    /// The SHA-256 over each certificate that it came by, the authority's last.
    pub certificates: Cow<'a, [[u8; 32]]>,
}

impl Endorsements {
    /// None yet.
    pub fn new() -> Endorsements {
        Endorsements::default()
    }

    /// How many keys are endorsed themselves.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is endorsed: neither a key nor an authority.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.authorities.is_empty()
    }

    /// Makes room, so that a million keys are not moved again and again.
    pub fn reserve(&mut self, keys: usize) {
        self.index.reserve(keys);
        self.kept.reserve(keys);
    }

    /// Adds an endorsement. The same one again changes nothing; answers whether it is new.
    ///
    /// # Errors
    /// Where the instance has another key already.
    pub fn endorse(&mut self, manufacturer: &str, endorsement: &Endorsement) -> Result<bool, EndorseError> {
        self.keep(manufacturer, endorsement, Box::default())
    }

    /// The same, with the certificates that it came by.
    pub(crate) fn keep(
        &mut self,
        manufacturer: &str,
        endorsement: &Endorsement,
        certificates: Certificates,
    ) -> Result<bool, EndorseError> {
        let number = u32::try_from(self.kept.len()).map_err(|_| EndorseError::TooMany)?;
        match self.index.entry(endorsement.instance_id) {
            Entry::Occupied(there) => {
                let kept = &self.kept[*there.get() as usize];
                let same = kept.key == endorsement.public_key
                    && kept.implementation_id == endorsement.implementation_id;
                if same {
                    return Ok(false);
                }
                Err(EndorseError::OtherKey {
                    instance_id: endorsement.instance_id,
                    by: self.manufacturers[kept.manufacturer as usize].clone(),
                })
            }
            Entry::Vacant(free) => {
                let manufacturer = match self.manufacturers.iter().rposition(|known| known == manufacturer) {
                    Some(at) => at,
                    None => {
                        self.manufacturers.push(manufacturer.to_owned());
                        self.manufacturers.len() - 1
                    }
                };
                let manufacturer = u32::try_from(manufacturer).map_err(|_| EndorseError::TooMany)?;
                let Endorsement { public_key: key, implementation_id, .. } = *endorsement;
                self.kept.push(Kept { key, implementation_id, manufacturer, certificates });
                free.insert(number);
                Ok(true)
            }
        }
    }

    /// Adds a manufacturer's authority, whose certificates endorse keys.
    pub fn authorise(&mut self, authority: Authority) {
        if !self.authorities.contains(&authority) {
            self.authorities.push(authority);
        }
    }

    /// Takes a key or a certificate out of use. It stays known, so that a verdict can say that it was revoked. The earliest
    /// revocation counts.
    pub fn revoke(&mut self, revocation: Revocation) {
        fn put<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Revocation>, key: K, new: Revocation) {
            match map.entry(key) {
                Entry::Occupied(there) if there.get().since <= new.since => {}
                Entry::Occupied(mut there) => {
                    there.insert(new);
                }
                Entry::Vacant(free) => {
                    free.insert(new);
                }
            }
        }
        match revocation.revoked.clone() {
            Revoked::Instance { instance_id } => put(&mut self.revoked_instances, instance_id, revocation),
            Revoked::Certificate { sha256 } => {
                put(&mut self.revoked_certificates, *sha256.as_bytes(), revocation);
            }
        }
    }

    /// The keys that are endorsed themselves, in the order in which they were.
    pub fn keys(&self) -> impl Iterator<Item = (InstanceId, Endorsed<'_>)> {
        let mut order: Vec<(u32, InstanceId)> = self.index.iter().map(|(id, at)| (*at, *id)).collect();
        order.sort_unstable();
        order.into_iter().filter_map(|(_, id)| Some((id, self.of(&id)?)))
    }

    /// The manufacturers' authorities.
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// What was taken out of use, the earliest first.
    pub fn revocations(&self) -> impl Iterator<Item = &Revocation> {
        let all = self.revoked_instances.values().chain(self.revoked_certificates.values());
        let mut all: Vec<&Revocation> = all.collect();
        all.sort_unstable_by_key(|one| (one.since, &one.revoked));
        all.into_iter()
    }

    /// The endorsement of an instance, whether it was revoked or not.
    pub fn of(&self, instance_id: &InstanceId) -> Option<Endorsed<'_>> {
        let kept = self.kept.get(*self.index.get(instance_id)? as usize)?;
        Some(Endorsed {
            key: kept.key,
            implementation_id: kept.implementation_id,
            manufacturer: self.manufacturers.get(kept.manufacturer as usize)?,
            certificates: Cow::Borrowed(&kept.certificates),
        })
    }

    /// The endorsement that a chain of certificates gives.
    ///
    /// # Errors
    /// Where it leads to none of the authorities at this time.
    pub fn by_chain(&self, chain: &Chain, now: Timestamp) -> Result<Endorsed<'_>, ChainError> {
        let (key, authority) = chain.verify(&self.authorities, now)?;
        let certificates = chain.fingerprints().chain([authority.fingerprint()]).collect();
        Ok(Endorsed { key, implementation_id: None, manufacturer: authority.manufacturer(), certificates })
    }

    /// Why an endorsement no longer counts: the instance was revoked, or a certificate that it came by.
    ///
    /// Signatures of tokens bear no date, so that nothing that a revoked key signed counts, whenever it did.
    pub fn revocation(&self, instance_id: &InstanceId, endorsed: &Endorsed<'_>) -> Option<&Revocation> {
        let certificate = || endorsed.certificates.iter().find_map(|one| self.revoked_certificates.get(one));
        // Hashing is spared while nothing is revoked.
        let instance = (!self.revoked_instances.is_empty()).then(|| self.revoked_instances.get(instance_id));
        instance.flatten().or_else(certificate)
    }
}
