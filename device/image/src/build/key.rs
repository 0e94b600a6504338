//! Keys that sign images, in the PEM files that imgtool and OpenSSL use.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::Signer;
use ed25519_dalek::pkcs8::spki::DecodePublicKey;
use ed25519_dalek::pkcs8::{self, DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::elliptic_curve::pkcs8::{EncodePublicKey, LineEnding};
use p256::elliptic_curve::sec1::ToSec1Point;
use zeroize::Zeroizing;

use crate::{PublicKeyBytes, der, spki_ed25519, spki_p256, tlv};

/// Kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256.
    EcdsaP256,
    /// Ed25519.
    Ed25519,
}

/// A key that signs images. It is wiped when dropped, and never printed.
#[derive(Clone)]
pub enum SigningKey {
    /// ECDSA on P-256, with deterministic nonces (RFC 6979).
    EcdsaP256(p256::ecdsa::SigningKey),
    /// Ed25519.
    Ed25519(ed25519_dalek::SigningKey),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.key_type())
    }
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// There is no PEM block of a key.
    NotAKey,
    /// The key is protected by a passphrase.
    Encrypted,
    /// The PEM block holds no P-256 or Ed25519 key.
    Unsupported,
    /// A private key is needed and this is a public one.
    PublicOnly,
    /// The operating system gave no randomness.
    NoRandomness,
    /// The key could not be encoded.
    Encoding,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::NotAKey => {
                "not a key in PEM: expected a block PRIVATE KEY, EC PRIVATE KEY or PUBLIC KEY"
            }
            KeyError::Encrypted => {
                "the key is protected by a passphrase: take it off first, for instance with `openssl pkey`"
            }
            KeyError::Unsupported => "neither a P-256 nor an Ed25519 key",
            KeyError::PublicOnly => "this is a public key; signing needs the private one",
            KeyError::NoRandomness => "the operating system gave no randomness",
            KeyError::Encoding => "the key could not be encoded",
        })
    }
}

impl core::error::Error for KeyError {}

impl SigningKey {
    /// A new key from the operating system's randomness.
    pub fn generate(key_type: KeyType) -> Result<SigningKey, KeyError> {
        let mut secret = Zeroizing::new([0u8; 32]);
        loop {
            getrandom::fill(&mut *secret).map_err(|_| KeyError::NoRandomness)?;
            match SigningKey::from_secret(key_type, &secret) {
                Ok(key) => return Ok(key),
                // For P-256 one in 2^32 strings is not a scalar; the next one will be.
                Err(_) => continue,
            }
        }
    }

