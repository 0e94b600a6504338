//! Whatever somebody makes of the flash between two starts is refused, or the store holds what was stored last.
//!
//! The same check runs over random changes in `device/storage/tests/storage/hostile.rs`.

#![no_main]

#[path = "../../device/storage/tests/storage/harness.rs"]
mod harness;
#[path = "../../device/storage/tests/storage/invariants.rs"]
mod invariants;

// Where the harness looks for the flash model.
use cdd_virtual as nor;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = invariants::check(bytes);
});
