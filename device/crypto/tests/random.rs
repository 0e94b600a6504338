//! The random numbers of the device, from the noise source to the caller's buffer.

mod common;

use cdd_crypto::drbg::{Drbg, MAX_REQUEST, RESEED_INTERVAL};
use cdd_crypto::health::STARTUP_SAMPLES;
use cdd_crypto::random::SEED_SAMPLES;
use cdd_crypto::{EntropyFault, Random, RandomState};
use common::{good, source};

const STARTUP: usize = STARTUP_SAMPLES as usize;
const DEVICE: [u8; 32] = [0xD1; 32];

fn samples(seed: u64, from: usize) -> Vec<u8> {
    (from..from + SEED_SAMPLES).map(|n| good(seed, n)).collect()
}

#[test]
fn nothing_is_read_before_the_first_use_which_tests_and_seeds() {
    let (source, asked) = source(|n| Some(good(1, n)));
    let mut random = Random::new(source, DEVICE);
    assert_eq!((random.state(), asked.get()), (RandomState::NotStarted, 0));
    random.fill(&mut []).unwrap();
    assert_eq!((random.state(), asked.get()), (RandomState::Ready, STARTUP + SEED_SAMPLES));
    random.fill(&mut [0; 100]).unwrap();
    assert_eq!(asked.get(), STARTUP + SEED_SAMPLES, "a request must not read the source again");
}

#[test]
fn the_output_is_that_of_the_generator_seeded_after_the_startup_test_and_reseeded_at_the_limit() {
    let (source, asked) = source(|n| Some(good(2, n)));
    let mut random = Random::new(source, DEVICE);
    let seed = samples(2, STARTUP);
    let mut expected = Drbg::instantiate(&seed[..64], &seed[64..], &DEVICE).unwrap();
    let (mut a, mut b) = ([0u8; 33], [0u8; 33]);
    for request in 0..RESEED_INTERVAL {
        random.fill(&mut a).unwrap();
        expected.generate(&mut b, &[]).unwrap();
        assert_eq!(a, b, "request {request}");
    }
    assert_eq!(asked.get(), STARTUP + SEED_SAMPLES, "reseeded too early");

    random.fill(&mut a).unwrap();
    assert_eq!(asked.get(), STARTUP + 2 * SEED_SAMPLES, "not reseeded at the limit");
    let seed = samples(2, STARTUP + SEED_SAMPLES);
    expected.reseed(&seed[..64], &seed[64..]).unwrap();
    expected.generate(&mut b, &[]).unwrap();
    assert_eq!(a, b);
}

#[test]
fn a_request_longer_than_the_generator_allows_is_split() {
    let mut random = Random::new(source(|n| Some(good(3, n))).0, DEVICE);
    let mut whole = vec![0u8; MAX_REQUEST + 100];
    random.fill(&mut whole).unwrap();
    let seed = samples(3, STARTUP);
    let mut expected = Drbg::instantiate(&seed[..64], &seed[64..], &DEVICE).unwrap();
    let mut pieces = vec![0u8; MAX_REQUEST + 100];
    let (first, second) = pieces.split_at_mut(MAX_REQUEST);
    expected.generate(first, &[]).unwrap();
    expected.generate(second, &[]).unwrap();
    assert!(whole == pieces);
}

#[test]
fn two_devices_with_the_same_samples_differ_by_their_personalization() {
    let output = |device| {
        let mut out = [0u8; 32];
        Random::new(source(|n| Some(good(4, n))).0, device).fill(&mut out).unwrap();
        out
    };
    assert_eq!(output([1; 32]), output([1; 32]));
    assert_ne!(output([1; 32]), output([2; 32]));
}

#[test]
fn a_source_that_is_bad_from_the_start_gives_its_named_fault_and_no_byte() {
    type Bad = fn(usize) -> Option<u8>;
    let bad: [(Bad, EntropyFault); 4] = [
        (|_| None, EntropyFault::Absent),
        (|n| (n < 700).then(|| good(5, n)), EntropyFault::Short),
        (|_| Some(0x42), EntropyFault::Stuck),
        (|n| Some(good(5, n) & 3), EntropyFault::Biased),
    ];
    for (next, fault) in bad {
        let (source, asked) = source(next);
        let mut random = Random::new(source, DEVICE);
        let mut asked_once = None;
        for _ in 0..3 {
            let mut out = [0xAA; 64];
            assert_eq!(random.fill(&mut out), Err(fault));
            assert_eq!(out, [0; 64]);
            assert_eq!(random.fill(&mut []), Err(fault));
            assert_eq!(random.state(), RandomState::Failed(fault));
            assert_eq!(asked.get(), *asked_once.get_or_insert(asked.get()), "asked again after {fault:?}");
        }
    }
}

#[test]
fn a_source_that_fails_at_the_reseeding_ends_the_output_for_good() {
    // Good for the start-up test and one seeding, then stuck; and good again later, which must not matter.
    let until = STARTUP + SEED_SAMPLES;
    let mut random = Random::new(
        source(|n| Some(if (until..until + 50).contains(&n) { 7 } else { good(6, n) })).0,
        DEVICE,
    );
    for _ in 0..RESEED_INTERVAL {
        assert_eq!(random.fill(&mut [0; 8]), Ok(()));
    }
    for _ in 0..3 {
        let mut out = [0xAA; 8];
        assert_eq!(random.fill(&mut out), Err(EntropyFault::Stuck));
        assert_eq!(out, [0; 8]);
        assert_eq!(random.state(), RandomState::Failed(EntropyFault::Stuck));
    }
}

#[test]
fn a_fault_in_the_middle_of_a_split_request_wipes_the_pieces_already_made() {
    let until = STARTUP + SEED_SAMPLES;
    let mut random = Random::new(source(|n| (n < until).then(|| good(7, n))).0, DEVICE);
    for _ in 1..RESEED_INTERVAL {
        random.fill(&mut [0; 1]).unwrap();
    }
    let mut out = vec![0xAA; MAX_REQUEST + 1];
    assert_eq!(random.fill(&mut out), Err(EntropyFault::Short));
    assert!(out.iter().all(|byte| *byte == 0));
}
