//! Tokens that are not what they are to be: each has its own finding, beside a control that is affirmed.

use crate::device::Device;
use crate::made::{Claims, INSTANCE_ID, LIFE_CYCLE, NONCE as NONCE_CLAIM, PROFILE, public_key, token_of};
use crate::support::*;
use cdd_fuses::LifeCycle;
use ciborium::Value;
use dtsec_list::endorse::{Endorsement, Endorsements, Revocation, Revoked};
use dtsec_list::{ImplementationId, InstanceId, PublicKey};
use dtsec_token::MAX_TOKEN_BYTES;
use dtsec_verify::{Evidence, Expected, Finding, Tier, Verifier};

fn control() {
    assert_eq!(found(&verifier(), &Claims::full().token()), Finding::ListedAndClean, "the control");
}

#[test]
fn a_token_that_answers_another_challenge_is_a_replay() {
    control();
    let (verifier, token) = (verifier(), Claims::full().token());
    for other in [&[0xA8; 32][..], &[0xA7; 31], &[0xA7; 33], &[0xA7; 48], &[]] {
        let verdict = verifier.verify(&Evidence::new(&token), Expected::Nonce(other), now());
        assert_eq!(verdict.finding, Finding::NonceMismatch);
        assert_eq!((verdict.tier(), verdict.fingerprint), (Tier::Contraindicated, None));
    }
    let replayed = Claims::full().with(NONCE_CLAIM, Value::Bytes(vec![1; 32])).token();
    assert_eq!(found(&verifier, &replayed), Finding::NonceMismatch);
}

#[test]
fn a_token_that_is_cut_off_anywhere_is_said_to_be() {
    control();
    let (verifier, token) = (verifier(), Claims::full().token());
    for length in 0..token.len() {
        assert_eq!(found(&verifier, &token[..length]), Finding::Truncated, "{length}");
    }
}

#[test]
fn more_than_any_token_has_is_not_read() {
    control();
    assert_eq!(found(&verifier(), &vec![0xD2; MAX_TOKEN_BYTES + 1]), Finding::Oversized);
    let filler = Value::Bytes(vec![0; MAX_TOKEN_BYTES]);
    assert_eq!(found(&verifier(), &Claims::full().with(77, filler).token()), Finding::Oversized);
}

#[test]
fn what_is_no_token_is_malformed() {
    control();
    let token = Claims::full().token();
    let more = [&token[..], &[0]].concat();
    for bytes in [&more[..], b"eyJhbGciOiJFUzI1NiJ9", &[0xD2, 0x80], &[0xA0], &token_of(b"\xA0")] {
        let finding = found(&verifier(), bytes);
        assert!(
            matches!(finding, Finding::Malformed | Finding::WrongProfile | Finding::Truncated),
            "{finding:?}"
        );
        assert_eq!(finding.vector().executables, Some(99));
    }
    assert_eq!(found(&verifier(), &more), Finding::Malformed);
}

#[test]
fn another_profile_is_not_spoken() {
    control();
    for other in ["tag:psacertified.org,2019:psa#legacy", "PSA_IOT_PROFILE_1", "http://arm.com/psa/2.0.0"] {
        assert_eq!(found(&verifier(), &Claims::full().with(PROFILE, other).token()), Finding::WrongProfile);
    }
    assert_eq!(found(&verifier(), &Claims::full().without(PROFILE).token()), Finding::WrongProfile);
}

#[test]
fn a_key_that_nobody_endorsed_speaks_for_nobody() {
    control();
    let verifier = Verifier::new(full_list(), Endorsements::new()).unwrap();
    assert_eq!(found(&verifier, &Claims::full().token()), Finding::NotEndorsed);
}

#[test]
fn a_key_cannot_speak_for_another_instance() {
    control();
    // Key 1 signs, and says that it is instance 2, which is endorsed as well.
    let mut endorsements = endorsements();
    endorsements.endorse("ACME", &endorsement(key(2))).unwrap();
    let verifier = Verifier::new(full_list(), endorsements).unwrap();
    let id = Value::Bytes(key(2).instance_id().as_bytes().to_vec());
    let token = Claims::full().with(INSTANCE_ID, id).token();
    assert_eq!(found(&verifier, &token), Finding::BadSignature);
    assert_eq!(found(&verifier, &Claims::full().token()), Finding::ListedAndClean);
}

#[test]
fn the_instance_that_was_asked_has_to_answer() {
    let (verifier, token) = (verifier(), Claims::full().token());
    let asked = |id| {
        let evidence = Evidence::new(&token).of_instance(id);
        verifier.verify(&evidence, Expected::Nonce(&NONCE), now()).finding
    };
    assert_eq!(asked(key(1).instance_id()), Finding::ListedAndClean);
    assert_eq!(asked(key(2).instance_id()), Finding::WrongInstance);
}

