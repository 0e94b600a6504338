//! What holds whatever the flash holds; shared with the fuzz target `fuzz/fuzz_targets/storage_mount.rs`.
//!
//! The bytes say which moment in the life of a device it is and what somebody then does to its flash. He has copies of
//! it from every moment, but not the counter's.

use crate::harness::{Device, Model, Op, SECTOR, Small, set};
use cdd_storage::{Error, MAX_RECORD, WRITE_ONCE};
use std::sync::OnceLock;

const SECTORS: usize = 8;
/// How many moments there are to begin with.
pub(crate) const MOMENTS: u8 = 137;

/// A moment: what lies in flash and counter, and what the store may hold then. Two while an operation is under way.
struct Moment {
    device: Device,
    may_hold: Vec<Model>,
}

/// One device from its formatting on, with cuts and recoveries.
fn life() -> Vec<Moment> {
    let mut device = Device::formatted(SECTORS);
    let mut model = Model::default();
    let mut life = vec![Moment { device: device.clone(), may_hold: vec![model.clone()] }];
    let ops = [
        set(1, 1, 40, 1),
        Op::Append { seed: 1 },
        Op::Set { owner: 1, uid: 2, length: 33, seed: 2, flags: WRITE_ONCE },
        set(2, 1, MAX_RECORD, 3),
        Op::Append { seed: 2 },
        set(1, 1, 0, 4),
        Op::Remove { owner: 2, uid: 1 },
        set(2, 1, 3000, 5),
        Op::Append { seed: 3 },
        Op::Trim { first: 1 },
    ];
    // So often that sectors are reclaimed; of other lengths, so that the index tells one from the next.
    for op in ops.iter().chain([&set(3, 1, 900, 6), &set(3, 1, 901, 7)].repeat(12)) {
        // The power fails once in the middle and once before the counter says that it was done.
        for (words, step) in [(Some(9), None), (None, Some((2, false)))] {
            let mut after = model.clone();
            let _ = after.run(op);
            device.power_on();
            words.into_iter().for_each(|words| device.nor.cut_after(words, words));
            device.counter.cut = step;
            let _ = device.mount().and_then(|mut store| op.run(&mut store));
            device.power_on();
            life.push(Moment { device: device.clone(), may_hold: vec![model.clone(), after.clone()] });
            if after.is_in(&mut device.mount().expect("recovers")).is_ok() {
                model = after;
            }
            life.push(Moment { device: device.clone(), may_hold: vec![model.clone()] });
        }
    }
    assert_eq!(life.len(), usize::from(MOMENTS));
    life
}

/// The bytes from which one says what is done.
struct Script<'b>(&'b [u8]);

impl Script<'_> {
    fn byte(&mut self) -> Option<usize> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(usize::from(*first))
    }

    fn word(&mut self) -> Option<usize> {
        Some(self.byte()? << 8 | self.byte()?)
    }

    /// A range of the flash: where it begins, and how long it is.
    fn range(&mut self) -> Option<std::ops::Range<usize>> {
        let (from, length) = (self.word()? % (SECTORS * SECTOR), self.word()?);
        Some(from..(from + length).min(SECTORS * SECTOR))
    }

    /// One change of the flash; `None` when all has been done.
    fn change(&mut self, flash: &mut [u8], life: &[Moment]) -> Option<()> {
        match self.byte()? % 7 {
            0 => flash[self.word()? % (SECTORS * SECTOR)] ^= 1 << (self.byte()? % 8),
            1 => {
                let (at, length) = (self.word()? % (SECTORS * SECTOR), self.byte()?.min(self.0.len()));
                let (bytes, rest) = self.0.split_at(length);
                flash[at..].iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                self.0 = rest;
            }
            2 => flash[self.range()?].fill(0),
            3 => flash[self.range()?].fill(0xFF),
            4 => {
                let (range, to) = (self.range()?, self.word()? % (SECTORS * SECTOR));
                let end = range.end.min(range.start + (SECTORS * SECTOR - to));
                flash.copy_within(range.start..end, to);
            }
            5 => {
                let (other, range) = (&life[self.byte()? % life.len()], self.range()?);
                flash[range.clone()].copy_from_slice(&other.device.nor.content()[range]);
            }
            _ => flash.copy_from_slice(life[self.byte()? % life.len()].device.nor.content()),
        }
        Some(())
    }
}

/// Mounts what the bytes say; whether anything was changed, and why the store was refused.
pub(crate) fn check(bytes: &[u8]) -> (bool, Result<(), Error>) {
    static LIFE: OnceLock<Vec<Moment>> = OnceLock::new();
    let life = LIFE.get_or_init(life);
    let mut script = Script(bytes);
    let moment = &life[script.byte().unwrap_or(0) % life.len()];
    let mut flash = moment.device.nor.content().to_vec();
    while script.change(&mut flash, life).is_some() {}
    let changed = flash != moment.device.nor.content();

    let mut device = moment.device.clone();
    device.nor.tamper(0, &flash).expect("the same size");
    let idle = moment.may_hold.len() == 1;
    let outcome = device.mount().map(|mut store| {
        let model = moment.may_hold.iter().find(|model| is_index_of(&store, model));
        let model = model.expect("what is in the index is what was stored last");
        all_that_opens_is_genuine(&mut store, model);
    });
    if idle {
        assert_eq!(device.nor.content(), flash, "written to, with nothing under way");
        assert_eq!(device.counter.value, moment.device.counter.value);
    }
    assert!(changed || outcome.is_ok(), "refused unchanged: {outcome:?}");
    (changed, outcome)
}

fn is_index_of(store: &Small<'_>, model: &Model) -> bool {
    let first = model.readings.keys().next().copied().unwrap_or(model.next);
    store.records() == model.records.len()
        && store.readings() == (first..model.next)
        && model.records.iter().all(|((owner, uid), (data, flags))| {
            store.get_info(*owner, *uid).is_ok_and(|info| (info.length, info.flags) == (data.len(), *flags))
        })
}

fn all_that_opens_is_genuine(store: &mut Small<'_>, model: &Model) {
    let mut harmed = false;
    for ((owner, uid), (data, _)) in &model.records {
        let mut out = [0; MAX_RECORD];
        match store.get(*owner, *uid, 0, &mut out) {
            Ok(length) => assert!(out[..length] == data[..], "{owner}/{uid} was never stored"),
            Err(error) => {
                assert_eq!(error, Error::Tampered { owner: *owner, uid: *uid });
                assert_eq!(out, [0; MAX_RECORD], "nothing of it comes out");
                harmed = true;
            }
        }
    }
    for (index, reading) in &model.readings {
        match store.read(*index) {
            Ok(found) => assert_eq!(found, *reading, "reading {index} was never appended"),
            Err(error) => {
                assert_eq!(error, Error::ReadingTampered { index: *index });
                harmed = true;
            }
        }
    }
    assert!(!harmed || store.audit().is_err(), "the audit finds what a read finds");
}
