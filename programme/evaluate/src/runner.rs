//! Runs tests: which ones, two at a time, and what becomes of how they end.

use crate::bench::Bench;
use crate::evidence::{NotApplicable, TestRecord};
use crate::model::{Failure, Outcome, Target, Test, Verdict};
use crate::observations::Observations;
use crate::{sfr, tests};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Tests under way at the same time.
const WORKERS: usize = 2;

const CLEAN_UP: &str = "Devices were switched off and their folders deleted; keys existed only in memory.";

/// Why a selection of tests makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// No such requirement.
    #[error("there is no SFR `{name}`{}; `dtsec evaluate --list` shows them all", did_you_mean(.near))]
    UnknownSfr {
        /// What was asked for.
        name: String,
        /// Ids that look like it.
        near: Vec<&'static str>,
    },
    /// No such test.
    #[error("there is no test `{name}`{}; `dtsec evaluate --list` shows them all", did_you_mean(.near))]
    UnknownTest {
        /// What was asked for.
        name: String,
        /// Ids that look like it.
        near: Vec<&'static str>,
    },
    /// The requirement is known, but nothing looks at it yet, on any target.
    #[error("there is no test of the SFR `{sfr}` yet; `dtsec evaluate --list` shows those that have tests")]
    NoTestYet {
        /// Its id.
        sfr: &'static str,
    },
    /// Nothing is left to run.
    #[error("no test for this selection runs on {target}")]
    Nothing {
        /// The target.
        target: &'static str,
    },
}

fn did_you_mean(near: &[&str]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) }
}

/// Which tests to run. Empty lists mean all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Requirements, by id, title or alias.
    pub sfrs: Vec<String>,
    /// Tests, by id.
    pub tests: Vec<String>,
}

impl Selection {
    /// Whether everything is selected.
    pub fn is_all(&self) -> bool {
        self.sfrs.is_empty() && self.tests.is_empty()
    }

    /// The tests that run on `target`, and those that say nothing there.
    pub fn resolve(&self, target: Target) -> Result<(Vec<Test>, Vec<NotApplicable>), SelectionError> {
        let all = tests::all();
        let mut wanted_sfrs = Vec::new();
        for name in &self.sfrs {
            let unknown = || SelectionError::UnknownSfr { name: name.clone(), near: sfr::near(name) };
            let sfr = sfr::find(name).ok_or_else(unknown)?.id;
            if !all.iter().any(|test| test.sfr == sfr) {
                return Err(SelectionError::NoTestYet { sfr });
            }
            wanted_sfrs.push(sfr);
        }
        for name in &self.tests {
            if !all.iter().any(|test| test.id == name) {
                let near = sfr::nearest(name, all.iter().map(|test| test.id));
                return Err(SelectionError::UnknownTest { name: name.clone(), near });
            }
        }
        let wanted = |test: &Test| {
            (wanted_sfrs.is_empty() || wanted_sfrs.contains(&test.sfr))
                && (self.tests.is_empty() || self.tests.iter().any(|id| id == test.id))
        };
        let (mut run, mut skip) = (Vec::new(), Vec::new());
        for test in all.into_iter().filter(wanted) {
            match test.applies.reason_against(target) {
                None => run.push(test),
                Some(reason) => {
                    skip.push(NotApplicable { id: test.id, title: test.title, sfr: test.sfr, reason });
                }
            }
        }
        Ok((run, skip))
    }
}

/// Who is told of the progress of an evaluation; called from several threads.
pub trait Progress: Sync {
    /// A test begins.
    fn started(&self, test: &Test) {
        let _ = test;
    }
    /// A test ended.
    fn finished(&self, record: &TestRecord) {
        let _ = record;
    }
}

/// Tells nobody.
impl Progress for () {}

