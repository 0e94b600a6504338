//! One device: a folder with its flash, its fuses and its factory data.

use crate::{Board, Burn, DeviceError, FuseImage, Provisioning};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const FLASH: &str = "flash.bin";
const FUSES: &str = "fuses.bin";
const FACTORY: &str = "factory.bin";
const BOARD: &str = "board.json";
const LOCK: &str = "power.lock";

/// What erased flash reads as.
const ERASED: u8 = 0xFF;

/// A device: `flash.bin` (erased bytes are 0xFF), `fuses.bin` (blank bytes are 0), `factory.bin` (the 32-byte
/// device secret, readable by its owner only), `board.json`, and `power.lock`, which is locked while it runs.
#[derive(Debug, Clone)]
pub struct Device {
    dir: PathBuf,
    board: Board,
}

/// Keeps others away from a device's files until it is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Closing the file would not do: a child that another thread has just forked still holds a copy of
    /// it until its own exec, and with it the lock.
    fn drop(&mut self) {
        drop(self.file.unlock());
    }
}

impl Device {
    /// Makes a device in `dir`, which must hold none yet.
    pub fn create(dir: &Path, board: &Board, provisioning: &Provisioning) -> Result<Device, DeviceError> {
        let fuses = provisioning.fuses()?;
        let folder_is_new = !dir.exists();
        std::fs::create_dir_all(dir).map_err(|e| DeviceError::file("create", dir, e))?;
        let device = Device { dir: dir.to_owned(), board: board.clone() };
        for name in [BOARD, FLASH, FUSES, FACTORY] {
            if device.path(name).symlink_metadata().is_ok() {
                return Err(DeviceError::AlreadyThere { path: dir.into() });
            }
        }
        let flash = vec![ERASED; board.flash().size];
        let files: [(&str, u32, &[u8]); 4] = [
            (FLASH, 0o644, &flash),
            (FUSES, 0o644, fuses.bytes()),
            (FACTORY, 0o600, &*provisioning.device_secret),
            // Last: a folder with a board.json is a whole device.
            (BOARD, 0o644, board.source().as_bytes()),
        ];
        for (n, (name, mode, content)) in files.iter().enumerate() {
            if let Err(error) = device.put_new(name, *mode, content) {
                // Half a device is of no use, and would be in the way of the next attempt.
                files[..n].iter().for_each(|(name, ..)| drop(std::fs::remove_file(device.path(name))));
                if folder_is_new {
                    drop(std::fs::remove_dir(dir));
                }
                return Err(error);
            }
        }
        Ok(device)
    }

    /// Opens the device in `dir`.
    pub fn open(dir: impl AsRef<Path>) -> Result<Device, DeviceError> {
        let dir = dir.as_ref();
        if !dir.join(BOARD).is_file() {
            if dir.join(FLASH).exists() || dir.join(FUSES).exists() {
                return Err(DeviceError::Incomplete { path: dir.join(BOARD) });
            }
            return Err(DeviceError::NotADevice { path: dir.into() });
        }
        let device = Device { dir: dir.into(), board: Board::load(dir.join(BOARD))? };
        device.check_size(FLASH, device.board.flash().size)?;
        device.check_size(FUSES, cdd_fuses::SIZE)?;
        device.check_size(FACTORY, 32)?;
        Ok(device)
    }

