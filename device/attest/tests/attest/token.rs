//! What a token says, read with CBOR, COSE and P-256 implementations that are not ours.

use crate::support::*;
use cdd_attest::{
    AttestError, CertificationReference, Claims, MAX_SERVICE_BYTES, MAX_TOKEN_BYTES, PROFILE, issue, size,
};
use cdd_boot::{PartId, State};
use cdd_fuses::LifeCycle;
use ciborium::Value;
use core::num::NonZeroI32;

fn bytes(value: Option<&Value>) -> &[u8] {
    value.and_then(Value::as_bytes).unwrap()
}

fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_text).unwrap()
}

fn number(value: Option<&Value>) -> i64 {
    i64::try_from(value.and_then(Value::as_integer).unwrap()).unwrap()
}

fn components(claims: &ClaimsSet) -> Vec<ClaimsSet> {
    let components = claims.get(2399).and_then(Value::as_array).unwrap();
    components.iter().map(|c| ClaimsSet(c.as_map().unwrap().clone())).collect()
}

fn issued(claims: &Claims<'_>, key: &cdd_attest::AttestationKey, nonce: &[u8]) -> Vec<u8> {
    let mut out = vec![0xEE; MAX_TOKEN_BYTES];
    let len = issue(claims, key, nonce, &mut out).unwrap();
    assert!(out[len..].iter().all(|byte| *byte == 0xEE), "nothing is written behind the token");
    out.truncate(len);
    out
}

#[test]
fn each_claim_has_the_label_and_the_type_of_rfc_9783() {
    let (record, key) = Device::default().start_with_key();
    assert_eq!(record.state(), State::Running);
    let reference = CertificationReference::new("1234567890123-12345").unwrap();
    let claims = Claims { certification_reference: Some(reference), ..claims(&record) };
    let token = issued(&claims, &key, &NONCE[..32]);
    let read = verify(&token, key.public_key()).unwrap();

    assert_eq!(read.labels(), [10, 256, 265, 268, 2394, 2395, 2396, 2398, 2399, 2400]);
    assert_eq!(bytes(read.get(10)), &NONCE[..32]);
    assert_eq!(bytes(read.get(256)), key.instance_id());
    assert_eq!(text(read.get(265)), "tag:psacertified.org,2023:psa#tfm");
    assert_eq!(text(read.get(265)), PROFILE);
    assert_eq!(bytes(read.get(268)), BOOT_SEED);
    assert_eq!(number(read.get(2394)), -1);
    assert_eq!(number(read.get(2395)), 0x3000);
    assert_eq!(bytes(read.get(2396)), IMPLEMENTATION_ID);
    assert_eq!(text(read.get(2398)), "1234567890123-12345");
    assert_eq!(text(read.get(2400)), "https://verify.example");
    assert_eq!(es256(), -7);
}

#[test]
fn every_part_is_listed_with_version_measurement_and_signer_as_boot_recorded_them() {
    let (record, key) = Device::default().start_with_key();
    let read = verify(&token(&record, &key), key.public_key()).unwrap();
    let components = components(&read);
    assert_eq!(components.len(), 3);
    for (component, part) in components.iter().zip(PartId::ALL) {
        let entry = record.part(part).unwrap();
        assert_eq!(component.labels(), [1, 2, 4, 5, 6]);
        // The role is the type and the hash is the description, not the other way round.
        assert_eq!(text(component.get(1)), part.name());
        assert_eq!(bytes(component.get(2)), entry.measurement);
        assert_eq!(text(component.get(4)), entry.version().to_string());
        assert_eq!(bytes(component.get(5)), entry.signer);
        assert_eq!(text(component.get(6)), "sha-256");
    }
    // Not only what the record says, but what was built.
    let names: Vec<_> = components.iter().map(|c| text(c.get(1))).collect();
    assert_eq!(names, ["boot", "platform", "application"]);
    assert_eq!(bytes(components[0].get(2)), Device::default().boot);
    let versions: Vec<_> = components.iter().map(|c| text(c.get(4))).collect();
    assert_eq!(versions, ["9.2.3+4", "1.2.3+4", "1.2.3+4"]);
    let signers: Vec<_> = components.iter().map(|c| bytes(c.get(5))).collect();
    // A signer ID is the hash of a key, never of a name; boot, which never changes, has none.
    assert_eq!(signers, [&[0; 32], &signer_id(1)[..], &signer_id(3)[..]]);
}

#[test]
fn a_part_that_was_not_started_is_not_listed() {
    let device = Device { application_payload: None, ..Device::default() };
    let (record, key) = device.start_with_key();
    assert_eq!(record.state(), State::NoApplication);
    let read = verify(&token(&record, &key), key.public_key()).unwrap();
    let names: Vec<_> = components(&read).iter().map(|c| text(c.get(1)).to_string()).collect();
    assert_eq!(names, ["boot", "platform"]);
}

