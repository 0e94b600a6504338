//! Why nothing was published.

use crate::history::PartName;
use crate::key::KeyError;
use crate::root::RootError;
use crate::tree::TreeError;
use dtsec_log::{CheckpointError, NoteError, TileError};

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Somebody else publishes there.
    #[error("somebody else is publishing to {0}; wait until that has ended")]
    Busy(String),
    /// A file could not be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A tile is missing or damaged.
    #[error("the log: {0}")]
    Tile(#[from] TileError<TreeError>),
    /// A key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A root is of no use.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A note cannot be made.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// What lies there is not what was signed.
    #[error("{path} is damaged: {problem}; publish into a copy that is whole")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no root yet.
    #[error("there is no root in {0}: hold the ceremony first (`dtsec publish root`)")]
    NoRoot(String),
    /// A part that was published is not in the registry any more.
    #[error(
        "{0} was published and is not in the registry any more; what is removed keeps its part, with its state"
    )]
    Vanished(PartName),
    /// Two files would have one name.
    #[error("`{0}` cannot be the name of a file in the tree, or is taken")]
    Name(String),
    /// A page cannot be made.
    #[error("a page: {0}")]
    Render(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing waits for a release.
    #[error("nothing is staged after version {0}, which is released; stage first (`dtsec publish stage`)")]
    NothingStaged(u64),
    /// The log's keys are not those that the members sign.
    #[error("the log's keys are not those that were staged; stage again with these, or release with those")]
    OtherLog,
    /// Signatures under something else.
    #[error("those signatures are under another list than the one that is staged")]
    OtherTargets,
    /// Too few have signed.
    #[error(
        "{have} of the {need} signatures that the targets need are there; have others sign (`dtsec publish sign`)"
    )]
    Quorum {
        /// How many are there.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// The key holds no such role.
    #[error("this key does not hold the role {0}; the root says who does")]
    NoRole(&'static str),
    /// Witnesses did not sign.
    #[error("{found} of the {quorum} witnesses that are needed have signed: {said}")]
    Witnesses {
        /// How many.
        found: usize,
        /// How many it takes.
        quorum: usize,
        /// What the others said.
        said: String,
    },
    /// The log's checkpoint is not the log's.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

pub(super) fn damaged(path: &str, problem: impl ToString) -> PublishError {
    PublishError::Damaged { path: path.to_owned(), problem: problem.to_string() }
}