/// Runs all of `tests`, two at a time, and returns their records in the order given.
pub(crate) fn run(bench: &Bench, tests: &[Test], progress: &dyn Progress) -> Vec<TestRecord> {
    let next = AtomicUsize::new(0);
    let records: Mutex<Vec<(usize, TestRecord)>> = Mutex::new(Vec::with_capacity(tests.len()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(tests.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(test) = tests.get(index) else { return };
                    progress.started(test);
                    let record = run_one(bench, test);
                    progress.finished(&record);
                    records.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((index, record));
                }
            });
        }
    });
    let mut records = records.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    records.sort_by_key(|(index, _)| *index);
    records.into_iter().map(|(_, record)| record).collect()
}

fn run_one(bench: &Bench, test: &Test) -> TestRecord {
    let mut observations = Observations::default();
    let start = Instant::now();
    let outcome = caught(|| (test.run)(bench, &mut observations));
    let verdict = crate::model::verdict_of(test.kind, &outcome, observations.control.len());
    let conclusion = match &outcome {
        Ok(()) if verdict == Verdict::Pass => "Observed as expected.".to_owned(),
        Ok(()) => "The harness is blind: the attack ran without a positive control.".to_owned(),
        Err(failure) => failure.to_string(),
    };
    TestRecord {
        id: test.id,
        title: test.title,
        sfr: test.sfr,
        threats: test.threats.iter().map(|threat| threat.name()).collect(),
        kind: test.kind,
        interface: test.interface,
        procedure: test.procedure,
        expected: test.expected,
        observations,
        conclusion,
        clean_up: CLEAN_UP,
        verdict,
        seconds: start.elapsed().as_secs_f64(),
    }
}

/// A test that panics is a defect of the harness, and must not take the other records with it.
fn caught(run: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(Failure::Harness(anyhow::anyhow!("the harness panicked: {text}")))
    })
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn select(sfrs: &[&str], tests: &[&str]) -> Result<(Vec<Test>, Vec<NotApplicable>), SelectionError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Selection { sfrs: owned(sfrs), tests: owned(tests) }.resolve(Target::Virtual)
    }

    #[test]
    fn a_requirement_selects_its_tests_and_no_others() {
        let (run, _) = select(&["cryptographic-random-number-generation"], &[]).unwrap();
        assert!(!run.is_empty());
        assert!(run.iter().all(|test| test.sfr == "cryptographic-random-number-generation"));
    }

    #[test]
    fn a_requirement_without_tests_is_said_to_have_none_yet() {
        // The last requirement of the profile that anything will look at.
        let error = select(&["physical-attacker-resistance"], &[]).err().unwrap().to_string();
        assert!(error.contains("no test of the SFR `physical-attacker-resistance` yet"), "{error}");
        assert!(!select(&["Secure Boot"], &[]).unwrap().0.is_empty());
    }

    #[test]
    fn an_unknown_name_is_answered_with_names_that_look_like_it() {
        let error = select(&["secure-initialisation-of-platfrom"], &[]).err().unwrap().to_string();
        assert!(error.contains("did you mean secure-initialization-of-platform"), "{error}");
        for (sfrs, tests) in [(&["nope"][..], &[][..]), (&[], &["nothing-like-it"])] {
            let error = select(sfrs, tests).err().unwrap().to_string();
            assert!(error.contains("`dtsec evaluate --list` shows them all"), "{error}");
        }
    }

    #[test]
    fn what_says_nothing_on_a_target_is_listed_with_its_reason_and_not_run() {
        let (run, skipped) = select(&[], &[]).unwrap();
        assert!(!skipped.is_empty() && skipped.iter().all(|test| !test.reason.is_empty()));
        assert!(skipped.iter().all(|gone| run.iter().all(|test| test.id != gone.id)));
    }

    #[test]
    fn a_panic_in_a_test_is_a_failure_of_the_harness() {
        let outcome = caught(|| panic!("index out of bounds"));
        assert!(matches!(outcome, Err(Failure::Harness(e)) if e.to_string().contains("index out of bounds")));
    }
}
