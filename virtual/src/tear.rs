//! What is left of an operation during which the power failed.

/// A source of reproducible choices (SplitMix64).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tear(u64);

impl Tear {
    pub(crate) const fn new(seed: u64) -> Tear {
        Tear(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Which of some bits had changed: none, all, or any subset.
    pub(crate) fn mask(&mut self) -> u32 {
        match self.next() % 4 {
            0 => 0,
            1 => u32::MAX,
            _ => self.next() as u32,
        }
    }
}

/// How long a device still has power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    /// It has.
    On,
    /// The power fails during the operation after which none are left.
    CutAfter { left: u64, tear: Tear },
    /// It has not.
    Lost,
}

/// The device has no power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoPower;

impl Power {
    pub(crate) const fn cut_after(operations: u64, seed: u64) -> Power {
        match operations {
            0 => Power::Lost,
            left => Power::CutAfter { left, tear: Tear::new(seed) },
        }
    }

    pub(crate) fn check(self) -> Result<(), NoPower> {
        if self == Power::Lost { Err(NoPower) } else { Ok(()) }
    }

    /// Counts one operation; `Some` when it is the one during which the power fails.
    pub(crate) fn operation(&mut self) -> Result<Option<Tear>, NoPower> {
        match *self {
            Power::On => Ok(None),
            Power::Lost => Err(NoPower),
            Power::CutAfter { left: 0 | 1, tear } => {
                *self = Power::Lost;
                Ok(Some(tear))
            }
            Power::CutAfter { left, tear } => {
                *self = Power::CutAfter { left: left - 1, tear };
                Ok(None)
            }
        }
    }
}
