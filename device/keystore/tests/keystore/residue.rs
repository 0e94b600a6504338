//! What is left of a key in the keystore's own memory after it is gone. The stack is the board's to wipe.

use crate::common::*;
use cdd_crypto::cipher::Direction;
use cdd_crypto::psa::{alg, key_type};
use cdd_keystore::Keystore;

/// Whether eight bytes in a row of `secret` are anywhere in the keystore.
fn holds(keys: &Keystore<4, 3>, secret: &[u8]) -> bool {
    let start = std::ptr::from_ref(keys).cast::<u8>();
    let memory: Vec<u8> = (0..size_of_val(keys))
        // SAFETY: inside one object that is borrowed; a test looks at bytes as an attacker would, whatever
        // type they have, and volatile so that the compiler takes them as they are.
        .map(|at| unsafe { start.add(at).read_volatile() })
        .collect();
    memory.windows(8).any(|window| secret.windows(8).any(|part| part == window))
}

#[test]
fn a_destroyed_volatile_key_is_gone_from_memory() {
    let (mut keys, mut device) = (Box::new(keystore()), Device::new());
    let env = &mut device.env();
    let secret: Vec<u8> = (0x61..0x81).collect();
    let wanted = attributes(key_type::HMAC, 0, EVERYTHING, alg::HMAC_SHA_256);
    assert!(!holds(&keys, &secret));
    let id = keys.import(env, ALICE, &wanted, &secret).unwrap();
    assert!(holds(&keys, &secret), "the control: the search finds a key that is there");
    keys.destroy(env, ALICE, id).unwrap();
    assert!(!holds(&keys, &secret));
    keys.import(env, ALICE, &wanted, &secret).unwrap();
    keys.wipe_volatile();
    assert!(!holds(&keys, &secret));
}

#[test]
fn a_persistent_key_is_not_in_the_keystore_between_calls() {
    let (mut keys, mut device) = (Box::new(keystore()), Device::new());
    let env = &mut device.env();
    let secret: Vec<u8> = (0x61..0x81).collect();
    let wanted = persistent(3, attributes(key_type::HMAC, 0, EVERYTHING, alg::HMAC_SHA_256));
    let id = keys.import(env, ALICE, &wanted, &secret).unwrap();
    assert!(!holds(&keys, &secret));
    keys.mac_compute(env, ALICE, id, alg::HMAC_SHA_256, b"message", &mut [0; 32]).unwrap();
    assert!(!holds(&keys, &secret));
}

#[test]
fn an_operation_that_ended_leaves_no_text_behind() {
    let (mut keys, mut device) = (Box::new(keystore()), Device::new());
    let env = &mut device.env();
    let wanted = attributes(key_type::AES, 0, EVERYTHING, alg::CBC_PKCS7);
    let key = keys.import(env, ALICE, &wanted, &[7; 16]).unwrap();
    let id = keys.cipher_setup(env, ALICE, key, alg::CBC_PKCS7, Direction::Encrypt).unwrap();
    keys.cipher_set_iv(ALICE, id, &[0; 16]).unwrap();
    keys.cipher_update(ALICE, id, b"secret reading", &mut [0; 16]).unwrap();
    assert!(holds(&keys, b"secret reading"), "the control");
    keys.abort(ALICE, id);
    assert!(!holds(&keys, b"secret reading"));
}

#[test]
fn an_authenticated_encryption_that_ended_leaves_no_key_behind() {
    let (mut keys, mut device) = (Box::new(keystore()), Device::new());
    let env = &mut device.env();
    let secret: Vec<u8> = (0x61..0x81).collect();
    let wanted = persistent(3, attributes(key_type::CHACHA20, 0, EVERYTHING, alg::CHACHA20_POLY1305));
    let key = keys.import(env, ALICE, &wanted, &secret).unwrap();
    let id = keys.aead_encrypt_setup(env, ALICE, key, alg::CHACHA20_POLY1305).unwrap();
    keys.aead_set_nonce(ALICE, id, &[1; 12]).unwrap();
    keys.aead_update(ALICE, id, b"reading", &mut [0; 7]).unwrap();
    assert!(holds(&keys, &secret), "the control");
    keys.aead_finish(ALICE, id, &mut [0; 16]).unwrap();
    assert!(!holds(&keys, &secret));
}
