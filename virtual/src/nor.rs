//! A strict model of NOR flash.
//!
//! | operation | rule | when the power fails during it |
//! |---|---|---|
//! | program a word (4 bytes, aligned) | clears bits; one that would have to be set is an error | any subset of those bits is cleared |
//! | erase a sector (4096 bytes, aligned) | sets all bits | any subset of the bits of each word is set |
//! | read | any range, also of never programmed words | – |
//!
//! Stricter than most parts, so that what works here works there: a call that breaks a rule changes
//! nothing and says why. A word may be programmed again as long as bits are only cleared
//! ([`MultiwriteNorFlash`]).
//!
//! Every programmed word and every erased sector is one *operation*. [`Nor::cut_after`] lets the power fail
//! during the n-th operation from then on; what that one leaves behind is chosen by a seed, with "nothing
//! happened" and "it was complete" among the choices. Afterwards every access fails with
//! [`NorError::PowerLost`] until [`Nor::power_on`]. Not modelled: bits that read differently each time after a
//! torn operation, wear that makes sectors fail, disturbance of neighbours.

use crate::tear::{NoPower, Power, Tear};
use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase,
    check_read, check_write,
};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes that are programmed at once.
pub const WORD_BYTES: usize = 4;
/// Bytes that are erased at once.
pub const SECTOR_BYTES: usize = 4096;
/// What an erased byte reads as.
const ERASED: u8 = 0xFF;

/// Why an access failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NorError {
    /// The range is not made of whole words (program) or sectors (erase).
    #[error("the range is not made of whole words or sectors")]
    NotAligned,
    /// The range does not lie inside the flash.
    #[error("the range does not lie inside the flash")]
    OutOfBounds,
    /// The word at this offset would need a cleared bit to be set, which takes an erase.
    #[error("the word at {offset:#x} is not erased where it is to be programmed")]
    NotErased {
        /// Offset of the first such word.
        offset: u32,
    },
    /// There is no power, or it failed during this operation.
    #[error("the flash has no power")]
    PowerLost,
    /// The file that holds the content could not be written.
    #[error("the file of the flash could not be written: {0}")]
    File(io::ErrorKind),
}

impl NorFlashError for NorError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            NorError::NotAligned => NorFlashErrorKind::NotAligned,
            NorError::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            NorError::NotErased { .. } | NorError::PowerLost | NorError::File(_) => NorFlashErrorKind::Other,
        }
    }
}

impl From<NorFlashErrorKind> for NorError {
    fn from(kind: NorFlashErrorKind) -> NorError {
        match kind {
            NorFlashErrorKind::NotAligned => NorError::NotAligned,
            _ => NorError::OutOfBounds,
        }
    }
}

impl From<NoPower> for NorError {
    fn from(_: NoPower) -> NorError {
        NorError::PowerLost
    }
}

/// What was done to a flash since it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// Words programmed, a torn one included.
    pub words_programmed: u64,
    /// How often each sector was erased, a torn time included.
    pub erases: Vec<u64>,
}

impl Statistics {
    /// Sectors erased, all together.
    pub fn sectors_erased(&self) -> u64 {
        self.erases.iter().sum()
    }

    /// Word and sector operations, all together: what [`Nor::cut_after`] counts.
    pub fn operations(&self) -> u64 {
        self.words_programmed + self.sectors_erased()
    }
}

/// A flash.
#[derive(Debug)]
pub struct Nor {
    content: Vec<u8>,
    file: Option<File>,
    power: Power,
    statistics: Statistics,
}

impl Nor {
    /// An erased flash of so many bytes, in memory only. The size is rounded up to whole sectors.
    pub fn erased(size: usize) -> Nor {
        Nor::with_content(vec![ERASED; size])
    }

    /// A flash with this content, in memory only; filled up with erased bytes to whole sectors.
    pub fn with_content(mut content: Vec<u8>) -> Nor {
        content.resize(content.len().next_multiple_of(SECTOR_BYTES), ERASED);
        let erases = vec![0; content.len() / SECTOR_BYTES];
        let statistics = Statistics { words_programmed: 0, erases };
        Nor { content, file: None, power: Power::On, statistics }
    }

