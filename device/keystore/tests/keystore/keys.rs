//! Key management: owners, lifetimes, import and export, capacity, keys at rest.

use crate::common::*;
use cdd_crypto::psa::{alg, key_type, usage};
use cdd_keystore::{Attributes, Env, Error, Family, Keystore, MAX_BLOB, MemoryStorage, status};

fn aes(usage: u32) -> Attributes {
    attributes(key_type::AES, 128, usage, alg::CTR)
}

#[test]
fn a_key_is_exported_only_if_its_policy_says_so() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let mut out = [0xAA; 16];
    let free = keys.import(&mut device.env(), ALICE, &aes(usage::EXPORT), &[7; 16]).unwrap();
    assert_eq!(keys.export(&mut device.env(), ALICE, free, &mut out), Ok(16));
    assert_eq!(out, [7; 16]);
    out = [0xAA; 16];
    let bound = keys.import(&mut device.env(), ALICE, &aes(EVERYTHING & !usage::EXPORT), &[7; 16]).unwrap();
    assert_eq!(keys.export(&mut device.env(), ALICE, bound, &mut out), Err(Error::NotPermitted));
    assert_eq!(out, [0xAA; 16]);
    assert_eq!(keys.export(&mut device.env(), ALICE, free, &mut [0; 15]), Err(Error::BufferTooSmall));
}

#[test]
fn to_another_owner_a_key_does_not_exist() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for wanted in [aes(EVERYTHING), persistent(5, aes(EVERYTHING))] {
        let id = keys.import(&mut device.env(), ALICE, &wanted, &[7; 16]).unwrap();
        let env = &mut device.env();
        let mut out = [0; 64];
        assert_eq!(keys.attributes(env, BOB, id), Err(Error::InvalidHandle));
        assert_eq!(keys.export(env, BOB, id, &mut out), Err(Error::InvalidHandle));
        assert_eq!(keys.copy(env, BOB, id, &aes(EVERYTHING)), Err(Error::InvalidHandle));
        assert_eq!(
            keys.cipher_encrypt(env, BOB, id, alg::CTR, &[0; 16], &mut out),
            Err(Error::InvalidHandle)
        );
        assert_eq!(keys.destroy(env, BOB, id), Err(Error::InvalidHandle));
        assert_eq!(keys.export(env, ALICE, id, &mut out), Ok(16));
        assert_eq!(keys.cipher_encrypt(env, ALICE, id, alg::CTR, &[0; 16], &mut out), Ok(32));
        assert_eq!(keys.destroy(env, ALICE, id), Ok(()));
    }
}

#[test]
fn two_owners_may_choose_the_same_number_and_get_their_own_keys() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (owner, byte) in [(ALICE, 1), (BOB, 2)] {
        assert_eq!(
            keys.import(&mut device.env(), owner, &persistent(9, aes(EVERYTHING)), &[byte; 16]),
            Ok(9)
        );
    }
    for (owner, byte) in [(ALICE, 1), (BOB, 2)] {
        let mut out = [0; 16];
        keys.export(&mut device.env(), owner, 9, &mut out).unwrap();
        assert_eq!(out, [byte; 16]);
    }
}

#[test]
fn a_persistent_key_survives_a_reset_and_a_volatile_one_does_not() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let kept = keys.import(&mut device.env(), ALICE, &persistent(3, aes(EVERYTHING)), &[7; 16]).unwrap();
    let lost = keys.import(&mut device.env(), ALICE, &aes(EVERYTHING), &[8; 16]).unwrap();
    let mut after_reset = keystore();
    assert_eq!(
        after_reset.attributes(&mut device.env(), ALICE, kept),
        Ok(persistent(3, Attributes { usage: EVERYTHING, ..aes(0) }))
    );
    assert_eq!(after_reset.attributes(&mut device.env(), ALICE, lost), Err(Error::InvalidHandle));
}

