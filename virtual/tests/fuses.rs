//! The rules of the fuse model.

#![forbid(unsafe_code)]

use cdd_hal::{FuseError, Fuses};
use cdd_virtual::{FuseDevice, FuseFault};
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
fn nothing_lies_beyond_the_end() {
    let mut fuses = FuseDevice::blank();
    let end = cdd_fuses::SIZE as u16;
    assert_eq!(fuses.burn(end - 1, &[1, 1]), Err(FuseError::OutOfRange));
    assert_eq!(fuses.read(end, &mut [0]), Err(FuseError::OutOfRange));
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
