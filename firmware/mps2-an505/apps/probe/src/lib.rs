//! The hostile application of the evaluation: does to the platform what it is told to on its console.
//!
//! It is signed and started like any application, so it stands for one that an attacker has taken over. What it
//! understands is laid down in `docs/wires.md`. It is no part of the product.
//!
//! Here is what it can do anywhere: make any call of the gate with any arguments. It is generic over the way to the
//! platform ([`cdd_client::Entry`]), over the console ([`cdd_hal::Console`]) and over what else there is
//! ([`Surroundings`]), so that the board and the virtual device run the same code. What takes real memory and
//! instructions – to read, write, jump and fault – is the board's, in the program beside this library.

#![no_std]
#![forbid(unsafe_code)]

mod call;
mod out;
mod word;

pub use out::Out;
pub use word::number;

use cdd_client::{Argument, Entry};
use cdd_console::{Line, Received, unhex};
use cdd_hal::Console;

/// Longest line: a call with 4 KiB of input in hex.
pub const MAX_LINE: usize = 9 * 1024;
/// Bytes of the scratch buffer.
pub const SCRATCH_BYTES: usize = 8 * 1024;
/// Most bytes that one call can be given to write to.
pub const OUTPUT_BYTES: usize = 8 * 1024;

/// Most bytes that `random` gives.
const MAX_RANDOM: usize = 4096;

/// What the probe has besides its console and the gate.
pub trait Surroundings {
    /// [`SCRATCH_BYTES`] of memory for whatever the evaluation wants to put there.
    fn scratch(&mut self) -> &mut [u8];

    /// Does what the words say and answers, or returns `false` when it knows no such command. Words that are
    /// missing are empty.
    fn command<C: Console>(&mut self, words: &[&str; 4], out: &mut Out<'_, C>) -> bool;
}

/// The probe.
pub struct Probe<E: Entry, C: Console, S: Surroundings> {
    entry: E,
    console: C,
    surroundings: S,
    started: bool,
    line: Line<MAX_LINE>,
    output: [u8; OUTPUT_BYTES],
}

impl<E: Entry, C: Console, S: Surroundings> Probe<E, C, S> {
    /// A probe that has said nothing yet.
    pub const fn new(entry: E, console: C, surroundings: S) -> Self {
        let (line, output) = (Line::new(), [0; OUTPUT_BYTES]);
        Probe { entry, console, surroundings, started: false, line, output }
    }

    /// The console.
    pub fn console(&mut self) -> &mut C {
        &mut self.console
    }

    /// The way to the platform.
    pub fn entry(&mut self) -> &mut E {
        &mut self.entry
    }

    /// Does what has been received and returns whether anything had been. The first step prints `probe ready`.
    pub fn step(&mut self) -> bool {
        if !self.started {
            self.started = true;
            Out(&mut self.console).say("probe ready").end();
        }
        let mut busy = false;
        while let Some(byte) = self.console.read() {
            busy = true;
            self.take(byte);
        }
        busy
    }

    fn take(&mut self, byte: u8) {
        let Probe { entry, console, surroundings, line, output, .. } = self;
        let mut out = Out(console);
        match line.push(byte) {
            Received::Nothing => return,
            Received::TooLong => out.say("error line-too-long").end(),
            Received::Line(line) => execute(line, entry, surroundings, output, &mut out),
        }
        // The evaluation looks for secrets in memory: what is found must not be the probe's own.
        line.wipe();
    }
}

fn execute<E: Entry, C: Console, S: Surroundings>(
    line: &mut [u8],
    entry: &mut E,
    surroundings: &mut S,
    output: &mut [u8],
    out: &mut Out<'_, C>,
) {
    if surroundings.command(&word::words(line), out) {
        return;
    }
    let (verb, rest) = word::first(line);
    match &*verb {
        b"gate" => call::gate(rest, entry, surroundings.scratch(), output, out),
        b"put" => match put(rest, surroundings.scratch()) {
            Some(()) => out.say("ok").end(),
            None => out.say("error bad-argument").end(),
        },
        b"wipe" => {
            surroundings.scratch().fill(0);
            out.say("ok").end();
        }
        b"ping" => out.say("ok").end(),
        b"ready" => {
            let (status, _) = entry.call(cdd_gate::number::application_ready, &mut []);
            out.status(status);
        }
        b"random" => random(rest, entry, output, out),
        _ => out.say("unknown").end(),
    }
}

/// `put OFFSET HEX`: fills a part of the scratch buffer.
fn put(rest: &mut [u8], scratch: &mut [u8]) -> Option<()> {
    let (offset, rest) = word::first(rest);
    let (bytes, rest) = word::first(rest);
    let (offset, bytes) = (word::strict(offset)? as usize, unhex(bytes)?);
    if bytes.is_empty() || !word::first(rest).0.is_empty() {
        return None;
    }
    scratch.get_mut(offset..offset.checked_add(bytes.len())?)?.copy_from_slice(bytes);
    Some(())
}

fn random<E: Entry, C: Console>(rest: &mut [u8], entry: &mut E, output: &mut [u8], out: &mut Out<'_, C>) {
    let len = core::str::from_utf8(word::first(rest).0).map_or(0, number) as usize;
    let bytes = output.get_mut(..len.min(MAX_RANDOM)).unwrap_or_default();
    match entry.call(cdd_gate::number::random, &mut [Argument::Output(bytes)]) {
        (0, written) => out.say("random ").hex(bytes.get(..written).unwrap_or_default()).end(),
        (status, _) => out.status(status),
    }
    bytes.fill(0);
}
