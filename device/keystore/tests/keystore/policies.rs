//! What a policy permits, each rule with its positive control; and the algebra of copying.

use crate::common::*;
use cdd_crypto::digest::Hash;
use cdd_crypto::psa::{alg, key_type, usage};
use cdd_keystore::policy::{intersection, is_policy, permits, with_implied};
use cdd_keystore::{Attributes, Derivation, Error};
use proptest::prelude::*;

#[test]
fn each_use_of_a_symmetric_key_needs_its_usage_flag() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let (aead, mac, ctr) = (alg::CCM, alg::HMAC_SHA_256, alg::CTR);
    for (flags, works) in
        [(usage::ENCRYPT | usage::DECRYPT | usage::SIGN_MESSAGE | usage::VERIFY_MESSAGE, true), (0, false)]
    {
        let expect = |result: Result<(), Error>| {
            assert_eq!(result, if works { Ok(()) } else { Err(Error::NotPermitted) });
        };
        let others = if works { flags } else { EVERYTHING & !(usage::ENCRYPT) };
        let id = keys.import(env, ALICE, &attributes(key_type::AES, 0, others, aead), &[7; 16]).unwrap();
        let mut sealed = [0; 20];
        let result = keys.aead_encrypt(env, ALICE, id, aead, &[0; 13], b"a", b"text", &mut sealed);
        expect(result.map(|_| ()));

        let all = keys.import(env, ALICE, &attributes(key_type::AES, 0, EVERYTHING, aead), &[7; 16]).unwrap();
        keys.aead_encrypt(env, ALICE, all, aead, &[0; 13], b"a", b"text", &mut sealed).unwrap();
        let others = if works { flags } else { EVERYTHING & !(usage::DECRYPT) };
        let id = keys.import(env, ALICE, &attributes(key_type::AES, 0, others, aead), &[7; 16]).unwrap();
        let result = keys.aead_decrypt(env, ALICE, id, aead, &[0; 13], b"a", &sealed, &mut [0; 4]);
        expect(result.map(|_| ()));
        keys.wipe_volatile();

        let others = if works { flags } else { EVERYTHING & !(usage::SIGN_MESSAGE | usage::SIGN_HASH) };
        let id = keys.import(env, ALICE, &attributes(key_type::HMAC, 0, others, mac), &[7; 32]).unwrap();
        expect(keys.mac_compute(env, ALICE, id, mac, b"m", &mut [0; 32]).map(|_| ()));
        expect(keys.mac_sign_setup(env, ALICE, id, mac).map(|_| ()));

        let all = keys.import(env, ALICE, &attributes(key_type::HMAC, 0, EVERYTHING, mac), &[7; 32]).unwrap();
        let mut tag = [0; 32];
        keys.mac_compute(env, ALICE, all, mac, b"m", &mut tag).unwrap();
        let others = if works { flags } else { EVERYTHING & !(usage::VERIFY_MESSAGE | usage::VERIFY_HASH) };
        let id = keys.import(env, ALICE, &attributes(key_type::HMAC, 0, others, mac), &[7; 32]).unwrap();
        expect(keys.mac_verify(env, ALICE, id, mac, b"m", &tag));
        expect(keys.mac_verify_setup(env, ALICE, id, mac).map(|_| ()));
        keys.wipe_volatile();

        let others = if works { flags } else { EVERYTHING & !usage::ENCRYPT };
        let id = keys.import(env, ALICE, &attributes(key_type::AES, 0, others, ctr), &[7; 16]).unwrap();
        expect(keys.cipher_encrypt(env, ALICE, id, ctr, b"m", &mut [0; 32]).map(|_| ()));
        let others = if works { flags } else { EVERYTHING & !usage::DECRYPT };
        let id = keys.import(env, ALICE, &attributes(key_type::AES, 0, others, ctr), &[7; 16]).unwrap();
        expect(keys.cipher_decrypt(env, ALICE, id, ctr, &[0; 20], &mut [0; 32]).map(|_| ()));
        keys.wipe_volatile();
    }
}

