//! Ed25519 (RFC 8032), strict: a public key of small order, a signature with s above the order or a
//! point that is not canonical is refused.
//!
//! Put together from curve25519-dalek's constant-time operations, which X25519 and signing link anyway: `ed25519-dalek`
//! would link a second, variable-time multiplication.
//!
//! SFR: cryptographic-operation.

use crate::Error;
use crate::digest::{Hash, Hasher};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use zeroize::{Zeroize, Zeroizing};

/// Size of a key, private (the seed) or public, in bytes.
pub const KEY: usize = 32;
/// Size of a signature in bytes.
pub const SIGNATURE: usize = 64;

/// The public key of a private one.
#[inline(never)]
pub fn public_key(key: &[u8; KEY]) -> [u8; KEY] {
    let (scalar, _) = expand(key);
    multiple(&scalar)
}

/// Whether this is a public key: a point, and not one of small order.
#[inline(never)]
pub fn is_public(key: &[u8; KEY]) -> bool {
    point(key).is_some()
}

/// Signs a message.
#[inline(never)]
pub fn sign(key: &[u8; KEY], message: &[u8]) -> [u8; SIGNATURE] {
    let (scalar, prefix) = expand(key);
    let public = multiple(&scalar);
    let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&hash(&[&*prefix, message])));
    let r = multiple(&nonce);
    let challenge = Scalar::from_bytes_mod_order_wide(&hash(&[&r, &public, message]));
    let s = (challenge * *scalar + *nonce).to_bytes();
    let mut signature = [0; SIGNATURE];
    signature.iter_mut().zip(r.iter().chain(s.iter())).for_each(|(to, from)| *to = *from);
    signature
}

/// Verifies the signature of a message (RFC 8032 §5.1.7 without the cofactor).
#[inline(never)]
pub fn verify(key: &[u8; KEY], message: &[u8], signature: &[u8]) -> Result<(), Error> {
    let public = point(key).ok_or(Error::InvalidArgument)?;
    let signature: &[u8; SIGNATURE] = signature.try_into().map_err(|_| Error::InvalidSignature)?;
    let (r, s) = signature.split_first_chunk::<32>().ok_or(Error::InvalidSignature)?;
    let s: [u8; 32] = s.try_into().map_err(|_| Error::InvalidSignature)?;
    let s = Scalar::from_canonical_bytes(s).into_option().ok_or(Error::InvalidSignature)?;
    let challenge = Scalar::from_bytes_mod_order_wide(&hash(&[r, key, message]));
    let expected = EdwardsPoint::mul_base(&s) - public * challenge;
    // The encoding of a point is canonical, so that of the signature must be.
    if expected.compress().0 == *r && !expected.is_small_order() {
        Ok(())
    } else {
        Err(Error::InvalidSignature)
    }
}

/// The secret scalar and the prefix of RFC 8032 §5.1.5.
fn expand(key: &[u8; KEY]) -> (Zeroizing<Scalar>, Zeroizing<[u8; 32]>) {
    let hash = hash(&[key]);
    let (mut scalar, mut prefix) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    scalar.iter_mut().chain(prefix.iter_mut()).zip(hash.iter()).for_each(|(to, from)| *to = *from);
    *scalar = clamp_integer(*scalar);
    // Modulo the order, which the base point does not notice.
    (Zeroizing::new(Scalar::from_bytes_mod_order(*scalar)), prefix)
}

fn hash(pieces: &[&[u8]]) -> Zeroizing<[u8; 64]> {
    let mut hasher = Hasher::new(Hash::Sha512);
    pieces.iter().for_each(|piece| hasher.update(piece));
    let mut out = Zeroizing::new([0; 64]);
    hasher.finish(&mut *out);
    out
}

/// The point of a canonical encoding, if it is not of small order.
fn point(bytes: &[u8; KEY]) -> Option<EdwardsPoint> {
    let point = CompressedEdwardsY(*bytes).decompress()?;
    (point.compress().0 == *bytes && !point.is_small_order()).then_some(point)
}

/// The multiple of the base point, encoded.
fn multiple(scalar: &Scalar) -> [u8; 32] {
    let mut point = EdwardsPoint::mul_base(scalar);
    let bytes = point.compress().0;
    point.zeroize();
    bytes
}
