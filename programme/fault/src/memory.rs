//! The board's memories, with a journal: what a faulted run changed is put back at the cost of what it changed.

use crate::board::{FLASH, Memory, SECURE_ALIAS, SRAM, SSRAM1, SSRAM23};
use std::ops::Range;

/// Bytes that the journal saves at once.
const PAGE_SHIFT: u32 = 9;
const PAGE: usize = 1 << PAGE_SHIFT;

const SSRAM1_AT: usize = 0;
const SRAM_AT: usize = SSRAM1_AT + SSRAM1.size as usize;
const SSRAM23_AT: usize = SRAM_AT + SRAM.size as usize;
const FLASH_AT: usize = SSRAM23_AT + SSRAM23.size as usize;
const TOTAL: usize = FLASH_AT + FLASH.size as usize;

/// An access of a run whose accesses are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// Offset in the memories taken together.
    pub(crate) at: u32,
    pub(crate) size: u8,
    pub(crate) store: bool,
}

/// All memories.
pub(crate) struct Memories {
    bytes: Vec<u8>,
    /// Pages saved since the journal began are those whose number here is the journal's.
    saved_in: Vec<u32>,
    journal: u32,
    journalling: bool,
    undo_pages: Vec<u32>,
    undo_bytes: Vec<u8>,
    /// Set when the code that was decoded in advance may no longer be what is there.
    pub(crate) code_changed: bool,
    code: Range<usize>,
    rom: Range<usize>,
    /// What to notice: see [`Watch`].
    pub(crate) watch: Watch,
    pub(crate) log: Option<Vec<Access>>,
    stores: u64,
}

/// Memory that must not be touched, and whether it was. Ranges are offsets as [`offset`] gives them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    pub(crate) no_read: Range<usize>,
    pub(crate) no_write: Vec<Range<usize>>,
    pub(crate) was_read: bool,
    pub(crate) was_written: bool,
    /// The first of the ranges that must not be written holds what the caller has no right to.
    pub(crate) secret_written: bool,
    pub(crate) on: bool,
}

/// Where a byte lies among the memories taken together; `None` where there is none.
pub(crate) fn offset(address: u32) -> Option<usize> {
    let single = address & !SECURE_ALIAS;
    let within = |memory: Memory| {
        let from_start = single.wrapping_sub(memory.start);
        (from_start < memory.size).then_some(from_start as usize)
    };
    if let Some(at) = within(SRAM) {
        Some(SRAM_AT + at)
    } else if let Some(at) = within(SSRAM23) {
        Some(SSRAM23_AT + at)
    } else if let Some(at) = within(SSRAM1) {
        Some(SSRAM1_AT + at)
    } else {
        let at = address.wrapping_sub(FLASH.start);
        (at < FLASH.size).then_some(FLASH_AT + at as usize)
    }
}

impl Memories {
    pub(crate) fn new() -> Memories {
        Memories {
            bytes: vec![0; TOTAL],
            saved_in: vec![0; TOTAL >> PAGE_SHIFT],
            journal: 0,
            journalling: false,
            undo_pages: Vec::new(),
            undo_bytes: Vec::new(),
            code_changed: false,
            code: 0..0,
            rom: 0..0,
            watch: Watch::default(),
            log: None,
            stores: 0,
        }
    }

    /// Another one with the same content, and no journal.
    pub(crate) fn duplicate(&self) -> Memories {
        let mut other = Memories::new();
        other.bytes.copy_from_slice(&self.bytes);
        (other.code, other.rom, other.code_changed) =
            (self.code.clone(), self.rom.clone(), self.code_changed);
        other.watch = self.watch.clone();
        other
    }

    /// What is decoded in advance; a store there is noticed.
    pub(crate) fn set_code(&mut self, range: Range<u32>) {
        let start = offset(range.start).unwrap_or(0);
        self.code = start..start + range.len();
        self.code_changed = false;
    }

    /// What answers a store with an error.
    pub(crate) fn set_rom(&mut self, range: Range<u32>) {
        let start = offset(range.start).unwrap_or(0);
        self.rom = start..start + range.len();
    }

    /// Puts bytes there, whatever is there; not part of a run.
    pub(crate) fn put(&mut self, address: u32, bytes: &[u8]) {
        if let Some(to) = offset(address).and_then(|at| self.bytes.get_mut(at..at + bytes.len())) {
            to.copy_from_slice(bytes);
        }
    }

    /// Looks at bytes; not part of a run.
    pub(crate) fn peek(&self, address: u32, len: usize) -> &[u8] {
        offset(address).and_then(|at| self.bytes.get(at..at + len)).unwrap_or_default()
    }

    /// Whether the byte at this offset cannot change unnoticed: it is ROM, or code.
    pub(crate) fn is_fixed(&self, offset: u32) -> bool {
        let at = offset as usize;
        self.rom.contains(&at) || self.code.contains(&at)
    }

    /// Four bytes at an offset that is a multiple of four.
    pub(crate) fn word_at(&self, offset: u32) -> u32 {
        let at = offset as usize;
        self.bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    }

