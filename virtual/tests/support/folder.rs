//! A device's folder, and the process on it.

use super::Specimen;
use std::path::Path;
use std::process::Command;

/// A device's folder that is gone with this value.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new(specimen: &Specimen) -> Folder {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("flash.bin"), &specimen.flash).unwrap();
        std::fs::write(dir.path().join("fuses.bin"), &specimen.fuses).unwrap();
        std::fs::write(dir.path().join("factory.bin"), specimen.secret).unwrap();
        std::fs::write(dir.path().join("board.json"), include_str!("../../board.json")).unwrap();
        Folder(dir)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The command that powers this device.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cdd-virtual"));
        command.arg("--device").arg(self.path());
        command
    }
}
