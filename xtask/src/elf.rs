//! What we do with a linked program: the bytes that it loads, its measurement, its sizes.

use anyhow::{Context as _, Result, bail, ensure};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _,
    elf::{FileHeader32, PT_LOAD, SHF_ALLOC, SHF_EXECINSTR, SHT_NOBITS},
    read::elf::{ElfFile32, FileHeader as _, ProgramHeader as _, SectionHeader as _},
};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// The symbol in the boot code whose 32 bytes hold the boot code's own SHA-256.
pub const MEASUREMENT: &str = "BOOT_MEASUREMENT";

/// A linked program, in memory.
pub struct Program {
    bytes: Vec<u8>,
}

/// The bytes that a program loads, without a gap.
#[derive(Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Physical address of the first.
    pub address: u32,
    /// The bytes; zero where no segment says otherwise, as an ELF loader leaves them.
    pub bytes: Vec<u8>,
}

/// A section that occupies memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Virtual address.
    pub address: u32,
    /// Its bytes; empty if it has none in the file.
    pub data: Vec<u8>,
    /// Bytes in memory.
    pub size: u32,
    /// Whether it holds instructions.
    pub executable: bool,
    /// Whether the program may write to it.
    pub writable: bool,
}

/// Bytes by kind, with the meaning of binutils' `size`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sizes {
    /// Instructions and constants.
    pub text: u32,
    /// Initialised variables: in flash and in RAM.
    pub data: u32,
    /// Zeroed or uninitialised variables.
    pub bss: u32,
}

impl Sizes {
    /// Bytes of the image: text and data.
    pub fn code(&self) -> u32 {
        self.text + self.data
    }

    /// Bytes of variables: data and bss. The stack is not in it unless the linker script makes it a section.
    pub fn ram(&self) -> u32 {
        self.data + self.bss
    }
}

