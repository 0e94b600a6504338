//! The published list as data, and the endorsements of attestation keys: what the publisher writes, and what a verifier
//! holds a token against. No I/O, no clock, no database.
//!
//! - [`PublishedList`]: the entries with their versions. Each version has its *complete* [`ComponentSet`] – implementation
//!   ID and every component with measurement, version and signer – and the [`Fingerprint`] of it. One set, one fingerprint,
//!   one version: what a device runs is found by one look-up, and a set of which something is missing, added or taken from
//!   another release has another fingerprint.
//! - [`endorse`]: whose attestation keys count: single keys, certificates of manufacturers, revocations.
//! - [`enrol`]: many endorsements at once, from files as manufacturers have them; what is wrong is refused by its line.
//! - [`batch`]: endorsements as parts of the published tree; [`assemble`]: from its parts to what a verifier rests on.
//! - [`corim`]: reference values and endorsements from and to CoRIM, an unfinished draft that stays at this edge.
//!
//! May use `model`. Used by `verify`, the publisher and `cli`.

#![forbid(unsafe_code)]

mod assemble;
pub mod batch;
mod bytes;
mod certificate;
mod check;
mod components;
pub mod corim;
mod cose_key;
pub mod endorse;
pub mod enrol;
mod list;

pub use assemble::{AssembleError, Assembled, assemble};
pub use bytes::{BytesError, Fingerprint, Hash, ImplementationId, InstanceId, PublicKey};
pub use certificate::{Authority, Chain, ChainError};
pub use check::ListError;
pub use components::{Component, ComponentRef, ComponentSet, ComponentsError, fingerprint};
pub use cose_key::{CoseKeyError, cose_key};
pub use list::{
    Entry, FORMAT, Format, Kind, OpenVulnerability, PublishedList, Severity, Standing, Status, Version,
    schema,
};
