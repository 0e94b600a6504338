//! Every state that a start can end in, and which image is chosen on the way.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::{PartId, RECORD_MAGIC, SlotId, State};
use cdd_fuses::LifeCycle;
use support::*;

#[test]
fn a_genuine_device_runs_and_says_exactly_what_it_runs() {
    let start = Specimen::genuine().start();
    assert_eq!(start.state(), State::Running);
    assert_eq!(start.record.magic, RECORD_MAGIC);
    assert_eq!(start.record.life_cycle, LifeCycle::Secured as u32);
    assert_eq!(start.results(), ["accepted", "empty", "accepted", "empty"]);

    let boot = start.record.part(PartId::Boot).unwrap();
    assert_eq!((boot.name(), boot.measurement, boot.signer), ("cdd-boot-virtual", BOOT_MEASUREMENT, [0; 32]));
    for (part, name, image, key) in [
        (PartId::Platform, "cdd-platform", genuine_platform(1), platform_key()),
        (PartId::Application, "bgm", genuine_application(1), application_key()),
    ] {
        let entry = start.record.part(part).unwrap();
        let parsed = cdd_image::Image::parse(&image).unwrap();
        assert_eq!((entry.name(), entry.version(), entry.counter), (name, version(1, 0), 5));
        assert_eq!(&entry.measurement, parsed.digest().unwrap());
        assert_eq!(entry.signer, key.public().hash::<cdd_virtual::HostCrypto>());
    }
}

#[test]
fn without_a_genuine_application_only_the_platform_starts() {
    let mut specimen = Specimen::genuine();
    specimen.put(SlotId::ApplicationA, &[]);
    let start = specimen.start();
    assert_eq!(start.state(), State::NoApplication);
    assert!(start.record.part(PartId::Platform).is_some());
    assert!(start.record.part(PartId::Application).is_none());
}

#[test]
fn without_a_genuine_platform_nothing_starts_and_no_secret_is_derived() {
    let mut specimen = Specimen::genuine();
    specimen.put(SlotId::PlatformA, &[]);
    let start = specimen.start();
    assert_eq!(start.state(), State::NoPlatform);
    assert_eq!(start.results(), ["empty", "empty", "not-tried", "not-tried"]);
    assert_eq!((start.record.attest_secret, start.record.seal_secret), ([0; 32], [0; 32]));
    assert!(PartId::ALL[1..].iter().all(|part| start.record.part(*part).is_none()));
    assert!(PartId::ALL[1..].iter().all(|part| start.machine.is_wiped(*part)));
}

#[test]
fn the_life_cycle_decides_whether_anything_is_looked_at() {
    for (life_cycle, state) in [
        (LifeCycle::Assembly, State::Unprovisioned),
        (LifeCycle::Provisioning, State::Running),
        (LifeCycle::Secured, State::Running),
        (LifeCycle::DebugAuthorised, State::Running),
        (LifeCycle::Decommissioned, State::Locked),
    ] {
        let mut specimen = Specimen::genuine();
        specimen.life_cycle(life_cycle);
        let start = specimen.start();
        assert_eq!(start.state(), state, "{}", life_cycle.name());
        assert_eq!(start.record.life_cycle, life_cycle as u32);
        if state != State::Running {
            assert_eq!(start.results(), ["not-tried"; 4], "{}", life_cycle.name());
            assert_eq!(start.record.attest_secret, [0; 32]);
        }
    }
}

#[test]
fn a_life_cycle_that_does_not_exist_locks_the_device() {
    for (at, bits) in [(0, 0x80), (4, 0x01), (8, 0xFF)] {
        let mut specimen = Specimen::genuine();
        specimen.burn(at, &[bits]);
        if specimen.fuses[..16] == Specimen::genuine().fuses[..16] {
            continue;
        }
        let start = specimen.start();
        assert_eq!((start.state(), start.record.life_cycle), (State::Locked, u32::MAX), "byte {at}");
    }
    assert_eq!(Specimen::genuine().start().state(), State::Running);
}

#[test]
fn any_bit_of_the_last_step_decommissions_so_that_a_burn_that_was_cut_leaves_nothing_in_between() {
    for bit in 0..32 {
        let mut specimen = Specimen::genuine();
        specimen.burn(12 + bit / 8, &[1 << (bit % 8)]);
        let start = specimen.start();
        let expected = (State::Locked, LifeCycle::Decommissioned as u32);
        assert_eq!((start.state(), start.record.life_cycle), expected, "bit {bit}");
    }
}

#[test]
fn the_newer_version_is_chosen_whichever_slot_holds_it() {
    for (a, b, results, runs) in [
        (1, 2, ["not-tried", "accepted"], 2),
        (2, 1, ["accepted", "not-tried"], 2),
        (1, 1, ["accepted", "not-tried"], 1),
    ] {
        let mut specimen = Specimen::genuine();
        specimen.put(SlotId::PlatformA, &genuine_platform(a));
        specimen.put(SlotId::PlatformB, &genuine_platform(b));
        specimen.put(SlotId::ApplicationA, &genuine_application(a));
        specimen.put(SlotId::ApplicationB, &genuine_application(b));
        let start = specimen.start();
        assert_eq!(start.state(), State::Running);
        assert_eq!(start.results(), [results, results].concat()[..], "{a} and {b}");
        for part in [PartId::Platform, PartId::Application] {
            assert_eq!(start.record.part(part).unwrap().version(), version(runs, 0));
        }
    }
}

#[test]
fn when_the_newer_image_is_damaged_the_older_one_starts_whichever_slot_holds_it() {
    for (damaged, sound) in [
        (SlotId::PlatformA, SlotId::PlatformB),
        (SlotId::PlatformB, SlotId::PlatformA),
        (SlotId::ApplicationA, SlotId::ApplicationB),
        (SlotId::ApplicationB, SlotId::ApplicationA),
    ] {
        let mut specimen = Specimen::genuine();
        let genuine = |major| match damaged.part() {
            PartId::Application => genuine_application(major),
            _ => genuine_platform(major),
        };
        specimen.put(damaged, &genuine(2));
        specimen.put(sound, &genuine(1));
        assert_eq!(specimen.start().record.part(damaged.part()).unwrap().version(), version(2, 0));

        specimen.slot_mut(damaged)[1100] ^= 1;
        let start = specimen.start();
        assert_eq!(start.state(), State::Running);
        assert_eq!((start.result(damaged), start.result(sound)), ("digest-mismatch", "accepted"));
        assert_eq!(start.record.part(damaged.part()).unwrap().version(), version(1, 0));
    }
}

#[test]
fn what_is_left_in_memory_is_the_image_that_was_accepted() {
    let mut specimen = Specimen::genuine();
    // The newer, longer one is refused after it was loaded; nothing of it may stay behind the older one.
    let mut longer = platform(version(2, 0)).sign(&payload(0xEE, 8000), &platform_key()).unwrap();
    longer[1030] ^= 1;
    specimen.put(SlotId::PlatformB, &longer);
    let start = specimen.start();
    assert_eq!(start.results()[..2], ["accepted", "digest-mismatch"]);
    let genuine = genuine_platform(1);
    let memory = cdd_boot::Machine::loaded(&start.machine, PartId::Platform, 32_768);
    assert_eq!(memory[..genuine.len()], genuine[..]);
    assert!(memory[genuine.len()..].iter().all(|byte| *byte == 0));
}
