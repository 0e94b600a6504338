//! The ring of sectors: reading, verifying, programming. Knows entries, not what they mean.
//!
//! SFR: secure-trusted-storage, residual-information-purging.

use crate::error::Error;
use crate::format::{Entry, OVERHEAD, SectorHeader, Survey, TRAILER, consists_of};
use crate::seal::{Keys, Mac, same};
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// Bytes read or zeroed at once.
const CHUNK: usize = 64;

pub(crate) struct Medium<F> {
    flash: F,
    pub(crate) keys: Keys,
    /// Number of sectors.
    pub(crate) sectors: u32,
    /// Bytes of a sector.
    pub(crate) sector_bytes: u32,
}

/// A place in the log and the chain value there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    pub(crate) at: u32,
    /// End of the sector.
    pub(crate) end: u32,
    pub(crate) chain: Mac,
}

impl Cursor {
    pub(crate) const fn room(&self) -> u32 {
        self.end.saturating_sub(self.at)
    }
}

/// What lies at a cursor.
pub(crate) enum Step {
    /// An entry that continues the chain, and where it starts; the cursor is behind it.
    Entry(Entry, u32),
    /// Nothing more in this sector.
    End,
    /// Something that is no continuation.
    Junk,
}

impl<F: MultiwriteNorFlash> Medium<F> {
    pub(crate) fn new(flash: F, keys: Keys) -> Result<Medium<F>, Error> {
        let (sector, capacity) = (F::ERASE_SIZE, flash.capacity());
        let words = [F::WRITE_SIZE, F::READ_SIZE].iter().all(|size| matches!(size, 1 | 2 | 4));
        let whole = matches!(sector, 1024..=65536) && sector % 4 == 0 && capacity % sector == 0;
        let (Ok(sector_bytes), Ok(capacity)) = (u32::try_from(sector), u32::try_from(capacity)) else {
            return Err(Error::Geometry);
        };
        let sectors = capacity.checked_div(sector_bytes).unwrap_or(0);
        if !words || !whole || sectors < crate::MIN_SECTORS {
            return Err(Error::Geometry);
        }
        Ok(Medium { flash, keys, sectors, sector_bytes })
    }

    /// Byte offset of the sector of this number.
    pub(crate) fn start(&self, sector: u32) -> u32 {
        sector.checked_rem(self.sectors).unwrap_or(0) * self.sector_bytes
    }

    /// The cursor at the first entry of a sector.
    pub(crate) fn cursor(&self, sector: u32, chain: Mac) -> Cursor {
        let start = self.start(sector);
        Cursor { at: start + SectorHeader::BYTES, end: start + self.sector_bytes, chain }
    }

    /// End of the sector that `at` lies in.
    fn end_of(&self, at: u32) -> u32 {
        let place = at.checked_div(self.sector_bytes).unwrap_or(0);
        (place + 1).saturating_mul(self.sector_bytes)
    }

    pub(crate) fn read(&mut self, at: u32, to: &mut [u8]) -> Result<(), Error> {
        self.flash.read(at, to).map_err(|_| Error::Flash)
    }

    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Error> {
        self.flash.write(at, bytes).map_err(|_| Error::Flash)
    }

    pub(crate) fn erase(&mut self, sector: u32) -> Result<(), Error> {
        let start = self.start(sector);
        self.flash.erase(start, start + self.sector_bytes).map_err(|_| Error::Flash)
    }

    pub(crate) fn survey(&mut self, place: u32) -> Result<Survey, Error> {
        let mut bytes = [0u8; SectorHeader::BYTES as usize];
        self.read(self.start(place), &mut bytes)?;
        Ok(SectorHeader::survey(
            &bytes,
            &self.keys,
            place.checked_rem(self.sectors).unwrap_or(0),
            self.sectors,
        ))
    }

