//! An image as built: its segments, and what its addresses are called.

use crate::Error;
use object::LittleEndian;
use object::read::elf::{ElfFile32, ProgramHeader as _};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// An ELF file of this board.
pub struct Program {
    path: PathBuf,
    /// SHA-256 of the file.
    pub digest: String,
    /// What is loaded where: physical address and bytes.
    pub segments: Vec<(u32, Vec<u8>)>,
    /// Code as it is executed: address and size of each executable segment.
    pub code: Vec<std::ops::Range<u32>>,
}

impl Program {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Program, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::file("read", path, source))?;
        let wrong = |reason: String| Error::Elf { path: path.to_owned(), reason };
        let file: ElfFile32<'_, LittleEndian> =
            ElfFile32::parse(&*bytes).map_err(|error| wrong(error.to_string()))?;
        let endian = LittleEndian;
        let (mut segments, mut code) = (Vec::new(), Vec::new());
        for header in file.elf_program_headers() {
            if header.p_type(endian) != object::elf::PT_LOAD || header.p_filesz(endian) == 0 {
                continue;
            }
            let data = header.data(endian, &*bytes).map_err(|()| wrong("a segment lies outside".into()))?;
            segments.push((header.p_paddr(endian), data.to_vec()));
            if header.p_flags(endian) & object::elf::PF_X != 0 {
                let start = header.p_vaddr(endian);
                code.push(start..start + header.p_filesz(endian));
            }
        }
        if segments.is_empty() {
            return Err(wrong("nothing in it is loaded".into()));
        }
        let digest = hex::encode(Sha256::digest(&bytes));
        Ok(Program { path: path.to_owned(), digest, segments, code })
    }

    /// Names addresses of this program.
    pub fn names(&self) -> Names {
        Names { loader: Mutex::new(addr2line::Loader::new(&self.path).ok()) }
    }
}

/// Names addresses, as far as the ELF file's own information goes.
pub struct Names {
    loader: Mutex<Option<addr2line::Loader>>,
}

impl Names {
    /// The function that the address lies in.
    pub fn symbol(&self, address: u32) -> String {
        let loader = self.loader.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let name = loader.as_ref().and_then(|loader| loader.find_symbol(address.into()));
        name.map_or_else(|| "?".into(), |name| addr2line::demangle_auto(name.into(), None).into_owned())
    }

    /// File and line that the instruction was made from, the file without the folders above the workspace's.
    pub fn line(&self, address: u32) -> String {
        let loader = self.loader.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let location = loader.as_ref().and_then(|loader| loader.find_location(address.into()).ok()?);
        let Some(location) = location else { return "?".into() };
        let file = location.file.unwrap_or("?");
        let short = ["/device/", "/firmware/", "/registry/src/", "/library/"]
            .iter()
            .find_map(|folder| file.find(folder).map(|at| &file[at + 1..]))
            .unwrap_or(file);
        format!("{short}:{}", location.line.unwrap_or(0))
    }
}
