//! Attestation of the platform and of the application: issues PSA attestation tokens.
//!
//! A token says, signed, which instance this is, in which state of its life, and which parts boot started,
//! each with version, measurement and signer, for one challenge of one verifier. The format is RFC 9783,
//! profile `tag:psacertified.org,2023:psa#tfm` (§5.2), with ES256 in a tagged COSE_Sign1 (RFC 9052 §4.2):
//!
//! ```text
//! 18([ << {1: -7} >>, {}, << claims >>, signature ])
//! ```
//!
//! - [`AttestationKey`] comes from the secret that boot bound to boot code, platform, signer and life
//!   cycle: on a changed platform it is another key, so a changed platform cannot speak for this one;
//! - [`Claims`] are what boot recorded plus what the platform knows of itself. A caller supplies nothing
//!   but the challenge;
//! - [`issue`] writes the token, [`size`] tells its length beforehand.
//!
//! What a caller may assume: no heap, no panic; the same claims, key and challenge give the same bytes
//! (RFC 8949 §4.2.1, RFC 6979); what is signed is what was encoded, even if someone else writes to the
//! output meanwhile; a refused call leaves zeros in the output. What it may not: that the stack stays
//! clean (see `cdd-crypto`).
//!
//! SFR: attestation-of-platform-genuineness, attestation-of-application-genuineness,
//! verification-of-platform-instance-identity.
//! May use `boot`, `fuses`, `crypto`, `hardening`; used by `platform`.

#![no_std]
#![forbid(unsafe_code)]

mod claims;
mod error;
mod key;
mod token;

pub use claims::{
    CertificationReference, Claims, MAX_SERVICE_BYTES, NON_SECURE_CALLER, implementation_id, psa_life_cycle,
};
pub use error::AttestError;
pub use key::{AttestationKey, INSTANCE_ID_BYTES, PUBLIC_KEY_BYTES};
pub use token::{MAX_TOKEN_BYTES, NONCE_SIZES, PROFILE, issue, size};
