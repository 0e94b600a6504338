//! The Secure side of the veneers.
//!
//! One slot of eight bytes for each row of the table, `sg` and a branch, at a fixed address; behind it
//! a stub that adds the call's number; behind that one entry that calls [`answer`] and leaves nothing
//! but the status in the registers.

use crate::start::An505Platform;
use cdd_gate::Status;
use core::arch::global_asm;
use core::cell::RefCell;
use core::sync::atomic::{AtomicBool, Ordering};
use mps2_an505_board::caller::NonSecure;

/// The platform, once the gate is open. Only whoever holds [`BUSY`] touches it.
struct Shared(RefCell<Option<An505Platform>>);

// SAFETY: one core; the cell is only borrowed between a successful `enter` and the release of `BUSY`, and
// a call that interrupts another one is turned away before it gets to the cell.
unsafe impl Sync for Shared {}

static PLATFORM: Shared = Shared(RefCell::new(None));
static BUSY: AtomicBool = AtomicBool::new(false);

/// Opens the gate: from now on calls are answered.
pub(crate) fn open(platform: An505Platform) {
    if let Ok(mut place) = PLATFORM.0.try_borrow_mut() {
        *place = Some(platform);
    }
}

/// Answers a call. A call while another is under way (the Non-secure side was interrupted inside it) is
/// refused and changes nothing.
extern "C" fn answer(frame: u32, number: u32) -> i32 {
    if BUSY.swap(true, Ordering::Acquire) {
        return Status::ConnectionBusy.code();
    }
    let status = match PLATFORM.0.try_borrow_mut().as_deref_mut() {
        Ok(Some(platform)) => platform.call(&mut NonSecure, number, frame),
        _ => Status::BadState.code(),
    };
    BUSY.store(false, Ordering::Release);
    status
}

global_asm!(
    // The flags that DSP instructions set are cleared with the others.
    ".cpu cortex-m33",
    ".section .nsc, \"ax\"",
    ".thumb",
    ".set call, 0",
    ".rept {calls}",
    "sg",
    "b.w cdd_gate_stubs + (call * 4)",
    ".set call, call + 1",
    ".endr",
    ".section .text.cdd_gate_stubs, \"ax\"",
    ".p2align 2",
    ".thumb_func",
    "cdd_gate_stubs:",
    ".set call, 0",
    ".rept {calls}",
    "movs r1, #call",
    "b.n cdd_gate_entry",
    ".set call, call + 1",
    ".endr",
    ".thumb_func",
    "cdd_gate_entry:",
    // The Non-secure side may call with any register content; the AAPCS keeps r4-r11 for it.
    "push {{r4, lr}}",
    "bl {answer}",
    "pop {{r4, lr}}",
    "mov r1, lr",
    "mov r2, lr",
    "mov r3, lr",
    "mov r12, lr",
    "msr apsr_nzcvqg, lr",
    "bxns lr",
    calls = const cdd_gate::CALLS.len(),
    answer = sym answer,
);
