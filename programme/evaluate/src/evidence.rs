//! The record of an evaluation: `evidence.json`.

use crate::model::{Kind, Target, Test, Verdict};
use crate::observations::Observations;
use crate::sfr::{self, Obligation};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the shape of `evidence.json`; it grows when a field changes its meaning or goes.
pub(crate) const SCHEMA: u32 = 1;

/// What can be said about a requirement after an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// At least one test ran, and all that ran passed.
    Passed,
    /// A test failed or came to no conclusion.
    Failed,
    /// No test ran.
    NotTested,
}

impl Standing {
    /// What follows from the verdicts of the tests that ran.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Standing {
        verdicts.into_iter().fold(Standing::NotTested, |standing, verdict| match (standing, verdict) {
            (Standing::Failed, _) | (_, Verdict::Fail | Verdict::Inconclusive) => Standing::Failed,
            (_, Verdict::Pass) => Standing::Passed,
        })
    }

    /// The words for it in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Passed => "passed",
            Standing::Failed => "failed",
            Standing::NotTested => "not-tested",
        }
    }
}

/// One test as it was carried out: the items that ATE_IND.1 asks a record to hold.
#[derive(Debug, Clone, Serialize)]
pub struct TestRecord {
    /// Id of the test.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Id of the requirement.
    pub sfr: &'static str,
    /// Threats.
    pub threats: Vec<&'static str>,
    /// Functional test or attack.
    pub kind: Kind,
    /// The interface that was stimulated.
    pub interface: &'static str,
    /// The procedure: prerequisites and stimulus.
    pub procedure: &'static str,
    /// What had to be seen.
    pub expected: &'static str,
    /// What was seen, with set-up and controls.
    #[serde(flatten)]
    pub observations: Observations,
    /// The conclusion in a sentence.
    pub conclusion: String,
    /// In what state things were left.
    pub clean_up: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// Time it took.
    pub seconds: f64,
}

/// A test that says nothing on this target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotApplicable {
    /// Id of the test.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Id of the requirement.
    pub sfr: &'static str,
    /// Why it says nothing.
    pub reason: &'static str,
}

/// A test that can run on this target, as `--list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applicable {
    /// Id of the test.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Id of the requirement.
    pub sfr: &'static str,
    /// Functional test or attack.
    pub kind: Kind,
}

impl From<&Test> for Applicable {
    fn from(test: &Test) -> Applicable {
        Applicable { id: test.id, title: test.title, sfr: test.sfr, kind: test.kind }
    }
}

/// A file of the target of evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestedFile {
    /// The part that it is, by the name that the device answers, or what it is.
    pub name: String,
    /// The version that the device answers for the part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its path.
    pub path: String,
    /// Bytes.
    pub size: usize,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// A requirement with what can be said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SfrRow {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Mandatory or optional.
    pub obligation: Obligation,
    /// What it asks for.
    pub summary: &'static str,
    /// What can be said.
    pub standing: Standing,
    /// Tests that passed.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
}

/// The tool and the machine that made the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Name and version of the tool.
    pub tool: String,
    /// When the evaluation began, RFC 3339.
    pub date: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// Operating system and processor.
    pub host: String,
    /// Version of the emulator, or of the process that plays the device.
    pub device_host: String,
}

/// A whole evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// Version of the shape of this record.
    pub schema: u32,
    /// What was evaluated.
    pub target: Target,
    /// Who made this, when and where.
    pub provenance: Provenance,
    /// Where the samples of the campaigns came from.
    pub seed: u64,
    /// Whether samples were cut down for speed; such an evaluation is for development only.
    pub quick: bool,
    /// The board description as it was read.
    pub board: serde_json::Value,
    /// What was evaluated, byte for byte.
    pub files: Vec<TestedFile>,
    /// All requirements of the profile.
    pub sfrs: Vec<SfrRow>,
    /// All tests that ran.
    pub tests: Vec<TestRecord>,
    /// All tests that say nothing on this target.
    pub not_applicable: Vec<NotApplicable>,
    /// What this evidence does not show.
    pub limits: Vec<&'static str>,
}

/// The object that `dtsec evaluate --json` ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The target.
    pub target: Target,
    /// Tests that ran.
    pub tests: usize,
    /// Tests that passed.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// Every requirement of the profile.
    pub sfrs: BTreeMap<&'static str, Standing>,
}

