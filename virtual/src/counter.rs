//! A strict model of the counter's memory: the end of the fuse device, where bytes can be written over and over.

use crate::tear::Power;
use cdd_fuses::counter::{Cells, Counter, REGION};
use cdd_hal::CounterError;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// The counter of the trusted storage, as on the board; [`Counter::cells`] is its memory.
pub type StorageCounter = Counter<CounterCells>;

/// The memory of the counter. Each byte written is one operation for [`CounterCells::cut_after`].
#[derive(Debug)]
pub struct CounterCells {
    content: [u8; REGION.1],
    file: Option<Arc<File>>,
    power: Power,
    written: u64,
}

impl CounterCells {
    /// Blank memory, in memory only: of a counter that stands at zero.
    pub fn blank() -> CounterCells {
        CounterCells::new([0; REGION.1], None)
    }

    pub(crate) fn new(content: [u8; REGION.1], file: Option<Arc<File>>) -> CounterCells {
        CounterCells { content, file, power: Power::On, written: 0 }
    }

    /// Lets the power fail during the n-th byte written from now; 0 takes it away at once. Of that byte any
    /// subset of the bits has changed; `seed` chooses which.
    pub fn cut_after(&mut self, operations: u64, seed: u64) {
        self.power = Power::cut_after(operations, seed);
    }

    /// Gives power again, for good; takes back a cut that did not come.
    pub fn power_on(&mut self) {
        self.power = Power::On;
    }

    /// Bytes written since the memory was made, a torn one included.
    pub fn bytes_written(&self) -> u64 {
        self.written
    }

    /// The content, power or not.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Changes the content as an attacker on the board's wires would; `false` when that lies outside.
    pub fn tamper(&mut self, offset: usize, bytes: &[u8]) -> bool {
        let Some(end) = offset.checked_add(bytes.len()) else { return false };
        let Some(to) = self.content.get_mut(offset..end) else { return false };
        to.copy_from_slice(bytes);
        self.persist(offset, bytes.len()).is_ok()
    }

    fn persist(&self, from: usize, len: usize) -> Result<(), CounterError> {
        let Some(file) = &self.file else { return Ok(()) };
        let place = u64::from(REGION.0) + from as u64;
        file.write_all_at(&self.content[from..from + len], place).map_err(|_| CounterError::NoAnswer)
    }
}

impl Cells for CounterCells {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError> {
        self.power.check().map_err(|_| CounterError::NoAnswer)?;
        let from = usize::from(offset);
        out.copy_from_slice(self.content.get(from..from + out.len()).ok_or(CounterError::NoAnswer)?);
        Ok(())
    }

    fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError> {
        self.power.check().map_err(|_| CounterError::NoAnswer)?;
        let from = usize::from(offset);
        if from + bytes.len() > self.content.len() {
            return Err(CounterError::NoAnswer);
        }
        for (at, new) in (from..).zip(bytes) {
            let torn = self.power.operation().map_err(|_| CounterError::NoAnswer)?;
            self.written += 1;
            let changed = (self.content[at] ^ new) & torn.map_or(u8::MAX, |mut tear| tear.mask() as u8);
            self.content[at] ^= changed;
            self.persist(at, 1)?;
            if torn.is_some() {
                return Err(CounterError::NoAnswer);
            }
        }
        Ok(())
    }
}
