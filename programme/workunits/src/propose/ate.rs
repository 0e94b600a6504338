//! ATE: the independent tests.

use super::context::Context;
use crate::independent::{ITEMS, IndependentTests, TestDocumentation};
use crate::judge::{Checks, Judgement, References};
use dtsec_model::etr::Verdict;

/// The item that says what was seen, those around the test before it is run, and those after it.
const SET_UP: [usize; 2] = [1, 2];
const BEFORE: [usize; 5] = [0, 1, 2, 3, 5];

pub(super) fn judge(unit: &str, context: &Context<'_>) -> Judgement {
    if unit == "ATE_IND.1-1" {
        return context.configuration_under_test("what was tested");
    }
    let (Some(drawn), Some(cited)) = (&context.inputs.independent, &context.independent) else {
        return Judgement::person(
            "No independent tests were drawn yet: `dtsec independent-tests commit`.",
            [],
        );
    };
    // A test is cited only where the evidence of its run is at hand.
    let runs: Vec<String> = context
        .results()
        .map(|(reference, _, _)| reference)
        .filter(|reference| drawn.tests.iter().any(|test| format!("{}/{}", test.run, test.id) == *reference))
        .collect();
    let evidence = References::to(cited).and(runs.iter().cloned());
    let tests = &drawn.tests;
    let done = format!("{} tests were drawn from {} and gone through.", tests.len(), drawn.catalogue.len());
    match unit {
        "ATE_IND.1-2" => {
            lacking(tests, &SET_UP, "each test records set-up and prerequisites").judge(done, evidence)
        }
        "ATE_IND.1-3" => subset(drawn).judge(done, evidence),
        "ATE_IND.1-4" => {
            lacking(tests, &BEFORE, "each test says what is needed to repeat it").judge(done, evidence)
        }
        "ATE_IND.1-5" => {
            let without = tests.iter().filter(|test| {
                let reference = format!("{}/{}", test.run, test.id);
                test.verdict.is_none() || !runs.contains(&reference)
            });
            Checks::default()
                .none(
                    "each drawn test has a result in the evidence",
                    &without.map(|test| test.id.clone()).collect::<Vec<_>>(),
                )
                .judge(done, evidence)
        }
        "ATE_IND.1-6" => {
            let all: Vec<usize> = (0..ITEMS.len()).collect();
            lacking(tests, &all, "each test is recorded with all eight items").judge(done, evidence)
        }
        "ATE_IND.1-7" => compared(tests, done, evidence),
        _ => {
            let passed = tests.iter().filter(|test| test.verdict == Some(Verdict::Pass)).count();
            let coverage = drawn.coverage();
            let prepared = format!(
                "{} tests, {passed} passed; they cover {} of {} requirements, {} of {} kinds and {} of {} \
                 interfaces of the catalogue; {} results in all.",
                tests.len(),
                coverage.requirements.0,
                coverage.requirements.1,
                coverage.kinds.0,
                coverage.kinds.1,
                coverage.interfaces.0,
                coverage.interfaces.1,
                context.results().count()
            );
            Judgement::person(prepared, [cited.clone()])
        }
    }
}

/// Tests that lack one of these items.
pub(super) fn lacking<'t>(
    tests: impl IntoIterator<Item = &'t TestDocumentation>,
    items: &[usize],
    what: &str,
) -> Checks {
    let wrong = tests.into_iter().filter_map(|test| {
        let missing = test.missing();
        let missing: Vec<&str> =
            missing.iter().filter(|item| items.contains(item)).map(|item| ITEMS[*item]).collect();
        (!missing.is_empty()).then(|| format!("{} ({})", test.id, missing.join(", ")))
    });
    Checks::default().none(what, &wrong.collect::<Vec<_>>())
}

fn subset(drawn: &IndependentTests) -> Checks {
    let coverage = drawn.coverage();
    let opened = drawn.verify();
    let words = match &opened {
        Ok(()) => "the seed is the one that was committed to, and gives exactly these tests".to_owned(),
        Err(error) => format!("the draw can be opened ({error})"),
    };
    let more_than_one = |(covered, all): (usize, usize)| covered > 1 || covered == all;
    Checks::default()
        .that(words, opened.is_ok())
        .that("different requirements are covered", more_than_one(coverage.requirements))
        .that("different kinds of test are covered", more_than_one(coverage.kinds))
        .that("different interfaces are covered", more_than_one(coverage.interfaces))
}

fn compared(tests: &[TestDocumentation], done: String, evidence: References) -> Judgement {
    let open: Vec<String> = tests
        .iter()
        .filter(|test| matches!(test.verdict, None | Some(Verdict::Inconclusive)))
        .map(|test| test.id.clone())
        .collect();
    let failed = tests.iter().filter(|test| test.verdict == Some(Verdict::Fail));
    let failed: Vec<String> = failed.map(|test| format!("{} ({})", test.id, test.conclusion)).collect();
    if failed.is_empty() && !open.is_empty() {
        let rationale = format!("Not carried out to the end: {}.", crate::judge::listed(&open));
        return Judgement::verdict(Verdict::Inconclusive, done, rationale, evidence);
    }
    Checks::default().none("each test saw what it had to see", &failed).judge(done, evidence)
}
