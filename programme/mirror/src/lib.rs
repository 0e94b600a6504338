//! Follows the published list.
//!
//! A [`Mirror`] is a copy of the published tree, with what it remembers of it. [`Mirror::sync`] fetches what is new and keeps it
//! only if everything fits together:
//!
//! - **TUF**: signatures by those who hold the roles, no older list than one that was seen, no mixture of two lists;
//! - **the log**: it continues the one that was seen, enough witnesses have seen it, and what it says last of each part is
//!   what the list has: nothing is put on it, changed or taken off it unseen.
//!
//! What is wrong is told by its own name ([`MirrorError`]), and the copy stays what it was. An old copy is not an error: whoever
//! asks gets the moment as of which it is, and until when it was fresh ([`Fresh`]).
#![forbid(unsafe_code)]

mod fetch;
mod mirror;
mod source;

pub use fetch::{Fresh, MirrorError};
pub use mirror::{Difference, Mirror, Proven, Synced};
pub use source::{Amount, Source, SourceError};