#[test]
fn signing_verifying_and_agreeing_need_their_usage_flags() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let ecdsa = alg::ecdsa(alg::SHA_256);
    let digest = [3; 32];
    let mut signature = [0; 64];
    let make = |usage, algorithm| attributes(key_type::ECC_KEY_PAIR_SECP_R1, 256, usage, algorithm);
    let good = keys.import(env, ALICE, &make(EVERYTHING, ecdsa), &[7; 32]).unwrap();
    let poor =
        keys.import(env, ALICE, &make(usage::EXPORT | usage::COPY | usage::DERIVE, ecdsa), &[7; 32]).unwrap();
    for (id, expected) in [(good, None), (poor, Some(Error::NotPermitted))] {
        assert_eq!(keys.sign_hash(env, ALICE, id, ecdsa, &digest, &mut signature).err(), expected);
        assert_eq!(keys.verify_hash(env, ALICE, id, ecdsa, &digest, &signature).err(), expected);
        assert_eq!(keys.sign_message(env, ALICE, id, ecdsa, b"m", &mut [0; 64]).err(), expected);
    }
    let message_only = keys.import(env, ALICE, &make(usage::SIGN_MESSAGE, ecdsa), &[7; 32]).unwrap();
    let refused = keys.sign_hash(env, ALICE, message_only, ecdsa, &digest, &mut signature);
    assert_eq!(refused, Err(Error::NotPermitted));
    assert_eq!(keys.sign_message(env, ALICE, message_only, ecdsa, b"m", &mut signature), Ok(64));
    keys.wipe_volatile();

    let mut peer = [0; 65];
    let pair = keys.import(env, ALICE, &make(usage::DERIVE, alg::ECDH), &[7; 32]).unwrap();
    let poor = keys.import(env, ALICE, &make(EVERYTHING & !usage::DERIVE, alg::ECDH), &[7; 32]).unwrap();
    keys.export_public(env, ALICE, pair, &mut peer).unwrap();
    assert_eq!(keys.raw_key_agreement(env, ALICE, pair, alg::ECDH, &peer, &mut [0; 32]), Ok(32));
    let refused = keys.raw_key_agreement(env, ALICE, poor, alg::ECDH, &peer, &mut [0; 32]);
    assert_eq!(refused, Err(Error::NotPermitted));
}

#[test]
fn both_ends_of_an_agreement_derive_the_same_key_and_never_see_the_secret() {
    for (pair, bits) in [(key_type::ECC_KEY_PAIR_SECP_R1, 256), (key_type::ECC_KEY_PAIR_MONTGOMERY, 255)] {
        let (mut keys, mut device) = (keystore(), Device::new());
        let env = &mut device.env();
        let algorithm = alg::key_agreement(alg::ECDH, alg::HKDF_SHA_256);
        let wanted = attributes(pair, bits, usage::DERIVE, algorithm);
        let ends = [keys.generate(env, ALICE, &wanted).unwrap(), keys.generate(env, BOB, &wanted).unwrap()];
        let mut public = [[0; 65]; 2];
        let size = keys.export_public(env, ALICE, ends[0], &mut public[0]).unwrap();
        keys.export_public(env, BOB, ends[1], &mut public[1]).unwrap();
        let mut out = [[0; 42]; 2];
        let derivation = |peer| Derivation { algorithm, salt: b"salt", info: b"info", peer };
        keys.derive_bytes(env, ALICE, ends[0], &derivation(&public[1][..size]), &mut out[0]).unwrap();
        keys.derive_bytes(env, BOB, ends[1], &derivation(&public[0][..size]), &mut out[1]).unwrap();
        assert_eq!(out[0], out[1]);
        // The policy names the derivation, so the bare secret is not to be had.
        let raw = keys.raw_key_agreement(env, ALICE, ends[0], alg::ECDH, &public[1][..size], &mut [0; 32]);
        assert_eq!(raw, Err(Error::NotPermitted));
        let zero = keys.derive_bytes(env, ALICE, ends[0], &derivation(&[0; 32]), &mut out[0]);
        assert_eq!(zero, Err(Error::InvalidArgument));
        assert_eq!(out[0], [0; 42]);
    }
}

#[test]
fn an_agreed_secret_as_a_key_gives_what_the_joined_derivation_gives() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let pair = attributes(key_type::ECC_KEY_PAIR_SECP_R1, 256, usage::DERIVE, alg::ECDH);
    let id = keys.import(env, ALICE, &pair, &[7; 32]).unwrap();
    let mut peer = [0; 65];
    keys.export_public(env, ALICE, id, &mut peer).unwrap();
    let derive = attributes(key_type::DERIVE, 256, usage::DERIVE, alg::HKDF_SHA_384);
    let secret = keys.key_agreement(env, ALICE, id, alg::ECDH, &peer, &derive).unwrap();
    let (mut one, mut two) = ([0; 64], [0; 64]);
    let plain = Derivation { algorithm: alg::HKDF_SHA_384, salt: b"s", info: b"i", peer: b"" };
    keys.derive_bytes(env, ALICE, secret, &plain, &mut one).unwrap();
    let joined =
        Derivation { algorithm: alg::key_agreement(alg::ECDH, alg::HKDF_SHA_384), peer: &peer, ..plain };
    keys.derive_bytes(env, ALICE, id, &joined, &mut two).unwrap();
    assert_eq!(one, two);

    let aes = attributes(key_type::AES, 256, usage::EXPORT, alg::CTR);
    let key = keys.derive_key(env, ALICE, secret, &plain, &aes).unwrap();
    let mut exported = [0; 32];
    keys.export(env, ALICE, key, &mut exported).unwrap();
    assert_eq!(exported, one[..32]);
    let weak = Attributes { bits: 64, ..aes };
    assert_eq!(keys.derive_key(env, ALICE, secret, &plain, &weak), Err(Error::NotSupported));
    assert_eq!(keys.export(env, ALICE, secret, &mut exported), Err(Error::NotPermitted));
}

