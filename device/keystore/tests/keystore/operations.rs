//! Operations in several calls, several open at once.

use crate::common::*;
use cdd_crypto::cipher::{CipherMode, Direction, crypt};
use cdd_crypto::psa::{alg, key_type};
use cdd_keystore::Error;
use proptest::prelude::*;

#[test]
fn several_operations_of_several_owners_go_on_at_once() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let key = keys
        .import(env, BOB, &attributes(key_type::HMAC, 0, EVERYTHING, alg::HMAC_SHA_256), &[7; 32])
        .unwrap();
    let one = keys.hash_setup(ALICE, alg::SHA_256).unwrap();
    let two = keys.hash_setup(ALICE, alg::SHA_512).unwrap();
    let three = keys.mac_sign_setup(env, BOB, key, alg::HMAC_SHA_256).unwrap();
    for byte in b"message" {
        keys.hash_update(ALICE, one, &[*byte]).unwrap();
        keys.hash_update(ALICE, two, &[*byte]).unwrap();
        keys.mac_update(BOB, three, &[*byte]).unwrap();
    }
    let (mut out, mut expected) = ([0; 64], [0; 64]);
    assert_eq!(keys.hash_finish(ALICE, one, &mut out), Ok(32));
    keys.hash_compute(alg::SHA_256, b"message", &mut expected).unwrap();
    assert_eq!(out, expected);
    assert_eq!(keys.hash_finish(ALICE, two, &mut out), Ok(64));
    keys.hash_compute(alg::SHA_512, b"message", &mut expected).unwrap();
    assert_eq!(out, expected);
    assert_eq!(keys.mac_sign_finish(BOB, three, &mut out), Ok(32));
    assert_eq!(keys.mac_verify(env, BOB, key, alg::HMAC_SHA_256, b"message", &out[..32]), Ok(()));
}

#[test]
fn when_all_places_are_taken_no_operation_starts_until_one_ends() {
    let mut keys = keystore();
    let open: Vec<u32> = (0..3).map(|_| keys.hash_setup(ALICE, alg::SHA_256).unwrap()).collect();
    assert_eq!(keys.hash_setup(BOB, alg::SHA_256), Err(Error::InsufficientMemory));
    keys.abort(ALICE, open[1]);
    let new = keys.hash_setup(BOB, alg::SHA_256).unwrap();
    // The place is the same, the number is not.
    assert_ne!(new, open[1]);
    assert_eq!(keys.hash_update(ALICE, open[1], b"x"), Err(Error::BadState));
    keys.abort(ALICE, open[1]);
    assert_eq!(keys.hash_update(BOB, new, b"x"), Ok(()));
}

#[test]
fn an_operation_of_another_owner_cannot_be_used_or_ended() {
    let mut keys = keystore();
    let id = keys.hash_setup(ALICE, alg::SHA_256).unwrap();
    assert_eq!(keys.hash_update(BOB, id, b"x"), Err(Error::BadState));
    assert_eq!(keys.hash_finish(BOB, id, &mut [0; 32]), Err(Error::BadState));
    keys.abort(BOB, id);
    assert_eq!(keys.hash_finish(ALICE, id, &mut [0; 32]), Ok(32));
    assert_eq!(keys.hash_finish(ALICE, id, &mut [0; 32]), Err(Error::BadState));
    assert_eq!(keys.hash_finish(ALICE, 0, &mut [0; 32]), Err(Error::BadState));
}

