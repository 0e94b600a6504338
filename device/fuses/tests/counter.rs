//! The counter under cuts at every byte, in every subset of bytes and bits.

#![forbid(unsafe_code)]

use cdd_fuses::counter::{Cells, Counter, REGION};
use cdd_hal::{CounterError, MonotonicCounter};
use proptest::prelude::*;

const SLOT: usize = 16;
const BYTES: usize = REGION.1;

/// Memory in which a write can be cut.
#[derive(Debug, Clone)]
struct Memory {
    bytes: [u8; BYTES],
    written: usize,
    /// Bytes until the power fails, and the bits that the write has changed by then from that byte on.
    cut: Option<(usize, Vec<u8>)>,
}

impl Memory {
    fn blank() -> Memory {
        Memory { bytes: [0; BYTES], written: 0, cut: None }
    }

    /// After these steps.
    fn after(numbers: impl IntoIterator<Item = u64>) -> Memory {
        let mut counter = Counter::new(Memory::blank());
        numbers.into_iter().for_each(|number| counter.advance(number).expect("advances"));
        let mut memory = counter.cells().clone();
        memory.written = 0;
        memory
    }

    fn number(&self) -> Result<u64, CounterError> {
        Counter::new(self.clone()).read()
    }

    fn step(&self, to: u64) -> Memory {
        let mut counter = Counter::new(self.clone());
        counter.advance(to).expect("advances");
        counter.cells().clone()
    }

    /// The step to this number is cut: after `whole` bytes the masks say what of each further one is new.
    fn torn(&self, to: u64, whole: usize, masks: Vec<u8>) -> Memory {
        let mut counter = Counter::new(Memory { cut: Some((whole, masks)), written: 0, ..self.clone() });
        let cut = counter.advance(to);
        let memory = counter.cells().clone();
        assert_eq!(cut.is_ok(), memory.written <= whole, "cut if there were more bytes to write");
        Memory { cut: None, written: 0, ..memory }
    }
}

impl Cells for Memory {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError> {
        let from = usize::from(offset);
        out.copy_from_slice(&self.bytes[from..from + out.len()]);
        Ok(())
    }

    fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError> {
        for (at, new) in bytes.iter().enumerate() {
            let byte = &mut self.bytes[usize::from(offset) + at];
            self.written += 1;
            match &mut self.cut {
                Some((0, masks)) => {
                    for (byte, (new, mask)) in
                        self.bytes[usize::from(offset) + at..].iter_mut().zip(bytes[at..].iter().zip(masks))
                    {
                        *byte = *byte & !*mask | new & *mask;
                    }
                    return Err(CounterError::NoAnswer);
                }
                Some((left, _)) => *left -= 1,
                None => (),
            }
            *byte = *new;
        }
        Ok(())
    }
}

/// Pairs of an old and a new number: the steps of the storage, one bit, all bits.
const PAIRS: [(u64, u64); 4] = [
    (1 << 24, (1 << 24) | 1),
    ((0xFF << 24) | 1, 0x100 << 24),
    (0x00FF_00FF_00FF_00FF, 0xFF00_FF00_FF00_FF00),
    (1, u64::MAX),
];

/// A counter that has gone round, if there are numbers enough below, and stands at this one.
fn standing_at(number: u64) -> Memory {
    if number < 40 { Memory::after([number]) } else { Memory::after((1..40).chain([number])) }
}

#[test]
fn it_starts_at_zero_and_goes_up_only() {
    let mut counter = Counter::new(Memory::blank());
    assert_eq!(counter.read(), Ok(0));
    assert_eq!(counter.advance(0), Err(CounterError::NotUpwards));
    let mut number = 0;
    for step in (1..100).chain([1 << 40]) {
        number += step;
        assert_eq!(counter.advance(number), Ok(()));
        assert_eq!(counter.advance(number), Err(CounterError::NotUpwards));
        assert_eq!(counter.read(), Ok(number));
        assert_eq!(counter.cells().number(), Ok(number), "read anew");
    }
    assert_eq!(counter.advance(u64::MAX), Ok(()));
    assert_eq!(counter.read(), Ok(u64::MAX));
}

