//! Bytes of any origin: they never bring the reader down, and never pass for a token that somebody signed.

use crate::support::*;
use ciborium::Value;
use dtsec_token::{Token, TokenError};
use proptest::prelude::*;

/// Whether it is a token that key 1 signed.
fn passes(bytes: &[u8]) -> bool {
    Token::parse(bytes).is_ok_and(|token| token.verify(&public_key(1)))
}

#[test]
fn no_bit_can_be_changed_nothing_cut_off_and_nothing_added() {
    let genuine = Claims::full().token();
    assert!(passes(&genuine));
    for at in 0..genuine.len() {
        for bit in 0..8 {
            let mut changed = genuine.clone();
            changed[at] ^= 1 << bit;
            assert!(!passes(&changed), "byte {at}, bit {bit}");
        }
        assert_eq!(Token::parse(&genuine[..at]), Err(TokenError::Truncated), "cut to {at}");
    }
    assert!(Token::parse(&[&genuine[..], &[0]].concat()).is_err());
}

#[test]
fn nesting_does_not_end_in_an_overflow_of_the_stack() {
    for (deep, end) in
        [(&[0x81][..], &[0xF6][..]), (&[0xA1, 0x01], &[0xF6]), (&[0xC1], &[0xF6]), (&[0x9F], &[])]
    {
        let nested = [&deep.repeat(16_000 / deep.len())[..], end].concat();
        assert!(matches!(Token::parse(&nested), Err(TokenError::Envelope(_))));
        assert!(matches!(Token::parse(&token_of(&nested)), Err(TokenError::Claims(_))));
    }
}

#[test]
fn lengths_that_nobody_can_mean_cost_nothing() {
    for kind in [0x5B, 0x7B, 0x9B, 0xBB] {
        let huge = [&[kind][..], &[0xFF; 8], b"x"].concat();
        assert!(Token::parse(&huge).is_err());
        assert!(matches!(Token::parse(&token_of(&huge)), Err(TokenError::Claims(_))));
        let inside = [&[0xD2, 0x84, 0x43, 0xA1, 0x01, 0x26, 0xA0][..], &huge].concat();
        assert!(matches!(Token::parse(&inside), Err(TokenError::Envelope(_) | TokenError::Truncated)));
    }
}

/// Any CBOR, a few levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        any::<f64>().prop_map(Value::Float),
        proptest::collection::vec(any::<u8>(), 0..70).prop_map(Value::Bytes),
        ".{0,40}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((inner.clone(), inner.clone()), 0..5).prop_map(Value::Map),
            (any::<u64>(), inner).prop_map(|(tag, value)| Value::Tag(tag, Box::new(value))),
        ]
    })
}

const LABELS: [i64; 10] = [
    NONCE,
    INSTANCE_ID,
    PROFILE,
    BOOT_SEED,
    CLIENT_ID,
    LIFE_CYCLE,
    IMPLEMENTATION_ID,
    CERTIFICATION_REFERENCE,
    COMPONENTS,
    VERIFICATION_SERVICE,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!passes(&bytes));
    }

    #[test]
    fn any_bytes_in_a_signed_envelope_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!passes(&token_of(&bytes)));
    }

    #[test]
    fn a_genuine_token_that_was_cut_up_and_put_together_again_never_passes(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<[u8; 3]>()), 1..6),
    ) {
        let genuine = Claims::full().token();
        let mut changed = genuine.clone();
        for (at, removed, put) in edits {
            let at = at.index(changed.len());
            let end = (at + removed).min(changed.len());
            changed.splice(at..end, put[..removed.min(3)].iter().copied());
        }
        prop_assert_eq!(passes(&changed), changed == genuine);
    }

    #[test]
    fn any_value_in_the_place_of_any_claim_is_answered(which in 0usize..LABELS.len(), value in value()) {
        let token = Claims::full().with(LABELS[which], value).token();
        if let Err(error) = Token::parse(&token) {
            prop_assert!(error.to_string().chars().all(|c| !c.is_control()), "{error}");
        }
    }

    #[test]
    fn what_rfc_9783_allows_is_read_as_it_was_written(
        nonce in prop_oneof![Just(32usize), Just(48), Just(64)],
        client in any::<i32>().prop_filter("0 is nobody", |id| *id != 0),
        life_cycle in (0u16..=6, any::<u8>()).prop_map(|(state, low)| state << 12 | u16::from(low)),
        parts in proptest::collection::vec("[ -~]{1,40}", 1..5),
        seed in proptest::option::of(8usize..=32),
    ) {
        let mut claims = Claims::full()
            .with(NONCE, Value::Bytes(vec![3; nonce]))
            .with(CLIENT_ID, client)
            .with(LIFE_CYCLE, life_cycle)
            .with(COMPONENTS, Value::Array(parts.iter().map(|part| component(part)).collect()))
            .without(BOOT_SEED);
        if let Some(seed) = seed {
            claims = claims.with(BOOT_SEED, Value::Bytes(vec![9; seed]));
        }
        let bytes = claims.token();
        let token = Token::parse(&bytes).unwrap();
        prop_assert!(token.verify(&public_key(1)));
        prop_assert_eq!((token.nonce.len(), token.client_id), (nonce, client));
        prop_assert_eq!(token.life_cycle_claim, life_cycle);
        prop_assert_eq!(token.boot_seed.map(|found| found.len()), seed);
        let read: Vec<_> = token.components.into_iter().filter_map(|part| part.measurement_type).collect();
        prop_assert_eq!(read, parts);
    }
}
