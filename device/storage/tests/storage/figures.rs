//! Sizes, bounds and costs, printed (`--nocapture`) and held to.

use crate::harness::{Counter, Device, SECRET, content, reading};
use crate::nor::{Nor, NorError};
use cdd_storage::{Error, MAX_RECORD, Memory, Store};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};

/// A flash that counts reads.
struct Counting<'a> {
    nor: &'a mut Nor,
    reads: u64,
    bytes: u64,
}

impl ErrorType for Counting<'_> {
    type Error = NorError;
}
impl ReadNorFlash for Counting<'_> {
    const READ_SIZE: usize = 1;
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorError> {
        self.reads += 1;
        self.bytes += bytes.len() as u64;
        self.nor.read(offset, bytes)
    }
    fn capacity(&self) -> usize {
        self.nor.capacity()
    }
}
impl NorFlash for Counting<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 4096;
    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorError> {
        self.nor.erase(from, to)
    }
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorError> {
        self.nor.write(offset, bytes)
    }
}
impl MultiwriteNorFlash for Counting<'_> {}

type Big<'a> = Store<&'a mut Nor, &'a mut Counter, Box<Memory<1024, 1024>>>;
const SECTORS: usize = 64;

fn fresh() -> Device {
    let mut device = Device { nor: Nor::erased(SECTORS * 4096), counter: Counter::default() };
    drop(Big::format(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("formats"));
    device
}

#[test]
fn a_thousand_records_are_kept_and_mounting_reads_no_more_than_stated() {
    for count in [10u64, 100, 1000] {
        let mut device = fresh();
        let mut store =
            Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
        (1..=count).for_each(|uid| store.set(1, uid, &content(64, uid as u8), 0).expect("sets"));
        drop(store);
        let mut counting = Counting { nor: &mut device.nor, reads: 0, bytes: 0 };
        let memory = Box::new(Memory::<1024, 8>::new());
        let start = std::time::Instant::now();
        drop(Store::mount(&mut counting, &mut device.counter, memory, &SECRET).expect("mounts"));
        let took = start.elapsed();
        let Counting { reads, bytes, .. } = counting;
        let mut store =
            Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
        let mut out = [0u8; 64];
        for uid in 1..=count {
            assert_eq!(store.get(1, uid, 0, &mut out), Ok(64));
            assert_eq!(out[..], content(64, uid as u8)[..]);
        }
        println!("mount with {count} records of 64 bytes: {reads} reads, {bytes} bytes, {took:?} here");
        assert!(reads < 2 * count + 64 * 4 + 200, "{reads}");
    }
}

#[test]
fn the_index_takes_the_memory_stated_and_the_store_beside_it_is_small_enough_to_move() {
    let memory = size_of::<Memory<1024, 2048>>();
    println!(
        "memory for 1024 records and 2048 readings: {memory} bytes; 24 a record, 8 a reading, 4 KiB buffer"
    );
    assert!(memory <= 1024 * 24 + 2048 * 8 + MAX_RECORD + 64, "{memory}");
    let store = size_of::<Store<(), (), &mut Memory<1024, 2048>>>();
    println!("the store beside it: {store} bytes, flash and counter not counted");
    assert!(store <= 256, "{store}");
}

/// What one scenario cost.
fn amplification(name: &str, length: usize, keys: u64, sets: u64) -> f64 {
    let mut device = fresh();
    let mut store =
        Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
    for turn in 0..sets {
        store.set(1, 1 + turn % keys, &content(length, turn as u8), 0).expect("sets");
    }
    let work = store.work();
    drop(store);
    let words = device.nor.statistics().words_programmed as f64 / sets as f64;
    let payload = (length as f64 / 4.0).ceil();
    // A plain log: two words of header, the payload, one word that commits it.
    let plain = payload + 3.0;
    println!(
        "{name}: {words:.1} words a set, {:.2} a payload word, {:.2} x plain; {} reclaimed (at most {} in a call), {} moved, {:.2} counter steps a set",
        words / payload,
        words / plain,
        work.reclaimed,
        work.most_reclaimed_at_once,
        work.moved,
        f64::from(work.counter_steps) / sets as f64,
    );
    assert!(work.most_reclaimed_at_once <= 16, "the bound of the crate's documentation");
    words / payload
}

#[test]
fn write_amplification_stays_within_its_budget() {
    assert!(amplification("16 bytes, 10 keys", 16, 10, 3000) < 6.5);
    assert!(amplification("64 bytes, 10 keys", 64, 10, 3000) < 3.2);
    assert!(amplification("64 bytes, 1000 keys", 64, 1000, 4000) < 6.0);
    assert!(amplification("1024 bytes, 20 keys", 1024, 20, 500) < 2.3);
    assert!(amplification("4096 bytes, 10 keys", MAX_RECORD, 10, 200) < 2.3);
}

#[test]
fn mounting_walks_no_more_than_stated_however_large_the_ring_and_however_much_was_written() {
    let mut device = Device { nor: Nor::erased(1536 * 4096), counter: Counter::default() };
    let mut store =
        Big::format(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("formats");
    (1..=200).for_each(|uid| store.set(1, uid, &content(200, 1), 0).expect("cold"));
    for turn in 0..12_000u64 {
        store.set(2, 1 + turn % 10, &content(64, turn as u8), 0).expect("hot");
    }
    let work = store.work();
    drop(store);
    let words = device.nor.statistics().words_programmed;
    let mut counting = Counting { nor: &mut device.nor, reads: 0, bytes: 0 };
    let memory = Box::new(Memory::<1024, 8>::new());
    drop(Store::mount(&mut counting, &mut device.counter, memory, &SECRET).expect("mounts"));
    let live = (200 * (200 + 60) + 10 * (64 + 60)) / 4032 + 1;
    let walked = 2 * live + 16 + 2;
    println!(
        "1536 sectors, {live} live: mounting reads {} bytes; {} moved, {words} words for 12,200 sets",
        counting.bytes, work.moved
    );
    // The tail's header, the headers of all, and each sector of the log twice over: the head to find the tail.
    assert!(counting.bytes <= 1536 * 64 + (walked + 1) * 4096, "{}", counting.bytes);
    assert!(f64::from(work.moved) < 0.35 * 12_000.0, "{work:?}");
}

#[test]
fn wear_is_spread_evenly_over_the_ring() {
    let mut device = fresh();
    let mut store =
        Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
    (1..=200).for_each(|uid| store.set(1, uid, &content(200, 1), 0).expect("cold"));
    for turn in 0..6000u32 {
        store.set(2, 1, &content(120, turn as u8), 0).expect("hot");
    }
    drop(store);
    // One erase of each is the formatting.
    let erases = device.nor.statistics().erases.clone();
    let (least, most) = (erases.iter().min().copied(), erases.iter().max().copied());
    println!(
        "erases of {SECTORS} sectors after 6000 sets of one record beside 200 cold ones: {least:?} to {most:?}"
    );
    assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1, "{erases:?}");
}

#[test]
fn a_store_filled_to_its_capacity_goes_on_working_and_keeps_the_bound() {
    for (length, sectors) in [(60usize, 64usize), (1000, 64), (4000, 64), (300, 8), (3000, 12), (700, 200)] {
        let mut device = Device { nor: Nor::erased(sectors * 4096), counter: Counter::default() };
        drop(Big::format(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("formats"));
        let mut store =
            Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
        let mut count = 0;
        let refused = loop {
            match store.set(1, count + 1, &content(length, count as u8), 0) {
                Ok(()) => count += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(refused, Error::InsufficientStorage);
        for turn in 0..(sectors as u64 * 12) {
            let uid = 1 + turn * turn % 3 % count;
            store.set(1, uid, &content(length, turn as u8), 0).expect("replaces");
        }
        let work = store.work();
        println!(
            "{sectors} sectors filled with {count} records of {length} bytes ({} of capacity {}): {work:?}",
            count * (length as u64 + 60),
            store.capacity()
        );
        assert!(work.most_reclaimed_at_once <= 16, "{work:?}");
        assert_eq!(store.audit(), Ok(()));
        assert_eq!(store.remove(1, 1), Ok(()));
    }
}

#[test]
fn a_thousand_readings_are_appended_and_read() {
    let mut device = fresh();
    let mut store =
        Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
    (0..1000u32).for_each(|index| assert_eq!(store.append(&reading(index as u8)), Ok(index)));
    drop(store);
    let words = device.nor.statistics().words_programmed;
    let mut store =
        Big::mount(&mut device.nor, &mut device.counter, Box::default(), &SECRET).expect("mounts");
    (0..1000u32).for_each(|index| assert_eq!(store.read(index), Ok(reading(index as u8))));
    println!("a reading takes {:.1} words for 6 of payload", words as f64 / 1000.0);
}
