//! A witness: somebody who remembers what a log was, and signs only what continues it (C2SP `tlog-witness`).

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{self, Key, Note, NoteError, NoteSigner, Signature};
use crate::tree::{self, Hash};
use base64ct::{Base64, Encoding as _};
use std::fmt;

/// The most lines of a proof: a tree with 2⁶³ entries needs no more.
const MOST_PROOF: usize = 63;

/// The most that a submission has.
pub const MOST_BYTES: usize = note::MOST_BYTES + (MOST_PROOF + 1) * 64;

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

/// What a witness is asked: a checkpoint, and the proof that it continues the one of that size (`add-checkpoint`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The size from which the proof leads.
    pub old: u64,
    /// The proof.
    pub proof: Vec<Hash>,
    /// The checkpoint, signed by its log.
    pub note: Note,
}

impl Submission {
    /// From the bytes of a request.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let form = NoteError::Form;
        let text = std::str::from_utf8(bytes).map_err(|_| form("it is no UTF-8"))?;
        let (head, note) =
            text.split_once("\n\n").ok_or(form("no empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(tree_size).ok_or(form("its first line is `old SIZE`"))?;
        let hash = |line: &str| Base64::decode_vec(line).ok().and_then(|hash| hash.try_into().ok());
        let proof = lines.map(hash).collect::<Option<Vec<Hash>>>();
        let proof = proof.filter(|proof| proof.len() <= MOST_PROOF);
        let proof = proof.ok_or(form("its proof is at most 63 hashes in base64, one a line"))?;
        Ok(Self { old, proof, note: Note::parse(note.as_bytes())? })
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", Base64::encode_string(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

/// The size of a tree as text: decimal digits without leading zeros.
pub fn tree_size(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// The signature that a witness with one of these keys answered with.
///
/// # Errors
/// [`NoteError::Unsigned`] where none of them signed; [`NoteError::Forged`] where it is claimed and not so.
pub fn answered(note: &Note, answer: &str, keys: &[Key]) -> Result<Signature, NoteError> {
    let answer = Note::parse(format!("{}\n{answer}", note.text()).as_bytes())?;
    for key in keys {
        match answer.verify(key) {
            Ok(_) => {
                let mut own = answer.signatures().iter();
                let own = own.find(|one| one.name == key.name() && one.id == key.id()).cloned();
                return own.ok_or(NoteError::Unsigned(key.name().to_owned()));
            }
            Err(NoteError::Unsigned(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Err(NoteError::Unsigned("a witness that is asked for".to_owned()))
}
