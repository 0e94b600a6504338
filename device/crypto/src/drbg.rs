//! HMAC_DRBG with SHA-256 (SP 800-90A Rev. 1 §10.1.2), security strength 256 bits.
//!
//! The mechanism only: where the entropy comes from is the caller's business (see [`crate::random`]).
//! Prediction resistance (§9.3.1) is a call of [`Drbg::reseed`] before [`Drbg::generate`].
//!
//! SFR: cryptographic-random-number-generation.

use crate::mac::{self, HmacSha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Requests between two reseedings.
///
/// Table 2 would allow 2⁴⁸; a low limit costs little and ends early what a leaked state is worth.
pub const RESEED_INTERVAL: u32 = 1024;
/// Bytes in one request (Table 2: at most 2¹⁹ bits).
pub const MAX_REQUEST: usize = 1 << 16;
/// Shortest entropy input in bytes: that of the security strength (Table 2).
pub const MIN_ENTROPY_INPUT: usize = 32;

/// Why a call was refused. The state is as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrbgError {
    /// The entropy input is shorter than [`MIN_ENTROPY_INPUT`].
    EntropyTooShort,
    /// More than [`MAX_REQUEST`] bytes were asked for at once.
    RequestTooLong,
    /// [`RESEED_INTERVAL`] requests were answered since the last seeding.
    ReseedRequired,
}

/// A working state: *K*, *V* and the reseed counter. Wiped when dropped (uninstantiate, §9.4).
pub struct Drbg {
    key: Zeroizing<[u8; mac::SIZE]>,
    value: Zeroizing<[u8; mac::SIZE]>,
    reseed_counter: u32,
}

impl ZeroizeOnDrop for Drbg {}

impl Drbg {
    /// Instantiates (§10.1.2.3).
    ///
    /// `entropy` must carry at least 256 bits of entropy, and `entropy` with `nonce` at least 384 (§8.6.7).
    pub fn instantiate(entropy: &[u8], nonce: &[u8], personalization: &[u8]) -> Result<Drbg, DrbgError> {
        long_enough(entropy)?;
        let mut drbg = Drbg {
            key: Zeroizing::new([0x00; mac::SIZE]),
            value: Zeroizing::new([0x01; mac::SIZE]),
            reseed_counter: 1,
        };
        drbg.update([entropy, nonce, personalization]);
        Ok(drbg)
    }

    /// Reseeds (§10.1.2.4). `entropy` must carry at least 256 bits of entropy.
    pub fn reseed(&mut self, entropy: &[u8], additional: &[u8]) -> Result<(), DrbgError> {
        long_enough(entropy)?;
        self.update([entropy, additional, &[]]);
        self.reseed_counter = 1;
        Ok(())
    }

    /// Fills `out` (§10.1.2.5). When refused, `out` is all zero.
    pub fn generate(&mut self, out: &mut [u8], additional: &[u8]) -> Result<(), DrbgError> {
        let refusal = if out.len() > MAX_REQUEST {
            Some(DrbgError::RequestTooLong)
        } else if self.must_reseed() {
            Some(DrbgError::ReseedRequired)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            out.zeroize();
            return Err(refusal);
        }
        if !additional.is_empty() {
            self.update([additional, &[], &[]]);
        }
        for chunk in out.chunks_mut(mac::SIZE) {
            self.next_value();
            chunk.iter_mut().zip(self.value.iter()).for_each(|(to, from)| *to = *from);
        }
        self.update([additional, &[], &[]]);
        self.reseed_counter = self.reseed_counter.saturating_add(1);
        Ok(())
    }

    /// Whether the next request would be refused for want of a reseeding.
    pub fn must_reseed(&self) -> bool {
        self.reseed_counter > RESEED_INTERVAL
    }

    /// HMAC_DRBG_Update (§10.1.2.2); `data` is provided as up to three pieces to be concatenated.
    fn update(&mut self, data: [&[u8]; 3]) {
        self.next_key(0x00, data);
        self.next_value();
        if data.iter().any(|piece| !piece.is_empty()) {
            self.next_key(0x01, data);
            self.next_value();
        }
    }

