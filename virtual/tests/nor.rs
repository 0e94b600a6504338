//! The rules of the flash model, and the model against a trivial one.

#![forbid(unsafe_code)]

use cdd_virtual::{Nor, NorError, Place, Region, SECTOR_BYTES};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use proptest::prelude::*;
use std::fs::{File, OpenOptions};

const SECTOR: u32 = SECTOR_BYTES as u32;

fn flash(sectors: usize) -> Nor {
    Nor::erased(sectors * SECTOR_BYTES)
}

fn read(nor: &mut Nor, offset: u32, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    nor.read(offset, &mut bytes).unwrap();
    bytes
}

#[test]
fn what_was_programmed_is_read_back_until_the_sector_is_erased() {
    let mut nor = flash(2);
    assert_eq!(read(&mut nor, 0, 8), [0xFF; 8]);
    nor.write(4, b"ABCDEFGH").unwrap();
    assert_eq!(read(&mut nor, 3, 10), b"\xFFABCDEFGH\xFF");
    nor.erase(0, SECTOR).unwrap();
    assert_eq!(nor.content(), vec![0xFF; 2 * SECTOR_BYTES]);
}

#[test]
fn programming_clears_bits_and_never_sets_one() {
    let mut nor = flash(1);
    nor.write(0, &[0xF0, 0xFF, 0x0F, 0x00]).unwrap();
    nor.write(0, &[0x30, 0xFE, 0x0F, 0x00]).unwrap();
    assert_eq!(read(&mut nor, 0, 4), [0x30, 0xFE, 0x0F, 0x00]);
    assert_eq!(nor.write(0, &[0x31, 0xFE, 0x0F, 0x00]), Err(NorError::NotErased { offset: 0 }));
    assert_eq!(read(&mut nor, 0, 4), [0x30, 0xFE, 0x0F, 0x00]);
}

#[test]
fn a_write_that_breaks_a_rule_anywhere_changes_nothing_at_all() {
    let mut nor = flash(1);
    nor.write(8, &[0; 4]).unwrap();
    let before = (nor.content().to_vec(), nor.statistics().clone());
    assert_eq!(nor.write(0, &[0x55; 16]), Err(NorError::NotErased { offset: 8 }));
    for (offset, len) in [(1, 4), (0, 3), (2, 4)] {
        assert_eq!(nor.write(offset, &vec![0; len]), Err(NorError::NotAligned));
    }
    for offset in [SECTOR - 4, SECTOR, u32::MAX - 3] {
        assert_eq!(nor.write(offset, &[0; 8]), Err(NorError::OutOfBounds), "{offset:#x}");
    }
    for (from, to, error) in [
        (0, 4, NorError::NotAligned),
        (4, SECTOR, NorError::NotAligned),
        (0, 2 * SECTOR, NorError::OutOfBounds),
        (SECTOR, 0, NorError::OutOfBounds),
    ] {
        assert_eq!(nor.erase(from, to), Err(error), "{from} to {to}");
    }
    assert_eq!(nor.read(SECTOR - 1, &mut [0; 2]), Err(NorError::OutOfBounds));
    assert_eq!((nor.content().to_vec(), nor.statistics().clone()), before);
    assert_eq!(nor.write(0, &[0x55; 8]), Ok(()), "the same bytes where the flash is erased");
}

#[test]
fn operations_are_counted_for_each_word_and_each_sector() {
    let mut nor = flash(4);
    nor.write(0, &[0; 64]).unwrap();
    nor.erase(SECTOR, 3 * SECTOR).unwrap();
    nor.erase(SECTOR, 2 * SECTOR).unwrap();
    assert_eq!(nor.statistics().words_programmed, 16);
    assert_eq!(nor.statistics().erases, [0, 2, 1, 0]);
    assert_eq!((nor.statistics().sectors_erased(), nor.statistics().operations()), (3, 19));
}

