//! Factory reset and decommissioning, with the power cut at every single operation of flash, fuses and counter.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::{Record, SlotId, State};
use cdd_client::{KeyAttributes, Platform as Client, Reading, ServiceState};
use cdd_fuses::LifeCycle;
use cdd_hal::Console;
use cdd_platform::{History, Platform};
use cdd_virtual::{Board, Entropy, FuseDevice, Gate, HostCrypto, Nor, VirtualBoard, VirtualMachine};
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;
use support::*;
use tempfile::TempDir;
use zerocopy::FromZeros;

#[derive(Default)]
struct Management(Vec<u8>);

impl Console for Management {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn read(&mut self) -> Option<u8> {
        None
    }
}

type Running = Gate<VirtualBoard<Management>, Entropy>;

/// Where and after how many operations the power fails.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Never,
    Flash(u64),
    Fuses(u64),
    Counter(u64),
}

/// A device without power: its flash, and its fuses and counter in a file.
struct Device {
    flash: Vec<u8>,
    dir: TempDir,
}

/// What a start came to.
enum Started {
    /// The platform has taken over.
    Platform(Box<Running>),
    /// Boot starts nothing.
    Stopped(State, u32),
}

impl Device {
    fn new(specimen: &Specimen) -> Device {
        Device::with(specimen.flash.clone(), &specimen.fuses)
    }

    fn with(flash: Vec<u8>, fuses: &[u8]) -> Device {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("fuses.bin"), fuses).unwrap();
        Device { flash, dir }
    }

    fn copy(&self) -> Device {
        Device::with(self.flash.clone(), &self.fuses())
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("fuses.bin")
    }

    fn fuses(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    /// Starts it, cuts the power as told, and keeps what a device without power would have kept: the models of flash and
    /// counter lose theirs alone, so what was burnt after that is taken back.
    fn cut(&mut self, cut: Cut) -> bool {
        let before = self.fuses();
        let Started::Platform(mut running) = self.start(cut) else { return false };
        let said = said(&mut running);
        let lost = match cut {
            Cut::Never => false,
            Cut::Flash(_) => !running.platform.board().flash().nor().has_power(),
            // All operations of these two are done by the start, so that one which was not is told.
            Cut::Fuses(_) | Cut::Counter(_) => said.contains("error="),
        };
        self.off(running);
        if lost && matches!(cut, Cut::Flash(_) | Cut::Counter(_)) {
            let mut after = self.fuses();
            let end = usize::from(cdd_fuses::END);
            after[..end].copy_from_slice(&before[..end]);
            std::fs::write(self.path(), after).unwrap();
        }
        lost
    }

    fn start(&self, cut: Cut) -> Started {
        let file = File::options().read(true).write(true).open(self.path()).unwrap();
        let (nor, fuses) = (Nor::with_content(self.flash.clone()), FuseDevice::on_file(file).unwrap());
        let mut machine = VirtualMachine::new(Board::reference(), nor, fuses, SECRET, BOOT_MEASUREMENT);
        let mut record = Record::new_zeroed();
        cdd_boot::boot::<_, HostCrypto>(&mut machine, &mut record);
        if !matches!(record.state(), State::Running | State::NoApplication) {
            return Started::Stopped(record.state(), record.life_cycle);
        }
        let source = Entropy::OperatingSystem;
        let mut hardware = VirtualBoard::hardware(machine, Management::default(), source).unwrap();
        match cut {
            Cut::Never => (),
            Cut::Flash(n) => hardware.board.flash().nor().cut_after(n, n),
            Cut::Fuses(n) => hardware.board.fuses.cut_after(n, n),
            Cut::Counter(n) => hardware.counter.cells().cut_after(n, n),
        }
        Started::Platform(Box::new(Gate::new(Platform::start(hardware, record, History::default()))))
    }

    /// Starts it with power that stays; it must get to the platform.
    fn run(&self) -> Box<Running> {
        match self.start(Cut::Never) {
            Started::Platform(running) => running,
            Started::Stopped(state, _) => panic!("boot stopped: {}", state.name()),
        }
    }

    /// Takes the power away: what stays is the flash.
    fn off(&mut self, mut running: Box<Running>) {
        self.flash = running.platform.board().flash().nor().content().to_vec();
    }

    fn storage(&self) -> &[u8] {
        let place = Board::reference().storage();
        &self.flash[place.offset as usize..][..place.size as usize]
    }
}

fn services(running: &mut Box<Running>) -> ServiceState {
    Client::new(&mut **running).services().unwrap()
}

fn said(running: &mut Box<Running>) -> String {
    String::from_utf8(std::mem::take(&mut running.platform.board().management.0)).unwrap()
}

/// Says a line on the management wire.
fn say(running: &mut Running, line: &[u8]) {
    line.iter().chain(b"\n").for_each(|byte| running.platform.receive(*byte));
}

/// The code that must be repeated.
fn code(running: &mut Box<Running>) -> String {
    let said = said(running);
    let line = said.lines().find(|line| line.starts_with("cdd confirm=")).unwrap_or_else(|| panic!("{said}"));
    line.rsplit('=').next().unwrap().to_owned()
}

