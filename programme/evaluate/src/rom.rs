//! The boot ROM as its ELF file describes it, and what it must measure.

use crate::images::sha256;
use crate::model::{Failure, Outcome};
use anyhow::anyhow;
use object::elf::{FileHeader32, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSymbol};

/// Where the ROM lies.
pub(crate) const START: u64 = 0x1000_0000;
/// What lies in a ROM of the reference board.
const SPACE: std::ops::Range<u64> = START..START + 0x1_0000;
/// The symbol under which the boot code keeps its own measurement, 32 bytes.
const MEASUREMENT: &str = "BOOT_MEASUREMENT";

/// The content of the ROM.
pub(crate) struct Rom {
    /// From [`START`] to the last loaded byte.
    pub bytes: Vec<u8>,
    measurement_at: usize,
}

/// Takes the loaded bytes out of the ELF file.
pub(crate) fn load(elf: &[u8]) -> Outcome<Rom> {
    let file = object::read::elf::ElfFile32::<Endianness>::parse(elf)?;
    let endian = file.endian();
    let mut bytes = Vec::new();
    for segment in FileHeader32::program_headers(file.elf_header(), endian, elf)? {
        // Physical addresses: initialised variables lie in the ROM, too, and are copied from there.
        let address = u64::from(segment.p_paddr(endian));
        let data =
            segment.data(endian, elf).map_err(|()| Failure::Harness(anyhow!("the boot ELF is cut short")))?;
        if segment.p_type(endian) != PT_LOAD || data.is_empty() || !SPACE.contains(&address) {
            continue;
        }
        let at = (address - START) as usize;
        bytes.resize(bytes.len().max(at + data.len()), 0);
        bytes[at..at + data.len()].copy_from_slice(data);
    }
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(MEASUREMENT));
    let symbol =
        symbol.ok_or_else(|| Failure::Harness(anyhow!("the boot ELF has no symbol {MEASUREMENT}")))?;
    let measurement_at = symbol.address().wrapping_sub(START) as usize;
    if measurement_at.checked_add(32).is_none_or(|end| end > bytes.len()) {
        return Err(Failure::Harness(anyhow!("{MEASUREMENT} does not lie in the ROM")));
    }
    Ok(Rom { bytes, measurement_at })
}

impl Rom {
    /// SHA-256 over the content, with the place of the measurement itself blank.
    pub(crate) fn measurement(&self) -> String {
        let mut bytes = self.bytes.clone();
        bytes[self.measurement_at..self.measurement_at + 32].fill(0);
        sha256(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measurement_does_not_depend_on_what_stands_in_its_own_place() {
        let rom =
            |fill| Rom { bytes: [vec![1; 16], vec![fill; 32], vec![2; 8]].concat(), measurement_at: 16 };
        assert_eq!(rom(0).measurement(), rom(0xEE).measurement());
        let other = Rom { bytes: [vec![3; 16], vec![0; 40]].concat(), measurement_at: 16 };
        assert_ne!(rom(0).measurement(), other.measurement());
    }

    #[test]
    fn what_is_no_elf_file_is_an_error_of_the_harness() {
        assert!(matches!(load(b"not an ELF"), Err(Failure::Harness(_))));
    }
}
