//! What can go wrong: what, where, and what to do. After an error nothing of a transaction is kept.

use crate::names::{Key, NameError};
use std::path::PathBuf;

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else was faster.
    #[error(
        "{key} is at version {found}, and this was decided on version {expected}; load it and decide again"
    )]
    Conflict {
        /// What was changed.
        key: Key,
        /// The version that the decision rests on; 0 where it did not exist.
        expected: i64,
        /// The version that there is.
        found: i64,
    },
    /// A request's id was used before, for something else.
    #[error("the request `{0}` was carried out before with another content; give this one an id of its own")]
    RequestReused(String),
    /// A transaction without an event.
    #[error("a transaction without an event would leave no trace; give at least one")]
    NoEvent,
    /// One aggregate twice in a transaction.
    #[error("{0} is named twice in one transaction; give its last state once")]
    NamedTwice(Key),
    /// Two aggregates claim one row of a list.
    #[error("the list `{list}` has a row `{id}` of another aggregate, and {owner} claims it")]
    RowTaken {
        /// The list.
        list: String,
        /// The row.
        id: String,
        /// Who wants it as well.
        owner: Key,
    },
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A number that JSON's canonical form does not carry.
    #[error("{what} holds the number {number}, which is beyond 2^53 and would not survive; write it as text")]
    Number {
        /// Where.
        what: &'static str,
        /// Which.
        number: String,
    },
    /// A cursor that no page gave.
    #[error("`{0}` is not the cursor of a page; begin at the first one")]
    Cursor(String),
    /// More search terms than there are queries for.
    #[error("a search has {given} terms, and {most} are answered at most; leave some out")]
    TooManyTerms {
        /// How many were given.
        given: usize,
        /// How many there may be.
        most: usize,
    },
    /// Something that must be unique, or must exist, in a table of the access layer.
    #[error("{what}: {problem}")]
    Refused {
        /// Of what.
        what: &'static str,
        /// Why.
        problem: &'static str,
    },

    /// A log does not verify.
    #[error(
        "the log `{log}` was changed at number {seq}: {what}; keep this database for the inquiry and restore a copy"
    )]
    Tampered {
        /// `event` or `reading`.
        log: &'static str,
        /// The first number at which it does not verify.
        seq: i64,
        /// In which way.
        what: String,
    },
    /// What is stored is not what was written.
    #[error("{what} in the database cannot be read: {problem}; restore a copy")]
    Damaged {
        /// What.
        what: String,
        /// In which way.
        problem: String,
    },

    /// The documents' key is not there.
    #[error("the key of the documents is not at {}; put it back, or name its file", .path.display())]
    NoKey {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The wrong key.
    #[error("{} holds the key {found}, and the documents are sealed under {needed}; name that key's file", .path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// Its key's id.
        found: String,
        /// The id of the key that is needed.
        needed: String,
    },
    /// The key lies open.
    #[error("{} can be read by others (mode {mode:o}); `chmod 600` it", .path.display())]
    KeyExposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No key at all.
    #[error("{} does not hold a key: 64 digits of hex are needed", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// A document beyond the limit.
    #[error("the document has {size} bytes, and {most} are taken at most")]
    TooLarge {
        /// How many it has.
        size: usize,
        /// How many it may have.
        most: usize,
    },
    /// Other bytes than announced.
    #[error("the document's SHA-256 is {found}, and {claimed} was announced; send it again")]
    OtherBytes {
        /// As announced.
        claimed: String,
        /// As received.
        found: String,
    },
    /// A confidential document where a public one was asked for.
    #[error("the document {digest} of {case} is confidential: say who reads it and why")]
    Confidential {
        /// Whose.
        case: String,
        /// Which.
        digest: String,
    },

    /// The disk is full.
    #[error(
        "the disk is full, or a file may not grow; nothing of this was written: make room and do it again ({0})"
    )]
    NoSpace(String),
    /// The disk fails.
    #[error("the disk does not read or write: {0}")]
    Disk(String),
    /// Others hold the database, or it does not answer any more.
    #[error("the database is held by others, or does not answer in time; do it again")]
    Busy,
    /// The database does not answer.
    #[error("the database does not answer: {0}; see that it runs and that the URL is right")]
    Unreachable(String),
    /// Not a URL of a database that is known.
    #[error("the database's URL is not of the form {0}")]
    Url(&'static str),
    /// Made by a later version.
    #[error(
        "the database is at schema {found}, and this program knows {known} at most; use the program that made it"
    )]
    Newer {
        /// What the database has.
        found: i64,
        /// What is known.
        known: i64,
    },
    /// A step of the schema that is not ours.
    #[error("step {0} of the database's schema is not the one of this program; use the program that made it")]
    OtherSchema(i64),
    /// The database was never set up.
    #[error("the database has schema {found}, and {known} is needed; migrate it first")]
    NotMigrated {
        /// What it has.
        found: i64,
        /// What is needed.
        known: i64,
    },
    /// Not a database.
    #[error("{0} is no database of this program")]
    NotADatabase(String),

    /// Restore into a database that holds something.
    #[error("the database is not empty; restore into a new one")]
    NotEmpty,
    /// A dump that is not whole.
    #[error("line {line} of the dump: {problem}")]
    Dump {
        /// From 1.
        line: u64,
        /// In which way.
        problem: String,
    },
    /// An operation that only one of the databases has.
    #[error("PostgreSQL is not copied into a file; use `pg_dump`, or a dump")]
    NoCopy,
    /// Files.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The replay of events failed.
    #[error("event {seq} cannot be applied: {problem}")]
    Replay {
        /// Which.
        seq: i64,
        /// Why.
        problem: String,
    },
    /// No random numbers.
    #[error("the system gives no random numbers")]
    Randomness,
    /// Anything else that the database says.
    #[error("the database refused: {0}")]
    Database(#[source] sqlx::Error),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::FileTooLarge => {
                Self::NoSpace(format!("{}: {source}", path.display()))
            }
            _ => Self::File { path, source },
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::Unreachable(_))
    }

    /// Whether the caller's view was stale, or his request unfit: nothing is wrong with the machine.
    pub fn is_callers(&self) -> bool {
        matches!(
            self,
            Self::Conflict { .. }
                | Self::RequestReused(_)
                | Self::Name(_)
                | Self::Number { .. }
                | Self::Cursor(_)
                | Self::TooManyTerms { .. }
                | Self::Refused { .. }
                | Self::TooLarge { .. }
                | Self::OtherBytes { .. }
                | Self::Confidential { .. }
        )
    }
}