    /// *K* = HMAC(*K*, *V* ‖ `tag` ‖ `data`).
    fn next_key(&mut self, tag: u8, data: [&[u8]; 3]) {
        let mut mac = HmacSha256::new(&*self.key);
        mac.update(&*self.value);
        mac.update(&[tag]);
        data.into_iter().for_each(|piece| mac.update(piece));
        mac.finish(&mut self.key);
    }

    /// *V* = HMAC(*K*, *V*).
    fn next_value(&mut self) {
        let mut mac = HmacSha256::new(&*self.key);
        mac.update(&*self.value);
        mac.finish(&mut self.value);
    }
}

fn long_enough(entropy: &[u8]) -> Result<(), DrbgError> {
    if entropy.len() < MIN_ENTROPY_INPUT { Err(DrbgError::EntropyTooShort) } else { Ok(()) }
}

/// The known-answer test of instantiate, reseed and generate, and of the refusal at the reseed limit
/// (§11.3.2 to §11.3.4).
///
/// The answer is NIST CAVP's: DRBGVS, HMAC_DRBG, SHA-256, no prediction resistance, with personalization
/// string and additional input, COUNT = 0.
pub fn self_test() -> bool {
    self_test_expects(&KNOWN_ANSWER)
}

fn self_test_expects(answer: &[u8; 128]) -> bool {
    let mut out = [0u8; 128];
    let ran = run_known_answer(&mut out);
    ran.is_ok() && out == *answer
}

fn run_known_answer(out: &mut [u8; 128]) -> Result<(), DrbgError> {
    let mut drbg = Drbg::instantiate(&KAT_ENTROPY, &KAT_NONCE, &KAT_PERSONALIZATION)?;
    drbg.reseed(&KAT_RESEED, &KAT_RESEED_ADDITIONAL)?;
    drbg.generate(out, &KAT_ADDITIONAL_1)?;
    drbg.generate(out, &KAT_ADDITIONAL_2)?;
    drbg.reseed_counter = RESEED_INTERVAL.saturating_add(1);
    match drbg.generate(&mut [0u8; 1], &[]) {
        Err(DrbgError::ReseedRequired) => Ok(()),
        Err(other) => Err(other),
        Ok(()) => Err(DrbgError::ReseedRequired),
    }
}

static KAT_ENTROPY: [u8; 32] = [
    0xcd, 0xb0, 0xd9, 0x11, 0x7c, 0xc6, 0xdb, 0xc9, 0xef, 0x9d, 0xcb, 0x06, 0xa9, 0x75, 0x79, 0x84, 0x1d,
    0x72, 0xdc, 0x18, 0xb2, 0xd4, 0x6a, 0x1c, 0xb6, 0x1e, 0x31, 0x40, 0x12, 0xbd, 0xf4, 0x16,
];
static KAT_NONCE: [u8; 16] =
    [0xd0, 0xc0, 0xd0, 0x1d, 0x15, 0x60, 0x16, 0xd0, 0xeb, 0x6b, 0x7e, 0x9c, 0x7c, 0x3c, 0x8d, 0xa8];
