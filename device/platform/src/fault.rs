//! Faults, as they are kept over the reset that answers them.
//!
//! SFR: secure-initialization-of-platform.

use cdd_boot::report::Line;
use cdd_hal::Console;

/// Faults in a row, without [`application_ready`](cdd_gate::number::application_ready) in between, after
/// which the application is no longer started until the device has lost power.
pub const MAX_CONSECUTIVE_FAULTS: u32 = 3;

/// Faults since the device got power after which the same holds, whatever the application says of itself:
/// one that calls itself ready and then tries something shall not try without end.
pub const MAX_FAULTS: u32 = 100;

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Number of the exception that was taken (Armv8-M: 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault,
    /// 7 SecureFault), 0 for a panic of the platform.
    pub exception: u32,
    /// Whether it was the Secure side that was interrupted, and not the application.
    pub secure: bool,
    /// Configurable Fault Status Register.
    pub cfsr: u32,
    /// Secure Fault Status Register.
    pub sfsr: u32,
    /// Address of the instruction, zero when it could not be read.
    pub pc: u32,
    /// Address that was accessed, where the hardware says so, else zero.
    pub address: u32,
}

/// What is known of faults when the platform starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct History {
    /// The fault that ended the run before this one, if one did.
    pub last: Option<Fault>,
    /// Faults in a row.
    pub in_a_row: u32,
    /// Faults since the device got power.
    pub since_power_on: u32,
}

impl History {
    /// Whether the application has had its chances.
    pub(crate) fn is_too_much(&self) -> bool {
        self.in_a_row >= MAX_CONSECUTIVE_FAULTS || self.since_power_on >= MAX_FAULTS
    }
}

impl Fault {
    /// The stable name of the exception.
    pub const fn name(&self) -> &'static str {
        match self.exception {
            0 => "panic",
            2 => "nmi",
            3 => "hard-fault",
            4 => "memory-fault",
            5 => "bus-fault",
            6 => "usage-fault",
            7 => "secure-fault",
            _ => "unexpected-interrupt",
        }
    }

    pub(crate) fn report<C: Console>(&self, console: &mut C, in_a_row: u32) {
        Line::start(console)
            .word_alone("fault")
            .number("exception", self.exception)
            .text("name", self.name())
            .text("world", if self.secure { "secure" } else { "non-secure" })
            .word("sfsr", self.sfsr)
            .word("cfsr", self.cfsr)
            .word("pc", self.pc)
            .word("address", self.address)
            .number("count", in_a_row)
            .end();
    }
}