#[test]
fn any_error_ends_the_operation() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let id = keys.hash_setup(ALICE, alg::SHA_256).unwrap();
    assert_eq!(keys.hash_finish(ALICE, id, &mut [0; 31]), Err(Error::BufferTooSmall));
    assert_eq!(keys.hash_finish(ALICE, id, &mut [0; 32]), Err(Error::BadState));

    let id = keys.hash_setup(ALICE, alg::SHA_256).unwrap();
    assert_eq!(keys.mac_update(ALICE, id, b"x"), Err(Error::BadState));
    assert_eq!(keys.hash_update(ALICE, id, b"x"), Err(Error::BadState));

    let key = keys
        .import(env, ALICE, &attributes(key_type::AES, 0, EVERYTHING, alg::CBC_NO_PADDING), &[7; 16])
        .unwrap();
    let mut out = [0; 64];
    let id = keys.cipher_setup(env, ALICE, key, alg::CBC_NO_PADDING, Direction::Encrypt).unwrap();
    assert_eq!(keys.cipher_update(ALICE, id, &[0; 16], &mut out), Err(Error::BadState), "no IV yet");
    assert_eq!(keys.cipher_set_iv(ALICE, id, &[0; 16]), Err(Error::BadState));

    let id = keys.cipher_setup(env, ALICE, key, alg::CBC_NO_PADDING, Direction::Encrypt).unwrap();
    assert_eq!(keys.cipher_set_iv(ALICE, id, &[0; 16]), Ok(()));
    assert_eq!(keys.cipher_update(ALICE, id, &[0; 17], &mut out), Ok(16));
    assert_eq!(keys.cipher_finish(ALICE, id, &mut out), Err(Error::InvalidArgument));

    let id = keys.cipher_setup(env, ALICE, key, alg::CBC_NO_PADDING, Direction::Decrypt).unwrap();
    assert_eq!(keys.cipher_generate_iv(env, ALICE, id, &mut out), Err(Error::BadState));
}

#[test]
fn a_random_initialisation_vector_is_another_each_time_and_decrypts() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let key = keys.import(env, ALICE, &attributes(key_type::AES, 0, EVERYTHING, alg::CTR), &[7; 16]).unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let id = keys.cipher_setup(env, ALICE, key, alg::CTR, Direction::Encrypt).unwrap();
        let mut all = [0; 20];
        assert_eq!(keys.cipher_generate_iv(env, ALICE, id, &mut all), Ok(16));
        assert_eq!(keys.cipher_update(ALICE, id, b"text", &mut all[16..]), Ok(4));
        assert_eq!(keys.cipher_finish(ALICE, id, &mut []), Ok(0));
        let mut back = [0; 4];
        assert_eq!(keys.cipher_decrypt(env, ALICE, key, alg::CTR, &all, &mut back), Ok(4));
        assert_eq!(&back, b"text");
        assert!(!seen.contains(&all));
        seen.push(all);
    }
}

#[test]
fn destroying_a_key_ends_the_operations_that_use_it_and_only_those() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let wanted = attributes(key_type::HMAC, 0, EVERYTHING, alg::HMAC_SHA_256);
    let doomed = keys.import(env, ALICE, &wanted, &[7; 32]).unwrap();
    let spared = keys.import(env, ALICE, &persistent(4, wanted), &[8; 32]).unwrap();
    let one = keys.mac_sign_setup(env, ALICE, doomed, alg::HMAC_SHA_256).unwrap();
    let two = keys.mac_sign_setup(env, ALICE, spared, alg::HMAC_SHA_256).unwrap();
    keys.destroy(env, ALICE, doomed).unwrap();
    assert_eq!(keys.mac_update(ALICE, one, b"x"), Err(Error::BadState));
    assert_eq!(keys.mac_update(ALICE, two, b"x"), Ok(()));
    keys.destroy(env, ALICE, spared).unwrap();
    assert_eq!(keys.mac_update(ALICE, two, b"x"), Err(Error::BadState));
}

#[test]
fn a_copied_hash_goes_its_own_way() {
    let mut keys = keystore();
    let id = keys.hash_setup(ALICE, alg::SHA_256).unwrap();
    keys.hash_update(ALICE, id, b"ab").unwrap();
    let copy = keys.hash_clone(ALICE, id).unwrap();
    keys.hash_update(ALICE, id, b"c").unwrap();
    let mut expected = [0; 32];
    keys.hash_compute(alg::SHA_256, b"abc", &mut expected).unwrap();
    assert_eq!(keys.hash_verify(ALICE, id, &expected), Ok(()));
    assert_eq!(keys.hash_verify(ALICE, copy, &expected), Err(Error::InvalidSignature));
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..6)
}