    /// A copy of this device in another folder: the same flash, fuses and secret.
    pub fn copy_to(&self, dir: &Path) -> Result<Device, DeviceError> {
        let _lock = self.lock()?;
        std::fs::create_dir_all(dir).map_err(|e| DeviceError::file("create", dir, e))?;
        for name in [FLASH, FUSES, FACTORY, BOARD] {
            let to = dir.join(name);
            if to.exists() {
                return Err(DeviceError::AlreadyThere { path: dir.into() });
            }
            std::fs::copy(self.path(name), &to).map_err(|e| DeviceError::file("create", to, e))?;
        }
        Device::open(dir)
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What it looks like.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Erases the slot and writes the image to its start.
    pub fn flash_slot(&self, slot: &str, image: &[u8]) -> Result<(), DeviceError> {
        let place = self.slot(slot)?;
        if image.len() > place.size {
            let (image, size) = (image.len(), place.size);
            return Err(DeviceError::Oversize { slot: slot.into(), image, size });
        }
        let mut content = vec![ERASED; place.size];
        content[..image.len()].copy_from_slice(image);
        self.write_flash(place.offset, &content)
    }

    /// The content of a slot.
    pub fn read_slot(&self, slot: &str) -> Result<Vec<u8>, DeviceError> {
        let place = self.slot(slot)?;
        self.read_flash_at(place.offset, place.size)
    }

    /// Erases the slot.
    pub fn erase_slot(&self, slot: &str) -> Result<(), DeviceError> {
        self.flash_slot(slot, &[])
    }

    /// All of the flash.
    pub fn read_flash(&self) -> Result<Vec<u8>, DeviceError> {
        self.read_flash_at(0, self.board.flash().size)
    }

    /// `len` bytes of the flash from `offset`.
    pub fn read_flash_at(&self, offset: usize, len: usize) -> Result<Vec<u8>, DeviceError> {
        self.check_flash(offset, len)?;
        let path = self.path(FLASH);
        let mut bytes = vec![0; len];
        let file = File::open(&path).map_err(|e| DeviceError::file("read", &path, e))?;
        file.read_exact_at(&mut bytes, offset as u64).map_err(|e| DeviceError::file("read", path, e))?;
        Ok(bytes)
    }

    /// Overwrites bytes of the flash as somebody with a soldering iron would: no erasing, no rules.
    pub fn write_flash(&self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        let _lock = self.lock()?;
        self.write_flash_unlocked(offset, bytes)
    }

    pub(crate) fn write_flash_unlocked(&self, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        self.check_flash(offset, bytes.len())?;
        self.write_at(FLASH, offset, bytes)
    }

    /// The fuses.
    pub fn read_fuses(&self) -> Result<FuseImage, DeviceError> {
        let bytes = self.get(FUSES)?;
        let found = bytes.len() as u64;
        let (path, expected) = (self.path(FUSES), cdd_fuses::SIZE as u64);
        FuseImage::from_bytes(bytes).ok_or(DeviceError::WrongSize { path, found, expected })
    }

    /// Overwrites all fuses, clearing bits too, as no tool of a manufacturer could: for tests only.
    pub fn write_fuses(&self, fuses: &FuseImage) -> Result<(), DeviceError> {
        let _lock = self.lock()?;
        self.write_at(FUSES, 0, fuses.bytes())
    }

    /// Burns fuses, one field after the other: refuses all when a bit would have to be cleared, reads every field
    /// back before the next is burnt, and stops at the first that is not as it should be.
    pub fn burn(&self, burns: &[Burn]) -> Result<(), DeviceError> {
        let _lock = self.lock()?;
        self.burn_with(burns, |offset, bits| self.write_at(FUSES, offset, bits))
    }

    fn burn_with(
        &self,
        burns: &[Burn],
        write: impl Fn(usize, &[u8]) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        let mut after = self.read_fuses()?;
        after.clone().apply(burns)?;
        for (burnt, burn) in burns.iter().enumerate() {
            after.apply(std::slice::from_ref(burn))?;
            write(usize::from(burn.offset), after.field(burn.offset, burn.bits.len())?)?;
            if self.read_fuses()? != after {
                let (field, offset, of) = (burn.field.clone(), burn.offset, burns.len());
                return Err(DeviceError::NotReadBack { field, offset, burnt, of });
            }
        }
        Ok(())
    }

    /// Locks the device's files, or says who cannot.
    pub(crate) fn lock(&self) -> Result<Lock, DeviceError> {
        let path = self.path(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| DeviceError::file("lock", &path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(DeviceError::Powered { path: self.dir.clone() }),
            Err(TryLockError::Error(e)) => Err(DeviceError::file("lock", path, e)),
        }
    }

    pub(crate) fn flash_path(&self) -> PathBuf {
        self.path(FLASH)
    }

    pub(crate) fn fuses_path(&self) -> PathBuf {
        self.path(FUSES)
    }

    pub(crate) fn factory_path(&self) -> PathBuf {
        self.path(FACTORY)
    }

    fn slot(&self, name: &str) -> Result<&crate::Slot, DeviceError> {
        self.board.slot(name).ok_or_else(|| DeviceError::NoSuchSlot {
            target: self.board.target().into(),
            slot: name.into(),
            known: self.board.slots().map(|(name, _)| name).collect::<Vec<_>>().join(", "),
        })
    }

    fn check_flash(&self, offset: usize, len: usize) -> Result<(), DeviceError> {
        let size = self.board.flash().size;
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(()),
            end => {
                let end = end.unwrap_or(usize::MAX);
                Err(DeviceError::OutOfRange { what: "flash", offset, end, size })
            }
        }
    }

    fn check_size(&self, name: &str, expected: usize) -> Result<(), DeviceError> {
        let path = self.path(name);
        // A link could lead to a file that has nothing to do with the device, and would be written to.
        let found = match path.symlink_metadata() {
            Ok(found) if found.is_file() => found.len(),
            Ok(_) => return Err(DeviceError::NotAFile { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(DeviceError::Incomplete { path });
            }
            Err(error) => return Err(DeviceError::file("read", path, error)),
        };
        if found == expected as u64 {
            return Ok(());
        }
        Err(DeviceError::WrongSize { path, found, expected: expected as u64 })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, DeviceError> {
        let path = self.path(name);
        std::fs::read(&path).map_err(|e| DeviceError::file("read", path, e))
    }

    fn put_new(&self, name: &str, mode: u32, bytes: &[u8]) -> Result<(), DeviceError> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode).open(&path);
        let mut file = file.map_err(|e| DeviceError::file("create", &path, e))?;
        file.write_all(bytes).map_err(|e| {
            drop(std::fs::remove_file(&path));
            DeviceError::file("create", path, e)
        })
    }

    fn write_at(&self, name: &str, offset: usize, bytes: &[u8]) -> Result<(), DeviceError> {
        let path = self.path(name);
        let file = OpenOptions::new().write(true).open(&path);
        file.and_then(|file| file.write_all_at(bytes, offset as u64))
            .map_err(|e| DeviceError::file("write", path, e))
    }
}

#[cfg(test)]
mod tests;
