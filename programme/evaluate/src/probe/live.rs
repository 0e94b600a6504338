//! The probe at work on both targets. Needs the firmware: `cargo xtask test` builds it and runs these.

use super::{Arg, Moment, PSA_ALG_SHA_256, Probe, call, expect_status, status};
use crate::bench::Bench;
use crate::model::{Failure, Outcome, Target};
use crate::observations::Observations;
use crate::{Options, Selection, Work};
use dtsec_target::Entropy;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A bench for that target, with the firmware as built.
fn bench(target: Target) -> Bench {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/firmware").join(target.name());
    let selection = Selection::default();
    let options = Options { target, firmware: built, selection, seed: 1, quick: true };
    Bench::new(&options, &Arc::new(Work::new().unwrap())).expect("run `cargo xtask build` first")
}

#[track_caller]
fn held<T>(outcome: Outcome<T>) -> T {
    outcome.unwrap_or_else(|failure| panic!("{failure}"))
}

/// Runs the same on a probe of each target.
fn on_both(run: fn(Probe, &mut Observations)) {
    for target in Target::ALL {
        let mut seen = Observations::default();
        let bench = bench(target);
        let probe = held(Probe::start(&bench, &mut seen));
        assert_eq!(probe.target(), target);
        run(probe, &mut seen);
        assert!(seen.control.iter().all(|control| control.held), "{:?}", seen.control);
    }
}

fn digest(message: &[u8]) -> [Arg<'_>; 3] {
    [Arg::Value(PSA_ALG_SHA_256), Arg::Input(message), Arg::Output(64)]
}

#[test]
#[ignore = "needs the firmware"]
fn calls_give_status_and_output_whatever_the_length_of_their_arguments() {
    on_both(|mut probe, _| {
        let message: Vec<u8> = (0..8192u32).map(|n| (n * 31) as u8).collect();
        for len in [0, 1, 3, 4096, 5000, 8192] {
            let hash = held(probe.gate_ok(call::DIGEST, &digest(&message[..len])));
            assert_eq!(hash, Sha256::digest(&message[..len]).to_vec(), "{len} bytes");
        }
        let random = held(probe.gate_ok(call::RANDOM, &[Arg::Output(8192)]));
        assert!(random.len() == 8192 && random[..4096] != random[4096..]);
        let (status, output) = held(probe.gate(call::RANDOM, &[Arg::Output(0)]));
        assert_eq!((status, output.len()), (status::SUCCESS, 0));
        let (status, _) = held(probe.gate(call::IDENTITY_PART, &[Arg::Value(9), Arg::Output(112)]));
        held(expect_status("part 9", status, -140));
    });
}

#[test]
#[ignore = "needs the firmware"]
fn a_thousand_calls_at_once_are_answered_in_their_order() {
    on_both(|mut probe, _| {
        let messages: Vec<[u8; 4]> = (0..1000u32).map(u32::to_le_bytes).collect();
        let args: Vec<_> = messages.iter().map(|message| digest(message)).collect();
        let calls: Vec<(u32, &[Arg<'_>])> = args.iter().map(|args| (call::DIGEST, &args[..])).collect();
        let results = held(probe.gates(&calls));
        let expected = messages.iter().map(|message| (0, Sha256::digest(message).to_vec()));
        assert!(expected.eq(results));
    });
}

#[test]
#[ignore = "needs the firmware"]
fn arguments_that_the_probe_cannot_pass_are_the_harness_and_not_the_device() {
    on_both(|mut probe, _| {
        for args in [&[Arg::Output(8193)][..], &[Arg::Output(1), Arg::Output(1)], &[Arg::Value(0); 20]] {
            assert!(matches!(probe.gate(call::RANDOM, args), Err(Failure::Harness(_))));
        }
        assert!(matches!(probe.gate(4000, &[]), Err(Failure::Harness(_))));
        held(probe.gate_ok(call::RANDOM, &[Arg::Output(1)]));
    });
}

#[test]
#[ignore = "needs the firmware"]
fn a_search_of_all_memory_finds_what_is_there_and_nothing_else() {
    on_both(|mut probe, seen| {
        let secret: Vec<u8> = Sha256::digest(b"nobody has this").to_vec();
        assert_eq!(held(probe.search(seen, &secret)), []);
        // Kept by the probe, as a number of little-endian words.
        let limbs: Vec<u8> = secret.iter().rev().copied().collect();
        held(probe.ok(&format!("put 128 {}", hex::encode(limbs))));
        assert!(!held(probe.search(seen, &secret)).is_empty());
        held(probe.ok("wipe"));
        assert_eq!(held(probe.search(seen, &secret)), []);
        // The device goes on.
        held(probe.gate_ok(call::RANDOM, &[Arg::Output(16)]));
        assert!(!held(probe.flash()).is_empty());
        let fuses = held(probe.fuses());
        assert!(fuses == held(probe.cut().read_fuses()));
    });
}

#[test]
#[ignore = "needs the firmware"]
fn power_that_is_cut_during_a_call_comes_back_to_the_same_device() {
    on_both(|mut probe, seen| {
        let args = [Arg::Output(8192)];
        let start = Instant::now();
        held(probe.gate_ok(call::RANDOM, &args));
        let whole = start.elapsed();
        let fuses = held(probe.fuses());
        let mut before = 0;
        for eighths in 0..8 {
            let (dut, answer) = held(probe.cut_during(call::RANDOM, &args, whole * eighths / 8));
            before += u32::from(answer.is_none());
            probe = held(Probe::power(dut, seen, Entropy::System));
        }
        assert!(before > 0, "no cut came before the answer");
        let (dut, answer) = held(probe.cut_during(call::RANDOM, &args, Duration::from_secs(30)));
        assert_eq!(answer.map(|(status, bytes)| (status, bytes.len())), Some((0, 8192)));
        assert!(held(dut.read_fuses()) == fuses);
    });
}

#[test]
#[ignore = "needs the firmware"]
fn power_is_cut_right_after_the_store_that_was_chosen() {
    let (mut seen, bench) = (Observations::default(), bench(Target::Mps2An505));
    let probe = held(Probe::start(&bench, &mut seen));
    let mut dut = probe.cut();
    // The platform's memory, into which every call stores.
    let Some(counting) = dut.counting_stores(&(0x3808_0000..0x3809_0000)) else {
        println!("the plugin is not in the firmware's folder: power is cut at random moments only");
        return;
    };
    for (stores, cut) in [(1, true), (100, true), (100_000_000, false)] {
        let probe = held(Probe::power_more(dut, &mut seen, Entropy::System, &counting));
        let (left, answer) = held(probe.cut_at(call::RANDOM, &[Arg::Output(16)], Moment::Store(stores)));
        assert_eq!(answer.is_none(), cut, "after {stores} stores");
        dut = left;
    }
    held(Probe::power(dut, &mut seen, Entropy::System));
}
