//! What of a store is large: it is put somewhere once and never moved.

use crate::format::MAX_RECORD;
use crate::index::{Readings, Records};
use zeroize::Zeroize;

/// The index of so many records and readings, and the buffer for one record in clear.
///
/// A new one is all zeros, so that a static lies in `.bss`. The buffer is zero whenever no call is under way.
pub struct Memory<const RECORDS: usize, const READINGS: usize> {
    pub(crate) records: Records<RECORDS>,
    pub(crate) readings: Readings<READINGS>,
    pub(crate) buffer: Buffer,
}

impl<const RECORDS: usize, const READINGS: usize> Memory<RECORDS, READINGS> {
    /// Memory that has not been used.
    pub const fn new() -> Memory<RECORDS, READINGS> {
        Memory { records: Records::new(), readings: Readings::new(), buffer: Buffer::new() }
    }

    /// As new, in place: a new one would pass over the stack.
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.readings.clear();
        self.buffer.wipe();
    }
}

impl<const RECORDS: usize, const READINGS: usize> Default for Memory<RECORDS, READINGS> {
    fn default() -> Self {
        Memory::new()
    }
}

/// Room for one record. Knows how much of it was used: to overwrite all for each reading would cost more
/// than to seal it.
pub(crate) struct Buffer {
    bytes: [u8; MAX_RECORD],
    used: usize,
}

impl Buffer {
    const fn new() -> Buffer {
        Buffer { bytes: [0; MAX_RECORD], used: 0 }
    }

    /// `range` of it, to read or write; `None` behind its end.
    pub(crate) fn range(&mut self, range: core::ops::Range<usize>) -> Option<&mut [u8]> {
        let end = range.end;
        let bytes = self.bytes.get_mut(range)?;
        self.used = self.used.max(end);
        Some(bytes)
    }

    /// Overwrites what was used with zeros.
    pub(crate) fn wipe(&mut self) {
        if let Some(used) = self.bytes.get_mut(..self.used) {
            used.zeroize();
        }
        self.used = 0;
    }

    /// Puts `data` in, followed by zeros.
    pub(crate) fn fill(&mut self, data: &[u8]) {
        self.wipe();
        if let Some(to) = self.range(0..data.len().min(MAX_RECORD)) {
            to.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, MAX_RECORD};

    #[test]
    fn nothing_of_what_was_in_the_buffer_is_left_when_it_is_wiped() {
        let mut buffer = Buffer::new();
        buffer.fill(&[0xAA; 100]);
        buffer.fill(&[0xBB; 7]);
        assert!(buffer.bytes[7..].iter().all(|byte| *byte == 0), "the longer content before it");
        buffer.range(200..MAX_RECORD).expect("inside").fill(0xCC);
        assert!(buffer.range(0..MAX_RECORD + 1).is_none());
        buffer.wipe();
        assert!(buffer.bytes.iter().all(|byte| *byte == 0));
    }
}
