//! Keys of roles: Ed25519, as PKCS#8 in PEM.

use dtsec_log::{Kind, NoteError, NoteSigner};
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding};
use ed25519_dalek::{Signer as _, SigningKey};
use std::collections::HashMap;
use std::fmt;
use tough::schema::decoded::{Decoded, Hex};
use tough::schema::key::{Ed25519Key, Ed25519Scheme, Key};
use tough::schema::{Role, Signature, Signed};
use zeroize::Zeroizing;

/// Why something is no key of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key.
    #[error(
        "not a private key of Ed25519 as PKCS#8 in PEM (`BEGIN PRIVATE KEY`); make one with `dtsec publish keygen`"
    )]
    Private,
    /// No public key.
    #[error("not a public key of Ed25519 in 64 hexadecimal digits; `dtsec publish keygen` prints it")]
    Public,
    /// The machine gives no chance.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// It cannot be written down.
    #[error("what is to be signed cannot be encoded")]
    Encoding,
}

/// A private key. It is wiped from memory when it goes, and never shown.
pub struct RoleKey(SigningKey);

impl RoleKey {
    /// A new one, from the operating system's randomness.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// From PEM.
    ///
    /// # Errors
    /// [`KeyError::Private`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        SigningKey::from_pkcs8_pem(pem).map(Self).map_err(|_| KeyError::Private)
    }

    /// As PEM.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.0.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Encoding)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The same key as one that signs notes: the log's, or a witness's.
    ///
    /// # Errors
    /// [`NoteError::Key`] for a name that is none.
    pub fn note_signer(&self, name: &str, kind: Kind) -> Result<NoteSigner, NoteError> {
        NoteSigner::new(name, kind, &Zeroizing::new(self.0.to_bytes()))
    }

    /// Signs a document of TUF, in the place of what it signed before.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn sign<T: Role>(&self, document: &mut Signed<T>) -> Result<(), KeyError> {
        let bytes = document.signed.canonical_form().map_err(|_| KeyError::Encoding)?;
        let keyid = self.public().id()?;
        let sig = Decoded::from(self.0.sign(&bytes).to_vec());
        document.signatures.retain(|one| one.keyid != keyid);
        document.signatures.push(Signature { keyid, sig });
        Ok(())
    }
}

impl fmt::Debug for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoleKey({}, …)", self.public())
    }
}

/// A public key, shown as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// As TUF writes it.
    pub fn tuf(&self) -> Key {
        Key::Ed25519 {
            keyval: Ed25519Key { public: Decoded::from(self.0.to_vec()), _extra: HashMap::new() },
            scheme: Ed25519Scheme::Ed25519,
            _extra: HashMap::new(),
        }
    }

    /// What TUF calls it.
    ///
    /// # Errors
    /// [`KeyError::Encoding`].
    pub fn id(&self) -> Result<Decoded<Hex>, KeyError> {
        self.tuf().key_id().map_err(|_| KeyError::Encoding)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes: [u8; 32] = bytes.ok_or(KeyError::Public)?;
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Public)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_through_pem_and_is_never_shown() {
        let key = RoleKey::generate().unwrap();
        let pem = key.to_pem().unwrap();
        assert_eq!(RoleKey::from_pem(&pem).unwrap().public(), key.public());
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        assert_ne!(RoleKey::generate().unwrap().public(), key.public());
        let shown = format!("{key:?}");
        assert!(!shown.contains(&hex::encode(key.0.to_bytes())));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(matches!(RoleKey::from_pem("-----BEGIN PRIVATE KEY-----"), Err(KeyError::Private)));
        for text in ["", "00", &"zz".repeat(32), &"ff".repeat(33)] {
            assert_eq!(text.parse::<PublicKey>(), Err(KeyError::Public), "{text}");
        }
    }
}
