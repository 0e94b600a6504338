//! Challenges without memory: whoever has the key can check one, on any machine, and nothing is stored.
//!
//! ```text
//! expiry (8 bytes, seconds) ‖ random (24 bytes) ‖ HMAC-SHA-256(key, domain ‖ expiry ‖ random)
//! ```
//!
//! That is 64 bytes, a length that every token of the profile can carry. Within its time a challenge can be answered more
//! than once: who must know that it is answered once compares it with the one that he asked for, which
//! [`crate::Expected`] makes him do.

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};

/// The length of a challenge.
pub const CHALLENGE_BYTES: usize = 64;
const RANDOM: std::ops::Range<usize> = 8..32;
const DOMAIN: &[u8] = b"dtsec challenge 1";

/// Makes challenges, and knows its own again.
pub struct Challenges {
    key: hmac::Key,
    lifetime: SignedDuration,
}

/// Why a challenge does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Not made here, or changed.
    #[error("the challenge is not one of ours: ask for one and answer that")]
    NotOurs,
    /// Too old.
    #[error("the challenge expired at {0}: ask for another one")]
    Expired(Timestamp),
}

impl Challenges {
    /// With a secret key that all machines share that check each other's challenges, and how long each is to live.
    pub fn new(key: &[u8; 32], lifetime: SignedDuration) -> Challenges {
        Challenges { key: hmac::Key::new(hmac::HMAC_SHA256, key), lifetime }
    }

    /// A challenge, out of random bytes.
    pub fn issue(&self, random: &[u8; 24], now: Timestamp) -> [u8; CHALLENGE_BYTES] {
        let expiry = now.saturating_add(self.lifetime).unwrap_or(now).as_second();
        let mut challenge = [0; CHALLENGE_BYTES];
        challenge[..8].copy_from_slice(&expiry.to_be_bytes());
        challenge[RANDOM].copy_from_slice(random);
        let tag = hmac::sign(&self.key, &message(&challenge));
        challenge[RANDOM.end..].copy_from_slice(tag.as_ref());
        challenge
    }

    /// Whether a challenge is ours and alive.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check(&self, challenge: &[u8], now: Timestamp) -> Result<(), ChallengeError> {
        let challenge = <&[u8; CHALLENGE_BYTES]>::try_from(challenge).map_err(|_| ChallengeError::NotOurs)?;
        // In constant time.
        hmac::verify(&self.key, &message(challenge), &challenge[RANDOM.end..])
            .map_err(|_| ChallengeError::NotOurs)?;
        let expiry = i64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at| challenge[at]));
        match Timestamp::from_second(expiry) {
            Ok(expiry) if now < expiry => Ok(()),
            Ok(expiry) => Err(ChallengeError::Expired(expiry)),
            Err(_) => Err(ChallengeError::NotOurs),
        }
    }
}

fn message(challenge: &[u8; CHALLENGE_BYTES]) -> Vec<u8> {
    [DOMAIN, &challenge[..RANDOM.end]].concat()
}
