//! An environment for the tests.

use cdd_crypto::psa::usage;
use cdd_keystore::{Attributes, Env, Error, Keystore, MemoryStorage, Owner, SecureRandom};

pub(crate) const ALICE: Owner = Owner(1);
pub(crate) const BOB: Owner = Owner(2);
pub(crate) const SECRET: [u8; 32] = [0x5e; 32];

/// SplitMix64; the same in every run.
pub(crate) struct Random(pub(crate) u64);

impl SecureRandom for Random {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        for byte in out {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = ((z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 56) as u8;
        }
        Ok(())
    }
}

/// No random numbers any more.
pub(crate) struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        out.fill(0);
        Err(Error::InsufficientEntropy)
    }
}

/// Storage and random numbers of a device.
pub(crate) struct Device {
    pub(crate) storage: MemoryStorage<8>,
    pub(crate) random: Random,
}

impl Device {
    pub(crate) fn new() -> Device {
        Device { storage: MemoryStorage::new(), random: Random(7) }
    }

    pub(crate) fn env(&mut self) -> Env<'_, MemoryStorage<8>, Random> {
        Env { storage: &mut self.storage, random: &mut self.random }
    }
}

pub(crate) fn keystore() -> Keystore<4, 3> {
    Keystore::new(&SECRET)
}

/// A volatile key's attributes.
pub(crate) fn attributes(key_type: u16, bits: u16, usage: u32, algorithm: u32) -> Attributes {
    Attributes { key_type, bits, usage, algorithm, ..Attributes::default() }
}

/// The same for a persistent key.
pub(crate) fn persistent(id: u32, attributes: Attributes) -> Attributes {
    Attributes { lifetime: 1, id, ..attributes }
}

pub(crate) const EVERYTHING: u32 = usage::ALL;