const PERSISTENT_KEY: KeyAttributes =
    KeyAttributes { key_type: 0x1100, bits: 256, usage: 0x400, algorithm: 0x0380_0009, lifetime: 1, id: 7 };

/// A device in use: readings, a record, a key; and `command` begun on the management wire.
fn begun(command: &str) -> Device {
    let mut device = Device::new(&Specimen::genuine());
    let mut running = device.run();
    let mut client = Client::new(&mut *running);
    for value in 0..20 {
        client.append(&Reading { time: 5, device: 0, value: 100 + value, unit: 2130 }).unwrap();
    }
    client.storage_set(1, 0, 0, &[0x5C; 3000]).unwrap();
    client.import(&PERSISTENT_KEY, &[0x77; 32]).unwrap();
    said(&mut running);
    say(&mut running, command.as_bytes());
    let code = code(&mut running);
    say(&mut running, format!("confirm {code}").as_bytes());
    assert!(running.platform.wants_reset());
    device.off(running);
    device
}

/// Everything of the storage that is neither erased nor overwritten, in pieces of 16 bytes; without the headers of
/// sectors, of which an empty storage has one too.
fn pieces(storage: &[u8]) -> HashSet<&[u8]> {
    let dull = |piece: &&[u8]| piece.iter().all(|byte| *byte == 0 || *byte == 0xFF);
    storage.chunks(4096).flat_map(|sector| sector[64..].chunks(16)).filter(|piece| !dull(piece)).collect()
}

/// Runs `judge` after every cut of the start that carries out what was begun in `device`, and the start after it.
fn at_every_cut(device: &Device, mut judge: impl FnMut(Cut, &Device)) -> [u64; 3] {
    let kinds: [fn(u64) -> Cut; 3] = [Cut::Flash, Cut::Fuses, Cut::Counter];
    kinds.map(|kind| {
        for operations in 1.. {
            let mut copy = device.copy();
            let cut = kind(operations);
            if !copy.cut(cut) {
                return operations - 1;
            }
            // Cut once more while it recovers, somewhere else.
            copy.cut(kind(operations % 5 + 1));
            copy.cut(Cut::Never);
            judge(cut, &copy);
        }
        unreachable!()
    })
}

#[test]
fn a_factory_reset_destroys_what_came_after_delivery_and_keeps_the_instance_wherever_it_is_cut() {
    let device = begun("factory-reset");
    let before = pieces(device.storage());
    assert!(before.len() > 200, "the device held something: {}", before.len());
    let mut fresh = Device::new(&Specimen::genuine()).run();
    let identity = fresh.platform_key();

    let cuts = at_every_cut(&device, |cut, after| {
        let mut running = after.run();
        let state = services(&mut running);
        let clean = (state.storage, state.records, state.next_reading, state.factory_resets);
        assert_eq!(clean, (0, 0, 0, 1), "{cut:?}");
        assert!(pieces(after.storage()).is_disjoint(&before), "{cut:?}");
        let mut client = Client::new(&mut *running);
        assert!(client.attributes(PERSISTENT_KEY.id).is_err(), "{cut:?}");
        assert_eq!(client.append(&Reading::default()), Ok(0), "{cut:?}: it can be used again");
        assert_eq!(running.platform_key(), identity, "{cut:?}");
    });
    assert!(cuts.iter().all(|count| *count > 0) && cuts[0] > 10, "{cuts:?}");
}

#[test]
fn a_decommissioned_device_never_works_again_and_holds_nothing_wherever_it_is_cut() {
    let device = begun("decommission");
    let before = pieces(device.storage());
    let cuts = at_every_cut(&device, |cut, after| {
        let Started::Stopped(state, life_cycle) = after.start(Cut::Never) else {
            panic!("{cut:?}: it still starts")
        };
        assert_eq!((state, life_cycle), (State::Locked, LifeCycle::Decommissioned as u32), "{cut:?}");
        assert!(pieces(after.storage()).is_disjoint(&before), "{cut:?}");
        for slot in [SlotId::ApplicationA, SlotId::ApplicationB] {
            let place = Board::reference().slot(slot);
            let content = &after.flash[place.offset as usize..][..place.size as usize];
            assert!(content.iter().all(|byte| *byte == 0xFF), "{cut:?} {}", slot.name());
        }
        let (at, length) = cdd_fuses::DIVERSIFIER;
        let diversifier = &after.fuses()[at as usize..][..length];
        assert!(diversifier.iter().all(|byte| *byte == 0xFF), "{cut:?}: no secret can be derived again");
    });
    assert!(cuts.iter().all(|count| *count > 0) && cuts[0] > 20 && cuts[1] > 30, "{cuts:?}");
}

