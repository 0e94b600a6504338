//! A part of a flash, as a flash of its own.

use crate::SECTOR_BYTES;
use crate::board::Place;
use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};

/// A part of a flash: its offset 0 is the first byte of the part, and nothing outside can be reached.
///
/// Statistics and cuts are the whole flash's: [`Region::whole`].
#[derive(Debug)]
pub struct Region<F> {
    flash: F,
    place: Place,
}

impl<F: ReadNorFlash> Region<F> {
    /// The part at `place`; `None` when that is not made of whole sectors inside the flash.
    pub fn new(flash: F, place: Place) -> Option<Region<F>> {
        let end = (place.offset as usize).checked_add(place.size as usize)?;
        let whole = (place.offset as usize).is_multiple_of(SECTOR_BYTES) && end.is_multiple_of(SECTOR_BYTES);
        (whole && end <= flash.capacity()).then_some(Region { flash, place })
    }

    /// The whole flash: to let its power fail, and to see what was done to it.
    pub fn whole(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Gives the whole flash back.
    pub fn into_whole(self) -> F {
        self.flash
    }
}

impl<F: ErrorType> ErrorType for Region<F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> ReadNorFlash for Region<F>
where
    F::Error: From<NorFlashErrorKind>,
{
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        check_read(self, offset, bytes.len())?;
        self.flash.read(self.place.offset + offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.place.size as usize
    }
}

impl<F: NorFlash> NorFlash for Region<F>
where
    F::Error: From<NorFlashErrorKind>,
{
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        check_erase(self, from, to)?;
        self.flash.erase(self.place.offset + from, self.place.offset + to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        check_write(self, offset, bytes.len())?;
        self.flash.write(self.place.offset + offset, bytes)
    }
}

impl<F: MultiwriteNorFlash> MultiwriteNorFlash for Region<F> where F::Error: From<NorFlashErrorKind> {}
