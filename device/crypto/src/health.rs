//! Health tests on the noise source (SP 800-90B §4).
//!
//! The source is declared to give `H` = 4 bits of min-entropy per 8-bit sample. Both continuous tests
//! look at every sample, including those of the start-up test, with a false-positive probability of
//! α = 2⁻³⁰ (the range that §4.4 recommends is 2⁻²⁰ to 2⁻⁴⁰):
//!
//! | test | cutoff | derivation |
//! |---|---|---|
//! | repetition count, §4.4.1 | 9 | 1 + ⌈−log₂ α / H⌉ = 1 + ⌈30 / 4⌉ |
//! | adaptive proportion, §4.4.2 | 71 | 1 + critbinom(512, 2⁻⁴, 1 − 2⁻³⁰) = 1 + 70 |
//!
//! For the second, with X binomial in 512 trials of probability 1/16: P(X > 70) = 0.416 · 2⁻³⁰ is the
//! first tail that does not exceed α, P(X > 69) = 1.013 · 2⁻³⁰ still does. `tests/health.rs` computes
//! both again.
//!
//! The start-up test (§4.3) runs them over [`STARTUP_SAMPLES`] consecutive samples before any output;
//! those samples are thrown away.
//!
//! SFR: cryptographic-random-number-generation.

use cdd_hal::EntropySource;
use zeroize::Zeroize;

/// Declared min-entropy per sample, in bits.
pub const MIN_ENTROPY_BITS: usize = 4;
/// So many equal samples in a row are a fault.
pub const REPETITION_CUTOFF: u16 = 9;
/// So many samples of a window that equal its first are a fault, the first included.
pub const PROPORTION_CUTOFF: u16 = 71;
/// Samples in a window of the adaptive proportion test, for a non-binary source.
pub const PROPORTION_WINDOW: u16 = 512;
/// Samples of the start-up test.
pub const STARTUP_SAMPLES: u16 = 1024;

/// Why there are no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntropyFault {
    /// The source never gave a sample.
    Absent,
    /// The source fell silent after it had given samples.
    Short,
    /// The same sample too often in a row (repetition count test).
    Stuck,
    /// The same sample too often in a window (adaptive proportion test).
    Biased,
    /// The generator failed its known-answer test, or refused a correct call.
    SelfTest,
}

impl EntropyFault {
    /// All faults, in the order of their codes.
    pub const ALL: [EntropyFault; 5] = [
        EntropyFault::Absent,
        EntropyFault::Short,
        EntropyFault::Stuck,
        EntropyFault::Biased,
        EntropyFault::SelfTest,
    ];

    /// The stable number.
    pub const fn code(self) -> u32 {
        match self {
            EntropyFault::Absent => 0x0301,
            EntropyFault::Short => 0x0302,
            EntropyFault::Stuck => 0x0303,
            EntropyFault::Biased => 0x0304,
            EntropyFault::SelfTest => 0x0305,
        }
    }

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            EntropyFault::Absent => "entropy-absent",
            EntropyFault::Short => "entropy-short",
            EntropyFault::Stuck => "entropy-stuck",
            EntropyFault::Biased => "entropy-biased",
            EntropyFault::SelfTest => "drbg-self-test-failed",
        }
    }
}

/// A noise source with its health tests: gives samples only while all tests pass.
///
/// A fault is final: the same one is returned from then on and the source is not asked again. Only a new
/// collector, thus a reset of the device, starts afresh.
pub struct Collector<S: EntropySource> {
    source: S,
    phase: Phase,
    answered: bool,
    repetition: RepetitionCount,
    proportion: AdaptiveProportion,
}

#[derive(Clone, Copy)]
enum Phase {
    Untested,
    Tested,
    Failed(EntropyFault),
}

impl<S: EntropySource> Collector<S> {
    /// Takes the source; nothing is read from it yet.
    pub const fn new(source: S) -> Collector<S> {
        Collector {
            source,
            phase: Phase::Untested,
            answered: false,
            repetition: RepetitionCount::new(),
            proportion: AdaptiveProportion::new(),
        }
    }

    /// Runs the start-up test. Called again it serves as the on-demand test (SP 800-90B §4.3).
    pub fn start(&mut self) -> Result<(), EntropyFault> {
        for _ in 0..STARTUP_SAMPLES {
            self.sample()?.zeroize();
        }
        self.phase = Phase::Tested;
        Ok(())
    }

    /// Fills `out` with raw samples, running the start-up test first if it has not been run.
    ///
    /// After a fault `out` is all zero, whatever had been gathered.
    pub fn gather(&mut self, out: &mut [u8]) -> Result<(), EntropyFault> {
        let gathered = self.try_gather(out);
        if gathered.is_err() {
            out.zeroize();
        }
        gathered
    }

    fn try_gather(&mut self, out: &mut [u8]) -> Result<(), EntropyFault> {
        match self.phase {
            Phase::Untested => self.start()?,
            Phase::Tested => {}
            Phase::Failed(fault) => return Err(fault),
        }
        for byte in out {
            *byte = self.sample()?;
        }
        Ok(())
    }

    /// The next sample, seen by both continuous tests.
    fn sample(&mut self) -> Result<u8, EntropyFault> {
        if let Phase::Failed(fault) = self.phase {
            return Err(fault);
        }
        let fault = match self.source.sample() {
            None if self.answered => EntropyFault::Short,
            None => EntropyFault::Absent,
            Some(sample) => {
                self.answered = true;
                // Both always run, so that one failing does not blind the other's window.
                let (repeated, frequent) = (self.repetition.sees(sample), self.proportion.sees(sample));
                match (repeated, frequent) {
                    (true, _) => EntropyFault::Stuck,
                    (false, true) => EntropyFault::Biased,
                    (false, false) => return Ok(sample),
                }
            }
        };
        self.phase = Phase::Failed(fault);
        self.repetition.last.zeroize();
        self.proportion.first.zeroize();
        Err(fault)
    }
}

impl<S: EntropySource> Drop for Collector<S> {
    fn drop(&mut self) {
        // Samples that may have gone into a seed.
        self.repetition.last.zeroize();
        self.proportion.first.zeroize();
    }
}

/// The repetition count test (SP 800-90B §4.4.1).
struct RepetitionCount {
    last: u8,
    run: u16,
}

impl RepetitionCount {
    const fn new() -> RepetitionCount {
        RepetitionCount { last: 0, run: 0 }
    }

    /// Whether this sample completes a run that is too long.
    fn sees(&mut self, sample: u8) -> bool {
        if self.run > 0 && sample == self.last {
            self.run = self.run.saturating_add(1);
        } else {
            self.last = sample;
            self.run = 1;
        }
        self.run >= REPETITION_CUTOFF
    }
}

/// The adaptive proportion test (SP 800-90B §4.4.2).
struct AdaptiveProportion {
    first: u8,
    equal: u16,
    left: u16,
}

impl AdaptiveProportion {
    const fn new() -> AdaptiveProportion {
        AdaptiveProportion { first: 0, equal: 0, left: 0 }
    }

    /// Whether with this sample the first of the window occurs too often in it.
    fn sees(&mut self, sample: u8) -> bool {
        if self.left == 0 {
            *self = AdaptiveProportion { first: sample, equal: 1, left: PROPORTION_WINDOW };
        } else if sample == self.first {
            self.equal = self.equal.saturating_add(1);
        }
        self.left = self.left.saturating_sub(1);
        self.equal >= PROPORTION_CUTOFF
    }
}
