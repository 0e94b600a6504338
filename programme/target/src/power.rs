//! How a device is switched on: where its firmware is, and what its noise source delivers.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// How to power a device.
#[derive(Debug, Clone)]
pub struct Power {
    /// Folder of the built firmware.
    pub firmware: PathBuf,
    /// What the noise source delivers.
    pub entropy: Entropy,
    /// Path of a Unix socket on which QEMU waits for a debugger.
    pub gdb: Option<PathBuf>,
    /// More arguments for the emulator or the virtual device.
    pub extra_args: Vec<String>,
}

impl Power {
    /// Firmware from that folder, entropy from the operating system.
    pub fn new(firmware: impl Into<PathBuf>) -> Power {
        Power { firmware: firmware.into(), ..Power::default() }
    }

    /// The same with another noise source.
    pub fn with_entropy(self, entropy: Entropy) -> Power {
        Power { entropy, ..self }
    }
}

impl Default for Power {
    /// Firmware from `target/firmware/<target>` (an empty path stands for that), entropy from the system.
    fn default() -> Power {
        Power { firmware: PathBuf::new(), entropy: Entropy::System, gdb: None, extra_args: Vec::new() }
    }
}

/// What the noise source delivers, in 8-bit samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entropy {
    /// Bytes of the operating system's generator, as a stand-in for a physical source.
    System,
    /// A reproducible stream that passes the health tests. Not random: for tests only.
    Seeded(u64),
    /// The same sample again and again.
    Constant(u8),
    /// No sample at all.
    Silent,
    /// So many good samples (always the same ones), then none.
    Short(usize),
    /// `value` in about `per_256` of 256 samples, anything in the others.
    Biased {
        /// The favoured sample.
        value: u8,
        /// How often it comes, of 256.
        per_256: u8,
    },
    /// These samples, then none.
    Bytes(Vec<u8>),
}

/// The samples of an [`Entropy`], drawn as the device takes them.
pub(crate) enum Samples {
    System(File),
    Generated { state: u64, shape: Shape },
    Given { bytes: Vec<u8>, at: usize },
}

pub(crate) enum Shape {
    Plain,
    Constant(u8),
    Biased { value: u8, per_256: u8 },
}

const SHORT_SEED: u64 = 0x5E55_1017;
const BIAS_SEED: u64 = 0xB1A5;

impl Samples {
    pub(crate) fn of(entropy: &Entropy) -> std::io::Result<Samples> {
        let generated = |state, shape| Samples::Generated { state, shape };
        Ok(match entropy {
            Entropy::System => Samples::System(File::open("/dev/urandom")?),
            Entropy::Seeded(seed) => generated(*seed, Shape::Plain),
            Entropy::Constant(value) => generated(0, Shape::Constant(*value)),
            Entropy::Biased { value, per_256 } => {
                generated(BIAS_SEED, Shape::Biased { value: *value, per_256: *per_256 })
            }
            Entropy::Silent => Samples::Given { bytes: Vec::new(), at: 0 },
            Entropy::Bytes(bytes) => Samples::Given { bytes: bytes.clone(), at: 0 },
            Entropy::Short(count) => {
                let mut bytes = vec![0; *count];
                generated(SHORT_SEED, Shape::Plain).fill(&mut bytes)?;
                Samples::Given { bytes, at: 0 }
            }
        })
    }

    /// Puts the next samples into `out` and says how many; 0 means that no more will ever come.
    pub(crate) fn fill(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Samples::System(file) => file.read(out),
            Samples::Generated { state, shape } => {
                out.iter_mut().for_each(|sample| *sample = shape.next(state));
                Ok(out.len())
            }
            Samples::Given { bytes, at } => {
                let rest = bytes.get(*at..).unwrap_or_default();
                let count = rest.len().min(out.len());
                out[..count].copy_from_slice(&rest[..count]);
                *at += count;
                Ok(count)
            }
        }
    }
}

impl Shape {
    fn next(&self, state: &mut u64) -> u8 {
        match self {
            Shape::Plain => (split_mix(state) >> 32) as u8,
            Shape::Constant(value) => *value,
            Shape::Biased { value, per_256 } => {
                let drawn = split_mix(state);
                if (drawn >> 56) < u64::from(*per_256) { *value } else { (drawn >> 32) as u8 }
            }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): good statistics from any seed, no secrecy whatever.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(entropy: Entropy, count: usize) -> Vec<u8> {
        let mut out = vec![0; count];
        let given = Samples::of(&entropy).unwrap().fill(&mut out).unwrap();
        out.truncate(given);
        out
    }

    #[test]
    fn a_seeded_source_repeats_itself_and_looks_even() {
        let samples = draw(Entropy::Seeded(7), 65_536);
        assert_eq!(samples, draw(Entropy::Seeded(7), 65_536));
        assert_ne!(samples, draw(Entropy::Seeded(8), 65_536));
        let mut counts = [0u32; 256];
        samples.iter().for_each(|sample| counts[usize::from(*sample)] += 1);
        assert!(counts.iter().all(|count| (150..400).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_short_source_stops_after_its_good_samples() {
        assert_eq!(draw(Entropy::Short(100), 1000).len(), 100);
        assert!(draw(Entropy::Silent, 10).is_empty());
        assert_eq!(draw(Entropy::Bytes(vec![1, 2, 3]), 10), [1, 2, 3]);
    }

    #[test]
    fn a_biased_source_favours_its_value_and_a_constant_one_has_no_other() {
        let biased = draw(Entropy::Biased { value: 0xA5, per_256: 128 }, 65_536);
        let favoured = biased.iter().filter(|sample| **sample == 0xA5).count();
        assert!((31_000..35_000).contains(&favoured), "{favoured}");
        assert_eq!(draw(Entropy::Constant(9), 64), [9; 64]);
    }

    #[test]
    fn the_system_source_never_repeats_itself() {
        assert_ne!(draw(Entropy::System, 32), draw(Entropy::System, 32));
    }
}