impl Evidence {
    /// Requirements with what the tests say about them.
    pub fn rows(tests: &[TestRecord]) -> Vec<SfrRow> {
        let row = |sfr: &sfr::Sfr| {
            let own = || tests.iter().filter(|test| test.sfr == sfr.id).map(|test| test.verdict);
            let passed = own().filter(|verdict| *verdict == Verdict::Pass).count();
            SfrRow {
                id: sfr.id,
                title: sfr.title,
                obligation: sfr.obligation,
                summary: sfr.summary,
                standing: Standing::of(own()),
                passed,
                failed: own().count() - passed,
            }
        };
        sfr::all().iter().map(row).collect()
    }

    /// Tests that did not pass.
    pub fn failures(&self) -> impl Iterator<Item = &TestRecord> {
        self.tests.iter().filter(|test| test.verdict != Verdict::Pass)
    }

    /// What all tests together come to: fail if one failed; else inconclusive if one could not be carried out, which
    /// is the machine's fault and says nothing of the device.
    pub fn verdict(&self) -> Verdict {
        let any = |verdict| self.tests.iter().any(|test| test.verdict == verdict);
        match (any(Verdict::Fail), any(Verdict::Inconclusive)) {
            (true, _) => Verdict::Fail,
            (false, true) => Verdict::Inconclusive,
            (false, false) => Verdict::Pass,
        }
    }

    /// The evaluation in one object.
    pub fn summary(&self) -> Summary {
        let failed = self.failures().count();
        Summary {
            target: self.target,
            tests: self.tests.len(),
            passed: self.tests.len() - failed,
            failed,
            sfrs: self.sfrs.iter().map(|row| (row.id, row.standing)).collect(),
        }
    }
}

/// What evidence from this target does not show.
pub(crate) fn limits(target: Target) -> Vec<&'static str> {
    let common = "The tests look at behaviour from outside. They do not replace the review of source, guidance and \
                  life cycle that SESIP3 asks for, and the verdict on each work unit stays with the evaluator.";
    let entropy = "The entropy source is played by the harness. Health tests and their failure handling are \
                   exercised; nothing is said about a physical noise source, and statistics of a generator's output \
                   never show that it is unpredictable.";
    match target {
        Target::Mps2An505 => vec![
            "The device is emulated by QEMU. Instruction and memory behaviour and TrustZone attribution are those \
             of its model; nothing is said about timing, side channels, real voltage, clock or electromagnetic \
             glitching, debug ports, or the physics of flash and fuses.",
            entropy,
            common,
        ],
        Target::Virtual => vec![
            "The device is a host process around the platform's own boot and service code. It has no processor of \
             its own, so nothing is said about TrustZone, the gate's pointer checks, memory attribution, faults, \
             timing, side channels or glitching.",
            entropy,
            common,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_passes_only_if_something_ran_and_all_of_it_passed() {
        assert_eq!(Standing::of([]), Standing::NotTested);
        assert_eq!(Standing::of([Verdict::Pass, Verdict::Pass]), Standing::Passed);
        assert_eq!(Standing::of([Verdict::Fail, Verdict::Pass]), Standing::Failed);
        assert_eq!(Standing::of([Verdict::Pass, Verdict::Inconclusive]), Standing::Failed);
    }

    #[test]
    fn an_evaluation_of_tests_that_could_not_be_carried_out_is_inconclusive_unless_one_failed() {
        let with = |verdicts: &[Verdict]| {
            let mut evidence = crate::report::sample();
            let record = evidence.tests[0].clone();
            evidence.tests =
                verdicts.iter().map(|verdict| TestRecord { verdict: *verdict, ..record.clone() }).collect();
            evidence.verdict()
        };
        assert_eq!(with(&[Verdict::Pass, Verdict::Inconclusive]), Verdict::Inconclusive);
        assert_eq!(with(&[Verdict::Inconclusive, Verdict::Fail]), Verdict::Fail);
        assert_eq!(with(&[Verdict::Pass, Verdict::Pass]), Verdict::Pass);
    }

    #[test]
    fn the_summary_has_exactly_the_documented_fields_and_all_requirements() {
        let evidence = crate::report::sample();
        let json = serde_json::to_value(evidence.summary()).unwrap();
        let mut fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["failed", "passed", "sfrs", "target", "tests"]);
        assert_eq!(json["sfrs"].as_object().unwrap().len(), 21);
        assert_eq!(json["sfrs"]["secure-initialization-of-platform"], "failed");
        assert_eq!(json["sfrs"]["secure-debugging"], "not-tested");
        assert_eq!((&json["tests"], &json["passed"], &json["failed"]), (&1.into(), &0.into(), &1.into()));
    }
}
