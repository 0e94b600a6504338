//! The machine that boot runs on: flash, fuses, device secret, and the memory that parts run from.

use crate::board::ram;
use crate::{Board, FuseDevice, Nor};
use cdd_boot::{BootIdentity, Layout, Machine, PartId, SlotId};
use cdd_hal::{DeviceSecret, FuseError, Fuses};
use embedded_storage::nor_flash::ReadNorFlash;
use zeroize::Zeroizing;

/// A machine made of models. It can be started any number of times: `cdd_boot::boot` on it is one start.
pub struct VirtualMachine {
    /// The flash.
    pub nor: Nor,
    /// The fuses.
    pub fuses: FuseDevice,
    board: Board,
    secret: Zeroizing<[u8; 32]>,
    identity: BootIdentity,
    /// The memory that the platform and the application run from, one after the other.
    memory: [Vec<u8>; 2],
    /// How much of each `load` has put there.
    used: [usize; 2],
}

impl VirtualMachine {
    /// Puts a machine together. `measurement` is that of the boot code.
    pub fn new(board: Board, nor: Nor, fuses: FuseDevice, secret: [u8; 32], measurement: [u8; 32]) -> Self {
        let memory =
            [PartId::Platform, PartId::Application].map(|part| vec![0; board.layout(part).capacity as usize]);
        let version = env!("CARGO_PKG_VERSION").parse().unwrap_or_default();
        let identity = BootIdentity { name: "cdd-boot-virtual", version, measurement };
        VirtualMachine { nor, fuses, board, secret: Zeroizing::new(secret), identity, memory, used: [0; 2] }
    }

    /// The board that it is.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Takes the machine apart when boot has handed over.
    pub fn into_nor_and_fuses(self) -> (Nor, FuseDevice) {
        (self.nor, self.fuses)
    }

    /// Whether nothing of an image is left in the memory that the part runs from.
    pub fn is_wiped(&self, part: PartId) -> bool {
        self.memory[ram(part)].iter().all(|byte| *byte == 0)
    }
}

impl Fuses for VirtualMachine {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        self.fuses.read(offset, out)
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        self.fuses.burn(offset, bits)
    }
}

impl DeviceSecret for VirtualMachine {
    fn device_secret(&mut self) -> Zeroizing<[u8; 32]> {
        // Every start is one of a device that was just reset, so there is nothing to forget.
        self.secret.clone()
    }

    fn forget(&mut self) {}
}

impl Machine for VirtualMachine {
    fn identity(&self) -> BootIdentity {
        self.identity
    }

    fn slot_size(&self, slot: SlotId) -> u32 {
        self.board.slot(slot).size
    }

    fn layout(&self, part: PartId) -> Layout {
        self.board.layout(part)
    }

    fn read_slot(&mut self, slot: SlotId, offset: u32, out: &mut [u8]) -> bool {
        let place = self.board.slot(slot);
        let inside = u32::try_from(out.len())
            .ok()
            .and_then(|len| offset.checked_add(len))
            .is_some_and(|end| end <= place.size);
        inside && self.nor.read(place.offset + offset, out).is_ok()
    }

    fn load(&mut self, slot: SlotId, len: u32) -> bool {
        let (place, ram) = (self.board.slot(slot), ram(slot.part()));
        let Some(to) = self.memory[ram].get_mut(..len as usize) else { return false };
        if len > place.size {
            return false;
        }
        self.used[ram] = self.used[ram].max(to.len());
        self.nor.read(place.offset, to).is_ok()
    }

    fn loaded(&self, part: PartId, len: u32) -> &[u8] {
        let memory = &self.memory[ram(part)];
        memory.get(..len as usize).unwrap_or(memory)
    }

    fn clear(&mut self) {
        self.wipe(PartId::Platform);
        self.wipe(PartId::Application);
    }

    fn wipe(&mut self, part: PartId) {
        let used = std::mem::take(&mut self.used[ram(part)]);
        self.memory[ram(part)][..used].fill(0);
    }
}