#[test]
fn a_manufacturer_can_bind_an_instance_to_its_hardware() {
    let with = |id: [u8; 32]| {
        let mut endorsements = Endorsements::new();
        let implementation_id = Some(ImplementationId::try_from(&id[..]).unwrap());
        endorsements.endorse("ACME", &Endorsement { implementation_id, ..endorsement(key(1)) }).unwrap();
        found(&Verifier::new(full_list(), endorsements).unwrap(), &Claims::full().token())
    };
    assert_eq!(with([0x1D; 32]), Finding::ListedAndClean);
    assert_eq!(with([0x1E; 32]), Finding::WrongImplementation);
}

#[test]
fn a_revoked_key_no_longer_counts_and_is_known_as_revoked() {
    let with = |instance_id: InstanceId| {
        let mut endorsements = endorsements();
        let revoked = Revoked::Instance { instance_id };
        endorsements.revoke(Revocation { revoked, since: now() + hours(5), because: "stolen".into() });
        found_and_why(&Verifier::new(full_list(), endorsements).unwrap(), &Claims::full().token())
    };
    assert_eq!(with(key(2).instance_id()).0, Finding::ListedAndClean, "the control");
    let (finding, why) = with(key(1).instance_id());
    assert_eq!(finding, Finding::RevokedKey);
    assert!(why.contains("stolen"), "{why}");
}

#[test]
fn a_revoked_key_does_not_make_a_forgery_true() {
    let mut endorsements = endorsements();
    let revoked = Revoked::Instance { instance_id: key(1).instance_id() };
    endorsements.revoke(Revocation { revoked, since: now(), because: "stolen".into() });
    let verifier = Verifier::new(full_list(), endorsements).unwrap();
    let mut token = Claims::full().token();
    *token.last_mut().unwrap() ^= 1;
    assert_eq!(found(&verifier, &token), Finding::BadSignature);
}

#[test]
fn only_a_secured_device_can_be_believed() {
    for (claim, finding) in [
        (0x3000, Finding::ListedAndClean),
        (0x30FF, Finding::ListedAndClean),
        (0x4000, Finding::DebugState),
        (0x5000, Finding::DebugState),
        (0x6000, Finding::Decommissioned),
        (0x0000, Finding::NotSecured),
        (0x1000, Finding::NotSecured),
        (0x2000, Finding::NotSecured),
    ] {
        assert_eq!(
            found(&verifier(), &Claims::full().with(LIFE_CYCLE, claim).token()),
            finding,
            "{claim:#x}"
        );
    }
}

#[test]
fn a_real_device_whose_debugging_is_open_or_whose_life_is_over_says_so_and_is_not_believed() {
    for (life_cycle, finding) in [
        (LifeCycle::Secured, Finding::ListedAndClean),
        (LifeCycle::DebugAuthorised, Finding::DebugState),
        (LifeCycle::Provisioning, Finding::NotSecured),
    ] {
        let (record, key) = Device { life_cycle, ..Device::default() }.start_with_key();
        let token = crate::device::token(&record, &key);
        let mut endorsements = Endorsements::new();
        endorsements.endorse("ACME", &endorsement(PublicKey::checked(key.public_key()).unwrap())).unwrap();
        let list = list(vec![entry("E-1", vec![version("1.2.3+4", set_of(&token))])]);
        assert_eq!(found(&Verifier::new(list, endorsements).unwrap(), &token), finding, "{life_cycle:?}");
    }
}

#[test]
fn no_bit_can_be_changed() {
    control();
    let (verifier, genuine) = (verifier(), Claims::full().token());
    for at in 0..genuine.len() {
        for bit in 0..8 {
            let mut token = genuine.clone();
            token[at] ^= 1 << bit;
            let finding = found(&verifier, &token);
            assert_eq!(finding.tier(), Tier::Contraindicated, "byte {at}, bit {bit}: {finding:?}");
        }
    }
}

/// What `p256` says to the signature.
fn by_p256(token: &[u8]) -> bool {
    dtsec_token::Token::parse(token).is_ok_and(|token| token.verify(&public_key(1)))
}

#[test]
fn the_fast_cryptography_and_the_portable_one_agree_on_odd_signatures() {
    let verifier = verifier();
    let genuine = Claims::full().token();
    let at = genuine.len() - 64;
    let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let (r, s) = (genuine[at..at + 32].to_vec(), genuine[at + 32..].to_vec());
    // n − s signs the same as well: both take it, and no token of ours depends on its being the only one.
    let mut negative = [0u8; 32];
    let mut borrow = 0i16;
    for byte in (0..32).rev() {
        let difference = i16::from(order[byte]) - i16::from(s[byte]) - borrow;
        (negative[byte], borrow) = ((difference & 0xFF) as u8, i16::from(difference < 0));
    }
    let zero = vec![0; 32];
    for (r, s) in [
        (&r, &s),
        (&r, &negative.to_vec()),
        (&zero, &s),
        (&r, &zero),
        (&zero, &zero),
        (&order, &s),
        (&r, &order),
        (&s, &r),
        (&vec![0xFF; 32], &vec![0xFF; 32]),
    ] {
        let token = [&genuine[..at], r, s].concat();
        assert_eq!(
            found(&verifier, &token) == Finding::ListedAndClean,
            by_p256(&token),
            "{}",
            hex::encode(s)
        );
    }
}
