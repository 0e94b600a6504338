//! Unix time as a date of the Gregorian calendar.

use core::fmt;

/// First second that is no longer taken as a time: 2101-01-01T00:00:00Z.
pub const END_OF_TIME: u32 = 4_133_980_800;

const SECONDS_PER_DAY: u32 = 86_400;

/// Date and time of day in UTC, shown as `yyyy-mm-ddThh:mm:ssZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: u32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, from 1.
    pub day: u32,
    /// Hour, minute and second.
    pub time: (u32, u32, u32),
}

/// The date and time of this many seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
pub const fn civil(unix: u32) -> Civil {
    let second = unix % SECONDS_PER_DAY;
    let mut days = unix / SECONDS_PER_DAY;
    let mut year = 1970;
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_in_month(year, month) {
        days -= days_in_month(year, month);
        month += 1;
    }
    Civil { year, month, day: days + 1, time: (second / 3600, second / 60 % 60, second % 60) }
}

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in_year(year: u32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, time: (hour, minute, second) } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates_are_right() {
        // From `date -u -d @N +%FT%TZ`.
        for (unix, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (1_709_164_799, "2024-02-28T23:59:59Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (2_147_483_647, "2038-01-19T03:14:07Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (END_OF_TIME - 1, "2100-12-31T23:59:59Z"),
        ] {
            assert_eq!(civil(unix).to_string(), date);
        }
    }

    /// The other way round, by another algorithm (Fliegel and Van Flandern's Julian day number).
    fn unix(c: Civil) -> i64 {
        let (y, m, d) = (i64::from(c.year), i64::from(c.month), i64::from(c.day));
        let a = (m - 14) / 12;
        let julian = (1461 * (y + 4800 + a)) / 4 + (367 * (m - 2 - 12 * a)) / 12
            - (3 * ((y + 4900 + a) / 100)) / 4
            + d
            - 32_075;
        let (hour, minute, second) = c.time;
        (julian - 2_440_588) * 86_400 + i64::from(hour * 3600 + minute * 60 + second)
    }

    #[test]
    fn every_day_from_1970_to_2100_converts_back() {
        for day in 0..END_OF_TIME / SECONDS_PER_DAY {
            for second in [0, 1, 43_261, 86_399] {
                let at = day * SECONDS_PER_DAY + second;
                assert_eq!(unix(civil(at)), i64::from(at));
            }
        }
    }
}
