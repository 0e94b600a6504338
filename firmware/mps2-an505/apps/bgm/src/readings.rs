//! The readings: in the platform's readings log, where nobody changes one unseen.

use crate::{Glucose, Io, Measurement, Out, civil};
use cdd_client::{Entry, Platform, Reading, Status};
use core::fmt::{self, Write};

/// Readings that are given up at once when the log is full: the oldest.
pub const GIVEN_UP: u32 = 64;
/// mg/dL, as IEEE 11073-10101 numbers it. The finer of the two units, so nothing is lost in it.
const MG_DL: u16 = 2130;

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "time={} {}", civil(self.time), self.glucose)
    }
}

/// Stores a measurement for good; its number, from 1.
pub(crate) fn store<E: Entry>(platform: &mut Platform<E>, measured: Measurement) -> Result<u32, Status> {
    let Measurement { time, glucose } = measured;
    let reading = Reading { time: time.into(), device: 0, value: glucose.mg_dl().into(), unit: MG_DL };
    let index = match platform.append(&reading) {
        Err(Status::InsufficientStorage) => {
            let kept = platform.readings()?;
            platform.readings_trim(kept.start.saturating_add(GIVEN_UP).min(kept.end))?;
            platform.append(&reading)?
        }
        index => index?,
    };
    Ok(index.saturating_add(1))
}

/// Shows all readings that are kept. One that cannot be believed is shown as that, in its place.
pub(crate) fn list<E: Entry, I: Io>(platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Result<(), Status> {
    for index in platform.readings()? {
        let found =
            platform.reading(index).and_then(|reading| measurement(&reading).ok_or(Status::DataInvalid));
        let _ = write!(out, "reading index={} ", index.saturating_add(1));
        match found {
            Ok(measured) => out.line(format_args!("{measured}")),
            Err(status) => out.line(format_args!("error={}", status.name())),
        }
    }
    Ok(())
}

/// A reading as this meter stores them.
fn measurement(reading: &Reading) -> Option<Measurement> {
    let time = u32::try_from(reading.time).ok()?;
    let glucose = Glucose::from_mg_dl(u16::try_from(reading.value).ok()?)?;
    (reading.unit == MG_DL).then_some(Measurement { time, glucose })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_shown_with_its_alarm_if_it_has_one() {
        let shown = |mg_dl| {
            let glucose = Glucose::from_mg_dl(mg_dl).unwrap();
            Measurement { time: 1_767_225_600, glucose }.to_string()
        };
        let head = "time=2026-01-01T00:00:00Z";
        assert_eq!(shown(100), format!("{head} mg/dL=100 mmol/L=5.6"));
        assert_eq!(shown(54), format!("{head} mg/dL=54 mmol/L=3.0 alarm=low"));
        assert_eq!(shown(300), format!("{head} mg/dL=300 mmol/L=16.7 alarm=high"));
    }

    #[test]
    fn only_what_this_meter_could_have_stored_is_taken_for_a_measurement() {
        let good = Reading { time: 5, device: 0, value: 100, unit: MG_DL };
        assert!(measurement(&good).is_some());
        for bad in [
            Reading { time: 1 << 32, ..good },
            Reading { value: -1, ..good },
            Reading { value: 601, ..good },
            Reading { value: 70_000, ..good },
            Reading { unit: 4722, ..good },
        ] {
            assert_eq!(measurement(&bad), None);
        }
    }
}
