//! The host's own cryptography, which the device's answers are held against: by others than the authors of the
//! device's (RustCrypto and dalek). For P-256 and every mode over AES the device has code of its own; P-384, SHA-2 and
//! the arithmetic of Curve25519 are the same crates there, so they are held against published vectors too.

use crate::probe::psa::alg;
use curve25519_dalek::MontgomeryPoint;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// All of them.
    pub(crate) const ALL: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

    /// Its number in the PSA Crypto API.
    pub(crate) const fn psa(self) -> u32 {
        match self {
            Hash::Sha256 => alg::SHA_256,
            Hash::Sha384 => alg::SHA_384,
            Hash::Sha512 => alg::SHA_512,
        }
    }

    /// The hash of a message.
    pub(crate) fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha384 => Sha384::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// HMAC with it (FIPS 198-1).
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        // A key of HMAC may have any length.
        macro_rules! hmac {
            ($hash:ty) => {{
                let Ok(mut mac) = Hmac::<$hash>::new_from_slice(key) else { return Vec::new() };
                parts.iter().for_each(|part| mac.update(part));
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Hash::Sha256 => hmac!(Sha256),
            Hash::Sha384 => hmac!(Sha384),
            Hash::Sha512 => hmac!(Sha512),
        }
    }

    /// HKDF with it (RFC 5869).
    pub(crate) fn hkdf(self, salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> Vec<u8> {
        let pseudorandom = self.hmac(salt, &[secret]);
        let (mut out, mut block) = (Vec::new(), Vec::new());
        for n in 1..=255u8 {
            if out.len() >= len {
                break;
            }
            block = self.hmac(&pseudorandom, &[&block, info, &[n]]);
            out.extend_from_slice(&block);
        }
        out.truncate(len);
        out
    }
}

/// Whether this is an ECDSA signature of the digest, on P-256 or P-384 by the length of the public key.
pub(crate) fn ecdsa_verifies(public: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    if public.len() == 65 {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public);
        let signature = p256::ecdsa::Signature::from_slice(signature);
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(digest, &signature).is_ok())
    } else {
        let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(public);
        let signature = p384::ecdsa::Signature::from_slice(signature);
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(digest, &signature).is_ok())
    }
}

/// Whether this is an Ed25519 signature of the message.
pub(crate) fn ed25519_verifies(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(public), Ok(signature)) = (public.try_into(), signature.try_into()) else { return false };
    ed25519_dalek::VerifyingKey::from_bytes(public)
        .is_ok_and(|key| key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok())
}

/// The public half of a private key, uncompressed, on P-256 or P-384 by its length; `None` when it is none.
pub(crate) fn ec_public(private: &[u8]) -> Option<Vec<u8>> {
    if private.len() == 32 {
        let key = p256::ecdsa::SigningKey::from_slice(private).ok()?;
        Some(key.verifying_key().to_sec1_point(false).as_bytes().to_vec())
    } else {
        let key = p384::ecdsa::SigningKey::from_slice(private).ok()?;
        Some(key.verifying_key().to_sec1_point(false).as_bytes().to_vec())
    }
}

/// The nonce with which this key pair made this ECDSA signature on P-256: whoever knows it knows the key.
pub(crate) fn p256_nonce(private: &[u8], digest: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    use p256::elliptic_curve::PrimeField;
    let scalar = |bytes: &[u8]| {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        Option::<p256::Scalar>::from(p256::Scalar::from_repr(bytes.into()))
    };
    let (r, s) = signature.split_at_checked(32)?;
    let (private, digest, r, s) = (scalar(private)?, scalar(digest)?, scalar(r)?, scalar(s)?);
    let inverse: p256::Scalar = Option::from(s.invert())?;
    Some(((digest + r * private) * inverse).to_repr().to_vec())
}

/// Diffie-Hellman on P-256: the x coordinate.
pub(crate) fn p256_agrees(private: &[u8], public: &[u8]) -> Option<Vec<u8>> {
    let private = p256::SecretKey::from_slice(private).ok()?;
    let public = p256::PublicKey::from_sec1_bytes(public).ok()?;
    let shared = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), public.as_affine());
    Some(shared.raw_secret_bytes().to_vec())
}

/// X25519 (RFC 7748).
pub(crate) fn x25519_agrees(private: [u8; 32], public: [u8; 32]) -> Vec<u8> {
    MontgomeryPoint(public).mul_clamped(private).to_bytes().to_vec()
}

/// The public half of an X25519 key.
pub(crate) fn x25519_public(private: [u8; 32]) -> Vec<u8> {
    MontgomeryPoint::mul_base_clamped(private).to_bytes().to_vec()
}

/// The public half of an Ed25519 key.
pub(crate) fn ed25519_public(seed: &[u8; 32]) -> Vec<u8> {
    ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn hkdf_gives_the_answer_of_rfc_5869() {
        let okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        let salt = hex("000102030405060708090a0b0c");
        let out = Hash::Sha256.hkdf(&salt, &[0x0B; 22], &hex("f0f1f2f3f4f5f6f7f8f9"), 42);
        assert_eq!(out, hex(okm));
    }

    #[test]
    fn x25519_gives_the_answer_of_rfc_7748() {
        let alice = hex("77076d0a7318a57d3c16c17251b26645df4c4f2ca1c5f2b0e5d1c3e8bb6b9c2a");
        let bob: [u8; 32] =
            hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb").try_into().unwrap();
        let alice: [u8; 32] = alice.try_into().unwrap();
        let there = x25519_agrees(alice, x25519_public(bob).try_into().unwrap());
        assert_eq!(there, x25519_agrees(bob, x25519_public(alice).try_into().unwrap()));
    }

    #[test]
    fn both_sides_of_an_agreement_on_p256_come_out_the_same() {
        let (one, other) = ([1; 32], [2; 32]);
        let there = p256_agrees(&one, &ec_public(&other).unwrap());
        assert!(there.is_some());
        assert_eq!(there, p256_agrees(&other, &ec_public(&one).unwrap()));
        assert_eq!(p256_agrees(&[0; 32], &ec_public(&one).unwrap()), None);
    }

    #[test]
    fn the_nonce_of_the_signature_of_rfc_6979_is_the_one_given_there() {
        let key = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
        let signature = hex(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        let nonce = p256_nonce(&key, &Hash::Sha256.of(b"sample"), &signature);
        assert_eq!(nonce, Some(hex("a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60")));
    }

    #[test]
    fn a_signature_over_something_else_does_not_verify() {
        let key = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
        let signature = hex(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        let public = ec_public(&key).unwrap();
        assert!(ecdsa_verifies(&public, &Hash::Sha256.of(b"sample"), &signature));
        assert!(!ecdsa_verifies(&public, &Hash::Sha256.of(b"Sample"), &signature));
    }
}
