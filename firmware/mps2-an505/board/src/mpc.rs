//! Memory protection controllers: which blocks of a memory answer Non-secure accesses, and only those.
//!
//! SFR: secure-initialization-of-platform.

use crate::register::{read, write};

const CTRL: u32 = 0x00;
const BLK_MAX: u32 = 0x10;
const BLK_IDX: u32 = 0x18;
const BLK_LUT: u32 = 0x1C;
/// Move on after each LUT access; answer a refused access with a bus error.
const CTRL_AUTOINC_RESPOND: u32 = 0x110;
const CTRL_LOCK: u32 = 1 << 31;
/// A LUT word stands for 32 blocks of 1 KiB.
const BYTES_PER_WORD: u32 = 32 << 10;

/// Lets the Non-secure world, and no longer the Secure one, access `size` bytes from `offset` in the
/// memory behind the controller at `base`. Both are multiples of 32 KiB.
pub fn open(base: u32, offset: u32, size: u32) {
    write(base + CTRL, CTRL_AUTOINC_RESPOND);
    write(base + BLK_IDX, offset / BYTES_PER_WORD);
    let mut left = size / BYTES_PER_WORD;
    while left > 0 {
        write(base + BLK_LUT, u32::MAX);
        left -= 1;
    }
}

/// Bytes of the memory behind the controller.
pub fn size(base: u32) -> u32 {
    (read(base + BLK_MAX) + 1) * BYTES_PER_WORD
}

/// Locks the controller until the next reset.
pub fn lock(base: u32) {
    write(base + CTRL, CTRL_AUTOINC_RESPOND | CTRL_LOCK);
}
