//! Formatting, mounting, recovery after a power cut, and the audit of everything.
//!
//! SFR: secure-trusted-storage, residual-information-purging.

use crate::error::Error;
use crate::format::{Entry, Kind, READING, SectorHeader, Stamp, Survey};
use crate::index::Slot;
use crate::medium::{Cursor, Step};
use crate::memory::Memory;
use crate::store::{Recovery, Store, footprint};
use cdd_hal::MonotonicCounter;
use core::ops::DerefMut;
use embedded_storage::nor_flash::MultiwriteNorFlash;

/// What a walk along the log has seen so far.
struct Walk {
    /// Number of the last complete operation.
    number: u64,
    /// Stamp of the last entry.
    stamp: Option<Stamp>,
    /// The operation whose last part has not come yet.
    open: Option<Open>,
}

struct Open {
    stamp: Stamp,
    /// Where it starts; `None` when that was in a sector that has been reclaimed.
    place: Option<u32>,
    /// Number of the part that comes next.
    next: u8,
}

impl Walk {
    /// Takes in an entry. When an operation is complete with it: where that starts.
    ///
    /// An operation may break off (it was discarded) and another one follow; numbers only go up.
    fn entry(&mut self, entry: &Entry, at: u32) -> Result<Option<Option<u32>>, Error> {
        let corrupt = Error::Corrupt { at };
        if entry.stamp.operation() <= self.number {
            return Err(corrupt);
        }
        let open = match self.open.take() {
            Some(open) if open.stamp == entry.stamp && open.next == entry.part => open,
            None if self.stamp.is_none() && entry.part > 0 => {
                Open { stamp: entry.stamp, place: None, next: entry.part }
            }
            _ if entry.part == 0 && Some(entry.stamp) > self.stamp => {
                Open { stamp: entry.stamp, place: Some(at), next: 0 }
            }
            _ => return Err(corrupt),
        };
        self.stamp = Some(entry.stamp);
        if entry.last {
            self.number = entry.stamp.operation();
            return Ok(Some(open.place));
        }
        self.open = Some(Open { next: open.next.saturating_add(1), ..open });
        Ok(None)
    }
}

/// What the headers of all sectors say.
#[derive(Default)]
struct Sectors {
    newest: Option<SectorHeader>,
    ours: u32,
    blank: u32,
    foreign: Option<u32>,
    junk: Option<u32>,
}

