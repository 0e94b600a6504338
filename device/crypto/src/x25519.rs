//! X25519 (RFC 7748).
//!
//! SFR: cryptographic-operation.

use crate::Error;
use curve25519_dalek::MontgomeryPoint;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Size of a key, private or public, and of a shared secret in bytes.
pub const KEY: usize = 32;

/// The public key of a private one.
#[inline(never)]
pub fn public_key(key: &[u8; KEY]) -> [u8; KEY] {
    // The base point by the same ladder as any other: no second multiplication is linked.
    let mut base = [0; KEY];
    base[0] = 9;
    MontgomeryPoint(base).mul_clamped(*key).to_bytes()
}

/// Diffie-Hellman. An all-zero result, which a peer's point of small order gives, is refused (RFC 7748 §6.1).
#[inline(never)]
pub fn agree(key: &[u8; KEY], peer: &[u8; KEY]) -> Result<Zeroizing<[u8; KEY]>, Error> {
    let mut point = MontgomeryPoint(*peer).mul_clamped(*key);
    let shared = Zeroizing::new(point.to_bytes());
    point.zeroize();
    if bool::from(shared.ct_eq(&[0; KEY])) { Err(Error::InvalidArgument) } else { Ok(shared) }
}
