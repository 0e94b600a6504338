//! HMAC_DRBG against NIST's answers and against an implementation that shares no code with it.

use cdd_crypto::drbg::{Drbg, DrbgError, MAX_REQUEST, RESEED_INTERVAL, self_test};
use proptest::prelude::*;

/// One case of the CAVP file: the fields by name, in order; a name may occur twice.
type Case<'a> = Vec<(&'a str, Vec<u8>)>;

fn cases(file: &str) -> Vec<Case<'_>> {
    let mut cases = Vec::<Case>::new();
    for line in file.lines().filter(|line| !line.starts_with(['#', '['])) {
        let Some((name, value)) = line.split_once('=').map(|(n, v)| (n.trim(), v.trim())) else { continue };
        match name {
            "COUNT" => cases.push(Case::new()),
            _ => cases.last_mut().unwrap().push((name, hex::decode(value).unwrap())),
        }
    }
    cases
}

fn all<'c>(case: &'c Case, name: &str) -> Vec<&'c [u8]> {
    case.iter().filter(|(n, _)| *n == name).map(|(_, value)| value.as_slice()).collect()
}

/// Runs a case as the DRBGVS prescribes, with `deviate` applied to its entropy input.
fn run(case: &Case, deviate: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut entropy = all(case, "EntropyInput")[0].to_vec();
    deviate(&mut entropy);
    let (nonce, personalization) = (all(case, "Nonce")[0], all(case, "PersonalizationString")[0]);
    let mut drbg = Drbg::instantiate(&entropy, nonce, personalization).unwrap();
    for (entropy, additional) in
        all(case, "EntropyInputReseed").iter().zip(all(case, "AdditionalInputReseed"))
    {
        drbg.reseed(entropy, additional).unwrap();
    }
    let fresh = all(case, "EntropyInputPR");
    let additional = all(case, "AdditionalInput");
    assert_eq!(additional.len(), 2);
    let mut out = vec![0u8; all(case, "ReturnedBits")[0].len()];
    for (i, additional) in additional.into_iter().enumerate() {
        match fresh.get(i) {
            // SP 800-90A §9.3.1: with prediction resistance the reseeding takes the additional input.
            Some(fresh) => {
                drbg.reseed(fresh, additional).unwrap();
                drbg.generate(&mut out, &[]).unwrap();
            }
            None => drbg.generate(&mut out, additional).unwrap(),
        }
    }
    out
}

#[test]
fn the_generator_gives_the_answers_of_nist_cavp() {
    let cases = cases(include_str!("../../../vectors/hmac_drbg_sha256.rsp"));
    assert_eq!(cases.len(), 41);
    let with = |name| cases.iter().filter(|case| all(case, name).iter().any(|v| !v.is_empty())).count();
    assert_eq!((with("EntropyInputReseed"), with("EntropyInputPR")), (8, 2));
    assert_eq!((with("PersonalizationString"), with("AdditionalInput")), (6, 21));
    for case in &cases {
        let answer = all(case, "ReturnedBits")[0];
        assert_eq!(hex::encode(run(case, |_| {})), hex::encode(answer));
        assert_ne!(run(case, |entropy| entropy[0] ^= 1), answer, "the harness is blind");
    }
}

#[test]
fn the_power_up_self_test_passes() {
    assert!(self_test());
}

#[test]
fn a_reseeding_is_required_after_the_interval_and_renews_it() {
    let mut drbg = Drbg::instantiate(&[1; 32], &[2; 16], &[]).unwrap();
    for round in 0..2 {
        for request in 0..RESEED_INTERVAL {
            assert_eq!(drbg.generate(&mut [0; 1], &[]), Ok(()), "request {request} of round {round}");
        }
        assert!(drbg.must_reseed());
        let mut out = [0xAA; 40];
        assert_eq!(drbg.generate(&mut out, &[]), Err(DrbgError::ReseedRequired));
        assert_eq!(out, [0; 40], "bytes were given although the call was refused");
        drbg.reseed(&[3; 32], &[]).unwrap();
        assert!(!drbg.must_reseed());
    }
}