impl<F, C, M, const RECORDS: usize, const READINGS: usize> Store<F, C, M>
where
    F: MultiwriteNorFlash,
    C: MonotonicCounter,
    M: DerefMut<Target = Memory<RECORDS, READINGS>>,
{
    /// Erases the flash, whatever it holds, and makes an empty store. Cut, it is finished by the next mount.
    pub fn format(flash: F, counter: C, memory: M, seal_secret: &[u8; 32]) -> Result<Self, Error> {
        let mut store = Store::new(flash, counter, memory, seal_secret)?;
        store.erase_everything()?;
        Ok(store)
    }

    /// Verifies the log from end to end against the counter, finishes or discards what was cut, builds the index.
    ///
    /// Nothing is written unless the counter says that an operation was under way, and then not before the
    /// rest has been verified. Contents are verified when they are read; [`Store::audit`] reads all.
    pub fn mount(flash: F, counter: C, memory: M, seal_secret: &[u8; 32]) -> Result<Self, Error> {
        let mut store = Store::new(flash, counter, memory, seal_secret)?;
        store.remount()?;
        Ok(store)
    }

    /// Mounts in place: a [`Store::new`] one, or again after a failure. As [`Store::mount`].
    pub fn remount(&mut self) -> Result<Recovery, Error> {
        let mounted = self.mount_in_place();
        if mounted.is_err() {
            self.mark = Stamp::UNKNOWN;
        }
        mounted
    }

    fn mount_in_place(&mut self) -> Result<Recovery, Error> {
        self.read_mark()?;
        self.memory.clear();
        self.recovery = Recovery::Clean;
        if self.mark.is_erasing() {
            self.erase_everything()?;
            self.recovery = Recovery::Erased;
            return Ok(self.recovery);
        }
        if self.mark == Stamp(0) {
            return Err(Error::NotFormatted);
        }
        let sectors = self.survey()?;
        let walked = self.walk(&sectors);
        if let (Err(Error::Rollback { .. } | Error::SectorMissing { .. }), Some(place)) =
            (&walked, sectors.junk)
        {
            // Not gone: there, but changed.
            return Err(Error::Corrupt { at: self.medium.start(place) });
        }
        let complete = walked?;
        if let Some(index) = self.memory.readings.gap() {
            return Err(Error::ReadingGap { index });
        }
        let records: u32 = self.memory.records.as_slice().iter().map(|slot| footprint(slot.length)).sum();
        self.live = records.saturating_add(self.memory.readings.len().saturating_mul(footprint(READING)));
        if self.mark.is_under_way() {
            self.recover(complete)?;
        }
        Ok(self.recovery)
    }

    fn survey(&mut self) -> Result<Sectors, Error> {
        let mut sectors = Sectors::default();
        for place in 0..self.medium.sectors {
            match self.medium.survey(place)? {
                Survey::Blank => sectors.blank += 1,
                Survey::Foreign => sectors.foreign = Some(place),
                Survey::Junk => sectors.junk = Some(place),
                Survey::Ours(header) => {
                    sectors.ours += 1;
                    if sectors.newest.is_none_or(|newest| newest.sector < header.sector) {
                        sectors.newest = Some(header);
                    }
                }
            }
        }
        if sectors.newest.is_some() {
            // Among our own, a sector with another name is one whose name was changed.
            sectors.junk = sectors.junk.or(sectors.foreign);
        }
        Ok(sectors)
    }

    /// Verifies the whole log and builds the index; whether the operation under way is complete.
    fn walk(&mut self, sectors: &Sectors) -> Result<bool, Error> {
        let expected = self.mark.committed();
        let Some(newest) = sectors.newest else {
            return Err(match (sectors.foreign, sectors.junk) {
                (Some(_), _) => Error::Foreign,
                (None, Some(place)) => Error::Corrupt { at: self.medium.start(place) },
                (None, None) => Error::Rollback { found: 0, expected },
            });
        };
        self.head = newest.sector;
        self.tail = self.tail_of(&newest)?;
        let at_tail = self.header(self.tail)?;
        (self.memory.readings.first, self.memory.readings.next) = (at_tail.first, at_tail.next);
        let mut walk = Walk { number: at_tail.number(), stamp: None, open: None };
        let mut chain = at_tail.chain;
        let mut torn = false;
        for sector in self.tail..=self.head {
            let header = self.header(sector)?;
            if header.chain != chain {
                return Err(Error::Corrupt { at: self.medium.start(sector) });
            }
            let mut cursor = self.medium.cursor(sector, chain);
            torn = self.walk_sector(&mut cursor, &mut walk)?;
            if torn && (sector != self.head || !self.mark.is_under_way()) {
                return Err(Error::Corrupt { at: cursor.at });
            }
            chain = cursor.chain;
            self.cursor = cursor;
        }
        self.judge(sectors, &walk, torn)
    }

    /// The first sector of the log, from the last sector alone: its header, or the last record of it therein.
    fn tail_of(&mut self, newest: &SectorHeader) -> Result<u32, Error> {
        let mut tail = newest.tail;
        let mut cursor = self.medium.cursor(newest.sector, newest.chain);
        loop {
            match self.medium.step(&mut cursor)? {
                Step::Entry(entry, _) if entry.kind == Kind::Tail => {
                    tail = u32::try_from(entry.uid).unwrap_or(tail);
                }
                Step::Entry(..) => {}
                Step::Junk if !self.mark.is_under_way() => return Err(Error::Corrupt { at: cursor.at }),
                Step::End | Step::Junk => break,
            }
        }
        let length = newest.sector.checked_sub(tail);
        if length.is_none_or(|length| length >= self.medium.sectors) {
            return Err(Error::Corrupt { at: self.medium.start(newest.sector) });
        }
        Ok(tail)
    }

    fn header(&mut self, sector: u32) -> Result<SectorHeader, Error> {
        let at = self.medium.start(sector);
        match self.medium.survey(sector)? {
            Survey::Ours(header) if header.sector == sector => Ok(header),
            Survey::Ours(_) | Survey::Blank => Err(Error::SectorMissing { at }),
            Survey::Foreign | Survey::Junk => Err(Error::Corrupt { at }),
        }
    }

    /// Walks to the end of a sector; whether there is something behind the last entry.
    fn walk_sector(&mut self, cursor: &mut Cursor, walk: &mut Walk) -> Result<bool, Error> {
        loop {
            match self.medium.step(cursor)? {
                Step::End => return Ok(false),
                Step::Junk => return Ok(true),
                Step::Entry(entry, at) => {
                    if let Some(place) = walk.entry(&entry, at)? {
                        self.apply(&entry, place, walk.number)?;
                    }
                }
            }
        }
    }

    /// What a complete operation means for the index.
    fn apply(&mut self, entry: &Entry, place: Option<u32>, number: u64) -> Result<(), Error> {
        let Entry { owner, uid, total, flags, .. } = *entry;
        let index = u32::try_from(uid).unwrap_or(u32::MAX);
        match (entry.kind, place) {
            (Kind::Set, Some(place)) => {
                self.memory.records.put(Slot::new(owner, uid, place, number, total, flags))?;
            }
            (Kind::Reading, Some(place)) => self.memory.readings.put(index, place, number)?,
            (Kind::Remove, _) => {
                self.memory.records.remove(owner, uid);
            }
            (Kind::Trim, _) => {
                while self.memory.readings.first < index.min(self.memory.readings.next) {
                    self.memory.readings.forget_first();
                }
            }
            (Kind::Purge, _) => {
                while let Some(slot) = self.memory.records.of_owner(owner) {
                    self.memory.records.remove(owner, slot.uid());
                }
            }
            // The tail is known before the walk; an operation without its beginning has been moved or replaced.
            (Kind::Tail | Kind::Set | Kind::Reading, _) => {}
        }
        Ok(())
    }

    /// Holds the end of the log against the counter; whether the operation under way is complete.
    fn judge(&self, sectors: &Sectors, walk: &Walk, torn: bool) -> Result<bool, Error> {
        let (found, expected) = (walk.number, self.mark.committed());
        let under_way = self.mark.is_under_way();
        let complete = under_way && found == self.mark.operation() && walk.stamp == Some(self.mark);
        if found < expected && !cfg!(feature = "planted-accept-older") {
            let end = Error::Corrupt { at: self.cursor.at };
            return Err(if torn { end } else { Error::Rollback { found, expected } });
        }
        // What was discarded has a stamp below the counter's: nothing else may follow the last operation.
        let discarded = walk.open.as_ref().is_none_or(|open| open.stamp <= self.mark);
        if !complete && (found > expected || !discarded) {
            return Err(Error::Ahead { found, expected });
        }
        // Sectors outside the log are blank but while an operation is under way.
        if !under_way
            && (sectors.ours + sectors.blank != self.medium.sectors || sectors.ours != self.length())
        {
            let place = sectors.junk.or(sectors.foreign).unwrap_or(self.tail.wrapping_sub(1));
            return Err(Error::Corrupt { at: self.medium.start(place) });
        }
        Ok(complete)
    }

    /// Finishes or discards the operation under way: the log has been verified up to it. Every step can be
    /// repeated, and until the last one (the counter) a mount comes to the same decision.
    fn recover(&mut self, complete: bool) -> Result<(), Error> {
        self.medium.zero_torn(&mut self.cursor)?;
        self.each_entry(|store, entry, at, live| if live { Ok(()) } else { store.medium.scrub(at, entry) })?;
        for sector in self.head + 1..self.tail + self.medium.sectors {
            if !self.medium.is_blank(sector)? {
                self.medium.erase(sector)?;
            }
        }
        self.recovery = if complete { Recovery::Completed } else { Recovery::Discarded };
        if complete { self.commit() } else { self.discard() }
    }

    /// Walks the log again, with the chain: every entry, its offset, and whether its content is alive.
    fn each_entry(
        &mut self,
        mut each: impl FnMut(&mut Self, &Entry, u32, bool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut start = 0;
        for sector in self.tail..=self.head {
            let header = self.header(sector)?;
            let mut cursor = self.medium.cursor(sector, header.chain);
            loop {
                let (entry, at) = match self.medium.step(&mut cursor)? {
                    Step::Entry(entry, at) => (entry, at),
                    Step::End => break,
                    Step::Junk => return Err(Error::Corrupt { at: cursor.at }),
                };
                if entry.part == 0 {
                    start = at;
                }
                let index = u32::try_from(entry.uid).unwrap_or(u32::MAX);
                let place = match entry.kind {
                    Kind::Set => self.memory.records.get(entry.owner, entry.uid).map(|slot| slot.place),
                    Kind::Reading => self.memory.readings.get(index).map(|spot| spot.place),
                    _ => None,
                };
                each(self, &entry, at, place == Some(start))?;
            }
            if sector == self.head && cursor.chain != self.cursor.chain {
                return Err(Error::Corrupt { at: cursor.at });
            }
        }
        Ok(())
    }

    /// Verifies everything: the chain, the content of every record and reading, and that nothing is left of
    /// what was replaced or removed. The first failure is returned.
    pub fn audit(&mut self) -> Result<(), Error> {
        self.ready()?;
        self.each_entry(|store, entry, at, live| {
            let content = at + Entry::BYTES as u32;
            let gone = live || store.medium.all(content, content + entry.content(), 0)?;
            if gone { Ok(()) } else { Err(Error::Corrupt { at }) }
        })?;
        let mut next = 0;
        while let Some(slot) = self.memory.records.as_slice().get(next).copied() {
            self.load(&slot)?;
            next += 1;
        }
        (self.memory.readings.first..self.memory.readings.next)
            .try_for_each(|index| self.load_reading(index))?;
        self.memory.buffer.wipe();
        for sector in self.head + 1..self.tail + self.medium.sectors {
            if !self.medium.is_blank(sector)? {
                return Err(Error::Corrupt { at: self.medium.start(sector) });
            }
        }
        Ok(())
    }
}
