//! Volatile access to one register.

/// Reads the register at `address`.
#[inline(always)]
pub(crate) fn read(address: u32) -> u32 {
    // SAFETY: every address passed in this crate is that of a device register of the board, aligned,
    // whose reading has no effect on memory that Rust knows of.
    unsafe { (address as *const u32).read_volatile() }
}

/// Writes the register at `address`.
#[inline(always)]
pub(crate) fn write(address: u32, value: u32) {
    // SAFETY: as for `read`; the registers written configure devices and attribution, and the callers
    // in this crate document what they change.
    unsafe { (address as *mut u32).write_volatile(value) }
}
