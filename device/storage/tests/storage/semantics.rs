//! What the interface promises, without attacks and cuts.

use crate::harness::{Counter, Device, Op, SECRET, Small, after, content, reading, set};
use crate::nor::Nor;
use cdd_storage::{Error, Info, MAX_RECORD, Memory, Recovery, Scope, Store, WRITE_ONCE};

#[test]
fn what_was_set_is_read_back_in_whole_and_in_part_after_a_remount_too() {
    let (mut device, model) = after(8, &[set(1, 7, 100, 3), set(1, 8, 0, 0), set(2, 7, MAX_RECORD, 9)]);
    let mut store = device.mount().expect("mounts");
    assert_eq!(store.recovery(), Recovery::Clean);
    model.is_in(&mut store).expect("the same");
    let mut out = [0u8; 16];
    assert_eq!(store.get(2, 7, 4090, &mut out), Ok(6));
    assert_eq!(out[..6], content(MAX_RECORD, 9)[4090..]);
    assert_eq!(store.get(2, 7, 1000, &mut out), Ok(16));
    assert_eq!(out[..], content(MAX_RECORD, 9)[1000..1016]);
    assert_eq!(store.get(2, 7, 4096, &mut out), Ok(0));
    assert_eq!(store.get(2, 7, 4097, &mut out), Err(Error::InvalidArgument));
    assert_eq!(store.get_info(2, 7), Ok(Info { length: 4096, flags: 0 }));
    assert_eq!(store.get(3, 7, 0, &mut out), Err(Error::DoesNotExist));
}

#[test]
fn a_mount_after_a_clean_end_writes_nothing() {
    let (mut device, _) = after(8, &[set(1, 1, 50, 1), set(1, 1, 60, 2), Op::Append { seed: 1 }]);
    let before = device.nor.statistics().clone();
    let value = device.counter.value;
    device.mount().expect("mounts");
    assert_eq!((device.nor.statistics(), device.counter.value), (&before, value));
}

#[test]
fn a_write_once_record_is_neither_set_nor_removed_again_but_goes_with_its_owner() {
    let (mut device, _) =
        after(8, &[Op::Set { owner: 1, uid: 1, length: 8, seed: 1, flags: WRITE_ONCE }, set(1, 2, 8, 1)]);
    let mut store = device.mount().expect("mounts");
    assert_eq!(store.set(1, 1, b"other", 0), Err(Error::WriteOnce));
    assert_eq!(store.remove(1, 1), Err(Error::WriteOnce));
    assert_eq!(store.set(1, 2, b"other", 0), Ok(()));
    assert_eq!(store.remove(1, 2), Ok(()));
    assert_eq!(store.get_info(1, 1).map(|info| info.flags), Ok(WRITE_ONCE));
    assert_eq!(store.erase_all(Scope::Owner(1)), Ok(()));
    assert_eq!(store.get_info(1, 1), Err(Error::DoesNotExist));
}

#[test]
fn what_cannot_be_stored_is_refused_with_its_reason() {
    let mut device = Device::formatted(8);
    let mut store = device.mount().expect("mounts");
    assert_eq!(store.set(1, 0, b"x", 0), Err(Error::InvalidArgument));
    assert_eq!(store.set(1, 1, &[0; MAX_RECORD + 1], 0), Err(Error::InvalidArgument));
    assert_eq!(store.set(1, 1, b"x", 8), Err(Error::NotSupported));
    assert_eq!(store.set(1, 1, &[0; MAX_RECORD], 0), Ok(()));
    assert_eq!(store.set(1, 2, &[0; MAX_RECORD], 0), Err(Error::InsufficientStorage));
    (2..25).for_each(|uid| assert_eq!(store.set(1, uid, b"x", 0), Ok(())));
    assert_eq!(store.set(1, 25, b"x", 0), Err(Error::InsufficientStorage));
    assert_eq!(store.set(1, 24, b"y", 0), Ok(()));
    assert_eq!(store.remove(1, 99), Err(Error::DoesNotExist));
}

