//! A storage in RAM, for tests and for a device without one.

use crate::wrap::MAX_BLOB;
use crate::{Error, KeyId, KeyStorage, Owner};

/// Up to `N` records; gone with a reset.
pub struct MemoryStorage<const N: usize> {
    records: [Option<Record>; N],
}

#[derive(Clone, Copy)]
struct Record {
    owner: Owner,
    id: KeyId,
    blob: [u8; MAX_BLOB],
    size: usize,
}

impl<const N: usize> MemoryStorage<N> {
    /// Empty.
    pub const fn new() -> Self {
        MemoryStorage { records: [const { None }; N] }
    }

    /// The record, to look at or to tamper with.
    pub fn record(&mut self, owner: Owner, id: KeyId) -> Option<&mut [u8]> {
        let record =
            self.records.iter_mut().flatten().find(|record| record.owner == owner && record.id == id)?;
        record.blob.get_mut(..record.size)
    }
}

impl<const N: usize> Default for MemoryStorage<N> {
    fn default() -> Self {
        MemoryStorage::new()
    }
}

impl<const N: usize> KeyStorage for MemoryStorage<N> {
    fn load(&mut self, owner: Owner, id: KeyId, out: &mut [u8]) -> Result<Option<usize>, Error> {
        let Some(blob) = self.record(owner, id) else { return Ok(None) };
        let out = out.get_mut(..blob.len()).ok_or(Error::DataInvalid)?;
        out.iter_mut().zip(blob.iter()).for_each(|(to, from)| *to = *from);
        Ok(Some(blob.len()))
    }

    fn save(&mut self, owner: Owner, id: KeyId, blob: &[u8]) -> Result<(), Error> {
        self.erase(owner, id)?;
        let mut record = Record { owner, id, blob: [0; MAX_BLOB], size: blob.len() };
        let to = record.blob.get_mut(..blob.len()).ok_or(Error::InvalidArgument)?;
        to.iter_mut().zip(blob).for_each(|(to, from)| *to = *from);
        let free =
            self.records.iter_mut().find(|record| record.is_none()).ok_or(Error::InsufficientStorage)?;
        *free = Some(record);
        Ok(())
    }

    fn erase(&mut self, owner: Owner, id: KeyId) -> Result<bool, Error> {
        let found = |record: &&mut Option<Record>| record.is_some_and(|r| r.owner == owner && r.id == id);
        Ok(self.records.iter_mut().find(found).and_then(Option::take).is_some())
    }
}