#[test]
fn a_step_writes_one_slot_twice_and_the_slots_take_turns() {
    let mut memory = Memory::after(1..=16);
    let mut touched = [0; 16];
    for number in 17..17 + 160 {
        let before = memory.bytes;
        memory = Memory { written: 0, ..memory.step(number) };
        assert!(memory.step(number + 1).written <= 2 * SLOT);
        let changed: Vec<usize> =
            (0..16).filter(|at| before[at * SLOT..][..SLOT] != memory.bytes[at * SLOT..][..SLOT]).collect();
        assert_eq!(changed.len(), 1);
        touched[changed[0]] += 1;
    }
    assert_eq!(touched, [10; 16]);
}

#[test]
fn a_cut_in_any_subset_of_the_bytes_of_either_write_leaves_the_old_or_the_new_number() {
    for (old, new) in PAIRS {
        let memory = standing_at(old);
        for subset in 0..=u16::MAX {
            let masks = || (0..SLOT).map(|at| if subset >> at & 1 == 1 { 0xFF } else { 0 }).collect();
            for whole in [0, SLOT] {
                // None of the zeros, or all of them, is there; then this subset of the sixteen bytes.
                let number = memory.torn(new, whole, masks()).number();
                assert!(number == Ok(old) || number == Ok(new), "{old:#x} {new:#x} {subset:#x}: {number:?}");
            }
        }
        assert_eq!(memory.torn(new, SLOT, vec![0xFF; SLOT]).number(), Ok(new), "the control: all of it");
    }
}

#[test]
fn the_first_step_of_all_may_be_cut_and_the_counter_is_still_zero() {
    for whole in 0..SLOT {
        let memory = Memory::blank().torn(5, whole, vec![0x5A; 3]);
        assert!(matches!(memory.number(), Ok(0)), "{whole}");
        assert_eq!(memory.step(5).number(), Ok(5));
    }
}

#[test]
fn one_unreadable_slot_that_is_not_the_next_one_is_an_error_and_no_older_number() {
    for last in [3, 5, 16, 17, 40, 48] {
        let memory = Memory::after(1..=last);
        let next = (last as usize) % 16;
        for at in 0..16 {
            for bit in [0, 9, 77, 127] {
                let mut changed = memory.clone();
                changed.bytes[at * SLOT + bit / 8] ^= 1 << (bit % 8);
                let newest = at == (next + 15) % 16;
                let expected = match () {
                    // What a cut while the next slot is written leaves looks the same.
                    () if at == next => Ok(last),
                    // The newest slot unreadable is what a cut at the end of its step leaves.
                    () if newest => Ok(last - 1),
                    () => Err(CounterError::Corrupt),
                };
                assert_eq!(changed.number(), expected, "{last} {at} {bit}");
            }
        }
    }
}

#[test]
fn two_unreadable_slots_are_an_error_never_zero() {
    for last in [1, 2, 9, 16, 40] {
        let memory = Memory::after(1..=last);
        for (one, other) in (0..16).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let mut changed = memory.clone();
            changed.bytes[one * SLOT] ^= 0x10;
            changed.bytes[other * SLOT + 9] ^= 0x01;
            let number = changed.number();
            assert_eq!(number, Err(CounterError::Corrupt), "{last}: {one} {other}");
            assert_eq!(Counter::new(changed).advance(u64::MAX), Err(CounterError::Corrupt));
        }
    }
    let filled = |byte| Memory { bytes: [byte; BYTES], ..Memory::blank() };
    assert_eq!(filled(0xFF).number(), Err(CounterError::Corrupt));
    assert_eq!(filled(0x01).number(), Err(CounterError::Corrupt));
    assert_eq!(filled(0x00).number(), Ok(0), "only blank is zero");
}

