//! Authenticated encryption in several calls.

use crate::common::*;
use cdd_crypto::psa::{alg, key_type, usage};
use cdd_keystore::{Error, KeyId, Keystore};
use proptest::prelude::*;

const ALGORITHMS: [(u32, u16); 3] =
    [(alg::CCM, key_type::AES), (alg::GCM, key_type::AES), (alg::CHACHA20_POLY1305, key_type::CHACHA20)];
const NONCE: [u8; 12] = [9; 12];

fn import(keys: &mut Keystore<4, 3>, device: &mut Device, algorithm: u32, key_type: u16) -> KeyId {
    keys.import(&mut device.env(), ALICE, &attributes(key_type, 0, EVERYTHING, algorithm), &[7; 32]).unwrap()
}

/// What can be called on an operation; each succeeds where its place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Lengths,
    Nonce,
    RandomNonce,
    Ad,
    Text,
    Finish,
    Verify,
}

use Call::*;

/// Four bytes of additional data and four of text; whether it was done.
fn call(keys: &mut Keystore<4, 3>, device: &mut Device, id: u32, call: Call) -> Result<(), Error> {
    match call {
        Lengths => keys.aead_set_lengths(ALICE, id, 4, 4),
        Nonce => keys.aead_set_nonce(ALICE, id, &NONCE),
        RandomNonce => keys.aead_generate_nonce(&mut device.env(), ALICE, id, &mut [0; 13]).map(drop),
        Ad => keys.aead_update_ad(ALICE, id, b"head"),
        Text => keys.aead_update(ALICE, id, b"text", &mut [0; 4]).map(drop),
        Finish => keys.aead_finish(ALICE, id, &mut [0; 16]).map(drop),
        Verify => keys.aead_verify(ALICE, id, &[0; 16]),
    }
}

/// Runs calls on a new operation; the answer of the last, all before it having been done.
fn last_of(algorithm: (u32, u16), encrypt: bool, calls: &[Call]) -> Result<(), Error> {
    let (mut keys, mut device) = (keystore(), Device::new());
    let key = import(&mut keys, &mut device, algorithm.0, algorithm.1);
    let id = if encrypt {
        keys.aead_encrypt_setup(&mut device.env(), ALICE, key, algorithm.0).unwrap()
    } else {
        keys.aead_decrypt_setup(&mut device.env(), ALICE, key, algorithm.0).unwrap()
    };
    let (last, before) = calls.split_last().unwrap();
    for earlier in before {
        assert_eq!(call(&mut keys, &mut device, id, *earlier), Ok(()), "{earlier:?} in {calls:?}");
    }
    let answer = call(&mut keys, &mut device, id, *last);
    // An error, and the end, leave no operation behind.
    if answer.is_err() || matches!(last, Finish | Verify) {
        assert_eq!(keys.aead_update_ad(ALICE, id, b""), Err(Error::BadState), "{calls:?}");
        assert!((0..3).all(|_| keys.hash_setup(ALICE, alg::SHA_256).is_ok()), "all places are free");
    }
    answer
}

#[test]
fn the_right_order_is_taken_and_every_other_is_a_bad_state() {
    for algorithm in ALGORITHMS {
        let ccm = algorithm.0 == alg::CCM;
        for encrypt in [true, false] {
            let run = |calls: &[Call]| last_of(algorithm, encrypt, calls);
            // To the end; what is verified here is not authentic, and refused as such.
            let (end, answer) =
                if encrypt { (Finish, Ok(())) } else { (Verify, Err(Error::InvalidSignature)) };
            let wrong_end = if encrypt { Verify } else { Finish };
            assert_eq!(run(&[Lengths, Nonce, Ad, Text, end]), answer);
            let nonce = if encrypt { Ok(()) } else { Err(Error::BadState) };
            assert_eq!(run(&[Lengths, RandomNonce]), nonce, "who decrypts has a nonce");
            if ccm {
                for first in [Nonce, RandomNonce] {
                    assert_eq!(run(&[first]), Err(Error::BadState), "CCM needs the lengths");
                }
            } else {
                assert_eq!(run(&[Nonce, Ad, Text, end]), answer);
                assert_eq!(run(&[Nonce, Ad, Ad, Text, Text, end]), answer);
                assert_eq!(run(&[Nonce, end]), answer);
                assert_eq!(run(&[Nonce, Text, Ad]), Err(Error::BadState));
            }
            for calls in [
                &[Ad][..],
                &[Text],
                &[end],
                &[wrong_end],
                &[Lengths, Ad],
                &[Lengths, Text],
                &[Lengths, end],
                &[Lengths, Lengths],
                &[Lengths, Nonce, Lengths],
                &[Lengths, Nonce, Nonce],
                &[Lengths, Nonce, RandomNonce],
                &[Lengths, Nonce, Ad, Nonce],
                &[Lengths, Nonce, Ad, Lengths],
                &[Lengths, Nonce, Ad, Text, Ad],
                &[Lengths, Nonce, Ad, Text, Nonce],
                &[Lengths, Nonce, Ad, Text, Lengths],
                &[Lengths, Nonce, Ad, Text, wrong_end],
            ] {
                assert_eq!(run(calls), Err(Error::BadState), "{calls:?}");
            }
        }
    }
}