static KAT_PERSONALIZATION: [u8; 32] = [
    0x6f, 0x0f, 0xb9, 0xea, 0xb3, 0xf9, 0xea, 0x7a, 0xb0, 0xa7, 0x19, 0xbf, 0xa8, 0x79, 0xbf, 0x0a, 0xae,
    0xd6, 0x83, 0x30, 0x7f, 0xda, 0x0c, 0x6d, 0x73, 0xce, 0x01, 0x8b, 0x6e, 0x34, 0xfa, 0xaa,
];
static KAT_RESEED: [u8; 32] = [
    0x8e, 0xc6, 0xf7, 0xd5, 0xa8, 0xe2, 0xe8, 0x8f, 0x43, 0x98, 0x6f, 0x70, 0xb8, 0x6e, 0x05, 0x0d, 0x07,
    0xc8, 0x4b, 0x93, 0x1b, 0xcf, 0x18, 0xe6, 0x01, 0xc5, 0xa3, 0xee, 0xe3, 0x06, 0x4c, 0x82,
];
static KAT_RESEED_ADDITIONAL: [u8; 32] = [
    0x1a, 0xb4, 0xca, 0x90, 0x14, 0xfa, 0x98, 0xa5, 0x59, 0x38, 0x31, 0x6d, 0xe8, 0xba, 0x5a, 0x68, 0xc6,
    0x29, 0xb0, 0x74, 0x1b, 0xdd, 0x05, 0x8c, 0x4d, 0x70, 0xc9, 0x1c, 0xda, 0x50, 0x99, 0xb3,
];
static KAT_ADDITIONAL_1: [u8; 32] = [
    0x16, 0xe2, 0xd0, 0x72, 0x1b, 0x58, 0xd8, 0x39, 0xa1, 0x22, 0x85, 0x2a, 0xbd, 0x3b, 0xf2, 0xc9, 0x42,
    0xa3, 0x1c, 0x84, 0xd8, 0x2f, 0xca, 0x74, 0x21, 0x18, 0x71, 0x88, 0x0d, 0x71, 0x62, 0xff,
];
static KAT_ADDITIONAL_2: [u8; 32] = [
    0x53, 0x68, 0x6f, 0x04, 0x2a, 0x7b, 0x08, 0x7d, 0x5d, 0x2e, 0xca, 0x0d, 0x2a, 0x96, 0xde, 0x13, 0x1f,
    0x27, 0x5e, 0xd7, 0x15, 0x11, 0x89, 0xf7, 0xca, 0x52, 0xde, 0xaa, 0x78, 0xb7, 0x9f, 0xb2,
];
static KNOWN_ANSWER: [u8; 128] = [
    0xdd, 0xa0, 0x4a, 0x2c, 0xa7, 0xb8, 0x14, 0x7a, 0xf1, 0x54, 0x8f, 0x5d, 0x08, 0x65, 0x91, 0xca, 0x4f,
    0xd9, 0x51, 0xa3, 0x45, 0xce, 0x52, 0xb3, 0xcd, 0x49, 0xd4, 0x7e, 0x84, 0xaa, 0x31, 0xa1, 0x83, 0xe3,
    0x1f, 0xbc, 0x42, 0xa1, 0xff, 0x1d, 0x95, 0xaf, 0xec, 0x71, 0x43, 0xc8, 0x00, 0x8c, 0x97, 0xbc, 0x2a,
    0x9c, 0x09, 0x1d, 0xf0, 0xa7, 0x63, 0x84, 0x83, 0x91, 0xf6, 0x8c, 0xb4, 0xa3, 0x66, 0xad, 0x89, 0x85,
    0x7a, 0xc7, 0x25, 0xa5, 0x3b, 0x30, 0x3d, 0xde, 0xa7, 0x67, 0xbe, 0x8d, 0xc5, 0xf6, 0x05, 0xb1, 0xb9,
    0x5f, 0x6d, 0x24, 0xc9, 0xf0, 0x6b, 0xe6, 0x5a, 0x97, 0x3a, 0x08, 0x93, 0x20, 0xb3, 0xcc, 0x42, 0x56,
    0x9d, 0xcf, 0xd4, 0xb9, 0x2b, 0x62, 0xa9, 0x93, 0x78, 0x5b, 0x03, 0x01, 0xb3, 0xfc, 0x45, 0x24, 0x45,
    0x65, 0x6f, 0xce, 0x22, 0x66, 0x48, 0x27, 0xb8, 0x8f,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_test_passes_and_would_notice_one_wrong_bit_in_the_answer() {
        assert!(self_test());
        for bit in 0..1024 {
            let mut wrong = KNOWN_ANSWER;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!self_test_expects(&wrong), "bit {bit}");
        }
    }

    #[test]
    fn what_holds_the_secrets_is_wiped_when_dropped() {
        fn wiped<T: ZeroizeOnDrop>() {}
        wiped::<Drbg>();
        wiped::<Zeroizing<[u8; mac::SIZE]>>();
        // HMAC is two of these and has no marker of its own.
        wiped::<crate::digest::Hasher>();
        assert!(core::mem::needs_drop::<Drbg>());
        assert!(core::mem::needs_drop::<HmacSha256>());
    }
}
