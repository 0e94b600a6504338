//! Faults of the Non-secure side, as they are kept over the reset that answers them.

use cdd_boot::report::Line;
use cdd_hal::Console;

/// Faults in a row, without [`application_ready`](cdd_gate::number::application_ready) in between, after
/// which the application is no longer started until the device has lost power.
pub const MAX_CONSECUTIVE_FAULTS: u32 = 3;

/// What the Non-secure side did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Number of the exception that was taken (Armv8-M: 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault, 7 SecureFault).
    pub exception: u32,
    /// Configurable Fault Status Register.
    pub cfsr: u32,
    /// Secure Fault Status Register.
    pub sfsr: u32,
    /// Address of the instruction, zero when it could not be read.
    pub pc: u32,
    /// Address that was accessed, where the hardware says so, else zero.
    pub address: u32,
    /// Faults in a row, this one included.
    pub count: u32,
}

impl Fault {
    /// The stable name of the exception.
    pub const fn name(&self) -> &'static str {
        match self.exception {
            2 => "nmi",
            3 => "hard-fault",
            4 => "memory-fault",
            5 => "bus-fault",
            6 => "usage-fault",
            7 => "secure-fault",
            _ => "unexpected-interrupt",
        }
    }

    pub(crate) fn report<C: Console>(&self, console: &mut C) {
        Line::start(console)
            .word_alone("fault")
            .number("exception", self.exception)
            .text("name", self.name())
            .word("sfsr", self.sfsr)
            .word("cfsr", self.cfsr)
            .word("pc", self.pc)
            .word("address", self.address)
            .number("count", self.count)
            .end();
    }
}