proptest! {
    #[test]
    fn a_mac_in_pieces_is_the_mac_of_the_whole(
        pieces in pieces(),
        which in prop::sample::select(vec![
            (key_type::HMAC, alg::HMAC_SHA_256), (key_type::HMAC, alg::HMAC_SHA_384),
            (key_type::HMAC, alg::HMAC_SHA_512), (key_type::AES, alg::CMAC),
        ]),
    ) {
        let (mut keys, mut device) = (keystore(), Device::new());
        let env = &mut device.env();
        let key = keys.import(env, ALICE, &attributes(which.0, 0, EVERYTHING, which.1), &[7; 32]).unwrap();
        let id = keys.mac_sign_setup(env, ALICE, key, which.1).unwrap();
        pieces.iter().for_each(|piece| keys.mac_update(ALICE, id, piece).unwrap());
        let (mut parts, mut whole) = ([0; 64], [0; 64]);
        let size = keys.mac_sign_finish(ALICE, id, &mut parts).unwrap();
        keys.mac_compute(env, ALICE, key, which.1, &pieces.concat(), &mut whole).unwrap();
        prop_assert_eq!(parts, whole);
        let id = keys.mac_verify_setup(env, ALICE, key, which.1).unwrap();
        pieces.iter().for_each(|piece| keys.mac_update(ALICE, id, piece).unwrap());
        prop_assert_eq!(keys.mac_verify_finish(ALICE, id, &parts[..size]), Ok(()));
    }

    #[test]
    fn a_cipher_in_pieces_gives_what_one_call_gives_and_comes_back(
        pieces in pieces(),
        iv: [u8; 16],
        size in prop::sample::select(vec![16, 24, 32]),
        which in prop::sample::select(vec![
            (alg::CTR, CipherMode::Ctr), (alg::CBC_PKCS7, CipherMode::CbcPkcs7),
            (alg::CBC_NO_PADDING, CipherMode::CbcNoPadding),
        ]),
    ) {
        let (mut keys, mut device) = (keystore(), Device::new());
        let env = &mut device.env();
        let (algorithm, mode) = which;
        let key = keys.import(env, ALICE, &attributes(key_type::AES, 0, EVERYTHING, algorithm), &vec![7; size]).unwrap();
        let mut whole = pieces.concat();
        if mode == CipherMode::CbcNoPadding {
            whole.truncate(whole.len() / 16 * 16);
        }
        let mut expected = vec![0; whole.len() + 16];
        let length = crypt(mode, Direction::Encrypt, &vec![7; size], &iv, &whole, &mut expected).unwrap();
        expected.truncate(length);
        for (direction, from, to) in
            [(Direction::Encrypt, &whole, &expected), (Direction::Decrypt, &expected, &whole)]
        {
            let id = keys.cipher_setup(env, ALICE, key, algorithm, direction).unwrap();
            keys.cipher_set_iv(ALICE, id, &iv).unwrap();
            let mut out = Vec::new();
            let mut rest = &from[..];
            for piece in &pieces {
                let (now, later) = rest.split_at(piece.len().min(rest.len()));
                rest = later;
                let mut buffer = [0; 80];
                let size = keys.cipher_update(ALICE, id, now, &mut buffer).unwrap();
                out.extend_from_slice(&buffer[..size]);
            }
            let mut buffer = [0; 80];
            let size = keys.cipher_update(ALICE, id, rest, &mut buffer).unwrap();
            out.extend_from_slice(&buffer[..size]);
            let size = keys.cipher_finish(ALICE, id, &mut buffer).unwrap();
            out.extend_from_slice(&buffer[..size]);
            prop_assert_eq!(&out, to);
        }
    }
}