#[test]
fn slots_that_were_erased_exchanged_or_repeated_are_an_error() {
    for last in [4, 15, 16, 40] {
        let memory = Memory::after(1..=last);
        let next = last as usize % 16;
        let newest = (next + 15) % 16;
        for at in (0..16).filter(|at| *at != next && memory.bytes[at * SLOT..][..SLOT] != [0; SLOT]) {
            let mut erased = memory.clone();
            erased.bytes[at * SLOT..][..SLOT].fill(0);
            // As after a cut between the zeros and the number.
            let expected = if at == newest { Ok(last - 1) } else { Err(CounterError::Corrupt) };
            assert_eq!(erased.number(), expected, "{last} {at}");
        }
        let mut exchanged = memory.clone();
        let (one, other) = ((next + 14) % 16, (next + 13) % 16);
        let (a, b) = (exchanged.bytes[one * SLOT..][..SLOT].to_vec(), other * SLOT);
        let c = exchanged.bytes[b..][..SLOT].to_vec();
        exchanged.bytes[b..][..SLOT].copy_from_slice(&a);
        exchanged.bytes[one * SLOT..][..SLOT].copy_from_slice(&c);
        assert_eq!(exchanged.number(), Err(CounterError::Corrupt), "{last}");
        let mut repeated = memory.clone();
        repeated.bytes[one * SLOT..][..SLOT].copy_from_slice(&c);
        assert_eq!(repeated.number(), Err(CounterError::Corrupt), "{last}");
    }
}

#[test]
fn what_reads_back_otherwise_than_written_is_said() {
    struct Stuck(Memory);
    impl Cells for Stuck {
        fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError> {
            self.0.read(offset, out)
        }
        fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError> {
            self.0.write(offset, bytes)?;
            self.0.bytes[usize::from(offset)] = 0;
            Ok(())
        }
    }
    let mut counter = Counter::new(Stuck(Memory::blank()));
    assert_eq!(counter.advance(0x101), Err(CounterError::NotWritten));
    assert_eq!(counter.read(), Ok(0));
    assert_eq!(counter.advance(0x100), Ok(()), "a number that does not need the bits");
}

proptest! {
    /// Any numbers, any bits, cut again while it goes on: the number is always the last or the one aimed at.
    #[test]
    fn a_counter_that_is_cut_again_and_again_never_loses_a_step_nor_finds_another(
        steps in prop::collection::vec((1u64..1 << 50, 0usize..40, prop::collection::vec(any::<u8>(), 0..32)), 1..80),
    ) {
        let mut memory = Memory::blank();
        let mut number = 0;
        for (by, whole, masks) in steps {
            let to = number + by;
            memory = memory.torn(to, whole, masks);
            let found = memory.number().unwrap();
            prop_assert!(found == number || found == to, "{number} {to}: {found}");
            if whole >= 2 * SLOT {
                prop_assert_eq!(found, to, "the control: it was not cut");
            }
            number = found;
        }
        prop_assert_eq!(memory.step(number + 1).number(), Ok(number + 1));
    }

    /// Whatever lies there: no panic, and a number only where one could have been left.
    #[test]
    fn any_content_is_a_number_or_an_error(
        slots in prop::collection::vec((0u8..4, any::<u64>()), 16), noise in any::<u8>(),
    ) {
        let mut memory = Memory::blank();
        for (slot, (kind, number)) in memory.bytes.chunks_exact_mut(SLOT).zip(&slots) {
            let number = if *kind < 3 { number % 64 } else { *number };
            slot[..8].copy_from_slice(&number.to_le_bytes());
            slot[8..].copy_from_slice(&(!number).to_le_bytes());
            match kind {
                0 => slot.fill(0),
                1 => slot[3] = noise,
                _ => (),
            }
        }
        if let Ok(number) = memory.number() {
            let is_there = slots.iter().any(|(kind, n)| *kind > 0 && (n % 64 == number || *n == number));
            prop_assert!(number == 0 || is_there);
        }
    }
}
