//! What a target looks like from outside: `board.json`, and where its built firmware lies.

use crate::DeviceError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A target's description.
#[derive(Debug, Clone)]
pub struct Board {
    layout: Layout,
    source: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Layout {
    target: String,
    kind: Kind,
    flash: Flash,
    slots: BTreeMap<String, Slot>,
    storage: Option<Place>,
    parts: BTreeMap<String, PartLayout>,
    factory_secret_address: Option<u64>,
    files: Files,
}

/// What carries a device of this board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Real firmware in QEMU.
    Qemu,
    /// The same platform as a process of the host.
    Process,
}

/// The flash: sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Flash {
    /// All of it.
    pub size: usize,
    /// What is erased at once.
    pub erase: usize,
    /// What is written at once.
    pub write: usize,
}

/// A place for an image in flash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Slot {
    /// Whose images belong here: `platform` or `application`.
    pub part: String,
    /// Offset in flash.
    pub offset: usize,
    /// Size in bytes.
    pub size: usize,
}

/// A stretch of flash that is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Place {
    offset: usize,
    size: usize,
}

/// How an image of a part must be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct PartLayout {
    /// Offset of the payload in the image.
    pub header_size: u16,
    /// Where the image runs.
    pub load_address: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct Files {
    boot: String,
    platform: String,
    applications: BTreeMap<String, String>,
}

impl Board {
    /// The reference board: Arm MPS2+ AN505 in QEMU.
    pub fn mps2_an505() -> Board {
        built_in(include_str!("../../../firmware/mps2-an505/board.json"))
    }

    /// The virtual device: a process of the host.
    pub fn virtual_process() -> Board {
        built_in(include_str!("../../../virtual/board.json"))
    }

    /// The board of that name: `mps2-an505` or `virtual`.
    pub fn named(target: &str) -> Option<Board> {
        [Board::mps2_an505(), Board::virtual_process()].into_iter().find(|board| board.target() == target)
    }

    /// Reads the description that lies beside a device.
    ///
    /// A device may come from anybody, so what is started is not for it to say: the programs and the addresses are
    /// those of the built-in board of that name.
    pub fn load(path: impl AsRef<Path>) -> Result<Board, DeviceError> {
        let path = path.as_ref();
        let source = std::fs::read_to_string(path).map_err(|e| DeviceError::file("read", path, e))?;
        let found = Board::parse(&source).and_then(Board::made_safe);
        found.map_err(|reason| DeviceError::Board { path: path.into(), reason })
    }

    fn made_safe(mut self) -> Result<Board, String> {
        let target = self.target();
        let Some(known) = Board::named(target) else {
            return Err(format!("there is no target `{}`", target.escape_default()));
        };
        if self.kind() != known.kind() {
            return Err(format!("`{target}` is of another kind"));
        }
        self.layout.files = known.layout.files;
        self.layout.factory_secret_address = known.layout.factory_secret_address;
        Ok(self)
    }

    fn parse(source: &str) -> Result<Board, String> {
        let layout: Layout = serde_json::from_str(source).map_err(|e| e.to_string())?;
        check(&layout)?;
        Ok(Board { layout, source: source.to_owned() })
    }

    /// Its name.
    pub fn target(&self) -> &str {
        &self.layout.target
    }

    /// What carries a device of this board.
    pub fn kind(&self) -> Kind {
        self.layout.kind
    }

    /// Its flash.
    pub fn flash(&self) -> Flash {
        self.layout.flash
    }

    /// The slot of that name.
    pub fn slot(&self, name: &str) -> Option<&Slot> {
        self.layout.slots.get(name)
    }

    /// All slots with their names.
    pub fn slots(&self) -> impl Iterator<Item = (&str, &Slot)> {
        self.layout.slots.iter().map(|(name, slot)| (name.as_str(), slot))
    }

    /// Where in flash the platform's trusted storage lies; `None` where the board has none.
    pub fn storage(&self) -> Option<std::ops::Range<usize>> {
        self.layout.storage.map(|place| place.offset..place.offset + place.size)
    }

    /// How an image of that part (`platform`, `application`) must be built.
    pub fn part(&self, name: &str) -> Option<&PartLayout> {
        self.layout.parts.get(name)
    }

    /// The names of the applications that are built for this board.
    pub fn applications(&self) -> impl Iterator<Item = &str> {
        self.layout.files.applications.keys().map(String::as_str)
    }

    /// Where the factory secret is loaded (only in QEMU).
    pub(crate) fn factory_secret_address(&self) -> Option<u64> {
        self.layout.factory_secret_address
    }

