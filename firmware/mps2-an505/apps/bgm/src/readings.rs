//! The readings that the meter keeps, in RAM.

use crate::{Measurement, civil};
use core::fmt;

/// Readings kept; the oldest makes room.
pub const KEPT: usize = 32;

/// A measurement with its place in the order in which they were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// 1 for the first since the start, then one more each.
    pub index: u32,
    /// What was measured, and when.
    pub measurement: Measurement,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reading { index, measurement: Measurement { time, glucose } } = self;
        write!(f, "reading index={index} time={} {glucose}", civil(*time))
    }
}

/// The last readings.
pub struct Readings {
    ring: [Option<Reading>; KEPT],
    taken: u32,
}

impl Readings {
    /// None yet.
    pub const fn new() -> Self {
        Readings { ring: [None; KEPT], taken: 0 }
    }

    /// Keeps a measurement as the next reading.
    pub fn add(&mut self, measurement: Measurement) -> Reading {
        let place = self.taken as usize % KEPT;
        self.taken = self.taken.wrapping_add(1);
        let reading = Reading { index: self.taken, measurement };
        if let Some(to) = self.ring.get_mut(place) {
            *to = Some(reading);
        }
        reading
    }

    /// Those kept, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Reading> {
        let (newer, older) = self.ring.split_at(self.taken as usize % KEPT);
        older.iter().chain(newer).flatten()
    }
}

impl Default for Readings {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Glucose;

    #[test]
    fn the_last_readings_are_kept_in_order_and_the_index_never_starts_again() {
        let mut readings = Readings::new();
        assert_eq!(readings.iter().count(), 0);
        let glucose = Glucose::from_mg_dl(100).unwrap();
        for time in 0..3 * KEPT as u32 + 5 {
            assert_eq!(readings.add(Measurement { time, glucose }).index, time + 1);
            let kept: Vec<u32> = readings.iter().map(|r| r.index).collect();
            let oldest = (time + 1).saturating_sub(KEPT as u32) + 1;
            assert_eq!(kept, (oldest..=time + 1).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_reading_is_shown_with_its_alarm_if_it_has_one() {
        let shown = |mg_dl| {
            let glucose = Glucose::from_mg_dl(mg_dl).unwrap();
            Reading { index: 7, measurement: Measurement { time: 1_767_225_600, glucose } }.to_string()
        };
        let head = "reading index=7 time=2026-01-01T00:00:00Z";
        assert_eq!(shown(100), format!("{head} mg/dL=100 mmol/L=5.6"));
        assert_eq!(shown(54), format!("{head} mg/dL=54 mmol/L=3.0 alarm=low"));
        assert_eq!(shown(300), format!("{head} mg/dL=300 mmol/L=16.7 alarm=high"));
    }
}
