//! What the device looks like: `board.json`.

use cdd_boot::{Layout, PartId, SlotId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A range of the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// Offset of its first byte.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

/// The part of `board.json` that this process needs; the tools outside read more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    flash_size: u32,
    slots: [Place; 4],
    storage: Place,
    layouts: [Layout; 2],
}

/// Why a `board.json` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// It is not JSON of the expected form.
    #[error("not a board description: {0}")]
    Json(#[from] serde_json::Error),
    /// It describes something that this model is not.
    #[error("{0}")]
    Unfit(String),
}

#[derive(Deserialize)]
struct File {
    flash: Flash,
    slots: BTreeMap<String, Slot>,
    storage: Place,
    parts: BTreeMap<String, Part>,
}

#[derive(Deserialize)]
struct Flash {
    size: u32,
    erase: usize,
    write: usize,
}

#[derive(Deserialize)]
struct Slot {
    part: String,
    offset: u32,
    size: u32,
}

#[derive(Deserialize)]
struct Part {
    header_size: u16,
    load_address: u32,
}

impl Board {
    /// The description that comes with the virtual device.
    pub fn reference() -> Board {
        Board::parse(include_str!("../board.json")).expect("the board.json of this crate is tested")
    }

    /// Reads a description.
    pub fn parse(json: &str) -> Result<Board, BoardError> {
        let file: File = serde_json::from_str(json)?;
        if file.flash.erase != crate::SECTOR_BYTES || file.flash.write != crate::WORD_BYTES {
            return Err(unfit(format!(
                "the flash must be erased by {} and written by {} bytes",
                crate::SECTOR_BYTES,
                crate::WORD_BYTES
            )));
        }
        let mut slots = [Place { offset: 0, size: 0 }; 4];
        for id in SlotId::ALL {
            let Some(slot) = file.slots.get(id.name()) else {
                return Err(unfit(format!("there is no slot {}", id.name())));
            };
            if slot.part != id.part().name() {
                return Err(unfit(format!("slot {} must hold the {}", id.name(), id.part().name())));
            }
            if slot.offset.checked_add(slot.size).is_none_or(|end| end > file.flash.size) {
                return Err(unfit(format!("slot {} reaches beyond the flash", id.name())));
            }
            slots[id as usize] = Place { offset: slot.offset, size: slot.size };
        }
        let storage = file.storage;
        let end = storage.offset.checked_add(storage.size).filter(|end| *end <= file.flash.size);
        let whole = [storage.offset, storage.size].iter().all(|at| at % crate::SECTOR_BYTES as u32 == 0);
        let behind = slots.iter().all(|slot| slot.offset + slot.size <= storage.offset);
        if end.is_none() || !whole || !behind {
            return Err(unfit(
                "the storage must be whole sectors behind the slots and inside the flash".into(),
            ));
        }
        let layout = |part: PartId| {
            let Some(found) = file.parts.get(part.name()) else {
                return Err(unfit(format!("there is no part {}", part.name())));
            };
            let holds = SlotId::ALL.into_iter().filter(|id| id.part() == part);
            let capacity = holds.map(|id| slots[id as usize].size).max().unwrap_or_default();
            Ok(Layout { load_address: found.load_address, header_size: found.header_size, capacity })
        };
        let layouts = [layout(PartId::Platform)?, layout(PartId::Application)?];
        Ok(Board { flash_size: file.flash.size, slots, storage, layouts })
    }

    /// Bytes of flash.
    pub fn flash_size(&self) -> u32 {
        self.flash_size
    }

    /// Where a slot lies.
    pub fn slot(&self, slot: SlotId) -> Place {
        self.slots[slot as usize]
    }

    /// Where the trusted storage lies.
    pub fn storage(&self) -> Place {
        self.storage
    }

    /// Where a part runs. The memory that it runs from is as large as its largest slot.
    pub fn layout(&self, part: PartId) -> Layout {
        self.layouts[ram(part)]
    }
}

fn unfit(why: String) -> BoardError {
    BoardError::Unfit(why)
}

/// Number of the memory that a part runs from.
pub(crate) fn ram(part: PartId) -> usize {
    match part {
        PartId::Boot | PartId::Platform => 0,
        PartId::Application => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_board_has_four_slots_and_the_storage_in_512_kib() {
        let board = Board::reference();
        assert_eq!(board.flash_size(), 524_288);
        assert_eq!(board.storage(), Place { offset: 131_072, size: 393_216 });
        assert_eq!(board.slot(SlotId::ApplicationB), Place { offset: 98_304, size: 32_768 });
        let layout = board.layout(PartId::Platform);
        assert_eq!((layout.header_size, layout.load_address, layout.capacity), (1024, 939_524_096, 32_768));
    }

    #[test]
    fn a_board_that_the_model_cannot_be_is_refused_with_a_reason() {
        let json = include_str!("../board.json");
        for (from, to, why) in [
            ("\"erase\": 4096", "\"erase\": 2048", "erased by"),
            ("\"platform-b\"", "\"platform-c\"", "no slot platform-b"),
            ("\"offset\": 98304", "\"offset\": 4294967295", "beyond the flash"),
            ("\"offset\": 131072", "\"offset\": 98304", "behind the slots"),
            ("\"offset\": 131072", "\"offset\": 135168", "inside the flash"),
            ("\"size\": 393216", "\"size\": 393215", "whole sectors"),
            ("\"part\": \"application\"", "\"part\": \"platform\"", "must hold the application"),
            ("\"application\": { \"header", "\"radio\": { \"header", "no part application"),
            ("{", "[", "not a board description"),
        ] {
            assert!(json.contains(from), "{from}");
            let error = Board::parse(&json.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
