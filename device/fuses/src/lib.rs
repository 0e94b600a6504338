//! The fuse map: what is burnt where in the one-time programmable memory, and what it means.
//!
//! A format like the image format, and shared like it: boot code reads it on the device, the
//! provisioning tools write it from outside. Blank fuses are zero and bits are only ever set, so
//! every policy field is built such that setting more bits can never widen what the device allows.
//! The key slots are the exception: a blank one can be filled. Provisioning therefore revokes the blank
//! ones before it secures a device.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0x000 | 16 | life cycle: one 32-bit magic word for each step taken |
//! | 0x010 | 32 | security counter of the platform, unary (256 steps) |
//! | 0x030 | 32 | security counter of the application, unary |
//! | 0x050 | 4 | revoked platform keys: bit *n* or bit *n*+16 set = key *n* revoked |
//! | 0x054 | 4 | revoked application keys, likewise |
//! | 0x060 | 32 | diversifier of every derived secret (burning it to ones destroys them) |
//! | 0x080 | 4 × 72 | platform keys: algorithm word, 64 bytes of public key, 4 reserved |
//! | 0x1A0 | 4 × 72 | application keys |
//! | 0x300 | 48 | commercial name of the product, UTF-8, zero padded |
//! | 0x330 | 32 | hardware reference |
//! | 0x350 | 16 | hardware version |
//! | 0x380 | 8 | trusted storage made: one byte for each life-cycle state in which it was |
//! | 0x390 | 64 | factory resets begun, unary (512 in a life) |
//! | 0x3D0 | 64 | factory resets finished, unary |
//! | 0x410 | 1 | decommissioning begun |
//! | 0xF00 | 256 | no fuses: the [`counter`] of the trusted storage |
//!
//! All numbers are little-endian.
//!
//! SFR: secure-initialization-of-platform, factory-reset-of-platform, decommission-of-platform.

#![no_std]
#![forbid(unsafe_code)]

pub mod counter;

use cdd_hal::{FuseError, Fuses};

/// Size of the fuse device in bytes, with the counter.
pub const SIZE: usize = 4096;
/// End of the fuses in it: what lies behind is the counter's.
pub const END: u16 = counter::REGION.0;
/// Keys that can be provisioned for each role.
pub const KEYS_PER_ROLE: usize = 4;
/// Highest security counter that the unary fields can hold.
pub const MAX_COUNTER: u32 = 256;

/// Offset of the life-cycle words.
pub const LIFE_CYCLE: u16 = 0x000;
/// Offset and length of the diversifier that goes into every derived secret.
pub const DIVERSIFIER: (u16, usize) = (0x060, 32);
/// Offset and length of the commercial name.
pub const COMMERCIAL_NAME: (u16, usize) = (0x300, 48);
/// Offset and length of the hardware reference.
pub const HARDWARE_REFERENCE: (u16, usize) = (0x330, 32);
/// Offset and length of the hardware version.
pub const HARDWARE_VERSION: (u16, usize) = (0x350, 16);
/// Offset and length of the marks that trusted storage was made, one byte for each life-cycle state.
pub const STORAGE_MADE: (u16, usize) = (0x380, 8);
/// Offset and length of the count of factory resets begun.
pub const RESETS_BEGUN: (u16, usize) = (0x390, 64);
/// Offset and length of the count of factory resets finished.
pub const RESETS_FINISHED: (u16, usize) = (0x3D0, 64);
/// Offset of the mark that decommissioning has begun.
pub const DECOMMISSIONING: u16 = 0x410;

const KEY_SLOT_BYTES: u16 = 72;
const POLICY_BYTES: usize = 0x58;

const PROVISIONING: u32 = 0x6B1D_94E2;
const SECURED: u32 = 0x93C5_2A7E;
const DEBUG: u32 = 0x4E8A_D735;
const DECOMMISSIONED: u32 = 0xB574_68C9;

/// Algorithm word of an ECDSA P-256 key slot.
pub const ALGORITHM_P256: u32 = 0x5032_3536;
/// Algorithm word of an Ed25519 key slot.
pub const ALGORITHM_ED25519: u32 = 0x4564_3235;

/// Where in its life the device is. Steps are burnt, so there is no way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LifeCycle {
    /// Fresh from assembly: no identity, no keys. Nothing can start.
    Assembly,
    /// Being provisioned: keys and identity are burnt, images may run for production tests.
    Provisioning,
    /// In the field.
    Secured,
    /// Debug access was authorised on this instance; user data are gone.
    DebugAuthorised,
    /// Out of service for good.
    Decommissioned,
}

