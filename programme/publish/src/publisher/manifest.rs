//! What the members sign: a manifest of everything, and whose log it is. And where what lies in a tree.

use super::CHECKPOINT;
use crate::history::PartName;
use dtsec_log::{Key, Kind, NoteError, Policy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Everything that lies in the tree, each with its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this document: 1.
    pub format: u32,
    /// The list is as of this moment.
    pub at: Timestamp,
    /// The number of the last event that is in it.
    pub seq: i64,
    /// The log over everything that led here.
    pub log: LogState,
    /// The parts.
    pub parts: BTreeMap<PartName, String>,
    /// Pages and feeds, by their paths.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// From its bytes: every path leads to where such a file may lie, and every digest is one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if manifest.format != 1 {
            return Err(format!("its form is {}, and not 1", manifest.format));
        }
        if let Some(path) = manifest.files.keys().find(|path| !is_own(path)) {
            return Err(format!("`{path}` is no path of a page"));
        }
        let named = manifest.parts.values().chain(manifest.files.values());
        if let Some(digest) = named.chain([&manifest.log.root]).find(|digest| !is_digest(digest)) {
            return Err(format!("`{digest}` is no SHA-256"));
        }
        Ok(manifest)
    }
}

/// A log of a size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// How many leaves.
    pub size: u64,
    /// Their root, in hexadecimal digits.
    pub root: String,
}

/// Whose signatures a checkpoint needs, as the targets say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPolicy {
    /// The log's key: `NAME+ID+BASE64`.
    pub log: String,
    /// The witnesses' keys.
    pub witnesses: Vec<String>,
    /// How many of them must have seen it.
    pub quorum: usize,
}

impl LogPolicy {
    /// As keys.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn policy(&self) -> Result<Policy, NoteError> {
        let key = |text: &str, kind| match Key::parse(text)? {
            key if key.kind() == kind => Ok(key),
            _ => Err(NoteError::Key("it is of the other kind: the log's is no witness's")),
        };
        let witnesses = self.witnesses.iter().map(|text| key(text, Kind::Cosignature));
        let (log, witnesses) = (key(&self.log, Kind::Note)?, witnesses.collect::<Result<_, _>>()?);
        Ok(Policy { log, witnesses, quorum: self.quorum })
    }
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether something is 64 lower-case hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether something can be the name of a file, everywhere.
pub fn is_file_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(fits)
}

/// Where a content lies under its digest: whoever was told the digest gets exactly that, also while a publication goes on.
pub fn object_path(digest: &str) -> String {
    format!("objects/{}/{digest}", digest.get(..2).unwrap_or("--"))
}

/// Where the checkpoint of a log of that size lies.
pub fn checkpoint_path(size: u64) -> String {
    format!("checkpoints/{size}")
}

/// A page's or feed's path: below the tree, and not where something else lies.
pub(super) fn is_own(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.split('/').all(is_file_name)
        && !["metadata", "targets", "objects", "parts", "tile", "checkpoints", CHECKPOINT].contains(&first)
}
