//! The Secure system: attribution of memory and devices, fault routing, reset, the step to the
//! Non-secure world.
//!
//! SFR: secure-initialization-of-platform.

use crate::map;
use crate::register::{read, write};

const AIRCR: u32 = 0xE000_ED0C;
/// Key; Secure exceptions have priority; only Secure may reset; faults are taken in Secure state.
const AIRCR_VALUE: u32 = 0x05FA_4008;
const AIRCR_RESET: u32 = AIRCR_VALUE | 1 << 2;
const SHCSR: u32 = 0xE000_ED24;
const CFSR: u32 = 0xE000_ED28;
const CFSR_NS: u32 = 0xE002_ED28;
const BFAR: u32 = 0xE000_ED38;
const SFSR: u32 = 0xE000_EDE4;
const SFAR: u32 = 0xE000_EDE8;
const CPACR: u32 = 0xE000_ED88;
const NSACR: u32 = 0xE000_ED8C;
const SAU_CTRL: u32 = 0xE000_EDD0;
const SAU_RNR: u32 = 0xE000_EDD8;
const SAU_RBAR: u32 = 0xE000_EDDC;
const SAU_RLAR: u32 = 0xE000_EDE0;
const NVIC_ISER: u32 = 0xE000_E100;
const NVIC_ISPR: u32 = 0xE000_E200;
const NVIC_ITNS1: u32 = 0xE000_E384;
const NVIC_IPR: u32 = 0xE000_E400;
const VTOR_NS: u32 = 0xE002_ED08;

const NSCCFG: u32 = 0x5008_0014;
/// Secure RAM may be Non-secure-callable, where the SAU says so.
const RAM_NSC: u32 = 1 << 1;
const SECRESPCFG: u32 = 0x5008_0010;
const APB_NS_EXP1: u32 = 0x5008_0084;
const APB_NS_PRIVILEGE_EXP1: u32 = 0x4008_00C4;
/// UART1 and UART3.
const NS_UARTS: u32 = 1 << 6 | 1 << 8;
/// Interrupts 34, 35, 43 of UART1 and 38, 39, 45 of UART3.
const NS_INTERRUPTS: u32 = 0b1000_0000_1100 | 0b10_0000_1100_0000;

const NON_SECURE: u32 = 1;
const NON_SECURE_CALLABLE: u32 = 3;

/// Sets up what the Non-secure world may reach: its code, its memory, two UARTs and the veneers.
///
/// Everything that is not named stays Secure. `veneers` is inside the platform image.
pub fn attribute(veneers: map::Range) {
    write(AIRCR, AIRCR_VALUE);
    write(SHCSR, 0x000F_0000);
    let uart = |start| map::Range { start, size: 0x1000 };
    let regions = [
        (map::APPLICATION, NON_SECURE),
        (map::APPLICATION_RAM, NON_SECURE),
        (uart(map::uart::CONSOLE), NON_SECURE),
        (uart(map::uart::SENSOR), NON_SECURE),
        (veneers, NON_SECURE_CALLABLE),
    ];
    for (number, (range, kind)) in (0u32..).zip(regions) {
        write(SAU_RNR, number);
        write(SAU_RBAR, range.start & !31);
        write(SAU_RLAR, range.last() & !31 | kind);
    }
    write(NSCCFG, RAM_NSC);
    write(SAU_CTRL, 1);
    crate::mpc::open(map::mpc::SSRAM3, 0, map::APPLICATION_RAM.size);
    crate::mpc::lock(map::mpc::SSRAM3);
    crate::mpc::lock(map::mpc::SSRAM2);
    crate::mpc::lock(map::mpc::SRAM);
    write(SECRESPCFG, 1);
    write(APB_NS_EXP1, NS_UARTS);
    write(APB_NS_PRIVILEGE_EXP1, NS_UARTS);
    write(NVIC_ITNS1, NS_INTERRUPTS);
    // No floating point for anybody: its registers cannot carry anything across the border.
    write(NSACR, 0);
    write(CPACR, 0);
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// What the hardware says of a fault.
#[derive(Clone, Copy)]
pub struct FaultStatus {
    /// Configurable fault status.
    pub cfsr: u32,
    /// Secure fault status.
    pub sfsr: u32,
    /// Address accessed, where known, else zero.
    pub address: u32,
}

/// Reads the fault status.
pub fn fault_status() -> FaultStatus {
    let sfsr = read(SFSR);
    // A fault of the Non-secure side that escalated leaves its cause in that side's own register.
    let cfsr = match read(CFSR) {
        0 => read(CFSR_NS),
        secure => secure,
    };
    let address = match (sfsr & 1 << 6 != 0, cfsr & 1 << 15 != 0) {
        (true, _) => read(SFAR),
        (_, true) => read(BFAR),
        _ => 0,
    };
    FaultStatus { cfsr, sfsr, address }
}

/// Resets the system; memory keeps its content, except what the boot ROM loads anew.
pub fn reset() -> ! {
    cortex_m::asm::dsb();
    write(AIRCR, AIRCR_RESET);
    loop {
        cortex_m::asm::dsb();
    }
}

/// Makes an interrupt come as soon as it may.
pub fn pend_interrupt(number: u32) {
    write(NVIC_ISPR + number / 32 * 4, 1 << (number % 32));
}

/// Lets a Secure interrupt come with this priority; it comes at once if its cause is there already.
pub fn enable_interrupt(number: u32, priority: u8) {
    // SAFETY: the priority registers have a byte for each interrupt and may be written bytewise.
    unsafe { ((NVIC_IPR + number) as *mut u8).write_volatile(priority) };
    write(NVIC_ISER + number / 32 * 4, 1 << (number % 32));
}

/// Points the Non-secure vector table at the application.
pub fn set_non_secure_vectors(address: u32) {
    write(VTOR_NS, address);
}
