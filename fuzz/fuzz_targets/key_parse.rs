//! Any attributes, key material and records are taken as what they are, or refused; never a panic.
//!
//! The same check runs over mutated keys and records in `device/keystore/tests/keystore/hostile.rs`.

#![no_main]

#[path = "../../device/keystore/tests/keystore/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = invariants::check(bytes);
});
