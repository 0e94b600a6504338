//! The storage's part of the flash: [`map::STORAGE`](crate::map::STORAGE), Secure, programmed word by word.
//!
//! The emulated flash is plain memory. That a program can only clear bits, whole words at a time, is this
//! driver's doing, as it would be the part's: whoever breaks the rule is refused and nothing is changed.
//!
//! SFR: secure-trusted-storage.

use crate::map::{SLOTS, STORAGE};
use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase,
    check_read, check_write,
};

/// Bytes programmed at once.
pub const WORD_BYTES: usize = 4;
/// Bytes erased at once.
pub const SECTOR_BYTES: usize = 4096;

/// Why an access was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashError {
    /// Not whole words (program) or sectors (erase).
    NotAligned,
    /// Not inside the storage.
    OutOfBounds,
    /// A cleared bit would have to be set, which takes an erase.
    NotErased,
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            FlashError::NotAligned => NorFlashErrorKind::NotAligned,
            FlashError::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            FlashError::NotErased => NorFlashErrorKind::Other,
        }
    }
}

impl From<NorFlashErrorKind> for FlashError {
    fn from(kind: NorFlashErrorKind) -> FlashError {
        match kind {
            NorFlashErrorKind::NotAligned => FlashError::NotAligned,
            _ => FlashError::OutOfBounds,
        }
    }
}

/// The storage's flash. Offsets count from its own beginning, so that no image can be reached.
pub struct Flash(());

impl Flash {
    /// Takes the flash. A second one would write into what a store on the first believes to be its own.
    pub const fn take() -> Flash {
        Flash(())
    }
}

/// Erases both slots of the application, which runs from its copy in RAM; whether they are erased then.
pub fn erase_application() -> bool {
    let [_, _, a, b] = SLOTS;
    let words = || [a, b].into_iter().flat_map(|slot| (slot.start..=slot.last()).step_by(WORD_BYTES));
    words().for_each(|address| store(address as *mut u32, u32::MAX));
    words().all(|address| load(address as *mut u32) == u32::MAX)
}

/// The words of `offset .. offset + len`, which lies inside the storage, rounded down and up to whole ones.
fn words(offset: u32, len: usize) -> impl Iterator<Item = *mut u32> {
    let start = (STORAGE.start + offset) & !3;
    let end = STORAGE.start + offset + len as u32;
    (start..end).step_by(WORD_BYTES).map(|address| address as *mut u32)
}

#[inline(always)]
fn load(word: *mut u32) -> u32 {
    // SAFETY: from `words`, so an aligned word inside the storage, readable memory of which Rust knows nothing.
    unsafe { word.read_volatile() }
}

#[inline(always)]
fn store(word: *mut u32, value: u32) {
    // SAFETY: as for `load`, or an aligned word of a slot; writable memory.
    unsafe { word.write_volatile(value) }
}

fn value(word: &[u8]) -> u32 {
    word.first_chunk().map_or(u32::MAX, |word| u32::from_le_bytes(*word))
}

impl ErrorType for Flash {
    type Error = FlashError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check_read(self, offset, bytes.len())?;
        let skipped = (offset & 3) as usize;
        let len = bytes.len();
        let (first, rest) = bytes.split_at_mut(len.min(WORD_BYTES - skipped));
        let mut words = words(offset, len);
        let Some(word) = words.next() else { return Ok(()) };
        let content = load(word).to_le_bytes();
        first.iter_mut().zip(content.iter().skip(skipped)).for_each(|(to, from)| *to = *from);
        for (to, word) in rest.chunks_mut(WORD_BYTES).zip(words) {
            let content = load(word).to_le_bytes();
            match to.first_chunk_mut::<WORD_BYTES>() {
                Some(to) => *to = content,
                None => to.iter_mut().zip(content).for_each(|(to, from)| *to = from),
            }
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        STORAGE.size as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        check_erase(self, from, to)?;
        let words = || words(from, (to - from) as usize);
        words().for_each(|word| store(word, u32::MAX));
        // A part that is write-protected, or another one, does not do what it is told.
        if words().all(|word| load(word) == u32::MAX) { Ok(()) } else { Err(FlashError::NotErased) }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        check_write(self, offset, bytes.len())?;
        let pairs = || words(offset, bytes.len()).zip(bytes.chunks_exact(WORD_BYTES).map(value));
        if pairs().any(|(word, new)| !load(word) & new != 0) {
            return Err(FlashError::NotErased);
        }
        pairs().for_each(|(word, new)| store(word, new));
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}
