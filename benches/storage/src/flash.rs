//! The strict flash model, with its reads counted, behind each store's own interface.

use cdd_virtual::{Nor, NorError, SECTOR_BYTES, WORD_BYTES};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use std::cell::RefCell;
use std::rc::Rc;

/// Sectors of the flash: those that the virtual device has for its storage.
pub(crate) const SECTORS: usize = 96;

/// What was done to a flash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Calls that read.
    pub reads: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Words programmed.
    pub words: u64,
    /// Sectors erased.
    pub erases: u64,
}

impl Tally {
    /// What came after `before`.
    pub fn since(self, before: Tally) -> Tally {
        Tally {
            reads: self.reads - before.reads,
            bytes_read: self.bytes_read - before.bytes_read,
            words: self.words - before.words,
            erases: self.erases - before.erases,
        }
    }
}

/// A handle on a flash: a store has one, the measuring another.
#[derive(Debug, Clone)]
pub struct Flash(Rc<RefCell<Counted>>);

#[derive(Debug)]
struct Counted {
    nor: Nor,
    reads: u64,
    bytes_read: u64,
}

impl Flash {
    /// An erased one.
    pub fn erased() -> Flash {
        let nor = Nor::erased(SECTORS * SECTOR_BYTES);
        Flash(Rc::new(RefCell::new(Counted { nor, reads: 0, bytes_read: 0 })))
    }

    /// What was done to it so far.
    pub fn tally(&self) -> Tally {
        let Counted { nor, reads, bytes_read } = &*self.0.borrow();
        let statistics = nor.statistics();
        Tally {
            reads: *reads,
            bytes_read: *bytes_read,
            words: statistics.words_programmed,
            erases: statistics.sectors_erased(),
        }
    }

    /// How often each sector was erased so far.
    pub fn erases(&self) -> Vec<u64> {
        self.0.borrow().nor.statistics().erases.clone()
    }

    fn count(&self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        let counted = &mut *self.0.borrow_mut();
        counted.reads += 1;
        counted.bytes_read += bytes.len() as u64;
        counted.nor.read(offset, bytes)
    }
}

impl ErrorType for Flash {
    type Error = NorError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.count(offset, bytes)
    }

    fn capacity(&self) -> usize {
        SECTORS * SECTOR_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        self.0.borrow_mut().nor.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        self.0.borrow_mut().nor.write(offset, bytes)
    }
}

impl MultiwriteNorFlash for Flash {}

/// For `sequential-storage`. Nothing ever waits.
impl embedded_storage_async::nor_flash::ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.count(offset, bytes)
    }

    fn capacity(&self) -> usize {
        SECTORS * SECTOR_BYTES
    }
}

impl embedded_storage_async::nor_flash::NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        NorFlash::erase(self, from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        NorFlash::write(self, offset, bytes)
    }
}

impl ekv::flash::Flash for Flash {
    type Error = NorError;

    fn page_count(&self) -> usize {
        SECTORS
    }

    async fn erase(&mut self, page: ekv::flash::PageID) -> Result<(), NorError> {
        let from = (page.index() * SECTOR_BYTES) as u32;
        NorFlash::erase(self, from, from + SECTOR_BYTES as u32)
    }

    async fn read(&mut self, page: ekv::flash::PageID, at: usize, to: &mut [u8]) -> Result<(), NorError> {
        self.count((page.index() * SECTOR_BYTES + at) as u32, to)
    }

    async fn write(&mut self, page: ekv::flash::PageID, at: usize, data: &[u8]) -> Result<(), NorError> {
        NorFlash::write(self, (page.index() * SECTOR_BYTES + at) as u32, data)
    }
}
