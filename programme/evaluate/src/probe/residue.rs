//! What is left of secrets: in all memory that could hold them, and in the flash.

use super::inside::{PLATFORM, Region};
use super::{Probe, find_secret};
use crate::model::{Failure, Outcome, Target, require};
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

/// Code of the platform, from the start of its image: of the first slot, or of the memory that it was loaded to.
const CODE: Range<usize> = 0x1000..0x3000;

/// The stack of the virtual device's process. To wipe the stack after a call is the work of the board's entry code,
/// which the virtual device has not.
const HOST_STACK: &str = "[stack]";

/// Fragments that lie closer than this belong to the same copy.
const APART: u64 = 64;

impl Residues {
    /// Looks at a running device.
    pub(crate) fn of(probe: &mut Probe) -> Outcome<Residues> {
        // The probe wipes its own copies behind each answer: when it hears the next line, it has.
        probe.ok("ping")?;
        let mut regions = probe.regions()?;
        regions.retain(|region| region.name != HOST_STACK);
        Ok(Residues { regions: probe.memory(regions)?, flash: probe.flash()? })
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

    /// Where the platform's memory of this moment and of another one differ: runs of bytes that lie close together.
    pub(crate) fn differences(&self, other: &Residues) -> Vec<Range<u64>> {
        let each = self.regions.iter().zip(&other.regions);
        each.filter(|((region, _), _)| region.name == PLATFORM)
            .flat_map(|((region, here), (_, there))| {
                let differs = here.iter().zip(there).enumerate().filter(|(_, (a, b))| a != b);
                let runs = runs(differs.map(|(at, _)| at as u64 + region.range.start));
                runs.into_iter()
            })
            .collect()
    }

    /// The bytes of the platform's memory at these addresses.
    pub(crate) fn at(&self, range: &Range<u64>) -> &[u8] {
        let within = |region: &Region| {
            region.range.contains(&range.start)
                && region.range.contains(&range.end.saturating_sub(1))
                && region.name == PLATFORM
        };
        let found = self.regions.iter().find(|(region, _)| within(region));
        let bytes = found.and_then(|(region, bytes)| {
            bytes.get((range.start - region.range.start) as usize..(range.end - region.range.start) as usize)
        });
        bytes.unwrap_or_default()
    }

    /// The platform's code lies in the memory that was searched as it lies in flash: the platform's own memory was read,
    /// and not an alias or nothing at all.
    fn shows_the_platform(&self) -> Outcome<String> {
        let memory = self.regions.iter().find(|(region, _)| region.name == PLATFORM);
        let code = memory.and_then(|(_, bytes)| bytes.get(CODE)).unwrap_or_default();
        require!(self.flash.get(CODE) == Some(code), "other bytes are there");
        Ok(format!("the same {} bytes", code.len()))
    }

    /// Bytes looked at.
    pub(crate) fn bytes(&self) -> usize {
        self.flash.len() + self.regions.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }
}

impl Probe {
    /// Controls: a pattern that the probe is given to keep is found by the same search, and is not when it is gone; on
    /// the board the search saw the platform's memory.
    pub(crate) fn planted(&mut self, seen: &mut Observations, pattern: &[u8]) -> Outcome {
        if self.target() == Target::Virtual {
            seen.setup(
                "not searched",
                "the stack of the host's process: to wipe it is work of the board's entry code",
            );
        }
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
        if self.target() == Target::Mps2An505 {
            seen.control(
                "the platform's code, as it lies in flash, in the memory that was searched",
                |_| with.shows_the_platform(),
            )?;
        }
        if with.flash.is_empty() {
            return Err(Failure::Harness(anyhow!("the flash is empty")));
        }
        Ok(())
    }
}

/// Addresses that lie at most this far apart belong to one run: a word between them was the same by chance.
const GAP: u64 = 8;

/// The runs that these addresses, which only grow, lie in.
pub(crate) fn runs(addresses: impl Iterator<Item = u64>) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for at in addresses {
        match runs.last_mut() {
            Some(last) if at < last.end + GAP => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
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
    fn bytes_that_differ_are_told_in_runs() {
        let moment = |bytes: &[u8]| {
            let region = Region { name: PLATFORM.into(), range: 0x100..0x200 };
            Residues { regions: vec![(region, bytes.to_vec())], flash: vec![] }
        };
        let (mut one, other) = (vec![0; 256], vec![0; 256]);
        for at in [3, 4, 9, 100] {
            one[at] = 1;
        }
        let (one, other) = (moment(&one), moment(&other));
        assert_eq!(one.differences(&other), [0x103..0x10A, 0x164..0x165]);
        assert_eq!(one.at(&(0x103..0x106)), [1, 1, 0]);
        assert!(one.differences(&one).is_empty() && one.at(&(0x1FF..0x201)).is_empty());
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
