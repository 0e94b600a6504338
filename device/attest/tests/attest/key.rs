//! The attestation key belongs to one device in one state with one platform.

use crate::support::*;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use cdd_attest::AttestationKey;
use cdd_fuses::LifeCycle;

#[test]
fn the_instance_id_is_one_and_the_hash_of_the_uncompressed_public_key() {
    let (_, key) = Device::default().start_with_key();
    assert_eq!(key.public_key()[0], 4);
    let hash = digest(&SHA256, key.public_key());
    assert_eq!(key.instance_id()[..], [&[0x01], hash.as_ref()].concat());
    let (_, other) = Device { secret: [0x43; 32], ..Device::default() }.start_with_key();
    assert_ne!(other.instance_id(), key.instance_id());
}

#[test]
fn the_key_is_what_a_foreign_hkdf_derives_from_the_secret() {
    struct Bytes;
    impl aws_lc_rs::hkdf::KeyType for Bytes {
        fn len(&self) -> usize {
            32
        }
    }
    let record = Device::default().start();
    let mut scalar = [0; 32];
    let prk = Salt::new(HKDF_SHA256, &[]).extract(&record.attest_secret);
    prk.expand(&[b"cdd attestation key ES256", &[1]], Bytes).unwrap().fill(&mut scalar).unwrap();
    let (_, key) = Device::default().start_with_key();
    // AWS-LC refuses a pair whose halves do not belong together.
    let pair = |scalar: [u8; 32]| {
        EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &scalar,
            key.public_key(),
        )
    };
    assert!(pair(scalar).is_ok());
    scalar[31] ^= 1;
    assert!(pair(scalar).is_err());
}

#[test]
fn whatever_the_key_is_bound_to_makes_another_key_and_the_old_key_does_not_verify_its_token() {
    let original = Device::default();
    let (record, key) = original.start_with_key();
    assert!(verify(&token(&record, &key), key.public_key()).is_ok());
    for (what, changed) in [
        ("another platform", Device { platform_payload: 2, ..original.clone() }),
        ("another signer of the platform", Device { platform_signer: 2, ..original.clone() }),
        ("other boot code", Device { boot: [0xB1; 32], ..original.clone() }),
        ("another life-cycle state", Device { life_cycle: LifeCycle::DebugAuthorised, ..original.clone() }),
        ("another device", Device { secret: [0x43; 32], ..original.clone() }),
    ] {
        let (changed_record, changed_key) = changed.start_with_key();
        assert_ne!(changed_key.public_key(), key.public_key(), "{what}");
        let token = token(&changed_record, &changed_key);
        assert!(verify(&token, changed_key.public_key()).is_ok(), "{what}: the control");
        assert_eq!(verify(&token, key.public_key()), Err("signature".to_string()), "{what}");
    }
}

#[test]
fn an_update_of_the_application_keeps_the_key_and_shows_in_the_token() {
    let (record, key) = Device::default().start_with_key();
    let updated = Device { application_payload: Some(2), ..Device::default() };
    let (updated_record, updated_key) = updated.start_with_key();
    assert_eq!(updated_key.public_key(), key.public_key());
    let before = verify(&token(&record, &key), key.public_key()).unwrap();
    let after = verify(&token(&updated_record, &updated_key), key.public_key()).unwrap();
    let differing: Vec<_> = before.labels().into_iter().filter(|l| before.get(*l) != after.get(*l)).collect();
    assert_eq!(differing, [2399]);
}

#[test]
fn a_device_that_did_not_start_has_no_key() {
    let mut record = Device { life_cycle: LifeCycle::Decommissioned, ..Device::default() }.start();
    assert!(AttestationKey::derive(&mut record.attest_secret).is_err());
    let mut record = Device::default().start();
    assert!(AttestationKey::derive(&mut record.attest_secret).is_ok());
}