#[test]
fn readings_have_consecutive_indices_over_trims_and_remounts() {
    let mut device = Device::formatted(8);
    for seed in 0..100u8 {
        let mut store = device.mount().expect("mounts");
        if store.readings().len() == 32 {
            assert_eq!(store.append(&reading(seed)), Err(Error::InsufficientStorage));
            store.trim(store.readings().start + 5).expect("trims");
        }
        assert_eq!(store.append(&reading(seed)), Ok(u32::from(seed)));
    }
    let mut store = device.mount().expect("mounts");
    let first = store.readings().start;
    assert_eq!(store.read(first - 1), Err(Error::ReadingTrimmed { first }));
    assert_eq!(store.read(100), Err(Error::DoesNotExist));
    let mut seen = Vec::new();
    store.range(first - 1..101, |index, reading| seen.push((index, reading)));
    assert_eq!(seen.len() as u32, 102 - first);
    for (index, found) in &seen[1..seen.len() - 1] {
        assert_eq!(*found, Ok(reading(*index as u8)));
    }
    store.erase_all(Scope::Readings).expect("erases");
    drop(store);
    assert_eq!(device.mount().expect("mounts").append(&reading(1)), Ok(100));
}

#[test]
fn a_flash_that_was_never_formatted_is_told_apart_and_one_too_small_is_refused() {
    let mut counter = Counter::default();
    let mut nor = Nor::erased(8 * 4096);
    assert_eq!(
        Small::mount(&mut nor, &mut counter, Box::default(), &SECRET).err(),
        Some(Error::NotFormatted)
    );
    assert!(Small::format(&mut nor, &mut counter, Box::default(), &SECRET).is_ok());
    assert!(Small::mount(&mut nor, &mut counter, Box::default(), &SECRET).is_ok());
    let mut small = Nor::erased(7 * 4096);
    assert_eq!(
        Small::format(&mut small, &mut Counter::default(), Box::default(), &SECRET).err(),
        Some(Error::Geometry)
    );
}

#[test]
fn everything_can_be_erased_before_mounting_whatever_the_flash_holds() {
    let garbage: Vec<u8> = (0..8 * 4096usize).map(|at| (at * at / 8) as u8).collect();
    for value in [0, 1, 5 << 24, (5 << 24) | 0xFF_FFFF] {
        let mut nor = Nor::with_content(garbage.clone());
        let mut counter = Counter { value, ..Counter::default() };
        let mut store = Small::new(&mut nor, &mut counter, Box::default(), &SECRET).expect("made");
        assert_eq!(store.set(1, 1, b"x", 0), Err(Error::NeedsMount));
        assert_eq!(store.erase_all(Scope::Everything), Ok(()));
        assert_eq!(store.set(1, 1, b"x", 0), Ok(()));
        assert_eq!(store.audit(), Ok(()));
        assert_eq!(store.remount(), Ok(Recovery::Clean));
        assert_eq!(store.records(), 1);
    }
}

#[test]
fn an_empty_record_is_a_record() {
    let (mut device, _) = after(8, &[set(1, 1, 0, 0), set(1, 2, 9, 9), set(1, 2, 0, 0)]);
    let mut store = device.mount().expect("mounts");
    for uid in [1, 2] {
        assert_eq!(store.get_info(1, uid), Ok(Info { length: 0, flags: 0 }));
        assert_eq!(store.get(1, uid, 0, &mut [0; 4]), Ok(0));
        assert_eq!(store.get(1, uid, 1, &mut [0; 4]), Err(Error::InvalidArgument));
    }
    assert_eq!(store.remove(1, 1), Ok(()));
    assert_eq!(store.get_info(1, 1), Err(Error::DoesNotExist));
}

