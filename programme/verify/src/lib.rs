//! From a device's token to "exactly this certified version": the verdict.
//!
//! [`Verifier::verify`] takes [`Evidence`], what was [`Expected`] and a moment, and answers with a [`Verdict`]; it never
//! panics and never fails: whatever is wrong is a [`Finding`] with a number. In this order:
//!
//! 1. the token is one of the profile that is spoken (`dtsec-token`);
//! 2. its nonce is the challenge that was set: a mandatory argument, so that nobody forgets it. The challenge may be one of
//!    [`Challenges`], which need no memory and expire;
//! 3. an endorsed key signed it, of that instance, and it is not revoked;
//! 4. the device is in a state of its life in which it can be believed;
//! 5. the *complete* component set is that of one version of the list: one fingerprint, one look-up;
//! 6. what the list says of that version, as of when, and whether that is still fresh. A list that is no longer fresh
//!    never affirms.
//!
//! A verdict becomes an EAT Attestation Result with [`Ear`]. No I/O, no clock, no database: the list and the endorsements lie in
//! memory, and a newer [`Verifier`] takes the place of an older one as a whole.
//!
//! May use `token` and `list`. Used by `cli`.

#![forbid(unsafe_code)]

mod challenge;
mod diagnose;
mod ear;
mod finding;
mod index;
mod verdict;
mod verifier;

pub use challenge::{CHALLENGE_BYTES, ChallengeError, Challenges};
pub use ear::{Ear, EarSigner, PROFILE as EAR_PROFILE, SignerError, VerifierId};
pub use finding::{Finding, Tier, TrustVector};
pub use index::Listed;
pub use verdict::{Freshness, ListTime, Verdict};
pub use verifier::{Evidence, Expected, Verifier};