#[test]
fn a_flash_that_refuses_to_be_erased_does_not_hold_up_a_decommissioning() {
    let device = begun("decommission");
    let Started::Platform(mut running) = device.start(Cut::Flash(0)) else { panic!("boot reads the flash") };
    let told = said(&mut running);
    assert!(told.contains("error=erase") && told.contains("finished=decommission"), "{told}");
    assert!(running.platform.wants_reset() && !running.platform.may_start_application());
    drop(running);
    let Started::Stopped(state, life_cycle) = device.start(Cut::Never) else { panic!("it still starts") };
    assert_eq!((state, life_cycle), (State::Locked, LifeCycle::Decommissioned as u32));
}

#[test]
fn while_a_factory_reset_cannot_be_finished_no_application_runs_and_no_token_is_issued() {
    let device = begun("factory-reset");
    let Started::Platform(mut running) = device.start(Cut::Flash(0)) else { panic!("boot reads the flash") };
    let told = said(&mut running);
    assert!(told.contains("cdd state=no-application life-cycle=secured reason=life-cycle"), "{told}");
    assert!(!running.platform.may_start_application());
    say(&mut running, format!("token {}", "a5".repeat(32)).as_bytes());
    assert!(said(&mut running).contains("cdd error=bad-state"));
    drop(running);
    // The control: with a flash that works it is finished, and a token issued.
    let mut running = device.run();
    assert_eq!(services(&mut running).factory_resets, 1);
    said(&mut running);
    say(&mut running, format!("token {}", "a5".repeat(32)).as_bytes());
    assert!(said(&mut running).contains("cdd token=d2"));
}

#[test]
fn neither_is_begun_without_the_code_that_was_given_out() {
    let device = Device::new(&Specimen::genuine());
    for command in ["factory-reset", "decommission"] {
        let mut running = device.run();
        say(&mut running, b"confirm 00000000");
        say(&mut running, command.as_bytes());
        let code = code(&mut running);
        let other: String = code.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
        say(&mut running, format!("confirm {other}").as_bytes());
        say(&mut running, format!("confirm {code}").as_bytes());
        assert_eq!(said(&mut running).matches("cdd error=nothing-to-confirm").count(), 2);
        assert!(!running.platform.wants_reset());
    }
    assert_eq!(services(&mut device.run()).factory_resets, 0);
}

#[test]
fn an_application_can_ask_for_a_factory_reset_by_its_phrase_only() {
    let mut device = Device::new(&Specimen::genuine());
    let mut running = device.run();
    let mut client = Client::new(&mut *running);
    for phrase in [&b""[..], b"factory reset ", b"factory-reset", b"Factory reset"] {
        assert!(client.factory_reset(phrase).is_err());
    }
    assert!(!running.platform.wants_reset());
    assert!(Client::new(&mut *running).factory_reset(b"factory reset").is_ok());
    assert!(running.platform.wants_reset());
    device.off(running);
    assert_eq!(services(&mut device.run()).factory_resets, 1);
}

#[test]
fn an_application_cannot_use_up_the_factory_resets_of_the_owner() {
    let resets = |finished: u32| {
        let mut fuses = Specimen::genuine().fuses;
        for (at, length) in [cdd_fuses::RESETS_BEGUN, cdd_fuses::RESETS_FINISHED] {
            for bit in 0..finished as usize {
                assert!(bit < length * 8);
                fuses[at as usize + bit / 8] |= 1 << (bit % 8);
            }
        }
        Device::with(Specimen::genuine().flash, &fuses)
    };
    let last = cdd_lifecycle::MAX_FOR_APPLICATION;
    let mut running = resets(last - 1).run();
    assert!(Client::new(&mut *running).factory_reset(b"factory reset").is_ok(), "the control");
    let mut running = resets(last).run();
    let refused = Client::new(&mut *running).factory_reset(b"factory reset");
    assert_eq!(refused, Err(cdd_client::Status::NotPermitted));
    say(&mut running, b"factory-reset");
    let code = code(&mut running);
    say(&mut running, format!("confirm {code}").as_bytes());
    assert!(running.platform.wants_reset(), "the owner still can");
}

#[test]
fn what_a_device_kept_in_production_is_gone_when_it_is_secured() {
    let mut specimen = Specimen::genuine();
    specimen.life_cycle(LifeCycle::Provisioning);
    let mut device = Device::new(&specimen);
    let mut running = device.run();
    assert_eq!(Client::new(&mut *running).append(&Reading::default()), Ok(0));
    device.off(running);
    let before = device.storage().to_vec();
    let mut fuses = device.fuses();
    for (at, word) in LifeCycle::Secured.words().iter().enumerate() {
        fuses[at * 4..at * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    let mut secured = Device::with(device.flash.clone(), &fuses);
    let mut running = secured.run();
    assert_eq!((services(&mut running).storage, services(&mut running).next_reading), (0, 0));
    secured.off(running);
    assert!(pieces(secured.storage()).is_disjoint(&pieces(&before)));
}

trait PublicKey {
    fn platform_key(&mut self) -> Vec<u8>;
}

impl PublicKey for Running {
    /// The attestation key: the identity of the instance.
    fn platform_key(&mut self) -> Vec<u8> {
        let mut key = vec![0; 65];
        Client::new(self).attest_get_key(&mut key).unwrap();
        key
    }
}
