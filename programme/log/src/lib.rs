//! A log to which entries are only ever appended, and whose whole content a signature binds.
//!
//! - [`tree`]: the Merkle tree of RFC 6962 and its proofs;
//! - [`tile`]: the log as files that any web server can serve (C2SP `tlog-tiles`);
//! - [`note`], [`checkpoint`]: what the log is at a moment, signed (C2SP `signed-note`, `tlog-checkpoint`);
//! - [`witness`]: who remembers what a log was, and signs only what continues it (C2SP `tlog-witness`, `tlog-cosignature`).
//!
//! Nothing here knows what an entry means.
#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod note;
pub mod tile;
pub mod tree;
pub mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, Policy};
pub use note::{Key, Kind, Note, NoteError, NoteSigner, Signature};
pub use tile::{Sink, Source, TileError, Tiles};
pub use tree::{Frontier, Hash};
