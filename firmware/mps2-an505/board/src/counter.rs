//! The counter of the trusted storage, at the end of the EEPROM and out of reach of the fuse driver.
//!
//! SFR: secure-trusted-storage.

use crate::eeprom::{NoAnswer, Wires};
use cdd_fuses::counter::{Cells, Counter, REGION};
use cdd_hal::CounterError;

/// The counter. A step takes two writes of a slot and a read.
pub type StorageCounter = Counter<EepromCells>;

/// The end of the EEPROM.
pub struct EepromCells(Wires);

/// The counter on the controller that a [`fuses::Eeprom`](crate::fuses::Eeprom) has made idle: neither does anything
/// inside a call of the other.
pub const fn storage_counter() -> StorageCounter {
    Counter::new(EepromCells(Wires::new()))
}

/// The place in the EEPROM, if all of the range lies inside the counter.
fn place(offset: u16, len: usize) -> Result<u16, CounterError> {
    let (start, size) = REGION;
    match usize::from(offset).checked_add(len) {
        Some(end) if end <= size => Ok(start + offset),
        _ => Err(CounterError::NoAnswer),
    }
}

fn no_answer(_: NoAnswer) -> CounterError {
    CounterError::NoAnswer
}

impl Cells for EepromCells {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError> {
        self.0.read(place(offset, out.len())?, out).map_err(no_answer)
    }

    fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError> {
        self.0.write(place(offset, bytes.len())?, bytes).map_err(no_answer)
    }
}
