//! A test as the evaluator documents it: the eight items that ATE_IND.1-6 asks for.

use dtsec_evidence::evaluation::{Record, Test};
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::TestKind;
use serde::{Deserialize, Serialize};

/// The eight items, as they are called here.
pub const ITEMS: [&str; 8] = [
    "interface and behaviour tested",
    "set-up",
    "prerequisites",
    "stimulus",
    "observation",
    "expected result and analysis",
    "conclusion and clean-up",
    "pass or fail",
];

/// A test, documented so that others can repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TestDocumentation {
    /// Its id.
    pub id: String,
    /// The run in which it was carried out.
    pub run: String,
    /// The requirement.
    pub requirement: String,
    /// Functional test, attack or campaign.
    #[serde(rename = "test")]
    pub kind: TestKind,
    /// Item 1: the interface, and the behaviour that is looked at.
    pub tested: String,
    /// Item 2: how the platform under test was set up.
    pub set_up: Vec<String>,
    /// Item 3: what must be there and hold before.
    pub prerequisites: Vec<String>,
    /// Item 4: what was done to it.
    pub stimulus: String,
    /// Item 5: what was seen.
    pub observation: Vec<String>,
    /// Item 6: what had to be seen, and how that was told.
    pub expected: String,
    /// Item 7: what follows, and in what state things were left.
    pub conclusion: String,
    /// Item 8.
    pub verdict: Option<Verdict>,
}

impl TestDocumentation {
    /// A test of an evaluation.
    pub fn of(record: &Record, run: &str, test: &Test) -> TestDocumentation {
        let images = record.files.iter().map(|file| format!("{}: sha256 {}", file.name, file.sha256));
        let set_up = test.setup.iter().map(|entry| format!("{}: {}", entry.name, entry.value));
        let tools = [record.provenance.tool.clone(), record.provenance.device_host.clone()];
        let controls = test.control.iter().map(|control| {
            let held = if control.held { "held" } else { "did not hold" };
            format!("control: {}: {} ({held})", control.stimulus, control.observed)
        });
        let seen = test.observed.iter().map(|entry| format!("{}: {}", entry.name, entry.value));
        let tally = test.tally.iter().flat_map(|(kind, outcomes)| {
            outcomes.iter().map(move |(outcome, count)| format!("{kind}: {count} × {outcome}"))
        });
        let held = test.control.iter().filter(|control| control.held).count();
        TestDocumentation {
            id: test.id.clone(),
            run: run.to_owned(),
            requirement: test.sfr.clone(),
            kind: test.kind,
            tested: joined(&test.interface, &test.title),
            set_up: images.chain(set_up).collect(),
            prerequisites: tools.into_iter().filter(|tool| !tool.is_empty()).chain(controls).collect(),
            stimulus: test.procedure.clone(),
            observation: seen.chain(tally).chain(test.transcript.iter().cloned()).collect(),
            expected: match (test.expected.is_empty(), test.control.len()) {
                (true, _) => String::new(),
                (false, 0) => test.expected.clone(),
                (false, all) => {
                    format!(
                        "{} Told apart by {held} of {all} controls, judged by the same code.",
                        test.expected
                    )
                }
            },
            conclusion: joined(&test.conclusion, &test.clean_up),
            verdict: Some(test.verdict),
        }
    }

    /// All tests of an evaluation.
    pub fn all(record: &Record, run: &str) -> Vec<TestDocumentation> {
        record.tests.iter().map(|test| TestDocumentation::of(record, run, test)).collect()
    }

    /// Which of the eight items are missing, by their place in [`ITEMS`].
    pub fn missing(&self) -> Vec<usize> {
        let list = |list: &[String]| list.iter().any(|one| !one.trim().is_empty());
        let text = |text: &str| !text.trim().is_empty();
        let there = [
            text(&self.tested),
            list(&self.set_up),
            list(&self.prerequisites),
            text(&self.stimulus),
            list(&self.observation),
            text(&self.expected),
            text(&self.conclusion),
            self.verdict.is_some(),
        ];
        (0..ITEMS.len()).filter(|item| !there[*item]).collect()
    }
}

/// Both, or nothing where one is missing: half an item is none.
fn joined(one: &str, other: &str) -> String {
    match (one.trim().is_empty(), other.trim().is_empty()) {
        (false, false) => format!("{one} – {other}"),
        _ => String::new(),
    }
}
