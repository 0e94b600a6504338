//! From the parts of a published tree to what a verifier rests on.

use crate::Entry;
use crate::batch::{self, Batch, BatchError};
use crate::endorse::Endorsements;
use serde::Deserialize;

/// What a verifier rests on. Its moments are those of the copy that the parts are from.
#[derive(Default)]
pub struct Assembled {
    /// Entries that say how their devices attest themselves, in the order of the parts.
    pub entries: Vec<Entry>,
    /// Whose attestation keys count.
    pub endorsements: Endorsements,
}

/// Why parts do not give a list.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A part that cannot be read.
    #[error("part {part}: {why}")]
    Json {
        /// Which.
        part: String,
        /// What is wrong.
        why: serde_json::Error,
    },
    /// A part with the reference values of another entry.
    #[error("part {part} has the reference values of entry `{id}`")]
    OtherEntry {
        /// Which part.
        part: String,
        /// Whose values it has.
        id: String,
    },
    /// A batch of endorsements that does not hold together, or contradicts another one.
    #[error("part {part}: {why}")]
    Batch {
        /// Which.
        part: String,
        /// What is wrong.
        why: BatchError,
    },
}

/// An entry as anybody sees it: what is in it for verifiers.
#[derive(Deserialize)]
struct EntryPart {
    #[serde(default)]
    attestation: Option<Entry>,
}

/// Takes the parts one after another, by their names: `entry/ID` and `endorsements/BATCH`; others are passed over. Where they
/// come from has been verified, and may fail with an error of its own.
///
/// # Errors
/// That of the source, or [`AssembleError`]: no part is left out, because a verifier would answer by chance.
pub fn assemble<N: AsRef<str>, B: AsRef<[u8]>, E: From<AssembleError>>(
    parts: impl IntoIterator<Item = Result<(N, B), E>>,
) -> Result<Assembled, E> {
    let mut assembled = Assembled::default();
    for part in parts {
        let (name, bytes) = part?;
        assembled.take(name.as_ref(), bytes.as_ref())?;
    }
    Ok(assembled)
}

impl Assembled {
    fn take(&mut self, name: &str, bytes: &[u8]) -> Result<(), AssembleError> {
        let part = || name.to_owned();
        let json = |why| AssembleError::Json { part: part(), why };
        match name.split_once('/') {
            Some(("entry", id)) => {
                let EntryPart { attestation } = serde_json::from_slice(bytes).map_err(json)?;
                let Some(entry) = attestation else { return Ok(()) };
                if entry.id != id {
                    return Err(AssembleError::OtherEntry { part: part(), id: entry.id });
                }
                self.entries.push(entry);
            }
            Some((batch::KIND, _)) => {
                let batch: Batch = serde_json::from_slice(bytes).map_err(json)?;
                let added = self.endorsements.add(&batch);
                added.map_err(|why| AssembleError::Batch { part: part(), why })?;
            }
            _ => {}
        }
        Ok(())
    }
}
