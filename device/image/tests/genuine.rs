//! Only what was signed, with the key that signed it, verifies.

mod support;

use cdd_image::build::{Builder, SigningKey, public_from_pem, public_to_pem};
use cdd_image::{Error, Image, RustCrypto, Verifier, verify};
use support::{KEY_TYPES, full, key};

fn verified(bytes: &[u8], key: &SigningKey) -> Result<[u8; 32], Error> {
    verify::<RustCrypto>(&Image::parse(bytes)?, &key.public())
}

/// The builders whose images the tests below go through bit by bit.
fn builders() -> Vec<Builder> {
    vec![
        full(),
        Builder { full_public_key: true, pad_signature: true, ..full() },
        Builder::new(support::VERSION),
    ]
}

#[test]
fn what_was_signed_verifies_with_the_key_that_signed_it_and_with_no_other() {
    for key_type in KEY_TYPES {
        for builder in builders() {
            let bytes = builder.sign(b"a payload", &key(key_type, 1)).unwrap();
            let digest = verified(&bytes, &key(key_type, 1)).unwrap();
            assert_eq!(digest, RustCrypto::sha256(&[Image::parse(&bytes).unwrap().signed_bytes()]));
            assert_eq!(verified(&bytes, &key(key_type, 2)), Err(Error::KeyMismatch));
        }
    }
}

#[test]
fn no_single_flipped_bit_in_the_whole_image_goes_unnoticed() {
    for key_type in KEY_TYPES {
        let key = key(key_type, 1);
        for builder in builders() {
            let image = builder.sign(b"a payload", &key).unwrap();
            // What follows the image in its slot may not help an attacker to a second reading of it.
            for follows in [vec![], vec![0xFF; 600], vec![0x00; 600]] {
                let mut bytes = [image.clone(), follows].concat();
                assert!(verified(&bytes, &key).is_ok(), "the control");
                for bit in 0..image.len() * 8 {
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    let answer = verified(&bytes, &key);
                    assert!(answer.is_err(), "{key_type:?}: byte {} bit {}", bit / 8, bit % 8);
                    bytes[bit / 8] ^= 1 << (bit % 8);
                }
            }
        }
    }
}

#[test]
fn a_signature_by_another_key_is_refused_even_when_the_image_names_the_right_one() {
    for key_type in KEY_TYPES {
        let (right, wrong) = (key(key_type, 1), key(key_type, 2));
        let good = full().sign(b"a payload", &right).unwrap();
        let evil = full().sign(b"a payload", &wrong).unwrap();
        let signed = Image::parse(&good).unwrap().signed_bytes().len();
        // Unprotected: info 4, digest 36, key hash 36, then the signature.
        let key_hash = signed + 40..signed + 76;
        let mut forged = evil.clone();
        forged[key_hash.clone()].copy_from_slice(&good[key_hash]);
        assert_eq!(verified(&forged, &right), Err(Error::SignatureInvalid));
        assert!(verified(&good, &right).is_ok());
    }
}

#[test]
fn a_key_of_the_other_algorithm_is_refused() {
    for (signer, other) in [KEY_TYPES, [KEY_TYPES[1], KEY_TYPES[0]]].map(|[a, b]| (key(a, 1), key(b, 1))) {
        let bytes = full().sign(b"a payload", &signer).unwrap();
        assert_eq!(verified(&bytes, &other), Err(Error::KeyMismatch));
        // Even if the image names that key: take the signature of an image which does not.
        let signed = Image::parse(&bytes).unwrap().signed_bytes().len();
        let named = full().sign(b"a payload", &other).unwrap();
        let mut forged = bytes.clone();
        forged[signed + 40..signed + 76].copy_from_slice(&named[signed + 40..signed + 76]);
        assert_eq!(verified(&forged, &other), Err(Error::SignatureWrongAlgorithm));
        assert!(verified(&bytes, &signer).is_ok());
    }
}

#[test]
fn an_ed25519_key_of_small_order_verifies_nothing() {
    // With the neutral element as key and as R, and S = 0, the plain equation holds for every message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    assert!(!RustCrypto::verify_ed25519(&neutral, b"any", &signature));
    let plain = ed25519_plain_equation_holds(&neutral, b"any", &signature);
    assert!(plain, "the control: without strictness this forgery passes");
}

fn ed25519_plain_equation_holds(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    use ed25519_dalek::Verifier as _;
    ed25519_dalek::VerifyingKey::from_bytes(key)
        .unwrap()
        .verify(message, &ed25519_dalek::Signature::from_bytes(signature))
        .is_ok()
}

#[test]
fn signing_is_deterministic() {
    for key_type in KEY_TYPES {
        let sign = || full().sign(b"a payload", &key(key_type, 1)).unwrap();
        assert_eq!(sign(), sign());
    }
}

#[test]
fn keys_survive_their_pem_files_and_new_ones_differ() {
    for key_type in KEY_TYPES {
        let new = SigningKey::generate(key_type).unwrap();
        assert_ne!(new.public(), SigningKey::generate(key_type).unwrap().public());
        let pem = new.to_pem().unwrap();
        assert_eq!(SigningKey::from_pem(&pem).unwrap().public(), new.public());
        assert_eq!(public_from_pem(&pem), Ok(new.public()));
        assert_eq!(public_from_pem(&public_to_pem(&new.public()).unwrap()), Ok(new.public()));
        assert_eq!(format!("{new:?}"), format!("SigningKey({key_type:?})"), "no secret in Debug");
    }
}
