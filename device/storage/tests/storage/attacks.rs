//! Somebody changes the flash between two starts. Every refusal has the unchanged flash beside it.

use crate::harness::{Device, Model, Op, SECTOR, Small, after, content, reading, set};
use cdd_storage::{Error, Recovery};

pub(crate) const HEADER: usize = 28;
pub(crate) const TRAILER: usize = 32;
/// Where the entry after these contents starts in a sector.
pub(crate) fn place(contents: &[usize]) -> usize {
    64 + contents.iter().map(|length| HEADER + length.next_multiple_of(4) + TRAILER).sum::<usize>()
}

fn five() -> (Device, Model) {
    after(
        8,
        &[set(1, 1, 40, 1), set(1, 2, 40, 2), Op::Append { seed: 1 }, set(1, 3, 40, 3), set(1, 4, 40, 4)],
    )
}

fn mount_error(device: &mut Device) -> Option<Error> {
    let before = device.nor.content().to_vec();
    let value = device.counter.value;
    let error = device.mount().err();
    if error.is_some() {
        assert_eq!((device.nor.content(), device.counter.value), (&before[..], value), "repaired");
    }
    error
}

#[test]
pub(crate) fn a_changed_record_is_reported_when_it_is_read_and_the_others_are_not_harmed() {
    let (mut device, _) = five();
    let at = place(&[40]) + HEADER + 5;
    let byte = device.nor.content()[at];
    device.nor.tamper(at, &[byte ^ 1]).expect("tampers");
    let mut store = device.mount().expect("contents are verified when read");
    let mut out = [0u8; 40];
    assert_eq!(store.get(1, 2, 0, &mut out), Err(Error::Tampered { owner: 1, uid: 2 }));
    assert_eq!(out, [0; 40], "nothing of it comes out");
    assert_eq!(store.audit(), Err(Error::Tampered { owner: 1, uid: 2 }));
    assert_eq!(store.get(1, 3, 0, &mut out), Ok(40));
    assert_eq!(store.remove(1, 2), Ok(()));
    assert_eq!(store.audit(), Ok(()));
    drop(store);
    let at = place(&[40, 40]) + HEADER;
    device.nor.tamper(at, &[0]).expect("tampers");
    let mut store = device.mount().expect("mounts");
    assert_eq!(store.read(0), Err(Error::ReadingTampered { index: 0 }));
    assert_eq!(store.append(&reading(2)), Ok(1));
}

#[test]
fn two_records_that_changed_places_are_reported() {
    let (mut device, _) = five();
    assert_eq!(mount_error(&mut device), None);
    let (a, b, size) = (place(&[]), place(&[40]), HEADER + 40 + TRAILER);
    let (first, second) =
        (device.nor.content()[a..a + size].to_vec(), device.nor.content()[b..b + size].to_vec());
    device.nor.tamper(a, &second).expect("tampers");
    device.nor.tamper(b, &first).expect("tampers");
    assert_eq!(mount_error(&mut device), Some(Error::Corrupt { at: a as u32 }));
}

#[test]
fn an_older_version_in_the_place_of_the_newer_is_reported() {
    let (mut old, _) = after(8, &[set(1, 1, 40, 1)]);
    let entry = old.nor.content()[place(&[])..place(&[40])].to_vec();
    let mut device = old.clone();
    device.mount().expect("mounts").set(1, 1, &content(40, 2), 0).expect("sets");
    assert_eq!(mount_error(&mut device), None);
    device.nor.tamper(place(&[40]), &entry).expect("tampers");
    // At the end of the log: the newest operation is not there any more.
    assert_eq!(mount_error(&mut device), Some(Error::Corrupt { at: place(&[40]) as u32 }));
    assert_eq!(mount_error(&mut old), None);
}

