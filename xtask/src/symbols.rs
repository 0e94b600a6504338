//! Claims about a linked program that can be read off its symbols and instructions.

use crate::elf::Section;

/// Parts of symbol names that betray the panic machinery of `core`.
const PANIC: [&str; 9] = [
    "core9panicking",
    "panic_fmt",
    "panic_bounds_check",
    "rust_begin_unwind",
    "slice_index_fail",
    "slice_start_index_len_fail",
    "slice_end_index_len_fail",
    "unwrap_failed",
    "expect_failed",
];

/// Parts of symbol names that betray a heap.
const HEAP: [&str; 4] = ["__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rg_oom"];

/// The symbols of the panic machinery among `symbols`.
pub fn panicking(symbols: &[String]) -> Vec<&str> {
    containing(symbols, &PANIC)
}

/// The symbols of a heap among `symbols`.
pub fn allocating(symbols: &[String]) -> Vec<&str> {
    containing(symbols, &HEAP)
}

fn containing<'a>(symbols: &'a [String], parts: &[&str]) -> Vec<&'a str> {
    // v0 mangling writes the crate and module as length and name, `4core9panicking`; the legacy one does as well.
    symbols.iter().map(String::as_str).filter(|s| parts.iter().any(|part| s.contains(part))).collect()
}

/// The addresses at which a branch from Non-secure code could enter: every place, on a 2-byte boundary of executable
/// memory, with the encoding of `SG` – whether meant as an instruction or not.
pub fn entries(sections: &[Section]) -> Vec<u32> {
    const SG: [u8; 4] = [0x7f, 0xe9, 0x7f, 0xe9];
    let mut found = Vec::new();
    for section in sections.iter().filter(|s| s.executable) {
        for (index, window) in section.data.windows(4).enumerate() {
            if index % 2 == 0 && window == SG {
                found.push(section.address + index as u32);
            }
        }
    }
    found
}

/// Whether the 32-bit instruction at the start of `bytes` is `B.W` (encoding T4).
pub fn is_wide_branch(bytes: &[u8]) -> bool {
    let half = |i: usize| bytes.get(i..i + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
    half(0) & 0xf800 == 0xf000 && half(2) & 0xd000 == 0x9000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(data: &[u8]) -> Vec<Section> {
        vec![Section {
            name: ".text".into(),
            address: 0x100,
            data: data.to_vec(),
            size: data.len() as u32,
            executable: true,
            writable: false,
        }]
    }

    #[test]
    fn an_sg_is_found_on_every_even_boundary_and_on_no_odd_one() {
        assert_eq!(entries(&code(&[0, 0, 0x7f, 0xe9, 0x7f, 0xe9])), [0x102]);
        assert!(entries(&code(&[0, 0x7f, 0xe9, 0x7f, 0xe9])).is_empty());
        // Three in a row hold a second one that nobody wrote.
        assert_eq!(entries(&code(&[0x7f, 0xe9, 0x7f, 0xe9, 0x7f, 0xe9])), [0x100, 0x102]);
    }

    #[test]
    fn a_wide_branch_is_told_from_a_branch_with_link() {
        assert!(is_wide_branch(&[0x00, 0xf0, 0x00, 0xb8]));
        assert!(!is_wide_branch(&[0x00, 0xf0, 0x00, 0xf8]));
        assert!(!is_wide_branch(&[]));
    }

    #[test]
    fn panic_and_heap_are_recognised_in_both_manglings() {
        let symbols =
            ["_ZN4core9panicking9panic_fmt17hE", "_RNvNtCs4core9panicking5panic", "main", "__rust_alloc"]
                .map(str::to_owned)
                .to_vec();
        assert_eq!(panicking(&symbols).len(), 2);
        assert_eq!(allocating(&symbols), ["__rust_alloc"]);
    }
}
