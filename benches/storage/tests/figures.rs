//! The figures are the same in every run, and what is claimed of them holds.

#![forbid(unsafe_code)]

use bench_storage::{Ekv, Figures, PAYLOADS, RECORDS, Sequential, Subject, measure};
use std::sync::LazyLock;

/// With fewer sets than the bench makes: enough for the words of each.
const SETS: u64 = 1500;

static FIGURES: LazyLock<Figures> = LazyLock::new(|| measure(SETS).expect("measures"));

#[test]
fn two_runs_give_the_same_figures() {
    assert_eq!(*FIGURES, measure(SETS).expect("measures"));
}

#[test]
fn sealing_a_new_record_costs_no_more_than_stated() {
    let sealed = |payload| FIGURES.ratio(Sequential::NAME, 100, payload).expect("measured").0;
    // Header, tag and chain value are 15 words; where the content is as short as 4 of them, that is most of it.
    let stated = [(16, 2.45), (64, 1.60), (256, 1.20), (1024, 1.10)];
    assert_eq!(stated.map(|(payload, _)| payload), PAYLOADS);
    for (payload, most) in stated {
        assert!(sealed(payload) <= most, "{payload}: {}", sealed(payload));
    }
}

#[test]
fn replacing_a_record_and_overwriting_the_old_one_costs_no_more_than_stated() {
    for (payload, most) in [(16, 3.0), (64, 2.45), (256, 2.2), (1024, 2.1)] {
        let (_, replaced) = FIGURES.ratio(Sequential::NAME, 100, payload).expect("measured");
        assert!(replaced <= most, "{payload}: {replaced}");
    }
    for records in RECORDS {
        let (new, replaced) = FIGURES.ratio(Ekv::NAME, records, 64).expect("measured");
        assert!(new < 0.5 && replaced < 0.3, "{records}: {new} {replaced}");
    }
}

#[test]
fn readings_cost_no_more_than_stated() {
    assert!(FIGURES.log_ratio(Sequential::NAME).expect("measured") <= 2.7);
    assert!(FIGURES.log_ratio(Ekv::NAME).expect("measured") <= 0.2);
}

#[test]
fn a_get_reads_little_more_than_the_record_and_wear_is_even() {
    for row in FIGURES.rows.iter().filter(|row| row.store == "cdd-storage") {
        // One part has a header and a trailer; a record in two sectors has two, and the headers between.
        assert!(row.get_bytes <= row.payload as f64 + 80.0, "{row:?}");
        assert!(row.wear_spread <= 1, "{row:?}");
    }
}
