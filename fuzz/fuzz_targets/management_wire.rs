//! Any bytes on the management wire are answered in whole printable lines, and nothing is destroyed unconfirmed.
//!
//! `virtual/tests/gate_campaign.rs` sends random lines.

#![no_main]

#[path = "../running.rs"]
mod running;

use cdd_platform::Board as _;
use running::{Running, platform};
use std::cell::RefCell;

thread_local! {
    /// One for all inputs: to start takes longer than to answer.
    static PLATFORM: RefCell<Running> = RefCell::new(platform());
}

fn look(running: &mut Running) {
    let answer = core::mem::take(&mut running.platform.board().console().0);
    assert!(answer.is_empty() || answer.ends_with(b"\n"), "{answer:?} is no whole answer");
    assert!(answer.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r' | b'\n')));
    assert!(!running.platform.wants_reset());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    PLATFORM.with_borrow_mut(|running| {
        for byte in bytes {
            running.platform.receive(*byte);
            look(running);
        }
    });
});
