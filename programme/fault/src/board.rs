//! What the board is, as data: memories, devices, attribution.
//!
//! Written from the board's public description (Arm AN505 and the IoT kit's memory map) and from
//! `firmware/mps2-an505/board.json`; nothing here comes out of the firmware's own sources, so that a mistake there
//! is not repeated here.

use std::ops::Range;

/// Bit of an address that tells the Secure alias of a memory or device from the other one (the IDAU's rule).
pub const SECURE_ALIAS: u32 = 1 << 28;

/// A memory that exists once, whatever its aliases.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// The address without the alias bit.
    pub start: u32,
    /// Bytes.
    pub size: u32,
    /// Whether it has two aliases.
    pub aliased: bool,
}

/// Boot ROM, factory data and the application's code.
pub const SSRAM1: Memory = Memory { start: 0x0000_0000, size: 4 << 20, aliased: true };
/// Boot's working memory.
pub const SRAM: Memory = Memory { start: 0x2000_0000, size: 32 << 10, aliased: true };
/// The platform and its working memory, and the application's.
pub const SSRAM23: Memory = Memory { start: 0x2800_0000, size: 4 << 20, aliased: true };
/// The flash.
pub const FLASH: Memory = Memory { start: 0x8000_0000, size: 16 << 20, aliased: false };

/// The boot ROM, which nobody writes.
pub const BOOT_ROM: Range<u32> = 0x1000_0000..0x1001_0000;
/// The unique device secret: factory data.
pub const DEVICE_SECRET: u32 = 0x1001_0000;
/// Where the platform's image is loaded and runs.
pub const PLATFORM: Range<u32> = 0x3800_0000..0x3805_0000;
/// Where the application's image is loaded, by its Secure alias.
pub const APPLICATION_SECURE: Range<u32> = 0x1020_0000..0x1028_0000;
/// The application's code and working memory, as it sees them.
pub const APPLICATION: Range<u32> = 0x0020_0000..0x0028_0000;
/// See there.
pub const APPLICATION_RAM: Range<u32> = 0x2820_0000..0x2824_0000;
/// Secure memory that is used during the start only: what a gate campaign plants there, nobody may touch.
pub const UNUSED_SECURE: u32 = 0x380F_0000;
/// Bytes before an image's payload: its header, and the vector table's alignment.
pub const HEADER_SIZE: u32 = 0x400;
/// The first of the gate's veneers; they lie eight bytes apart.
pub const VENEERS: u32 = 0x3800_0800;

/// The management wire.
pub const UART_MANAGEMENT: u32 = 0x5020_0000;
/// The noise source.
pub const UART_ENTROPY: u32 = 0x5020_2000;
/// The other two, without the alias bit.
pub const UARTS: Range<u32> = 0x4020_0000..0x4020_5000;
/// The I2C controller of the fuses; a set and a clear register of two bits.
pub const I2C: u32 = 0x5020_D000;
/// Address of the EEPROM on it.
pub const EEPROM_ADDRESS: u8 = 0x50;
/// Bytes of the EEPROM.
pub const EEPROM_BYTES: usize = 4096;
/// All devices, both aliases.
pub const DEVICES: Range<u32> = 0x4000_0000..0x6000_0000;
/// The private peripheral bus.
pub const PRIVATE_BUS: Range<u32> = 0xE000_0000..0xE010_0000;

/// Registers of the core's system control space that mean something here.
pub mod scs {
    /// Interrupt control.
    pub const ICSR: u32 = 0xE000_ED04;
    /// Vector table.
    pub const VTOR: u32 = 0xE000_ED08;
    /// Reset requests.
    pub const AIRCR: u32 = 0xE000_ED0C;
    /// The request in there.
    pub const RESET_REQUEST: u32 = 1 << 2;
    /// Attribution on.
    pub const SAU_CTRL: u32 = 0xE000_EDD0;
    /// Regions there are.
    pub const SAU_TYPE: u32 = 0xE000_EDD4;
    /// Region chosen.
    pub const SAU_RNR: u32 = 0xE000_EDD8;
    /// Its first address.
    pub const SAU_RBAR: u32 = 0xE000_EDDC;
    /// Its last address, and what it is.
    pub const SAU_RLAR: u32 = 0xE000_EDE0;
    /// Regions of the memory protection unit that there are, in bits 8 to 15.
    pub const MPU_TYPE: u32 = 0xE000_ED90;
    /// Protection on; in fault handlers as well; with the default map behind the regions.
    pub const MPU_CTRL: u32 = 0xE000_ED94;
    /// Region chosen.
    pub const MPU_RNR: u32 = 0xE000_ED98;
    /// Its first address and its access. The three pairs that follow are of the other regions of its four.
    pub const MPU_RBAR: u32 = 0xE000_ED9C;
    /// The last limit register of those pairs.
    pub const MPU_RLAR_A3: u32 = 0xE000_EDB8;
    /// Attributes.
    pub const MPU_MAIR0: u32 = 0xE000_EDC0;
    /// More of them.
    pub const MPU_MAIR1: u32 = 0xE000_EDC4;
    /// Identity of the core: Cortex-M33 r0p4.
    pub const CPUID: u32 = 0xE000_ED00;
    /// Its value in QEMU.
    pub const CPUID_VALUE: u32 = 0x410F_D213;
}

/// Block register maximum of a memory protection controller (register 0x10 of each).
pub fn mpc_block_max(controller: u32) -> Option<u32> {
    match controller & !SECURE_ALIAS {
        0x4800_7000 => Some(127),
        0x4800_8000 | 0x4800_9000 => Some(63),
        _ => None,
    }
}
