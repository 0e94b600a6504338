//! Ed25519 against an implementation that shares none of our arithmetic on scalars.

use cdd_crypto::ed25519::{is_public, public_key, sign, verify};
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;

proptest! {
    #[test]
    fn keys_and_signatures_are_those_of_ed25519_dalek(
        seed: [u8; 32],
        message in prop::collection::vec(any::<u8>(), 0..300),
        at in 0usize..64,
        bit in 0u8..8,
    ) {
        let other = SigningKey::from_bytes(&seed);
        let public = public_key(&seed);
        prop_assert_eq!(public, other.verifying_key().to_bytes());
        prop_assert!(is_public(&public));
        let mut signature = sign(&seed, &message);
        prop_assert_eq!(signature, other.sign(&message).to_bytes());
        prop_assert!(verify(&public, &message, &signature).is_ok());
        signature[at] ^= 1 << bit;
        prop_assert!(verify(&public, &message, &signature).is_err());
    }
}

#[test]
fn a_public_key_that_is_not_canonical_or_of_small_order_is_refused() {
    // y = p + 1, which is 1; y = p + 3, a point of large order if it is one at all; the identity; order two.
    let above = |n: u8| {
        let mut key = [0xff; 32];
        key[0] = 0xed + n;
        key[31] = 0x7f;
        key
    };
    let small = |n: u8| {
        let mut key = [0; 32];
        key[0] = n;
        key
    };
    assert!((2..=18).any(|n| is_public(&small(n))), "the control: some of them are points in canonical form");
    for n in 0..=18 {
        assert!(!is_public(&above(n)), "{n}");
    }
    let mut minus_one = above(0);
    minus_one[0] -= 1;
    for key in [small(0), small(1), minus_one] {
        assert!(!is_public(&key));
    }
}
