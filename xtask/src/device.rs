//! Development devices, made through the `dtsec` command line as anybody would.

use crate::{layout, shell};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
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

    /// The size of a slot.
    pub fn slot_size(&self, slot: &str) -> Result<u32> {
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
        Self::discard(folder)?;
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

    /// Throws away what is in `folder`, unless its device is powered on.
    pub fn discard(folder: &Path) -> Result<()> {
        let Some(lock) = power_lock(folder)? else {
            bail!("the device in {} is powered on; switch it off first (/quit)", folder.display());
        };
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", folder.display()))
            }
            // Held until everything is gone: nobody switches half a device on.
            _ => {
                drop(lock);
                Ok(())
            }
        }
    }

    /// Whether the device in `folder`, if there is one, is powered on.
    pub fn is_powered(folder: &Path) -> Result<bool> {
        Ok(power_lock(folder)?.is_none())
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

/// Holds the power lock of the device in `folder` (see `dtsec_target::Device`), as far as there is one; `None` if it is
/// held by whoever has the device powered on.
fn power_lock(folder: &Path) -> Result<Option<Option<File>>> {
    let path = folder.join("device/power.lock");
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(None)),
        file => file.with_context(|| format!("cannot open {}", path.display()))?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Some(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Runs `dtsec` in silence.
fn dtsec(arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
    let mut command = Command::new(layout::dtsec());
    command.current_dir(layout::root());
    shell::quietly(arguments(&mut command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_powered_on_is_not_thrown_away_and_one_that_is_off_is() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("run");
        std::fs::create_dir_all(folder.join("device")).unwrap();
        let power = File::create(folder.join("device/power.lock")).unwrap();
        power.lock().unwrap();
        assert!(Workshop::is_powered(&folder).unwrap());
        let error = Workshop::discard(&folder).unwrap_err().to_string();
        assert!(error.contains("powered on") && folder.join("device").is_dir(), "{error}");
        power.unlock().unwrap();
        assert!(!Workshop::is_powered(&folder).unwrap());
        Workshop::discard(&folder).unwrap();
        assert!(!folder.exists());
        Workshop::discard(&folder).expect("nothing to throw away");
    }
}
