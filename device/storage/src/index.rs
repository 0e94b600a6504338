//! What is where, in RAM: the only thing that says which entries of the flash are alive.
//!
//! SFR: secure-trusted-storage, residual-information-purging.

use crate::error::Error;
use core::cell::Cell;

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) owner: u32,
    uid: [u32; 2],
    /// Byte offset in the flash of its first part.
    pub(crate) place: u32,
    /// Low 32 bits of the number of the operation that wrote it: an older copy put in its place has another.
    pub(crate) number: u32,
    pub(crate) length: u16,
    pub(crate) flags: u8,
}

impl Slot {
    const FREE: Slot = Slot { owner: 0, uid: [0; 2], place: 0, number: 0, length: 0, flags: 0 };

    pub(crate) const fn new(owner: u32, uid: u64, place: u32, number: u64, length: u16, flags: u8) -> Slot {
        Slot { owner, uid: [(uid >> 32) as u32, uid as u32], place, number: number as u32, length, flags }
    }

    pub(crate) const fn uid(&self) -> u64 {
        (self.uid[0] as u64) << 32 | self.uid[1] as u64
    }

    const fn key(&self) -> (u32, u64) {
        (self.owner, self.uid())
    }
}

/// The records, sorted by owner and uid.
pub(crate) struct Records<const N: usize> {
    slots: [Slot; N],
    len: usize,
}

impl<const N: usize> Records<N> {
    pub(crate) const fn new() -> Records<N> {
        Records { slots: [Slot::FREE; N], len: 0 }
    }

    pub(crate) fn clear(&mut self) {
        // In place: a new one would pass over the stack.
        self.slots.fill(Slot::FREE);
        self.len = 0;
    }

    pub(crate) fn as_slice(&self) -> &[Slot] {
        self.slots.get(..self.len).unwrap_or_default()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.len >= N
    }

    /// Where the record is, or where it would have to be.
    fn position(&self, owner: u32, uid: u64) -> Result<usize, usize> {
        self.as_slice().binary_search_by_key(&(owner, uid), Slot::key)
    }

    pub(crate) fn get(&self, owner: u32, uid: u64) -> Option<Slot> {
        self.slots.get(self.position(owner, uid).ok()?).copied()
    }

    /// Puts `slot` in; the one it replaces.
    pub(crate) fn put(&mut self, slot: Slot) -> Result<Option<Slot>, Error> {
        let at = match self.position(slot.owner, slot.uid()) {
            Ok(at) => return Ok(self.slots.get_mut(at).map(|old| core::mem::replace(old, slot))),
            Err(at) => at,
        };
        if self.is_full() {
            return Err(Error::IndexTooSmall);
        }
        self.len += 1;
        let behind = self.behind(at);
        behind.array_windows().rev().for_each(|[here, next]| next.set(here.get()));
        behind.iter().take(1).for_each(|first| first.set(slot));
        Ok(None)
    }

    /// Takes a record out.
    pub(crate) fn remove(&mut self, owner: u32, uid: u64) -> Option<Slot> {
        let at = self.position(owner, uid).ok()?;
        let behind = self.behind(at);
        let removed = behind.first()?.get();
        behind.array_windows().for_each(|[here, next]| here.set(next.get()));
        behind.iter().rev().take(1).for_each(|last| last.set(Slot::FREE));
        self.len = self.len.saturating_sub(1);
        Some(removed)
    }

    /// The records from this one on, each to be set from its neighbour. A mount of a thousand that come in the order
    /// of their places moves hundreds of thousands, so a copy of each and no more.
    fn behind(&mut self, at: usize) -> &[Cell<Slot>] {
        Cell::from_mut(self.slots.get_mut(at..self.len).unwrap_or_default()).as_slice_of_cells()
    }

    /// The records of this owner.
    pub(crate) fn all_of_owner(&self, owner: u32) -> &[Slot] {
        let from = self.as_slice().partition_point(|slot| slot.owner < owner);
        let to = self.as_slice().partition_point(|slot| slot.owner <= owner);
        self.as_slice().get(from..to).unwrap_or_default()
    }

    /// A record of this owner.
    pub(crate) fn of_owner(&self, owner: u32) -> Option<Slot> {
        self.all_of_owner(owner).first().copied()
    }

    /// The first record in the flash whose place lies in this range.
    pub(crate) fn in_range(&self, from: u32, to: u32) -> Option<Slot> {
        let inside = |slot: &&Slot| from <= slot.place && slot.place < to;
        self.as_slice().iter().filter(inside).min_by_key(|slot| slot.place).copied()
    }
}