#[test]
fn lengths_that_do_not_add_up_are_refused() {
    for algorithm in ALGORITHMS {
        for encrypt in [true, false] {
            let run = |calls: &[Call]| last_of(algorithm, encrypt, calls);
            let end = if encrypt { Finish } else { Verify };
            for calls in [
                // Too much additional data, too little; too much text, too little.
                &[Lengths, Nonce, Ad, Ad][..],
                &[Lengths, Nonce, Text],
                &[Lengths, Nonce, Ad, Text, Text],
                &[Lengths, Nonce, Ad, end],
                &[Lengths, Nonce, end],
            ] {
                assert_eq!(run(calls), Err(Error::InvalidArgument), "{calls:?}");
            }
        }
    }
}

#[test]
fn a_nonce_of_another_size_is_refused() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (algorithm, kind) in ALGORITHMS {
        let key = import(&mut keys, &mut device, algorithm, kind);
        for size in 0..=17 {
            let id = keys.aead_encrypt_setup(&mut device.env(), ALICE, key, algorithm).unwrap();
            keys.aead_set_lengths(ALICE, id, 0, 0).unwrap();
            let expected = match (algorithm, size) {
                (alg::CCM, 7..=13) | (_, 12) => Ok(()),
                (alg::GCM, 1..) | (alg::CHACHA20_POLY1305, 8) => Err(Error::NotSupported),
                _ => Err(Error::InvalidArgument),
            };
            assert_eq!(keys.aead_set_nonce(ALICE, id, &[1; 17][..size]), expected, "{algorithm:#x} {size}");
            keys.abort(ALICE, id);
        }
        keys.destroy(&mut device.env(), ALICE, key).unwrap();
    }
}

#[test]
fn a_text_that_is_too_long_for_the_nonce_of_ccm_is_refused() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let key = import(&mut keys, &mut device, alg::CCM, key_type::AES);
    for (nonce, text, expected) in [
        (13, 0xffff, Ok(())),
        (13, 0x1_0000, Err(Error::InvalidArgument)),
        (12, 0xff_ffff, Ok(())),
        (12, 0x100_0000, Err(Error::InvalidArgument)),
        (7, 0xffff_ffff, Ok(())),
    ] {
        let id = keys.aead_encrypt_setup(&mut device.env(), ALICE, key, alg::CCM).unwrap();
        keys.aead_set_lengths(ALICE, id, 0, text).unwrap();
        assert_eq!(keys.aead_set_nonce(ALICE, id, &[1; 13][..nonce]), expected, "{nonce} {text}");
        keys.abort(ALICE, id);
    }
}

#[test]
fn a_random_nonce_is_another_each_time_and_decrypts() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (algorithm, kind) in ALGORITHMS {
        let key = import(&mut keys, &mut device, algorithm, kind);
        let mut seen = Vec::new();
        for _ in 0..4 {
            let id = keys.aead_encrypt_setup(&mut device.env(), ALICE, key, algorithm).unwrap();
            keys.aead_set_lengths(ALICE, id, 4, 4).unwrap();
            let mut nonce = [0; 13];
            let size = keys.aead_generate_nonce(&mut device.env(), ALICE, id, &mut nonce).unwrap();
            assert_eq!(size, if algorithm == alg::CCM { 13 } else { 12 });
            let mut sealed = [0; 20];
            keys.aead_update_ad(ALICE, id, b"head").unwrap();
            keys.aead_update(ALICE, id, b"text", &mut sealed).unwrap();
            assert_eq!(keys.aead_finish(ALICE, id, &mut sealed[4..]), Ok(16));
            let mut back = [0; 4];
            let nonce = &nonce[..size];
            let opened = keys.aead_decrypt(
                &mut device.env(),
                ALICE,
                key,
                algorithm,
                nonce,
                b"head",
                &sealed,
                &mut back,
            );
            assert_eq!((opened, &back), (Ok(4), b"text"));
            assert!(!seen.contains(&nonce.to_vec()));
            seen.push(nonce.to_vec());
        }
        keys.destroy(&mut device.env(), ALICE, key).unwrap();
    }
}

#[test]
fn outputs_that_are_too_short_end_the_operation() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let key = import(&mut keys, &mut device, alg::GCM, key_type::AES);
    for (which, room) in [(0, 11), (1, 3), (2, 15)] {
        let id = keys.aead_encrypt_setup(&mut device.env(), ALICE, key, alg::GCM).unwrap();
        let mut out = [0; 16];
        let out = &mut out[..room];
        let answer = match which {
            0 => keys.aead_generate_nonce(&mut device.env(), ALICE, id, out),
            step => {
                keys.aead_set_nonce(ALICE, id, &NONCE).unwrap();
                if step == 1 {
                    keys.aead_update(ALICE, id, b"text", out)
                } else {
                    keys.aead_finish(ALICE, id, out)
                }
            }
        };
        assert_eq!(answer, Err(Error::BufferTooSmall));
        assert_eq!(keys.aead_set_nonce(ALICE, id, &NONCE), Err(Error::BadState));
        assert!(out.iter().all(|byte| *byte == 0));
    }
}

