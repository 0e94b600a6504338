//! The power fails inside a step of the counter, at every byte that the step writes.

use crate::harness::{Device, Model, Op, SECRET, after, set};
use cdd_fuses::counter::{Cells, Counter, REGION};
use cdd_hal::{CounterError, MonotonicCounter};
use cdd_storage::{Error, Memory, Store};

/// The memory of a counter, whose power fails after so many bytes; of the next one only these bits change.
#[derive(Clone)]
struct Bytes {
    content: [u8; REGION.1],
    cut: Option<(u32, u8)>,
}

impl Cells for Bytes {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), CounterError> {
        if matches!(self.cut, Some((0, _))) {
            return Err(CounterError::NoAnswer);
        }
        let from = usize::from(offset);
        out.copy_from_slice(&self.content[from..from + out.len()]);
        Ok(())
    }

    fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), CounterError> {
        for (byte, new) in self.content[usize::from(offset)..].iter_mut().zip(bytes) {
            match &mut self.cut {
                Some((0, _)) => return Err(CounterError::NoAnswer),
                Some((left @ 1, bits)) => {
                    *left = 0;
                    *byte = *byte & !*bits | *new & *bits;
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

/// A counter in bytes that stands where the device's stands, and has gone round.
fn bytes(device: &Device) -> Bytes {
    let mut counter = Counter::new(Bytes { content: [0; REGION.1], cut: None });
    (1..40).for_each(|number| counter.advance(number).expect("advances"));
    counter.advance(device.counter.value).expect("advances");
    counter.cells().clone()
}

#[test]
fn an_operation_is_done_or_not_after_a_cut_at_any_byte_of_a_counter_step() {
    let before = [set(1, 1, 40, 1), set(1, 2, 33, 2), Op::Append { seed: 1 }];
    for op in [set(1, 2, 50, 9), Op::Append { seed: 9 }, Op::Remove { owner: 1, uid: 1 }, Op::EraseEverything]
    {
        let (device, old) = after(8, &before);
        let mut new = old.clone();
        new.run(&op).expect("can be done");
        let pristine = bytes(&device);
        let (mut cuts, mut done) = (0, 0);
        for at in 1.. {
            let mut came = false;
            for bits in [0x00, 0xFF, 0xA5, 0x3C] {
                let mut device = device.clone();
                let mut cells = pristine.clone();
                cells.cut = Some((at, bits));
                let memory = || Box::new(Memory::<24, 32>::new());
                let mut store = Store::mount(&mut device.nor, Counter::new(&mut cells), memory(), &SECRET)
                    .expect("mounts");
                let result = op.run(&mut store);
                drop(store);
                cells.cut = None;
                device.counter.value = Counter::new(&mut cells).read().expect("a number");
                if result.is_ok() {
                    continue;
                }
                came = true;
                assert_eq!(result, Err(Error::Counter));
                // With the number that the counter is left with, the device is an ordinary one again.
                let mut store = device.mount().unwrap_or_else(|error| panic!("{op:?} at {at}: {error:?}"));
                let is = |model: &Model, store: &mut _| model.is_in(store).is_ok();
                let (is_old, is_new) = (is(&old, &mut store), is(&new, &mut store));
                assert!(is_old || is_new, "{op:?} cut at byte {at}, bits {bits:#x}");
                cuts += 1;
                done += u32::from(is_new);
            }
            if !came {
                break;
            }
        }
        println!("{op:?}: {cuts} cuts in counter steps, done after {done}");
        assert!(done > 0 && done < cuts, "the cuts did not reach both sides");
    }
}