#[test]
fn a_number_that_is_taken_is_not_overwritten() {
    let (mut keys, mut device) = (keystore(), Device::new());
    keys.import(&mut device.env(), ALICE, &persistent(3, aes(EVERYTHING)), &[7; 16]).unwrap();
    let again = keys.import(&mut device.env(), ALICE, &persistent(3, aes(EVERYTHING)), &[8; 16]);
    assert_eq!(again, Err(Error::AlreadyExists));
    let mut out = [0; 16];
    keys.export(&mut device.env(), ALICE, 3, &mut out).unwrap();
    assert_eq!(out, [7; 16]);
}

#[test]
fn the_last_slot_can_be_used_and_no_more_and_a_destroyed_key_makes_room() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let ids: Vec<u32> =
        (0..4).map(|n| keys.import(&mut device.env(), ALICE, &aes(EVERYTHING), &[n; 16]).unwrap()).collect();
    let full = keys.import(&mut device.env(), ALICE, &aes(EVERYTHING), &[9; 16]);
    assert_eq!(full, Err(Error::InsufficientMemory));
    keys.destroy(&mut device.env(), ALICE, ids[2]).unwrap();
    let new = keys.import(&mut device.env(), ALICE, &aes(EVERYTHING), &[9; 16]).unwrap();
    // The same place, but the old number stays dead.
    assert_ne!(new, ids[2]);
    assert_eq!(keys.attributes(&mut device.env(), ALICE, ids[2]), Err(Error::InvalidHandle));
    assert!(keys.attributes(&mut device.env(), ALICE, new).is_ok());
    assert_eq!(keys.destroy(&mut device.env(), ALICE, 0), Ok(()));
}

#[test]
fn a_full_storage_says_so() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for id in 1..=8 {
        keys.import(&mut device.env(), ALICE, &persistent(id, aes(EVERYTHING)), &[7; 16]).unwrap();
    }
    let full = keys.import(&mut device.env(), ALICE, &persistent(9, aes(EVERYTHING)), &[7; 16]);
    assert_eq!(full, Err(Error::InsufficientStorage));
    keys.destroy(&mut device.env(), ALICE, 4).unwrap();
    assert_eq!(keys.import(&mut device.env(), ALICE, &persistent(9, aes(EVERYTHING)), &[7; 16]), Ok(9));
}

#[test]
fn nothing_of_the_key_or_its_use_can_be_read_in_the_record() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let key: Vec<u8> = (0x40..0x60).collect();
    let wanted = persistent(3, attributes(key_type::AES, 256, usage::ENCRYPT, alg::CTR));
    keys.import(&mut device.env(), ALICE, &wanted, &key).unwrap();
    let record = device.storage.record(ALICE, 3).unwrap();
    assert!(record.len() <= MAX_BLOB);
    assert!(!record.windows(4).any(|window| key.windows(4).any(|part| part == window)));
}