impl LifeCycle {
    /// All states, in order.
    pub const ALL: [LifeCycle; 5] = [
        LifeCycle::Assembly,
        LifeCycle::Provisioning,
        LifeCycle::Secured,
        LifeCycle::DebugAuthorised,
        LifeCycle::Decommissioned,
    ];

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            LifeCycle::Assembly => "assembly",
            LifeCycle::Provisioning => "provisioning",
            LifeCycle::Secured => "secured",
            LifeCycle::DebugAuthorised => "debug-authorised",
            LifeCycle::Decommissioned => "decommissioned",
        }
    }

    /// The fuse words that stand for this state.
    pub const fn words(self) -> [u32; 4] {
        match self {
            LifeCycle::Assembly => [0, 0, 0, 0],
            LifeCycle::Provisioning => [PROVISIONING, 0, 0, 0],
            LifeCycle::Secured => [PROVISIONING, SECURED, 0, 0],
            LifeCycle::DebugAuthorised => [PROVISIONING, SECURED, DEBUG, 0],
            LifeCycle::Decommissioned => [PROVISIONING, SECURED, 0, DECOMMISSIONED],
        }
    }

    /// Reads the fuse words. With any bit of the last word the device is decommissioned, whatever the others
    /// say: a burn that was cut does not leave it in between. Any other pattern that no state has is `None`
    /// and must be treated as locked.
    pub fn from_words(words: [u32; 4]) -> Option<LifeCycle> {
        if words[3] != 0 {
            return Some(LifeCycle::Decommissioned);
        }
        LifeCycle::ALL.into_iter().find(|state| state.words() == words)
    }
}

/// Whose images a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The platform.
    Platform,
    /// The application.
    Application,
}

impl Role {
    const fn counter_offset(self) -> usize {
        match self {
            Role::Platform => 0x10,
            Role::Application => 0x30,
        }
    }

    const fn revocation_offset(self) -> usize {
        match self {
            Role::Platform => 0x50,
            Role::Application => 0x54,
        }
    }

    const fn keys_offset(self) -> u16 {
        match self {
            Role::Platform => 0x080,
            Role::Application => 0x1A0,
        }
    }
}

/// What the fuses say about which images may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The life-cycle state, or `None` for a pattern that no state has.
    pub life_cycle: Option<LifeCycle>,
    counters: [u32; 2],
    revoked: [u8; 2],
}

impl Policy {
    /// Reads the policy fields.
    pub fn read<F: Fuses + ?Sized>(fuses: &mut F) -> Result<Policy, FuseError> {
        let mut raw = [0u8; POLICY_BYTES];
        fuses.read(LIFE_CYCLE, &mut raw)?;
        Ok(Policy::decode(&raw))
    }

    /// Decodes the first bytes of the map.
    pub fn decode(raw: &[u8; POLICY_BYTES]) -> Policy {
        let life_cycle = LifeCycle::from_words([word(raw, 0), word(raw, 4), word(raw, 8), word(raw, 12)]);
        let counter = |role: Role| {
            let from = role.counter_offset();
            raw.get(from..from + 32).unwrap_or_default().iter().map(|b| b.count_ones()).sum()
        };
        let revoked = |role: Role| {
            let bits = word(raw, role.revocation_offset());
            ((bits | (bits >> 16)) & 0x0F) as u8
        };
        Policy {
            life_cycle,
            counters: [counter(Role::Platform), counter(Role::Application)],
            revoked: [revoked(Role::Platform), revoked(Role::Application)],
        }
    }

    /// The lowest security counter that an image of this role may carry.
    pub fn security_counter(&self, role: Role) -> u32 {
        match role {
            Role::Platform => self.counters[0],
            Role::Application => self.counters[1],
        }
    }

    /// Whether key `index` of this role has been revoked.
    pub fn is_revoked(&self, role: Role, index: usize) -> bool {
        let bits = match role {
            Role::Platform => self.revoked[0],
            Role::Application => self.revoked[1],
        };
        index >= KEYS_PER_ROLE || bits & (1 << index) != 0
    }
}

