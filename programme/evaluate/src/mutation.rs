//! Flash contents for campaigns: drawn from a pool of images, then damaged.

use crate::bench::{Bench, COUNTER, version};
use crate::images::{Part, Recipe, SignedImage, Signer, regions};
use crate::model::Outcome;
use crate::seed::Sampler;

/// Contents of the four slots, from their first bytes on.
#[derive(Debug, Clone)]
pub(crate) struct Flash {
    /// By slot; what is not listed is erased.
    pub slots: Vec<(&'static str, Vec<u8>)>,
    /// What kind of content it is, for counting.
    pub kind: &'static str,
    /// How it came about.
    pub history: String,
}

/// What slots are filled with.
pub(crate) struct Pool {
    /// Name of the content, part that it belongs to, the image.
    images: Vec<(&'static str, Part, SignedImage)>,
}

const SLOTS: [(&str, Part); 4] = [
    ("platform-a", Part::Platform),
    ("platform-b", Part::Platform),
    ("application-a", Part::Application),
    ("application-b", Part::Application),
];

impl Pool {
    /// Signs the images of the pool.
    pub(crate) fn new(bench: &Bench) -> Outcome<Pool> {
        let mut images = Vec::new();
        for part in Part::ALL {
            let good = || bench.recipe(part);
            for (name, recipe) in [
                ("genuine", good()),
                ("newer", Recipe { version: version("3.0.0"), ..good() }),
                ("ed25519", Recipe { signer: Signer::OwnEd25519, ..good() }),
                ("old counter", Recipe { counter: Some(COUNTER - 1), ..good() }),
                ("stranger", Recipe { signer: Signer::Stranger, ..good() }),
                ("revoked", Recipe { signer: Signer::Revoked, ..good() }),
                ("other role", Recipe { signer: Signer::OtherRole, ..good() }),
                ("unnamed", Recipe { name: None, ..good() }),
            ] {
                images.push((name, part, bench.sign(&recipe)?));
            }
        }
        Ok(Pool { images })
    }

