//! Evidence that can be handed on and believed.
//!
//! A run's evidence (`dtsec_model::evidence::EvidenceBundle`) becomes an in-toto [`Statement`] about the images that
//! were tested and travels in a DSSE [`Envelope`], signed by one key or several. [`verify()`] opens an envelope for
//! whoever names the keys that they trust and how many of them must have signed. [`Collection`] joins the evidence of
//! several runs, [`junit`] takes in what ran elsewhere, [`evaluation`] what `dtsec evaluate` left.
//!
//! Everything that comes from outside is bounded in size, and the same input gives the same bytes.
//!
//! Uses `dtsec-model`; used by `dtsec-workunits` and `dtsec evidence`.

#![forbid(unsafe_code)]

mod dsse;
pub mod evaluation;
pub mod junit;
mod key;
mod merge;
mod parts;
mod statement;

pub use dsse::{
    Envelope, EnvelopeError, PAYLOAD_TYPE, Signature, Verified, VerifyError, pre_authentication, verify,
};
pub use key::{KeyError, PrivateKey, PublicKey};
pub use merge::{Collection, CollectionKind, Combined, MergeError};
pub use statement::{PREDICATE_TYPE, STATEMENT_TYPE, Statement, StatementError, Subject};

/// The most that is read of one file of evidence.
pub const MAX_BYTES: usize = 64 << 20;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of bytes, in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
