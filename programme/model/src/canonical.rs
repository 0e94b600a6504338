//! Canonical bytes: RFC 8785 (JCS), and the SHA-256 over them.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The canonical bytes of a value.
///
/// # Errors
/// Where the value has a map with keys that are no strings, or a number that JSON cannot carry exactly.
pub fn bytes(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// The SHA-256 over the canonical bytes, in hex: what an approval binds to.
///
/// # Errors
/// As [`bytes`].
pub fn digest(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(hex::encode(Sha256::digest(bytes(value)?)))
}
