//! Faults: taken in Secure state, recorded in memory that a reset keeps, answered by a reset.
//!
//! SFR: secure-initialization-of-platform.

use cdd_platform::{Fault, History};
use core::arch::naked_asm;
use mps2_an505_board::{map, system};

/// Marks a kept fault.
const MAGIC: u32 = 0x4641_554C;
const EXC_RETURN_SECURE_STACK: u32 = 1 << 6;
const EXC_RETURN_PROCESS_STACK: u32 = 1 << 2;
/// Word of the exception frame that holds the return address.
const FRAME_PC: u32 = 6;

/// What the memory keeps.
#[repr(C)]
#[derive(Clone, Copy)]
struct Kept {
    magic: u32,
    /// The fault was not reported yet.
    fresh: u32,
    /// Faults in a row.
    count: u32,
    /// Faults since the device got power.
    total: u32,
    secure: u32,
    exception: u32,
    cfsr: u32,
    sfsr: u32,
    pc: u32,
    address: u32,
}

const MEMORY: *mut Kept = map::NO_INIT.start as *mut Kept;

fn kept() -> Option<Kept> {
    // SAFETY: memory reserved for this by the map, in Secure RAM; any content is valid.
    Some(unsafe { MEMORY.read_volatile() }).filter(|kept| kept.magic == MAGIC)
}

fn keep(kept: Kept) {
    // SAFETY: as above.
    unsafe { MEMORY.write_volatile(kept) }
}

/// What is known of faults since the device got power. The last one is told once.
pub(crate) fn history() -> History {
    let Some(found) = kept() else { return History::default() };
    keep(Kept { fresh: 0, ..found });
    let Kept { fresh, count, total, secure, exception, cfsr, sfsr, pc, address, .. } = found;
    let last = (fresh == MAGIC).then_some(Fault { exception, secure: secure != 0, cfsr, sfsr, pc, address });
    History { last, in_a_row: count, since_power_on: total }
}

/// Sets the count of faults in a row.
pub(crate) fn keep_count(count: u32) {
    if let Some(found) = kept() {
        keep(Kept { count, ..found });
    }
}

/// Records the fault and resets.
extern "C" fn record(exc_return: u32) -> ! {
    let exception: u32;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mrs {}, ipsr", out(reg) exception) };
    let secure = exc_return & EXC_RETURN_SECURE_STACK != 0;
    let pc = if secure { None } else { stacked_pc(exc_return) };
    record_and_reset(exception, secure, pc.unwrap_or(0))
}

fn record_and_reset(exception: u32, secure: bool, pc: u32) -> ! {
    let status = system::fault_status();
    let (count, total) = kept().map_or((0, 0), |kept| (kept.count, kept.total));
    keep(Kept {
        magic: MAGIC,
        fresh: MAGIC,
        count: count.saturating_add(1),
        total: total.saturating_add(1),
        secure: u32::from(secure),
        exception,
        cfsr: status.cfsr,
        sfsr: status.sfsr,
        pc,
        address: status.address,
    });
    system::reset()
}

/// The address of the instruction, if its frame lies where the Non-secure side may read.
fn stacked_pc(exc_return: u32) -> Option<u32> {
    use cdd_hal::CallerMemory;
    let process = exc_return & EXC_RETURN_PROCESS_STACK != 0;
    let frame = if process {
        let psp: u32;
        // SAFETY: reads a register.
        unsafe { core::arch::asm!("mrs {}, psp_ns", out(reg) psp) };
        psp
    } else {
        let msp: u32;
        // SAFETY: reads a register.
        unsafe { core::arch::asm!("mrs {}, msp_ns", out(reg) msp) };
        msp
    };
    let mut pc = [0u8; 4];
    let at = frame.checked_add(FRAME_PC * 4)?;
    mps2_an505_board::caller::NonSecure.copy_in(at, &mut pc).then(|| u32::from_le_bytes(pc))
}

/// Stops: the platform found itself in a state that cannot be.
pub(crate) fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

macro_rules! handlers {
    ($($name:ident)*) => { $(
        /// Hands the exception return value to `record`, on a stack of its own: the other one may be what
        /// the fault is about, and a fault in here would stop the core.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!(
                "movs r0, #0",
                "msr msplim, r0",
                "movw r0, #:lower16:{stack}",
                "movt r0, #:upper16:{stack}",
                "msr msp, r0",
                "mov r0, lr",
                "b {record}",
                stack = const map::FAULT_STACK.start + map::FAULT_STACK.size,
                record = sym record,
            )
        }
    )* };
}

handlers!(NonMaskableInt MemoryManagement BusFault UsageFault SecureFault SVCall DebugMonitor PendSV SysTick DefaultHandler HardFault);

mps2_an505_board::interrupt_vectors!(
    mps2_an505_board::vectors::INTERRUPTS,
    map::uart::MANAGEMENT_RECEIVED => crate::gate::management_received
);

/// A panic of the platform is recorded like a fault, with no exception.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    record_and_reset(0, true, 0)
}
