//! Why bytes are no token.

use std::fmt;

/// Where in a token something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a claim, by its name.
    Claim(&'static str),
    /// In a software component, by its number from 0 on and the name of its field.
    Component(usize, &'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Claim(name) => write!(f, "the claim {name}"),
            Place::Component(number, name) => write!(f, "{name} of software component {number}"),
        }
    }
}

/// Why bytes are no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than any token is.
    #[error("{bytes} bytes are more than any token has ({})", crate::MAX_TOKEN_BYTES)]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// The bytes end before the token does.
    #[error("it ends before it is complete")]
    Truncated,
    /// The envelope is not a tagged COSE_Sign1 (RFC 9052 §4.2).
    #[error("not a tagged COSE_Sign1: {0}")]
    Envelope(String),
    /// The protected header says anything but ES256.
    #[error("the protected header is {}, and has to be a10126: ES256 and nothing else", hex::encode(.0))]
    ProtectedHeader(Vec<u8>),
    /// The unprotected header is not signed, so nothing may depend on it.
    #[error("there is something in the unprotected header, which nobody has signed")]
    UnprotectedHeader,
    /// The signature is not r ‖ s.
    #[error("the signature has {bytes} bytes, and one of ES256 has 64")]
    SignatureLength {
        /// How long it is.
        bytes: usize,
    },
    /// There are no claims.
    #[error("there are no claims in it")]
    NoClaims,
    /// The claims are not one CBOR map.
    #[error("the claims are not a CBOR map: {0}")]
    Claims(String),
    /// Not the shortest encoding, or of indefinite length: two tokens would say the same.
    #[error("the {0} is not in CBOR's preferred serialization (RFC 8949 §4.1)")]
    NotPreferred(&'static str),
    /// A key of a map is no label.
    #[error("a label in {0} is neither a number nor a text")]
    Label(&'static str),
    /// A label twice in one map.
    #[error("label {label} stands twice in {map}")]
    Repeated {
        /// Which map.
        map: &'static str,
        /// Which label.
        label: String,
    },
    /// A mandatory claim is missing.
    #[error("{0} is missing")]
    Missing(Place),
    /// A claim of another type.
    #[error("{place} is not {expected}")]
    Type {
        /// Where.
        place: Place,
        /// What it has to be.
        expected: &'static str,
    },
    /// A claim of a length that RFC 9783 does not allow.
    #[error("{place} has {bytes} bytes, and has to have {allowed}")]
    Length {
        /// Where.
        place: Place,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        allowed: &'static str,
    },
    /// A claim of a value that RFC 9783 does not allow.
    #[error("{place} is {value}, and has to be {allowed}")]
    Value {
        /// Where.
        place: Place,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
}

impl TokenError {
    /// The stable name used in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            TokenError::TooLong { .. } => "too-long",
            TokenError::Truncated => "truncated",
            TokenError::Envelope(_) => "envelope",
            TokenError::ProtectedHeader(_) => "protected-header",
            TokenError::UnprotectedHeader => "unprotected-header",
            TokenError::SignatureLength { .. } => "signature-length",
            TokenError::NoClaims => "no-claims",
            TokenError::Claims(_) => "claims",
            TokenError::NotPreferred(_) => "not-preferred",
            TokenError::Label(_) => "label",
            TokenError::Repeated { .. } => "repeated",
            TokenError::Missing(_) => "missing",
            TokenError::Type { .. } => "type",
            TokenError::Length { .. } => "length",
            TokenError::Value { .. } => "value",
        }
    }
}
