//! The probe at work on both targets. Needs the firmware: `cargo xtask test` builds it and runs these.

use super::calls::{self, Call};
use super::gate::Moment;
use super::psa::alg;
use super::{Arg, Probe, Residues, status};
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

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn calls_give_status_and_output_whatever_the_length_of_their_arguments() {
    on_both(|mut probe, _| {
        let message: Vec<u8> = (0..8192u32).map(|n| (n * 31) as u8).collect();
        for len in [0, 1, 3, 4096, 5000, 8192] {
            let hash = held(probe.done(&calls::digest(alg::SHA_256, &message[..len])));
            assert_eq!(hash, Sha256::digest(&message[..len]).to_vec(), "{len} bytes");
        }
        let random = held(probe.done(&calls::random().room(8192)));
        assert!(random.len() == 8192 && random[..4096] != random[4096..]);
        assert!(held(probe.done(&calls::random().room(0))).is_empty());
        held(probe.ends("part 9", &calls::identity_part(9), status::DOES_NOT_EXIST));
    });
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn inputs_are_taken_from_the_scratch_buffer_where_they_lie() {
    on_both(|mut probe, _| {
        held(probe.ok("put 100 616263"));
        let hash = held(probe.done(&calls::digest(alg::SHA_256, &[]).in_scratch(100, 3)));
        assert_eq!(hash, Sha256::digest(b"abc").to_vec());
    });
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn a_thousand_calls_at_once_are_answered_in_their_order() {
    on_both(|mut probe, _| {
        let messages: Vec<[u8; 4]> = (0..1000u32).map(u32::to_le_bytes).collect();
        let digests: Vec<_> = messages.iter().map(|message| calls::digest(alg::SHA_256, message)).collect();
        let expected = messages.iter().map(|message| Sha256::digest(message).to_vec());
        assert!(expected.eq(held(probe.all_done(&digests))));
    });
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn arguments_that_the_probe_cannot_pass_are_the_harness_and_not_the_device() {
    on_both(|mut probe, _| {
        let random = |args: &'static [Arg<'static>]| Call { args: args.to_vec(), ..calls::random() };
        for odd in [
            calls::random().room(8193),
            random(&[Arg::Output(1), Arg::Output(1)]),
            random(&[Arg::Value(0); 20]),
            Call { number: 4000, ..calls::application_ready() },
        ] {
            assert!(matches!(probe.make(&odd), Err(Failure::Harness(_))), "{odd:?}");
        }
        held(probe.done(&calls::random()));
    });
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn a_search_of_all_memory_finds_what_is_there_and_nothing_else() {
    on_both(|mut probe, seen| {
        let secret: Vec<u8> = Sha256::digest(b"nobody has this").to_vec();
        let places = |probe: &mut Probe| held(Residues::of(probe)).in_memory("secret", &secret).len();
        assert_eq!(places(&mut probe), 0);
        // Kept by the probe, as a number of little-endian words.
        let limbs: Vec<u8> = secret.iter().rev().copied().collect();
        held(probe.ok(&format!("put 128 {}", hex::encode(limbs))));
        assert_eq!(places(&mut probe), 1);
        held(probe.ok("wipe"));
        assert_eq!(places(&mut probe), 0);
        held(probe.planted(seen, &Sha256::digest(b"a pattern")));
        // The device goes on, and its flash is what it is when the power is cut.
        held(probe.done(&calls::random()));
        let (flash, storage) = (held(probe.flash()), held(probe.storage()));
        let dut = probe.cut();
        assert!(flash == held(dut.read_flash()) && storage == held(dut.read_storage()));
    });
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn power_that_is_cut_during_a_call_comes_back_to_the_same_device() {
    on_both(|mut probe, seen| {
        let call = calls::random().room(8192);
        let start = Instant::now();
        held(probe.done(&call));
        let whole = start.elapsed();
        let fuses = held(probe.dut.read_fuses());
        let mut before = 0;
        for eighths in 0..8 {
            let (dut, answer) = held(probe.cut_at(&call, Moment::After(whole * eighths / 8)));
            before += u32::from(answer.is_none());
            probe = held(Probe::power(dut, seen, Entropy::System));
        }
        assert!(before > 0, "no cut came before the answer");
        let (dut, answer) = held(probe.cut_at(&call, Moment::After(Duration::from_secs(30))));
        assert_eq!(answer.map(|(status, bytes)| (status, bytes.len())), Some((0, 8192)));
        assert!(held(dut.read_fuses()) == fuses);
    });
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn power_is_cut_right_after_the_store_that_was_chosen() {
    let (mut seen, bench) = (Observations::default(), bench(Target::Mps2An505));
    let probe = held(Probe::start(&bench, &mut seen));
    let mut dut = probe.cut();
    // The platform's memory, into which every call stores.
    let counting = dut.counting_stores(&(0x3808_0000..0x3809_0000));
    let counting = counting.expect("the plugin that counts: run `cargo xtask build` first");
    for (stores, cut) in [(1, true), (100, true), (100_000_000, false)] {
        let probe = held(Probe::power_more(dut, &mut seen, Entropy::System, &counting));
        let (left, answer) = held(probe.cut_at(&calls::random(), Moment::Store(stores)));
        assert_eq!(answer.is_none(), cut, "after {stores} stores");
        dut = left;
    }
    held(Probe::power(dut, &mut seen, Entropy::System));
}
