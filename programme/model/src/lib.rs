//! The documents of the programme as data.
//!
//! A protection profile, a SESIP profile, a Security Target, evidence and an Evaluation Technical Report are typed
//! values with a JSON form ([`Document`]), a JSON Schema ([`schema`]) and canonical bytes ([`canonical`], RFC 8785), so
//! that an approval binds to a hash. What the standards fix lies here as data: the SESIP catalogue of requirements
//! ([`catalogue`]), levels and components ([`assurance`]), and the built-in profiles ([`builtin`]), which carry ids,
//! structure and this project's own summaries, and no sentence of the official documents.
//!
//! Ids are stable kebab-case and are what documents refer to; titles and aliases are data and are never compared.
//!
//! May use nothing of the device; used by everything of the programme.

#![forbid(unsafe_code)]

pub mod assurance;
pub mod attack_potential;
pub mod builtin;
pub mod canonical;
pub mod catalogue;
pub mod composition;
pub mod deliverable;
mod document;
pub mod etr;
pub mod evidence;
pub mod operations;
pub mod profile;
pub mod protection_profile;
pub mod schema;
pub mod security_target;
pub mod threat;

pub use document::{Document, Kind, ReadError};
pub use jiff::civil::Date;
