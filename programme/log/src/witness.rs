//! A witness: somebody who remembers what a log was, and signs only what continues it (C2SP `tlog-witness`).

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Key, Note, NoteSigner, Signature};
use crate::tree::{self, Hash};

/// What a witness remembers of a log. It is kept before a signature is given away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl Remembered {
    /// Of a log that it has never seen.
    pub fn nothing() -> Self {
        Self { size: 0, root: tree::empty_root() }
    }
}

/// Why a witness does not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Declined {
    /// It is no checkpoint of this log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The proof begins elsewhere: 409 in the protocol, with the size.
    #[error("the last one that was seen has {size} entries; prove that this one continues it")]
    Elsewhere {
        /// What is remembered.
        size: u64,
    },
    /// It is smaller than one that was seen.
    #[error("it has {size} entries, and one with {seen} was seen: the log went back")]
    Back {
        /// How large it is.
        size: u64,
        /// How large it was.
        seen: u64,
    },
    /// It does not continue the one that was seen.
    #[error(
        "it is not a continuation of the one with {seen} entries: the log shows one thing here and another there"
    )]
    Fork {
        /// How large that was.
        seen: u64,
    },
}

/// Signs a checkpoint if it continues what is remembered, and says what to remember from now on.
///
/// `old` is the size from which `proof` leads; `at` is in seconds since 1970.
///
/// # Errors
/// [`Declined`].
pub fn cosign(
    signer: &NoteSigner,
    log: &Key,
    remembered: Remembered,
    (old, proof): (u64, &[Hash]),
    note: &Note,
    at: u64,
) -> Result<(Remembered, Signature), Declined> {
    let policy = crate::checkpoint::Policy { log: log.clone(), witnesses: Vec::new(), quorum: 0 };
    let Checkpoint { size, root, .. } = policy.believe(note)?;
    if size < remembered.size {
        return Err(Declined::Back { size, seen: remembered.size });
    }
    if old != remembered.size {
        return Err(Declined::Elsewhere { size: remembered.size });
    }
    if !tree::is_consistent(old, &remembered.root, size, &root, proof) {
        return Err(Declined::Fork { seen: old });
    }
    Ok((Remembered { size, root }, signer.sign(note.text(), at)))
}