#[test]
fn the_policy_says_who_may_encrypt_and_who_decrypt() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    for (allowed, encrypts, decrypts) in
        [(usage::ENCRYPT, true, false), (usage::DECRYPT, false, true), (usage::EXPORT, false, false)]
    {
        let key =
            keys.import(env, ALICE, &attributes(key_type::AES, 0, allowed, alg::GCM), &[7; 16]).unwrap();
        let answers = [
            keys.aead_encrypt_setup(env, ALICE, key, alg::GCM),
            keys.aead_decrypt_setup(env, ALICE, key, alg::GCM),
        ];
        assert_eq!(answers.map(|answer| answer.is_ok()), [encrypts, decrypts]);
        for refused in answers.into_iter().filter_map(Result::err) {
            assert_eq!(refused, Error::NotPermitted);
        }
        assert_eq!(keys.aead_encrypt_setup(env, ALICE, key, alg::CCM), Err(Error::NotPermitted));
        assert_eq!(keys.aead_encrypt_setup(env, BOB, key, alg::GCM), Err(Error::InvalidHandle));
        keys.destroy(env, ALICE, key).unwrap();
    }
}

#[test]
fn destroying_the_key_ends_the_operation() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let key = import(&mut keys, &mut device, alg::GCM, key_type::AES);
    let id = keys.aead_encrypt_setup(&mut device.env(), ALICE, key, alg::GCM).unwrap();
    keys.aead_set_nonce(ALICE, id, &NONCE).unwrap();
    assert_eq!(keys.aead_update_ad(BOB, id, b"x"), Err(Error::BadState), "another's");
    assert_eq!(keys.aead_update_ad(ALICE, id, b"x"), Ok(()));
    keys.destroy(&mut device.env(), ALICE, key).unwrap();
    assert_eq!(keys.aead_update_ad(ALICE, id, b"x"), Err(Error::BadState));
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..6)
}

proptest! {
    #[test]
    fn in_pieces_comes_out_what_one_call_gives_and_goes_back(
        ad in pieces(),
        text in pieces(),
        which in prop::sample::select(ALGORITHMS.to_vec()),
        announced: bool,
        at in any::<prop::sample::Index>(),
    ) {
        let (mut keys, mut device) = (keystore(), Device::new());
        let env = &mut device.env();
        let (algorithm, kind) = which;
        let key = keys.import(env, ALICE, &attributes(kind, 0, EVERYTHING, algorithm), &[7; 32]).unwrap();
        let (whole_ad, whole) = (ad.concat(), text.concat());
        let mut expected = vec![0; whole.len() + 16];
        keys.aead_encrypt(env, ALICE, key, algorithm, &NONCE, &whole_ad, &whole, &mut expected).unwrap();

        let id = keys.aead_encrypt_setup(env, ALICE, key, algorithm).unwrap();
        if announced || algorithm == alg::CCM {
            keys.aead_set_lengths(ALICE, id, whole_ad.len(), whole.len()).unwrap();
        }
        keys.aead_set_nonce(ALICE, id, &NONCE).unwrap();
        ad.iter().for_each(|piece| keys.aead_update_ad(ALICE, id, piece).unwrap());
        let mut sealed = Vec::new();
        for piece in &text {
            let mut out = vec![0; piece.len()];
            prop_assert_eq!(keys.aead_update(ALICE, id, piece, &mut out), Ok(piece.len()));
            sealed.extend(out);
        }
        let mut tag = [0; 16];
        prop_assert_eq!(keys.aead_finish(ALICE, id, &mut tag), Ok(16));
        sealed.extend(tag);
        prop_assert_eq!(&sealed, &expected);

        // Back, as it is and with one bit changed.
        let changed = at.index(sealed.len());
        for flip in [0, 1] {
            let mut sealed = sealed.clone();
            sealed[changed] ^= flip;
            let (body, tag) = sealed.split_last_chunk::<16>().unwrap();
            let id = keys.aead_decrypt_setup(env, ALICE, key, algorithm).unwrap();
            if announced || algorithm == alg::CCM {
                keys.aead_set_lengths(ALICE, id, whole_ad.len(), whole.len()).unwrap();
            }
            keys.aead_set_nonce(ALICE, id, &NONCE).unwrap();
            ad.iter().for_each(|piece| keys.aead_update_ad(ALICE, id, piece).unwrap());
            let mut opened = vec![0; body.len()];
            let mut at = 0;
            for piece in &text {
                let end = at + piece.len();
                let size = keys.aead_update(ALICE, id, &body[at..end], &mut opened[at..end]);
                prop_assert_eq!(size, Ok(piece.len()));
                at = end;
            }
            let expected = if flip == 0 { Ok(()) } else { Err(Error::InvalidSignature) };
            prop_assert_eq!(keys.aead_verify(ALICE, id, tag), expected);
            prop_assert!(flip == 1 || opened == whole);
        }
    }
}
