//! The attacks: single instructions, with whatever address they are given.

use core::arch::{asm, naked_asm};

/// Loads the word at `address`.
pub(crate) fn read(address: u32) -> u32 {
    let value;
    // SAFETY: none; that is the point. Attribution must stop what is not allowed.
    unsafe { asm!("ldr {}, [{}]", out(reg) value, in(reg) address) };
    value
}

/// Stores a word at `address`.
pub(crate) fn write(address: u32, value: u32) {
    // SAFETY: as above.
    unsafe { asm!("str {}, [{}]", in(reg) value, in(reg) address) };
}

/// Loads a byte.
pub(crate) fn read_byte(address: u32) -> u8 {
    let value: u32;
    // SAFETY: as above.
    unsafe { asm!("ldrb {}, [{}]", out(reg) value, in(reg) address) };
    value as u8
}

/// Stores a byte.
pub(crate) fn write_byte(address: u32, value: u8) {
    // SAFETY: as above.
    unsafe { asm!("strb {}, [{}]", in(reg) u32::from(value), in(reg) address) };
}

/// Branches with link to `address` with `r0` set; returns what comes back in r0.
pub(crate) fn enter(address: u32, r0: u32) -> i32 {
    let status: u32;
    // SAFETY: as above.
    unsafe {
        asm!(
            "blx {address}",
            address = in(reg) address,
            inout("r0") r0 => status,
            out("r1") _, out("r2") _, out("r3") _, out("r12") _, out("lr") _,
        );
    }
    status as i32
}

/// The registers that the caller of a veneer gets back: r1, r2, r3, r12 and the flags.
pub(crate) fn leftovers(address: u32, r0: u32) -> [u32; 5] {
    let (r1, r2, r3, r12, flags): (u32, u32, u32, u32, u32);
    // SAFETY: as above.
    unsafe {
        asm!(
            "blx {address}",
            "mrs {flags}, apsr",
            address = in(reg) address,
            flags = lateout(reg) flags,
            inout("r0") r0 => _,
            out("r1") r1, out("r2") r2, out("r3") r3, out("r12") r12, out("lr") _,
        );
    }
    [r1, r2, r3, r12, flags]
}

/// Moves the stack pointer to `address` and pushes.
#[unsafe(naked)]
pub(crate) extern "C" fn stack(address: u32) -> ! {
    naked_asm!("mov sp, r0", "push {{r0-r7}}", "udf #1")
}

/// Calls the veneer at `address` with the stack pointer moved to `stack`.
#[unsafe(naked)]
pub(crate) extern "C" fn enter_with_stack(address: u32, r0: u32, stack: u32) -> i32 {
    naked_asm!(
        "push {{r4, lr}}",
        "mov r4, sp",
        "mov r3, r0",
        "mov r0, r1",
        "mov sp, r2",
        "blx r3",
        "mov sp, r4",
        "pop {{r4, pc}}",
    )
}
