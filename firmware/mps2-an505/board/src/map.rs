//! The memory map. IDAU: address bit 28 set is Secure; 0x8000_0000 and up is decided by the SAU alone.
//!
//! SFR: secure-initialization-of-platform.

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First address.
    pub start: u32,
    /// Bytes.
    pub size: u32,
}

impl Range {
    /// Last address.
    pub const fn last(self) -> u32 {
        self.start + (self.size - 1)
    }
}

/// Flash: the file-backed memory. Execute-in-place is not used: images run from the copy verified.
pub const FLASH: Range = Range { start: 0x8000_0000, size: 16 << 20 };

/// Boot ROM, Secure alias of the start of SSRAM1.
pub const BOOT_ROM: Range = Range { start: 0x1000_0000, size: 64 << 10 };
/// The unique device secret: factory data behind the boot ROM, hidden together with it.
pub const DEVICE_SECRET: Range = Range { start: 0x1001_0000, size: 32 };
/// What boot hides from everybody when it leaves, in SSRAM1.
pub const HIDDEN: Range = Range { start: 0x1000_0000, size: 128 << 10 };
/// Working memory of boot.
pub const BOOT_RAM: Range = Range { start: 0x3000_0000, size: 32 << 10 };

/// Where the platform image is loaded and runs (SSRAM2).
pub const PLATFORM: Range = Range { start: 0x3800_0000, size: 320 << 10 };
/// Working memory of the platform.
pub const PLATFORM_RAM: Range = Range { start: 0x3808_0000, size: 128 << 10 };
/// Stack that a call of the gate may use, at the top of the platform's working memory; wiped after the call.
pub const PLATFORM_STACK: u32 = 16 << 10;
/// The boot record.
pub const RECORD: Range = Range { start: 0x380F_0000, size: 4 << 10 };
/// Memory that nobody initialises: what a fault leaves for the next start.
pub const NO_INIT: Range = Range { start: 0x380F_F000, size: 1 << 10 };
/// Stack of the platform's fault handlers: one of their own, for the other may be what ran out.
pub const FAULT_STACK: Range = Range { start: 0x380F_F400, size: 3 << 10 };

/// Where the application is loaded and runs, Non-secure alias (SSRAM1, upper half).
pub const APPLICATION: Range = Range { start: 0x0020_0000, size: 512 << 10 };
/// The same memory by its Secure alias, as boot writes it.
pub const APPLICATION_SECURE_ALIAS: Range = Range { start: 0x1020_0000, size: 512 << 10 };
/// Working memory of the application (SSRAM3).
pub const APPLICATION_RAM: Range = Range { start: 0x2820_0000, size: 256 << 10 };
/// The same memory by its Secure alias, as boot clears it.
pub const APPLICATION_RAM_SECURE_ALIAS: Range = Range { start: 0x3820_0000, size: 256 << 10 };

/// What boot clears at every start: all that an earlier run may have left its secrets or its code in.
pub const CLEARED: [Range; 5] =
    [PLATFORM, PLATFORM_RAM, FAULT_STACK, APPLICATION_SECURE_ALIAS, APPLICATION_RAM_SECURE_ALIAS];

/// Size that the header of an image must have: it aligns the vector table.
pub const HEADER_SIZE: u16 = 0x400;

/// A slot: its range in flash.
pub const SLOTS: [Range; 4] = [
    Range { start: FLASH.start, size: 512 << 10 },
    Range { start: FLASH.start + (512 << 10), size: 512 << 10 },
    Range { start: FLASH.start + (1 << 20), size: 1 << 20 },
    Range { start: FLASH.start + (2 << 20), size: 1 << 20 },
];

/// Trusted storage. Secure like all of the flash: the platform's attribution names no part of it as
/// Non-secure, and what it does not name is Secure.
pub const STORAGE: Range = Range { start: FLASH.start + (4 << 20), size: 6 << 20 };

/// Memory protection controllers.
pub mod mpc {
    /// Of SSRAM1: boot ROM and application code.
    pub const SSRAM1: u32 = 0x5800_7000;
    /// Of SSRAM2: platform.
    pub const SSRAM2: u32 = 0x5800_8000;
    /// Of the Secure SRAM: boot's working memory.
    pub const SRAM: u32 = 0x5008_3000;
    /// Of SSRAM3: application memory.
    pub const SSRAM3: u32 = 0x5800_9000;
}

/// UARTs, by Secure and Non-secure address.
pub mod uart {
    /// Management, Secure.
    pub const MANAGEMENT: u32 = 0x5020_0000;
    /// Interrupt of a byte received there.
    pub const MANAGEMENT_RECEIVED: u32 = 32;
    /// Console of the application, Non-secure.
    pub const CONSOLE: u32 = 0x4020_1000;
    /// Noise source, Secure.
    pub const ENTROPY: u32 = 0x5020_2000;
    /// Glucose sensor, Non-secure.
    pub const SENSOR: u32 = 0x4020_3000;
}

/// I2C controller of the fuse device, Secure.
pub const FUSES_I2C: u32 = 0x5020_D000;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    /// `board.json` is what the tools outside know of the board: it must say the same.
    #[test]
    fn the_board_description_for_the_tools_agrees_with_the_map() {
        let board: serde_json::Value = serde_json::from_str(include_str!("../../board.json")).unwrap();
        let number = |value: &serde_json::Value| value.as_u64().unwrap() as u32;
        for (name, slot) in ["platform-a", "platform-b", "application-a", "application-b"].iter().zip(SLOTS) {
            assert_eq!(number(&board["slots"][name]["offset"]), slot.start - FLASH.start, "{name}");
            assert_eq!(number(&board["slots"][name]["size"]), slot.size, "{name}");
        }
        for (name, memory) in [("platform", PLATFORM), ("application", APPLICATION)] {
            assert_eq!(number(&board["parts"][name]["load_address"]), memory.start, "{name}");
            assert_eq!(number(&board["parts"][name]["header_size"]), u32::from(HEADER_SIZE), "{name}");
        }
        assert_eq!(number(&board["storage"]["offset"]), STORAGE.start - FLASH.start);
        assert_eq!(number(&board["storage"]["size"]), STORAGE.size);
        assert_eq!(number(&board["flash"]["size"]), FLASH.size);
        assert_eq!(number(&board["factory_secret_address"]), DEVICE_SECRET.start);
    }

    #[test]
    fn slots_and_storage_lie_in_the_flash_in_whole_sectors_and_do_not_overlap() {
        let [a, b, c, d] = SLOTS;
        let all = [a, b, c, d, STORAGE];
        for (i, one) in all.iter().enumerate() {
            assert!(FLASH.start <= one.start && one.last() <= FLASH.last(), "{one:?}");
            assert!(one.start % 4096 == 0 && one.size % 4096 == 0, "{one:?}");
            assert!(all[..i].iter().all(|other| other.last() < one.start), "{one:?}");
        }
    }

    #[test]
    fn no_two_memories_overlap() {
        let all = [
            BOOT_RAM,
            PLATFORM,
            PLATFORM_RAM,
            RECORD,
            NO_INIT,
            FAULT_STACK,
            HIDDEN,
            APPLICATION_SECURE_ALIAS,
            APPLICATION_RAM,
            FLASH,
        ];
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert!(a.last() < b.start || b.last() < a.start, "{a:?} {b:?}");
            }
        }
    }
}
