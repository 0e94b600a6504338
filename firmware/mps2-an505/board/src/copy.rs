//! Copying and clearing memory eight words at a time: a load and a store of many registers each.
//!
//! SFR: secure-initialization-of-platform, residual-information-purging.

use core::arch::asm;

/// Copies the whole words of `from` to the start of `to`; what either is longer than the other, or not
/// a whole word, is left alone. Both must start at a word. Returns the bytes copied.
pub fn words(to: &mut [u8], from: &[u8]) -> usize {
    let bytes = to.len().min(from.len()) & !3;
    if (to.as_ptr() as usize | from.as_ptr() as usize) & 3 != 0 {
        return 0;
    }
    let blocks = bytes & !31;
    // SAFETY: reads `bytes` bytes from the start of `from` and writes as many to the start of `to`, which
    // both have; they do not overlap, for one is borrowed exclusively; both are aligned to words.
    unsafe {
        asm!(
            "cmp {from}, {block_end}",
            "beq 3f",
            "2:",
            "ldmia {from}!, {{r0-r3, r4, r5, r8, r12}}",
            "stmia {to}!, {{r0-r3, r4, r5, r8, r12}}",
            "cmp {from}, {block_end}",
            "bne 2b",
            "3:",
            "cmp {from}, {end}",
            "beq 4f",
            "ldr r0, [{from}], #4",
            "str r0, [{to}], #4",
            "b 3b",
            "4:",
            from = inout(reg) from.as_ptr() => _,
            to = inout(reg) to.as_mut_ptr() => _,
            block_end = in(reg) from.as_ptr().wrapping_add(blocks),
            end = in(reg) from.as_ptr().wrapping_add(bytes),
            out("r0") _, out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r12") _,
            options(nostack),
        );
    }
    bytes
}

/// Fills the memory from `start` to before `end` with zeros; both are multiples of 128.
///
/// # Safety
/// The memory must be writable, and nothing that Rust knows of may lie in it.
pub unsafe fn clear(start: u32, end: u32) {
    // SAFETY: as the caller promises.
    unsafe {
        asm!(
            "2: cmp {at}, {end}",
            "bhs 3f",
            "stmia {at}!, {{r0-r3, r4, r5, r8, r12}}",
            "stmia {at}!, {{r0-r3, r4, r5, r8, r12}}",
            "stmia {at}!, {{r0-r3, r4, r5, r8, r12}}",
            "stmia {at}!, {{r0-r3, r4, r5, r8, r12}}",
            "b 2b",
            "3:",
            at = inout(reg) start => _,
            end = in(reg) end,
            in("r0") 0, in("r1") 0, in("r2") 0, in("r3") 0, in("r4") 0, in("r5") 0, in("r8") 0, in("r12") 0,
            options(nostack),
        );
    }
}