fn word(raw: &[u8], at: usize) -> u32 {
    raw.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// A provisioned public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// ECDSA on P-256: the affine coordinates x and y, big-endian.
    P256([u8; 64]),
    /// Ed25519.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// Reads key `index` of `role`; `Ok(None)` when that slot is blank or of an unknown algorithm.
    pub fn read<F: Fuses + ?Sized>(
        fuses: &mut F,
        role: Role,
        index: usize,
    ) -> Result<Option<PublicKey>, FuseError> {
        if index >= KEYS_PER_ROLE {
            return Err(FuseError::OutOfRange);
        }
        let at = role.keys_offset() + KEY_SLOT_BYTES * index as u16;
        let mut algorithm = [0u8; 4];
        fuses.read(at, &mut algorithm)?;
        Ok(match u32::from_le_bytes(algorithm) {
            ALGORITHM_P256 => {
                let mut point = [0u8; 64];
                fuses.read(at + 4, &mut point)?;
                Some(PublicKey::P256(point))
            }
            ALGORITHM_ED25519 => {
                let mut key = [0u8; 32];
                fuses.read(at + 4, &mut key)?;
                Some(PublicKey::Ed25519(key))
            }
            _ => None,
        })
    }

    /// The fuse offset and content that stand for this key as key `index` of `role`.
    pub fn encode(&self, role: Role, index: usize) -> (u16, [u8; KEY_SLOT_BYTES as usize]) {
        let mut slot = [0u8; KEY_SLOT_BYTES as usize];
        let (algorithm, key): (u32, &[u8]) = match self {
            PublicKey::P256(point) => (ALGORITHM_P256, point),
            PublicKey::Ed25519(key) => (ALGORITHM_ED25519, key),
        };
        slot[..4].copy_from_slice(&algorithm.to_le_bytes());
        slot[4..4 + key.len()].copy_from_slice(key);
        (role.keys_offset() + KEY_SLOT_BYTES * index as u16, slot)
    }
}

/// The fuse offset and bits that raise a role's security counter to `counter`.
pub fn counter_bits(role: Role, counter: u32) -> (u16, [u8; 32]) {
    let mut bits = [0u8; 32];
    for step in 0..counter.min(MAX_COUNTER) as usize {
        bits[step / 8] |= 1 << (step % 8);
    }
    (role.counter_offset() as u16, bits)
}

/// The fuse offset and bits that revoke key `index` of a role; both copies are set.
pub fn revocation_bits(role: Role, index: usize) -> (u16, [u8; 4]) {
    (role.revocation_offset() as u16, (0x0001_0001u32 << (index & 3)).to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(edit: impl FnOnce(&mut [u8; POLICY_BYTES])) -> Policy {
        let mut raw = [0u8; POLICY_BYTES];
        edit(&mut raw);
        Policy::decode(&raw)
    }

    fn put(raw: &mut [u8; POLICY_BYTES], at: u16, bits: &[u8]) {
        raw[at as usize..at as usize + bits.len()].iter_mut().zip(bits).for_each(|(r, b)| *r |= b);
    }

    fn put_life_cycle(raw: &mut [u8; POLICY_BYTES], state: LifeCycle) {
        state.words().iter().enumerate().for_each(|(i, w)| put(raw, i as u16 * 4, &w.to_le_bytes()));
    }

    #[test]
    fn every_life_cycle_state_reads_back_and_one_more_bit_never_reads_as_an_earlier_one() {
        for state in LifeCycle::ALL {
            assert_eq!(policy(|raw| put_life_cycle(raw, state)).life_cycle, Some(state));
            for bit in 0..128usize {
                let read = policy(|raw| {
                    put_life_cycle(raw, state);
                    raw[bit / 8] |= 1 << (bit % 8);
                })
                .life_cycle;
                assert!(read.is_none_or(|s| s == state || s == LifeCycle::Decommissioned), "{state:?} {bit}");
            }
        }
    }

    #[test]
    fn a_burnt_counter_is_read_and_cannot_be_lowered_by_more_bits() {
        for role in [Role::Platform, Role::Application] {
            for counter in [0, 1, 7, 8, 9, 255, 256] {
                let (at, bits) = counter_bits(role, counter);
                let read = policy(|raw| put(raw, at, &bits));
                assert_eq!(read.security_counter(role), counter);
                let more = policy(|raw| {
                    put(raw, at, &bits);
                    put(raw, at, &[0x10]);
                });
                assert!(more.security_counter(role) >= counter);
            }
        }
    }

    #[test]
    fn a_key_is_revoked_by_either_copy_of_its_bit_and_only_that_key() {
        for role in [Role::Platform, Role::Application] {
            for index in 0..KEYS_PER_ROLE {
                let (at, bits) = revocation_bits(role, index);
                for half in [[bits[0], bits[1], 0, 0], [0, 0, bits[2], bits[3]], bits] {
                    let read = policy(|raw| put(raw, at, &half));
                    for other in 0..KEYS_PER_ROLE {
                        assert_eq!(read.is_revoked(role, other), other == index);
                    }
                }
            }
            assert!(policy(|_| ()).is_revoked(role, KEYS_PER_ROLE), "a key that cannot exist is not usable");
        }
    }
}