impl Program {
    /// Reads a 32-bit little-endian ELF file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::new(bytes).with_context(|| format!("{} is not a program for the board", path.display()))
    }

    /// The same from memory.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        ElfFile32::<object::Endianness>::parse(&*bytes)?;
        Ok(Self { bytes })
    }

    /// The whole file.
    pub fn file(&self) -> &[u8] {
        &self.bytes
    }

    fn elf(&self) -> ElfFile32<'_, object::Endianness> {
        ElfFile32::parse(&*self.bytes).expect("`new` has parsed these bytes")
    }

    /// (physical address, range in the file) of each loaded segment, by address.
    fn segments(&self) -> Result<Vec<(u32, std::ops::Range<usize>)>> {
        let header = FileHeader32::<object::Endianness>::parse(&*self.bytes)?;
        let endian = header.endian()?;
        let mut segments = Vec::new();
        for segment in header.program_headers(endian, &*self.bytes)? {
            let length = segment.p_filesz(endian) as usize;
            if segment.p_type(endian) != PT_LOAD || length == 0 {
                continue;
            }
            let offset = segment.p_offset(endian) as usize;
            ensure!(
                offset != 0,
                "it loads its own ELF header: link it with -nmagic and without SIZEOF_HEADERS"
            );
            ensure!(offset + length <= self.bytes.len(), "a segment ends behind the file");
            segments.push((segment.p_paddr(endian), offset..offset + length));
        }
        segments.sort_by_key(|(address, _)| *address);
        Ok(segments)
    }

    /// The bytes from the lowest physical address that is loaded to the highest.
    pub fn loaded(&self) -> Result<Loaded> {
        const LIMIT: usize = 16 << 20;
        let segments = self.segments()?;
        let Some(&(address, _)) = segments.first() else { bail!("it loads nothing") };
        let mut bytes = Vec::new();
        for (at, range) in segments {
            let start = (at - address) as usize;
            ensure!(start >= bytes.len(), "two segments overlap at {at:#010x}");
            ensure!(
                start + range.len() <= LIMIT,
                "its load addresses lie {start:#x} bytes apart; is a section's LMA missing?"
            );
            bytes.resize(start, 0);
            bytes.extend_from_slice(&self.bytes[range]);
        }
        Ok(Loaded { address, bytes })
    }

    /// The address of a symbol, without the bit that marks Thumb code.
    pub fn symbol(&self, name: &str) -> Option<u32> {
        self.elf().symbols().find(|s| s.name() == Ok(name)).map(|s| s.address() as u32 & !1)
    }

    /// The names of all symbols.
    pub fn symbols(&self) -> Vec<String> {
        self.elf()
            .symbols()
            .filter_map(|s| s.name().ok().map(str::to_owned))
            .filter(|n| !n.is_empty())
            .collect()
    }

    /// The address of the first instruction: the second word of the vector table at the start of what is loaded.
    pub fn reset_vector(&self) -> Result<u32> {
        let loaded = self.loaded()?;
        let word = loaded.bytes.get(4..8).context("it is too short for a vector table")?;
        Ok(u32::from_le_bytes([word[0], word[1], word[2], word[3]]) & !1)
    }

    /// Every section that occupies memory.
    pub fn sections(&self) -> Result<Vec<Section>> {
        let elf = self.elf();
        let endian = elf.endian();
        let mut sections = Vec::new();
        for section in elf.sections() {
            let header = section.elf_section_header();
            let flags = header.sh_flags(endian);
            if flags & SHF_ALLOC == 0 || section.size() == 0 {
                continue;
            }
            let stored = header.sh_type(endian) != SHT_NOBITS;
            sections.push(Section {
                name: section.name().unwrap_or_default().to_owned(),
                address: section.address() as u32,
                data: if stored { section.data()?.to_vec() } else { Vec::new() },
                size: section.size() as u32,
                executable: flags & SHF_EXECINSTR != 0,
                writable: flags & object::elf::SHF_WRITE != 0,
            });
        }
        Ok(sections)
    }

    /// Its sizes.
    pub fn sizes(&self) -> Result<Sizes> {
        let mut sizes = Sizes::default();
        for section in self.sections()? {
            let kind = match (section.data.is_empty(), section.writable) {
                (true, _) => &mut sizes.bss,
                (false, true) => &mut sizes.data,
                (false, false) => &mut sizes.text,
            };
            *kind += section.size;
        }
        Ok(sizes)
    }

    /// Computes the SHA-256 of the loaded bytes, with the 32 bytes at [`MEASUREMENT`] taken as zero, and stores it
    /// there: the boot code cannot hash what it hides, so it carries its own measurement.
    pub fn patch_measurement(&mut self) -> Result<[u8; 32]> {
        let at = self.symbol(MEASUREMENT).with_context(|| format!("it has no symbol {MEASUREMENT}"))?;
        let address = self
            .physical(at)
            .with_context(|| format!("{MEASUREMENT} at {at:#010x} is not in a loaded segment"))?;
        let place = self
            .segments()?
            .into_iter()
            .find_map(|(start, range)| {
                let offset = address.checked_sub(start)? as usize;
                (offset + 32 <= range.len()).then(|| range.start + offset)
            })
            .with_context(|| format!("{MEASUREMENT} is not in one piece in a loaded segment"))?;
        self.bytes[place..place + 32].fill(0);
        let measurement: [u8; 32] = Sha256::digest(self.loaded()?.bytes).into();
        self.bytes[place..place + 32].copy_from_slice(&measurement);
        Ok(measurement)
    }

    /// The physical address of a virtual one.
    fn physical(&self, address: u32) -> Option<u32> {
        let elf = self.elf();
        let endian = elf.endian();
        elf.segments().find_map(|segment| {
            let header = segment.elf_program_header();
            let offset = address.checked_sub(header.p_vaddr(endian))?;
            (header.p_type(endian) == PT_LOAD && offset < header.p_filesz(endian))
                .then(|| header.p_paddr(endian).wrapping_add(offset))
        })
    }
}
