//! Checkpoints (C2SP `tlog-checkpoint`): what a log is at a moment, signed by it and by those who watch it.

use crate::note::{Key, Note, NoteError};
use crate::tree::Hash;
use crate::witness::tree_size;
use base64ct::{Base64, Encoding as _};
use std::fmt;

/// How large a log is, and its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is none.
    #[error("it is no checkpoint: {0}")]
    Form(&'static str),
    /// It is no note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is of another log.
    #[error("it is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// Whose it is.
        found: String,
        /// Whose it should be.
        expected: String,
    },
    /// Too few witnesses have seen it.
    #[error("{found} of the {quorum} witnesses that it needs have seen it")]
    Witnesses {
        /// How many have.
        found: usize,
        /// How many it needs.
        quorum: usize,
    },
}

impl Checkpoint {
    /// From a note's text.
    ///
    /// # Errors
    /// [`CheckpointError::Form`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Form("it has three lines"));
        };
        if origin.is_empty() {
            return Err(CheckpointError::Form("its first line is the log's name"));
        }
        let size = tree_size(size).ok_or(CheckpointError::Form("its second line is a number"))?;
        let root = Base64::decode_vec(root).ok().and_then(|root| root.try_into().ok());
        let root = root.ok_or(CheckpointError::Form("its third line is a hash in base64"))?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Form("it has an empty line"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// As a note that nobody signed yet.
    ///
    /// # Errors
    /// [`NoteError::Form`] for an origin that is none.
    pub fn note(&self) -> Result<Note, NoteError> {
        if self.origin.is_empty() || self.origin.contains('\n') {
            return Err(NoteError::Form("a log's name is one line"));
        }
        Note::new(self.to_string())
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, Base64::encode_string(&self.root))
    }
}

/// Whom somebody believes about a log: its key, and witnesses of whom so many have to have seen what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The log's key; its name is the log's.
    pub log: Key,
    /// The witnesses' keys.
    pub witnesses: Vec<Key>,
    /// How many of them.
    pub quorum: usize,
}

impl Policy {
    /// The checkpoint of a note, if the note is to be believed.
    ///
    /// # Errors
    /// [`CheckpointError`]. A wrong signature of a known witness is told as such, even where others would suffice.
    pub fn believe(&self, note: &Note) -> Result<Checkpoint, CheckpointError> {
        note.verify(&self.log)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != self.log.name() {
            let (found, expected) = (checkpoint.origin, self.log.name().to_owned());
            return Err(CheckpointError::Origin { found, expected });
        }
        let mut found = Vec::new();
        for witness in &self.witnesses {
            match note.verify(witness) {
                Ok(_) if found.contains(&witness) => {}
                Ok(_) => found.push(witness),
                Err(NoteError::Unsigned(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if found.len() < self.quorum {
            return Err(CheckpointError::Witnesses { found: found.len(), quorum: self.quorum });
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Kind, NoteSigner};
    use zeroize::Zeroizing;

    fn signer(name: &str, kind: Kind, seed: u8) -> NoteSigner {
        NoteSigner::new(name, kind, &Zeroizing::new([seed; 32])).unwrap()
    }

    #[test]
    fn a_checkpoint_is_three_lines_and_reads_back() {
        let made = Checkpoint { origin: "list.example".to_owned(), size: 20, root: [9; 32] };
        assert_eq!(Checkpoint::parse(&made.to_string()), Ok(made.clone()));
        for (from, to) in [
            ("20", "020"),
            ("20", "-1"),
            ("20", "+20"),
            ("list.example\n", ""),
            ("CQkJ", "!"),
            ("20\n", "20\n\n"),
        ] {
            let text = made.to_string().replacen(from, to, 1);
            assert!(Checkpoint::parse(&text).is_err(), "{text}");
        }
        let more = format!("{made}an extension\n");
        assert_eq!(Checkpoint::parse(&more), Ok(made));
    }

    #[test]
    fn it_is_believed_with_the_log_s_signature_and_enough_witnesses() {
        let log = signer("list.example", Kind::Note, 1);
        let witnesses = [2, 3, 4].map(|seed| signer(&format!("w{seed}.example"), Kind::Cosignature, seed));
        let policy = |quorum| Policy {
            log: log.public().clone(),
            witnesses: witnesses.iter().map(|one| one.public().clone()).collect(),
            quorum,
        };
        let made = Checkpoint { origin: "list.example".to_owned(), size: 0, root: crate::tree::empty_root() };
        let mut note = made.note().unwrap();
        assert!(matches!(policy(0).believe(&note), Err(CheckpointError::Note(NoteError::Unsigned(_)))));
        note.add(log.sign(note.text(), 0));
        assert_eq!(policy(0).believe(&note), Ok(made.clone()));
        note.add(witnesses[0].sign(note.text(), 5));
        note.add(witnesses[0].sign(note.text(), 6));
        assert_eq!(policy(2).believe(&note), Err(CheckpointError::Witnesses { found: 1, quorum: 2 }));
        let mut doubled = policy(2);
        doubled.witnesses.push(doubled.witnesses[0].clone());
        assert_eq!(doubled.believe(&note), Err(CheckpointError::Witnesses { found: 1, quorum: 2 }));
        note.add(witnesses[2].sign(note.text(), 5));
        assert_eq!(policy(2).believe(&note), Ok(made.clone()));
        let mut forged = witnesses[1].sign("something else\n", 5);
        forged.name = "w3.example".to_owned();
        note.add(forged);
        assert!(matches!(policy(2).believe(&note), Err(CheckpointError::Note(NoteError::Forged(_)))));
        let other = signer("other.example", Kind::Note, 1);
        let mut note = made.note().unwrap();
        note.add(other.sign(note.text(), 0));
        let policy = Policy { log: other.public().clone(), witnesses: Vec::new(), quorum: 0 };
        assert!(matches!(policy.believe(&note), Err(CheckpointError::Origin { .. })));
    }
}
