//! The power fails at every word, every erase and every step of the counter, and again during the recovery.
//!
//! `STORAGE_EXHAUSTIVE=1` takes every word of every recovery; without it, long recoveries are sampled.

use crate::harness::{Device, Model, Op, after, set};
use crate::nor::Nor;
use cdd_storage::{Error, Recovery, WRITE_ONCE};

#[derive(Debug, Default)]
struct Tally {
    cuts: u32,
    cuts_of_recovery: u32,
    done: u32,
    not_done: u32,
}

/// The device after `op` was run with a cut; `None` if the cut did not come.
fn cut(from: &Device, op: &Op, words: Option<(u64, u64)>, step: Option<(u32, bool)>) -> Option<Device> {
    let mut device = from.clone();
    if let Some((at, seed)) = words {
        device.nor.cut_after(at, seed);
    }
    device.counter.cut = step;
    let mut store = device.mount().expect("a clean mount writes nothing");
    let result = op.run(&mut store);
    let error = result.err();
    if error.is_some() && *op != Op::EraseEverything {
        assert_eq!(op.run(&mut store), Err(Error::NeedsMount), "{op:?}");
    }
    drop(store);
    assert!(matches!(error, None | Some(Error::Flash | Error::Counter)), "{op:?}: {error:?}");
    device.power_on();
    error.map(|_| device)
}

/// What the store holds: the model before, or after.
fn either(device: &mut Device, before: &Model, after: &Model, context: &str) -> (bool, Recovery) {
    let mut store = device.mount().unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let recovery = store.recovery();
    let (old, new) = (before.is_in(&mut store), after.is_in(&mut store));
    assert!(old.is_ok() || new.is_ok(), "{context}: not old: {old:?}; not new: {new:?}");
    (new.is_ok(), recovery)
}

fn samples(operations: u64) -> Vec<u64> {
    if operations <= 48 || std::env::var_os("STORAGE_EXHAUSTIVE").is_some() {
        return (1..=operations).collect();
    }
    let step = operations as usize / 6;
    (1..=4).chain((5..operations - 4).step_by(step)).chain(operations - 4..=operations).collect()
}

fn check(cut: Device, before: &Model, after: &Model, context: &str, tally: &mut Tally) {
    tally.cuts += 1;
    let mut device = cut.clone();
    let (new, recovery) = either(&mut device, before, after, context);
    let operations = device.nor.statistics().operations();
    if new {
        tally.done += 1
    } else {
        tally.not_done += 1
    }
    for at in samples(operations) {
        let context = format!("{context}, recovery cut at {at} of {operations}");
        let mut again = cut.clone();
        again.nor.cut_after(at, at * 31 + 7);
        assert_eq!(again.mount().err(), Some(Error::Flash), "{context}");
        again.power_on();
        let (new_again, _) = either(&mut again, before, after, &context);
        assert_eq!(new, new_again, "{context}: decided otherwise");
        tally.cuts_of_recovery += 1;
    }
    for taken in [false, true] {
        let mut again = cut.clone();
        again.counter.cut = Some((1, taken));
        if again.mount().is_err() {
            again.power_on();
            assert_eq!(either(&mut again, before, after, context).0, new, "{context}: counter");
        }
    }
    let (same, clean) = either(&mut device, before, after, context);
    assert_eq!((same, clean), (new, Recovery::Clean), "{context}: after {recovery:?}");
    // And it goes on.
    let mut model = if new { after.clone() } else { before.clone() };
    let more = Op::Append { seed: 200 };
    let mut store = device.mount().expect("mounts");
    if more.run(&mut store).is_ok() {
        model.run(&more).expect("appends");
    }
    model.is_in(&mut store).unwrap_or_else(|error| panic!("{context}: then {error}"));
}

