//! Decisions of the evaluator, and the report that they make.

#![forbid(unsafe_code)]

mod support;

use dtsec_model::Document;
use dtsec_model::etr::{EvaluationTechnicalReport, Proposal, Verdict, WorkUnitResult};
use dtsec_workunits::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use support::{date, frame, unit, with};

const PROPOSED: &str = "ASE_INT.1-1";
const PERSONS: &str = "AGD_PRE.1-3";

fn today() -> dtsec_model::Date {
    date("2026-03-01")
}

/// Everything decided to pass: proposals confirmed, the rest by a person.
fn all_passed(inputs: &Inputs) -> Decisions {
    let mut decisions = Decisions::default();
    for result in propose(inputs).unwrap() {
        match result.proposal {
            Proposal::Verdict { .. } => decisions.confirm(&result, "Eva", today(), "").unwrap(),
            Proposal::NeedsPerson { .. } => {
                decisions.decide(&result, Verdict::Pass, "Ivo", today(), "read, and it is so").unwrap();
            }
        }
    }
    decisions
}

fn report(inputs: &Inputs, decisions: &Decisions) -> EvaluationTechnicalReport {
    assemble(inputs, frame(), decisions).unwrap().0
}

#[test]
fn a_proposal_is_confirmed_and_an_override_needs_a_reason() {
    let result = unit(&support::inputs(), PROPOSED);
    let mut decisions = Decisions::default();
    decisions.confirm(&result, "Eva", today(), "").unwrap();
    assert_eq!(decisions.entries[0].decision.verdict, Verdict::Pass);
    for reason in ["", "  "] {
        let error = decisions.decide(&result, Verdict::Fail, "Eva", today(), reason).unwrap_err();
        assert!(matches!(error, DecisionError::NoReason { .. }), "{error}");
    }
    decisions.decide(&result, Verdict::Fail, "Eva", today(), "a part is missing").unwrap();
    assert_eq!(decisions.entries.len(), 2, "the first one is kept");
    for nobody in ["", " "] {
        let error = decisions.confirm(&result, nobody, today(), "").unwrap_err();
        assert!(matches!(error, DecisionError::Nobody { .. }), "{error}");
    }
}

#[test]
fn what_only_a_person_can_tell_is_decided_and_not_confirmed() {
    let result = unit(&support::inputs(), PERSONS);
    let mut decisions = Decisions::default();
    let error = decisions.confirm(&result, "Eva", today(), "fine").unwrap_err();
    assert!(matches!(error, DecisionError::NothingToConfirm { .. }), "{error}");
    decisions.decide(&result, Verdict::Pass, "Eva", today(), "I followed it and it worked").unwrap();
}

#[test]
fn nothing_is_decided_on_a_draft_or_on_what_was_not_finished() {
    let draft = unit(&with(|it| it.documents[0].draft = true), PERSONS);
    let mut decisions = Decisions::default();
    for decided in [
        decisions.confirm(&draft, "Eva", today(), "fine"),
        decisions.decide(&draft, Verdict::Pass, "Eva", today(), "fine"),
        decisions.decide(&draft, Verdict::Fail, "Eva", today(), "bad"),
    ] {
        let error = decided.unwrap_err();
        assert!(matches!(error, DecisionError::Inconclusive { .. }), "{error}");
        assert!(error.to_string().contains("draft"), "{error}");
    }
    assert!(decisions.entries.is_empty());
    decisions
        .decide(&unit(&support::inputs(), PERSONS), Verdict::Pass, "Eva", today(), "fine")
        .expect("the control");
}

#[test]
fn a_decision_on_what_has_changed_since_is_stale_and_does_not_count() {
    let inputs = support::inputs();
    let mut decisions = Decisions::default();
    decisions.confirm(&unit(&inputs, PROPOSED), "Eva", today(), "").unwrap();
    let applied = decisions.apply(propose(&inputs).unwrap()).unwrap();
    assert!(applied.stale.is_empty());
    assert_eq!(counts(&applied.results).decided, 1, "the control");

    let changed = support::with_target(|target| target.overview.functional.push('!'));
    let applied = decisions.apply(propose(&changed).unwrap()).unwrap();
    assert_eq!(counts(&applied.results).decided, 0);
    assert_eq!(applied.stale.len(), 1);
    let stale = &applied.stale[0];
    assert_eq!((stale.work_unit.as_str(), stale.by.as_str()), (PROPOSED, "Eva"));
    assert_eq!(stale.now.as_deref(), Some(digest_of(&unit(&changed, PROPOSED)).unwrap().as_str()));

    decisions.confirm(&unit(&changed, PROPOSED), "Ivo", today(), "").unwrap();
    let applied = decisions.apply(propose(&changed).unwrap()).unwrap();
    assert!(applied.stale.is_empty() && counts(&applied.results).decided == 1, "decided again");
}

