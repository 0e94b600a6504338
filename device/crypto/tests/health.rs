//! The health tests on the noise source, at their exact boundaries (SP 800-90B §4.4).

mod common;

use cdd_crypto::health::{
    Collector, EntropyFault, MIN_ENTROPY_BITS, PROPORTION_CUTOFF, PROPORTION_WINDOW, REPETITION_CUTOFF,
    STARTUP_SAMPLES,
};
use common::{good, source};

const STARTUP: usize = STARTUP_SAMPLES as usize;
const WINDOW: usize = PROPORTION_WINDOW as usize;

/// Gathers one sample at a time until a fault; its position in the sequence and name.
fn first_fault(
    next: impl FnMut(usize) -> Option<u8>,
    samples_after_startup: usize,
) -> Option<(usize, EntropyFault)> {
    let (source, asked) = source(next);
    let mut collector = Collector::new(source);
    let mut byte = [0u8];
    (0..samples_after_startup)
        .find_map(|_| collector.gather(&mut byte).err())
        .map(|fault| (asked.get() - 1, fault))
}

#[test]
fn the_cutoffs_are_those_of_the_declared_min_entropy_and_error_probability() {
    const ALPHA_BITS: usize = 30;
    assert_eq!(usize::from(REPETITION_CUTOFF), 1 + ALPHA_BITS.div_ceil(MIN_ENTROPY_BITS));

    // The probability of exactly k in 512 trials of probability 2^-H, by recurrence from k = 0.
    let n = usize::from(PROPORTION_WINDOW);
    let p = 0.5f64.powi(MIN_ENTROPY_BITS as i32);
    let mut exactly = vec![(1.0 - p).powi(n as i32)];
    for k in 1..=n {
        exactly.push(exactly[k - 1] * (n - k + 1) as f64 / k as f64 * p / (1.0 - p));
    }
    assert!((exactly.iter().sum::<f64>() - 1.0).abs() < 1e-12, "not a distribution");
    // Summed from the small end, so that rounding stays far below the 1 % that decides.
    let more_than = |k: usize| exactly[k + 1..].iter().rev().sum::<f64>() * 2f64.powi(ALPHA_BITS as i32);
    let critical = (0..n).find(|k| more_than(*k) <= 1.0).unwrap();
    assert_eq!(usize::from(PROPORTION_CUTOFF), 1 + critical);
    assert!(
        (more_than(70) - 0.416).abs() < 0.001 && (more_than(69) - 1.013).abs() < 0.001,
        "the docs are wrong"
    );
}

/// `good`, but with `run` equal samples from `at`, different from their neighbours.
fn with_run(at: usize, run: usize) -> impl FnMut(usize) -> Option<u8> {
    move |n| {
        let sample = good(1, n);
        Some(match n {
            n if (at..at + run).contains(&n) => 0x55,
            n if (n + 1 == at || n == at + run) && sample == 0x55 => 0x54,
            _ => sample,
        })
    }
}

#[test]
fn a_run_one_below_the_cutoff_passes_and_a_run_at_the_cutoff_is_stuck() {
    let cutoff = usize::from(REPETITION_CUTOFF);
    for at in [0, 1, 500, STARTUP - 4, STARTUP, STARTUP + 333] {
        assert_eq!(first_fault(with_run(at, cutoff - 1), 2000), None, "run at {at}");
        let noticed = Some((at + cutoff - 1, EntropyFault::Stuck));
        assert_eq!(first_fault(with_run(at, cutoff), 2000), noticed, "run at {at}");
    }
}

/// In the window that starts at `at`: `count` times the same value, its first sample included, never twice
/// in a row and as early as that allows; elsewhere that value does not occur.
fn with_proportion(at: usize, count: usize) -> impl FnMut(usize) -> Option<u8> {
    move |n| {
        let special = n >= at && (n - at).is_multiple_of(2) && (n - at) / 2 < count;
        Some(if special { 0 } else { good(2, n).max(1) })
    }
}

#[test]
fn a_proportion_one_below_the_cutoff_passes_and_one_at_the_cutoff_is_biased() {
    let cutoff = usize::from(PROPORTION_CUTOFF);
    for at in [0, WINDOW, STARTUP, STARTUP + 3 * WINDOW] {
        assert_eq!(first_fault(with_proportion(at, cutoff - 1), 5000), None, "window at {at}");
        let noticed = Some((at + 2 * (cutoff - 1), EntropyFault::Biased));
        assert_eq!(first_fault(with_proportion(at, cutoff), 5000), noticed, "window at {at}");
    }
}

#[test]
fn the_last_sample_of_a_window_counts_and_the_first_of_the_next_does_not() {
    let count_with_last_at = |last: usize| {
        move |n: usize| {
            let early = n.is_multiple_of(2) && n / 2 < usize::from(PROPORTION_CUTOFF) - 1;
            Some(if early || n == last { 0 } else { good(3, n).max(1) })
        }
    };
    assert_eq!(first_fault(count_with_last_at(WINDOW - 1), 5000), Some((WINDOW - 1, EntropyFault::Biased)));
    assert_eq!(first_fault(count_with_last_at(WINDOW), 5000), None);
}

