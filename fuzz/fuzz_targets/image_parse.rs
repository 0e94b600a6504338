//! Any bytes give an image whose parts lie inside them, or an error; never a panic.
//!
//! The same check runs over mutated images in `device/image/tests/properties.rs`.

#![no_main]

#[path = "../../device/image/tests/support/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = invariants::check(bytes);
});