    /// The description as it was read, to be kept beside a device.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

#[expect(clippy::expect_used, reason = "both files are compiled in and a test parses them")]
fn built_in(source: &str) -> Board {
    Board::parse(source).expect("the built-in board description is valid")
}

fn check(layout: &Layout) -> Result<(), String> {
    for (name, slot) in &layout.slots {
        let end = slot.offset.checked_add(slot.size);
        if slot.size == 0 || end.is_none_or(|end| end > layout.flash.size) {
            return Err(format!("slot `{name}` does not lie inside the flash"));
        }
        if !layout.parts.contains_key(&slot.part) {
            return Err(format!("slot `{name}` is for part `{}`, which is not described", slot.part));
        }
    }
    if let Some(Place { offset, size }) = layout.storage
        && offset.checked_add(size).is_none_or(|end| end > layout.flash.size)
    {
        return Err("the storage does not lie inside the flash".into());
    }
    if layout.kind == Kind::Qemu && layout.factory_secret_address.is_none() {
        return Err("a board of kind `qemu` needs a `factory_secret_address`".into());
    }
    Ok(())
}

/// The built firmware of a board: a folder with the files that its description names.
#[derive(Debug, Clone)]
pub struct Firmware {
    /// The folder.
    pub dir: PathBuf,
    /// What it was built for.
    pub board: Board,
}

impl Firmware {
    /// The firmware in that folder.
    pub fn new(dir: impl Into<PathBuf>, board: &Board) -> Firmware {
        Firmware { dir: dir.into(), board: board.clone() }
    }

    /// Where `cargo xtask build` puts it, seen from the root of the workspace.
    pub fn built(board: &Board) -> Firmware {
        Firmware::new(Path::new("target/firmware").join(board.target()), board)
    }

    /// The boot code: an ELF file, or the program that is the virtual device.
    pub fn boot(&self) -> PathBuf {
        self.dir.join(&self.board.layout.files.boot)
    }

    /// The platform's payload, not yet signed.
    pub fn platform(&self) -> PathBuf {
        self.dir.join(&self.board.layout.files.platform)
    }

    /// An application's payload, not yet signed; `None` when the board has no such application.
    pub fn application(&self, name: &str) -> Option<PathBuf> {
        self.board.layout.files.applications.get(name).map(|file| self.dir.join(file))
    }

    /// The first of its files that is not there.
    pub fn missing(&self) -> Option<PathBuf> {
        let files = &self.board.layout.files;
        let all = [&files.boot, &files.platform].into_iter().chain(files.applications.values());
        all.map(|file| self.dir.join(file)).find(|path| !path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_boards_have_four_slots_that_do_not_overlap() {
        for board in [Board::mps2_an505(), Board::virtual_process()] {
            let mut slots: Vec<_> = board.slots().map(|(_, slot)| slot.clone()).collect();
            slots.sort_by_key(|slot| slot.offset);
            assert_eq!(slots.len(), 4, "{}", board.target());
            assert!(slots.windows(2).all(|pair| pair[0].offset + pair[0].size <= pair[1].offset));
            assert!(slots.iter().all(|slot| slot.offset % board.flash().erase == 0));
        }
    }

    #[test]
    fn what_is_started_is_never_what_a_device_folder_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("board.json");
        let load = |from: &str, to: &str| {
            let good = Board::virtual_process().source().to_owned();
            let changed = good.replace(from, to);
            assert!(from.is_empty() || changed != good, "{from}");
            std::fs::write(&path, changed).unwrap();
            Board::load(&path)
        };
        assert_eq!(load("", "").unwrap().kind(), Kind::Process, "the control");
        for program in ["/bin/sh", "../../bin/sh", "../device/factory.bin"] {
            let board = load("\"cdd-virtual\"", &format!("\"{program}\"")).unwrap();
            assert_eq!(Firmware::new("firmware", &board).boot(), Path::new("firmware/cdd-virtual"));
        }
        for (from, to) in [
            ("\"target\": \"virtual\"", "\"target\": \"../virtual\""),
            ("\"target\": \"virtual\"", "\"target\": \"mps2-an505\""),
            ("\"kind\": \"process\"", "\"kind\": \"qemu\", \"factory_secret_address\": 0"),
        ] {
            assert!(matches!(load(from, to), Err(DeviceError::Board { .. })), "{to}");
        }
    }

    #[test]
    fn a_board_is_found_by_its_name() {
        assert_eq!(Board::named("virtual").map(|board| board.kind()), Some(Kind::Process));
        assert_eq!(Board::named("mps2-an505").map(|board| board.kind()), Some(Kind::Qemu));
        assert!(Board::named("mps3").is_none());
    }

    #[test]
    fn a_slot_or_a_storage_outside_the_flash_is_refused() {
        let good = Board::virtual_process().source().to_owned();
        assert!(Board::parse(&good).is_ok());
        let bad = good.replace("\"offset\": 98304", "\"offset\": 524288");
        assert_ne!(bad, good);
        assert!(Board::parse(&bad).unwrap_err().contains("application-b"));
        let bad = good.replace("\"offset\": 131072", "\"offset\": 131073");
        assert!(Board::parse(&bad).unwrap_err().contains("storage"));
        let storage = Board::parse(&good).unwrap().storage().unwrap();
        assert_eq!(storage, 131_072..524_288);
    }
}
