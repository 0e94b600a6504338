//! Noise sources for the tests.

use cdd_hal::EntropySource;
use std::cell::Cell;
use std::rc::Rc;

/// A source that gives what a function says, and counts how often it was asked.
pub(crate) struct Source<F: FnMut(usize) -> Option<u8>> {
    next: F,
    asked: Rc<Cell<usize>>,
}

impl<F: FnMut(usize) -> Option<u8>> EntropySource for Source<F> {
    fn sample(&mut self) -> Option<u8> {
        let n = self.asked.get();
        self.asked.set(n + 1);
        (self.next)(n)
    }
}

/// The source whose *n*-th sample (from 0) is `next(n)`, and its counter.
pub(crate) fn source<F: FnMut(usize) -> Option<u8>>(next: F) -> (Source<F>, Rc<Cell<usize>>) {
    let asked = Rc::new(Cell::new(0));
    (Source { next, asked: asked.clone() }, asked)
}

/// SplitMix64, one byte of it: the *n*-th of a well distributed sequence, the same in every run.
pub(crate) fn good(seed: u64, n: usize) -> u8 {
    let mut z = seed.wrapping_add((n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 24) as u8
}
