//! The store: its state, and how one operation is carried out.
//!
//! SFR: secure-trusted-storage, residual-information-purging.

use crate::error::Error;
use crate::format::{Entry, Kind, MAX_RECORD, OVERHEAD, READING, SectorHeader, Stamp, padded, portion};
use crate::index::{Slot, Spot};
use crate::medium::{Cursor, Medium};
use crate::memory::Memory;
use crate::seal::Keys;
use cdd_hal::MonotonicCounter;
use core::ops::DerefMut;
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// The fewest sectors a flash must have.
pub const MIN_SECTORS: u32 = 8;
/// Sectors that stay free for the reclaiming of others.
const RESERVE: u32 = 4;
/// Sectors that are reclaimed for each that an operation fills, once the ring runs low.
const PACE: u32 = 8;
/// The same while the log is longer than mounting should have to walk: twice what lives, and so many sectors.
const SHORTENING: u32 = 2;
const SLACK: u32 = 16;
/// A record may be set once only (`PSA_STORAGE_FLAG_WRITE_ONCE`).
pub const WRITE_ONCE: u8 = 1;
/// PSA's permissions to protect less: accepted, reported back, not made use of.
const KNOWN_FLAGS: u8 = WRITE_ONCE | 2 | 4;

/// What mounting found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing was under way.
    Clean,
    /// An operation had been cut after its last word: it is done now.
    Completed,
    /// An operation had been cut before its last word: it is not done, and nothing of it is left.
    Discarded,
    /// An erasure of everything had been cut: it is done now.
    Erased,
}

/// What is known of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its length in bytes.
    pub length: usize,
    /// The flags it was set with.
    pub flags: u8,
}

/// What to erase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All records of this owner, write-once ones too.
    Owner(u32),
    /// All readings.
    Readings,
    /// Everything: as freshly formatted.
    Everything,
}

/// What the store has done since it was mounted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Sectors reclaimed.
    pub reclaimed: u32,
    /// The most sectors that one call reclaimed.
    pub most_reclaimed_at_once: u32,
    /// Records and readings copied by reclaiming.
    pub moved: u32,
    /// Steps of the counter.
    pub counter_steps: u32,
}

/// Trusted storage on a flash and a counter. Small: what is large is the [`Memory`] behind `M`
/// (`&'static mut Memory<…>`, `Box<Memory<…>>`), which stays where it is.
pub struct Store<F, C, M> {
    pub(crate) medium: Medium<F>,
    counter: C,
    pub(crate) mark: Stamp,
    pub(crate) memory: M,
    /// First and last sector of the log.
    pub(crate) tail: u32,
    pub(crate) head: u32,
    /// Where the next entry goes.
    pub(crate) cursor: Cursor,
    /// Bytes that the live records and readings take, overhead included.
    pub(crate) live: u32,
    pub(crate) recovery: Recovery,
    pub(crate) work: Work,
}