#[test]
fn a_record_with_any_bit_changed_is_refused() {
    let (mut keys, mut device) = (keystore(), Device::new());
    keys.import(&mut device.env(), ALICE, &persistent(3, aes(usage::ENCRYPT)), &[7; 16]).unwrap();
    let bits = 8 * device.storage.record(ALICE, 3).unwrap().len();
    for bit in 0..bits {
        device.storage.record(ALICE, 3).unwrap()[bit / 8] ^= 1 << (bit % 8);
        let refused = keys.attributes(&mut device.env(), ALICE, 3);
        let expected = if bit < 8 { Error::DataInvalid } else { Error::DataCorrupt };
        assert_eq!(refused, Err(expected), "bit {bit}");
        device.storage.record(ALICE, 3).unwrap()[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(keys.attributes(&mut device.env(), ALICE, 3).is_ok());
}

#[test]
fn a_record_of_another_number_owner_or_device_is_refused() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (owner, id) in [(ALICE, 3), (ALICE, 4), (BOB, 3)] {
        keys.import(&mut device.env(), owner, &persistent(id, aes(EVERYTHING)), &[7; 16]).unwrap();
    }
    for (owner, id) in [(ALICE, 4), (BOB, 3)] {
        let foreign = device.storage.record(owner, id).unwrap().to_vec();
        let own = device.storage.record(ALICE, 3).unwrap();
        let before = own.to_vec();
        own.copy_from_slice(&foreign);
        assert_eq!(keys.attributes(&mut device.env(), ALICE, 3), Err(Error::DataCorrupt));
        device.storage.record(ALICE, 3).unwrap().copy_from_slice(&before);
        assert!(keys.attributes(&mut device.env(), ALICE, 3).is_ok());
    }
    let mut other_device = Keystore::<4, 3>::new(&[0x5f; 32]);
    assert_eq!(other_device.attributes(&mut device.env(), ALICE, 3), Err(Error::DataCorrupt));
}

#[test]
fn a_record_that_no_longer_opens_can_still_be_destroyed() {
    let (mut keys, mut device) = (keystore(), Device::new());
    keys.import(&mut device.env(), ALICE, &persistent(3, aes(EVERYTHING)), &[7; 16]).unwrap();
    device.storage.record(ALICE, 3).unwrap()[40] ^= 1;
    assert_eq!(keys.destroy(&mut device.env(), ALICE, 3), Ok(()));
    assert!(device.storage.record(ALICE, 3).is_none());
    assert_eq!(keys.destroy(&mut device.env(), ALICE, 3), Err(Error::InvalidHandle));
}

#[test]
fn the_same_key_wrapped_twice_gives_two_records() {
    let (mut keys, mut device) = (keystore(), Device::new());
    keys.import(&mut device.env(), ALICE, &persistent(3, aes(EVERYTHING)), &[7; 16]).unwrap();
    let first = device.storage.record(ALICE, 3).unwrap().to_vec();
    keys.destroy(&mut device.env(), ALICE, 3).unwrap();
    keys.import(&mut device.env(), ALICE, &persistent(3, aes(EVERYTHING)), &[7; 16]).unwrap();
    let second = device.storage.record(ALICE, 3).unwrap().to_vec();
    assert_ne!(first[37..], second[37..]);
}

#[test]
fn nothing_below_128_bits_of_strength_can_be_made_or_brought() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (wanted, bytes) in [
        (attributes(key_type::HMAC, 0, EVERYTHING, alg::HMAC_SHA_256), 15),
        (attributes(key_type::DERIVE, 0, EVERYTHING, alg::HKDF_SHA_256), 15),
        (attributes(key_type::AES, 0, EVERYTHING, alg::CTR), 8),
        (attributes(key_type::ECC_KEY_PAIR_SECP_R1, 0, EVERYTHING, alg::ECDH), 24), // P-192
        (attributes(key_type::ECC_KEY_PAIR_SECP_R1, 0, EVERYTHING, alg::ECDH), 28), // P-224
        (attributes(0x2301, 0, EVERYTHING, alg::NONE), 24),                         // DES
        (attributes(0x7001, 0, EVERYTHING, alg::NONE), 128),                        // RSA
        (attributes(key_type::AES, 0, EVERYTHING, 0x0404_4000 | 0x8000), 16),
        (attributes(key_type::HMAC, 0, EVERYTHING, 0x0380_0005), 32), // HMAC with SHA-1
        (attributes(key_type::HMAC, 0, EVERYTHING, alg::truncated_mac(alg::HMAC_SHA_256, 15)), 32),
        (attributes(key_type::AES, 0, EVERYTHING, alg::shortened_tag(alg::CCM, 8)), 16),
        (attributes(key_type::ECC_KEY_PAIR_SECP_R1, 0, EVERYTHING, 0x0600_0605), 32), // ECDSA with SHA-1
    ] {
        let refused = keys.import(&mut device.env(), ALICE, &wanted, &vec![7; bytes]);
        assert_eq!(refused, Err(Error::NotSupported), "{wanted:x?}");
        let sized = Attributes { bits: 8 * bytes as u16, ..wanted };
        assert_eq!(keys.generate(&mut device.env(), ALICE, &sized), Err(Error::NotSupported), "{wanted:x?}");
    }
    let control = attributes(key_type::HMAC, 0, EVERYTHING, alg::truncated_mac(alg::HMAC_SHA_256, 16));
    assert!(keys.import(&mut device.env(), ALICE, &control, &[7; 16]).is_ok());
}

