//! Is an image genuine? And what a key is called in an image.
//!
//! SFR: secure-initialization-of-platform.

use cdd_hardening::equal;

use crate::{Error, Image, Signature};

/// The cryptography that verifying an image takes.
pub trait Verifier {
    /// SHA-256 over the pieces, one after the other.
    fn sha256(data: &[&[u8]]) -> [u8; 32];
    /// Whether `signature` (r || s) is an ECDSA signature by the key `point` (x || y) of this digest.
    fn verify_p256(point: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> bool;
    /// Whether `signature` is an Ed25519 signature by `key` of this message.
    fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// A public key to verify with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKeyBytes {
    /// ECDSA on P-256: the affine coordinates x and y, big-endian.
    P256([u8; 64]),
    /// Ed25519.
    Ed25519([u8; 32]),
}

impl PublicKeyBytes {
    /// The hash by which an image names this key.
    pub fn hash<V: Verifier>(&self) -> [u8; 32] {
        key_hash_of::<V>(self)
    }

    /// Whether `spki` is this key as a SubjectPublicKeyInfo.
    fn is(&self, spki: &[u8]) -> bool {
        match self {
            PublicKeyBytes::P256(point) => equal(&spki_p256(point), spki).is_yes(),
            PublicKeyBytes::Ed25519(key) => equal(&spki_ed25519(key), spki).is_yes(),
        }
    }
}

/// What precedes x || y in the SubjectPublicKeyInfo of a P-256 key (RFC 5480): the algorithm
/// id-ecPublicKey on secp256r1, and the mark of an uncompressed point.
const P256_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
    0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// What precedes the key in the SubjectPublicKeyInfo of an Ed25519 key (RFC 8410).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A P-256 key (x || y) as a SubjectPublicKeyInfo in DER.
pub fn spki_p256(point: &[u8; 64]) -> [u8; 91] {
    let mut spki = [0; 91];
    spki.iter_mut().zip(P256_PREFIX.iter().chain(point)).for_each(|(to, from)| *to = *from);
    spki
}

/// An Ed25519 key as a SubjectPublicKeyInfo in DER.
pub fn spki_ed25519(key: &[u8; 32]) -> [u8; 44] {
    let mut spki = [0; 44];
    spki.iter_mut().zip(ED25519_PREFIX.iter().chain(key)).for_each(|(to, from)| *to = *from);
    spki
}

/// The hash by which an image names a key: SHA-256 over its SubjectPublicKeyInfo, as imgtool does it.
pub fn key_hash_of<V: Verifier>(key: &PublicKeyBytes) -> [u8; 32] {
    match key {
        PublicKeyBytes::P256(point) => V::sha256(&[&spki_p256(point)]),
        PublicKeyBytes::Ed25519(key) => V::sha256(&[&spki_ed25519(key)]),
    }
}

/// Whether `image` was signed with `key`; if so its digest, which is what identifies it.
///
/// For the host. Boot makes the same checks, hardened against faults and bound to the fuses.
pub fn verify<V: Verifier>(image: &Image<'_>, key: &PublicKeyBytes) -> Result<[u8; 32], Error> {
    let digest = V::sha256(&[image.signed_bytes()]);
    if !equal(&digest, image.digest()?).is_yes() {
        return Err(Error::DigestMismatch);
    }
    let named = match image.public_key() {
        Some(spki) => key.is(spki),
        None => equal(&key_hash_of::<V>(key), image.key_hash()?).is_yes(),
    };
    if !named {
        return Err(Error::KeyMismatch);
    }
    let genuine = match (key, image.signature()?) {
        (PublicKeyBytes::P256(point), Signature::EcdsaP256(signature)) => {
            V::verify_p256(point, &digest, &signature)
        }
        (PublicKeyBytes::Ed25519(key), Signature::Ed25519(signature)) => {
            V::verify_ed25519(key, &digest, signature)
        }
        _ => return Err(Error::SignatureWrongAlgorithm),
    };
    if genuine { Ok(digest) } else { Err(Error::SignatureInvalid) }
}
