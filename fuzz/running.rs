//! A platform that runs, for targets that talk to one.

use cdd_boot::Record;
use cdd_client::Platform as Client;
use cdd_fuses::LifeCycle;
use cdd_hal::Console;
use cdd_platform::{History, Platform};
use cdd_virtual::{Board, Entropy, FuseDevice, Gate, Nor, VirtualBoard, VirtualMachine};
use zerocopy::FromZeros;

/// A management wire that keeps the answers.
#[derive(Default)]
pub(crate) struct Wire(pub(crate) Vec<u8>);

impl Console for Wire {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn read(&mut self) -> Option<u8> {
        None
    }
}

pub(crate) type Running = Gate<VirtualBoard<Wire>, Entropy>;

/// With keys and trusted storage. No image was started, so there is no attestation.
pub(crate) fn platform() -> Running {
    let board = Board::reference();
    let flash = Nor::erased(board.flash_size() as usize);
    let words: Vec<u8> = LifeCycle::Secured.words().iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut fuses = FuseDevice::blank();
    fuses.tamper(cdd_fuses::LIFE_CYCLE.into(), &words).expect("inside");
    let machine = VirtualMachine::new(board, flash, fuses, [0x42; 32], [0xB0; 32]);
    let hardware = VirtualBoard::hardware(machine, Wire::default(), Entropy::OperatingSystem);
    let mut record = Record::new_zeroed();
    record.life_cycle = LifeCycle::Secured as u32;
    (record.attest_secret, record.seal_secret) = ([1; 32], [2; 32]);
    let started =
        Platform::start(hardware.expect("a storage that lies in the flash"), record, History::default());
    let mut running = Gate::new(started);
    let mut client = Client::new(&mut running);
    client.storage_set(1, 0, 0, b"the control").expect("trusted storage works");
    client.random(&mut [0; 8]).expect("so do random numbers");
    running
}