#[test]
fn a_request_at_the_limit_is_answered_and_a_longer_one_is_refused() {
    let mut drbg = Drbg::instantiate(&[1; 32], &[2; 16], &[]).unwrap();
    let mut out = vec![0u8; MAX_REQUEST + 1];
    assert_eq!(drbg.generate(&mut out[..MAX_REQUEST], &[]), Ok(()));
    assert!(out[..MAX_REQUEST].iter().any(|b| *b != 0));
    assert_eq!(drbg.generate(&mut out, &[]), Err(DrbgError::RequestTooLong));
    assert!(out.iter().all(|b| *b == 0));
}

#[test]
fn too_little_entropy_input_is_refused_and_changes_nothing() {
    assert_eq!(Drbg::instantiate(&[1; 31], &[2; 64], &[]).err(), Some(DrbgError::EntropyTooShort));
    let mut drbg = Drbg::instantiate(&[1; 32], &[2; 16], &[]).unwrap();
    let mut untouched = Drbg::instantiate(&[1; 32], &[2; 16], &[]).unwrap();
    assert_eq!(drbg.reseed(&[9; 31], &[9; 64]), Err(DrbgError::EntropyTooShort));
    let (mut a, mut b) = ([0; 32], [0; 32]);
    drbg.generate(&mut a, &[]).unwrap();
    untouched.generate(&mut b, &[]).unwrap();
    assert_eq!(a, b);
}

proptest! {
    #[test]
    fn every_sequence_of_requests_agrees_with_an_independent_implementation(
        entropy in prop::collection::vec(any::<u8>(), 32..130),
        nonce in prop::collection::vec(any::<u8>(), 0..80),
        personalization in prop::collection::vec(any::<u8>(), 0..80),
        requests in prop::collection::vec(0usize..300, 1..6),
    ) {
        let mut ours = Drbg::instantiate(&entropy, &nonce, &personalization).unwrap();
        let mut theirs = rfc6979::HmacDrbg::<sha2_independent::Sha256>::new(&entropy, &nonce, &personalization);
        for request in requests {
            let (mut a, mut b) = (vec![0u8; request], vec![0u8; request]);
            ours.generate(&mut a, &[]).unwrap();
            theirs.fill_bytes(&mut b);
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn a_reseeding_agrees_with_instantiating_by_hand_from_the_definition(
        entropy in prop::collection::vec(any::<u8>(), 32..130),
        fresh in prop::collection::vec(any::<u8>(), 32..130),
        first in prop::collection::vec(any::<u8>(), 0..80),
        second in prop::collection::vec(any::<u8>(), 0..80),
        third in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut ours = Drbg::instantiate(&entropy, &[], &[]).unwrap();
        let mut model = Model { key: [0; 32], value: [1; 32] };
        model.update(&entropy);
        let (mut a, mut b) = ([0u8; 50], [0u8; 50]);
        ours.generate(&mut a, &first).unwrap();
        model.generate(&mut b, &first);
        prop_assert_eq!(a, b);
        ours.reseed(&fresh, &second).unwrap();
        model.update(&[&fresh[..], &second[..]].concat());
        ours.generate(&mut a, &third).unwrap();
        model.generate(&mut b, &third);
        prop_assert_eq!(a, b);
    }
}

/// §10.1.2 written down once more, in the plainest way, over another hash implementation.
struct Model {
    key: [u8; 32],
    value: [u8; 32],
}

impl Model {
    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        use sha2_independent::{Digest, Sha256};
        let pad = |with: u8| (0..64).map(|i| self.key.get(i).unwrap_or(&0) ^ with).collect::<Vec<u8>>();
        let inner = Sha256::digest([&pad(0x36)[..], message].concat());
        Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).into()
    }

    fn update(&mut self, data: &[u8]) {
        for tag in [0u8, 1] {
            self.key = self.hmac(&[&self.value[..], &[tag], data].concat());
            self.value = self.hmac(&self.value);
            if data.is_empty() {
                return;
            }
        }
    }

    fn generate(&mut self, out: &mut [u8], additional: &[u8]) {
        if !additional.is_empty() {
            self.update(additional);
        }
        for chunk in out.chunks_mut(32) {
            self.value = self.hmac(&self.value);
            chunk.copy_from_slice(&self.value[..chunk.len()]);
        }
        self.update(additional);
    }
}
