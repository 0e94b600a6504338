//! The token: claims set (RFC 9783 §4), Sig_structure and COSE_Sign1 (RFC 9052 §4.2, §4.4).
//!
//! The encoding is RFC 8949's core deterministic one (§4.2.1): shortest heads, definite lengths, keys in
//! ascending order. The claims set is encoded twice, once only to count it, because its length stands
//! before it both in the token and in what is signed; it is never held a second time.
//!
//! SFR: attestation-of-platform-genuineness, attestation-of-application-genuineness.

use crate::claims::{CertificationReference, MAX_SERVICE_BYTES};
use crate::key::{AttestationKey, INSTANCE_ID_BYTES, SIGNATURE_BYTES};
use crate::{AttestError, Claims};
use cdd_boot::{PartEntry, PartId};
use cdd_crypto::digest::{Hash, Hasher};
use core::fmt::Write as _;
use minicbor::Encoder;
use minicbor::data::Tag;
use minicbor::encode::{Error, Write};

/// The profile that every token names (RFC 9783 §4.5.2 and §5.2).
pub const PROFILE: &str = "tag:psacertified.org,2023:psa#tfm";
/// Lengths that a challenge may have, in bytes (RFC 9783 §4.1.1).
pub const NONCE_SIZES: [usize; 3] = [32, 48, 64];

/// CWT claim keys (RFC 9783 Table 2; RFC 9711 for the first four).
mod label {
    pub(super) const NONCE: u16 = 10;
    pub(super) const UEID: u16 = 256;
    pub(super) const EAT_PROFILE: u16 = 265;
    pub(super) const BOOT_SEED: u16 = 268;
    pub(super) const CLIENT_ID: u16 = 2394;
    pub(super) const SECURITY_LIFECYCLE: u16 = 2395;
    pub(super) const IMPLEMENTATION_ID: u16 = 2396;
    pub(super) const CERTIFICATION_REFERENCE: u16 = 2398;
    pub(super) const SOFTWARE_COMPONENTS: u16 = 2399;
    pub(super) const VERIFICATION_SERVICE: u16 = 2400;
}

/// Keys of a software component (RFC 9783 §4.4.1).
mod component {
    pub(super) const MEASUREMENT_TYPE: u8 = 1;
    pub(super) const MEASUREMENT_VALUE: u8 = 2;
    pub(super) const VERSION: u8 = 4;
    pub(super) const SIGNER_ID: u8 = 5;
    pub(super) const MEASUREMENT_DESCRIPTION: u8 = 6;
}

const MANDATORY_CLAIMS: u64 = 7;
/// Name of the hash in the registry of named information hash algorithms.
const MEASUREMENT_DESCRIPTION: &str = "sha-256";
/// The protected header, encoded: `{1: -7}`, alg = ES256 (RFC 9053 §2.1).
const PROTECTED: &[u8] = &[0xA1, 0x01, 0x26];
const COSE_SIGN1: u64 = 18;
const SIGNATURE_CONTEXT: &str = "Signature1";
/// `255.255.65535+4294967295`
const MAX_VERSION_BYTES: usize = 24;

/// Length of the longest token there can be.
pub const MAX_TOKEN_BYTES: usize = {
    let mut components = head(PartId::ALL.len());
    let mut at = 0;
    while at < PartId::ALL.len() {
        let texts = string(PartId::ALL[at].name().len())
            + string(MAX_VERSION_BYTES)
            + string(MEASUREMENT_DESCRIPTION.len());
        components += head(5) + 5 + texts + 2 * string(32);
        at += 1;
    }
    let keys = 1 + 9 * 3;
    let mandatory =
        string(64) + string(INSTANCE_ID_BYTES) + string(PROFILE.len()) + 5 + 3 + string(32) + components;
    let optional = string(32) + string(CertificationReference::BYTES) + string(MAX_SERVICE_BYTES);
    enclosed(head(10) + keys + mandatory + optional)
};

/// Bytes of the head of an item with this length (RFC 8949 §3).
const fn head(len: usize) -> usize {
    match len {
        0..24 => 1,
        24..256 => 2,
        _ => 3,
    }
}