/// SQLite's primary result codes.
mod sqlite {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const IO: i32 = 10;
    pub(super) const IO_WRITE: i32 = 10 | (3 << 8);
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(cause) => Self::Unreachable(cause.to_string()),
            sqlx::Error::Tls(cause) => Self::Unreachable(cause.to_string()),
            sqlx::Error::Database(cause) => {
                let code = cause.code().unwrap_or_default();
                let message = cause.message().to_owned();
                // SQLSTATE has five characters, SQLite's codes are shorter numbers.
                match (&*code, code.parse::<i32>()) {
                    ("53100", _) => Self::NoSpace(message),
                    ("58030", _) => Self::Disk(message),
                    ("55P03" | "40001" | "40P01", _) => Self::Busy,
                    ("3D000" | "28P01" | "28000" | "57P01" | "57P02" | "57P03" | "53300", _) => {
                        Self::Unreachable(message)
                    }
                    (code, Ok(number)) if code.len() < 5 => match (number, number & 0xff) {
                        (sqlite::IO_WRITE, _) | (_, sqlite::FULL) => Self::NoSpace(message),
                        (_, sqlite::BUSY | sqlite::LOCKED) => Self::Busy,
                        (_, sqlite::IO) => Self::Disk(message),
                        (_, sqlite::CORRUPT) => Self::Damaged { what: "a page".to_owned(), problem: message },
                        (_, sqlite::NOT_A_DATABASE) => Self::NotADatabase(message),
                        _ => Self::Database(error),
                    },
                    _ => Self::Database(error),
                }
            }
            _ => Self::Database(error),
        }
    }
}

/// Turns the violation of a unique or foreign key into a sentence.
pub(crate) fn refused(
    what: &'static str,
    exists: &'static str,
    missing: &'static str,
) -> impl FnOnce(sqlx::Error) -> Error {
    move |error| match error.as_database_error().map(sqlx::error::DatabaseError::kind) {
        Some(sqlx::error::ErrorKind::UniqueViolation) => Error::Refused { what, problem: exists },
        Some(sqlx::error::ErrorKind::ForeignKeyViolation) => Error::Refused { what, problem: missing },
        _ => error.into(),
    }
}