/// Cuts `op` after `before` at every word (torn in two ways) and at every step of the counter.
fn cut_everywhere(sectors: usize, before: &[Op], op: &Op) -> Tally {
    let (device, old) = after(sectors, before);
    let mut new = old.clone();
    new.run(op).expect("can be done");
    let mut tally = Tally::default();
    for word in 1.. {
        let mut came = false;
        for seed in [word * 3 + 1, word * 5 + 2] {
            if let Some(left) = cut(&device, op, Some((word, seed)), None) {
                came = true;
                check(left, &old, &new, &format!("{op:?} cut at {word}, seed {seed}"), &mut tally);
            }
        }
        if !came {
            break;
        }
    }
    for step in 1.. {
        let mut came = false;
        for taken in [false, true] {
            if let Some(left) = cut(&device, op, None, Some((step, taken))) {
                came = true;
                check(left, &old, &new, &format!("{op:?} cut at step {step}"), &mut tally);
            }
        }
        if !came {
            break;
        }
    }
    println!("{op:?} after {} operations: {tally:?}", before.len());
    assert!(tally.done > 0 && tally.not_done > 0, "the cuts did not reach both sides: {tally:?}");
    tally
}

fn some() -> Vec<Op> {
    vec![set(1, 1, 40, 1), set(1, 2, 33, 2), Op::Append { seed: 1 }, set(2, 1, 20, 3), Op::Append { seed: 2 }]
}

#[test]
fn a_new_record_is_there_or_not_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &set(3, 3, 50, 9));
}

#[test]
fn a_replaced_record_is_the_old_or_the_new_one_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &set(1, 2, 61, 9));
}

#[test]
fn a_write_once_record_is_there_or_not_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &Op::Set { owner: 4, uid: 1, length: 16, seed: 9, flags: WRITE_ONCE });
}

#[test]
fn a_removed_record_is_there_or_not_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &Op::Remove { owner: 1, uid: 1 });
}

#[test]
fn a_reading_is_appended_or_not_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &Op::Append { seed: 9 });
}

#[test]
fn readings_are_trimmed_all_or_none_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &Op::Trim { first: 1 });
    cut_everywhere(8, &some(), &Op::EraseReadings);
}

#[test]
fn the_records_of_an_owner_are_erased_all_or_none_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &Op::Purge { owner: 1 });
}

#[test]
fn everything_is_erased_or_nothing_after_a_cut_at_any_word() {
    cut_everywhere(8, &some(), &Op::EraseEverything);
}

#[test]
fn a_record_over_two_sectors_is_the_old_or_the_new_one_after_a_cut_at_any_word() {
    let before = [set(1, 1, 3000, 1), set(1, 2, 200, 2)];
    cut_everywhere(8, &before, &set(1, 2, 1100, 9));
}

#[test]
#[ignore = "minutes; `cargo xtask test` runs it"]
fn a_record_of_4096_bytes_is_the_old_or_the_new_one_after_a_cut_at_any_word() {
    cut_everywhere(8, &[set(1, 1, 2000, 1), set(1, 2, 3000, 2)], &set(1, 2, 4096, 9));
}

/// Fills until the next set reclaims a sector with live records and readings in it.
fn before_reclaiming() -> (Vec<Op>, Op) {
    let mut ops = some();
    for seed in 0.. {
        let (mut device, _) = after(8, &ops);
        let next = set(9, 1, 200, seed);
        let mut store = device.mount().expect("mounts");
        next.run(&mut store).expect("sets");
        if store.work().moved > 2 {
            return (ops, next);
        }
        ops.push(next);
    }
    unreachable!()
}

#[test]
fn a_set_that_reclaims_a_sector_is_done_or_not_after_a_cut_at_any_word() {
    let (before, op) = before_reclaiming();
    cut_everywhere(8, &before, &op);
}

#[test]
fn formatting_that_is_cut_at_any_word_is_finished_by_the_next_mount() {
    use crate::harness::{Counter, SECRET, Small};
    let mut finished = 0;
    for word in 1.. {
        let mut device = Device { nor: Nor::erased(8 * 4096), counter: Counter::default() };
        device.nor.cut_after(word, word);
        if Small::format(&mut device.nor, &mut device.counter, Box::default(), &SECRET).is_ok() {
            break;
        }
        device.power_on();
        let (_, recovery) = either(&mut device, &Model::default(), &Model::default(), "format");
        assert_eq!(recovery, Recovery::Erased);
        finished += 1;
    }
    assert_eq!(finished, 8 + 16);
}
