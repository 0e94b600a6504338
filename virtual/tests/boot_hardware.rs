//! Hardware that fails or lies while boot uses it.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::{BootIdentity, Layout, Machine, PartId, Record, Refusal, SlotId, State};
use cdd_fuses::{LIFE_CYCLE, LifeCycle, Role};
use cdd_hal::{DeviceSecret, FuseError, Fuses};
use cdd_virtual::{HostCrypto, VirtualMachine};
use support::*;
use zerocopy::FromZeros;
use zeroize::Zeroizing;

/// A machine with something wrong.
struct Failing {
    inner: VirtualMachine,
    /// Fuse reads from this offset on fail.
    unreadable_fuses: std::ops::Range<u16>,
    /// Flash that is exchanged as soon as boot starts to load a slot.
    exchange: Option<Vec<u8>>,
    /// Fuses that are burnt as soon as boot starts to load a slot.
    burn: Option<(u16, Vec<u8>)>,
    /// How often boot made the device secret unreadable, and cleared what an earlier run left.
    forgotten: u32,
    cleared: u32,
}

impl Failing {
    fn new(specimen: &Specimen) -> Failing {
        Failing {
            inner: specimen.machine(),
            unreadable_fuses: 0..0,
            exchange: None,
            burn: None,
            forgotten: 0,
            cleared: 0,
        }
    }

    fn start(&mut self) -> Record {
        let mut record = Record::new_zeroed();
        cdd_boot::boot::<_, HostCrypto>(self, &mut record);
        record
    }
}

impl Fuses for Failing {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        if self.unreadable_fuses.contains(&offset) {
            Err(FuseError::NoAnswer)
        } else {
            self.inner.read(offset, out)
        }
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        self.inner.burn(offset, bits)
    }
}

impl DeviceSecret for Failing {
    fn device_secret(&mut self) -> Zeroizing<[u8; 32]> {
        self.inner.device_secret()
    }

    fn forget(&mut self) {
        self.forgotten += 1;
        self.inner.forget();
    }
}

impl Machine for Failing {
    fn identity(&self) -> BootIdentity {
        self.inner.identity()
    }
    fn slot_size(&self, slot: SlotId) -> u32 {
        self.inner.slot_size(slot)
    }
    fn layout(&self, part: PartId) -> Layout {
        self.inner.layout(part)
    }
    fn read_slot(&mut self, slot: SlotId, offset: u32, out: &mut [u8]) -> bool {
        self.inner.read_slot(slot, offset, out)
    }
    fn load(&mut self, slot: SlotId, len: u32) -> bool {
        if let Some(flash) = self.exchange.take() {
            self.inner.nor.tamper(0, &flash).unwrap();
        }
        if let Some((at, bits)) = self.burn.take() {
            self.inner.burn(at, &bits).unwrap();
        }
        self.inner.load(slot, len)
    }
    fn loaded(&self, part: PartId, len: u32) -> &[u8] {
        self.inner.loaded(part, len)
    }
    fn clear(&mut self) {
        self.cleared += 1;
        self.inner.clear();
    }
    fn wipe(&mut self, part: PartId) {
        self.inner.wipe(part);
    }
}

fn name(record: &Record, slot: SlotId) -> &'static str {
    Refusal::name_of(record.result(slot))
}

#[test]
fn the_same_machine_with_nothing_wrong_runs() {
    assert_eq!(Failing::new(&Specimen::genuine()).start().state(), State::Running);
}

#[test]
fn boot_may_be_left_only_with_a_record_of_a_whole_decision() {
    let genuine = Failing::new(&Specimen::genuine()).start();
    assert!(genuine.may_leave().is_yes());
    let mut without_application = Specimen::genuine();
    without_application.slot_mut(SlotId::ApplicationA).fill(0xFF);
    assert!(Failing::new(&without_application).start().may_leave().is_yes());

    let mut without_platform = Specimen::genuine();
    without_platform.slot_mut(SlotId::PlatformA).fill(0xFF);
    let mut dead = Specimen::genuine();
    dead.life_cycle(LifeCycle::Decommissioned);
    for specimen in [without_platform, dead, Specimen::blank()] {
        assert!(!Failing::new(&specimen).start().may_leave().is_yes());
    }
    assert!(!Record::new_zeroed().may_leave().is_yes());
}

