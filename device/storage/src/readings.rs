//! The readings log: appended, never changed, each with an index one above the one before.
//!
//! SFR: secure-trusted-storage.

use crate::error::Error;
use crate::format::{Kind, READING};
use crate::memory::Memory;
use crate::store::{Store, footprint};
use cdd_hal::MonotonicCounter;
use core::ops::DerefMut;
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When, in seconds of the device's clock.
    pub time: u64,
    /// How much, in `unit`.
    pub value: i32,
    /// The unit, as the application numbers them (IEEE 11073-10101 has codes for all).
    pub unit: u16,
    /// Which sensor or meter.
    pub device: u64,
}

impl Reading {
    fn to_bytes(self) -> [u8; READING as usize] {
        let mut bytes = [0u8; READING as usize];
        let fields: [&[u8]; 4] = [
            &self.time.to_le_bytes(),
            &self.device.to_le_bytes(),
            &self.value.to_le_bytes(),
            &self.unit.to_le_bytes(),
        ];
        bytes.iter_mut().zip(fields.iter().flat_map(|field| field.iter())).for_each(|(to, from)| *to = *from);
        bytes
    }

    fn from_bytes(bytes: &[u8; READING as usize]) -> Reading {
        let number = |at: usize, size: usize| {
            let field = bytes.get(at..at + size).unwrap_or_default();
            field.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Reading {
            time: number(0, 8),
            device: number(8, 8),
            value: number(16, 4) as u32 as i32,
            unit: number(20, 2) as u16,
        }
    }
}

impl<F, C, M, const RECORDS: usize, const READINGS: usize> Store<F, C, M>
where
    F: MultiwriteNorFlash,
    C: MonotonicCounter,
    M: DerefMut<Target = Memory<RECORDS, READINGS>>,
{
    /// Appends a reading; its index.
    ///
    /// A full log refuses: which readings may go is for the application to say ([`Store::trim`]).
    pub fn append(&mut self, reading: &Reading) -> Result<u32, Error> {
        self.ready()?;
        if self.memory.readings.is_full() || self.live + footprint(READING) > self.capacity() {
            return Err(Error::InsufficientStorage);
        }
        self.make_room(u32::from(READING))?;
        let index = self.memory.readings.next;
        self.memory.buffer.fill(&reading.to_bytes());
        self.write_reading(index, None)?;
        Ok(index)
    }

    /// Writes the reading that is in the buffer and scrubs where it lay before, as one operation.
    pub(crate) fn write_reading(&mut self, index: u32, old: Option<u32>) -> Result<(), Error> {
        self.begin()?;
        let place = self.write(Kind::Reading, 0, 0, u64::from(index), READING)?;
        self.memory.readings.put(index, place, self.mark.operation())?;
        match old {
            Some(old) => self.scrub_reading(index, old)?,
            None => self.live += footprint(READING),
        }
        self.commit()
    }

    fn scrub_reading(&mut self, index: u32, place: u32) -> Result<(), Error> {
        self.scrub_parts(place, |entry| entry.kind == Kind::Reading && entry.uid == u64::from(index))
    }

    /// Index of the first reading that is kept, and of the one that comes next.
    pub fn readings(&self) -> core::ops::Range<u32> {
        self.memory.readings.first..self.memory.readings.next
    }

    /// The reading of this index. One that was trimmed, one that has not come yet and one that is missing or
    /// changed are told apart.
    pub fn read(&mut self, index: u32) -> Result<Reading, Error> {
        self.ready()?;
        if index < self.memory.readings.first {
            return Err(Error::ReadingTrimmed { first: self.memory.readings.first });
        }
        if index >= self.memory.readings.next {
            return Err(Error::DoesNotExist);
        }
        self.load_reading(index)?;
        let content = self.memory.buffer.range(0..usize::from(READING));
        let reading = content.and_then(|content| content.first_chunk()).map(Reading::from_bytes);
        self.memory.buffer.wipe();
        reading.ok_or(Error::ReadingTampered { index })
    }

    /// Calls `each` with every index of `range` in order, and what [`Store::read`] says of it: what is not
    /// there is said, never left out.
    pub fn range(&mut self, range: core::ops::Range<u32>, mut each: impl FnMut(u32, Result<Reading, Error>)) {
        for index in range {
            let reading = self.read(index);
            each(index, reading);
        }
    }

    /// Gives up the readings before `first`.
    pub fn trim(&mut self, first: u32) -> Result<(), Error> {
        self.ready()?;
        if first > self.memory.readings.next {
            return Err(Error::InvalidArgument);
        }
        if first <= self.memory.readings.first {
            return Ok(());
        }
        self.make_room(0)?;
        self.begin()?;
        self.write(Kind::Trim, 0, 0, u64::from(first), 0)?;
        while self.memory.readings.first < first {
            let index = self.memory.readings.first;
            if let Some(place) = self.memory.readings.forget_first() {
                self.scrub_reading(index, place)?;
            }
            self.live -= footprint(READING);
        }
        self.commit()
    }
}
