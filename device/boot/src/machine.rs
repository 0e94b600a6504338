//! What boot needs of the machine, and the parts and slots it knows.

use cdd_fuses::Role;
use cdd_hal::{DeviceSecret, Fuses};
use cdd_image::{Verifier, Version};

/// A part of the device that is identified and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum PartId {
    /// The immutable boot code.
    Boot = 0,
    /// The platform: the Secure image.
    Platform = 1,
    /// The application: the Non-secure image.
    Application = 2,
}

impl PartId {
    /// All parts, in order.
    pub const ALL: [PartId; 3] = [PartId::Boot, PartId::Platform, PartId::Application];

    /// The stable name; also what an image's part TLV must say.
    pub const fn name(self) -> &'static str {
        match self {
            PartId::Boot => "boot",
            PartId::Platform => "platform",
            PartId::Application => "application",
        }
    }

    /// Whose keys and counter count for this part.
    pub(crate) const fn role(self) -> Role {
        match self {
            PartId::Application => Role::Application,
            PartId::Boot | PartId::Platform => Role::Platform,
        }
    }

    /// The slots that may hold this part; the first wins a tie.
    pub(crate) const fn slots(self) -> [SlotId; 2] {
        match self {
            PartId::Application => [SlotId::ApplicationA, SlotId::ApplicationB],
            PartId::Boot | PartId::Platform => [SlotId::PlatformA, SlotId::PlatformB],
        }
    }
}

/// A place in flash that holds one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum SlotId {
    /// Platform, slot A.
    PlatformA = 0,
    /// Platform, slot B.
    PlatformB = 1,
    /// Application, slot A.
    ApplicationA = 2,
    /// Application, slot B.
    ApplicationB = 3,
}

impl SlotId {
    /// All slots, in order.
    pub const ALL: [SlotId; 4] =
        [SlotId::PlatformA, SlotId::PlatformB, SlotId::ApplicationA, SlotId::ApplicationB];

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            SlotId::PlatformA => "platform-a",
            SlotId::PlatformB => "platform-b",
            SlotId::ApplicationA => "application-a",
            SlotId::ApplicationB => "application-b",
        }
    }

    /// The part it holds.
    pub const fn part(self) -> PartId {
        match self {
            SlotId::PlatformA | SlotId::PlatformB => PartId::Platform,
            SlotId::ApplicationA | SlotId::ApplicationB => PartId::Application,
        }
    }
}

/// Where and how a part runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Address of the first byte of the image (its header) in the memory it runs from.
    pub load_address: u32,
    /// Size that the header must have, so that the vector table is aligned.
    pub header_size: u16,
    /// Bytes of memory, header and TLVs included.
    pub capacity: u32,
}

/// How the boot code names itself.
#[derive(Debug, Clone, Copy)]
pub struct BootIdentity {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: Version,
    /// SHA-256 of its code, put there when it was built.
    pub measurement: [u8; 32],
}

/// What boot needs of the machine.
pub trait Machine: Fuses + DeviceSecret {
    /// How the boot code names itself.
    fn identity(&self) -> BootIdentity;
    /// Size of a slot in bytes.
    fn slot_size(&self, slot: SlotId) -> u32;
    /// Where a part runs.
    fn layout(&self, part: PartId) -> Layout;
    /// Reads `out.len()` bytes from `offset` in the slot; false when the flash cannot be read.
    fn read_slot(&mut self, slot: SlotId, offset: u32, out: &mut [u8]) -> bool;
    /// Copies the first `len` bytes of the slot to the memory that its part runs from; false when the
    /// flash cannot be read or the memory is too small.
    fn load(&mut self, slot: SlotId, len: u32) -> bool;
    /// The first `len` bytes of the memory that the part runs from, fewer if it is smaller.
    fn loaded(&self, part: PartId, len: u32) -> &[u8];
    /// Overwrites all memory that parts run from or work in, except what is kept over a reset on purpose:
    /// nothing of an earlier run, its secrets or its code, is left.
    fn clear(&mut self);
    /// Overwrites whatever `load` put into the memory that the part runs from.
    fn wipe(&mut self, part: PartId);
}

/// The cryptography that boot needs.
pub trait Crypto: Verifier {
    /// HMAC-SHA-256 (FIPS 198-1) over the concatenation of `parts`.
    fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32];
}