/// Where a reading lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Byte offset in the flash; 0 (a sector header lies there) when it lies nowhere.
    pub(crate) place: u32,
    /// Low 32 bits of the number of the operation that wrote it: an older content put in its place has another.
    pub(crate) number: u32,
}

impl Spot {
    const NOWHERE: Spot = Spot { place: 0, number: 0 };
}

/// The readings: `first .. next`, each with its place.
pub(crate) struct Readings<const N: usize> {
    /// That of reading i at i mod N.
    spots: [Spot; N],
    pub(crate) first: u32,
    pub(crate) next: u32,
}

impl<const N: usize> Readings<N> {
    pub(crate) const fn new() -> Readings<N> {
        Readings { spots: [Spot::NOWHERE; N], first: 0, next: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.spots.fill(Spot::NOWHERE);
        (self.first, self.next) = (0, 0);
    }

    pub(crate) fn len(&self) -> u32 {
        self.next.saturating_sub(self.first)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() as usize >= N || self.next == u32::MAX
    }

    fn spot(&mut self, index: u32) -> Option<&mut Spot> {
        let at = (index as usize).checked_rem(N)?;
        self.spots.get_mut(at)
    }

    /// Where a kept reading lies; `None`: nowhere.
    pub(crate) fn get(&self, index: u32) -> Option<Spot> {
        if !(self.first..self.next).contains(&index) {
            return None;
        }
        let at = (index as usize).checked_rem(N)?;
        self.spots.get(at).copied().filter(|spot| spot.place != 0)
    }

    /// The reading lies there now, written by this operation. `index` may be the next one, or one that has moved.
    pub(crate) fn put(&mut self, index: u32, place: u32, number: u64) -> Result<(), Error> {
        if index > self.next || index < self.first {
            return Err(Error::ReadingGap { index: self.next });
        }
        if index == self.next {
            if self.is_full() {
                return Err(Error::IndexTooSmall);
            }
            self.next += 1;
        }
        if let Some(spot) = self.spot(index) {
            *spot = Spot { place, number: number as u32 };
        }
        Ok(())
    }

    /// Forgets the first reading; where it lay.
    pub(crate) fn forget_first(&mut self) -> Option<u32> {
        let first = self.first;
        let forgotten = self.get(first);
        if let Some(spot) = self.spot(first) {
            *spot = Spot::NOWHERE;
        }
        self.first = first.saturating_add(1).min(self.next);
        forgotten.map(|spot| spot.place)
    }

    /// A reading whose place lies in this range.
    pub(crate) fn in_range(&self, from: u32, to: u32) -> Option<(u32, u32)> {
        let placed = (self.first..self.next).filter_map(|index| Some((index, self.get(index)?.place)));
        placed.filter(|(_, place)| from <= *place && *place < to).min_by_key(|(_, place)| *place)
    }

    /// The first reading without a place.
    pub(crate) fn gap(&self) -> Option<u32> {
        (self.first..self.next).find(|index| self.get(*index).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::{Readings, Records, Slot};
    use crate::Error;

    #[test]
    fn a_reading_that_skips_an_index_is_a_gap_and_the_next_one_is_not() {
        let mut readings = Readings::<4>::new();
        assert_eq!(readings.put(0, 64, 1), Ok(()));
        assert_eq!(readings.put(2, 128, 1), Err(Error::ReadingGap { index: 1 }));
        assert_eq!(readings.put(1, 128, 1), Ok(()));
        assert_eq!(readings.gap(), None);
        // As after a mount whose log lost what was moved.
        readings.next = 4;
        assert_eq!(readings.gap(), Some(2));
        assert_eq!(readings.put(4, 64, 1), Err(Error::IndexTooSmall));
    }

    #[test]
    fn records_stay_sorted_over_insertions_and_removals() {
        let mut records = Records::<8>::new();
        let slot = |uid: u64| Slot::new(1, uid, uid as u32, 1, 1, 0);
        for uid in [5, 1, 9, 3, 1 << 40] {
            assert_eq!(records.put(slot(uid)), Ok(None));
        }
        assert_eq!(records.remove(1, 5), Some(slot(5)));
        assert_eq!(records.remove(1, 5), None);
        assert_eq!(records.put(slot(3)), Ok(Some(slot(3))));
        let uids = records.as_slice().iter().map(Slot::uid);
        assert!(uids.eq([1, 3, 9, 1 << 40]));
    }
}