impl<F, C, M, const RECORDS: usize, const READINGS: usize> Store<F, C, M>
where
    F: MultiwriteNorFlash,
    C: MonotonicCounter,
    M: DerefMut<Target = Memory<RECORDS, READINGS>>,
{
    /// A store that has not been mounted. Until [`Store::remount`] everything is refused but erasing
    /// everything, which works whatever the flash holds. What `memory` held is forgotten.
    pub fn new(flash: F, counter: C, mut memory: M, seal_secret: &[u8; 32]) -> Result<Self, Error> {
        let medium = Medium::new(flash, Keys::new(seal_secret))?;
        let cursor = medium.cursor(0, [0; 16]);
        memory.clear();
        Ok(Store {
            medium,
            counter,
            mark: Stamp::UNKNOWN,
            memory,
            tail: 0,
            head: 0,
            cursor,
            live: 0,
            recovery: Recovery::Clean,
            work: Work::default(),
        })
    }

    /// What mounting found and did.
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// What was done since mounting.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Number of records.
    pub fn records(&self) -> usize {
        self.memory.records.as_slice().len()
    }

    /// The uids under which `owner` has records, in order.
    pub fn uids(&self, owner: u32) -> impl ExactSizeIterator<Item = u64> {
        self.memory.records.all_of_owner(owner).iter().map(Slot::uid)
    }

    /// Bytes that live records and readings may take in all; each takes its length and 60 bytes more.
    pub fn capacity(&self) -> u32 {
        // A sector loses its header and, where an entry is split or moved to the next one, up to 124 bytes.
        let usable = self.medium.sector_bytes - SectorHeader::BYTES - 2 * OVERHEAD - 4;
        let kept_free = (self.medium.sectors / 4 + 3).max(MIN_SECTORS - 2);
        self.medium.sectors.saturating_sub(kept_free).saturating_mul(usable)
    }

    /// Stores `data` under `owner` and `uid` in place of what was there.
    pub fn set(&mut self, owner: u32, uid: u64, data: &[u8], flags: u8) -> Result<(), Error> {
        self.ready()?;
        if uid == 0 || data.len() > MAX_RECORD {
            return Err(Error::InvalidArgument);
        }
        if flags & !KNOWN_FLAGS != 0 {
            return Err(Error::NotSupported);
        }
        let old = self.memory.records.get(owner, uid);
        if old.is_some_and(|old| old.flags & WRITE_ONCE != 0) {
            return Err(Error::WriteOnce);
        }
        let length = data.len() as u16;
        let freed = old.map_or(0, |old| footprint(old.length));
        if (old.is_none() && self.memory.records.is_full())
            || self.live - freed + footprint(length) > self.capacity()
        {
            return Err(Error::InsufficientStorage);
        }
        self.make_room(u32::from(length))?;
        // Reclaiming may have moved it.
        let old = self.memory.records.get(owner, uid);
        self.memory.buffer.fill(data);
        self.replace(owner, uid, length, flags, old)
    }

    /// Writes the record that is in the buffer and scrubs `old`, as one operation.
    pub(crate) fn replace(
        &mut self,
        owner: u32,
        uid: u64,
        length: u16,
        flags: u8,
        old: Option<Slot>,
    ) -> Result<(), Error> {
        self.begin()?;
        let place = self.write(Kind::Set, flags, owner, uid, length)?;
        let slot = Slot::new(owner, uid, place, self.mark.operation(), length, flags);
        self.memory.records.put(slot)?;
        self.live += footprint(length);
        if let Some(old) = old {
            self.live -= footprint(old.length);
            self.scrub_record(&old)?;
        }
        self.commit()
    }

    /// Copies what there is of the record from `offset` on to the start of `out`; how many bytes.
    pub fn get(&mut self, owner: u32, uid: u64, offset: usize, out: &mut [u8]) -> Result<usize, Error> {
        self.ready()?;
        let slot = self.memory.records.get(owner, uid).ok_or(Error::DoesNotExist)?;
        let length = usize::from(slot.length);
        if offset > length {
            return Err(Error::InvalidArgument);
        }
        let loaded = self.load(&slot);
        let content = self.memory.buffer.range(offset..length).unwrap_or_default();
        let count = content.len().min(out.len());
        if loaded.is_ok() {
            out.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        }
        self.memory.buffer.wipe();
        loaded.map(|()| count)
    }

    /// Length and flags of a record.
    pub fn get_info(&self, owner: u32, uid: u64) -> Result<Info, Error> {
        self.ready()?;
        let slot = self.memory.records.get(owner, uid).ok_or(Error::DoesNotExist)?;
        Ok(Info { length: slot.length.into(), flags: slot.flags })
    }

    /// Removes a record; also one whose content does not verify any more.
    pub fn remove(&mut self, owner: u32, uid: u64) -> Result<(), Error> {
        self.ready()?;
        let slot = self.memory.records.get(owner, uid).ok_or(Error::DoesNotExist)?;
        if slot.flags & WRITE_ONCE != 0 {
            return Err(Error::WriteOnce);
        }
        self.make_room(0)?;
        let slot = self.memory.records.get(owner, uid).unwrap_or(slot);
        self.begin()?;
        self.write(Kind::Remove, 0, owner, uid, 0)?;
        self.memory.records.remove(owner, uid);
        self.live -= footprint(slot.length);
        self.scrub_record(&slot)?;
        self.commit()
    }

    /// Erases all that `scope` names. Cut at any word it is either not begun or finished by the next mount.
    pub fn erase_all(&mut self, scope: Scope) -> Result<(), Error> {
        match scope {
            Scope::Owner(owner) => self.purge(owner),
            Scope::Readings => self.trim(self.memory.readings.next),
            Scope::Everything => self.erase_everything(),
        }
    }

    fn purge(&mut self, owner: u32) -> Result<(), Error> {
        self.ready()?;
        self.make_room(0)?;
        self.begin()?;
        self.write(Kind::Purge, 0, owner, 0, 0)?;
        while let Some(slot) = self.memory.records.of_owner(owner) {
            self.memory.records.remove(owner, slot.uid());
            self.live -= footprint(slot.length);
            self.scrub_record(&slot)?;
        }
        self.commit()
    }

    /// Erases everything and formats, whatever the flash holds. Once begun, a mount finishes it.
    pub(crate) fn erase_everything(&mut self) -> Result<(), Error> {
        self.read_mark()?;
        if !self.mark.is_erasing() {
            self.advance(self.mark.erasing().ok_or(Error::CounterExhausted)?)?;
        }
        self.memory.clear();
        (self.tail, self.head, self.live) = (0, 0, 0);
        (0..self.medium.sectors).try_for_each(|sector| self.medium.erase(sector))?;
        self.cursor = self.medium.open_sector(&SectorHeader {
            sector: 0,
            stamp: self.mark,
            tail: 0,
            first: 0,
            next: 0,
            chain: [0; 16],
        })?;
        self.commit()
    }

    /// No operation broke off.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        if self.mark.is_under_way() { Err(Error::NeedsMount) } else { Ok(()) }
    }

    /// Takes the state from the counter.
    pub(crate) fn read_mark(&mut self) -> Result<(), Error> {
        self.mark = Stamp::UNKNOWN;
        self.mark = Stamp(self.counter.read().map_err(|_| Error::Counter)?);
        Ok(())
    }

    fn advance(&mut self, to: Stamp) -> Result<(), Error> {
        self.mark = Stamp::UNKNOWN;
        self.counter.advance(to.0).map_err(|_| Error::Counter)?;
        self.work.counter_steps = self.work.counter_steps.saturating_add(1);
        self.mark = to;
        Ok(())
    }

    /// Takes a number for an operation. From here to [`Store::commit`] any error leaves the store to be mounted.
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        let begun = self.mark.begin().ok_or(Error::CounterExhausted).and_then(|mark| self.advance(mark));
        if begun.is_err() {
            self.memory.buffer.wipe();
        }
        begun
    }

    /// The operation is complete.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        self.advance(self.mark.done())
    }

    /// The operation is void.
    pub(crate) fn discard(&mut self) -> Result<(), Error> {
        self.advance(self.mark.discard())
    }

    fn free(&self) -> u32 {
        self.medium.sectors.saturating_sub(self.length())
    }

    /// Sectors of the log.
    pub(crate) fn length(&self) -> u32 {
        self.head.wrapping_sub(self.tail).wrapping_add(1)
    }

    /// Sectors that the log should not be longer than, for the sake of the next mount.
    fn span(&self) -> u32 {
        let usable = self.medium.sector_bytes.saturating_sub(SectorHeader::BYTES);
        let live = self.live.checked_div(usable).unwrap_or(0).saturating_add(1);
        live.saturating_mul(2).saturating_add(SLACK)
    }

    /// How many sectors an operation with `length` bytes of content will open.
    fn to_open(&self, length: u32) -> u32 {
        let (mut room, mut left, mut opened) = (self.cursor.room(), length, 0);
        loop {
            match portion(room, left) {
                Some(taken) if taken == left => return opened,
                Some(taken) => left -= taken,
                None => {}
            }
            opened += 1;
            room = self.medium.sector_bytes - SectorHeader::BYTES;
        }
    }

    /// Reclaims sectors until an operation with `length` bytes of content has room.
    pub(crate) fn make_room(&mut self, length: u32) -> Result<(), Error> {
        let before = self.work.reclaimed;
        let low = RESERVE + self.medium.sectors / 8;
        let opens = self.to_open(length);
        let (mut paced, mut shortening) = (PACE * opens, SHORTENING * opens);
        let mut limit = 2 * self.medium.sectors;
        loop {
            let free = self.free().saturating_sub(self.to_open(length));
            let roomy = free >= low || (free >= RESERVE && paced == 0);
            if roomy && (shortening == 0 || self.length() <= self.span()) {
                break;
            }
            if self.head == self.tail || limit == 0 {
                if free >= RESERVE {
                    break;
                } else {
                    return Err(Error::InsufficientStorage);
                };
            }
            self.reclaim()?;
            (paced, shortening) = (paced.saturating_sub(1), shortening.saturating_sub(1));
            limit -= 1;
        }
        let work = &mut self.work;
        work.most_reclaimed_at_once = work.most_reclaimed_at_once.max(work.reclaimed - before);
        Ok(())
    }

    /// Moves what lives in the first sector of the log to its end and erases the sector.
    fn reclaim(&mut self) -> Result<(), Error> {
        let from = self.medium.start(self.tail);
        let to = from + self.medium.sector_bytes;
        while let Some(slot) = self.memory.records.in_range(from, to) {
            if self.to_open(u32::from(slot.length)) > self.free() {
                return Err(Error::InsufficientStorage);
            }
            self.load(&slot)?;
            self.replace(slot.owner, slot.uid(), slot.length, slot.flags, Some(slot))?;
            self.work.moved = self.work.moved.saturating_add(1);
        }
        while let Some((index, place)) = self.memory.readings.in_range(from, to) {
            if self.to_open(u32::from(READING)) > self.free() {
                return Err(Error::InsufficientStorage);
            }
            self.load_reading(index)?;
            self.write_reading(index, Some(place))?;
            self.work.moved = self.work.moved.saturating_add(1);
        }
        if self.to_open(0) > self.free() {
            return Err(Error::InsufficientStorage);
        }
        self.begin()?;
        self.write(Kind::Tail, 0, 0, u64::from(self.tail + 1), 0)?;
        self.medium.erase(self.tail)?;
        self.tail += 1;
        self.work.reclaimed = self.work.reclaimed.saturating_add(1);
        self.commit()
    }

    /// Writes the first `length` bytes of the buffer as the entries of one operation; where it starts. The
    /// buffer is empty then, written or not.
    pub(crate) fn write(
        &mut self,
        kind: Kind,
        flags: u8,
        owner: u32,
        uid: u64,
        length: u16,
    ) -> Result<u32, Error> {
        let written = self.write_parts(kind, flags, owner, uid, length);
        self.memory.buffer.wipe();
        written
    }

    fn write_parts(
        &mut self,
        kind: Kind,
        flags: u8,
        owner: u32,
        uid: u64,
        length: u16,
    ) -> Result<u32, Error> {
        let (mut done, mut part, mut place) = (0u32, 0u8, None);
        loop {
            let left = u32::from(length) - done;
            let Some(taken) = portion(self.cursor.room(), left) else {
                self.open_next()?;
                continue;
            };
            let last = taken == left;
            let length_here = taken as u16;
            let stamp = self.mark;
            let entry =
                Entry { kind, flags, part, last, length: length_here, total: length, owner, uid, stamp };
            let range = done as usize..(done + padded(taken)) as usize;
            let content = self.memory.buffer.range(range).ok_or(Error::InvalidArgument)?;
            let at = *place.get_or_insert(self.cursor.at);
            self.medium.append(&mut self.cursor, &entry, content)?;
            if last {
                return Ok(at);
            }
            done += taken;
            part = part.saturating_add(1);
        }
    }

    fn open_next(&mut self) -> Result<(), Error> {
        if self.free() == 0 {
            return Err(Error::InsufficientStorage);
        }
        let sector = self.head.checked_add(1).ok_or(Error::CounterExhausted)?;
        self.cursor = self.medium.open_sector(&SectorHeader {
            sector,
            stamp: self.mark,
            tail: self.tail,
            first: self.memory.readings.first,
            next: self.memory.readings.next,
            chain: self.cursor.chain,
        })?;
        self.head = sector;
        Ok(())
    }

    /// Reads and verifies a record into the buffer.
    pub(crate) fn load(&mut self, slot: &Slot) -> Result<(), Error> {
        let Slot { owner, place, number, length, .. } = *slot;
        let uid = slot.uid();
        let is_part = |entry: &Entry| {
            entry.kind == Kind::Set
                && (entry.owner, entry.uid, entry.total) == (owner, uid, length)
                && entry.stamp.operation() as u32 == number
        };
        if self.load_parts(place, length, is_part)? { Ok(()) } else { Err(Error::Tampered { owner, uid }) }
    }

    /// Reads and verifies a reading into the buffer.
    pub(crate) fn load_reading(&mut self, index: u32) -> Result<(), Error> {
        let Spot { place, number } = self.memory.readings.get(index).ok_or(Error::ReadingGap { index })?;
        let is_part = |entry: &Entry| {
            entry.kind == Kind::Reading
                && (entry.uid, entry.total) == (u64::from(index), READING)
                && entry.stamp.operation() as u32 == number
        };
        let loaded = self.load_parts(place, READING, is_part)?;
        if loaded { Ok(()) } else { Err(Error::ReadingTampered { index }) }
    }

    fn load_parts(
        &mut self,
        place: u32,
        length: u16,
        is_part: impl Fn(&Entry) -> bool,
    ) -> Result<bool, Error> {
        let (buffer, mut done) = (&mut self.memory.buffer, 0usize);
        buffer.wipe();
        let complete = self.medium.parts(place, is_part, |medium, at, entry| {
            let range = done..done + entry.content() as usize;
            done += usize::from(entry.length);
            match buffer.range(range) {
                Some(to) => medium.open(at, entry, to),
                None => Ok(false),
            }
        });
        let whole = complete.map(|complete| complete && done == usize::from(length));
        if whole != Ok(true) {
            buffer.wipe();
        }
        whole
    }

    pub(crate) fn scrub_record(&mut self, slot: &Slot) -> Result<(), Error> {
        let (owner, uid) = (slot.owner, slot.uid());
        let is_part = |entry: &Entry| entry.kind == Kind::Set && (entry.owner, entry.uid) == (owner, uid);
        self.scrub_parts(slot.place, is_part)
    }

    /// Scrubs the content of an operation. What is not there any more needs no scrubbing at this place; the
    /// next mount says what happened to the log.
    pub(crate) fn scrub_parts(&mut self, place: u32, is_part: impl Fn(&Entry) -> bool) -> Result<(), Error> {
        let found = self.medium.parts(place, is_part, |medium, at, entry| {
            medium.scrub(at, entry)?;
            Ok(true)
        })?;
        if found { Ok(()) } else { Err(Error::Corrupt { at: place }) }
    }
}

/// Bytes that a record or reading of `length` bytes takes in the log.
pub(crate) const fn footprint(length: u16) -> u32 {
    OVERHEAD + padded(length as u32)
}