    /// A flash whose content is this file's; every change is written to the file at once.
    pub fn on_file(file: File) -> io::Result<Nor> {
        let size = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if !size.is_multiple_of(SECTOR_BYTES) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not whole sectors"));
        }
        let mut content = vec![ERASED; size];
        file.read_exact_at(&mut content, 0)?;
        Ok(Nor { file: Some(file), ..Nor::with_content(content) })
    }

    /// Lets the power fail during the n-th operation from now; 0 takes it away at once.
    ///
    /// `seed` chooses what the interrupted operation leaves behind.
    pub fn cut_after(&mut self, operations: u64, seed: u64) {
        self.power = Power::cut_after(operations, seed);
    }

    /// Gives power again, for good; takes back a cut that did not come.
    pub fn power_on(&mut self) {
        self.power = Power::On;
    }

    /// Whether it has power.
    pub fn has_power(&self) -> bool {
        self.power.check().is_ok()
    }

    /// What was done to it.
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The content as an attacker with the chip on his desk sees it, power or not.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Changes the content as that attacker would: any bytes, no rule, no operation counted.
    pub fn tamper(&mut self, offset: usize, bytes: &[u8]) -> Result<(), NorError> {
        let range = offset..offset.checked_add(bytes.len()).ok_or(NorError::OutOfBounds)?;
        self.content.get_mut(range.clone()).ok_or(NorError::OutOfBounds)?.copy_from_slice(bytes);
        self.persist(range)
    }

    fn persist(&self, range: core::ops::Range<usize>) -> Result<(), NorError> {
        match &self.file {
            Some(file) => file
                .write_all_at(&self.content[range.clone()], range.start as u64)
                .map_err(|error| NorError::File(error.kind())),
            None => Ok(()),
        }
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.content[at..at + WORD_BYTES].try_into().unwrap_or([ERASED; WORD_BYTES]))
    }

    fn set_word(&mut self, at: usize, word: u32) {
        self.content[at..at + WORD_BYTES].copy_from_slice(&word.to_le_bytes());
    }

    fn program(&mut self, at: usize, word: u32) -> Result<(), NorError> {
        let torn = self.power.operation()?;
        self.statistics.words_programmed += 1;
        let old = self.word(at);
        let cleared = old & !word;
        self.set_word(at, old & !(cleared & torn.map_or(u32::MAX, |mut tear| tear.mask())));
        self.persist(at..at + WORD_BYTES)?;
        if torn.is_some() { Err(NorError::PowerLost) } else { Ok(()) }
    }

    fn erase_sector(&mut self, at: usize) -> Result<(), NorError> {
        let torn = self.power.operation()?;
        self.statistics.erases[at / SECTOR_BYTES] += 1;
        let sector = at..at + SECTOR_BYTES;
        match torn {
            None => self.content[sector.clone()].fill(ERASED),
            Some(tear) => self.tear_erase(at, tear),
        }
        self.persist(sector)?;
        if torn.is_some() { Err(NorError::PowerLost) } else { Ok(()) }
    }

    /// One time in four nothing has happened, one time in four everything; else each word on its own.
    fn tear_erase(&mut self, at: usize, mut tear: Tear) {
        let whole = tear.next() % 4;
        for word in (at..at + SECTOR_BYTES).step_by(WORD_BYTES) {
            let set = match whole {
                0 => 0,
                1 => u32::MAX,
                _ => tear.mask(),
            };
            self.set_word(word, self.word(word) | set);
        }
    }
}

impl ErrorType for Nor {
    type Error = NorError;
}

impl ReadNorFlash for Nor {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.power.check()?;
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(&self.content[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.content.len()
    }
}

impl NorFlash for Nor {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        self.power.check()?;
        check_erase(self, from, to)?;
        (from as usize..to as usize).step_by(SECTOR_BYTES).try_for_each(|at| self.erase_sector(at))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        self.power.check()?;
        check_write(self, offset, bytes.len())?;
        let words = || {
            let value = |word: &[u8]| u32::from_le_bytes(word.try_into().unwrap_or_default());
            (offset as usize..).step_by(WORD_BYTES).zip(bytes.chunks_exact(WORD_BYTES).map(value))
        };
        if let Some((at, _)) = words().find(|(at, word)| !self.word(*at) & word != 0) {
            return Err(NorError::NotErased { offset: at as u32 });
        }
        words().try_for_each(|(at, word)| self.program(at, word))
    }
}

impl MultiwriteNorFlash for Nor {}