    /// Calls `each` with the offset and the bytes of every chunk of `from .. to`.
    fn chunks(
        &mut self,
        from: u32,
        to: u32,
        mut each: impl FnMut(&mut Self, u32, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut at = from;
        while at < to {
            let mut buffer = [0u8; CHUNK];
            let Some(chunk) = buffer.get_mut(..CHUNK.min((to - at) as usize)) else { return Ok(()) };
            self.read(at, chunk)?;
            each(self, at, chunk)?;
            at += chunk.len() as u32;
        }
        Ok(())
    }

    /// Whether every byte of `from .. to` is `value`.
    pub(crate) fn all(&mut self, from: u32, to: u32, value: u8) -> Result<bool, Error> {
        let mut all = true;
        self.chunks(from, to, |_, _, chunk| {
            all &= consists_of(chunk, value);
            Ok(())
        })?;
        Ok(all)
    }

    pub(crate) fn is_blank(&mut self, sector: u32) -> Result<bool, Error> {
        let start = self.start(sector);
        self.all(start, start + self.sector_bytes, 0xFF)
    }

    /// Overwrites `from .. to` with zeros where it is not zero yet.
    pub(crate) fn zero(&mut self, from: u32, to: u32) -> Result<(), Error> {
        self.chunks(from, to, |medium, at, chunk| {
            if consists_of(chunk, 0) {
                return Ok(());
            }
            medium.write(at, [0u8; CHUNK].get(..chunk.len()).unwrap_or_default())
        })
    }

    /// Overwrites with zeros what a torn write left from the cursor on, and moves the cursor behind it.
    pub(crate) fn zero_torn(&mut self, cursor: &mut Cursor) -> Result<(), Error> {
        let (from, mut end) = (cursor.at, cursor.at);
        self.chunks(from, cursor.end, |_, at, chunk| {
            let last = chunk.iter().rposition(|byte| *byte != 0xFF);
            end = last.map_or(end, |last| at + (last as u32 | 3) + 1);
            Ok(())
        })?;
        self.zero(from, end)?;
        cursor.at = end;
        Ok(())
    }

    /// Overwrites the content of an entry with zeros: header, tag and chain value stay and verify.
    pub(crate) fn scrub(&mut self, at: u32, entry: &Entry) -> Result<(), Error> {
        if cfg!(feature = "planted-forget-purge") {
            return Ok(());
        }
        let content = at + Entry::BYTES as u32;
        self.zero(content, content + entry.content())
    }

    /// The next entry after `cursor` in its sector.
    pub(crate) fn step(&mut self, cursor: &mut Cursor) -> Result<Step, Error> {
        let entry = match self.peek(cursor)? {
            Peek::Entry(entry) => entry,
            Peek::End => return Ok(Step::End),
            Peek::Junk => return Ok(Step::Junk),
        };
        let at = cursor.at;
        let [tag, found] = self.trailer(at, &entry)?;
        let chain = self.keys.link(&cursor.chain, &entry, &tag);
        if !same(&chain, &found) {
            return Ok(Step::Junk);
        }
        cursor.at = at + entry.size();
        cursor.chain = chain;
        Ok(Step::Entry(entry, at))
    }

    /// The header at the cursor, which moves over padding but not over the entry.
    pub(crate) fn peek(&mut self, cursor: &mut Cursor) -> Result<Peek, Error> {
        loop {
            let mut header = [0u8; Entry::BYTES];
            let size = header.len().min(cursor.room() as usize);
            let Some(bytes) = header.get_mut(..size).filter(|bytes| !bytes.is_empty()) else {
                return Ok(Peek::End);
            };
            self.read(cursor.at, bytes)?;
            let padding = bytes.chunks(4).take_while(|word| word.iter().all(|byte| *byte == 0)).count();
            if padding > 0 {
                cursor.at += 4 * padding as u32;
                continue;
            }
            if bytes.iter().take(4).all(|byte| *byte == 0xFF) {
                let blank = self.all(cursor.at, cursor.end, 0xFF)?;
                return Ok(if blank { Peek::End } else { Peek::Junk });
            }
            let fits = |entry: &Entry| entry.size() <= cursor.room();
            let entry = if cursor.room() < OVERHEAD { None } else { Entry::from_bytes(&header).filter(fits) };
            return Ok(entry.map_or(Peek::Junk, Peek::Entry));
        }
    }

    /// Tag and chain value of the entry at `at`.
    fn trailer(&mut self, at: u32, entry: &Entry) -> Result<[Mac; 2], Error> {
        let mut trailer = [[0u8; 16]; 2];
        self.read(at + entry.size() - TRAILER, trailer.as_flattened_mut())?;
        Ok(trailer)
    }

    /// Walks over the parts of an operation that starts at `place`, without the chain: calls `each` with
    /// the offset and header of each. False if the parts are not there as `is_part` wants them.
    pub(crate) fn parts(
        &mut self,
        place: u32,
        is_part: impl Fn(&Entry) -> bool,
        mut each: impl FnMut(&mut Self, u32, &Entry) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        let mut cursor = Cursor { at: place, end: self.end_of(place), chain: [0; 16] };
        let mut stamp = None;
        for part in 0..=u8::MAX - 1 {
            let mut peek = self.peek(&mut cursor)?;
            if matches!(peek, Peek::End) && part > 0 {
                let next = cursor.end.checked_div(self.sector_bytes).unwrap_or(0);
                cursor = self.cursor(next, [0; 16]);
                peek = self.peek(&mut cursor)?;
            }
            let Peek::Entry(entry) = peek else { return Ok(false) };
            let same_stamp = *stamp.get_or_insert(entry.stamp) == entry.stamp;
            if !same_stamp || entry.part != part || !is_part(&entry) || !each(self, cursor.at, &entry)? {
                return Ok(false);
            }
            if entry.last {
                return Ok(true);
            }
            cursor.at += entry.size();
        }
        Ok(false)
    }

    /// Reads and opens the content of the entry at `at` into `to`, whose size is the padded one.
    pub(crate) fn open(&mut self, at: u32, entry: &Entry, to: &mut [u8]) -> Result<bool, Error> {
        self.read(at + Entry::BYTES as u32, to)?;
        let [tag, _] = self.trailer(at, entry)?;
        Ok(self.keys.open(entry, to, &tag))
    }

    /// Seals `content` in place and writes the entry at the cursor; the caller has looked for room.
    pub(crate) fn append(
        &mut self,
        cursor: &mut Cursor,
        entry: &Entry,
        content: &mut [u8],
    ) -> Result<(), Error> {
        let tag = self.keys.seal(entry, content);
        let chain = self.keys.link(&cursor.chain, entry, &tag);
        let at = cursor.at;
        self.write(at, &entry.to_bytes())?;
        self.write(at + Entry::BYTES as u32, content)?;
        self.write(at + entry.size() - TRAILER, [tag, chain].as_flattened())?;
        cursor.at = at + entry.size();
        cursor.chain = chain;
        Ok(())
    }

    /// Writes the header of a sector; erases it first if it is not blank.
    pub(crate) fn open_sector(&mut self, header: &SectorHeader) -> Result<Cursor, Error> {
        if !self.is_blank(header.sector)? {
            self.erase(header.sector)?;
        }
        let bytes = header.to_bytes(&self.keys);
        self.write(self.start(header.sector), &bytes)?;
        Ok(self.cursor(header.sector, header.chain))
    }
}

/// What the bytes at a cursor can be.
pub(crate) enum Peek {
    Entry(Entry),
    End,
    Junk,
}
