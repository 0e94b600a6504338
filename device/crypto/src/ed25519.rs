//! Ed25519 (RFC 8032), strict: a public key of small order, a signature with s above the order or a
//! point that is not canonical is refused.

use crate::Error;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Size of a key, private (the seed) or public, in bytes.
pub const KEY: usize = 32;
/// Size of a signature in bytes.
pub const SIGNATURE: usize = 64;

/// The public key of a private one.
#[inline(never)]
pub fn public_key(key: &[u8; KEY]) -> [u8; KEY] {
    SigningKey::from_bytes(key).verifying_key().to_bytes()
}

/// Whether this is a public key: a point, and not one of small order.
#[inline(never)]
pub fn is_public(key: &[u8; KEY]) -> bool {
    VerifyingKey::from_bytes(key).is_ok_and(|key| !key.is_weak())
}

/// Signs a message.
#[inline(never)]
pub fn sign(key: &[u8; KEY], message: &[u8]) -> [u8; SIGNATURE] {
    SigningKey::from_bytes(key).sign(message).to_bytes()
}

/// Verifies the signature of a message.
#[inline(never)]
pub fn verify(key: &[u8; KEY], message: &[u8], signature: &[u8]) -> Result<(), Error> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| Error::InvalidArgument)?;
    let signature: &[u8; SIGNATURE] = signature.try_into().map_err(|_| Error::InvalidSignature)?;
    key.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| Error::InvalidSignature)
}