#[test]
fn signatures_of_all_kinds_verify_and_changed_ones_do_not() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    for (pair, bits, algorithm) in [
        (key_type::ECC_KEY_PAIR_SECP_R1, 256, alg::ecdsa(alg::SHA_256)),
        (key_type::ECC_KEY_PAIR_SECP_R1, 256, alg::deterministic_ecdsa(alg::SHA_512)),
        (key_type::ECC_KEY_PAIR_SECP_R1, 384, alg::ecdsa(alg::SHA_384)),
        (key_type::ECC_KEY_PAIR_SECP_R1, 384, alg::deterministic_ecdsa(alg::SHA_256)),
        (key_type::ECC_KEY_PAIR_TWISTED_EDWARDS, 255, alg::PURE_EDDSA),
    ] {
        let wanted = attributes(pair, bits, usage::SIGN_MESSAGE | usage::VERIFY_MESSAGE, algorithm);
        let id = keys.generate(env, ALICE, &wanted).unwrap();
        let (mut first, mut second) = ([0; 96], [0; 96]);
        let size = keys.sign_message(env, ALICE, id, algorithm, b"message", &mut first).unwrap();
        keys.sign_message(env, ALICE, id, algorithm, b"message", &mut second).unwrap();
        let randomised = algorithm & !0xff == alg::ECDSA_BASE;
        assert_eq!(first != second, randomised, "{algorithm:#x}");
        for signature in [&first[..size], &second[..size]] {
            assert_eq!(keys.verify_message(env, ALICE, id, algorithm, b"message", signature), Ok(()));
            let refused = keys.verify_message(env, ALICE, id, algorithm, b"massage", signature);
            assert_eq!(refused, Err(Error::InvalidSignature));
        }
        // With the public key alone one can verify, and not sign.
        let mut public = [0; 97];
        let size_of_public = keys.export_public(env, ALICE, id, &mut public).unwrap();
        let wanted = attributes(key_type::public_of(pair), 0, EVERYTHING, algorithm);
        let public = keys.import(env, ALICE, &wanted, &public[..size_of_public]).unwrap();
        assert_eq!(keys.verify_message(env, ALICE, public, algorithm, b"message", &first[..size]), Ok(()));
        let refused = keys.sign_message(env, ALICE, public, algorithm, b"message", &mut second);
        assert_eq!(refused, Err(Error::InvalidArgument));
        keys.wipe_volatile();
    }
}

#[test]
fn a_hash_of_the_wrong_length_is_not_signed() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let algorithm = alg::ecdsa(alg::SHA_256);
    let wanted = attributes(key_type::ECC_KEY_PAIR_SECP_R1, 256, EVERYTHING, algorithm);
    let id = keys.import(env, ALICE, &wanted, &[7; 32]).unwrap();
    for size in [0, 20, 31, 33, 48] {
        let refused = keys.sign_hash(env, ALICE, id, algorithm, &vec![1; size], &mut [0; 64]);
        assert_eq!(refused, Err(Error::InvalidArgument));
    }
    assert_eq!(
        keys.sign_hash(env, ALICE, id, algorithm, &[1; 32], &mut [0; 64]),
        Ok(Hash::Sha256.size() * 2)
    );
}