#[test]
fn the_power_fails_during_the_nth_word_and_earlier_ones_are_whole_and_later_ones_untouched() {
    for n in 1..=8usize {
        for seed in 0..50 {
            let mut nor = flash(1);
            nor.cut_after(n as u64, seed);
            assert_eq!(nor.write(0, &[0x0F; 32]), Err(NorError::PowerLost));
            assert!(nor.content()[..(n - 1) * 4].iter().all(|byte| *byte == 0x0F));
            // The torn word keeps every bit that was not to be cleared.
            assert!(nor.content()[(n - 1) * 4..n * 4].iter().all(|byte| byte & 0x0F == 0x0F));
            assert!(nor.content()[n * 4..].iter().all(|byte| *byte == 0xFF));
        }
    }
    let mut nor = flash(1);
    nor.cut_after(9, 0);
    assert_eq!(nor.write(0, &[0x0F; 32]), Ok(()), "eight words do not reach the ninth operation");
}

#[test]
fn a_torn_word_may_be_untouched_complete_or_anything_between() {
    let torn = |seed| {
        let mut nor = flash(1);
        nor.cut_after(1, seed);
        assert_eq!(nor.write(0, &[0; 4]), Err(NorError::PowerLost));
        u32::from_le_bytes(nor.content()[..4].try_into().unwrap())
    };
    let words: Vec<u32> = (0..100).map(torn).collect();
    assert!(words.contains(&0) && words.contains(&u32::MAX));
    assert!(words.iter().any(|word| ![0, u32::MAX].contains(word)));
    assert_eq!(torn(7), torn(7), "the seed decides");
}

#[test]
fn a_torn_erase_sets_bits_of_that_sector_only() {
    let (mut untouched, mut complete, mut mixed) = (0, 0, 0);
    for seed in 0..100 {
        let mut nor = flash(3);
        nor.write(0, &[0x55; 3 * SECTOR_BYTES]).unwrap();
        nor.cut_after(2, seed);
        assert_eq!(nor.erase(0, 3 * SECTOR), Err(NorError::PowerLost));
        let [first, torn, last] = nor.content().chunks(SECTOR_BYTES).collect::<Vec<_>>()[..] else {
            panic!()
        };
        assert!(first.iter().all(|byte| *byte == 0xFF));
        assert!(last.iter().all(|byte| *byte == 0x55));
        assert!(torn.iter().all(|byte| byte & 0x55 == 0x55), "an erase clears nothing");
        match () {
            () if torn.iter().all(|byte| *byte == 0x55) => untouched += 1,
            () if torn.iter().all(|byte| *byte == 0xFF) => complete += 1,
            () => mixed += 1,
        }
    }
    assert!(untouched > 0 && complete > 0 && mixed > 0, "{untouched} {complete} {mixed}");
}

#[test]
fn without_power_every_access_fails_and_changes_nothing() {
    let mut nor = flash(1);
    nor.write(0, b"kept").unwrap();
    nor.cut_after(0, 0);
    let before = nor.statistics().clone();
    assert_eq!(nor.read(0, &mut [0; 4]), Err(NorError::PowerLost));
    assert_eq!(nor.write(8, &[0; 4]), Err(NorError::PowerLost));
    assert_eq!(nor.erase(0, SECTOR), Err(NorError::PowerLost));
    assert_eq!(nor.write(8, &[]), Err(NorError::PowerLost));
    assert!(!nor.has_power());
    nor.power_on();
    assert_eq!(read(&mut nor, 0, 4), b"kept");
    assert_eq!(nor.statistics(), &before);
    nor.write(8, &[0; 4]).unwrap();
}

