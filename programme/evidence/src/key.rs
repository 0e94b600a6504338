//! Keys that evidence is signed with: ECDSA on P-256, in PEM.

use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Why something is no key of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key.
    #[error(
        "not a private key on P-256 as PKCS#8 in PEM (`BEGIN PRIVATE KEY`); make one with `dtsec evidence keygen`"
    )]
    Private,
    /// No public key.
    #[error(
        "not a public key on P-256 in PEM (`BEGIN PUBLIC KEY`); `dtsec evidence keygen --public-out` writes one"
    )]
    Public,
    /// The machine gives no chance.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// It cannot be written down.
    #[error("the key cannot be encoded")]
    Encoding,
}

/// A key to sign with. It is wiped from memory when it goes, and not shown by `Debug`.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A new one, from the operating system's randomness.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<PrivateKey, KeyError> {
        let mut secret = Zeroizing::new([0u8; 32]);
        loop {
            getrandom::fill(&mut *secret).map_err(|_| KeyError::NoRandomness)?;
            // One in 2^32 strings is no scalar of the curve; the next one will be.
            if let Ok(key) = SigningKey::from_slice(&*secret) {
                return Ok(PrivateKey(key));
            }
        }
    }

    /// Reads it from PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`KeyError::Private`].
    pub fn from_pem(pem: &str) -> Result<PrivateKey, KeyError> {
        let secret = p256::SecretKey::from_pkcs8_pem(pem).map_err(|_| KeyError::Private)?;
        Ok(PrivateKey(secret.into()))
    }

    /// As PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        p256::SecretKey::from(self.0.clone()).to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Encoding)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// Signs a message: ECDSA with SHA-256, DER. The same message gives the same signature (RFC 6979).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature: DerSignature =
            self.0.sign_prehash(&Sha256::digest(message)).map_err(|_| KeyError::Encoding)?;
        Ok(signature.as_bytes().to_vec())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey of {:?}", self.public())
    }
}

/// A key to check signatures with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads it from its SubjectPublicKeyInfo in PEM.
    ///
    /// # Errors
    /// [`KeyError::Public`].
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyError> {
        VerifyingKey::from_public_key_pem(pem).map(PublicKey).map_err(|_| KeyError::Public)
    }

    /// As SubjectPublicKeyInfo in PEM.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn to_pem(&self) -> Result<String, KeyError> {
        p256::PublicKey::from(self.0).to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Encoding)
    }

    /// What it is called in an envelope: the SHA-256 of its SubjectPublicKeyInfo in DER, in hex.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn id(&self) -> Result<String, KeyError> {
        let der = p256::PublicKey::from(self.0).to_public_key_der().map_err(|_| KeyError::Encoding)?;
        Ok(crate::sha256(der.as_bytes()))
    }

    /// Whether this key made that signature of this message. What is no signature at all was made by nobody.
    pub(crate) fn made(&self, signature: &[u8], message: &[u8]) -> bool {
        DerSignature::from_bytes(signature)
            .is_ok_and(|signature| self.0.verify_prehash(&Sha256::digest(message), &signature).is_ok())
    }
}