#[test]
fn a_deleted_record_is_reported_in_the_middle_and_at_the_end() {
    let (device, _) = five();
    for fill in [0x00, 0xFF] {
        let mut middle = device.clone();
        assert_eq!(mount_error(&mut middle), None);
        middle.nor.tamper(place(&[40]), &[fill; HEADER + 40 + TRAILER]).expect("tampers");
        let at = if fill == 0 { place(&[40, 40]) } else { place(&[40]) } as u32;
        assert_eq!(mount_error(&mut middle), Some(Error::Corrupt { at }));
        let mut end = device.clone();
        end.nor.tamper(place(&[40, 40, 24, 40]), &[fill; HEADER + 40 + TRAILER]).expect("tampers");
        assert_eq!(mount_error(&mut end), Some(Error::Rollback { found: 5, expected: 6 }));
    }
}

#[test]
pub(crate) fn an_older_copy_of_the_whole_flash_is_refused() {
    let (old, _) = five();
    let mut new = old.clone();
    new.mount().expect("mounts").set(1, 1, b"newer", 0).expect("sets");
    assert_eq!(mount_error(&mut new), None);
    let mut back = new.with_flash_of(&old);
    assert_eq!(mount_error(&mut back), Some(Error::Rollback { found: 6, expected: 7 }));
    let mut much_older = new.with_flash_of(&after(8, &[]).0);
    assert_eq!(mount_error(&mut much_older), Some(Error::Rollback { found: 1, expected: 7 }));
    let mut newer = old.with_flash_of(&new);
    assert_eq!(mount_error(&mut newer), Some(Error::Ahead { found: 7, expected: 6 }));
    let mut blank =
        new.with_flash_of(&Device { nor: crate::nor::Nor::erased(8 * SECTOR), counter: old.counter.clone() });
    assert_eq!(mount_error(&mut blank), Some(Error::Rollback { found: 0, expected: 7 }));
}

#[test]
fn the_flash_of_another_device_is_named_as_such() {
    let (mut device, _) = five();
    let other = [0x5F; 32];
    assert_eq!(
        Small::mount(&mut device.nor, &mut device.counter, Box::default(), &other).err(),
        Some(Error::Foreign)
    );
    assert_eq!(mount_error(&mut device), None);
}

#[test]
fn a_lost_sector_at_the_beginning_or_in_the_middle_of_the_log_is_reported() {
    let ops: Vec<Op> = (1..=20).map(|uid| set(1, uid, 300, uid as u8)).collect();
    let (device, _) = after(12, &ops);
    assert_eq!(mount_error(&mut device.clone()), None);
    let mut lost = device.clone();
    lost.nor.tamper(0, &[0xFF; SECTOR]).expect("tampers");
    assert_eq!(mount_error(&mut lost), Some(Error::SectorMissing { at: 0 }));
    let mut changed = device.clone();
    changed.nor.tamper(SECTOR + 40, &[0]).expect("tampers");
    assert_eq!(mount_error(&mut changed), Some(Error::Corrupt { at: SECTOR as u32 }));
    let mut swapped = device.clone();
    let (a, b) = (device.nor.content()[..SECTOR].to_vec(), device.nor.content()[SECTOR..2 * SECTOR].to_vec());
    swapped.nor.tamper(0, &b).expect("tampers");
    swapped.nor.tamper(SECTOR, &a).expect("tampers");
    assert!(matches!(mount_error(&mut swapped), Some(Error::Corrupt { .. })));
}

#[test]
fn a_sector_that_was_reclaimed_does_not_come_back() {
    let (mut device, _) = after(8, &[set(1, 1, 40, 1)]);
    let sector = device.nor.content()[..SECTOR].to_vec();
    for seed in 0.. {
        device.mount().expect("mounts").set(2, 1, &content(400, seed), 0).expect("sets");
        if device.nor.content()[..SECTOR].iter().all(|byte| *byte == 0xFF) {
            break;
        }
    }
    assert_eq!(mount_error(&mut device), None);
    device.nor.tamper(0, &sector).expect("tampers");
    assert!(mount_error(&mut device).is_some_and(Error::is_verification_failure));
}

