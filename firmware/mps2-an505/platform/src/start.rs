//! From boot to the application.
//!
//! SFR: secure-initialization-of-platform, residual-information-purging.

use crate::{fault, gate};
use cdd_boot::{RECORD_MAGIC, Record};
use cdd_hal::Console;
use cdd_lifecycle::EraseError;
use cdd_platform::{Board, Buffers, Hardware, Index, Platform};
use core::arch::naked_asm;
use core::mem::MaybeUninit;
use cortex_m_rt::entry;
use mps2_an505_board::counter::{StorageCounter, storage_counter};
use mps2_an505_board::entropy::Noise;
use mps2_an505_board::flash::{self, Flash};
use mps2_an505_board::fuses::Eeprom;
use mps2_an505_board::map::{self, Range};
use mps2_an505_board::system;
use mps2_an505_board::uart::Uart;
use zeroize::Zeroize;

/// The board, as the platform needs it.
pub(crate) struct An505 {
    console: Uart,
    fuses: Eeprom,
}

impl Board for An505 {
    type Console = Uart;
    type Fuses = Eeprom;
    type Flash = Flash;
    type Counter = StorageCounter;
    type Index = &'static mut Index;
    type Buffers = &'static mut Buffers;

    fn console(&mut self) -> &mut Uart {
        &mut self.console
    }

    fn fuses(&mut self) -> &mut Eeprom {
        &mut self.fuses
    }

    fn keep_fault_count(&mut self, count: u32) {
        fault::keep_count(count);
    }

    fn erase_application(&mut self) -> Result<(), EraseError> {
        if flash::erase_application() { Ok(()) } else { Err(EraseError) }
    }
}

/// The platform of this board.
pub(crate) type An505Platform = Platform<An505, Noise>;

#[entry]
fn main() -> ! {
    // What is large lies here for good.
    static mut INDEX: Index = Index::new();
    static mut BUFFERS: Buffers = Buffers::new();
    static mut PLATFORM: MaybeUninit<An505Platform> = MaybeUninit::uninit();

    set_stack_limit();
    system::attribute(Range { start: cdd_gate::VENEERS, size: cdd_gate::VENEER_BYTES });
    let board = An505 { console: Uart::new(map::uart::MANAGEMENT), fuses: Eeprom::new() };
    let Some(record) = take_record() else { fault::halt() };
    let faults = fault::history();
    let (flash, counter) = (Flash::take(), storage_counter());
    let hardware = Hardware { board, source: Noise::new(), flash, counter, index: INDEX, buffers: BUFFERS };
    let platform = PLATFORM.write(Platform::new(hardware, record, faults));
    platform.take_over();
    if platform.wants_reset() {
        system::reset();
    }
    if platform.may_start_application() {
        gate::open(platform);
        start_application()
    }
    serve(platform)
}

/// Takes the boot record out of its memory and wipes that.
fn take_record() -> Option<Record> {
    let memory = map::RECORD.start as *mut Record;
    // SAFETY: the memory map reserves this memory for the record; boot wrote it, nothing else refers to it,
    // and any content is a valid record.
    let record = unsafe { memory.read() };
    // SAFETY: the same memory, as words, none of which is read any more.
    let words = unsafe { core::slice::from_raw_parts_mut(memory.cast::<u32>(), size_of::<Record>() / 4) };
    words.zeroize();
    (record.magic == RECORD_MAGIC).then_some(record)
}

/// Nothing runs beside the platform: answer on the management wire.
fn serve(platform: &mut An505Platform) -> ! {
    loop {
        if let Some(byte) = platform.board().console().read() {
            platform.receive(byte);
        }
        if platform.wants_reset() {
            system::reset();
        }
    }
}

unsafe extern "C" {
    /// Top of the stack, from the linker script.
    static mut _stack_start: u32;
    /// End of the variables, where the stack must stop.
    static mut __euninit: u32;
}

fn set_stack_limit() {
    // SAFETY: the stack may grow down to the end of the variables and no further.
    unsafe { cortex_m::register::msplim::write((&raw mut __euninit as u32 + 7) & !7) };
}

fn start_application() -> ! {
    let vectors = map::APPLICATION.start + u32::from(map::HEADER_SIZE);
    system::set_non_secure_vectors(vectors);
    // SAFETY: the application's image was verified and loaded to the memory behind `vectors`, which is
    // Non-secure by now; what its vector table holds is the application's affair.
    let (stack, entry) = unsafe {
        let table = vectors as *const u32;
        (table.read_volatile(), table.add(1).read_volatile())
    };
    // SAFETY: everything the application may reach is set up and the gate is open.
    unsafe { enter_non_secure(stack, entry & !1) }
}

/// Goes to `entry` in Non-secure state with its stack at `stack` and nothing in any register.
///
/// The Secure stack starts anew: all that the start left on it is cleared, and right above where the next
/// call of the gate will push lies the seal, a value that no return address and no exception frame can
/// have. A forged function or exception return of the Non-secure side finds that and nothing else (TFMV-1).
#[unsafe(naked)]
unsafe extern "C" fn enter_non_secure(stack: u32, entry: u32) -> ! {
    naked_asm!(
        ".cpu cortex-m33",
        "movw r3, #:lower16:{top}",
        "movt r3, #:upper16:{top}",
        "msr msp, r3",
        "movs r2, #0",
        "mrs r4, msplim",
        // What a call needs, and what is wiped after it, is less than the start needed.
        "movw r5, #{stack}",
        "sub r5, r3, r5",
        "msr msplim, r5",
        "mov r5, r2",
        "mov r6, r2",
        "mov r7, r2",
        "mov r8, r2",
        "mov r9, r2",
        "mov r10, r2",
        "mov r11, r2",
        "mov r12, r2",
        // May run over the top by less than a block, into memory that nobody uses.
        "1: cmp r4, r3",
        "bhs 2f",
        "stmia r4!, {{r5-r12}}",
        "b 1b",
        "2: movw r4, #:lower16:0xfef5eda5",
        "movt r4, #:upper16:0xfef5eda5",
        "str r4, [r3]",
        "str r4, [r3, #4]",
        "msr control_ns, r2",
        "msr msplim_ns, r2",
        "msr psplim_ns, r2",
        "msr psp_ns, r2",
        "msr msp_ns, r0",
        "mov r12, r1",
        "mov r0, r2",
        "mov r1, r2",
        "mov r3, r2",
        "mov r4, r2",
        "mov lr, r2",
        "msr apsr_nzcvqg, r2",
        "bxns r12",
        top = sym _stack_start,
        stack = const map::PLATFORM_STACK - 8,
    )
}