#[test]
fn an_owner_is_told_all_of_his_uids_and_nobody_elses() {
    let ops = [set(2, 9, 1, 1), set(1, 7, 1, 1), set(2, 1 << 40, 0, 1), set(3, 9, 1, 1), set(2, 3, 1, 1)];
    let (mut device, _) = after(8, &ops);
    let mut store = device.mount().expect("mounts");
    assert!(store.uids(2).eq([3, 9, 1 << 40]));
    assert_eq!([0, 1, 2, 3, 4].map(|owner| store.uids(owner).len()), [0, 1, 3, 1, 0]);
    store.remove(2, 9).expect("removes");
    assert!(store.uids(2).eq([3, 1 << 40]));
}

#[test]
fn erasing_everything_leaves_an_empty_store_that_works() {
    let (mut device, _) =
        after(8, &[set(1, 1, 50, 1), Op::Append { seed: 1 }, Op::EraseEverything, set(1, 1, 9, 9)]);
    let mut store = device.mount().expect("mounts");
    assert_eq!((store.records(), store.readings()), (1, 0..0));
    assert_eq!(store.audit(), Ok(()));
}

#[test]
fn an_index_that_is_too_small_for_the_flash_is_refused_not_cut_short() {
    let ops: Vec<Op> = (1..=20).map(|uid| set(1, uid, 8, 1)).collect();
    let (mut device, _) = after(8, &ops);
    let mounted =
        Store::mount(&mut device.nor, &mut device.counter, Box::new(Memory::<19, 4>::new()), &SECRET);
    assert_eq!(mounted.err(), Some(Error::IndexTooSmall));
    assert!(
        Store::mount(&mut device.nor, &mut device.counter, Box::new(Memory::<20, 4>::new()), &SECRET).is_ok()
    );
}

#[test]
fn every_error_has_its_own_number_of_this_service() {
    let at = 0;
    let (found, expected) = (0, 0);
    let all = [
        Error::DoesNotExist,
        Error::WriteOnce,
        Error::InsufficientStorage,
        Error::InvalidArgument,
        Error::NotSupported,
        Error::ReadingTrimmed { first: 0 },
        Error::Flash,
        Error::Counter,
        Error::NeedsMount,
        Error::Geometry,
        Error::CounterExhausted,
        Error::IndexTooSmall,
        Error::NotFormatted,
        Error::Foreign,
        Error::Rollback { found, expected },
        Error::Ahead { found, expected },
        Error::Corrupt { at },
        Error::SectorMissing { at },
        Error::Tampered { owner: 0, uid: 0 },
        Error::ReadingGap { index: 0 },
        Error::ReadingTampered { index: 0 },
    ];
    let mut codes: Vec<u16> = all.iter().map(|error| error.code()).collect();
    assert!(codes.iter().all(|code| code >> 8 == 4));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn a_store_can_be_mounted_in_place_and_again_after_a_failure_and_not_used_in_between() {
    let (mut device, model) = after(8, &[set(1, 1, 50, 1), Op::Append { seed: 1 }]);
    device.nor.cut_after(3, 1);
    let mut store = Small::new(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("made");
    assert_eq!(store.get_info(1, 1), Err(Error::NeedsMount));
    assert_eq!(store.remount(), Ok(Recovery::Clean));
    assert_eq!(store.set(1, 1, b"cut", 0), Err(Error::Flash));
    assert_eq!(store.get_info(1, 1), Err(Error::NeedsMount));
    assert_eq!(store.remount(), Err(Error::Flash));
    assert_eq!(store.get_info(1, 1), Err(Error::NeedsMount));
    drop(store);
    device.power_on();
    let mut store = Small::new(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("made");
    assert_eq!(store.remount(), Ok(Recovery::Discarded));
    model.is_in(&mut store).expect("as before");
    assert_eq!(store.remount(), Ok(Recovery::Clean));
    model.is_in(&mut store).expect("mounted twice is the same");
}
