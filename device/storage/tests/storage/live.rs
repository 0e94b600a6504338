//! Somebody changes the flash while the store is mounted.

use crate::attacks::{HEADER, TRAILER, place};
use crate::harness::{Counter, SECRET, SECTOR, content, reading};
use crate::nor::{Nor, NorError};
use cdd_storage::{Error, Memory, Scope, Store};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use std::cell::RefCell;

/// A flash that the store and the attacker both have in hand.
struct Shared<'a>(&'a RefCell<Nor>);

impl ErrorType for Shared<'_> {
    type Error = NorError;
}
impl ReadNorFlash for Shared<'_> {
    const READ_SIZE: usize = 1;
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.0.borrow_mut().read(offset, bytes)
    }
    fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }
}
impl NorFlash for Shared<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;
    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        self.0.borrow_mut().erase(from, to)
    }
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        self.0.borrow_mut().write(offset, bytes)
    }
}
impl MultiwriteNorFlash for Shared<'_> {}

type Mounted<'a> = Store<Shared<'a>, &'a mut Counter, Box<Memory<24, 32>>>;

fn formatted<'a>(flash: &'a RefCell<Nor>, counter: &'a mut Counter) -> Mounted<'a> {
    Store::format(Shared(flash), counter, Box::default(), &SECRET).expect("formats")
}

fn erased() -> RefCell<Nor> {
    RefCell::new(Nor::erased(16 * SECTOR))
}

/// The first entry of the first sector, with a content of so many bytes.
fn first_entry(flash: &RefCell<Nor>, length: usize) -> Vec<u8> {
    flash.borrow().content()[place(&[])..place(&[]) + HEADER + length + TRAILER].to_vec()
}

#[test]
fn an_older_version_of_a_record_is_reported() {
    let (flash, mut counter) = (erased(), Counter::default());
    let mut store = formatted(&flash, &mut counter);
    store.set(1, 1, &content(40, 1), 0).expect("sets");
    let old = first_entry(&flash, 40);
    store.set(1, 1, &content(40, 2), 0).expect("sets");
    let mut out = [0; 40];
    assert_eq!(store.get(1, 1, 0, &mut out), Ok(40), "the control");
    flash.borrow_mut().tamper(place(&[40]), &old).expect("tampers");
    assert_eq!(store.get(1, 1, 0, &mut out), Err(Error::Tampered { owner: 1, uid: 1 }));
}

/// A store with a reading after an erasure, in whose place the one from before it was put: under the same index and
/// the same key.
fn replayed<'a>(flash: &'a RefCell<Nor>, counter: &'a mut Counter) -> Mounted<'a> {
    let mut store = formatted(flash, counter);
    store.append(&reading(1)).expect("appends");
    let old = first_entry(flash, 24);
    store.erase_all(Scope::Everything).expect("erases");
    store.append(&reading(2)).expect("appends");
    assert_eq!(store.read(0), Ok(reading(2)), "the control");
    flash.borrow_mut().tamper(place(&[]), &old).expect("tampers");
    store
}

#[test]
fn a_reading_of_before_an_erasure_is_refused() {
    let (flash, mut counter) = (erased(), Counter::default());
    let mut store = replayed(&flash, &mut counter);
    assert_eq!(store.read(0), Err(Error::ReadingTampered { index: 0 }));
}

#[test]
fn and_reclaiming_does_not_seal_it_anew() {
    let (flash, mut counter) = (erased(), Counter::default());
    let mut store = replayed(&flash, &mut counter);
    // The log moves on until the sector of the reading would have to be given up.
    let refused = (0..200).find_map(|seed| store.set(1, 1, &content(3000, seed), 0).err());
    assert_eq!(refused, Some(Error::ReadingTampered { index: 0 }));
    drop(store);
    let found = match Mounted::mount(Shared(&flash), &mut counter, Box::default(), &SECRET) {
        Ok(mut store) => store.read(0),
        Err(error) => Err(error),
    };
    assert_ne!(found, Ok(reading(1)));
}
