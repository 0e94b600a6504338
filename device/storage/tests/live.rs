//! Somebody changes the flash while the store is mounted.

#![forbid(unsafe_code)]

use cdd_hal::{CounterError, MonotonicCounter};
use cdd_storage::{Error, Memory, Reading, Scope, Store};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};
use std::cell::RefCell;
use std::rc::Rc;

/// A flash that the store and the attacker both have in hand.
#[derive(Clone)]
struct Chip(Rc<RefCell<Vec<u8>>>);

impl ErrorType for Chip {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 1;
    fn read(&mut self, at: u32, out: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        out.copy_from_slice(&self.0.borrow()[at as usize..at as usize + out.len()]);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.0.borrow().len()
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;
    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0.borrow_mut()[from as usize..to as usize].fill(0xFF);
        Ok(())
    }
    fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.0.borrow_mut()[at as usize..].iter_mut().zip(bytes).for_each(|(old, new)| *old &= new);
        Ok(())
    }
}

impl MultiwriteNorFlash for Chip {}

#[derive(Default)]
struct Number(u64);

impl MonotonicCounter for Number {
    fn read(&mut self) -> Result<u64, CounterError> {
        Ok(self.0)
    }
    fn advance(&mut self, to: u64) -> Result<(), CounterError> {
        self.0 = to;
        Ok(())
    }
}

fn reading(value: i32) -> Reading {
    Reading { time: 1, value, unit: 2, device: 3 }
}

/// Where the first entry of the first sector lies, with a reading in it: header, content, trailer.
const ENTRY: std::ops::Range<usize> = 64..64 + 28 + 24 + 32;

type Mounted<'c> = Store<Chip, &'c mut Number, Box<Memory<24, 32>>>;

/// A store with one reading of 222 after an erasure, in whose place the reading of 111 from before it was put: under the
/// same index and the same key.
fn replayed<'c>(chip: &Chip, counter: &'c mut Number) -> Mounted<'c> {
    let mut store = Store::format(chip.clone(), counter, Box::<Memory<24, 32>>::default(), &[7; 32]).unwrap();
    store.append(&reading(111)).unwrap();
    let old = chip.0.borrow()[ENTRY].to_vec();
    store.erase_all(Scope::Everything).unwrap();
    store.append(&reading(222)).unwrap();
    assert_eq!(store.read(0), Ok(reading(222)), "the control");
    chip.0.borrow_mut()[ENTRY].copy_from_slice(&old);
    store
}

#[test]
fn a_reading_of_before_an_erasure_is_refused() {
    let chip = Chip(Rc::new(RefCell::new(vec![0xFF; 16 * 4096])));
    let mut counter = Number::default();
    let mut store = replayed(&chip, &mut counter);
    assert_eq!(store.read(0), Err(Error::ReadingTampered { index: 0 }));
}

#[test]
fn and_reclaiming_does_not_seal_it_anew() {
    let chip = Chip(Rc::new(RefCell::new(vec![0xFF; 16 * 4096])));
    let mut counter = Number::default();
    let mut store = replayed(&chip, &mut counter);
    // The log moves on until the sector of the reading would have to be given up.
    let refused = (0..200).find_map(|n: u8| store.set(1, 1, &[n; 3000], 0).err());
    assert_eq!(refused, Some(Error::ReadingTampered { index: 0 }));
    drop(store);
    let found = match Store::mount(chip, &mut counter, Box::<Memory<24, 32>>::default(), &[7; 32]) {
        Ok(mut store) => store.read(0),
        Err(error) => Err(error),
    };
    assert_ne!(found, Ok(reading(111)));
}
