//! The title page: title, version, date and number of the document.

use super::report::{Ledger, Place};
use crate::words::plain;

/// What the title page says.
#[derive(Debug, Default)]
pub(crate) struct Front {
    pub(crate) title: Option<String>,
    pub(crate) version: String,
    pub(crate) date: String,
    pub(crate) reference: String,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads the title page; what says nothing about the profile is left out.
pub(crate) fn read(lines: &[(usize, String)], ledger: &mut Ledger) -> Front {
    let mut front = Front::default();
    for (number, line) in lines {
        let line = line.trim_matches(['*', '#', ' ']);
        let lower = line.to_lowercase();
        let said = if front.title.is_none() && line.len() < 200 && plain(line).contains("sesipprofile") {
            front.title = Some(line.into());
            true
        } else if front.version.is_empty() && lower.starts_with("version ") && line.len() < 40 {
            front.version = line["version ".len()..].trim().into();
            true
        } else if front.reference.is_empty() && lower.starts_with("document reference") {
            front.reference = line.split_once(':').map_or("", |(_, reference)| reference).trim().into();
            !front.reference.is_empty()
        } else if front.date.is_empty() && is_date(line) {
            front.date = line.into();
            true
        } else {
            false
        };
        match said {
            true => ledger.place(*number, Place::TitlePage),
            false => ledger.leave_out(*number, line),
        }
    }
    let missing = [("version", &front.version), ("date", &front.date), ("reference", &front.reference)];
    for (what, value) in missing {
        if value.is_empty() {
            ledger.fail(lines.first().map_or(1, |line| line.0), what, "the title page does not say it");
        }
    }
    front
}

/// `October 2023`, `3 October 2023`, `2023-10-03`
fn is_date(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let is_number = |word: &&str| word.len() <= 4 && word.chars().all(|c| c.is_ascii_digit());
    let (numbers, names): (Vec<&str>, Vec<&str>) = words.into_iter().partition(is_number);
    let named =
        matches!(&names[..], [month] if MONTHS.contains(&&*month.to_lowercase())) && !numbers.is_empty();
    let parts: Vec<&str> = line.split('-').collect();
    named || (parts.len() == 3 && parts[0].len() == 4 && parts.iter().all(is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_known_and_other_short_lines_are_not() {
        for date in ["October 2023", "3 May 2024", "May 3, 2024", "2024-05-03"] {
            assert!(is_date(date), "{date}");
        }
        for other in ["Public Review", "May", "2024", "Version 2023", "12-34"] {
            assert!(!is_date(other), "{other}");
        }
    }
}