#[test]
fn what_is_written_is_in_the_file_at_once_even_after_a_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flash.bin");
    std::fs::write(&path, vec![0xFF; 2 * SECTOR_BYTES]).unwrap();
    let open = || OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let mut nor = Nor::on_file(open()).unwrap();
    nor.write(0, b"in the file ").unwrap();
    assert_eq!(&std::fs::read(&path).unwrap()[..12], b"in the file ");
    nor.cut_after(2, 3);
    nor.write(SECTOR, &[0; 16]).unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), nor.content());
    nor.power_on();
    nor.cut_after(1, 5);
    nor.erase(0, SECTOR).unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), nor.content());
    let content = nor.content().to_vec();
    drop(nor);
    assert_eq!(Nor::on_file(open()).unwrap().content(), content);

    std::fs::write(&path, vec![0xFF; SECTOR_BYTES + 1]).unwrap();
    Nor::on_file(open()).unwrap_err();
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flash.bin");
    std::fs::write(&path, vec![0xFF; SECTOR_BYTES]).unwrap();
    let mut nor = Nor::on_file(File::open(&path).unwrap()).unwrap();
    assert!(matches!(nor.write(0, &[0; 4]), Err(NorError::File(_))));
}

#[test]
fn a_region_is_a_flash_of_its_own_and_nothing_outside_is_reached() {
    let mut nor = flash(4);
    nor.write(0, &[0; 4 * SECTOR_BYTES]).unwrap();
    let mut region = Region::new(nor, Place { offset: SECTOR, size: 2 * SECTOR }).unwrap();
    assert_eq!(region.capacity(), 2 * SECTOR_BYTES);
    assert_eq!(region.erase(0, 3 * SECTOR), Err(NorError::OutOfBounds));
    assert_eq!(region.erase(0, 2 * SECTOR), Ok(()));
    assert_eq!(region.write(0, b"first word and more "), Ok(()));
    assert_eq!(region.write(2 * SECTOR - 4, b"last"), Ok(()));
    assert_eq!(region.write(2 * SECTOR - 4, b"mast"), Err(NorError::NotErased { offset: 3 * SECTOR - 4 }));
    assert_eq!(region.write(2, b"word"), Err(NorError::NotAligned));
    for offset in [2 * SECTOR - 4, 2 * SECTOR, u32::MAX - 7, u32::MAX - SECTOR + 1] {
        assert_eq!(region.write(offset, &[0; 8]), Err(NorError::OutOfBounds), "{offset:#x}");
        assert_eq!(region.read(offset, &mut [0; 8]), Err(NorError::OutOfBounds), "{offset:#x}");
    }
    let mut read = [0; 10];
    assert_eq!(region.read(1, &mut read), Ok(()));
    assert_eq!(&read, b"irst word ");
    let nor = region.into_whole();
    let (around, inside) = (nor.content(), SECTOR_BYTES..3 * SECTOR_BYTES);
    assert!(around[..inside.start].iter().chain(&around[inside.end..]).all(|byte| *byte == 0));
    assert_eq!(&around[inside.end - 4..inside.end], b"last");
}

#[test]
fn a_region_lies_in_whole_sectors_inside_the_flash() {
    for (offset, size, fits) in [
        (0, 4 * SECTOR, true),
        (3 * SECTOR, SECTOR, true),
        (3 * SECTOR, 2 * SECTOR, false),
        (4, SECTOR, false),
        (0, SECTOR - 4, false),
        (SECTOR, u32::MAX - SECTOR + 1, false),
        (u32::MAX - SECTOR + 1, SECTOR, false),
    ] {
        assert_eq!(Region::new(flash(4), Place { offset, size }).is_some(), fits, "{offset:#x} {size:#x}");
    }
}

#[test]
fn the_power_of_the_whole_flash_fails_in_its_region_too() {
    let mut region = Region::new(flash(4), Place { offset: SECTOR, size: 2 * SECTOR }).unwrap();
    region.whole().cut_after(2, 5);
    assert_eq!(region.write(0, &[0; 16]), Err(NorError::PowerLost));
    assert_eq!(region.read(0, &mut [0; 4]), Err(NorError::PowerLost));
    assert_eq!(region.whole().statistics().words_programmed, 2);
    assert_eq!(region.whole().content()[SECTOR_BYTES..][..4], [0; 4]);
    assert_eq!(region.whole().content()[SECTOR_BYTES + 8..][..4], [0xFF; 4]);
    region.whole().power_on();
    assert_eq!(region.write(0, &[0; 16]), Ok(()));
}