/// Bytes of a byte or text string of this length.
const fn string(len: usize) -> usize {
    head(len) + len
}

/// Bytes of the COSE_Sign1 around a claims set of this length: tag, array, headers, claims, signature.
const fn enclosed(claims: usize) -> usize {
    1 + 1 + string(PROTECTED.len()) + 1 + string(claims) + string(SIGNATURE_BYTES)
}

/// The exact length of the token for a challenge of `nonce_len` bytes
/// (`psa_initial_attest_get_token_size`, PSA Attestation API 2.0 §4.5.2).
///
/// It stays the same until the next reset: neither the challenge's value nor the signature changes it.
pub fn size(claims: &Claims<'_>, nonce_len: usize) -> Result<usize, AttestError> {
    let mut nonce = [0u8; 64];
    let nonce = nonce.get_mut(..nonce_len).ok_or(AttestError::NonceLength)?;
    check(claims, nonce)?;
    claims_length(claims, &[0; INSTANCE_ID_BYTES], nonce).map(enclosed)
}

/// Writes the token for the challenge `nonce` to the front of `out` and returns its length
/// (`psa_initial_attest_get_token`, PSA Attestation API 2.0 §4.5.1).
///
/// `out` needs [`size`] bytes, at most [`MAX_TOKEN_BYTES`]. When refused, all of `out` is zero.
pub fn issue(
    claims: &Claims<'_>,
    key: &AttestationKey,
    nonce: &[u8],
    out: &mut [u8],
) -> Result<usize, AttestError> {
    let issued = try_issue(claims, key, nonce, out);
    if issued.is_err() {
        out.fill(0);
    }
    issued
}

fn try_issue(
    claims: &Claims<'_>,
    key: &AttestationKey,
    nonce: &[u8],
    out: &mut [u8],
) -> Result<usize, AttestError> {
    check(claims, nonce)?;
    let claims_len = claims_length(claims, key.instance_id(), nonce)?;
    if out.len() < enclosed(claims_len) {
        return Err(AttestError::BufferTooSmall);
    }
    let mut out = Output { out, at: 0 };
    let mut hasher = Hasher::new(Hash::Sha256);
    enclose(&mut out, &mut hasher, claims_len as u64)?;
    let sink = Sink { out: Some(&mut out), hasher: Some(&mut hasher), length: 0 };
    claims_set(&mut Encoder::new(sink), claims, key.instance_id(), nonce)?;
    let mut digest = [0u8; 32];
    hasher.finish(&mut digest);
    let sink = Sink { out: Some(&mut out), hasher: None, length: 0 };
    Encoder::new(sink).bytes(&key.sign(&digest)?)?;
    Ok(out.at)
}

fn check(claims: &Claims<'_>, nonce: &[u8]) -> Result<(), AttestError> {
    if !NONCE_SIZES.contains(&nonce.len()) {
        return Err(AttestError::NonceLength);
    }
    claims.check()
}

/// Everything that comes before the claims set: to the token, and as Sig_structure to the hash.
fn enclose(out: &mut Output<'_>, hasher: &mut Hasher, claims_len: u64) -> Result<(), Error<Full>> {
    let mut token = Encoder::new(Sink { out: Some(out), hasher: None, length: 0 });
    token.tag(Tag::new(COSE_SIGN1))?.array(4)?.bytes(PROTECTED)?.map(0)?.bytes_len(claims_len)?;
    let mut signed = Encoder::new(Sink { out: None, hasher: Some(hasher), length: 0 });
    // Context, protected header, no external data, payload.
    signed.array(4)?.str(SIGNATURE_CONTEXT)?.bytes(PROTECTED)?.bytes(&[])?.bytes_len(claims_len)?.ok()
}

fn claims_length(
    claims: &Claims<'_>,
    instance_id: &[u8; INSTANCE_ID_BYTES],
    nonce: &[u8],
) -> Result<usize, AttestError> {
    let mut counted = Encoder::new(Sink { out: None, hasher: None, length: 0 });
    claims_set(&mut counted, claims, instance_id, nonce)?;
    Ok(counted.writer().length)
}

