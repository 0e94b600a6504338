//! The board, as boot needs it.
//!
//! SFR: secure-initialization-of-platform, verification-of-platform-identity.

use cdd_boot::{BootIdentity, Layout, Machine, PartId, SlotId};
use cdd_hal::{DeviceSecret, FuseError, Fuses};
use cdd_image::Version;
use mps2_an505_board::fuses::Eeprom;
use mps2_an505_board::{copy, map};
use zeroize::{Zeroize, Zeroizing};

/// SHA-256 over the boot ROM with these 32 bytes zero; put here after linking.
#[used]
#[unsafe(no_mangle)]
static BOOT_MEASUREMENT: [u8; 32] = [0; 32];

/// The board.
pub(crate) struct An505 {
    fuses: Eeprom,
    /// Bytes loaded for each part, to be wiped if they are refused.
    loaded: [u32; 2],
}

impl An505 {
    pub(crate) fn new() -> An505 {
        An505 { fuses: Eeprom::new(), loaded: [0; 2] }
    }

    fn loaded_len(&mut self, part: PartId) -> &mut u32 {
        let [platform, application] = &mut self.loaded;
        if matches!(part, PartId::Application) { application } else { platform }
    }
}

/// Where boot writes a part: for the application the Secure alias of where it runs.
const fn memory(part: PartId) -> map::Range {
    match part {
        PartId::Application => map::APPLICATION_SECURE_ALIAS,
        PartId::Boot | PartId::Platform => map::PLATFORM,
    }
}

const fn range(slot: SlotId) -> map::Range {
    let [platform_a, platform_b, application_a, application_b] = map::SLOTS;
    match slot {
        SlotId::PlatformA => platform_a,
        SlotId::PlatformB => platform_b,
        SlotId::ApplicationA => application_a,
        SlotId::ApplicationB => application_b,
    }
}

fn flash(slot: SlotId, offset: u32, len: u32) -> Option<&'static [u8]> {
    let range = range(slot);
    let end = offset.checked_add(len)?;
    if end > range.size {
        return None;
    }
    // SAFETY: inside a slot, so inside the flash, which boot never writes.
    Some(unsafe { core::slice::from_raw_parts((range.start + offset) as *const u8, len as usize) })
}

fn memory_mut(part: PartId, len: u32) -> Option<&'static mut [u8]> {
    let memory = memory(part);
    if len > memory.size {
        return None;
    }
    // SAFETY: memory that the map reserves for the part's image; boot's own data are elsewhere, and the
    // callers in this file hold at most one such slice at a time, never across a call of each other.
    Some(unsafe { core::slice::from_raw_parts_mut(memory.start as *mut u8, len as usize) })
}

impl Machine for An505 {
    fn identity(&self) -> BootIdentity {
        let mut measurement = [0u8; 32];
        for (at, byte) in measurement.iter_mut().enumerate() {
            // SAFETY: inside the array; volatile, for its content is not what the compiler saw.
            *byte = unsafe { BOOT_MEASUREMENT.as_ptr().add(at).read_volatile() };
        }
        let version = Version { major: 0, minor: 1, revision: 0, build: 0 };
        BootIdentity { name: "cdd-boot", version, measurement }
    }

    fn slot_size(&self, slot: SlotId) -> u32 {
        range(slot).size
    }

    fn layout(&self, part: PartId) -> Layout {
        let memory = if matches!(part, PartId::Application) { map::APPLICATION } else { map::PLATFORM };
        Layout { load_address: memory.start, header_size: map::HEADER_SIZE, capacity: memory.size }
    }

    fn read_slot(&mut self, slot: SlotId, offset: u32, out: &mut [u8]) -> bool {
        let Some(from) = u32::try_from(out.len()).ok().and_then(|len| flash(slot, offset, len)) else {
            return false;
        };
        out.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        true
    }

    fn load(&mut self, slot: SlotId, len: u32) -> bool {
        let part = slot.part();
        let whole_words = len.next_multiple_of(4).min(range(slot).size);
        let (Some(from), Some(to)) = (flash(slot, 0, whole_words), memory_mut(part, whole_words)) else {
            return false;
        };
        *self.loaded_len(part) = whole_words;
        copy::words(to, from) == whole_words as usize
    }

    fn loaded(&self, part: PartId, len: u32) -> &[u8] {
        let memory = memory(part);
        let len = len.min(memory.size);
        // SAFETY: as for `memory_mut`; the shared borrow of self keeps `load` and `wipe` away.
        unsafe { core::slice::from_raw_parts(memory.start as *const u8, len as usize) }
    }

    fn clear(&mut self) {
        for range in map::CLEARED {
            // SAFETY: memory of images and of the stages behind boot, none of which runs yet; boot's own
            // memory and the record are elsewhere.
            unsafe { copy::clear(range.start, range.start + range.size) };
        }
    }

    fn wipe(&mut self, part: PartId) {
        let len = core::mem::take(self.loaded_len(part));
        if let Some(memory) = memory_mut(part, len) {
            memory.zeroize();
        }
    }
}

impl DeviceSecret for An505 {
    fn device_secret(&mut self) -> Zeroizing<[u8; 32]> {
        // SAFETY: factory data behind the boot ROM, readable until boot hides it.
        Zeroizing::new(unsafe { (map::DEVICE_SECRET.start as *const [u8; 32]).read_volatile() })
    }

    fn forget(&mut self) {
        for word in 0..map::DEVICE_SECRET.size / 4 {
            // SAFETY: as above; nothing else is kept there. The next reset loads the secret again.
            unsafe { (map::DEVICE_SECRET.start as *mut u32).add(word as usize).write_volatile(0) };
        }
    }
}

impl Fuses for An505 {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        self.fuses.read(offset, out)
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        self.fuses.burn(offset, bits)
    }
}