#[test]
fn a_discarded_operation_cannot_be_brought_back_later() {
    // The power fails between the last word and the counter; the attacker keeps that flash, and gives the
    // device the one from before, so that the operation is discarded.
    let (before, _) = five();
    let mut cut = before.clone();
    cut.counter.cut = Some((2, false));
    assert_eq!(cut.mount().expect("mounts").set(1, 1, b"kept by the attacker", 0), Err(Error::Counter));
    cut.power_on();
    assert_eq!(cut.clone().mount().expect("mounts").recovery(), Recovery::Completed);
    let mut device = cut.with_flash_of(&before);
    assert_eq!(device.mount().expect("old or new").recovery(), Recovery::Discarded);
    let mut forked = device.with_flash_of(&cut);
    assert_eq!(mount_error(&mut forked), Some(Error::Ahead { found: 7, expected: 6 }));
    device.mount().expect("mounts").set(1, 1, b"the real one", 0).expect("sets");
    let mut forked = device.with_flash_of(&cut);
    assert_eq!(mount_error(&mut forked), Some(Error::Rollback { found: 7, expected: 8 }));
}

#[test]
fn every_flipped_bit_of_the_log_is_reported_with_the_right_error() {
    let (device, model) = after(
        8,
        &[
            set(1, 1, 13, 1),
            Op::Append { seed: 1 },
            set(1, 1, 21, 2),
            Op::Remove { owner: 1, uid: 1 },
            set(2, 9, 30, 5),
        ],
    );
    model.is_in(&mut device.clone().mount().expect("mounts")).expect("unchanged it is whole");
    let end = place(&[13, 24, 21, 0, 30]);
    let mut reported = std::collections::BTreeMap::new();
    for at in 0..end + 16 {
        for bit in [1u8, 0x10, 0x80] {
            let mut changed = device.clone();
            changed.nor.tamper(at, &[device.nor.content()[at] ^ bit]).expect("tampers");
            let error = match changed.mount() {
                Err(error) => error,
                Ok(mut store) => store.audit().expect_err("reported"),
            };
            let live = |from: usize, length: usize| (from + HEADER..from + HEADER + length).contains(&at);
            let expected = if live(place(&[13]), 24) {
                error == Error::ReadingTampered { index: 0 }
            } else if live(place(&[13, 24, 21, 0]), 32) {
                error == Error::Tampered { owner: 2, uid: 9 }
            } else if (4..8).contains(&at) {
                error == Error::Foreign
            } else {
                matches!(error, Error::Corrupt { .. })
            };
            assert!(expected, "byte {at}: {error:?}");
            *reported.entry(error.code()).or_insert(0) += 1;
        }
    }
    println!("{} flips reported: {reported:x?}", 3 * (end + 16));
}

#[test]
pub(crate) fn a_discarded_attempt_and_the_next_one_never_share_a_key_stream() {
    let (before, _) = five();
    let at = place(&[40, 40, 24, 40, 40]) + HEADER;
    let (mine, other) = (content(64, 77), content(64, 78));
    let mut device = before.clone();
    // The header (7 words) and the content (16) get through, the tag does not.
    device.nor.cut_after(7 + 16 + 1, 1);
    assert_eq!(device.mount().expect("mounts").set(5, 5, &mine, 0), Err(Error::Flash));
    device.power_on();
    let torn = device.nor.content()[at..at + 64].to_vec();
    let mut store = device.mount().expect("mounts");
    assert_eq!(store.recovery(), Recovery::Discarded);
    store.set(5, 5, &other, 0).expect("sets");
    drop(store);
    let difference: Vec<u8> = mine.iter().zip(&other).map(|(a, b)| a ^ b).collect();
    let leaks = device
        .nor
        .content()
        .windows(64)
        .any(|window| window.iter().zip(&torn).map(|(a, b)| a ^ b).eq(difference.iter().copied()));
    assert!(!leaks, "two contents under one key stream");
}
