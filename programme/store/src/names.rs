//! Keys, digests, moments and canonical JSON: what everything else is made of.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A moment, kept to the microsecond.
pub type Time = jiff::Timestamp;

/// The longest name of anything.
pub const LONGEST_NAME: usize = 200;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Too long.
    #[error("the {what} has {length} bytes, and {LONGEST_NAME} are taken at most")]
    Long {
        /// Of what.
        what: &'static str,
        /// How many.
        length: usize,
    },
    /// Control characters.
    #[error("the {0} has a control character")]
    Control(&'static str),
    /// Not a digest.
    #[error("`{0}` is not a SHA-256: 64 digits of lower-case hex are needed")]
    Digest(String),
    /// Beyond what is counted.
    #[error("the time is out of range")]
    Time,
}

/// Checks the name of something.
pub(crate) fn name(what: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty(what));
    }
    free_text(what, text)?;
    if text.len() > LONGEST_NAME {
        return Err(NameError::Long { what, length: text.len() });
    }
    Ok(())
}

/// Checks a text of any length: PostgreSQL takes no zero byte, and nobody means one.
pub(crate) fn free_text(what: &'static str, text: &str) -> Result<(), NameError> {
    let unfit = |one: char| one.is_control() && !matches!(one, '\n' | '\r' | '\t');
    if text.contains(unfit) { Err(NameError::Control(what)) } else { Ok(()) }
}

/// Names an aggregate: what is decided on as one, with one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What it is: `pp`, `lab`, `entry`.
    pub kind: String,
    /// Which one.
    pub id: String,
}

impl Key {
    /// Puts a key together. It is checked where it is used.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }

    pub(crate) fn check(&self) -> Result<(), NameError> {
        name("kind of an aggregate", &self.kind)?;
        name("id of an aggregate", &self.id)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} `{}`", self.kind, self.id)
    }
}

/// A SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// What a log begins with.
    pub fn zero() -> Self {
        Self("0".repeat(64))
    }

    /// The text: 64 digits of lower-case hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of_hash(hash: Sha256) -> Self {
        Self(hex::encode(hash.finalize()))
    }
}

impl TryFrom<String> for Digest {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text))
        } else {
            Err(NameError::Digest(text.chars().take(80).collect()))
        }
    }
}

impl std::str::FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::try_from(text.to_owned())
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A moment as it is kept.
pub(crate) fn micros(time: Time) -> i64 {
    time.as_microsecond()
}

/// A kept moment.
pub(crate) fn time(micros: i64) -> Result<Time> {
    Time::from_microsecond(micros).map_err(|_| NameError::Time.into())
}

/// The canonical text of a value (RFC 8785).
pub(crate) fn canonical(what: &'static str, value: &Value) -> Result<String> {
    numbers_survive(what, value)?;
    serde_json_canonicalizer::to_string(value)
        .map_err(|problem| Error::Damaged { what: what.to_owned(), problem: problem.to_string() })
}

/// Canonical JSON has floating-point numbers only, and these have whole numbers up to 2^53.
fn numbers_survive(what: &'static str, value: &Value) -> Result<()> {
    const LAST: u64 = 1 << 53;
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            match whole {
                Some(whole) if whole > LAST => Err(Error::Number { what, number: number.to_string() }),
                _ => Ok(()),
            }
        }
        Value::Array(all) => all.iter().try_for_each(|one| numbers_survive(what, one)),
        Value::Object(all) => all.values().try_for_each(|one| numbers_survive(what, one)),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// JSON out of the database.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(what: impl fmt::Display, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|problem| Error::Damaged { what: what.to_string(), problem: problem.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_text_is_sorted_and_keeps_what_it_can_carry() {
        let text = canonical("test", &json!({"b": 1, "a": [1.5, "x\u{0}", 9_007_199_254_740_992_u64]}));
        assert_eq!(text.unwrap(), r#"{"a":[1.5,"x\u0000",9007199254740992],"b":1}"#);
    }

    #[test]
    fn a_number_that_canonical_json_would_round_is_refused() {
        for value in [json!([9_007_199_254_740_993_u64]), json!({"a": i64::MIN})] {
            assert!(matches!(canonical("test", &value), Err(Error::Number { .. })), "{value}");
        }
    }

    #[test]
    fn names_are_short_visible_texts() {
        assert!(name("name", "äöü 1").is_ok());
        assert_eq!(name("name", ""), Err(NameError::Empty("name")));
        assert_eq!(name("name", "a\0b"), Err(NameError::Control("name")));
        assert!(matches!(name("name", &"a".repeat(201)), Err(NameError::Long { length: 201, .. })));
    }
}
