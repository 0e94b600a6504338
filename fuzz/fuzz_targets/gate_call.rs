//! Any sequence of calls is answered, and nothing is written but what the caller's own frame says.
//!
//! `virtual/tests/gate_campaign.rs` makes random calls and looks for secrets in what comes out.

#![no_main]

#[path = "../running.rs"]
mod running;

use cdd_gate::{CALLS, Shape, Status, number};
use cdd_virtual::{ARENA_BASE, ARENA_BYTES};
use running::{Running, platform};
use std::cell::RefCell;

thread_local! {
    /// One for all inputs: to start takes longer than to be called.
    static PLATFORM: RefCell<Running> = RefCell::new(platform());
}

/// The bytes from which the calls are made.
struct Script<'b>(&'b [u8]);

impl<'b> Script<'b> {
    fn take(&mut self, length: usize) -> &'b [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).first().copied()
    }

    fn word(&mut self) -> Option<u32> {
        self.take(4).try_into().ok().map(u32::from_le_bytes)
    }
}

/// Makes one call; `None` when the script ends in it.
fn call(running: &mut Running, script: &mut Script<'_>) -> Option<()> {
    let call = u32::from(script.byte()?) % (CALLS.len() as u32 + 1);
    let shapes: Vec<Shape> = CALLS
        .get(call as usize)
        .map_or(&[][..], |call| call.arguments)
        .iter()
        .map(|argument| argument.shape)
        .collect();
    let mut frame: Vec<u32> = Vec::new();
    let mut free = ARENA_BASE + 0x100;
    for shape in &shapes {
        match shape {
            Shape::Value => frame.push(script.word()?),
            Shape::Input => {
                let length = script.byte()?;
                let bytes = script.take(length.into());
                let at = (free - ARENA_BASE) as usize;
                running.arena.bytes()[at..at + bytes.len()].copy_from_slice(bytes);
                frame.extend([free, bytes.len() as u32]);
                free += 0x100;
            }
            Shape::Output => {
                frame.extend([free, u32::from(script.byte()?) * 17]);
                free += 255 * 17;
            }
        }
    }
    // One word may be another: a pointer or a length that is not the caller's.
    let changed = usize::from(script.byte()?);
    if let Some(word) = frame.get_mut(changed) {
        *word = script.word()?;
    }
    for (to, word) in running.arena.bytes().chunks_exact_mut(4).zip(&frame) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    if call == number::factory_reset {
        return Some(());
    }
    let before = running.arena.bytes().to_vec();
    let status = running.raw_call(call, ARENA_BASE);
    assert!(status == 0 || Status::from_code(status).is_some(), "{status} is no status");

    // The frame, for the length of an output stands there, and the output itself.
    let mut lent = vec![0..frame.len() * 4];
    let mut words = frame.iter();
    for shape in &shapes {
        let first = words.next()?;
        let length = if *shape == Shape::Value { continue } else { words.next()? };
        let start = first.wrapping_sub(ARENA_BASE).min(ARENA_BYTES) as usize;
        if *shape == Shape::Output {
            lent.push(start..start.saturating_add(*length as usize).min(ARENA_BYTES as usize));
        }
    }
    for (at, (was, is)) in before.iter().zip(running.arena.bytes()).enumerate() {
        assert!(was == is || lent.iter().any(|range| range.contains(&at)), "call {call} wrote at {at:#x}");
    }
    Some(())
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    PLATFORM.with_borrow_mut(|running| {
        let mut script = Script(bytes);
        while call(running, &mut script).is_some() {}
        assert!(!running.platform.wants_reset());
    });
});
