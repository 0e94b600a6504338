//! Keys at rest: encrypted, and bound to their owner, number and attributes.
//!
//! | bytes | field |
//! |---|---|
//! | 0 | version, 1 |
//! | 1..17 | salt, random |
//! | 17..37 | attributes |
//! | 37.. | the key, then a 16-byte tag: AES-256-CCM |
//!
//! The key of each record is HMAC(wrapping key, salt ‖ owner ‖ id), so that a record has its own and the nonce
//! can be constant. Authenticated with it: owner, id, version, attributes. So a record that was moved to another
//! owner or number, whose policy was changed, or that comes from another device does not open.
//!
//! SFR: cryptographic-keystore.

use crate::material::Material;
use crate::{Attributes, Error, KeyId, MAX_KEY, Owner, SecureRandom};
use cdd_crypto::aead::{self, Aead, TAG};
use cdd_crypto::mac::hmac_sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const SALT: usize = 16;
const HEADER: usize = 1 + SALT + Attributes::SIZE;
const NONCE: [u8; 13] = [0; 13];
/// Size of the longest record in bytes.
pub const MAX_BLOB: usize = HEADER + MAX_KEY + TAG;

/// Wraps a key into the start of `out` and returns the size of the record.
pub(crate) fn wrap(
    root: &[u8; 32],
    random: &mut impl SecureRandom,
    owner: Owner,
    attributes: &Attributes,
    key: &Material,
    out: &mut [u8; MAX_BLOB],
) -> Result<usize, Error> {
    let mut salt = [0; SALT];
    random.fill(&mut salt)?;
    let record_key = record_key(root, &salt, owner, attributes.id);
    let attributes = attributes.to_bytes();
    let (head, body) = out.split_at_mut(HEADER);
    let head_from = [VERSION].into_iter().chain(salt).chain(attributes);
    head.iter_mut().zip(head_from).for_each(|(to, from)| *to = from);
    let size = aead::encrypt(Aead::Ccm, &*record_key, &NONCE, &aad(owner, &attributes), key.bytes(), body)?;
    Ok(HEADER.saturating_add(size))
}

/// Opens the record that the storage gave for this owner and number.
pub(crate) fn unwrap(
    root: &[u8; 32],
    owner: Owner,
    id: KeyId,
    blob: &[u8],
) -> Result<(Attributes, Material), Error> {
    let (&version, rest) = blob.split_first().ok_or(Error::DataCorrupt)?;
    let (salt, rest) = rest.split_first_chunk::<SALT>().ok_or(Error::DataCorrupt)?;
    let (attributes, body) = rest.split_first_chunk::<{ Attributes::SIZE }>().ok_or(Error::DataCorrupt)?;
    if version != VERSION {
        return Err(Error::DataInvalid);
    }
    let size = body.len().checked_sub(TAG).ok_or(Error::DataCorrupt)?;
    let mut key = Material::zero(size).map_err(|_| Error::DataCorrupt)?;
    let record_key = record_key(root, salt, owner, id);
    aead::decrypt(Aead::Ccm, &*record_key, &NONCE, &aad(owner, attributes), body, key.bytes_mut())
        .map_err(|_| Error::DataCorrupt)?;
    let attributes = Attributes::from_bytes(attributes);
    // Authentic, so this can only be our own mistake.
    if attributes.id != id || !attributes.is_persistent() {
        return Err(Error::DataInvalid);
    }
    Ok((attributes, key))
}

fn record_key(root: &[u8; 32], salt: &[u8; SALT], owner: Owner, id: KeyId) -> Zeroizing<[u8; 32]> {
    hmac_sha256(root, &[salt, &owner.0.to_be_bytes(), &id.to_be_bytes()])
}

fn aad(owner: Owner, attributes: &[u8; Attributes::SIZE]) -> [u8; 5 + Attributes::SIZE] {
    let mut aad = [0; 5 + Attributes::SIZE];
    let from = [VERSION].into_iter().chain(owner.0.to_be_bytes()).chain(*attributes);
    aad.iter_mut().zip(from).for_each(|(to, from)| *to = from);
    aad
}
