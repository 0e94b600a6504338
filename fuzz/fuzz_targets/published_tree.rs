//! Any bytes in place of a note, a key, a checkpoint, a tile, a leaf or a part's name: taken and written again as they were, or refused.

#![no_main]

#[path = "../../programme/log/tests/hostile/invariants.rs"]
mod invariants;

use dtsec_publish::{Leaf, PartName};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    invariants::hold(bytes);
    match Leaf::parse(bytes) {
        Ok(leaf) => assert_eq!(leaf.bytes(), bytes),
        Err(problem) => assert!(!problem.is_empty()),
    }
    if let Ok(name) = String::from_utf8_lossy(bytes).parse::<PartName>() {
        assert!(!name.path().contains("/."));
        assert_eq!(name.path().matches('/').count(), 2);
    }
});
