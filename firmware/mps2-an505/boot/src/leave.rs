//! Leaving boot: hide the ROM and the device secret, wipe boot's memory, jump to the platform.
//!
//! The last part cannot run from the ROM that it hides: it is a few instructions in `.data`, so the
//! runtime has copied them to RAM, and they wipe all of boot's RAM but themselves.
//!
//! SFR: secure-initialization-of-platform, residual-information-purging.

use crate::mpu;
use cdd_boot::{CLEARANCE, Record, State};
use core::arch::global_asm;
use mps2_an505_board::{map, mpc};

/// Opens the application's memory to the Non-secure world if it is to run, hides boot, jumps. Whether the
/// record allows it is asked here once more, and its clearance by the last instructions themselves.
pub(crate) fn to_platform(record: &Record) -> ! {
    if !record.may_leave().is_yes() {
        halt()
    }
    if record.state() == State::Running {
        let offset = map::APPLICATION_SECURE_ALIAS.start - map::BOOT_ROM.start;
        mpc::open(map::mpc::SSRAM1, offset, map::APPLICATION.size);
    }
    unsafe extern "C" {
        fn cdd_leave(vectors: u32, controller: u32, clearance: u32) -> !;
        static cdd_leave_end: u32;
    }
    // The routine itself, without the bit that says Thumb.
    mpu::permit(cdd_leave as *const () as u32 & !1, &raw const cdd_leave_end as u32);
    let vectors = map::PLATFORM.start + u32::from(map::HEADER_SIZE);
    // SAFETY: the routine below; the vector table is that of the platform image, which was verified.
    unsafe { cdd_leave(vectors, map::mpc::SSRAM1, record.clearance()) }
}

fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

// r0: the platform's vector table; r1: memory protection controller of SSRAM1; r2: the record's clearance.
//
// The device secret is gone by now. Blocks that the controller calls Non-secure while the SAU still calls the addresses Secure answer
// nobody: neither world can make an access that the controller lets through. The lock keeps it so until
// the next reset.
global_asm!(
    ".section .data.cdd_leave, \"awx\"",
    ".global cdd_leave",
    ".type cdd_leave, %function",
    ".thumb_func",
    ".p2align 5",
    "cdd_leave:",
    "7:",
    "cpsid i",
    "movw r3, #:lower16:{clearance}",
    "movt r3, #:upper16:{clearance}",
    "0: cmp r2, r3",
    "bne 0b",
    // Hide the first 128 KiB: controller off its old index, four words of 32 KiB each.
    "mov.w r2, #0x110",
    "str r2, [r1, #0x00]",
    "movs r2, #0",
    "str r2, [r1, #0x18]",
    "mvn r3, #0",
    "str r3, [r1, #0x1c]",
    "str r3, [r1, #0x1c]",
    "str r3, [r1, #0x1c]",
    "str r3, [r1, #0x1c]",
    "movw r3, #0x0110",
    "movt r3, #0x8000",
    "str r3, [r1, #0x00]",
    "dsb",
    "isb",
    // Wipe boot's RAM below and above these instructions. The stack is not used any more.
    "movw r3, #:lower16:{ram}",
    "movt r3, #:upper16:{ram}",
    "adr r4, 7b",
    "1: cmp r3, r4",
    "bhs 2f",
    "str r2, [r3], #4",
    "b 1b",
    "2: adr r3, 5f",
    "movw r4, #:lower16:{end}",
    "movt r4, #:upper16:{end}",
    "movs r5, #0",
    "movs r6, #0",
    "movs r7, #0",
    "mov r8, r2",
    "mov r9, r2",
    "mov r10, r2",
    "mov r11, r2",
    "3: cmp r3, r4",
    "bhs 4f",
    "stmia r3!, {{r2, r5, r6, r7, r8, r9, r10, r11}}",
    "b 3b",
    // Into the platform: its vector table, its stack, nothing in the registers.
    "4: movw r1, #0xed08",
    "movt r1, #0xe000",
    "str r0, [r1]",
    "ldr r1, [r0]",
    "msr msplim, r2",
    "msr msp, r1",
    "ldr r0, [r0, #4]",
    "mov lr, r2",
    "mov r4, r2",
    "mov r12, r2",
    // The memory protection unit as the reset left it: off, every region empty.
    "movw r1, #0xed94",
    "movt r1, #0xe000",
    "str r2, [r1, #0x00]",
    "movs r3, #7",
    "6: str r3, [r1, #0x04]",
    "str r2, [r1, #0x08]",
    "str r2, [r1, #0x0c]",
    "subs r3, #1",
    "bpl 6b",
    "str r2, [r1, #0x04]",
    "str r2, [r1, #0x2c]",
    "mov r1, r2",
    "mov r3, r2",
    "dsb",
    "isb",
    "cpsie i",
    "bx r0",
    ".p2align 5",
    ".global cdd_leave_end",
    "cdd_leave_end:",
    "5:",
    ".size cdd_leave, . - cdd_leave",
    clearance = const CLEARANCE,
    ram = const map::BOOT_RAM.start,
    end = const map::BOOT_RAM.start + map::BOOT_RAM.size,
);
