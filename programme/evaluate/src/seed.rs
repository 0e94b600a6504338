//! The sampling of campaigns: which bits, which lengths, which mutations.
//!
//! SplitMix64. It chooses samples and nothing else – keys come from the operating system – and must give the
//! same choice for the same seed on every machine and in every version, so that a finding can be repeated.

/// A stream of choices.
#[derive(Debug, Clone)]
pub(crate) struct Sampler(u64);

impl Sampler {
    /// The choices that follow from `seed` for the use called `label`.
    pub(crate) fn new(seed: u64, label: &str) -> Sampler {
        // FNV-1a, so that two tests never see the same stream.
        let hash = label
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
        Sampler(seed ^ hash)
    }

    /// Any 64-bit number.
    pub(crate) fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`, or 0 when that is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // The bias of the remainder is below 2^-32 for every limit that is asked for here.
        (self.any() % (limit.max(1) as u64)) as usize
    }

    /// One of `items`.
    ///
    /// # Panics
    /// When there are none.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// `len` bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.any() as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choices_and_another_label_gives_others() {
        let draw = |seed, label| {
            let mut sampler = Sampler::new(seed, label);
            (0..8).map(|_| sampler.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "flips"), draw(7, "flips"));
        assert_ne!(draw(7, "flips"), draw(7, "cuts"));
        assert_ne!(draw(7, "flips"), draw(8, "flips"));
        // The stream is part of the evidence format: a stored seed must keep its meaning.
        assert_eq!(Sampler(0).any(), 0xE220_A839_7B1D_CDAF);
    }
}