    /// Reads 1, 2 or 4 bytes; `None` where there is no memory.
    #[inline]
    pub(crate) fn read(&mut self, address: u32, size: u32) -> Option<u32> {
        let at = offset(address)?;
        let word = match size {
            4 => u32::from_le_bytes(self.bytes.get(at..at + 4)?.try_into().ok()?),
            2 => u16::from_le_bytes(self.bytes.get(at..at + 2)?.try_into().ok()?).into(),
            _ => (*self.bytes.get(at)?).into(),
        };
        if self.watch.on && self.watch.no_read.contains(&at) {
            self.watch.was_read = true;
        }
        if let Some(log) = &mut self.log {
            log.push(Access { at: at as u32, size: size as u8, store: false });
        }
        Some(word)
    }

    /// Reads a halfword of code.
    pub(crate) fn fetch(&self, address: u32) -> Option<u16> {
        let at = offset(address)?;
        Some(u16::from_le_bytes(self.bytes.get(at..at + 2)?.try_into().ok()?))
    }

    /// Writes 1, 2 or 4 bytes; `None` where that cannot be.
    #[inline]
    pub(crate) fn write(&mut self, address: u32, size: u32, value: u32) -> Option<()> {
        let at = offset(address)?;
        let end = at + size as usize;
        if end > TOTAL || self.rom.contains(&at) {
            return None;
        }
        if self.journalling {
            self.save(at >> PAGE_SHIFT);
            if (end - 1) >> PAGE_SHIFT != at >> PAGE_SHIFT {
                self.save((end - 1) >> PAGE_SHIFT);
            }
        }
        self.stores += 1;
        self.bytes.get_mut(at..end)?.copy_from_slice(&value.to_le_bytes()[..size as usize]);
        if self.code.contains(&at) {
            self.code_changed = true;
        }
        if self.watch.on {
            let which = self.watch.no_write.iter().position(|range| range.contains(&at));
            self.watch.was_written |= which.is_some();
            self.watch.secret_written |= which == Some(0);
        }
        if let Some(log) = &mut self.log {
            log.push(Access { at: at as u32, size: size as u8, store: true });
        }
        Some(())
    }

    fn save(&mut self, page: usize) {
        if self.saved_in[page] != self.journal {
            self.saved_in[page] = self.journal;
            self.undo_pages.push(page as u32);
            self.undo_bytes.extend_from_slice(&self.bytes[page * PAGE..(page + 1) * PAGE]);
        }
    }

    /// How many stores there were.
    pub(crate) fn stores(&self) -> u64 {
        self.stores
    }

    /// From now on changes can be undone.
    pub(crate) fn begin(&mut self) {
        self.journal = self.journal.wrapping_add(1).max(1);
        self.journalling = true;
        self.watch.was_read = false;
        self.watch.was_written = false;
        self.watch.secret_written = false;
    }

    /// Undoes all changes since [`Memories::begin`].
    pub(crate) fn undo(&mut self) {
        for (page, bytes) in self.undo_pages.drain(..).zip(self.undo_bytes.chunks_exact(PAGE)) {
            let at = page as usize * PAGE;
            self.bytes[at..at + PAGE].copy_from_slice(bytes);
        }
        self.undo_bytes.clear();
        self.code_changed = false;
        self.journalling = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_aliases_are_one_memory_and_the_flash_has_none() {
        let mut memories = Memories::new();
        memories.write(0x3820_0010, 4, 0x1234_5678).unwrap();
        assert_eq!(memories.read(0x2820_0012, 2), Some(0x1234));
        memories.write(0x8000_0000, 1, 7).unwrap();
        assert_eq!(memories.read(0x9000_0000, 1), None);
        assert_eq!(memories.read(0x2000_8000, 4), None);
    }

    #[test]
    fn what_a_run_changed_is_put_back_and_nothing_else() {
        let mut memories = Memories::new();
        memories.write(0x3000_01FE, 4, 0xAABB_CCDD).unwrap();
        memories.begin();
        memories.write(0x3000_01FE, 4, 0).unwrap();
        memories.write(0x8000_0100, 4, 1).unwrap();
        memories.undo();
        assert_eq!(memories.read(0x3000_01FE, 4), Some(0xAABB_CCDD));
        assert_eq!(memories.read(0x8000_0100, 4), Some(0));
        memories.write(0x3000_01FE, 1, 9).unwrap();
        memories.begin();
        memories.undo();
        assert_eq!(memories.read(0x3000_01FE, 1), Some(9));
    }

    #[test]
    fn a_rom_refuses_stores_and_a_store_to_code_is_noticed() {
        let mut memories = Memories::new();
        memories.set_rom(crate::board::BOOT_ROM);
        memories.set_code(0x3800_0400..0x3800_0500);
        assert_eq!(memories.write(0x0000_0100, 4, 1), None);
        memories.write(0x3800_0500, 4, 1).unwrap();
        assert!(!memories.code_changed);
        memories.write(0x2800_04FC, 4, 1).unwrap();
        assert!(memories.code_changed);
    }
}
