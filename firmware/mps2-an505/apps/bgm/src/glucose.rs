//! A glucose concentration in the two units that people use.

use core::fmt;

/// mg/dL of one mmol/L, in thousandths: a mole of glucose weighs 180.16 g.
const MG_DL_PER_MMOL_L: u32 = 18_016;

/// Below this many mg/dL (3.9 mmol/L) it is hypoglycaemia.
pub const LOW_BELOW_MG_DL: u16 = 70;
/// Above this many mg/dL (13.9 mmol/L) it is level 2 hyperglycaemia.
pub const HIGH_ABOVE_MG_DL: u16 = 250;

/// A concentration within what the meter measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glucose {
    mg_dl: u16,
    mmol_l_tenths: u16,
}

/// What the user must be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Hypoglycaemia.
    Low,
    /// Hyperglycaemia.
    High,
}

impl Glucose {
    /// From mg/dL; `None` outside 10 to 600.
    pub const fn from_mg_dl(mg_dl: u16) -> Option<Glucose> {
        if mg_dl < 10 || mg_dl > 600 {
            return None;
        }
        let tenths = (mg_dl as u32 * 10_000 + MG_DL_PER_MMOL_L / 2) / MG_DL_PER_MMOL_L;
        Some(Glucose { mg_dl, mmol_l_tenths: tenths as u16 })
    }

    /// From tenths of mmol/L; `None` outside 0.6 to 33.3 mmol/L.
    pub const fn from_mmol_l_tenths(tenths: u16) -> Option<Glucose> {
        if tenths < 6 || tenths > 333 {
            return None;
        }
        let mg_dl = (tenths as u32 * MG_DL_PER_MMOL_L + 5_000) / 10_000;
        Some(Glucose { mg_dl: mg_dl as u16, mmol_l_tenths: tenths })
    }

    /// In mg/dL, rounded half up where it was measured in mmol/L.
    pub const fn mg_dl(self) -> u16 {
        self.mg_dl
    }

    /// In tenths of mmol/L, rounded half up where it was measured in mg/dL.
    pub const fn mmol_l_tenths(self) -> u16 {
        self.mmol_l_tenths
    }

    /// Whether the user must be told.
    pub const fn alarm(self) -> Option<Alarm> {
        match self.mg_dl {
            ..LOW_BELOW_MG_DL => Some(Alarm::Low),
            LOW_BELOW_MG_DL..=HIGH_ABOVE_MG_DL => None,
            _ => Some(Alarm::High),
        }
    }
}

impl Alarm {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Alarm::Low => "low",
            Alarm::High => "high",
        }
    }
}

impl fmt::Display for Glucose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, tenth) = (self.mmol_l_tenths / 10, self.mmol_l_tenths % 10);
        write!(f, "mg/dL={} mmol/L={whole}.{tenth}", self.mg_dl)?;
        match self.alarm() {
            Some(alarm) => write!(f, " alarm={}", alarm.name()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pairs_are_right() {
        for (mg_dl, tenths) in
            [(10, 6), (18, 10), (54, 30), (70, 39), (90, 50), (99, 55), (100, 56), (126, 70), (180, 100)]
        {
            assert_eq!(Glucose::from_mg_dl(mg_dl).unwrap().mmol_l_tenths(), tenths, "{mg_dl} mg/dL");
        }
        for (tenths, mg_dl) in [(6, 11), (10, 18), (30, 54), (39, 70), (55, 99), (100, 180), (333, 600)] {
            assert_eq!(Glucose::from_mmol_l_tenths(tenths).unwrap().mg_dl(), mg_dl, "{tenths} tenths");
        }
    }

    #[test]
    fn every_value_comes_back_within_the_resolution_of_the_coarser_unit() {
        for mg_dl in 10..=600u16 {
            let tenths = Glucose::from_mg_dl(mg_dl).unwrap().mmol_l_tenths();
            let back = Glucose::from_mmol_l_tenths(tenths).unwrap().mg_dl();
            // Half a tenth of a mmol/L is 0.9 mg/dL; the second rounding may add up to one half.
            assert!(back.abs_diff(mg_dl) <= 1, "{mg_dl} -> {tenths} -> {back}");
        }
        for tenths in 6..=333u16 {
            let mg_dl = Glucose::from_mmol_l_tenths(tenths).unwrap().mg_dl();
            assert_eq!(
                Glucose::from_mg_dl(mg_dl).unwrap().mmol_l_tenths(),
                tenths,
                "mg/dL is the finer unit"
            );
        }
    }

    #[test]
    fn the_range_ends_where_it_says() {
        for outside in [0, 9, 601, u16::MAX] {
            assert_eq!(Glucose::from_mg_dl(outside), None);
        }
        for outside in [0, 5, 334, u16::MAX] {
            assert_eq!(Glucose::from_mmol_l_tenths(outside), None);
        }
    }

    #[test]
    fn alarms_begin_at_the_same_place_in_both_units() {
        let mg_dl = |value| Glucose::from_mg_dl(value).unwrap().alarm();
        assert_eq!(
            [mg_dl(69), mg_dl(70), mg_dl(250), mg_dl(251)],
            [Some(Alarm::Low), None, None, Some(Alarm::High)]
        );
        let mmol = |tenths| Glucose::from_mmol_l_tenths(tenths).unwrap().alarm();
        assert_eq!(
            [mmol(38), mmol(39), mmol(139), mmol(140)],
            [Some(Alarm::Low), None, None, Some(Alarm::High)]
        );
    }
}
