//! Names of things, and hashes of documents. All are given from outside: the domain draws no number of its own.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A moment. Always an argument.
pub type Time = jiff::Timestamp;
pub use dtsec_model::Date;

/// The day of a moment, in UTC: the day that expiries and periods are held against.
pub fn day(time: Time) -> Date {
    time.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Why a text is not an id or a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not an id.
    #[error("`{0}` is not an id: 1 to 64 of a-z, A-Z, 0-9, `.`, `-` and `_` are needed")]
    Id(String),
    /// Not a digest.
    #[error("`{0}` is not a SHA-256: 64 digits of lower-case hex are needed")]
    Digest(String),
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the form.
            ///
            /// # Errors
            /// Where the text is empty, longer than 64, or has other characters than letters, digits, `.`, `-`, `_`.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
                if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
                    Ok(Self(text))
                } else {
                    Err(IdError::Id(text.chars().take(80).collect()))
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person.
    PersonId,
    /// An organisation: a lab's, a developer's, the employer of a member of the working group.
    OrganisationId,
    /// A class of devices.
    ClassId,
    /// A Protection Profile or SESIP profile, in one version.
    PpId,
    /// An assurance package of a profile.
    PackageId,
    /// A comment in a public review.
    CommentId,
    /// A Security Target.
    StId,
    /// A lab.
    LabId,
    /// An evaluation.
    EvaluationId,
    /// A certificate.
    CertificateId,
    /// An entry of the Evaluated Products List.
    EntryId,
    /// A component that products share, with its version: a crypto library, a radio stack.
    ComponentId,
    /// A request for assurance maintenance.
    RequestId,
    /// A vulnerability.
    VulnerabilityId,
    /// An audit.
    AuditId,
    /// A confidentiality agreement.
    AgreementId,
    /// A decision of the working group that waits for its second member.
    ProposalId,
}

/// The SHA-256 of a document's canonical bytes, or of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Checks the form.
    ///
    /// # Errors
    /// Where the text is not 64 digits of lower-case hex.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text))
        } else {
            Err(IdError::Digest(text.chars().take(80).collect()))
        }
    }

    /// Of raw hash bytes.
    pub fn of_hash(hash: &[u8; 32]) -> Self {
        Self(hex::encode(hash))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Digest {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl std::str::FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
