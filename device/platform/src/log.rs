//! The platform's log: the last entries, in Secure memory, gone with power.
//!
//! SFR: secure-initialization-of-platform.

use cdd_gate::LOG_TEXT_BYTES;

/// Entries kept.
pub(crate) const ENTRIES: usize = 16;

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// Something failed or was refused.
    Error = 0,
    /// Something needs attention.
    Warning = 1,
    /// Something happened.
    Information = 2,
}

impl Level {
    pub(crate) fn from_number(number: u32) -> Option<Level> {
        [Level::Error, Level::Warning, Level::Information].into_iter().find(|level| *level as u32 == number)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) level: Level,
    text: [u8; LOG_TEXT_BYTES],
    len: usize,
}

impl Entry {
    pub(crate) fn text(&self) -> &[u8] {
        self.text.get(..self.len).unwrap_or_default()
    }
}

/// A ring: the oldest entry makes room.
pub(crate) struct Log {
    entries: [Entry; ENTRIES],
    /// Entries ever added; the number of the next.
    added: u32,
}

impl Log {
    pub(crate) const fn new() -> Log {
        let empty = Entry { number: 0, level: Level::Information, text: [0; LOG_TEXT_BYTES], len: 0 };
        Log { entries: [empty; ENTRIES], added: 0 }
    }

    /// Adds an entry; a longer text is cut.
    pub(crate) fn add(&mut self, level: Level, text: &[u8]) {
        if let Some(entry) = self.entries.get_mut(self.added as usize % ENTRIES) {
            *entry = Entry {
                number: self.added,
                level,
                text: [0; LOG_TEXT_BYTES],
                len: text.len().min(LOG_TEXT_BYTES),
            };
            entry.text.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
            self.added = self.added.wrapping_add(1);
        }
    }

    /// The entry at `index`, counted from the oldest kept.
    pub(crate) fn get(&self, index: u32) -> Option<&Entry> {
        let oldest = self.added.saturating_sub(ENTRIES as u32);
        let number = oldest.checked_add(index).filter(|number| *number < self.added)?;
        self.entries.get(number as usize % ENTRIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_last_entries_in_order_and_no_others() {
        let mut log = Log::new();
        assert!(log.get(0).is_none());
        for number in 0..(ENTRIES as u32 + 5) {
            log.add(Level::Warning, &number.to_le_bytes());
        }
        for index in 0..ENTRIES as u32 {
            let entry = log.get(index).unwrap();
            assert_eq!((entry.number, entry.text()), (index + 5, &(index + 5).to_le_bytes()[..]));
        }
        assert!(log.get(ENTRIES as u32).is_none());
        assert!(log.get(u32::MAX).is_none());
    }
}
