//! The sequence over an entry that does nothing.

#![forbid(unsafe_code)]

use bench::{Interval, Marks, RECORDS, run};
use cdd_client::{Argument, Entry, Platform};
use std::cell::RefCell;
use std::collections::HashSet;

#[derive(Default)]
struct Seen {
    calls: HashSet<u32>,
    open: Option<Interval>,
    intervals: Vec<Interval>,
}

struct Nothing<'s>(&'s RefCell<Seen>);

impl Entry for Nothing<'_> {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        let mut seen = self.0.borrow_mut();
        if seen.open.is_some() {
            seen.calls.insert(number);
        }
        let written = arguments.iter().rev().find_map(|argument| match argument {
            Argument::Output(out) => Some(out.len()),
            _ => None,
        });
        (0, written.unwrap_or(0))
    }
}

struct Noted<'s>(&'s RefCell<Seen>);

impl Marks for Noted<'_> {
    fn begin(&mut self, interval: Interval) {
        assert!(self.0.borrow_mut().open.replace(interval).is_none(), "one interval in another");
    }

    fn end(&mut self) {
        let mut seen = self.0.borrow_mut();
        let interval = seen.open.take().expect("an interval has begun");
        seen.intervals.push(interval);
    }
}

fn sequence() -> Seen {
    let seen = RefCell::new(Seen::default());
    run(Platform::new(Nothing(&seen)), Noted(&seen)).expect("nothing fails");
    seen.into_inner()
}

#[test]
fn every_call_of_the_table_is_made_in_an_interval() {
    let seen = sequence();
    let missing: Vec<_> = cdd_gate::CALLS
        .iter()
        .filter(|call| !seen.calls.contains(&call.number))
        .map(|call| call.name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn no_figure_has_two_intervals_and_only_the_last_one_resets() {
    let intervals = sequence().intervals;
    let mut names = HashSet::new();
    for Interval { name, records, .. } in &intervals {
        assert!(name.is_none_or(|name| names.insert((name, *records))), "{name:?} {records:?}");
    }
    let resets = intervals.iter().filter(|interval| interval.resets).count();
    assert!(resets == 1 && intervals.last().is_some_and(|last| last.resets));
    for records in RECORDS {
        assert!(names.contains(&("storage-set-64", Some(records))));
    }
}