#[test]
fn what_is_no_key_of_its_type_is_refused() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let pair = attributes(key_type::ECC_KEY_PAIR_SECP_R1, 256, EVERYTHING, alg::ECDH);
    let public = attributes(key_type::ECC_PUBLIC_KEY_SECP_R1, 256, EVERYTHING, alg::NONE);
    let edwards = attributes(key_type::ECC_PUBLIC_KEY_TWISTED_EDWARDS, 255, EVERYTHING, alg::PURE_EDDSA);
    let mut off_curve = [1; 65];
    off_curve[0] = 4;
    let small_order = [0; 32];
    for (wanted, bytes) in [
        (pair, &[0; 32][..]),
        (pair, &[0xff; 32]),
        (pair, &[1; 31]),
        (public, &off_curve),
        (public, &[1; 33]),
        (edwards, &small_order),
    ] {
        let refused = keys.import(&mut device.env(), ALICE, &wanted, bytes);
        assert_eq!(refused, Err(Error::InvalidArgument), "{wanted:x?}");
    }
    assert!(keys.import(&mut device.env(), ALICE, &pair, &[1; 32]).is_ok());
    let mismatch = attributes(key_type::AES, 256, EVERYTHING, alg::CTR);
    assert_eq!(keys.import(&mut device.env(), ALICE, &mismatch, &[1; 16]), Err(Error::InvalidArgument));
}

#[test]
fn attributes_that_contradict_themselves_are_refused() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (wanted, expected) in [
        (Attributes { id: 5, ..aes(EVERYTHING) }, Error::InvalidArgument),
        (Attributes { lifetime: 1, ..aes(EVERYTHING) }, Error::InvalidArgument),
        (persistent(0x4000_0000, aes(EVERYTHING)), Error::InvalidArgument),
        (Attributes { lifetime: 2, id: 5, ..aes(EVERYTHING) }, Error::NotSupported),
        (aes(0x8000_0000), Error::InvalidArgument),
    ] {
        assert_eq!(keys.import(&mut device.env(), ALICE, &wanted, &[7; 16]), Err(expected), "{wanted:x?}");
    }
    assert_eq!(
        keys.import(&mut device.env(), ALICE, &persistent(0x3fff_ffff, aes(EVERYTHING)), &[7; 16]),
        Ok(0x3fff_ffff)
    );
}

#[test]
fn a_public_key_is_exported_without_permission_and_a_symmetric_key_has_none() {
    let (mut keys, mut device) = (keystore(), Device::new());
    for (key_type, bits, size) in [
        (key_type::ECC_KEY_PAIR_SECP_R1, 256, 65),
        (key_type::ECC_KEY_PAIR_SECP_R1, 384, 97),
        (key_type::ECC_KEY_PAIR_MONTGOMERY, 255, 32),
        (key_type::ECC_KEY_PAIR_TWISTED_EDWARDS, 255, 32),
    ] {
        let pair =
            keys.generate(&mut device.env(), ALICE, &attributes(key_type, bits, 0, alg::NONE)).unwrap();
        let mut public = [0; 97];
        assert_eq!(keys.export_public(&mut device.env(), ALICE, pair, &mut public), Ok(size));
        let wanted = attributes(key_type::public_of(key_type), 0, 0, alg::NONE);
        let imported = keys.import(&mut device.env(), ALICE, &wanted, &public[..size]).unwrap();
        let mut again = [0; 97];
        assert_eq!(keys.export(&mut device.env(), ALICE, imported, &mut again), Ok(size));
        assert_eq!(again, public);
        assert_eq!(keys.export(&mut device.env(), ALICE, pair, &mut again), Err(Error::NotPermitted));
        keys.wipe_volatile();
    }
    let aes = keys.import(&mut device.env(), ALICE, &aes(EVERYTHING), &[7; 16]).unwrap();
    assert_eq!(keys.export_public(&mut device.env(), ALICE, aes, &mut [0; 97]), Err(Error::InvalidArgument));
}