#[test]
fn a_key_serves_its_permitted_algorithm_and_no_other() {
    let any_ecdsa = alg::ecdsa(alg::ANY_HASH);
    let at_least_20 = alg::at_least_this_length_mac(alg::HMAC_SHA_256, 20);
    let cut = |bytes| alg::truncated_mac(alg::HMAC_SHA_256, bytes);
    let any_tag = alg::at_least_this_length_tag(alg::GCM, 8);
    let joined = alg::key_agreement(alg::ECDH, alg::HKDF_SHA_256);
    for (policy, requested, permitted) in [
        (alg::CCM, alg::CCM, true),
        (alg::CCM, alg::GCM, false),
        (alg::CTR, alg::CBC_PKCS7, false),
        (alg::NONE, alg::CTR, false),
        (alg::NONE, alg::NONE, false),
        (any_ecdsa, alg::ecdsa(alg::SHA_384), true),
        (any_ecdsa, alg::deterministic_ecdsa(alg::SHA_384), false),
        (any_ecdsa, any_ecdsa, false),
        (any_ecdsa, alg::PURE_EDDSA, false),
        (alg::ecdsa(alg::SHA_256), alg::ecdsa(alg::SHA_512), false),
        (at_least_20, alg::HMAC_SHA_256, true),
        (at_least_20, cut(20), true),
        (at_least_20, cut(19), false),
        (at_least_20, alg::HMAC_SHA_384, false),
        (at_least_20, at_least_20, false),
        (alg::HMAC_SHA_256, cut(32), true),
        (alg::HMAC_SHA_256, cut(16), false),
        (any_tag, alg::GCM, true),
        (any_tag, alg::CCM, false),
        (any_tag, alg::shortened_tag(alg::GCM, 12), false),
        (alg::ECDH, alg::ECDH, true),
        (alg::ECDH, joined, true),
        (joined, alg::ECDH, false),
        (joined, alg::key_agreement(alg::ECDH, alg::HKDF_SHA_512), false),
        (alg::HKDF_SHA_256, joined, false),
    ] {
        assert_eq!(permits(policy, requested), permitted, "{policy:#x} {requested:#x}");
    }
}

#[test]
fn a_key_of_the_wrong_type_is_refused_though_its_policy_names_the_algorithm() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    for (kind, algorithm) in [
        (key_type::HMAC, alg::CMAC),
        (key_type::AES, alg::HMAC_SHA_256),
        (key_type::RAW_DATA, alg::HMAC_SHA_256),
    ] {
        let id = keys.import(env, ALICE, &attributes(kind, 0, EVERYTHING, algorithm), &[7; 16]).unwrap();
        assert_eq!(
            keys.mac_compute(env, ALICE, id, algorithm, b"", &mut [0; 64]),
            Err(Error::InvalidArgument)
        );
    }
    keys.wipe_volatile();
    for (kind, algorithm, expected) in
        [(key_type::AES, alg::CMAC, Ok(16)), (key_type::HMAC, alg::HMAC_SHA_256, Ok(32))]
    {
        let id = keys.import(env, ALICE, &attributes(kind, 0, EVERYTHING, algorithm), &[7; 16]).unwrap();
        assert_eq!(keys.mac_compute(env, ALICE, id, algorithm, b"", &mut [0; 64]), expected);
    }
}

#[test]
fn a_copy_needs_permission_and_keeps_type_and_size() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let make = |usage| attributes(key_type::AES, 128, usage, alg::CTR);
    let fixed = keys.import(env, ALICE, &make(EVERYTHING & !usage::COPY), &[7; 16]).unwrap();
    assert_eq!(keys.copy(env, ALICE, fixed, &make(EVERYTHING)), Err(Error::NotPermitted));
    let free = keys.import(env, ALICE, &make(EVERYTHING), &[7; 16]).unwrap();
    let larger = Attributes { bits: 256, ..make(EVERYTHING) };
    assert_eq!(keys.copy(env, ALICE, free, &larger), Err(Error::InvalidArgument));
    let other = Attributes { algorithm: alg::CCM, ..make(EVERYTHING) };
    assert_eq!(keys.copy(env, ALICE, free, &other), Err(Error::InvalidArgument));
    let useless = Attributes { algorithm: alg::NONE, ..make(EVERYTHING) };
    let copy = keys.copy(env, ALICE, free, &useless).unwrap();
    assert_eq!(keys.attributes(env, ALICE, copy).map(|got| got.algorithm), Ok(alg::NONE));
    let kept = persistent(8, Attributes { key_type: 0, bits: 0, ..make(usage::ENCRYPT) });
    assert_eq!(keys.copy(env, ALICE, free, &kept), Ok(8));
    assert_eq!(keys.attributes(env, ALICE, 8), Ok(persistent(8, make(usage::ENCRYPT))));
}