#[test]
fn optional_claims_that_are_not_there_are_left_out() {
    let (record, key) = Device::default().start_with_key();
    let bare = Claims { boot_seed: None, verification_service: None, ..claims(&record) };
    let read = verify(&issued(&bare, &key, &NONCE[..32]), key.public_key()).unwrap();
    assert_eq!(read.labels(), [10, 256, 265, 2394, 2395, 2396, 2399]);
    let read = verify(&issued(&claims(&record), &key, &NONCE[..32]), key.public_key()).unwrap();
    assert!(read.get(268).is_some() && read.get(2400).is_some());
}

#[test]
fn the_life_cycle_is_the_one_that_boot_recorded() {
    for (state, claim) in [
        (LifeCycle::Provisioning, 0x2000),
        (LifeCycle::Secured, 0x3000),
        (LifeCycle::DebugAuthorised, 0x5000),
    ] {
        let (record, key) = Device { life_cycle: state, ..Device::default() }.start_with_key();
        let read = verify(&token(&record, &key), key.public_key()).unwrap();
        assert_eq!(number(read.get(2395)), claim, "{state:?}");
    }
    let (mut record, key) = Device::default().start_with_key();
    record.life_cycle = 77;
    let read = verify(&token(&record, &key), key.public_key()).unwrap();
    assert_eq!(number(read.get(2395)), 0, "a number that no state has is unknown");
}

#[test]
fn a_client_id_is_carried_whatever_its_sign() {
    let (record, key) = Device::default().start_with_key();
    for id in [-1, i32::MIN, 1, i32::MAX] {
        let claims = Claims { client_id: NonZeroI32::new(id).unwrap(), ..claims(&record) };
        let read = verify(&issued(&claims, &key, &NONCE[..32]), key.public_key()).unwrap();
        assert_eq!(number(read.get(2394)), i64::from(id));
    }
}

#[test]
fn only_challenges_of_32_48_and_64_bytes_are_answered() {
    let (record, key) = Device::default().start_with_key();
    let claims = claims(&record);
    for len in 0..=100 {
        let nonce = vec![0xA7; len];
        let mut out = vec![0xEE; MAX_TOKEN_BYTES];
        let outcome = issue(&claims, &key, &nonce, &mut out);
        if [32, 48, 64].contains(&len) {
            let token = &out[..outcome.unwrap()];
            assert_eq!(bytes(verify(token, key.public_key()).unwrap().get(10)), nonce);
            assert_eq!(size(&claims, len), Ok(token.len()));
        } else {
            assert_eq!(outcome, Err(AttestError::NonceLength), "{len}");
            assert_eq!(size(&claims, len), Err(AttestError::NonceLength), "{len}");
            assert!(out.iter().all(|byte| *byte == 0), "nothing is left in the output");
        }
    }
}

#[test]
fn an_output_that_is_too_short_is_refused_and_left_zero_and_the_size_told_is_enough() {
    let (record, key) = Device::default().start_with_key();
    let claims = claims(&record);
    for nonce in [32, 48, 64] {
        let needed = size(&claims, nonce).unwrap();
        for len in 0..needed {
            let mut out = vec![0xEE; len];
            let outcome = issue(&claims, &key, &NONCE[..nonce], &mut out);
            assert_eq!(outcome, Err(AttestError::BufferTooSmall), "{len}");
            assert!(out.iter().all(|byte| *byte == 0));
        }
        let mut out = vec![0xEE; needed];
        assert_eq!(issue(&claims, &key, &NONCE[..nonce], &mut out), Ok(needed));
        assert!(verify(&out, key.public_key()).is_ok());
    }
}

#[test]
fn claims_out_of_bounds_are_refused_and_those_at_the_bounds_are_not() {
    let (record, key) = Device::default().start_with_key();
    let mut out = [0; MAX_TOKEN_BYTES];
    let mut outcome = |claims: Claims<'_>| {
        let issued = issue(&claims, &key, &NONCE, &mut out);
        assert_eq!(issued, size(&claims, NONCE.len()));
        issued.map(|len| verify(&out[..len], key.public_key()).unwrap().0.len())
    };
    let seed = [1u8; 33];
    for len in 0..=33 {
        let expected = if (8..=32).contains(&len) { Ok(9) } else { Err(AttestError::BootSeedLength) };
        assert_eq!(outcome(Claims { boot_seed: Some(&seed[..len]), ..claims(&record) }), expected, "{len}");
    }
    let long = "x".repeat(MAX_SERVICE_BYTES + 1);
    for (service, expected) in [
        ("", Err(AttestError::ServiceLength)),
        ("x", Ok(9)),
        (&long[1..], Ok(9)),
        (&long[..], Err(AttestError::ServiceLength)),
    ] {
        assert_eq!(outcome(Claims { verification_service: Some(service), ..claims(&record) }), expected);
    }
    let blank = Device { life_cycle: LifeCycle::Assembly, ..Device::default() }.start();
    assert_eq!(outcome(claims(&blank)), Err(AttestError::PartMissing), "no platform was started");
}

