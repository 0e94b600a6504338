//! The Secure side of the veneers.
//!
//! One slot of eight bytes for each row of the table, `sg` and a branch, at a fixed address; behind it
//! a stub that adds the call's number; behind that one entry that calls [`answer`] and leaves nothing
//! but the status in the registers, and zeros where the stack was.
//!
//! SFR: secure-initialization-of-platform, residual-information-purging.

use crate::start::An505Platform;
use cdd_gate::Status;
use cdd_hal::Console;
use cdd_platform::Board;
use core::arch::global_asm;
use core::cell::RefCell;
use cortex_m::register::basepri;
use mps2_an505_board::caller::NonSecure;
use mps2_an505_board::map::uart::MANAGEMENT_RECEIVED;
use mps2_an505_board::system;

/// The platform, once the gate is open.
struct Shared(RefCell<Option<&'static mut An505Platform>>);

// SAFETY: one core; a call and the management wire keep each other waiting (`MANAGEMENT_PRIORITY`), and whoever came
// in spite of that would find the cell borrowed.
unsafe impl Sync for Shared {}

static PLATFORM: Shared = Shared(RefCell::new(None));

/// Of the management wire's interrupt: above all that an interrupt of the Non-secure side can have, which is 0x80 at
/// most (AIRCR.PRIS is set).
const MANAGEMENT_PRIORITY: u8 = 0x40;

/// Opens the gate: from now on calls are answered, and the management wire beside them.
pub(crate) fn open(platform: &'static mut An505Platform) {
    platform.board().console().interrupt_on_receive();
    if let Ok(mut place) = PLATFORM.0.try_borrow_mut() {
        *place = Some(platform);
    }
    // A byte that came before the wire was to interrupt has not asked for it.
    system::pend_interrupt(MANAGEMENT_RECEIVED);
    system::enable_interrupt(MANAGEMENT_RECEIVED, MANAGEMENT_PRIORITY);
}

/// Answers a call.
///
/// No interrupt is taken meanwhile. The management wire has to wait, for platform and stack are taken; and an
/// interrupt of the Non-secure side whose handler did not come back would hold both, and the wire, for good.
extern "C" fn answer(frame: u32, number: u32) -> i32 {
    // SAFETY: the register of the Secure state; nothing here relies on being interrupted.
    unsafe { basepri::write(MANAGEMENT_PRIORITY) };
    let status = match PLATFORM.0.try_borrow_mut().as_deref_mut() {
        Ok(Some(platform)) => {
            let status = platform.call(&mut NonSecure, number, frame);
            if platform.wants_reset() {
                system::reset();
            }
            status
        }
        Ok(None) => Status::BadState.code(),
        Err(_) => Status::ConnectionBusy.code(),
    };
    // SAFETY: as above.
    unsafe { basepri::write(0) };
    status
}

/// Takes what has come on the management wire, between two calls of the application: whatever that does, it cannot
/// keep the wire from being answered.
pub(crate) unsafe extern "C" fn management_received() {
    if let Ok(Some(platform)) = PLATFORM.0.try_borrow_mut().as_deref_mut() {
        platform.board().console().clear_interrupt();
        while let Some(byte) = platform.board().console().read() {
            platform.receive(byte);
            if platform.wants_reset() {
                system::reset();
            }
        }
    }
    // SAFETY: wipes what lies below this function's own frame.
    unsafe { cdd_wipe_stack() };
}

unsafe extern "C" {
    /// Overwrites the stack with zeros from its limit to where it is now.
    fn cdd_wipe_stack();
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
    "mov r4, r1",
    "bl {answer}",
    // The calls before this one handle nothing that is secret.
    "cmp r4, #{first_secret}",
    "blo 1f",
    "bl cdd_wipe_stack",
    "1: pop {{r4, lr}}",
    "mov r1, lr",
    "mov r2, lr",
    "mov r3, lr",
    "mov r12, lr",
    "msr apsr_nzcvqg, lr",
    "bxns lr",
    // Keeps r0, which is the call's status.
    ".thumb_func",
    ".global cdd_wipe_stack",
    "cdd_wipe_stack:",
    "push {{r4-r10}}",
    "mrs r1, msplim",
    "add r2, r1, #32",
    "mov r3, sp",
    "movs r4, #0",
    "mov r5, r4",
    "mov r6, r4",
    "mov r7, r4",
    "mov r8, r4",
    "mov r9, r4",
    "mov r10, r4",
    "mov r12, r4",
    "2: cmp r3, r2",
    "blo 3f",
    "stmdb r3!, {{r4-r10, r12}}",
    "b 2b",
    "3: cmp r3, r1",
    "bls 4f",
    "str r4, [r3, #-4]!",
    "b 3b",
    "4: pop {{r4-r10}}",
    "bx lr",
    calls = const cdd_gate::CALLS.len(),
    first_secret = const cdd_gate::number::digest,
    answer = sym answer,
);
