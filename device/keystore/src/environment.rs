//! What the keystore needs from outside.

use crate::{Error, KeyId, Owner};
use cdd_crypto::SecureRandom;

/// Where wrapped keys lie. The records are encrypted and authentic; that a record is the latest of its number
/// is for the storage to ensure.
pub trait KeyStorage {
    /// Reads the record into the start of `out` and gives its size; `None` if there is none.
    fn load(&mut self, owner: Owner, id: KeyId, out: &mut [u8]) -> Result<Option<usize>, Error>;
    /// Writes a new record: done or not done, also across a power cut.
    fn save(&mut self, owner: Owner, id: KeyId, blob: &[u8]) -> Result<(), Error>;
    /// Removes a record, physically; false if there was none.
    fn erase(&mut self, owner: Owner, id: KeyId) -> Result<bool, Error>;
}

/// Storage and random numbers.
pub trait Environment: KeyStorage + SecureRandom {}

impl<T: KeyStorage + SecureRandom> Environment for T {}

/// An environment put together from two services.
pub struct Env<'a, S, R> {
    /// The storage.
    pub storage: &'a mut S,
    /// The random numbers.
    pub random: &'a mut R,
}

impl<S: KeyStorage, R> KeyStorage for Env<'_, S, R> {
    fn load(&mut self, owner: Owner, id: KeyId, out: &mut [u8]) -> Result<Option<usize>, Error> {
        self.storage.load(owner, id, out)
    }

    fn save(&mut self, owner: Owner, id: KeyId, blob: &[u8]) -> Result<(), Error> {
        self.storage.save(owner, id, blob)
    }

    fn erase(&mut self, owner: Owner, id: KeyId) -> Result<bool, Error> {
        self.storage.erase(owner, id)
    }
}

impl<S, R: SecureRandom> SecureRandom for Env<'_, S, R> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.random.fill(out)
    }
}
