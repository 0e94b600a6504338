//! Simple statistics of random bytes.
//!
//! They find a generator that is broken; they say nothing about one that is predictable. Each bound is missed by
//! a sound source with a probability below 2.5e-7, so all four together below 1e-6.

use std::collections::HashSet;
use std::fmt;

/// A statistic with the bounds that it must keep.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statistic {
    /// What is counted.
    pub name: &'static str,
    value: f64,
    low: f64,
    high: f64,
}

/// Two-sided normal quantile for 2.5e-7.
const SIGMAS: f64 = 5.16;

impl Statistic {
    fn around(name: &'static str, value: f64, mean: f64, deviation: f64) -> Statistic {
        Statistic { name, value, low: mean - SIGMAS * deviation, high: mean + SIGMAS * deviation }
    }

    /// Whether the value keeps the bounds.
    pub(crate) fn holds(&self) -> bool {
        (self.low..=self.high).contains(&self.value)
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}, bounds {:.1} to {:.1}", self.value, self.low, self.high)
    }
}

/// All statistics of these bytes.
pub(crate) fn all(bytes: &[u8]) -> [Statistic; 4] {
    [ones(bytes), chi_square(bytes), runs(bytes), repeats(bytes)]
}

/// One bits: binomial with p = 1/2.
fn ones(bytes: &[u8]) -> Statistic {
    let bits = bytes.len() as f64 * 8.0;
    let ones: u64 = bytes.iter().map(|byte| u64::from(byte.count_ones())).sum();
    Statistic::around("one bits", ones as f64, bits / 2.0, bits.sqrt() / 2.0)
}

/// Chi-square of the byte values: 255 degrees of freedom, by the cube root of Wilson and Hilferty.
fn chi_square(bytes: &[u8]) -> Statistic {
    let mut counts = [0u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let expected = bytes.len() as f64 / 256.0;
    let value = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
    let (freedom, spread) = (255.0, 2.0 / (9.0 * 255.0));
    let bound = |sigmas: f64| freedom * (1.0 - spread + sigmas * f64::sqrt(spread)).powi(3);
    Statistic { name: "chi-square of byte values", value, low: bound(-SIGMAS), high: bound(SIGMAS) }
}

/// Runs of equal bits: changes from bit to bit are binomial with p = 1/2.
fn runs(bytes: &[u8]) -> Statistic {
    let all: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| (byte >> n) & 1)).collect();
    let changes = all.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64;
    let places = all.len().saturating_sub(1) as f64;
    Statistic::around("changes from bit to bit", changes, places / 2.0, places.sqrt() / 2.0)
}

/// Blocks of 8 bytes that occur again; among 8192 a sound source repeats one with probability 2^-39.
fn repeats(bytes: &[u8]) -> Statistic {
    let mut seen = HashSet::new();
    let repeated = bytes.chunks_exact(8).filter(|block| !seen.insert(*block)).count();
    Statistic { name: "repeated blocks of 8 bytes", value: repeated as f64, low: 0.0, high: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Sampler;

    #[test]
    fn an_even_source_keeps_all_bounds() {
        for seed in 0..20 {
            let bytes = Sampler::new(seed, "statistics").bytes(65_536);
            for statistic in all(&bytes) {
                assert!(statistic.holds(), "{}: {statistic}", statistic.name);
            }
        }
    }

    #[test]
    fn each_statistic_finds_a_defect_of_its_own() {
        let good = Sampler::new(1, "defects").bytes(65_536);
        let heavy: Vec<u8> =
            good.iter().enumerate().map(|(n, b)| if n % 16 == 0 { b | 0x0F } else { *b }).collect();
        assert!(!ones(&heavy).holds());
        let narrow: Vec<u8> = good.iter().map(|byte| byte & 0xF0 | byte >> 4).collect();
        assert!(!chi_square(&narrow).holds());
        let alternating: Vec<u8> =
            good.iter().enumerate().map(|(n, b)| if n % 4 == 0 { 0x55 } else { *b }).collect();
        assert!(!runs(&alternating).holds());
        let again = [&good[..32_768], &good[..32_768]].concat();
        assert!(!repeats(&again).holds());
    }
}
