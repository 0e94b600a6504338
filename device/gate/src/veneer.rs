//! The application's side of a veneer: the one instruction sequence that crosses the border.

use crate::veneer_address;
use core::arch::asm;

/// Enters call `number` with the frame at `frame`; returns the raw status.
///
/// The platform checks the frame against the caller's own rights, so a wrong frame is refused, never
/// obeyed. A number that has no veneer ends in a SecureFault.
pub fn enter(number: u32, frame: u32) -> i32 {
    let mut r0 = frame;
    // SAFETY: a branch to a veneer of the gate. The callee follows the AAPCS, returns to the caller's
    // state, and writes only to memory that the frame describes: memory which the caller lent for the
    // duration of the call by exclusive reference (`cdd-client` builds frames only so).
    unsafe {
        asm!(
            "blx {entry}",
            entry = in(reg) veneer_address(number),
            inout("r0") r0,
            out("r1") _, out("r2") _, out("r3") _, out("r12") _, out("lr") _,
            options(nostack),
        );
    }
    r0 as i32
}
