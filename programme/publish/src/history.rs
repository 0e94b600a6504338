//! The leaves of the log: what happened to which public part, in the registry's order.

use serde::{Deserialize, Serialize};

/// The name of a public part: `entry/ID`, `lab/ID`, `pp/ID`, `vulnerability/ID`. Letters, digits, `-`, `_`, `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartName(String);

/// Why something is no name of a part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form KIND/ID")]
pub struct NoPart(String);

impl PartName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where its JSON lies in the tree.
    pub fn path(&self) -> String {
        format!("parts/{}.json", self.0)
    }

    /// What kind of part it is.
    pub fn kind(&self) -> &str {
        self.0.split_once('/').map_or("", |(kind, _)| kind)
    }
}

impl TryFrom<String> for PartName {
    type Error = NoPart;

    fn try_from(text: String) -> Result<Self, NoPart> {
        let fits = |part: &str| {
            !part.is_empty()
                && part.len() <= 200
                && !part.starts_with('.')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match text.split_once('/') {
            Some((kind, id)) if fits(kind) && fits(id) => Ok(Self(text)),
            _ => Err(NoPart(text)),
        }
    }
}

impl std::str::FromStr for PartName {
    type Err = NoPart;

    fn from_str(text: &str) -> Result<Self, NoPart> {
        text.to_owned().try_into()
    }
}

impl From<PartName> for String {
    fn from(name: PartName) -> Self {
        name.0
    }
}

impl std::fmt::Display for PartName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A leaf: an event, and what a part was after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The event's number in the registry.
    pub seq: i64,
    /// When it happened.
    pub at: jiff::Timestamp,
    /// What happened, by its tag.
    pub event: String,
    /// To which part.
    pub part: PartName,
    /// The SHA-256 of the part's JSON as it was published with this leaf; none where a later leaf of the same publication has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Leaf {
    /// Its canonical bytes (RFC 8785): what the log holds.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(self).expect("a leaf has only strings and small numbers")
    }

    /// From the bytes of an entry of the log.
    ///
    /// # Errors
    /// Where they are no leaf, or not in canonical form.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let leaf: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if leaf.bytes() != bytes {
            return Err("it is not in canonical form".to_owned());
        }
        if leaf.state.as_ref().is_some_and(|state| !crate::publisher::is_digest(state)) {
            return Err("its state is no SHA-256".to_owned());
        }
        Ok(leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_into_the_folder_of_parts_and_nowhere_else() {
        assert_eq!("entry/a-1.b".parse::<PartName>().unwrap().path(), "parts/entry/a-1.b.json");
        for text in [
            "",
            "entry",
            "entry/",
            "/a",
            "entry/../a",
            "entry/a/b",
            "../a",
            "entry/.a",
            "entry/a b",
            "entry/é",
        ] {
            assert!(text.parse::<PartName>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<PartName>("\"../x\"").is_err());
    }

    #[test]
    fn a_leaf_has_one_form() {
        let leaf = Leaf {
            seq: 7,
            at: "2026-11-22T10:00:00Z".parse().unwrap(),
            event: "entry-removed".to_owned(),
            part: "entry/a".parse().unwrap(),
            state: Some("ab".repeat(32)),
        };
        assert_eq!(Leaf::parse(&leaf.bytes()), Ok(leaf.clone()));
        let spaced = serde_json::to_string_pretty(&leaf).unwrap();
        assert!(Leaf::parse(spaced.as_bytes()).is_err());
        assert!(Leaf::parse(b"{}").is_err());
    }
}