#[test]
fn an_older_decision_does_not_come_back_when_a_later_one_is_stale() {
    let (inputs, mut decisions) = (support::inputs(), Decisions::default());
    let changed = support::with_target(|target| target.overview.functional.push('!'));
    decisions.confirm(&unit(&inputs, PROPOSED), "Eva", today(), "").unwrap();
    decisions.decide(&unit(&changed, PROPOSED), Verdict::Fail, "Eva", today(), "worse now").unwrap();
    let applied = decisions.apply(propose(&inputs).unwrap()).unwrap();
    assert_eq!(counts(&applied.results).decided, 0);
    assert_eq!(applied.stale.len(), 1);
}

#[test]
fn decisions_survive_their_json_form_and_nothing_else_is_read() {
    let decisions = all_passed(&support::inputs());
    assert_eq!(serde_json::from_str::<Decisions>(&decisions.to_json()).unwrap(), decisions);
    for wrong in ["{}", r#"{"kind": "evidence", "entries": []}"#] {
        assert!(serde_json::from_str::<Decisions>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_report_with_every_unit_decided_is_complete_and_passes() {
    let inputs = support::inputs();
    let report = report(&inputs, &all_passed(&inputs));
    assert_eq!(gaps(&report), []);
    assert_eq!(verdict(&report), Verdict::Pass);
    let components = by_component(&report);
    assert_eq!(components.len(), 13);
    assert!(components.values().all(|verdict| *verdict == Verdict::Pass));
    assert!(report.observations.is_empty());
    assert_eq!(EvaluationTechnicalReport::from_json(&report.to_json()).unwrap(), report);
    assert_eq!(report.platform.version, "cdd-boot 1.2.3, cdd-platform 1.2.3");
    let digest = dtsec_model::canonical::digest(&inputs.security_target).unwrap();
    assert_eq!(report.security_target.digest.as_deref(), Some(digest.as_str()));
    let run = report.evidence.iter().find(|one| one.reference == "run-1").unwrap();
    assert_eq!(run.issuer, "signed by key");
}

#[test]
fn a_report_without_one_verdict_is_not_complete_and_does_not_pass() {
    let inputs = support::inputs();
    let mut decisions = all_passed(&inputs);
    decisions.entries.retain(|entry| entry.work_unit != PERSONS);
    let report = report(&inputs, &decisions);
    let open = gaps(&report);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0].place, PERSONS);
    assert_eq!(verdict(&report), Verdict::Inconclusive);
}

#[test]
fn one_fail_fails_the_whole_and_has_its_observation_report() {
    let inputs = support::inputs();
    let mut decisions = all_passed(&inputs);
    decisions.decide(&unit(&inputs, PERSONS), Verdict::Fail, "Eva", today(), "step 3 is wrong").unwrap();
    let mut report = report(&inputs, &decisions);
    assert_eq!(verdict(&report), Verdict::Fail);
    assert_eq!(by_component(&report)["AGD_PRE.1"], Verdict::Fail);
    assert_eq!(report.observations.len(), 1);
    assert_eq!(report.observations[0].observation, "step 3 is wrong");
    assert_eq!(gaps(&report), [], "a fail is a verdict");
    report.observations.clear();
    assert_eq!(gaps(&report).len(), 1, "and needs its report");
}

#[test]
fn only_an_evaluator_who_is_named_decides() {
    let inputs = support::inputs();
    let mut decisions = Decisions::default();
    decisions.confirm(&unit(&inputs, PROPOSED), "Mallory", today(), "").unwrap();
    let error = assemble(&inputs, frame(), &decisions).unwrap_err();
    assert!(matches!(&error, AssembleError::Stranger { by, .. } if by == "Mallory"), "{error}");
}

#[test]
fn a_report_that_was_changed_by_hand_shows_its_gaps() {
    let inputs = with(|it| {
        let stated = support::stated("V-1", dtsec_model::attack_potential::Time::ThreeMonths);
        it.analysis.as_mut().unwrap().vulnerabilities.push(stated);
    });
    let good = report(&inputs, &all_passed(&inputs));
    assert_eq!(gaps(&good), []);
    type Change = fn(&mut EvaluationTechnicalReport);
    let changes: [Change; 6] = [
        |it| drop(it.work_units.remove(7)),
        |it| it.work_units.push(it.work_units[7].clone()),
        |it| it.work_units[0].evidence.clear(),
        |it| it.work_units[0].evidence.push("thin air".to_owned()),
        |it| it.evidence.clear(),
        |it| it.vulnerabilities[0].standing = dtsec_model::etr::Standing::Exploitable,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(!gaps(&changed).is_empty(), "{number}");
        assert_eq!(verdict(&changed), Verdict::Inconclusive, "{number}");
    }
}

/// What an evaluator may do, and what may happen meanwhile.
#[derive(Debug, Clone)]
enum Step {
    Confirm(usize),
    Decide(usize, Verdict),
    Change,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![Just(Verdict::Pass), Just(Verdict::Fail), Just(Verdict::Inconclusive)];
    let step = prop_oneof![
        3 => (0usize..6).prop_map(Step::Confirm),
        3 => (0usize..6, verdict).prop_map(|(unit, verdict)| Step::Decide(unit, verdict)),
        1 => Just(Step::Change),
    ];
    proptest::collection::vec(step, 0..24)
}

/// Six results: proposals of each kind; `version` changes those with an even number.
fn results(version: usize) -> Vec<WorkUnitResult> {
    let all = propose(&support::inputs()).unwrap();
    let mut six: Vec<WorkUnitResult> = all
        .into_iter()
        .filter(|result| {
            [PROPOSED, "ASE_INT.1-2", PERSONS, "AGD_PRE.1-1", "ATE_IND.1-7", "ATE_IND.1-6"]
                .contains(&&*result.id)
        })
        .collect();
    if let Proposal::Verdict { verdict, .. } = &mut six[4].proposal {
        *verdict = Verdict::Inconclusive;
    }
    for result in six.iter_mut().step_by(2) {
        result.done = format!("version {version}");
    }
    six
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against a model that only remembers the last decision of each unit and on which version it was made.
    #[test]
    fn what_counts_is_the_last_decision_on_what_there_is_now(steps in steps()) {
        let (mut decisions, mut version) = (Decisions::default(), 0);
        let mut last: BTreeMap<usize, (Verdict, usize)> = BTreeMap::new();
        for step in steps {
            let now = results(version);
            match step {
                Step::Change => version += 1,
                Step::Confirm(at) => {
                    let done = decisions.confirm(&now[at], "Eva", today(), "");
                    match now[at].proposal {
                        Proposal::Verdict { verdict, .. } if verdict != Verdict::Inconclusive => {
                            prop_assert!(done.is_ok());
                            last.insert(at, (verdict, version));
                        }
                        _ => prop_assert!(done.is_err()),
                    }
                }
                Step::Decide(at, verdict) => {
                    let open = matches!(now[at].proposal, Proposal::Verdict { verdict: Verdict::Inconclusive, .. });
                    let done = decisions.decide(&now[at], verdict, "Ivo", today(), "so it is");
                    prop_assert_eq!(done.is_err(), open);
                    if !open {
                        last.insert(at, (verdict, version));
                    }
                }
            }
        }
        let applied = decisions.apply(results(version)).unwrap();
        for (at, result) in applied.results.iter().enumerate() {
            let counts = last.get(&at).filter(|(_, made)| at % 2 == 1 || *made == version);
            prop_assert_eq!(result.decision.as_ref().map(|it| it.verdict), counts.map(|(verdict, _)| *verdict));
            let stale = applied.stale.iter().any(|stale| stale.work_unit == result.id);
            prop_assert_eq!(stale, last.contains_key(&at) && counts.is_none());
        }
    }
}
