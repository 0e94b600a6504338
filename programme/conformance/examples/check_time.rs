//! How long a check of a Security Target of 200 KB takes: reading, every rule, lines, report.
//!
//! `cargo run --release -p dtsec-conformance --example check_time [FILE]`; without a file, the corpus's with as many iterations
//! as make 200 KB. Prints the figure; whoever has a budget compares.

use dtsec_conformance::{Documents, Report, check};
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Document, builtin};
use std::time::{Duration, Instant};

const SIZE: usize = 200 * 1024;
const RUNS: usize = 101;

fn main() {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")),
        None => large(),
    };
    let mut times: Vec<Duration> = (0..RUNS).map(|_| once(&text).0).collect();
    times.sort();
    let findings = once(&text).1;
    let (median, slowest) = (times[RUNS / 2], times[RUNS - 1]);
    println!(
        "check of {} bytes, {findings} findings: median {:.2} ms, slowest {:.2} ms of {RUNS} runs",
        text.len(),
        median.as_secs_f64() * 1e3,
        slowest.as_secs_f64() * 1e3,
    );
}

fn once(text: &str) -> (Duration, usize) {
    let start = Instant::now();
    let target = SecurityTarget::from_json(text).unwrap_or_else(|error| panic!("{error}"));
    let findings = check(&target, builtin::sesip_profile(), &Documents::none());
    let report = Report::new("target.json", "profile", text, findings);
    std::hint::black_box(report.to_string());
    (start.elapsed(), report.findings.len())
}

/// The corpus's Security Target, with more iterations of cryptographic operation.
fn large() -> String {
    let mut target = SecurityTarget::from_json(include_str!("../tests/corpus/right.json"))
        .unwrap_or_else(|error| panic!("{error}"));
    let claim = target.claims("cryptographic-operation").next().cloned();
    let Some(claim) = claim else { panic!("the corpus has no cryptographic operation") };
    while target.to_json().len() < SIZE {
        for _ in 0..10 {
            let mut more = claim.clone();
            more.iteration = Some(format!("iteration {}", target.requirements.len()));
            target.requirements.push(more);
        }
    }
    target.to_json()
}
