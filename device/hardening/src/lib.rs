//! Countermeasures against injected faults, as a small library.
//!
//! A fault (a skipped instruction, a flipped bit) must not turn "no" into "yes". Four tools:
//!
//! - [`Verdict`]: an answer in two words that must agree; anything else reads as *no*;
//! - [`equal`]: a comparison of byte strings done twice, in opposite directions, in constant time;
//! - [`Flow`]: a counter that proves that every step of a procedure was taken, in order;
//! - [`launder`]: hides a value from the optimiser, so that a check written twice is made twice.
//!
//! They make a single fault insufficient in the model "one executed instruction skipped or one bit
//! flipped once"; whether they succeed in a given binary is measured, not assumed.
//!
//! SFR: secure-initialization-of-platform.

#![no_std]
#![forbid(unsafe_code)]

use core::hint::black_box;

/// Planted, for tests of the tests: every countermeasure off.
const UNHARDENED: bool = cfg!(feature = "planted-unhardened");

const YES: u32 = 0x5AC3_963C;
const YES_INVERSE: u32 = !YES;
const NO: u32 = 0x2D1E_E1A5;

/// An answer that one flipped bit or one skipped store cannot turn from *no* into *yes*.
///
/// All bit patterns but one mean *no*.
#[derive(Clone, Copy)]
#[must_use]
pub struct Verdict {
    word: u32,
    inverse: u32,
}

impl Verdict {
    /// *No*.
    pub const NO: Verdict = Verdict { word: NO, inverse: NO };

    /// Turns the outcome of one check into a verdict. The check should itself be doubled.
    #[inline(always)]
    pub fn from_check(passed: bool) -> Verdict {
        if launder(passed) { Verdict { word: YES, inverse: YES_INVERSE } } else { Verdict::NO }
    }

    /// Yes only if both are. A call, for it is long; one that is skipped leaves `self` as the answer.
    #[inline(never)]
    pub fn and(self, other: Verdict) -> Verdict {
        if UNHARDENED {
            return if self.word == YES { other } else { self };
        }
        // Mixing the words, not branching on them: a fault in either leaves a pattern that reads as no.
        Verdict {
            word: launder(self.word) ^ launder(other.word) ^ YES,
            inverse: launder(self.inverse) ^ launder(other.inverse) ^ YES_INVERSE,
        }
        .confirmed(self, other)
    }

    #[inline(always)]
    fn confirmed(self, a: Verdict, b: Verdict) -> Verdict {
        // Two equal wrong patterns would cancel in the mix, so each operand is looked at as well.
        if a.is_yes() && b.is_yes() { self } else { Verdict::NO }
    }

    /// Whether the answer is *yes*; both words are looked at separately.
    #[inline(always)]
    pub fn is_yes(self) -> bool {
        if UNHARDENED {
            return self.word == YES;
        }
        if launder(self.word) != YES {
            return false;
        }
        if launder(self.inverse) != YES_INVERSE {
            return false;
        }
        launder(self.word) == !launder(self.inverse)
    }
}

impl core::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if self.is_yes() { "Verdict(yes)" } else { "Verdict(no)" })
    }
}

/// Compares two byte strings in constant time, forwards and backwards. Different lengths are *no*.
#[inline(never)]
pub fn equal(a: &[u8], b: &[u8]) -> Verdict {
    if UNHARDENED {
        return Verdict::from_check(a == b);
    }
    if launder(a.len()) != b.len() {
        return Verdict::NO;
    }
    let mut forwards = 0u8;
    let mut compared = 0usize;
    for (x, y) in a.iter().zip(b) {
        forwards |= launder(x ^ y);
        compared = compared.wrapping_add(1);
    }
    let mut backwards = 0u8;
    let mut compared_again = 0usize;
    for (x, y) in a.iter().rev().zip(b.iter().rev()) {
        backwards |= launder(x ^ y);
        compared_again = compared_again.wrapping_add(1);
    }
    Verdict::from_check(launder(forwards) == 0 && launder(compared) == a.len())
        .and(Verdict::from_check(launder(backwards) == 0 && launder(compared_again) == b.len()))
}

