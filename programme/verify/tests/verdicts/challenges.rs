//! Challenges that nobody has to remember.

use crate::made::{Claims, NONCE as NONCE_CLAIM};
use crate::support::*;
use ciborium::Value;
use dtsec_verify::{CHALLENGE_BYTES, ChallengeError, Challenges, Evidence, Expected, Finding};
use jiff::{SignedDuration, Timestamp};

fn challenges(key: u8) -> Challenges {
    Challenges::new(&[key; 32], SignedDuration::from_mins(5))
}

fn answer(challenge: &[u8]) -> Vec<u8> {
    Claims::full().with(NONCE_CLAIM, Value::Bytes(challenge.to_vec())).token()
}

fn found(token: &[u8], by: &Challenges, challenge: &[u8], at: Timestamp) -> Finding {
    verifier().verify(&Evidence::new(token), Expected::Challenge { by, challenge }, at).finding
}

#[test]
fn a_challenge_is_answered_within_its_time_and_not_after() {
    let by = challenges(1);
    let challenge = by.issue(&[9; 24], now());
    let token = answer(&challenge);
    let later = |seconds| now() + SignedDuration::from_secs(seconds);
    for (seconds, finding) in [
        (0, Finding::ListedAndClean),
        (299, Finding::ListedAndClean),
        (300, Finding::ChallengeExpired),
        (30_000, Finding::ChallengeExpired),
    ] {
        assert_eq!(found(&token, &by, &challenge, later(seconds)), finding, "{seconds}");
    }
    assert_eq!(by.check(&challenge, later(300)), Err(ChallengeError::Expired(later(300))));
}

#[test]
fn any_machine_with_the_key_knows_it_and_none_with_another() {
    let challenge = challenges(1).issue(&[9; 24], now());
    let token = answer(&challenge);
    assert_eq!(found(&token, &challenges(1), &challenge, now()), Finding::ListedAndClean);
    assert_eq!(found(&token, &challenges(2), &challenge, now()), Finding::ChallengeNotOurs);
}

#[test]
fn the_answer_to_one_challenge_is_none_to_another() {
    let by = challenges(1);
    let [one, other] = [by.issue(&[1; 24], now()), by.issue(&[2; 24], now())];
    assert_eq!(found(&answer(&one), &by, &one, now()), Finding::ListedAndClean);
    assert_eq!(found(&answer(&one), &by, &other, now()), Finding::NonceMismatch);
}

#[test]
fn nothing_of_a_challenge_can_be_changed() {
    let by = challenges(1);
    let challenge = by.issue(&[9; 24], now());
    assert_eq!((by.check(&challenge, now()), challenge.len()), (Ok(()), CHALLENGE_BYTES));
    for at in 0..challenge.len() {
        let mut changed = challenge;
        changed[at] ^= 0x40;
        assert_eq!(by.check(&changed, now()), Err(ChallengeError::NotOurs), "{at}");
    }
    for bad in [&challenge[..63], &[], &[0; 64], &[0xFF; 64], &[&challenge[..], &[0]].concat()] {
        assert_eq!(by.check(bad, now()), Err(ChallengeError::NotOurs));
    }
}

#[test]
fn a_callers_own_nonce_is_none_of_ours() {
    let token = Claims::full().token();
    assert_eq!(found(&token, &challenges(1), &NONCE, now()), Finding::ChallengeNotOurs);
}