#[test]
fn a_policy_that_changes_while_boot_decides_locks_the_device() {
    for (at, bits) in [
        cdd_fuses::revocation_bits(Role::Platform, 3),
        cdd_fuses::revocation_bits(Role::Application, 3),
        (LIFE_CYCLE + 12, [1, 0, 0, 0]),
    ] {
        let mut machine = Failing::new(&Specimen::genuine());
        machine.burn = Some((at, bits.to_vec()));
        let record = machine.start();
        assert_eq!(record.state(), State::Locked);
        assert!(!record.may_leave().is_yes());
        assert_eq!((record.attest_secret, record.seal_secret), ([0; 32], [0; 32]));
        assert!(machine.inner.is_wiped(PartId::Platform) && machine.inner.is_wiped(PartId::Application));
    }
}

#[test]
fn whatever_boot_decides_earlier_runs_are_cleared_and_the_device_secret_is_forgotten() {
    for specimen in [Specimen::genuine(), Specimen::blank(), Specimen::secured()] {
        let mut machine = Failing::new(&specimen);
        machine.start();
        assert_eq!((machine.cleared, machine.forgotten), (1, 1));
    }
}

#[test]
fn flash_that_does_not_answer_is_named() {
    let mut machine = Failing::new(&Specimen::genuine());
    machine.inner.nor.cut_after(0, 0);
    let record = machine.start();
    assert_eq!((record.state(), name(&record, SlotId::PlatformA)), (State::NoPlatform, "flash-unreadable"));
    machine.inner.nor.power_on();
    assert_eq!(machine.start().state(), State::Running);
}

#[test]
fn fuses_that_do_not_answer_lock_the_device_or_refuse_the_image() {
    let mut machine = Failing::new(&Specimen::genuine());
    machine.unreadable_fuses = 0..1;
    assert_eq!(machine.start().state(), State::Locked);

    machine.unreadable_fuses = 0x80..0x1A0;
    let record = machine.start();
    assert_eq!((record.state(), name(&record, SlotId::PlatformA)), (State::NoPlatform, "fuses-unreadable"));

    machine.unreadable_fuses = 0x1A0..0x300;
    let record = machine.start();
    assert_eq!(
        (record.state(), name(&record, SlotId::ApplicationA)),
        (State::NoApplication, "fuses-unreadable")
    );

    machine.unreadable_fuses = 0..0;
    assert_eq!(machine.start().state(), State::Running);
}

#[test]
fn without_the_diversifier_nothing_starts_although_the_images_are_genuine() {
    let mut machine = Failing::new(&Specimen::genuine());
    machine.unreadable_fuses = 0x60..0x61;
    let record = machine.start();
    assert_eq!(record.state(), State::Locked);
    assert_eq!((record.attest_secret, record.seal_secret), ([0; 32], [0; 32]));
    assert!(machine.inner.is_wiped(PartId::Platform) && machine.inner.is_wiped(PartId::Application));
}

#[test]
fn flash_exchanged_between_the_look_at_the_header_and_the_load_gains_nothing() {
    let genuine = Specimen::genuine();
    // To something else: what is loaded is what is verified.
    for at in [12, 500, 1100] {
        let mut other = genuine.clone();
        other.slot_mut(SlotId::PlatformA)[at] ^= 1;
        let mut machine = Failing::new(&genuine);
        machine.exchange = Some(other.flash);
        assert_eq!(machine.start().state(), State::NoPlatform, "byte {at}");
    }
    // To a genuine one of the same shape: it is the one that runs and the one that is recorded.
    let mut newer = genuine.clone();
    let mut image = platform(version(1, 9));
    image.name = Some("cdd-platform".into());
    let second = |builder: &cdd_image::build::Builder, tag| {
        builder.sign(&payload(tag, 256), &second_platform_key()).unwrap()
    };
    newer.put(SlotId::PlatformA, &second(&image, 9));
    let mut before = genuine.clone();
    before.put(SlotId::PlatformA, &second(&platform(version(1, 0)), 1));
    let mut machine = Failing::new(&before);
    machine.exchange = Some(newer.flash);
    let record = machine.start();
    assert_eq!(record.state(), State::Running);
    assert_eq!(record.part(PartId::Platform).unwrap().version(), version(1, 9));
}

#[test]
fn every_name_of_a_refusal_belongs_to_one_number() {
    let mut names = std::collections::BTreeMap::new();
    for code in 0..=u16::MAX {
        let name = Refusal::name_of(code);
        if name != "unknown" {
            assert_eq!(names.insert(name, code), None, "{name}");
        }
    }
    // `fault-detected` is the only one that no test here produces: it takes a fault inside the processor.
    assert!(names.contains_key("fault-detected"));
    assert_eq!(names["accepted"], 0);
}
