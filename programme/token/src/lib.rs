//! Attestation tokens as the programme reads them: RFC 9783, profile `psa#tfm`, COSE_Sign1 with ES256.
//!
//! A token comes from outside and may be anything. [`Token::parse`] takes bytes and gives typed claims or a
//! [`TokenError`]; it never panics, and it refuses what RFC 9783 does not allow: a mandatory claim that is missing, a
//! claim twice, a size or a number out of range, an encoding that is not the preferred one. Claims that it does not
//! know are allowed (RFC 9711 §7) and counted.
//!
//! Reading proves nothing. [`Token::verify`] says whether a key signed it; whose key that is, is for whoever has the
//! manufacturer's endorsement to say.
//!
//! It shares no code with the device's encoder (`cdd-attest`). Used by `dtsec attest` and the evaluation.

#![forbid(unsafe_code)]

mod claims;
mod error;
mod token;

pub use claims::{Bytes, Component, LifeCycle};
pub use error::{Place, TokenError};
pub use token::{MAX_TOKEN_BYTES, PROFILE, Token};