#[test]
fn the_longest_token_that_there_can_be_is_as_long_as_the_constant_says() {
    let (mut record, key) = Device::default().start_with_key();
    // Versions are the only texts of a record; these are the longest.
    let longest = cdd_image::Version { major: 255, minor: 255, revision: 65535, build: u32::MAX };
    let (mut raw, at) =
        (zerocopy::IntoBytes::as_mut_bytes(&mut record).to_vec(), [9, 1, 1].map(|p| version(p).to_bytes()));
    for known in at {
        let found = raw.windows(8).position(|window| window == known).unwrap();
        raw[found..found + 8].copy_from_slice(&longest.to_bytes());
    }
    zerocopy::IntoBytes::as_mut_bytes(&mut record).copy_from_slice(&raw);
    let service = "s".repeat(MAX_SERVICE_BYTES);
    let claims = Claims {
        client_id: NonZeroI32::MIN,
        verification_service: Some(&service),
        certification_reference: Some(CertificationReference::new("1234567890123-12345").unwrap()),
        ..claims(&record)
    };
    assert_eq!(issued(&claims, &key, &NONCE).len(), MAX_TOKEN_BYTES);
    let read = verify(&issued(&claims, &key, &NONCE), key.public_key()).unwrap();
    assert_eq!(text(components(&read)[1].get(4)), "255.255.65535+4294967295");
}

#[test]
fn the_same_claims_give_the_same_token_and_another_challenge_another_one() {
    let (record, key) = Device::default().start_with_key();
    let (again, same_key) = Device::default().start_with_key();
    let first = token(&record, &key);
    assert_eq!(first, token(&again, &same_key));
    let mut nonce = NONCE;
    nonce[0] ^= 1;
    let other = issued(&claims(&record), &key, &nonce[..32]);
    assert_eq!(other.len(), first.len());
    let signature = first.len() - 64;
    assert_ne!(other[signature..signature + 32], first[signature..signature + 32], "r, and so k, is another");
}

#[test]
fn a_foreign_encoder_writes_the_same_claims_set_byte_for_byte() {
    let (record, key) = Device::default().start_with_key();
    let token = token(&record, &key);
    let claims = verify(&token, key.public_key()).unwrap();
    let mut foreign = Vec::new();
    ciborium::into_writer(&Value::Map(claims.0.clone()), &mut foreign).unwrap();
    // Shortest heads and definite lengths, or ciborium's bytes would not be found in the token.
    assert!(token.windows(foreign.len()).any(|window| window == foreign));
    // RFC 8949 §4.2.1: keys in the bytewise order of their encodings, in every map.
    let encoded = |(key, _): &(Value, Value)| {
        let mut bytes = Vec::new();
        ciborium::into_writer(key, &mut bytes).unwrap();
        bytes
    };
    for map in [vec![claims.clone()], components(&claims)].concat() {
        assert!(map.0.iter().map(encoded).is_sorted());
    }
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    let (record, key) = Device::default().start_with_key();
    let genuine = token(&record, &key);
    assert!(verify(&genuine, key.public_key()).is_ok());
    for at in 0..genuine.len() {
        for bit in 0..8 {
            let mut changed = genuine.clone();
            changed[at] ^= 1 << bit;
            assert!(verify(&changed, key.public_key()).is_err(), "byte {at}, bit {bit}");
        }
    }
    for len in 0..genuine.len() {
        assert!(verify(&genuine[..len], key.public_key()).is_err(), "cut to {len}");
    }
    assert!(verify(&[&genuine[..], &[0]].concat(), key.public_key()).is_err(), "a byte more");
}

#[test]
fn a_token_for_three_parts_has_the_size_that_is_published() {
    let record = Device::default().start();
    let bare = Claims { verification_service: None, ..claims(&record) };
    let sizes = [32, 48, 64].map(|nonce| size(&bare, nonce));
    assert_eq!(sizes, [Ok(572), Ok(588), Ok(604)]);
    assert_eq!(size(&claims(&record), 32), Ok(572 + 3 + 1 + "https://verify.example".len()));
    assert_eq!(MAX_TOKEN_BYTES, 818);
}
