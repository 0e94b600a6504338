//! Bytes of fixed or few lengths, as lower-case hex in JSON.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Why bytes are not what they are to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// Not hex.
    #[error("not lower-case hex")]
    Hex,
    /// Another length.
    #[error("{bytes} bytes, and has to have {allowed}")]
    Length {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        allowed: &'static str,
    },
    /// The first byte says another kind.
    #[error("starts with {found:02x}, and has to start with {needs:02x}: {why}")]
    First {
        /// What it starts with.
        found: u8,
        /// What it has to start with.
        needs: u8,
        /// What that says.
        why: &'static str,
    },
    /// No point of the curve.
    #[error("not a point of P-256")]
    NotOnCurve,
}

/// One spelling each: upper case would be the same bytes and another text.
fn unhex(text: &str) -> Result<Vec<u8>, BytesError> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(BytesError::Hex);
    }
    hex::decode(text).map_err(|_| BytesError::Hex)
}

/// Text, JSON and schema of a type with `as_bytes` and `TryFrom<&[u8]>`.
macro_rules! hex_text {
    ($name:ident, $pattern:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.as_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BytesError;
            fn from_str(text: &str) -> Result<Self, BytesError> {
                Self::try_from(&unhex(text)?[..])
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// A type of so many bytes.
macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $allowed:literal, $pattern:literal, $first:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BytesError;
            fn try_from(bytes: &[u8]) -> Result<Self, BytesError> {
                let length = BytesError::Length { bytes: bytes.len(), allowed: $allowed };
                let bytes = <[u8; $bytes]>::try_from(bytes).map_err(|_| length)?;
                let first: Option<(u8, &'static str)> = $first;
                match first {
                    Some((needs, why)) if bytes[0] != needs => {
                        Err(BytesError::First { found: bytes[0], needs, why })
                    }
                    _ => Ok($name(bytes)),
                }
            }
        }

        hex_text!($name, $pattern);
    };
}

fixed! {
    /// Which immutable platform: 32 bytes, the same for all devices of a kind (RFC 9783 §4.2.2).
    ImplementationId, 32, "32", "^[0-9a-f]{64}$", None
}

fixed! {
    /// Which device: a UEID of type RAND, 33 bytes of which the first is 1 (RFC 9783 §4.2.1).
    InstanceId, 33, "33", "^01[0-9a-f]{64}$", Some((0x01, "a UEID of type RAND"))
}

fixed! {
    /// The SHA-256 over a complete component set: see [`crate::ComponentSet::fingerprint`].
    Fingerprint, 32, "32", "^[0-9a-f]{64}$", None
}

fixed! {
    /// The public half of an attestation key: `04 ‖ x ‖ y` on P-256 (SEC 1 §2.3.3).
    PublicKey, 65, "65", "^04[0-9a-f]{128}$", Some((0x04, "an uncompressed point"))
}

impl Fingerprint {
    pub(crate) const fn new(bytes: [u8; 32]) -> Fingerprint {
        Fingerprint(bytes)
    }
}

/// DER before the point of every SubjectPublicKeyInfo of P-256 (RFC 5480): there is one encoding only.
const SPKI_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
    0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

impl PublicKey {
    /// A key whose point was seen to lie on the curve.
    ///
    /// # Errors
    /// Another length or form, or no point of the curve.
    pub fn checked(sec1: &[u8]) -> Result<PublicKey, BytesError> {
        let key = PublicKey::try_from(sec1)?;
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, sec1).map_err(|_| BytesError::NotOnCurve)?;
        Ok(key)
    }

    /// A key from its SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// Where it is no key of P-256.
    pub fn of_spki(der: &[u8]) -> Result<PublicKey, BytesError> {
        let other = BytesError::Length { bytes: der.len(), allowed: "91: ECDSA on P-256, uncompressed" };
        PublicKey::checked(der.strip_prefix(&SPKI_P256[..]).ok_or(other)?)
    }

    /// Its SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> Vec<u8> {
        [&SPKI_P256[..], &self.0].concat()
    }

    /// The instance ID that is made of it: `01 ‖ SHA-256(key)` (PSA Attestation API 2.0, Table 4).
    pub fn instance_id(&self) -> InstanceId {
        let mut id = [0x01; 33];
        id[1..].copy_from_slice(&Sha256::digest(self.0));
        InstanceId(id)
    }
}

/// A hash: 32, 48 or 64 bytes (RFC 9783, `psa-hash-type`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(Box<[u8]>);

impl Hash {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether all of them are zero: so a device says that a part has no signer.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = BytesError;
    fn try_from(bytes: &[u8]) -> Result<Self, BytesError> {
        match bytes.len() {
            32 | 48 | 64 => Ok(Hash(bytes.into())),
            other => Err(BytesError::Length { bytes: other, allowed: "32, 48 or 64" }),
        }
    }
}

hex_text!(Hash, "^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$");
