//! What is written down while a test runs.

use crate::model::{Failure, Outcome};
use serde::Serialize;
use std::collections::BTreeMap;

/// Longest transcript kept of one test, in lines.
const TRANSCRIPT_LINES: usize = 60;

/// A value under its name, in the order in which it was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is.
    pub name: String,
    /// The concrete value.
    pub value: String,
}

/// The positive control of an attack: the same stimulus where it must succeed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    /// What was done.
    pub stimulus: String,
    /// What was seen.
    pub observed: String,
    /// Whether that is what had to be seen.
    pub held: bool,
}

/// The record of one test as it grows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Observations {
    /// Configuration, images and their digests.
    pub setup: Vec<Entry>,
    /// Controls.
    pub control: Vec<Control>,
    /// Concrete values seen.
    pub observed: Vec<Entry>,
    /// How many cases were run.
    pub cases: u64,
    /// How many cases ended in what: kind of case, outcome, count.
    pub tally: BTreeMap<String, BTreeMap<String, u64>>,
    /// Lines of the device's wires.
    pub transcript: Vec<String>,
}

impl Observations {
    /// Writes down a part of the set-up.
    pub(crate) fn setup(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let entry = Entry { name: name.into(), value: value.into() };
        if !self.setup.contains(&entry) {
            self.setup.push(entry);
        }
    }

    /// Writes down what was seen.
    pub(crate) fn saw(&mut self, name: impl Into<String>, value: impl ToString) {
        self.observed.push(Entry { name: name.into(), value: value.to_string() });
    }

    /// Counts a case that ended in `outcome`.
    pub(crate) fn case(&mut self, kind: &str, outcome: &str) {
        self.cases(kind, outcome, 1);
    }

    /// Counts cases that ended alike.
    pub(crate) fn cases(&mut self, kind: &str, outcome: &str, count: u64) {
        self.cases += count;
        *self.tally.entry(kind.to_owned()).or_default().entry(outcome.to_owned()).or_default() += count;
    }

    /// Runs a positive control and writes down how it went; one that does not hold makes the test blind.
    ///
    /// The control is judged by the same code as the attack beside it, with the other answer expected.
    pub(crate) fn control(
        &mut self,
        stimulus: &str,
        run: impl FnOnce(&mut Observations) -> Outcome<String>,
    ) -> Outcome {
        let (observed, failure) = match run(self) {
            Ok(observed) => (observed, None),
            Err(Failure::Refuted(why) | Failure::Blind(why)) => {
                (why.clone(), Some(Failure::Blind(format!("{stimulus}: {why}"))))
            }
            Err(broken) => (broken.to_string(), Some(broken)),
        };
        self.control.push(Control { stimulus: stimulus.to_owned(), observed, held: failure.is_none() });
        failure.map_or(Ok(()), Err)
    }

    /// Keeps lines of a wire, as far as there is room.
    pub(crate) fn transcript<S: AsRef<str>>(&mut self, heading: &str, lines: impl IntoIterator<Item = S>) {
        let room = TRANSCRIPT_LINES.saturating_sub(self.transcript.len() + 1);
        if room > 0 {
            self.transcript.push(format!("# {heading}"));
            self.transcript.extend(lines.into_iter().take(room).map(|line| line.as_ref().to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_that_does_not_hold_makes_the_test_blind_and_is_kept_in_the_record() {
        let mut seen = Observations::default();
        let blind = seen.control("the genuine image", |_| Err(Failure::Refuted("did not boot".into())));
        assert!(matches!(blind, Err(Failure::Blind(why)) if why.contains("did not boot")));
        assert!(!seen.control[0].held);
        assert!(seen.control("again", |_| Ok("state=running".into())).is_ok());
        assert_eq!(seen.control.len(), 2);
        assert!(seen.control[1].held);
    }

    #[test]
    fn cases_are_counted_by_kind_and_outcome() {
        let mut seen = Observations::default();
        seen.case("payload", "digest-mismatch");
        seen.cases("payload", "digest-mismatch", 4);
        seen.case("header", "bad-magic");
        assert_eq!(seen.cases, 6);
        assert_eq!(seen.tally["payload"]["digest-mismatch"], 5);
    }

    #[test]
    fn a_transcript_is_kept_within_bounds() {
        let mut seen = Observations::default();
        for _ in 0..9 {
            seen.transcript("boot", (0..50).map(|n| format!("line {n}")));
        }
        assert!(seen.transcript.len() <= TRANSCRIPT_LINES);
        assert_eq!(seen.transcript[0], "# boot");
    }
}
