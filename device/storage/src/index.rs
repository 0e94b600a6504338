//! What is where, in RAM: the only thing that says which entries of the flash are alive.

use crate::error::Error;

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

    fn position(&self, owner: u32, uid: u64) -> (usize, bool) {
        let at = self.as_slice().partition_point(|slot| slot.key() < (owner, uid));
        (at, self.as_slice().get(at).is_some_and(|slot| slot.key() == (owner, uid)))
    }

    pub(crate) fn get(&self, owner: u32, uid: u64) -> Option<Slot> {
        let (at, found) = self.position(owner, uid);
        self.as_slice().get(at).copied().filter(|_| found)
    }

    /// Puts `slot` in; the one it replaces.
    pub(crate) fn put(&mut self, slot: Slot) -> Result<Option<Slot>, Error> {
        let (at, found) = self.position(slot.owner, slot.uid());
        if found {
            return Ok(self.slots.get_mut(at).map(|old| core::mem::replace(old, slot)));
        }
        if self.is_full() {
            return Err(Error::IndexTooSmall);
        }
        self.len += 1;
        let mut carried = slot;
        self.slots.iter_mut().take(self.len).skip(at).for_each(|slot| core::mem::swap(slot, &mut carried));
        Ok(None)
    }

    /// Takes a record out.
    pub(crate) fn remove(&mut self, owner: u32, uid: u64) -> Option<Slot> {
        let (at, found) = self.position(owner, uid);
        if !found {
            return None;
        }
        let mut carried = Slot::FREE;
        let behind = self.slots.get_mut(at..self.len).unwrap_or_default();
        behind.iter_mut().rev().for_each(|slot| core::mem::swap(slot, &mut carried));
        self.len = self.len.saturating_sub(1);
        Some(carried)
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

/// The readings: `first .. next`, each with its place.
pub(crate) struct Readings<const N: usize> {
    /// Place of reading i at i mod N; 0 (a sector header lies there) when it has none.
    places: [u32; N],
    /// Low 32 bits of the number of the operation that wrote it there: an older content put in its place has another.
    numbers: [u32; N],
    pub(crate) first: u32,
    pub(crate) next: u32,
}

impl<const N: usize> Readings<N> {
    pub(crate) const fn new() -> Readings<N> {
        Readings { places: [0; N], numbers: [0; N], first: 0, next: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.places.fill(0);
        self.numbers.fill(0);
        (self.first, self.next) = (0, 0);
    }

    pub(crate) fn len(&self) -> u32 {
        self.next.saturating_sub(self.first)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() as usize >= N || self.next == u32::MAX
    }

    fn slot(&mut self, index: u32) -> Option<&mut u32> {
        let at = (index as usize).checked_rem(N)?;
        self.places.get_mut(at)
    }

    /// Where a kept reading lies; `None`: nowhere.
    pub(crate) fn place(&self, index: u32) -> Option<u32> {
        if !(self.first..self.next).contains(&index) {
            return None;
        }
        let at = (index as usize).checked_rem(N)?;
        self.places.get(at).copied().filter(|place| *place != 0)
    }

    /// The number of the operation that wrote a kept reading.
    pub(crate) fn number(&self, index: u32) -> Option<u32> {
        let at = (index as usize).checked_rem(N)?;
        self.numbers.get(at).copied()
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
        if let Some(slot) = self.slot(index) {
            *slot = place;
        }
        let at = (index as usize).checked_rem(N);
        if let Some(slot) = at.and_then(|at| self.numbers.get_mut(at)) {
            *slot = number as u32;
        }
        Ok(())
    }

    /// Forgets the first reading; where it lay.
    pub(crate) fn forget_first(&mut self) -> Option<u32> {
        let place = self.place(self.first);
        let first = self.first;
        if let Some(slot) = self.slot(first) {
            *slot = 0;
        }
        self.first = self.first.saturating_add(1).min(self.next);
        place
    }

    /// A reading whose place lies in this range.
    pub(crate) fn in_range(&self, from: u32, to: u32) -> Option<(u32, u32)> {
        let placed = (self.first..self.next).filter_map(|index| Some((index, self.place(index)?)));
        placed.filter(|(_, place)| from <= *place && *place < to).min_by_key(|(_, place)| *place)
    }

    /// The first reading without a place.
    pub(crate) fn gap(&self) -> Option<u32> {
        (self.first..self.next).find(|index| self.place(*index).is_none())
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
