//! Where each line of the text went, and what went nowhere.

use crate::words::beginning;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// Where a line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Title, version, date or number of the document.
    TitlePage,
    /// The table of contents: sections are held against it.
    Contents,
    /// The heading of a section.
    Heading,
    /// The text of a section.
    Text,
    /// What the writer of a Security Target is told.
    Instruction,
    /// The statement of a requirement.
    Statement,
    /// What the profile adds to a requirement.
    Extension,
    /// A note.
    Note,
    /// A threat.
    Threat,
    /// A security feature.
    Feature,
    /// An objective for the environment.
    Objective,
    /// A row of a table.
    Table,
}

/// What could not be placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unplaced {
    /// The line, from 1.
    pub line: usize,
    /// How it begins.
    pub text: String,
    /// Why it has no place, or what is missing.
    pub why: String,
}

/// What was read in one of several ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumption {
    /// The line, from 1.
    pub line: usize,
    /// How it was read.
    pub read_as: String,
}

/// What is known to have no place in a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The line, from 1.
    pub line: usize,
    /// How it begins.
    pub text: String,
}

/// What became of a text, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The lines that hold something.
    pub lines: usize,
    /// How many of them went where.
    pub placed: BTreeMap<Place, usize>,
    /// What could not be placed.
    pub unplaced: Vec<Unplaced>,
    /// What could be read in several ways.
    pub assumed: Vec<Assumption>,
    /// Lines of the title page that say nothing about the profile: marks, rights, disclaimers.
    pub left_out: Vec<LeftOut>,
}

/// The account of lines while a text is read.
#[derive(Debug)]
pub(crate) struct Ledger {
    lines: Vec<String>,
    places: Vec<Option<Place>>,
    unplaced: Vec<Unplaced>,
    assumed: Vec<Assumption>,
    left_out: Vec<LeftOut>,
}

impl Ledger {
    pub(crate) fn new(text: &str) -> Ledger {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let places = vec![None; lines.len()];
        Ledger { lines, places, unplaced: Vec::new(), assumed: Vec::new(), left_out: Vec::new() }
    }

    /// The line went there.
    pub(crate) fn place(&mut self, line: usize, place: Place) {
        if let Some(slot) = line.checked_sub(1).and_then(|index| self.places.get_mut(index)) {
            *slot = Some(place);
        }
    }

    /// The lines went there.
    pub(crate) fn place_all(&mut self, lines: &[usize], place: Place) {
        lines.iter().for_each(|line| self.place(*line, place));
    }

    /// Something is not in the profile.
    pub(crate) fn fail(&mut self, line: usize, text: &str, why: &str) {
        self.unplaced.push(Unplaced { line, text: beginning(text), why: why.into() });
    }

    /// Something was read in one of several ways.
    pub(crate) fn assume(&mut self, line: usize, read_as: String) {
        self.assumed.push(Assumption { line, read_as });
    }

    /// A line that has no place in any profile.
    pub(crate) fn leave_out(&mut self, line: usize, text: &str) {
        self.left_out.push(LeftOut { line, text: beginning(text) });
    }

    /// The report: each line that holds something and went nowhere is said.
    pub(crate) fn finish(mut self) -> Report {
        let mut placed = BTreeMap::new();
        let mut held = 0;
        let said: HashSet<usize> = self.left_out.iter().map(|out| out.line).collect();
        for (index, line) in self.lines.iter().enumerate() {
            if line.trim().trim_matches('\u{feff}').is_empty() {
                continue;
            }
            held += 1;
            let number = index + 1;
            match self.places[index] {
                Some(place) => *placed.entry(place).or_insert(0) += 1,
                None if said.contains(&number) => (),
                None => {
                    let (text, why) = (beginning(line), "a profile has no place for it".into());
                    self.unplaced.push(Unplaced { line: number, text, why });
                }
            }
        }
        self.unplaced.sort_by_key(|unplaced| unplaced.line);
        self.unplaced.dedup_by(|a, b| a.line == b.line && a.why == b.why);
        self.assumed.sort_by_key(|assumed| assumed.line);
        let Ledger { unplaced, assumed, left_out, .. } = self;
        Report { lines: held, placed, unplaced, assumed, left_out }
    }
}
