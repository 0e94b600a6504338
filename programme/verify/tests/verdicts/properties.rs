//! Whatever comes: a verdict, and an affirming one for the genuine token only.

use crate::made::{COMPONENTS, Claims, component, token_of};
use crate::support::*;
use ciborium::Value;
use dtsec_verify::{Evidence, Expected, Finding, Verifier};
use proptest::prelude::*;
use std::sync::LazyLock;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(verifier);

/// The finding; what it adds can be shown anywhere.
fn finding(token: &[u8]) -> Finding {
    let verdict = VERIFIER.verify(&Evidence::new(token), Expected::Nonce(&NONCE), now());
    assert!(verdict.detail.chars().all(|c| matches!(c, ' '..='~' | '§' | '–' | '‖')), "{}", verdict.detail);
    serde_json::to_string(&verdict).unwrap();
    verdict.finding
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_are_answered_and_not_affirmed(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(finding(&bytes).number() >= 400);
        prop_assert!(finding(&token_of(&bytes)).number() >= 400);
    }

    #[test]
    fn a_genuine_token_that_was_cut_up_and_put_together_again_is_not_affirmed(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<[u8; 3]>()), 1..6),
    ) {
        let genuine = Claims::full().token();
        let mut changed = genuine.clone();
        for (at, removed, put) in edits {
            let at = at.index(changed.len());
            let end = (at + removed).min(changed.len());
            changed.splice(at..end, put[..removed.min(3)].iter().copied());
        }
        prop_assert_eq!(finding(&changed) == Finding::ListedAndClean, changed == genuine);
    }

    #[test]
    fn only_the_whole_set_is_affirmed_however_its_parts_are_chosen(
        parts in proptest::collection::vec(prop_oneof!["boot", "platform", "radio", "[a-z]{1,9}"], 1..6),
    ) {
        let all = Value::Array(parts.iter().map(|part| component(part)).collect());
        let token = Claims::full().with(COMPONENTS, all).token();
        let mut sorted = parts.clone();
        sorted.sort();
        prop_assert_eq!(finding(&token) == Finding::ListedAndClean, sorted == ["boot", "platform"]);
    }
}