#[test]
fn an_agreement_in_one_call_takes_no_other_algorithm() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let pair = attributes(key_type::ECC_KEY_PAIR_SECP_R1, 256, EVERYTHING, alg::ECDH);
    let key = keys.generate(env, ALICE, &pair).unwrap();
    let (mut peer, mut out) = ([0; 65], [0; 32]);
    keys.export_public(env, ALICE, key, &mut peer).unwrap();
    for (algorithm, expected) in [
        (alg::ECDH, Ok(32)),
        (alg::key_agreement(alg::ECDH, alg::HKDF_SHA_256), Err(Error::InvalidArgument)),
        (alg::SHA_256, Err(Error::NotSupported)),
        (alg::CTR, Err(Error::InvalidArgument)),
        // Finite fields.
        (0x0901_0000, Err(Error::NotSupported)),
    ] {
        assert_eq!(keys.raw_key_agreement(env, ALICE, key, algorithm, &peer, &mut out), expected);
    }
}

fn algorithms() -> impl Strategy<Value = u32> {
    let hash = prop::sample::select(vec![alg::SHA_256, alg::SHA_384, alg::SHA_512, alg::ANY_HASH]);
    let mac = prop::sample::select(vec![alg::HMAC_SHA_256, alg::HMAC_SHA_512, alg::CMAC]);
    let aead = prop::sample::select(vec![alg::CCM, alg::GCM, alg::CHACHA20_POLY1305]);
    let exact = prop::sample::select(vec![
        alg::CTR,
        alg::CBC_NO_PADDING,
        alg::PURE_EDDSA,
        alg::ECDH,
        alg::HKDF_SHA_256,
        alg::key_agreement(alg::ECDH, alg::HKDF_SHA_256),
    ]);
    prop_oneof![
        (hash, any::<bool>()).prop_map(|(hash, deterministic)| if deterministic {
            alg::deterministic_ecdsa(hash)
        } else {
            alg::ecdsa(hash)
        }),
        (mac.clone(), 16u32..=64).prop_map(|(mac, bytes)| alg::truncated_mac(mac, bytes)),
        (mac.clone(), 0u32..=64).prop_map(|(mac, bytes)| alg::at_least_this_length_mac(mac, bytes & 0x3f)),
        mac,
        aead.clone(),
        (aead, 1u32..=16).prop_map(|(aead, bytes)| alg::at_least_this_length_tag(aead, bytes)),
        exact,
    ]
    .prop_filter("known", |algorithm| is_policy(*algorithm))
}

proptest! {
    #[test]
    fn a_copy_permits_exactly_what_both_policies_permit(
        a in algorithms(), b in algorithms(), requested in algorithms(),
    ) {
        let both = permits(a, requested) && permits(b, requested);
        match intersection(a, b) {
            Some(copy) => {
                prop_assert_eq!(permits(copy, requested), both);
                prop_assert!(is_policy(copy));
            }
            None => prop_assert!(!both),
        }
        prop_assert_eq!(intersection(a, b).is_some(), intersection(b, a).is_some());
        prop_assert_eq!(intersection(a, a), Some(a));
    }

    #[test]
    fn no_number_that_is_not_ours_permits_or_panics(policy: u32, requested: u32) {
        if permits(policy, requested) {
            prop_assert!(is_policy(policy) && is_policy(requested));
        }
        let _ = intersection(policy, requested);
    }

    #[test]
    fn import_export_and_copy_keep_the_bytes_and_narrow_the_usage(
        first in 0u32..0x8000, second in 0u32..0x8000, bytes in prop::collection::vec(any::<u8>(), 16..=64),
    ) {
        let (first, second) = (first & usage::ALL | usage::COPY, second & usage::ALL);
        let (mut keys, mut device) = (keystore(), Device::new());
        let env = &mut device.env();
        let make = |usage| attributes(key_type::HMAC, 0, usage, alg::HMAC_SHA_256);
        let source = keys.import(env, ALICE, &make(first), &bytes).unwrap();
        let copy = keys.copy(env, ALICE, source, &make(second)).unwrap();
        let got = keys.attributes(env, ALICE, copy).unwrap();
        prop_assert_eq!(got.usage, with_implied(first).unwrap() & with_implied(second).unwrap());
        prop_assert_eq!(usize::from(got.bits), 8 * bytes.len());
        let mut out = [0; 64];
        let exported = keys.export(env, ALICE, copy, &mut out);
        if got.usage & usage::EXPORT != 0 {
            prop_assert_eq!(exported, Ok(bytes.len()));
            prop_assert_eq!(&out[..bytes.len()], &bytes[..]);
        } else {
            prop_assert_eq!(exported, Err(Error::NotPermitted));
            prop_assert_eq!(out, [0; 64]);
        }
    }
}
