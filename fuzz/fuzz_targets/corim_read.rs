//! Any bytes give a manifest or an error that can be shown; and a manifest is written as it was read.
//!
//! `programme/list/tests/lists/corim.rs` does the same with random bytes.

#![no_main]

use dtsec_list::corim::{read, write};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(corim) => {
            let written = write(&corim).expect("what was read can be written");
            assert_eq!(read(&written).as_ref(), Ok(&corim));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
