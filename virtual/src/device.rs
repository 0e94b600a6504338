//! The device's folder: `board.json`, `flash.bin`, `fuses.bin`, `factory.bin`.

use crate::{Board, FuseDevice, HostCrypto, Nor, VirtualMachine};
use anyhow::{Context, Result, bail};
use cdd_image::Verifier;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use zeroize::Zeroize;

/// A device's folder.
#[derive(Debug, Clone)]
pub struct Device {
    dir: PathBuf,
}

impl Device {
    /// The device in this folder.
    pub fn new(dir: impl Into<PathBuf>) -> Device {
        Device { dir: dir.into() }
    }

    /// The machine with this device's files as its flash and fuses: what it changes is written to them.
    pub fn machine(&self) -> Result<VirtualMachine> {
        let flash = self.open("flash.bin")?;
        let fuses = self.open("fuses.bin")?;
        let nor = Nor::on_file(flash).context("flash.bin")?;
        self.assemble(nor, FuseDevice::on_file(fuses).context("fuses.bin")?)
    }

    /// The machine with a copy of this device's flash and fuses: nothing is ever written back.
    pub fn copied_machine(&self) -> Result<VirtualMachine> {
        let nor = Nor::with_content(self.read("flash.bin")?);
        let fuses = self.read("fuses.bin")?;
        if fuses.len() != cdd_fuses::SIZE {
            bail!("fuses.bin has {} bytes, not {}", fuses.len(), cdd_fuses::SIZE);
        }
        self.assemble(nor, FuseDevice::with_content(fuses))
    }

    fn assemble(&self, nor: Nor, fuses: FuseDevice) -> Result<VirtualMachine> {
        let json = String::from_utf8(self.read("board.json")?).context("board.json")?;
        let board = Board::parse(&json).context("board.json")?;
        if nor.content().len() != board.flash_size() as usize {
            bail!("flash.bin has {} bytes, board.json says {}", nor.content().len(), board.flash_size());
        }
        let mut factory = self.read("factory.bin")?;
        let secret = factory.as_slice().try_into();
        factory.zeroize();
        let mut secret = secret.context("factory.bin must have the 32 bytes of the device secret")?;
        let machine = VirtualMachine::new(board, nor, fuses, secret, own_measurement()?);
        secret.zeroize();
        Ok(machine)
    }

    fn open(&self, name: &str) -> Result<File> {
        let path = self.dir.join(name);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        file.with_context(|| format!("cannot open {}", path.display()))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.dir.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// The measurement of the boot code: SHA-256 of this process's executable file, taken when it starts.
///
/// On the board a ROM is measured when it is built. Here the process is boot, platform and application
/// logic in one, so any change of any of them changes this value.
pub fn own_measurement() -> Result<[u8; 32]> {
    let path = Path::new("/proc/self/exe");
    let own = std::fs::read(path).context("cannot read the own executable, /proc/self/exe")?;
    Ok(HostCrypto::sha256(&[&own]))
}
