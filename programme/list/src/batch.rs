//! Endorsements as parts of the published tree: `endorsements/BATCH`.
//!
//! Whoever follows the log sees every change to whose keys count, and fetches only what is new: keys are appended, a
//! manufacturer's batches are filled one after another, and a full one never changes again. Nothing is taken out of a batch:
//! what no longer counts is revoked, so that a verdict can say so.

use crate::endorse::{Certificates, EndorseError, Endorsement, Endorsements, Revocation, Revoked};
use crate::{Authority, ChainError, Fingerprint, ImplementationId, InstanceId, PublicKey};
use base64::Engine as _;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What kind of part a batch is.
pub const KIND: &str = "endorsements";
/// The most records in a batch: some 150 KB, which is what a follower fetches for one new key.
pub const RECORDS: usize = 1_000;
/// Revocations are not a manufacturer's: they may be of a key that came by certificates only.
const REVOCATIONS: &str = "revocations";

/// A bounded number of endorsements of one manufacturer, or of revocations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Batch {
    /// Whose word the endorsements are; not there where there are revocations only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Certificates whose certificates endorse keys: one in PEM each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
    /// Keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<EndorsedKey>,
    /// What no longer counts, whoever endorsed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocations: Vec<Revocation>,
}

/// A key in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EndorsedKey {
    /// Which device; not there where it is the instance ID that is made of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceId>,
    /// Its attestation key.
    pub public_key: PublicKey,
    /// Which immutable platform it is, where the manufacturer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation_id: Option<ImplementationId>,
    /// The SHA-256 over each certificate that it came by, the authority's last: one that is revoked takes the key with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Fingerprint>,
}

/// Why a batch is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Endorsements of nobody.
    #[error("it has keys or authorities, and does not say of which manufacturer")]
    Nobody,
    /// An authority.
    #[error("authority {number}: {why}")]
    Authority {
        /// Which, from 0.
        number: usize,
        /// What is wrong.
        why: ChainError,
    },
    /// A key that contradicts another one.
    #[error("key {number}: {why}")]
    Key {
        /// Which, from 0.
        number: usize,
        /// What is wrong.
        why: EndorseError,
    },
}

/// The JSON Schema of a batch.
pub fn schema() -> Schema {
    schema_for!(Batch)
}

impl Batch {
    /// How many records it has.
    pub fn len(&self) -> usize {
        self.authorities.len() + self.keys.len() + self.revocations.len()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&mut self, record: Record) {
        match record {
            Record::Authority(pem) => self.authorities.push(pem),
            Record::Key(key) => self.keys.push(key),
            Record::Revocation(revocation) => self.revocations.push(revocation),
        }
    }
}

impl EndorsedKey {
    fn instance_id(&self) -> InstanceId {
        self.instance_id.unwrap_or_else(|| self.public_key.instance_id())
    }
}

impl Endorsements {
    /// Adds what a batch says. That the points of its keys lie on the curve was seen when they were enrolled: a signature of
    /// a key that does not would verify nothing.
    ///
    /// # Errors
    /// [`BatchError`]; then some of it may have been added.
    pub fn add(&mut self, batch: &Batch) -> Result<(), BatchError> {
        let nobody = batch.keys.is_empty() && batch.authorities.is_empty();
        let manufacturer = match &batch.manufacturer {
            Some(manufacturer) => manufacturer,
            None if nobody => "",
            None => return Err(BatchError::Nobody),
        };
        for (number, pem) in batch.authorities.iter().enumerate() {
            let authority = of_pem(manufacturer, pem);
            self.authorise(authority.map_err(|why| BatchError::Authority { number, why })?);
        }
        self.reserve(batch.keys.len());
        for (number, key) in batch.keys.iter().enumerate() {
            let EndorsedKey { public_key, implementation_id, .. } = *key;
            let endorsement = Endorsement { instance_id: key.instance_id(), public_key, implementation_id };
            let certificates: Certificates = key.certificates.iter().map(|one| *one.as_bytes()).collect();
            let kept = self.keep(manufacturer, &endorsement, certificates);
            kept.map_err(|why| BatchError::Key { number, why })?;
        }
        batch.revocations.iter().cloned().for_each(|one| self.revoke(one));
        Ok(())
    }
}

