//! Attributes, key material and records of any origin.

use crate::common::Random;
use crate::invariants::check;
use cdd_crypto::psa::{alg, key_type, usage};
use cdd_keystore::{Attributes, Error, SecureRandom};
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = check(&bytes);
    }
}

/// One key of each type, with the algorithm that it is for.
fn genuine() -> Vec<Vec<u8>> {
    let keys: [(u16, u32, &[u8]); 10] = [
        (key_type::RAW_DATA, alg::NONE, &[7; 5]),
        (key_type::HMAC, alg::HMAC_SHA_256, &[7; 32]),
        (key_type::DERIVE, alg::HKDF_SHA_256, &[7; 48]),
        (key_type::AES, alg::CTR, &[7; 16]),
        (key_type::CHACHA20, alg::CHACHA20_POLY1305, &[7; 32]),
        (key_type::ECC_KEY_PAIR_SECP_R1, alg::ecdsa(alg::ANY_HASH), &[7; 32]),
        (key_type::ECC_KEY_PAIR_SECP_R1, alg::ecdsa(alg::SHA_384), &[7; 48]),
        (key_type::ECC_KEY_PAIR_MONTGOMERY, alg::ECDH, &[7; 32]),
        (key_type::ECC_PUBLIC_KEY_MONTGOMERY, alg::NONE, &[7; 32]),
        (key_type::ECC_KEY_PAIR_TWISTED_EDWARDS, alg::PURE_EDDSA, &[7; 32]),
    ];
    let of = |(id, (key_type, algorithm, material)): (u32, (u16, u32, &[u8]))| {
        // Every other one is persistent.
        let lifetime = id % 2;
        let all = Attributes { key_type, bits: 0, usage: usage::ALL, algorithm, lifetime, id: id * lifetime };
        [&[0], &all.to_bytes()[..], material].concat()
    };
    (0..).zip(keys).map(of).collect()
}

#[test]
fn twenty_thousand_mutated_keys_are_taken_or_refused_for_many_reasons() {
    const TEMPTING: [u8; 10] = [0, 1, 2, 4, 8, 0x10, 0x3F, 0x7F, 0x80, 0xFF];
    let corpus = genuine();
    assert!(corpus.iter().all(|bytes| check(bytes) == Ok(())), "unchanged they are keys");
    let mut random = Random(1);
    let mut below = |limit: usize| {
        let mut two = [0; 2];
        random.fill(&mut two).expect("always");
        usize::from(u16::from_be_bytes(two)) % limit
    };
    let (mut taken, mut refused) = (0, Vec::<(Error, u32)>::new());
    for round in 0..20_000 {
        let mut bytes = corpus[round % corpus.len()].clone();
        for _ in 0..1 + below(2) {
            let at = 1 + below(bytes.len() - 1);
            match below(3) {
                0 => bytes[at] ^= 1 << below(8),
                1 => bytes[at] = TEMPTING[below(TEMPTING.len())],
                _ => bytes.truncate(at + 1),
            }
        }
        match check(&bytes) {
            Ok(()) => taken += 1,
            Err(error) => match refused.iter_mut().find(|(known, _)| *known == error) {
                Some((_, count)) => *count += 1,
                None => refused.push((error, 1)),
            },
        }
    }
    println!("{taken} taken; refused: {refused:?}");
    assert!(taken > 1000, "only {taken} of the mutated keys were taken");
    assert!(refused.len() >= 2, "only these errors were reached: {refused:?}");
}

#[test]
fn every_byte_of_a_record_changed_in_every_bit_is_refused_and_unchanged_it_opens() {
    assert_eq!(check(&[1, 255]), Err(Error::DataCorrupt), "nothing instead of it");
    assert_eq!(check(&[1, 0]), Ok(()), "nothing put over it");
    let mut refused = 0;
    for at in 0..=u8::MAX {
        for value in 0..=u8::MAX {
            refused += u32::from(check(&[1, at, value]).is_err());
        }
    }
    // Of each of 85 bytes one value is the right one; behind the end a byte stands instead of the record.
    assert_eq!(refused, 85 * 255 + (256 - 85) * 256);
}
