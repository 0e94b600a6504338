//! Keys, readings and the state of the services, with types instead of bytes.

use crate::{Entry, Platform, Status};
use cdd_gate::{KeyAttributes, READING_BYTES, Reading, SERVICE_RECORD_BYTES, ServiceState};
use core::ops::Range;

impl<E: Entry> Platform<E> {
    /// Takes a key in; its number (`psa_import_key`).
    pub fn import(&mut self, attributes: &KeyAttributes, data: &[u8]) -> Result<u32, Status> {
        let mut key = [0; 4];
        self.import_key(&attributes.to_bytes(), data, &mut key)?;
        Ok(u32::from_le_bytes(key))
    }

    /// Makes a key; its number (`psa_generate_key`).
    pub fn generate(&mut self, attributes: &KeyAttributes) -> Result<u32, Status> {
        let mut key = [0; 4];
        self.generate_key(&attributes.to_bytes(), &mut key)?;
        Ok(u32::from_le_bytes(key))
    }

    /// What a key is and may be used for (`psa_get_key_attributes`).
    pub fn attributes(&mut self, key: u32) -> Result<KeyAttributes, Status> {
        let mut record = [0; cdd_gate::ATTRIBUTES_BYTES];
        self.get_key_attributes(key, &mut record)?;
        Ok(KeyAttributes::from_bytes(&record))
    }

    /// Appends a reading to the readings log; its index. When this returns, the reading is in the flash.
    pub fn append(&mut self, reading: &Reading) -> Result<u32, Status> {
        let mut index = [0; 4];
        self.readings_append(&reading.to_bytes(), &mut index)?;
        Ok(u32::from_le_bytes(index))
    }

    /// The reading of this index.
    pub fn reading(&mut self, index: u32) -> Result<Reading, Status> {
        let mut record = [0; READING_BYTES];
        self.readings_read(index, &mut record)?;
        Reading::from_bytes(&record).ok_or(Status::DataInvalid)
    }

    /// The indices of the readings that are kept.
    pub fn readings(&mut self) -> Result<Range<u32>, Status> {
        let mut range = [0; 8];
        self.readings_range(&mut range)?;
        let (ends, _) = range.as_chunks::<4>();
        let end = |at: usize| ends.get(at).map_or(0, |bytes| u32::from_le_bytes(*bytes));
        Ok(end(0)..end(1))
    }

    /// How the services behind the gate are doing.
    pub fn services(&mut self) -> Result<ServiceState, Status> {
        let mut record = [0; SERVICE_RECORD_BYTES];
        self.service_state(&mut record)?;
        Ok(ServiceState::from_bytes(&record))
    }
}
