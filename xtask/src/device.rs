//! Development devices, made through the `dtsec` command line as anybody would.

use crate::{layout, shell};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

/// A part that is signed and flashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The Secure image.
    Platform,
    /// The Non-secure application.
    Application,
}

impl Part {
    /// Its name in `board.json` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Application => "application",
        }
    }
}

/// What we need of `board.json`.
#[derive(Deserialize)]
pub struct Board {
    /// The flash.
    pub flash: Flash,
    /// Where the 32 bytes of factory data are loaded.
    pub factory_secret_address: u32,
    slots: BTreeMap<String, Slot>,
    parts: BTreeMap<String, Layout>,
}

/// The flash.
#[derive(Deserialize)]
pub struct Flash {
    /// Bytes.
    pub size: u64,
}

#[derive(Deserialize)]
struct Slot {
    size: u32,
}

/// How an image of a part is laid out.
#[derive(Clone, Copy, Deserialize)]
pub struct Layout {
    /// Bytes before the payload.
    pub header_size: u32,
    /// Where the header lies when it runs.
    pub load_address: u32,
}

impl Layout {
    /// The address of the payload: of its vector table.
    pub fn payload(self) -> u32 {
        self.load_address + self.header_size
    }
}

impl Board {
    /// Reads the board's description.
    pub fn read() -> Result<Self> {
        let path = layout::root().join("firmware").join(layout::BOARD).join("board.json");
        let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a board description", path.display()))
    }

    /// How images of a part are laid out.
    pub fn part(&self, part: Part) -> Result<Layout> {
        self.parts
            .get(part.name())
            .copied()
            .with_context(|| format!("board.json has no part {}", part.name()))
    }

    fn slot_size(&self, slot: &str) -> Result<u32> {
        self.slots.get(slot).map(|s| s.size).with_context(|| format!("board.json has no slot {slot}"))
    }
}

/// A folder with the keys of a manufacturer and one device that trusts them.
pub struct Workshop {
    folder: PathBuf,
    board: Board,
}

impl Workshop {
    /// Uses what is in `folder`, or makes keys and a provisioned device with empty slots there.
    pub fn open_or_make(folder: &Path) -> Result<Self> {
        let workshop = Self { folder: folder.to_owned(), board: Board::read()? };
        if folder.join("complete").is_file() {
            return Ok(workshop);
        }
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for part in [Part::Platform, Part::Application] {
            dtsec(|c| c.args(["image", "keygen", "--type", "ecdsa-p256", "--out"]).arg(workshop.key(part)))?;
        }
        let device = workshop.device();
        dtsec(|c| c.args(["device", "create", "--target", layout::BOARD, "--out"]).arg(&device))?;
        dtsec(|c| {
            c.args(["device", "provision"])
                .arg(&device)
                .arg("--platform-key")
                .arg(workshop.key(Part::Platform))
                .arg("--application-key")
                .arg(workshop.key(Part::Application))
                .args(["--commercial-name", "Reference BGM", "--hardware-reference", layout::BOARD])
                .args(["--hardware-version", "1.0", "--life-cycle", "secured", "--development", "--yes"])
        })?;
        std::fs::write(folder.join("complete"), []).context("cannot mark the device as complete")?;
        Ok(workshop)
    }

    /// The folder of the device.
    pub fn device(&self) -> PathBuf {
        self.folder.join("device")
    }

    /// The board.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Signs a payload and flashes it into slot A of its part.
    pub fn install(&self, part: Part, name: &str, payload: &Path) -> Result<()> {
        let slot = format!("{}-a", part.name());
        let image = self.folder.join(format!("{name}.signed.bin"));
        let layout = self.board.part(part)?;
        let size = self.board.slot_size(&slot)?;
        dtsec(|c| {
            c.args(["image", "sign", "--key"])
                .arg(self.key(part))
                .args(["--version", "0.1.0+0", "--pad-header", "--align", "4", "--security-counter", "1"])
                .args(["--header-size", &layout.header_size.to_string(), "--slot-size", &size.to_string()])
                .args(["--load-addr", &format!("{:#x}", layout.load_address)])
                .args(["--part", part.name(), "--name", name])
                .arg(payload)
                .arg(&image)
        })?;
        dtsec(|c| c.args(["device", "flash"]).arg(self.device()).arg(&slot).arg(&image))
    }

    fn key(&self, part: Part) -> PathBuf {
        self.folder.join(format!("{}.pem", part.name()))
    }
}

/// Runs `dtsec` in silence.
fn dtsec(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut command = Command::new(layout::dtsec());
    command.current_dir(layout::root());
    shell::quietly(arguments(&mut command))
}
