//! From reset to the decision, and what follows from it.
//!
//! SFR: secure-initialization-of-platform.

use crate::crypto::BootCrypto;
use crate::leave;
use crate::machine::An505;
use crate::mpu;
use cdd_boot::report::{self, Context, Line};
use cdd_boot::{Record, State};
use cdd_hal::Console;
use cortex_m_rt::entry;
use mps2_an505_board::{map, uart::Uart};

// Boot enables no interrupt; the runtime wants to see at least one entry.
mps2_an505_board::interrupt_vectors!(1);

#[entry]
fn main() -> ! {
    unsafe extern "C" {
        static mut __euninit: u32;
    }
    // SAFETY: the stack may grow down to the end of the variables and no further.
    unsafe { cortex_m::register::msplim::write(&raw mut __euninit as u32) };
    mpu::forbid();
    let mut machine = An505::new();
    // SAFETY: the record's memory is reserved for it in the memory map, aligned, in Secure RAM, and any
    // content is a valid record; nothing else in boot refers to it.
    let record = unsafe { &mut *(map::RECORD.start as *mut Record) };
    cdd_boot::boot::<An505, BootCrypto>(&mut machine, record);
    #[cfg(feature = "planted-panic")]
    assert!(record.magic == cdd_boot::RECORD_MAGIC, "planted");
    if record.may_leave().is_yes() {
        leave::to_platform(record)
    }
    let state = record.state();
    stay(machine, record, state)
}

/// Nothing may start: say so, and go on saying who this is to whoever asks.
fn stay(mut machine: An505, record: &Record, state: State) -> ! {
    let mut console = Uart::new(map::uart::MANAGEMENT);
    let context = Context { by: "boot", state, reason: None };
    let mut say = |console: &mut Uart| {
        report::write(console, &mut machine, record, &context);
        report::finish(console, state);
    };
    say(&mut console);
    let mut command = Command::default();
    loop {
        match console.read().and_then(|byte| command.push(byte)) {
            Some(true) => say(&mut console),
            Some(false) => Line::start(&mut console).text("error", "unknown-command").end(),
            None => (),
        }
    }
}

/// Recognises the one command that there is, byte by byte.
#[derive(Default)]
struct Command {
    received: u32,
    differs: bool,
}

impl Command {
    /// At the end of a line that is not empty: whether it was `report`.
    fn push(&mut self, byte: u8) -> Option<bool> {
        const REPORT: &[u8; 6] = b"report";
        if matches!(byte, b'\r' | b'\n') {
            let known = !self.differs && self.received as usize == REPORT.len();
            let empty = self.received == 0;
            *self = Command::default();
            return (!empty).then_some(known);
        }
        self.differs |= REPORT.get(self.received as usize) != Some(&byte);
        self.received = self.received.saturating_add(1);
        None
    }
}

/// A fault in boot itself: nothing starts until the next reset.
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

/// Never linked in: the check for panic paths proves it.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
