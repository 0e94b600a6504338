//! The rules of the fuse model.

#![forbid(unsafe_code)]

use cdd_fuses::counter::{Cells, REGION};
use cdd_hal::{CounterError, FuseError, Fuses, MonotonicCounter};
use cdd_virtual::{CounterCells, FuseDevice, FuseFault, StorageCounter};
use proptest::prelude::*;

#[test]
fn bits_are_set_and_stay_set() {
    let mut fuses = FuseDevice::blank();
    fuses.burn(10, &[0x01, 0x80]).unwrap();
    fuses.burn(10, &[0x02, 0x00]).unwrap();
    let mut read = [0; 4];
    fuses.read(9, &mut read).unwrap();
    assert_eq!(read, [0, 0x03, 0x80, 0]);
    assert_eq!(fuses.bytes_burnt(), 3, "a byte that needs no change is not burnt");
}

#[test]
fn a_write_that_would_clear_a_bit_is_refused_as_a_whole() {
    let mut fuses = FuseDevice::blank();
    fuses.write(2, &[0xF0]).unwrap();
    assert_eq!(fuses.write(0, &[1, 1, 0x70, 1]), Err(FuseFault::CannotClear { offset: 2 }));
    assert_eq!(fuses.content()[..4], [0, 0, 0xF0, 0]);
    assert_eq!(fuses.write(0, &[1, 1, 0xF8, 1]), Ok(()));
}

#[test]
fn nothing_lies_beyond_the_end_and_the_counter_there_is_out_of_reach() {
    let mut fuses = FuseDevice::blank();
    let end = cdd_fuses::END;
    assert_eq!(fuses.burn(end - 1, &[1, 1]), Err(FuseError::OutOfRange));
    assert_eq!(fuses.read(end, &mut [0]), Err(FuseError::OutOfRange));
    assert_eq!(fuses.write(end, &[1]), Err(FuseFault::OutOfRange));
    assert_eq!(fuses.burn(u16::MAX, &[0; 9]), Err(FuseError::OutOfRange));
    assert!(fuses.content().iter().all(|byte| *byte == 0));
    assert_eq!(fuses.burn(end - 1, &[1]), Ok(()));
}

#[test]
fn a_cut_leaves_a_subset_of_the_bits_and_no_access_until_power_is_back() {
    let mut torn = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let mut fuses = FuseDevice::blank();
        fuses.cut_after(2, seed);
        assert_eq!(fuses.burn(0, &[0x5A; 4]), Err(FuseError::NoAnswer));
        assert_eq!(fuses.content()[0], 0x5A);
        assert_eq!(fuses.content()[1] & !0x5A, 0);
        assert_eq!(fuses.content()[2..4], [0, 0]);
        torn.insert(fuses.content()[1]);
        assert_eq!(fuses.read(0, &mut [0]), Err(FuseError::NoAnswer));
        assert_eq!(fuses.write(8, &[1]), Err(FuseFault::PowerLost));
        fuses.power_on();
        fuses.burn(0, &[0x5A; 4]).unwrap();
        assert_eq!(fuses.content()[..4], [0x5A; 4]);
    }
    assert!(torn.contains(&0) && torn.contains(&0x5A) && torn.len() > 2, "{torn:?}");
}

#[test]
fn what_is_burnt_is_in_the_file_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fuses.bin");
    std::fs::write(&path, vec![0; cdd_fuses::SIZE]).unwrap();
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut fuses = FuseDevice::on_file(file).unwrap();
    fuses.burn(100, b"burnt").unwrap();
    assert_eq!(&std::fs::read(&path).unwrap()[100..105], b"burnt");
    assert_eq!(std::fs::read(&path).unwrap(), fuses.content());
}

#[test]
fn the_counter_is_kept_in_the_same_file_beside_the_fuses() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fuses.bin");
    std::fs::write(&path, vec![0; cdd_fuses::SIZE]).unwrap();
    let open = || std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut fuses = FuseDevice::on_file(open()).unwrap();
    let mut counter = fuses.counter();
    for number in 1..=20 {
        counter.advance(number).unwrap();
        fuses.burn(0x100, &[number as u8]).unwrap();
    }
    let file = std::fs::read(&path).unwrap();
    assert_eq!(file[0x100], 0x1F);
    assert_eq!(&file[usize::from(REGION.0)..], counter.cells().content());
    assert!(file[0x101..usize::from(REGION.0)].iter().all(|byte| *byte == 0));
    assert_eq!(FuseDevice::on_file(open()).unwrap().counter().read(), Ok(20));
}

#[test]
fn the_counter_is_the_old_or_the_new_number_after_a_cut_at_any_byte_and_works_again_with_power() {
    let mut number = 100;
    let mut counter = StorageCounter::new(CounterCells::blank());
    counter.advance(number).unwrap();
    let mut taken = 0;
    for (at, seed) in (0..=40).flat_map(|at| (0..20).map(move |seed| (at, seed))) {
        counter.cells().cut_after(at, seed);
        let result = counter.advance(number + 7);
        assert_eq!(result.is_ok(), at > 32, "a step writes 32 bytes: zeros, then the number");
        if result.is_err() {
            assert_eq!(counter.read(), Err(CounterError::NoAnswer));
        }
        counter.cells().power_on();
        let found = counter.read().unwrap();
        assert!(found == number || found == number + 7, "{at} {seed}: {found}");
        taken += u32::from(result.is_err() && found != number);
        number = found;
        counter.advance(number + 1).unwrap();
        number += 1;
    }
    assert!(taken > 0, "the last byte was sometimes complete");
}

#[test]
fn nothing_beside_the_counter_is_reached_through_it() {
    let mut cells = CounterCells::blank();
    assert_eq!(cells.write(255, &[1, 1]), Err(CounterError::NoAnswer));
    assert_eq!(cells.write(u16::MAX, &[1]), Err(CounterError::NoAnswer));
    assert_eq!(cells.read(256, &mut [0]), Err(CounterError::NoAnswer));
    assert_eq!((cells.content(), cells.bytes_written()), (&[0; 256][..], 0));
    assert!(!cells.tamper(250, &[1; 7]) && cells.tamper(250, &[1; 6]));
}

proptest! {
    #[test]
    fn the_content_is_the_union_of_all_that_was_burnt(
        burns in prop::collection::vec((0u16..64, prop::collection::vec(any::<u8>(), 0..16)), 0..30),
    ) {
        let mut fuses = FuseDevice::blank();
        let mut union = vec![0u8; cdd_fuses::SIZE];
        for (at, bits) in &burns {
            fuses.burn(*at, bits).unwrap();
            union[usize::from(*at)..].iter_mut().zip(bits).for_each(|(sum, bits)| *sum |= bits);
            prop_assert_eq!(fuses.content(), &union);
        }
    }
}
