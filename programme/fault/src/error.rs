//! What can go wrong with a campaign itself.

use std::path::{Path, PathBuf};

/// Why a campaign gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not the ELF file of an image of this board.
    #[error("{} is no ELF file of this board: {reason}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The image of a scenario, or the device for it, could not be made.
    #[error("the scenario `{scenario}` cannot be made: {reason}")]
    Scenario {
        /// Its name.
        scenario: &'static str,
        /// Why.
        reason: String,
    },
    /// Without any fault, the scenario did not end as it must.
    #[error("without a fault, `{scenario}` must end as {expected}, but it ended as {found}")]
    Golden {
        /// Its name.
        scenario: &'static str,
        /// What must be.
        expected: &'static str,
        /// What was.
        found: String,
    },
    /// The positive control failed: nothing that this campaign could see would be an acceptance.
    #[error(
        "the positive control of `{scenario}` was not accepted but ended as {found}: this campaign is blind"
    )]
    Blind {
        /// Its name.
        scenario: &'static str,
        /// How it ended.
        found: String,
    },
    /// A file of results cannot be understood.
    #[error("{} is no record of a campaign: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Results of different campaigns cannot be joined.
    #[error(
        "these are not of one campaign: {field} differs ({one} and {other}); join only what the same call of \
         `dtsec fault run` gave, but for --shard"
    )]
    Different {
        /// What differs.
        field: &'static str,
        /// In the first.
        one: String,
        /// In the other.
        other: String,
    },
    /// A shard is missing or there twice.
    #[error("shard {shard} of {of} is {what}")]
    Shards {
        /// Its number, from 1.
        shard: u32,
        /// How many there are.
        of: u32,
        /// `missing` or `there twice`.
        what: &'static str,
    },
    /// A record does not say where and when.
    #[error(
        "the record says not who ran it, where and when, so it is no evidence; run it with `dtsec fault run --out`"
    )]
    NoProvenance,
    /// A run that was asked for by its name does not exist.
    #[error("there is no injection {0}: see the list's length in the record")]
    NoInjection(u64),
    /// A text that stands for nothing.
    #[error("`{text}` is no {what}; there are {choices}")]
    Unknown {
        /// What was asked for.
        what: &'static str,
        /// What was given.
        text: String,
        /// What there is.
        choices: String,
    },
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path, source: std::io::Error) -> Error {
        Error::File { action, path: path.to_owned(), source }
    }
}
