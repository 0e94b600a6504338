//! A strict model of the fuse device: bytes that start as zero and whose bits can only be set. At its end lies
//! the counter, which is no fuse and out of reach here.

use crate::counter::{CounterCells, StorageCounter};
use crate::tear::{NoPower, Power};
use cdd_fuses::counter::REGION;
use cdd_hal::{FuseError, Fuses};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Why a write to the fuse device failed, as the device itself sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FuseFault {
    /// The range does not lie inside the device.
    #[error("the range does not lie inside the fuse device")]
    OutOfRange,
    /// The byte at this offset has a bit that the write would clear.
    #[error("the fuse byte at {offset:#x} has a bit that cannot be cleared")]
    CannotClear {
        /// Offset of the first such byte.
        offset: u16,
    },
    /// There is no power, or it failed during this write.
    #[error("the fuse device has no power")]
    PowerLost,
    /// The file that holds the content could not be written.
    #[error("the file of the fuses could not be written: {0}")]
    File(io::ErrorKind),
}

impl From<NoPower> for FuseFault {
    fn from(_: NoPower) -> FuseFault {
        FuseFault::PowerLost
    }
}

/// The fuse device. Each byte burnt is one operation for [`FuseDevice::cut_after`].
#[derive(Debug)]
pub struct FuseDevice {
    content: Vec<u8>,
    file: Option<Arc<File>>,
    power: Power,
    burnt: u64,
}

impl FuseDevice {
    /// A blank device, in memory only.
    pub fn blank() -> FuseDevice {
        FuseDevice::with_content(vec![0; cdd_fuses::SIZE])
    }

    /// A device with this content, in memory only; cut or filled up with blank bytes to its size.
    pub fn with_content(mut content: Vec<u8>) -> FuseDevice {
        content.resize(cdd_fuses::SIZE, 0);
        FuseDevice { content, file: None, power: Power::On, burnt: 0 }
    }

    /// A device whose content is this file's; every change is written to the file at once.
    pub fn on_file(file: File) -> io::Result<FuseDevice> {
        if file.metadata()?.len() != cdd_fuses::SIZE as u64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not the size of the fuse device"));
        }
        let mut content = vec![0; cdd_fuses::SIZE];
        file.read_exact_at(&mut content, 0)?;
        Ok(FuseDevice { file: Some(Arc::new(file)), ..FuseDevice::with_content(content) })
    }

    /// Lets the power fail during the n-th byte burnt from now; 0 takes it away at once. Of that byte any
    /// subset of the new bits is set; `seed` chooses which.
    pub fn cut_after(&mut self, operations: u64, seed: u64) {
        self.power = Power::cut_after(operations, seed);
    }

    /// Gives power again, for good; takes back a cut that did not come.
    pub fn power_on(&mut self) {
        self.power = Power::On;
    }

    /// Bytes burnt since the device was made, a torn one included.
    pub fn bytes_burnt(&self) -> u64 {
        self.burnt
    }

    /// The content, power or not; at its end the counter as it was when the device was made.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The counter, in the same file if there is one. To be taken once, while this device is new: what it does
    /// is not seen here.
    pub fn counter(&self) -> StorageCounter {
        let content = self.content.last_chunk::<{ REGION.1 }>().copied();
        StorageCounter::new(CounterCells::new(content.unwrap_or([0; REGION.1]), self.file.clone()))
    }

    /// Changes the content against all rules, as no attacker within the threat model can: for tests of
    /// what boot makes of any content.
    pub fn tamper(&mut self, offset: usize, bytes: &[u8]) -> Result<(), FuseFault> {
        let range = offset..offset.checked_add(bytes.len()).ok_or(FuseFault::OutOfRange)?;
        self.content.get_mut(range.clone()).ok_or(FuseFault::OutOfRange)?.copy_from_slice(bytes);
        self.persist(range)
    }

    /// Writes bytes as the device takes them: a bit that is set stays set, and a write that would have to
    /// clear one is refused as a whole. Bytes that need no change are no operation.
    pub fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), FuseFault> {
        self.power.check()?;
        let from = usize::from(offset);
        let old = self.fuses(offset, bytes.len()).ok_or(FuseFault::OutOfRange)?;
        if let Some(at) = old.iter().zip(bytes).position(|(old, new)| old & !new != 0) {
            return Err(FuseFault::CannotClear { offset: (from + at) as u16 });
        }
        for (at, new) in (from..).zip(bytes) {
            if self.content[at] == *new {
                continue;
            }
            let torn = self.power.operation()?;
            self.burnt += 1;
            self.content[at] |= new & torn.map_or(u8::MAX, |mut tear| tear.mask() as u8);
            self.persist(at..at + 1)?;
            if torn.is_some() {
                return Err(FuseFault::PowerLost);
            }
        }
        Ok(())
    }

    /// Fuses in the range, if nothing in it is of the counter.
    fn fuses(&self, offset: u16, len: usize) -> Option<&[u8]> {
        let from = usize::from(offset);
        self.content.get(..usize::from(cdd_fuses::END))?.get(from..from.checked_add(len)?)
    }

    fn persist(&self, range: core::ops::Range<usize>) -> Result<(), FuseFault> {
        match &self.file {
            Some(file) => file
                .write_all_at(&self.content[range.clone()], range.start as u64)
                .map_err(|error| FuseFault::File(error.kind())),
            None => Ok(()),
        }
    }
}

impl Fuses for FuseDevice {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        self.power.check().map_err(|_| FuseError::NoAnswer)?;
        out.copy_from_slice(self.fuses(offset, out.len()).ok_or(FuseError::OutOfRange)?);
        Ok(())
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        self.power.check().map_err(|_| FuseError::NoAnswer)?;
        let old = self.fuses(offset, bits.len()).ok_or(FuseError::OutOfRange)?;
        let new: Vec<u8> = old.iter().zip(bits).map(|(old, bits)| old | bits).collect();
        self.write(offset, &new).map_err(|fault| match fault {
            FuseFault::OutOfRange => FuseError::OutOfRange,
            FuseFault::CannotClear { .. } | FuseFault::File(_) => FuseError::NotBurnt,
            FuseFault::PowerLost => FuseError::NoAnswer,
        })
    }
}
