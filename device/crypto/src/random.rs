//! The random numbers of the device: one noise source, its health tests, one generator.
//!
//! SFR: cryptographic-random-number-generation.

use crate::Error;
use crate::drbg::{self, Drbg, MAX_REQUEST};
use crate::health::{Collector, EntropyFault, MIN_ENTROPY_BITS};
use cdd_hal::EntropySource;
use zeroize::{Zeroize, Zeroizing};

/// Samples for one seeding, half of them as the entropy input and half as the nonce.
///
/// 128 × 4 bits = 512 bits of assessed entropy. SP 800-90A §8.6.7 asks for 3/2 of the security strength,
/// 384 bits, when the nonce comes from the source too; a reseeding asks for 256.
pub const SEED_SAMPLES: usize = 128;
const HALF: usize = SEED_SAMPLES / 2;

const _: () = assert!(HALF * MIN_ENTROPY_BITS >= 256, "entropy input below the security strength");

/// How the random numbers are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RandomState {
    /// Nothing was asked for yet, so nothing was tested.
    NotStarted,
    /// Tested and seeded.
    Ready,
    /// There will be no random number until the device is reset.
    Failed(EntropyFault),
}

/// Random numbers for every use, secret ones included.
///
/// On the first use the generator takes its known-answer test, the source its start-up test, and the
/// generator is seeded. Every [`drbg::RESEED_INTERVAL`] requests it is seeded again. Any fault is
/// final and wipes the generator.
pub struct Random<S: EntropySource> {
    collector: Collector<S>,
    generator: Generator,
    personalization: Zeroizing<[u8; 32]>,
}

/// Where a service takes random bytes from.
pub trait SecureRandom {
    /// Fills `out`; refused, `out` is all zero.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error>;
}

impl<S: EntropySource> SecureRandom for Random<S> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        Random::fill(self, out).map_err(|_| Error::InsufficientEntropy)
    }
}

enum Generator {
    NotStarted,
    Ready(Drbg),
    Failed(EntropyFault),
}

impl<S: EntropySource> Random<S> {
    /// Takes the source; nothing is read from it before the first use.
    ///
    /// `personalization` should be bound to the device (SP 800-90A §8.7.1), best a secret derived from the
    /// device secret for this purpose: two devices then differ even if both sources were known.
    pub fn new(source: S, personalization: [u8; 32]) -> Random<S> {
        Random {
            collector: Collector::new(source),
            generator: Generator::NotStarted,
            personalization: Zeroizing::new(personalization),
        }
    }

    /// How it is doing; reads nothing from the source.
    pub fn state(&self) -> RandomState {
        match self.generator {
            Generator::NotStarted => RandomState::NotStarted,
            Generator::Ready(_) => RandomState::Ready,
            Generator::Failed(fault) => RandomState::Failed(fault),
        }
    }

    /// Fills `out` with random bytes, of any length; an empty `out` only makes sure of the start.
    ///
    /// After a fault `out` is all zero.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<(), EntropyFault> {
        self.fill_if(drbg::self_test, out)
    }

    fn fill_if(&mut self, self_test: fn() -> bool, out: &mut [u8]) -> Result<(), EntropyFault> {
        let filled = self.try_fill(self_test, out);
        if let Err(fault) = filled {
            self.generator = Generator::Failed(fault);
            out.zeroize();
        }
        filled
    }

    fn try_fill(&mut self, self_test: fn() -> bool, out: &mut [u8]) -> Result<(), EntropyFault> {
        match self.generator {
            Generator::Ready(_) => {}
            Generator::Failed(fault) => return Err(fault),
            Generator::NotStarted if self_test() => self.seed()?,
            Generator::NotStarted => return Err(EntropyFault::SelfTest),
        }
        for request in out.chunks_mut(MAX_REQUEST) {
            if matches!(&self.generator, Generator::Ready(drbg) if drbg.must_reseed()) {
                self.seed()?;
            }
            let Generator::Ready(drbg) = &mut self.generator else { return Err(EntropyFault::SelfTest) };
            drbg.generate(request, &[]).map_err(|_| EntropyFault::SelfTest)?;
        }
        Ok(())
    }

    /// Seeds the generator from the source: instantiates it, or reseeds it if there is one.
    fn seed(&mut self) -> Result<(), EntropyFault> {
        let mut entropy = Zeroizing::new([0u8; HALF]);
        let mut nonce = Zeroizing::new([0u8; HALF]);
        self.collector.gather(&mut *entropy)?;
        self.collector.gather(&mut *nonce)?;
        let seeded = match &mut self.generator {
            Generator::Ready(drbg) => drbg.reseed(&*entropy, &*nonce),
            _ => Drbg::instantiate(&*entropy, &*nonce, &*self.personalization)
                .map(|drbg| self.generator = Generator::Ready(drbg)),
        };
        seeded.map_err(|_| EntropyFault::SelfTest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);

    impl EntropySource for Counting {
        fn sample(&mut self) -> Option<u8> {
            self.0 = self.0.wrapping_add(1);
            Some(self.0)
        }
    }

    #[test]
    fn a_generator_that_fails_its_self_test_gives_nothing_and_never_recovers() {
        let mut random = Random::new(Counting(0), [7; 32]);
        let mut out = [0xAA; 48];
        assert_eq!(random.fill_if(|| false, &mut out), Err(EntropyFault::SelfTest));
        assert_eq!(out, [0; 48]);
        assert_eq!(random.state(), RandomState::Failed(EntropyFault::SelfTest));
        out = [0xAA; 48];
        assert_eq!(random.fill_if(|| true, &mut out), Err(EntropyFault::SelfTest));
        assert_eq!(out, [0; 48]);

        let mut healthy = Random::new(Counting(0), [7; 32]);
        assert_eq!(healthy.fill_if(|| true, &mut out), Ok(()));
        assert_ne!(out, [0; 48]);
    }
}
