//! Keeps what happened, what follows from it, and documents that not everybody may read; in SQLite by default, in
//! PostgreSQL by a URL, by the same code and the same statements.
//!
//! This crate knows no rule of the programme. It knows *events* (a tag, JSON, who, when, why, on which document),
//! *aggregates* (what is decided on as one, with a version), *lists* that follow from aggregates, an *outbox* and
//! *documents*. Who uses it loads aggregates, decides, and gives back a [`Transaction`]; it is kept whole or not at all.
//!
//! ```text
//! load(keys) → decide (pure, elsewhere) → commit(Transaction) ─┬ events, each with the hash of the one before
//!                                          or Conflict         ├ aggregates, each with its next version
//!                                                              ├ rows of lists, made by the Projection
//!                                                              ├ documents, sealed
//!                                                              ├ persons, credentials, tokens
//!                                                              └ messages in the outbox
//! ```
//!
//! What a caller may rely on: what was acknowledged survives `kill -9` and a power cut; of two who decide on the same
//! version one wins, and the other gets [`Error::Conflict`]; events and readings are never changed, and a change from
//! outside shows at its number ([`Store::verify_chain`]); lists can be made anew from the events ([`Store::check`],
//! [`Store::rebuild`]); the time is always an argument. What he must do himself: authorise, and publish the head of the
//! log from time to time.
//!
//! It may use nothing of the project; `dtsec-registry` and the server use it.
#![forbid(unsafe_code)]

mod access;
mod chain;
mod commit;
mod copy;
mod database;
mod document;
mod dump;
mod dump_reader;
mod error;
mod event;
mod list;
mod migrate;
mod names;
mod outbox;
mod page;
mod rebuild;
mod search;
pub mod sql;
mod store;
mod vault;

pub use access::{AccessChange, Credential, OneTime, Organisation, Person, SecretHash, Session, Token};
pub use chain::Verified;
pub use commit::{Change, Committed, Request, Transaction};
pub use database::{Engine, Head, Location};
pub use document::{Document, LARGEST as LARGEST_DOCUMENT, Listed, NewDocument, Reader, Reading, Readings};
pub use dump::Dumped;
pub use dump_reader::{Inspected, inspect};
pub use error::{Error, Result};
pub use event::{Event, NewEvent};
pub use list::{Found, Projection, Row, Search};
pub use migrate::SCHEMA;
pub use names::{Digest, Key, LONGEST_NAME, NameError, Time};
pub use outbox::Message;
pub use page::{Page, Size};
pub use rebuild::{Difference, Replay};
pub use store::{Aggregate, Events, Loaded, Settings, Store};
