//! Faults: taken in Secure state, recorded in memory that a reset keeps, answered by a reset.

use cdd_platform::Fault;
use core::arch::naked_asm;
use mps2_an505_board::{map, system};

/// Marks a kept fault.
const MAGIC: u32 = 0x4641_554C;
const EXC_RETURN_SECURE_STACK: u32 = 1 << 6;
const EXC_RETURN_PROCESS_STACK: u32 = 1 << 2;
/// Word of the exception frame that holds the return address.
const FRAME_PC: u32 = 6;

/// What the memory keeps; the count outlives the fault that was reported.
#[repr(C)]
#[derive(Clone, Copy)]
struct Kept {
    magic: u32,
    fresh: u32,
    count: u32,
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

/// The fault that ended the last run, if one did. It is reported once; its count goes on.
pub(crate) fn last() -> Option<Fault> {
    let found = kept().filter(|kept| kept.fresh == MAGIC)?;
    keep(Kept { fresh: 0, ..found });
    let Kept { count, exception, cfsr, sfsr, pc, address, .. } = found;
    Some(Fault { exception, cfsr, sfsr, pc, address, count })
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
    let status = system::fault_status();
    let count = kept().map_or(0, |kept| kept.count).saturating_add(1);
    let pc = stacked_pc(exc_return).unwrap_or(0);
    let (cfsr, sfsr, address) = (status.cfsr, status.sfsr, status.address);
    keep(Kept { magic: MAGIC, fresh: MAGIC, count, exception, cfsr, sfsr, pc, address });
    system::reset()
}

/// The address of the instruction, if its frame lies where the Non-secure side may read.
fn stacked_pc(exc_return: u32) -> Option<u32> {
    use cdd_hal::CallerMemory;
    if exc_return & EXC_RETURN_SECURE_STACK != 0 {
        return None;
    }
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
        /// Hands the exception return value to `record`.
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            naked_asm!("mov r0, lr", "b {}", sym record)
        }
    )* };
}

handlers!(NonMaskableInt MemoryManagement BusFault UsageFault SecureFault SVCall DebugMonitor PendSV SysTick DefaultHandler HardFault);

mps2_an505_board::interrupt_vectors!(mps2_an505_board::vectors::INTERRUPTS);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    system::reset()
}