    /// The key with this secret: the scalar, big-endian (P-256), or the seed (Ed25519). Only strings that
    /// are no scalar of P-256 are refused.
    pub fn from_secret(key_type: KeyType, secret: &[u8; 32]) -> Result<SigningKey, KeyError> {
        Ok(match key_type {
            KeyType::EcdsaP256 => SigningKey::EcdsaP256(
                p256::ecdsa::SigningKey::from_slice(secret).map_err(|_| KeyError::Unsupported)?,
            ),
            KeyType::Ed25519 => SigningKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(secret)),
        })
    }

    /// Reads a private key: PKCS#8, or SEC 1 with or without OpenSSL's EC PARAMETERS before it.
    pub fn from_pem(pem: &str) -> Result<SigningKey, KeyError> {
        match block(pem)? {
            ("EC PRIVATE KEY", text) if text.contains("ENCRYPTED") => Err(KeyError::Encrypted),
            ("EC PRIVATE KEY", text) => p256::SecretKey::from_sec1_pem(text)
                .map(|key| SigningKey::EcdsaP256(key.into()))
                .map_err(|_| KeyError::Unsupported),
            ("PRIVATE KEY", text) => p256::SecretKey::from_pkcs8_pem(text)
                .map(|key| SigningKey::EcdsaP256(key.into()))
                .or_else(|_| ed25519_dalek::SigningKey::from_pkcs8_pem(text).map(SigningKey::Ed25519))
                .map_err(|_| KeyError::Unsupported),
            ("ENCRYPTED PRIVATE KEY", _) => Err(KeyError::Encrypted),
            _ => Err(KeyError::PublicOnly),
        }
    }

    /// The private key as PKCS#8 in PEM.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        match self {
            SigningKey::EcdsaP256(key) => p256::SecretKey::from(key.clone())
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| KeyError::Encoding),
            // Version 1, without the public key: OpenSSL, and so imgtool, does not read version 2.
            SigningKey::Ed25519(key) => KeypairBytes { secret_key: key.to_bytes(), public_key: None }
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| KeyError::Encoding),
        }
    }

    /// Kind of key.
    pub fn key_type(&self) -> KeyType {
        match self {
            SigningKey::EcdsaP256(_) => KeyType::EcdsaP256,
            SigningKey::Ed25519(_) => KeyType::Ed25519,
        }
    }

    /// The public key to verify with.
    pub fn public(&self) -> PublicKeyBytes {
        match self {
            SigningKey::EcdsaP256(key) => p256_public(&(*key.verifying_key()).into()),
            SigningKey::Ed25519(key) => PublicKeyBytes::Ed25519(key.verifying_key().to_bytes()),
        }
    }

    /// Signs a digest; the TLV type and value of the signature.
    pub(super) fn sign_digest(&self, digest: &[u8; 32]) -> (u16, Vec<u8>) {
        match self {
            SigningKey::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(digest).expect("P-256 signs any 32-byte prehash");
                (tlv::ECDSA, der::encode(&signature.to_bytes().into()))
            }
            SigningKey::Ed25519(key) => (tlv::ED25519, key.sign(digest).to_bytes().to_vec()),
        }
    }
}

/// Reads a public key, or the public half of a private one.
pub fn public_from_pem(pem: &str) -> Result<PublicKeyBytes, KeyError> {
    match block(pem)? {
        ("PUBLIC KEY", text) => p256::PublicKey::from_public_key_pem(text)
            .map(|key| p256_public(&key))
            .or_else(|_| {
                ed25519_dalek::VerifyingKey::from_public_key_pem(text)
                    .map(|key| PublicKeyBytes::Ed25519(key.to_bytes()))
            })
            .map_err(|_| KeyError::Unsupported),
        _ => SigningKey::from_pem(pem).map(|key| key.public()),
    }
}

/// A public key as a SubjectPublicKeyInfo in PEM.
pub fn public_to_pem(key: &PublicKeyBytes) -> Result<String, KeyError> {
    match key {
        PublicKeyBytes::P256(point) => {
            let mut sec1 = [0x04; 65];
            sec1[1..].copy_from_slice(point);
            p256::PublicKey::from_sec1_bytes(&sec1)
                .map_err(|_| KeyError::Unsupported)?
                .to_public_key_pem(LineEnding::LF)
                .map_err(|_| KeyError::Encoding)
        }
        PublicKeyBytes::Ed25519(key) => {
            pkcs8::PublicKeyBytes(*key).to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Encoding)
        }
    }
}

/// A public key as a SubjectPublicKeyInfo in DER.
pub(super) fn spki(key: &PublicKeyBytes) -> Vec<u8> {
    match key {
        PublicKeyBytes::P256(point) => spki_p256(point).to_vec(),
        PublicKeyBytes::Ed25519(key) => spki_ed25519(key).to_vec(),
    }
}

fn p256_public(key: &p256::PublicKey) -> PublicKeyBytes {
    let point = key.to_sec1_point(false);
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&point.as_bytes()[1..]);
    PublicKeyBytes::P256(bytes)
}

/// The label and text of the first PEM block that is a key.
fn block(pem: &str) -> Result<(&'static str, &str), KeyError> {
    for label in ["EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PRIVATE KEY", "PUBLIC KEY"] {
        let begin = ["-----BEGIN ", label, "-----"].concat();
        let end = ["-----END ", label, "-----"].concat();
        if let Some(at) = pem.find(&begin) {
            let text = &pem[at..];
            let to = text.find(&end).ok_or(KeyError::NotAKey)? + end.len();
            return Ok((label, &text[..to]));
        }
    }
    Err(KeyError::NotAKey)
}
