//! What both implementations must give. `cdd-crypto` runs Wycheproof and the standard's vectors on top.

use cdd_p256::{agree, is_private, is_public, public_key, reduce, sign, verify};
use proptest::prelude::*;

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn number(hex: &str) -> [u8; 32] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn small(value: u8) -> [u8; 32] {
    let mut number = [0; 32];
    number[31] = value;
    number
}

/// `number` less one; its last byte is not zero.
fn less_one(mut number: [u8; 32]) -> [u8; 32] {
    number[31] -= 1;
    number
}

#[test]
fn a_private_key_is_from_one_to_below_the_order() {
    for (key, good) in [
        (small(0), false),
        (small(1), true),
        (less_one(number(ORDER)), true),
        (number(ORDER), false),
        ([0xff; 32], false),
    ] {
        assert_eq!(is_private(&key), good);
        assert_eq!(public_key(&key).is_some(), good);
        assert_eq!(sign(&key, &[7; 32], &small(5)).is_some(), good);
        assert_eq!(sign(&small(5), &[7; 32], &key).is_some(), good);
        assert_eq!(agree(&key, &public_key(&small(9)).unwrap()).is_some(), good);
    }
}

#[test]
fn a_point_off_the_curve_or_above_the_prime_is_refused() {
    let prime = number("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    let good = public_key(&small(3)).unwrap();
    let signature = sign(&small(3), &[7; 32], &small(5)).unwrap();
    assert!(is_public(&good) && agree(&small(2), &good).is_some() && verify(&good, &[7; 32], &signature));
    let mut off = good;
    off[63] ^= 1;
    let mut above = good;
    above[..32].copy_from_slice(&prime);
    for bad in [off, above, [0; 64], [0xff; 64]] {
        assert!(!is_public(&bad));
        assert!(agree(&small(2), &bad).is_none());
        assert!(!verify(&bad, &[7; 32], &signature));
    }
}

#[test]
fn the_signature_is_that_of_rfc_6979() {
    // A.2.5, SHA-256, "sample".
    let key = number("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let nonce = number("a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60");
    let digest = number("af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf");
    let signature = sign(&key, &digest, &nonce).unwrap();
    assert_eq!(
        hex::encode(signature),
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    );
    assert!(verify(&public_key(&key).unwrap(), &digest, &signature));
}

#[test]
fn a_hash_is_reduced_by_the_order() {
    let order = number(ORDER);
    assert_eq!(reduce(&order), [0; 32]);
    assert_eq!(reduce(&less_one(order)), less_one(order));
    assert_eq!(reduce(&small(0)), small(0));
    let largest = number("00000000ffffffff00000000000000004319055258e8617b0c46353d039cdaae");
    assert_eq!(reduce(&[0xff; 32]), largest);
    // Signatures of a hash and of the hash modulo the order are one and the same.
    let key = small(3);
    let signature = sign(&key, &[0xff; 32], &small(5)).unwrap();
    assert_eq!(Some(signature), sign(&key, &largest, &small(5)));
    assert!(verify(&public_key(&key).unwrap(), &largest, &signature));
    assert!(verify(&public_key(&key).unwrap(), &[0xff; 32], &signature));
}

proptest! {
    #[test]
    fn both_sides_of_an_agreement_come_out_the_same(a: [u8; 32], b: [u8; 32]) {
        let (a, b) = (reduce(&a), reduce(&b));
        let (of_a, of_b) = (public_key(&a).unwrap(), public_key(&b).unwrap());
        prop_assert_eq!(agree(&a, &of_b).unwrap(), agree(&b, &of_a).unwrap());
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_that_was_changed(key: [u8; 32], nonce: [u8; 32], digest: [u8; 32], at in 0usize..160, bit in 0u8..8) {
        let (key, nonce) = (reduce(&key), reduce(&nonce));
        let public = public_key(&key).unwrap();
        let signature = sign(&key, &digest, &nonce).unwrap();
        prop_assert!(verify(&public, &digest, &signature));
        let mut all = [&public[..], &digest, &signature].concat();
        all[at] ^= 1 << bit;
        let (public, rest) = all.split_first_chunk().unwrap();
        let (digest, signature) = rest.split_first_chunk().unwrap();
        prop_assert!(!verify(public, digest, signature.try_into().unwrap()));
    }
}