/// The batches that are new or change when all these endorsements are to be published and those batches are already.
///
/// `published` has the names of parts, `endorsements/…`; so has the answer.
pub fn changed(published: &BTreeMap<String, Batch>, all: &Endorsements) -> BTreeMap<String, Batch> {
    let keys: HashSet<InstanceId> =
        published.values().flat_map(|batch| &batch.keys).map(EndorsedKey::instance_id).collect();
    let authorities: HashSet<&str> =
        published.values().flat_map(|batch| &batch.authorities).map(String::as_str).collect();
    let mut revocations: HashMap<&Revoked, Timestamp> = HashMap::new();
    for one in published.values().flat_map(|batch| &batch.revocations) {
        let since = revocations.entry(&one.revoked).or_insert(one.since);
        *since = one.since.min(*since);
    }

    let mut records: BTreeMap<Option<&str>, Vec<Record>> = BTreeMap::new();
    for authority in all.authorities() {
        let pem = pem(authority.der());
        if !authorities.contains(&*pem) {
            records.entry(Some(authority.manufacturer())).or_default().push(Record::Authority(pem));
        }
    }
    for (instance_id, endorsed) in all.keys().filter(|(instance_id, _)| !keys.contains(instance_id)) {
        let key = EndorsedKey {
            instance_id: (endorsed.key.instance_id() != instance_id).then_some(instance_id),
            public_key: endorsed.key,
            implementation_id: endorsed.implementation_id,
            certificates: endorsed.certificates.iter().copied().map(Fingerprint::new).collect(),
        };
        records.entry(Some(endorsed.manufacturer)).or_default().push(Record::Key(key));
    }
    for one in all.revocations() {
        if revocations.get(&one.revoked).is_none_or(|since| one.since < *since) {
            records.entry(None).or_default().push(Record::Revocation(one.clone()));
        }
    }
    let mut changed = BTreeMap::new();
    for (manufacturer, records) in records {
        append(published, manufacturer, records, &mut changed);
    }
    changed
}

enum Record {
    Authority(String),
    Key(EndorsedKey),
    Revocation(Revocation),
}

/// Fills the last batch, then new ones.
fn append(
    published: &BTreeMap<String, Batch>,
    manufacturer: Option<&str>,
    records: Vec<Record>,
    changed: &mut BTreeMap<String, Batch>,
) {
    let prefix = prefix(manufacturer);
    let numbered = |name: &String| name.strip_prefix(&prefix)?.parse::<u64>().ok();
    let mut number = published.keys().filter_map(numbered).max().unwrap_or(1);
    let new = || Batch { manufacturer: manufacturer.map(str::to_owned), ..Batch::default() };
    let mut batch = published.get(&format!("{prefix}{number}")).cloned().unwrap_or_else(new);
    for record in records {
        if batch.len() >= RECORDS {
            let full = std::mem::replace(&mut batch, new());
            // One that was full before has not changed.
            if published.get(&format!("{prefix}{number}")) != Some(&full) {
                changed.insert(format!("{prefix}{number}"), full);
            }
            number += 1;
        }
        batch.put(record);
    }
    changed.insert(format!("{prefix}{number}"), batch);
}

/// What the names of a manufacturer's batches begin with. A name that does not fit into that of a file gives way to its digest;
/// the dot in it keeps both kinds apart.
fn prefix(manufacturer: Option<&str>) -> String {
    let Some(manufacturer) = manufacturer else { return format!("{KIND}/{REVOCATIONS}.") };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let plain = (1..=100).contains(&manufacturer.len()) && manufacturer.bytes().all(fits);
    if plain && manufacturer != REVOCATIONS {
        return format!("{KIND}/{manufacturer}.");
    }
    format!("{KIND}/sha256.{}.", hex::encode(Sha256::digest(manufacturer)))
}

fn of_pem(manufacturer: &str, pem: &str) -> Result<Authority, ChainError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| ChainError::Pem(error.to_string()))?;
    match &certificates[..] {
        [one] => Authority::new(manufacturer, one.to_vec()),
        other => Err(ChainError::Count { found: other.len() }),
    }
}

/// RFC 7468: lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for at in (0..text.len()).step_by(64) {
        pem.push_str(&text[at..text.len().min(at + 64)]);
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}