#[derive(Debug, Clone)]
enum Operation {
    Write(u32, Vec<u8>),
    Erase(u32, u32),
    Read(u32, usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    let bytes = prop::collection::vec(prop_oneof![Just(0xFF), Just(0x00), any::<u8>()], 0..24);
    prop_oneof![
        4 => (0u32..3 * SECTOR / 4 + 8, bytes.clone()).prop_map(|(word, mut bytes)| {
            bytes.truncate(bytes.len() / 4 * 4);
            Operation::Write(word * 4, bytes)
        }),
        1 => (0u32..3 * SECTOR + 8, bytes).prop_map(|(offset, bytes)| Operation::Write(offset, bytes)),
        1 => (0u32..5, 0u32..5).prop_map(|(from, to)| Operation::Erase(from * SECTOR, to * SECTOR)),
        1 => (0u32..3 * SECTOR + 8, 0usize..32).prop_map(|(offset, len)| Operation::Read(offset, len)),
    ]
}

/// What a flash is, in as few words as possible: no power, no file, no statistics.
struct Model(Vec<u8>);

impl Model {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> bool {
        let at = offset as usize;
        let Some(old) = self.0.get_mut(at..at + bytes.len()) else { return false };
        if !at.is_multiple_of(4)
            || !bytes.len().is_multiple_of(4)
            || old.iter().zip(bytes).any(|(old, new)| old & new != *new)
        {
            return false;
        }
        old.copy_from_slice(bytes);
        true
    }

    fn erase(&mut self, from: u32, to: u32) -> bool {
        match self.0.get_mut(from as usize..to as usize) {
            Some(range) if from.is_multiple_of(SECTOR) && to.is_multiple_of(SECTOR) => range.fill(0xFF),
            _ => return false,
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_flash_behaves_like_the_trivial_model(operations in prop::collection::vec(operation(), 1..60)) {
        let mut nor = flash(3);
        let mut model = Model(vec![0xFF; 3 * SECTOR_BYTES]);
        for operation in &operations {
            match operation {
                Operation::Write(at, bytes) => prop_assert_eq!(nor.write(*at, bytes).is_ok(), model.write(*at, bytes)),
                Operation::Erase(from, to) => prop_assert_eq!(nor.erase(*from, *to).is_ok(), model.erase(*from, *to)),
                Operation::Read(at, len) => {
                    let mut bytes = vec![0; *len];
                    let expected = model.0.get(*at as usize..*at as usize + len);
                    prop_assert_eq!(nor.read(*at, &mut bytes).is_ok(), expected.is_some());
                    if let Some(expected) = expected {
                        prop_assert_eq!(&bytes, expected);
                    }
                }
            }
            prop_assert_eq!(nor.content(), &model.0);
        }
    }

    /// Cut anywhere: what is there is the state before or after each operation, but for the torn one.
    #[test]
    fn after_a_cut_only_the_torn_operation_is_in_doubt(
        operations in prop::collection::vec(operation(), 1..40),
        cut in 1u64..60,
        seed in any::<u64>(),
    ) {
        let (mut nor, mut whole) = (flash(3), flash(3));
        nor.cut_after(cut, seed);
        for operation in &operations {
            let run = |nor: &mut Nor| match operation {
                Operation::Write(at, bytes) => nor.write(*at, bytes),
                Operation::Erase(from, to) => nor.erase(*from, *to),
                Operation::Read(..) => Ok(()),
            };
            let before = whole.content().to_vec();
            let expected = run(&mut whole);
            if nor.statistics().operations() < cut && whole.statistics().operations() < cut {
                prop_assert_eq!(run(&mut nor), expected);
                prop_assert_eq!(nor.content(), whole.content());
                continue;
            }
            prop_assert_eq!(run(&mut nor), Err(NorError::PowerLost));
            prop_assert_eq!(nor.statistics().operations(), cut);
            for ((torn, before), after) in nor.content().iter().zip(&before).zip(whole.content()) {
                // Each bit is as it was before or as it would have become.
                prop_assert_eq!((torn ^ before) & (torn ^ after), 0);
            }
            return Ok(());
        }
    }
}
