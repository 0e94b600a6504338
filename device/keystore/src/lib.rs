//! Keys that a caller can use but not read: owners, policies, volatile slots, persistent keys wrapped at rest,
//! and every cryptographic operation on them, in the terms and semantics of the PSA Certified Crypto API 1.x.
//!
//! SFR: cryptographic-keystore, cryptographic-operation, cryptographic-key-generation. May use `crypto`, and
//! `gate` for the status numbers; used by the platform.
//!
//! - A key belongs to the [`Owner`] that made it. To every other owner it does not exist.
//! - Each call tests the families of algorithms that it uses before their first use ([`SelfTests`]).
//! - A persistent key is in RAM only during the call that uses it. At rest it is encrypted under a key derived
//!   from the device's seal secret and bound to owner, id and attributes ([`KeyStorage`] sees only that). An
//!   older copy of the same record is the storage's to detect.
//! - An operation under way is a handle of its owner. Any error ends it; destroying its key ends it.
//! - No heap, no panic path; what holds a secret is wiped when dropped.
//!
//! Differences from the C API: functions take the owner, which the platform knows; a key derivation is one call
//! ([`Derivation`]) and not an operation; a call on an operation that is over gives `BAD_STATE`.

#![no_std]
#![forbid(unsafe_code)]

mod asymmetric;
mod attributes;
mod derive;
mod environment;
mod keys;
mod material;
mod memory;
mod operations;
pub mod policy;
mod symmetric;
mod wrap;

pub use attributes::{Attributes, LIFETIME_PERSISTENT, LIFETIME_VOLATILE, MAX_USER_ID};
pub use cdd_crypto::{Error, Family, SecureRandom, SelfTests};
pub use derive::Derivation;
pub use environment::{Env, Environment, KeyStorage};
pub use material::MAX_KEY;
pub use memory::MemoryStorage;
pub use wrap::MAX_BLOB;

use cdd_crypto::mac::hmac_sha256;
use cdd_gate::Status;
use keys::Slot;
use operations::OperationSlot;
use zeroize::Zeroizing;

/// Who a key belongs to: the identity that the platform gives a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner(pub u32);

/// The number of a key (`psa_key_id_t`): 1 to [`MAX_USER_ID`] is persistent and chosen by its owner, above that
/// volatile and given out.
pub type KeyId = u32;

/// The number of an operation under way.
pub type OperationId = u32;

/// All keys and operations: `KEYS` volatile keys and `OPERATIONS` operations at once, at most 255 each.
pub struct Keystore<const KEYS: usize = 16, const OPERATIONS: usize = 8> {
    tests: SelfTests,
    wrap: Zeroizing<[u8; 32]>,
    slots: [Slot; KEYS],
    operations: [OperationSlot; OPERATIONS],
}

impl<const KEYS: usize, const OPERATIONS: usize> Keystore<KEYS, OPERATIONS> {
    const SIZES: () = assert!(KEYS <= 255 && OPERATIONS <= 255, "a handle has 8 bits for the place");

    /// Starts empty. `seal_secret` is what boot derived for sealing data of this device.
    pub fn new(seal_secret: &[u8]) -> Self {
        let () = Self::SIZES;
        Keystore {
            tests: SelfTests::new(),
            wrap: hmac_sha256(seal_secret, &[b"cdd keystore wrap"]),
            slots: core::array::from_fn(|_| Slot::empty()),
            operations: core::array::from_fn(|_| OperationSlot::empty()),
        }
    }

    /// The self-tests, for who reports them or uses `cdd-crypto` beside the keystore.
    pub fn self_tests(&mut self) -> &mut SelfTests {
        &mut self.tests
    }

    /// Destroys every volatile key and ends every operation, of all owners.
    pub fn wipe_volatile(&mut self) {
        self.operations.iter_mut().for_each(OperationSlot::end);
        self.slots.iter_mut().for_each(Slot::destroy);
    }
}

/// The number for the gate.
///
/// A number that the gate does not have becomes [`Status::GenericError`].
pub fn status(error: Error) -> Status {
    Status::from_code(error.code()).unwrap_or(Status::GenericError)
}