/// Proof that a procedure took its steps, all of them, in order.
///
/// Each step mixes its own constant into the state; [`Flow::is_at`] compares with the state that the
/// full sequence produces, computed at compile time by [`Flow::expected`].
#[derive(Clone, Copy)]
pub struct Flow(u32);

impl Flow {
    const START: u32 = 0xC4A1_7E5B;

    /// At the start.
    #[inline(always)]
    pub fn start() -> Flow {
        Flow(launder(Flow::START))
    }

    /// Records one step.
    #[inline(always)]
    pub fn step(&mut self, step: u32) {
        if UNHARDENED {
            return;
        }
        self.0 = launder(mix(self.0, step));
    }

    /// The state, to be kept and compared later.
    #[inline(always)]
    pub fn state(self) -> u32 {
        launder(self.0)
    }

    /// What the state is after `steps`.
    pub const fn expected(steps: &[u32]) -> u32 {
        let mut state = Flow::START;
        if UNHARDENED {
            return state;
        }
        let mut i = 0;
        while i < steps.len() {
            state = mix(state, steps[i]);
            i += 1;
        }
        state
    }

    /// Whether exactly the expected steps were taken; looked at twice.
    #[inline(always)]
    pub fn is_at(self, expected: u32) -> Verdict {
        Verdict::from_check(launder(self.0) == expected)
            .and(Verdict::from_check(launder(self.0) ^ launder(expected) == 0))
    }
}

const fn mix(state: u32, step: u32) -> u32 {
    (state.rotate_left(7) ^ step).wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15)
}

/// Hides a value from the optimiser: what is computed from it cannot be folded with what was
/// computed from an earlier copy.
#[inline(always)]
pub fn launder<T: Copy>(value: T) -> T {
    if UNHARDENED { value } else { black_box(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_pattern_in_the_neighbourhood_of_yes_means_yes() {
        let yes = Verdict::from_check(true);
        assert!(yes.is_yes());
        for bit in 0..32 {
            assert!(!Verdict { word: yes.word ^ (1 << bit), ..yes }.is_yes());
            assert!(!Verdict { inverse: yes.inverse ^ (1 << bit), ..yes }.is_yes());
            let both = Verdict { word: yes.word ^ (1 << bit), inverse: yes.inverse ^ (1 << bit) };
            assert!(!both.is_yes());
        }
    }

    #[test]
    fn and_is_yes_only_for_two_yes() {
        let (yes, no) = (Verdict::from_check(true), Verdict::from_check(false));
        assert!(yes.and(yes).is_yes());
        assert!(!yes.and(no).is_yes());
        assert!(!no.and(yes).is_yes());
        assert!(!no.and(no).is_yes());
        // Equal broken operands must not cancel out.
        let broken = Verdict { word: 7, inverse: 9 };
        assert!(!broken.and(broken).is_yes());
    }

    #[test]
    fn equal_sees_every_single_bit_and_every_length() {
        let a = [0x5Au8; 32];
        assert!(equal(&a, &a).is_yes());
        assert!(equal(&[], &[]).is_yes());
        for bit in 0..256 {
            let mut b = a;
            b[bit / 8] ^= 1 << (bit % 8);
            assert!(!equal(&a, &b).is_yes(), "bit {bit}");
        }
        assert!(!equal(&a, &a[..31]).is_yes());
    }

    #[test]
    fn a_flow_with_a_step_left_out_repeated_or_swapped_is_refused() {
        const DONE: u32 = Flow::expected(&[1, 2, 3]);
        let run = |steps: &[u32]| {
            let mut flow = Flow::start();
            steps.iter().for_each(|s| flow.step(*s));
            flow.is_at(DONE).is_yes()
        };
        assert!(run(&[1, 2, 3]));
        for wrong in [&[1, 2][..], &[2, 3], &[1, 3], &[1, 3, 2], &[1, 2, 2, 3], &[1, 2, 3, 3], &[]] {
            assert!(!run(wrong), "{wrong:?}");
        }
    }
}