#[test]
fn a_good_source_gives_a_million_samples_without_a_false_alarm() {
    assert_eq!(first_fault(|n| Some(good(4, n)), 1_000_000), None);
}

#[test]
fn a_source_that_just_keeps_its_promise_of_four_bits_passes_too() {
    assert_eq!(first_fault(|n| Some(good(5, n) & 0x0F), 1_000_000), None);
}

#[test]
fn a_source_of_half_the_promised_entropy_is_biased() {
    // Four values: each is first of its window and then makes up a quarter of it.
    let (at, fault) = first_fault(|n| Some(good(6, n) & 0x03), 100_000).unwrap();
    assert_eq!(fault, EntropyFault::Biased);
    assert!(at < WINDOW, "only noticed at {at}");
}

#[test]
fn a_stuck_source_is_noticed_within_the_cutoff_whatever_its_value() {
    for value in [0x00, 0x01, 0x55, 0xFF] {
        let cutoff = usize::from(REPETITION_CUTOFF);
        assert_eq!(first_fault(|_| Some(value), 1), Some((cutoff - 1, EntropyFault::Stuck)));
    }
}

#[test]
fn a_source_that_never_answers_is_absent_and_one_that_falls_silent_is_short() {
    assert_eq!(first_fault(|_| None, 1), Some((0, EntropyFault::Absent)));
    for end in [1, STARTUP - 1, STARTUP, STARTUP + 77] {
        let next = |n| (n < end).then(|| good(7, n));
        assert_eq!(first_fault(next, 100), Some((end, EntropyFault::Short)), "silent after {end}");
    }
}

#[test]
fn the_samples_of_the_startup_test_are_not_given_out() {
    let (source, asked) = source(|n| Some(good(8, n)));
    let mut collector = Collector::new(source);
    assert_eq!(asked.get(), 0);
    collector.start().unwrap();
    assert_eq!(asked.get(), STARTUP);
    let mut out = [0u8; 64];
    collector.gather(&mut out).unwrap();
    assert_eq!(asked.get(), STARTUP + 64);
    assert!(out.iter().enumerate().all(|(i, byte)| *byte == good(8, STARTUP + i)));
}

#[test]
fn samples_asked_for_before_the_startup_test_run_it_first() {
    let (source, asked) = source(|n| Some(good(8, n)));
    let mut collector = Collector::new(source);
    let mut out = [0u8; 1];
    collector.gather(&mut out).unwrap();
    assert_eq!((asked.get(), out[0]), (STARTUP + 1, good(8, STARTUP)));
}

#[test]
fn the_startup_test_can_be_repeated_on_demand() {
    let (source, asked) = source(|n| (n < 2 * STARTUP - 1).then(|| good(9, n)));
    let mut collector = Collector::new(source);
    assert_eq!(collector.start(), Ok(()));
    assert_eq!(collector.start(), Err(EntropyFault::Short));
    assert_eq!(asked.get(), 2 * STARTUP);
    assert_eq!(collector.gather(&mut [0u8; 4]), Err(EntropyFault::Short));
}

#[test]
fn a_fault_is_final_even_if_the_source_recovers_and_what_was_gathered_is_wiped() {
    // Silent once, 10 samples into the request, and perfect otherwise.
    let (flaky, asked) = source(|n| (n != STARTUP + 10).then(|| good(10, n)));
    let mut collector = Collector::new(flaky);
    let mut out = [0xAAu8; 32];
    assert_eq!(collector.gather(&mut out), Err(EntropyFault::Short));
    assert_eq!(out, [0; 32]);
    let asked_at_fault = asked.get();
    for _ in 0..3 {
        out = [0xAA; 32];
        assert_eq!(collector.gather(&mut out), Err(EntropyFault::Short));
        assert_eq!(out, [0; 32]);
        assert_eq!(collector.gather(&mut []), Err(EntropyFault::Short));
        assert_eq!(collector.start(), Err(EntropyFault::Short));
    }
    assert_eq!(asked.get(), asked_at_fault, "a failed collector asks its source");

    // The same source without the gap, as a positive control.
    let mut healthy = Collector::new(source(|n| Some(good(10, n))).0);
    assert_eq!(healthy.gather(&mut out), Ok(()));
    assert_ne!(out, [0; 32]);
}

#[test]
fn every_fault_has_its_own_stable_code_and_name() {
    let listed = EntropyFault::ALL.map(|fault| (fault.code(), fault.name()));
    assert_eq!(
        listed,
        [
            (0x0301, "entropy-absent"),
            (0x0302, "entropy-short"),
            (0x0303, "entropy-stuck"),
            (0x0304, "entropy-biased"),
            (0x0305, "drbg-self-test-failed"),
        ]
    );
}