#[test]
fn without_entropy_no_key_is_made_and_none_is_kept() {
    let mut keys = keystore();
    let mut storage = MemoryStorage::<2>::new();
    let mut env = Env { storage: &mut storage, random: &mut NoRandom };
    let made = keys.generate(&mut env, ALICE, &aes(EVERYTHING));
    assert_eq!(made, Err(Error::InsufficientEntropy));
    let kept = keys.import(&mut env, ALICE, &persistent(1, aes(EVERYTHING)), &[7; 16]);
    assert_eq!(kept, Err(Error::InsufficientEntropy));
    assert!(storage.record(ALICE, 1).is_none());
}

#[test]
fn a_family_that_failed_its_self_test_refuses_and_the_rest_goes_on() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let id =
        keys.import(env, ALICE, &attributes(key_type::AES, 128, EVERYTHING, alg::GCM), &[7; 16]).unwrap();
    keys.self_tests().plant_failure(Family::Gcm);
    let mut out = [0; 32];
    let refused = keys.aead_encrypt(env, ALICE, id, alg::GCM, &[0; 12], b"", b"text", &mut out);
    assert_eq!(refused, Err(Error::SelfTest(Family::Gcm)));
    assert_eq!(out, [0; 32]);
    assert_eq!(keys.hash_compute(alg::SHA_256, b"abc", &mut out), Ok(32));
}

#[test]
fn every_error_has_a_number_of_psa_and_known_ones_reach_the_gate() {
    assert_eq!(status(Error::NotPermitted).code(), -133);
    assert_eq!(status(Error::BufferTooSmall).code(), -138);
    assert_ne!(status(Error::InvalidSignature).code(), 0);
}

#[test]
fn a_key_without_a_size_is_no_key() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    for kind in [key_type::RAW_DATA, key_type::HMAC, key_type::AES, key_type::ECC_KEY_PAIR_SECP_R1] {
        let wanted = attributes(kind, 0, EVERYTHING, alg::NONE);
        assert_eq!(keys.import(env, ALICE, &wanted, &[]), Err(Error::InvalidArgument));
        assert_eq!(keys.generate(env, ALICE, &wanted), Err(Error::InvalidArgument));
        let sized = Attributes { bits: 256, ..wanted };
        let key = keys.generate(env, ALICE, &sized).unwrap();
        assert_eq!(keys.attributes(env, ALICE, key).map(|got| got.bits), Ok(256));
    }
}

#[test]
fn purging_an_owner_takes_its_volatile_keys_and_operations_and_nothing_else() {
    let (mut keys, mut device) = (keystore(), Device::new());
    let env = &mut device.env();
    let hers = keys.import(env, ALICE, &aes(EVERYTHING), &[7; 16]).unwrap();
    let stored = keys.import(env, ALICE, &persistent(3, aes(EVERYTHING)), &[7; 16]).unwrap();
    let his = keys.import(env, BOB, &aes(EVERYTHING), &[7; 16]).unwrap();
    let (one, two) =
        (keys.hash_setup(ALICE, alg::SHA_256).unwrap(), keys.hash_setup(BOB, alg::SHA_256).unwrap());
    for key in [hers, stored] {
        assert_eq!(keys.purge(env, ALICE, key), Ok(()));
        assert!(keys.attributes(env, ALICE, key).is_ok(), "purging a key keeps it");
    }
    keys.purge_owner(ALICE);
    assert_eq!(keys.attributes(env, ALICE, hers), Err(Error::InvalidHandle));
    assert_eq!(keys.purge(env, ALICE, hers), Err(Error::InvalidHandle));
    assert_eq!(keys.hash_update(ALICE, one, b"x"), Err(Error::BadState));
    assert!(keys.attributes(env, ALICE, stored).is_ok());
    assert!(keys.attributes(env, BOB, his).is_ok());
    assert_eq!(keys.hash_update(BOB, two, b"x"), Ok(()));
}

#[test]
fn attributes_are_the_same_after_encoding() {
    let all =
        Attributes { key_type: 0x0102, bits: 0x0304, usage: 5, algorithm: 6, lifetime: 7, id: 0x0809_0a0b };
    let bytes = all.to_bytes();
    assert_eq!(bytes, [1, 2, 3, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7, 8, 9, 10, 11]);
    assert_eq!(Attributes::from_bytes(&bytes), all);
}
