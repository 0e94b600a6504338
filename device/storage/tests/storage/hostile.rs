//! Whatever somebody makes of the flash between two starts: refused, or what was stored last.

use crate::invariants::{MOMENTS, check};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn any_changes_are_refused_or_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = check(&bytes);
    }
}

#[test]
fn the_flash_of_any_other_moment_is_refused_or_holds_what_was_stored_last() {
    let mut refused = BTreeMap::new();
    for moment in 0..MOMENTS {
        for other in 0..MOMENTS {
            if let (_, Err(error)) = check(&[moment, 6, other]) {
                *refused.entry(error.name()).or_insert(0) += 1;
            }
        }
    }
    println!("refused: {refused:?}");
    assert!(refused["rollback"] > 1000 && refused["ahead"] > 1000, "{refused:?}");
}

/// A small deterministic generator (xorshift64*), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as u8
    }
}

#[test]
pub(crate) fn ten_thousand_changed_flashes_are_refused_for_many_reasons_or_hold_what_was_stored_last() {
    let mut random = Random(0x5EA1_0000_0BAD_F1A5);
    let (mut mounted, mut refused) = (0, BTreeMap::new());
    for _ in 0..10_000 {
        let script: Vec<u8> = (0..2 + random.byte() % 24).map(|_| random.byte()).collect();
        match check(&script) {
            (true, Ok(())) => mounted += 1,
            (true, Err(error)) => *refused.entry(error.name()).or_insert(0) += 1,
            (false, _) => {}
        }
    }
    println!("{mounted} changed flashes mounted; refused: {refused:?}");
    assert!(mounted > 200, "only {mounted} of the changed flashes could be mounted");
    assert!(refused.len() >= 5, "only these errors were reached: {refused:?}");
}
