//! What is left of secrets: in all memory that could hold them, and in the flash.

use super::inside::Region;
use super::{Probe, find_secret};
use crate::model::{Failure, Outcome, require};
use crate::observations::Observations;
use anyhow::anyhow;
use std::ops::Range;

/// Where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Residue {
    /// Which secret.
    pub secret: String,
    /// In what.
    pub place: String,
    /// From the first to the last fragment.
    pub range: Range<u64>,
}

impl std::fmt::Display for Residue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {} at {:#x}", self.secret, self.place, self.range.start)
    }
}

/// All that could hold a secret, at one moment.
pub(crate) struct Residues {
    regions: Vec<(Region, Vec<u8>)>,
    flash: Vec<u8>,
}

/// Fragments that lie closer than this belong to the same copy.
const APART: u64 = 256;

impl Residues {
    /// Looks at a running device.
    pub(crate) fn of(probe: &mut Probe) -> Outcome<Residues> {
        let regions = probe.regions()?;
        let ranges: Vec<Range<u64>> = regions.iter().map(|region| region.range.clone()).collect();
        let memory = probe.memory(&ranges)?;
        let regions = regions.into_iter().zip(memory.into_iter().map(|(_, bytes)| bytes)).collect();
        Ok(Residues { regions, flash: probe.flash()? })
    }

    /// Where this secret is in memory, each copy of it or of parts of it once.
    pub(crate) fn in_memory(&self, name: &str, secret: &[u8]) -> Vec<Residue> {
        let each = self.regions.iter();
        each.flat_map(|(region, bytes)| {
            copies(find_secret(bytes, secret)).into_iter().map(move |range| Residue {
                secret: name.into(),
                place: region.name.clone(),
                range: range.start + region.range.start..range.end + region.range.start,
            })
        })
        .collect()
    }

    /// Where it is in the flash.
    pub(crate) fn in_flash(&self, name: &str, secret: &[u8]) -> Vec<Residue> {
        let found = copies(find_secret(&self.flash, secret)).into_iter();
        found.map(|range| Residue { secret: name.into(), place: "flash".into(), range }).collect()
    }

    /// Bytes looked at.
    pub(crate) fn bytes(&self) -> usize {
        self.flash.len() + self.regions.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }
}

impl Probe {
    /// Control: a pattern that the probe is given to keep is found by the same search, and is not when it is gone.
    pub(crate) fn planted(&mut self, seen: &mut Observations, pattern: &[u8]) -> Outcome {
        self.ok(&format!("put 64 {}", hex::encode(pattern)))?;
        let with = Residues::of(self)?;
        self.ok("wipe")?;
        let without = Residues::of(self)?;
        seen.control("the same search for a pattern that the application keeps, then no longer", |_| {
            let found = with.in_memory("pattern", pattern);
            let [once] = &found[..] else {
                return Err(Failure::Refuted(format!("it is found {} times", found.len())));
            };
            let left = without.in_memory("pattern", pattern);
            require!(left.is_empty(), "it is found where it was wiped: {}", left[0]);
            Ok(format!("{once}, of {} bytes; then nowhere", with.bytes()))
        })?;
        if with.flash.is_empty() {
            return Err(Failure::Harness(anyhow!("the flash is empty")));
        }
        Ok(())
    }
}

fn copies(found: Vec<usize>) -> Vec<Range<u64>> {
    let mut copies: Vec<Range<u64>> = Vec::new();
    for at in found {
        let at = at as u64;
        match copies.last_mut() {
            Some(last) if at < last.end + APART => last.end = at,
            _ => copies.push(at..at),
        }
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_near_each_other_are_one_copy() {
        assert_eq!(copies(vec![8, 16, 24, 1000, 1008]), [8..24, 1000..1008]);
        assert!(copies(vec![]).is_empty());
    }

    #[test]
    fn each_copy_of_a_secret_is_found_with_its_place() {
        let secret: Vec<u8> = (0..32u8).map(|n| n.wrapping_mul(37) ^ 0x5A).collect();
        let mut bytes = vec![0; 4096];
        bytes[100..132].copy_from_slice(&secret);
        bytes[2000..2008].copy_from_slice(&secret[8..16]);
        let region = Region { name: "memory".into(), range: 0x1000..0x2000 };
        let seen = Residues { regions: vec![(region, bytes)], flash: secret.clone() };
        let found = seen.in_memory("key", &secret);
        assert_eq!(found.iter().map(|r| r.range.start).collect::<Vec<_>>(), [0x1064, 0x17D0]);
        assert_eq!(found[0].to_string(), "key in memory at 0x1064");
        assert_eq!(seen.in_flash("key", &secret).len(), 1);
    }
}