    /// The names of what is in it.
    pub(crate) fn describe(&self) -> String {
        let name = |(name, part, _): &(&str, Part, SignedImage)| format!("{} {name}", part.name());
        self.images.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    /// A good device's flash.
    pub(crate) fn genuine(&self) -> Flash {
        let slots = Part::ALL.map(|part| (part.slot_a(), self.image("genuine", part).bytes.clone()));
        Flash { slots: slots.to_vec(), kind: "genuine", history: "genuine".into() }
    }

    fn image(&self, name: &str, part: Part) -> &SignedImage {
        let found = self.images.iter().find(|(n, p, _)| *n == name && *p == part);
        &found.unwrap_or(&self.images[0]).2
    }

    /// Draws a content.
    pub(crate) fn draw(&self, sampler: &mut Sampler) -> Flash {
        let mut history = Vec::new();
        let mut slots = Vec::new();
        for (slot, part) in SLOTS {
            if let Some((what, bytes)) = self.fill(sampler, slot, part) {
                history.push(format!("{slot}: {what}"));
                slots.push((slot, bytes));
            }
        }
        let mutations = [0, 1, 1, 1, 2, 4][sampler.below(6)];
        for _ in 0..mutations {
            if !slots.is_empty() {
                let target = sampler.below(slots.len());
                let donor = slots[sampler.below(slots.len())].1.clone();
                let (slot, bytes) = &mut slots[target];
                history.push(format!("{slot}: {}", mutate(sampler, bytes, &donor)));
            }
        }
        let kind = match mutations {
            0 => "pool as it is",
            1 => "one mutation",
            _ => "several mutations",
        };
        let kind =
            if history.iter().any(|what| what.ends_with("random bytes")) { "random bytes" } else { kind };
        Flash { slots, kind, history: history.join("; ") }
    }

    fn fill(&self, sampler: &mut Sampler, slot: &str, part: Part) -> Option<(&'static str, Vec<u8>)> {
        let second = slot.ends_with('b');
        match sampler.below(10) {
            // Mostly one slot of a part is filled: else a second good image hides what becomes of the first.
            0..=5 if second => None,
            0 => Some(("random bytes", random_content(sampler))),
            1..=5 => Some(("genuine", self.image("genuine", part).bytes.clone())),
            _ => {
                let (name, from, image) = sampler.one_of(&self.images);
                let foreign = if *from == part { *name } else { "the other part's" };
                Some((foreign, image.bytes.clone()))
            }
        }
    }
}

fn random_content(sampler: &mut Sampler) -> Vec<u8> {
    let length = 1 + sampler.below(4096);
    let mut bytes = sampler.bytes(length);
    if sampler.below(2) == 0 {
        // Past the magic number, where the parser begins.
        let magic = [0x3D, 0xB8, 0xF3, 0x96];
        bytes.iter_mut().zip(magic).for_each(|(byte, magic)| *byte = magic);
    }
    bytes
}

/// Damages a slot content in one way; says how.
fn mutate(sampler: &mut Sampler, bytes: &mut Vec<u8>, donor: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing left to damage".into();
    }
    let length = bytes.len();
    let at = sampler.below(length);
    match sampler.below(10) {
        0 => {
            bytes[at] ^= 1 << sampler.below(8);
            format!("bit of byte {at:#x}")
        }
        1 => {
            let sound = regions(bytes);
            let signature =
                sound.iter().find(|region| region.kind == "signature" && region.bytes.end <= length);
            let at = signature.map_or(at, |region| region.bytes.start + sampler.below(region.bytes.len()));
            bytes[at] ^= 1 << sampler.below(8);
            format!("bit of byte {at:#x}, in the signature if there is one")
        }
        2 => {
            let end = (at + 1 + sampler.below(64)).min(length);
            let fresh = sampler.bytes(end - at);
            bytes[at..end].copy_from_slice(&fresh);
            format!("block {at:#x}..{end:#x} random")
        }
        3 => {
            let field = *sampler.one_of(&[4usize, 8, 10, 12, 16, 20]);
            let value = *sampler.one_of(&[0u32, 1, 3, 31, 0x7FFF_FFFF, 0xFFFF_0000, u32::MAX, 0x8000]);
            if field + 4 <= bytes.len() {
                bytes[field..field + 4].copy_from_slice(&value.to_le_bytes());
            }
            format!("header word at {field} = {value:#x}")
        }
        4 => {
            let tail = length.saturating_sub(1 + sampler.below(300));
            let value = *sampler.one_of(&[0u8, 1, 0xFF, 0x7F, 4]);
            bytes[tail] = value;
            format!("byte {tail:#x} among the TLVs = {value:#x}")
        }
        5 => {
            bytes.truncate(at);
            format!("cut after {at:#x}")
        }
        6 => {
            let end = donor.len().min(length);
            let from = at.min(end);
            bytes[from..end].copy_from_slice(&donor[from..end]);
            format!("spliced with another slot from {from:#x}")
        }
        7 => {
            let shift = 1 + sampler.below(16);
            bytes.splice(0..0, std::iter::repeat_n(0xFF, shift));
            format!("shifted by {shift}")
        }
        8 => {
            let size = 1 + sampler.below(32);
            let extra = sampler.bytes(size);
            bytes.splice(at..at, extra);
            format!("{size} bytes put in at {at:#x}")
        }
        _ => {
            let size = 1 + sampler.below(200);
            bytes.extend(sampler.bytes(size));
            format!("{size} bytes behind the end")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::Oracle;

    #[test]
    fn the_pool_yields_every_state_and_any_content_is_predictable() {
        let bench = crate::bench::unplugged();
        let (pool, oracle) = (Pool::new(&bench).ok().unwrap(), Oracle::new(&bench, true));
        let mut sampler = Sampler::new(3, "test");
        let mut states = std::collections::BTreeMap::new();
        for _ in 0..600 {
            *states.entry(oracle.predict(&pool.draw(&mut sampler))).or_insert(0) += 1;
        }
        assert_eq!(states.len(), 3, "{states:?}");
        assert!(states.values().all(|count| *count > 30), "{states:?}");
        assert_eq!(oracle.predict(&pool.genuine()), "running");
    }
}