fn claims_set(
    e: &mut Encoder<Sink<'_, '_>>,
    claims: &Claims<'_>,
    instance_id: &[u8; INSTANCE_ID_BYTES],
    nonce: &[u8],
) -> Result<(), Error<Full>> {
    let optional = [
        claims.boot_seed.is_some(),
        claims.certification_reference.is_some(),
        claims.verification_service.is_some(),
    ];
    e.map(MANDATORY_CLAIMS + optional.into_iter().map(u64::from).sum::<u64>())?;
    e.u16(label::NONCE)?.bytes(nonce)?;
    e.u16(label::UEID)?.bytes(instance_id)?;
    e.u16(label::EAT_PROFILE)?.str(PROFILE)?;
    if let Some(seed) = claims.boot_seed {
        e.u16(label::BOOT_SEED)?.bytes(seed)?;
    }
    e.u16(label::CLIENT_ID)?.i32(claims.client_id.get())?;
    e.u16(label::SECURITY_LIFECYCLE)?.u16(claims.life_cycle())?;
    e.u16(label::IMPLEMENTATION_ID)?.bytes(claims.implementation_id)?;
    if let Some(reference) = claims.certification_reference {
        e.u16(label::CERTIFICATION_REFERENCE)?.str(reference.as_str())?;
    }
    e.u16(label::SOFTWARE_COMPONENTS)?.array(claims.parts().count() as u64)?;
    for (part, entry) in claims.parts() {
        software_component(e, part, entry)?;
    }
    if let Some(service) = claims.verification_service {
        e.u16(label::VERIFICATION_SERVICE)?.str(service)?;
    }
    Ok(())
}

/// A part: its role as measurement type, and what boot recorded of it. Boot itself has no signer, for it
/// never changes; its signer ID, which must be there (RFC 9783 §4.4.1.4), is the record's zeros.
fn software_component(
    e: &mut Encoder<Sink<'_, '_>>,
    part: PartId,
    entry: &PartEntry,
) -> Result<(), Error<Full>> {
    let mut version = Version { text: [0; MAX_VERSION_BYTES], len: 0 };
    // Long enough for every version.
    let _ = write!(version, "{}", entry.version());
    e.map(5)?;
    e.u8(component::MEASUREMENT_TYPE)?.str(part.name())?;
    e.u8(component::MEASUREMENT_VALUE)?.bytes(&entry.measurement)?;
    e.u8(component::VERSION)?.str(version.as_str())?;
    e.u8(component::SIGNER_ID)?.bytes(&entry.signer)?;
    e.u8(component::MEASUREMENT_DESCRIPTION)?.str(MEASUREMENT_DESCRIPTION)?.ok()
}

struct Version {
    text: [u8; MAX_VERSION_BYTES],
    len: usize,
}

impl Version {
    fn as_str(&self) -> &str {
        core::str::from_utf8(self.text.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }
}

impl core::fmt::Write for Version {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let free = self.text.get_mut(self.len..).and_then(|free| free.get_mut(..text.len()));
        free.ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = self.len.saturating_add(text.len());
        Ok(())
    }
}

/// The output has no room left.
#[derive(Debug, Clone, Copy)]
struct Full;

impl From<Error<Full>> for AttestError {
    fn from(_: Error<Full>) -> AttestError {
        AttestError::BufferTooSmall
    }
}

struct Output<'o> {
    out: &'o mut [u8],
    at: usize,
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let free = self.out.get_mut(self.at..).and_then(|free| free.get_mut(..bytes.len()));
        free.ok_or(Full)?.copy_from_slice(bytes);
        self.at = self.at.saturating_add(bytes.len());
        Ok(())
    }
}

/// Where an encoding goes: to the token, into the hash, to both, or nowhere, to be counted. One type, so that the
/// encoder is linked once; and to both from the same bytes: what is signed is never read back.
struct Sink<'s, 'o> {
    out: Option<&'s mut Output<'o>>,
    hasher: Option<&'s mut Hasher>,
    length: usize,
}

impl Write for Sink<'_, '_> {
    type Error = Full;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.length = self.length.saturating_add(bytes.len());
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.out.as_mut().map_or(Ok(()), |out| out.write(bytes))
    }
}
