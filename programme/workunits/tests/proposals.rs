//! What is proposed for each work unit, and on what.

#![forbid(unsafe_code)]

mod support;

use dtsec_model::attack_potential::Time;
use dtsec_model::deliverable::*;
use dtsec_model::etr::{Proposal, Verdict, WorkUnitResult};
use dtsec_model::evidence::TestKind;
use dtsec_workunits::vulnerability::{StatedError, rate};
use dtsec_workunits::*;
use support::{date, unit, with, with_target};

fn verdict(result: &WorkUnitResult) -> Option<Verdict> {
    match result.proposal {
        Proposal::Verdict { verdict, .. } => Some(verdict),
        Proposal::NeedsPerson { .. } => None,
    }
}

fn rationale(result: &WorkUnitResult) -> &str {
    match &result.proposal {
        Proposal::Verdict { rationale, .. } => rationale,
        Proposal::NeedsPerson { prepared, .. } => prepared,
    }
}

#[test]
fn a_good_package_settles_these_units_and_leaves_those_to_a_person() {
    let results = propose(&support::inputs()).unwrap();
    let persons: Vec<&str> =
        results.iter().filter(|result| verdict(result).is_none()).map(|result| result.id.as_str()).collect();
    let failed: Vec<_> = results.iter().filter(|result| verdict(result) == Some(Verdict::Fail)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(
        persons,
        [
            "ASE_INT.1-4",
            "ASE_INT.1-5",
            "ASE_INT.1-7",
            "ASE_INT.1-10",
            "ASE_INT.1-11",
            "ASE_TSS.1-2",
            "ADV_FSP.4-1",
            "ADV_FSP.4-4",
            "ADV_FSP.4-7",
            "ADV_FSP.4-11",
            "ADV_FSP.4-12",
            "ADV_IMP.3-1",
            "ADV_IMP.3-2",
            "ADV_IMP.3-3",
            "AGD_OPE.1-1",
            "AGD_OPE.1-2",
            "AGD_OPE.1-3",
            "AGD_OPE.1-4",
            "AGD_OPE.1-5",
            "AGD_OPE.1-7",
            "AGD_OPE.1-8",
            "AGD_PRE.1-1",
            "AGD_PRE.1-2",
            "AGD_PRE.1-3",
            "ALC_FLR.2-1",
            "ALC_FLR.2-2",
            "ALC_FLR.2-3",
            "ALC_FLR.2-4",
            "ALC_FLR.2-5",
            "ALC_FLR.2-6",
            "ALC_FLR.2-7",
            "ALC_FLR.2-8",
            "ALC_FLR.2-9",
            "ATE_IND.1-8",
            "AVA_VAN.3-4",
            "AVA_VAN.3-10",
        ]
    );
    let counts = counts(&results);
    assert_eq!(
        counts,
        Counts { pass: 45, fail: 0, inconclusive: 0, needs_person: 36, decided: 0 },
        "{counts:?}"
    );
}

#[test]
fn no_verdict_is_proposed_without_evidence_that_the_report_lists() {
    for inputs in [support::inputs(), with(|it| it.evidence.clear()), with(|it| it.documents.clear())] {
        let listed = evidence_listed(&inputs).unwrap();
        for result in propose(&inputs).unwrap() {
            assert!(verdict(&result).is_none() || !result.evidence.is_empty(), "{result:#?}");
            for reference in &result.evidence {
                let known = listed.iter().any(|one| {
                    reference == &one.reference || reference.starts_with(&format!("{}/", one.reference))
                });
                assert!(known, "{} cites {reference}, which is not listed", result.id);
            }
        }
    }
}

#[test]
fn without_anything_but_a_security_target_nothing_passes() {
    let inputs = Inputs::new(support::target(), date("2026-03-01"));
    let results = propose(&inputs).unwrap();
    assert_eq!(results.len(), 81);
    assert!(results.iter().all(|result| verdict(result) != Some(Verdict::Pass)));
    for result in &results {
        if let Proposal::NeedsPerson { todo, .. } = &result.proposal {
            assert!(!todo.is_empty(), "{}", result.id);
        }
    }
}

#[test]
fn a_draft_carries_no_verdict() {
    let inputs = with_target(|target| target.date = None);
    let all = propose(&inputs).unwrap();
    assert!(all.iter().all(|result| verdict(result) == Some(Verdict::Inconclusive)));
    let inputs = with(|it| it.documents[0].draft = true);
    assert_eq!(verdict(&unit(&inputs, "AGD_OPE.1-6")), Some(Verdict::Inconclusive));
    assert_eq!(verdict(&unit(&inputs, "AGD_PRE.1-3")), Some(Verdict::Inconclusive));
    assert_eq!(verdict(&unit(&inputs, "ALC_FLR.2-10")), Some(Verdict::Pass), "another document");
}

#[test]
fn a_finding_fails_the_unit_that_looks_at_its_place_and_a_warning_asks_for_a_person() {
    let finding = |pointer: &str, severity| {
        let pointer = pointer.to_owned();
        with(move |it| {
            it.conformance.as_mut().unwrap().findings.push(Finding {
                rule: "a-rule".to_owned(),
                pointer,
                message: "is wrong".to_owned(),
                severity,
            });
        })
    };
    let inputs = finding("/requirements/2/values/data", Severity::Error);
    let result = unit(&inputs, "ASE_REQ.3-1");
    assert_eq!(verdict(&result), Some(Verdict::Fail));
    assert!(rationale(&result).contains("a-rule at /requirements/2/values/data: is wrong"));
    assert_eq!(verdict(&unit(&inputs, "ASE_TSS.1-1")), Some(Verdict::Pass), "not its place");
    let inputs = finding("/requirements/2/values/data", Severity::Warning);
    assert_eq!(verdict(&unit(&inputs, "ASE_REQ.3-1")), None);
    let inputs = finding("/requirements/2/values/data", Severity::Note);
    assert_eq!(verdict(&unit(&inputs, "ASE_REQ.3-1")), Some(Verdict::Pass));
    let inputs = finding("/overview/features", Severity::Error);
    assert_eq!(verdict(&unit(&inputs, "ASE_INT.1-5")), Some(Verdict::Fail), "a reader's unit fails too");
    let inputs = finding("/objectives/0/guidance/0", Severity::Error);
    assert_eq!(verdict(&unit(&inputs, "AGD_OPE.1-6")), Some(Verdict::Fail));
}

#[test]
fn what_the_security_target_lacks_fails_its_unit() {
    type Change = fn(&mut dtsec_model::security_target::SecurityTarget);
    let changes: [(&str, Change); 12] = [
        ("ASE_INT.1-2", |it| it.organisation.clear()),
        ("ASE_INT.1-3", |it| it.platform.identification[1].value.clear()),
        ("ASE_INT.1-3", |it| it.platform.only_certified_products_identify_so = false),
        ("ASE_INT.1-9", |it| it.platform.parts[0].delivery.clear()),
        ("ASE_OBJ.1-1", |it| it.objectives[0].guidance.clear()),
        ("ASE_REQ.3-3", |it| it.requirements[2].id = "my-own".to_owned()),
        ("ASE_REQ.3-4", |it| drop(it.requirements.remove(0))),
        ("ASE_REQ.3-5", |it| drop(it.requirements.remove(1))),
        ("ASE_REQ.3-6", |it| it.assurance.levels[0].components.push("ATE_COV.1".to_owned())),
        ("ASE_TSS.1-1", |it| it.requirements[0].rationale.assessment.clear()),
        ("ASE_TSS.1-1", |it| it.requirements[0].not_yet_met = Some("not built".to_owned())),
        ("ALC_FLR.2-10", |it| it.assurance.flaw_remediation.reporting.clear()),
    ];
    for (id, change) in changes {
        assert_eq!(verdict(&unit(&support::inputs(), id)), Some(Verdict::Pass), "{id}: the control");
        let result = unit(&with_target(change), id);
        assert_eq!(verdict(&result), Some(Verdict::Fail), "{id}: {}", rationale(&result));
    }
}

#[test]
fn what_the_functional_specification_lacks_fails_its_unit() {
    type Change = fn(&mut FunctionalSpecification);
    let changes: [(&str, Option<Verdict>, Change); 9] = [
        ("ADV_FSP.4-2", Some(Verdict::Fail), |it| it.interfaces[1].purpose.clear()),
        ("ADV_FSP.4-3", Some(Verdict::Fail), |it| it.interfaces[1].method.clear()),
        ("ADV_FSP.4-5", None, |it| it.generated_from = None),
        ("ADV_FSP.4-6", Some(Verdict::Fail), |it| it.interfaces[0].parameters[0].description.clear()),
        ("ADV_FSP.4-7", Some(Verdict::Fail), |it| it.interfaces[0].actions.clear()),
        ("ADV_FSP.4-8", Some(Verdict::Fail), |it| it.interfaces[2].errors.clear()),
        ("ADV_FSP.4-9", Some(Verdict::Fail), |it| it.interfaces[2].errors[0].meaning.clear()),
        ("ADV_FSP.4-10", Some(Verdict::Fail), |it| it.interfaces[2].requirements.clear()),
        ("ADV_FSP.4-10", Some(Verdict::Pass), |it| {
            it.interfaces[2].requirements.clear();
            it.without_interface.insert(support::SFRS[2].to_owned(), "works by itself".to_owned());
        }),
    ];
    for (id, expected, change) in changes {
        let inputs = with(|it| change(it.functional_specification.as_mut().unwrap()));
        assert_eq!(verdict(&unit(&inputs, id)), expected, "{id}");
    }
    let result = unit(
        &with(|it| it.functional_specification.as_mut().unwrap().interfaces[1].purpose.clear()),
        "ADV_FSP.4-2",
    );
    assert!(rationale(&result).contains("call of secure-update-of-platform"), "it names which");
}

#[test]
fn a_gap_in_the_map_of_the_sources_fails_and_a_map_without_gaps_is_read_by_a_person() {
    assert_eq!(verdict(&unit(&support::inputs(), "ADV_IMP.3-3")), None);
    type Change = fn(&mut TraceMap);
    let changes: [Change; 3] = [
        |it| drop(it.requirements.remove(support::SFRS[0])),
        |it| it.unmapped.push("src/odd.rs".to_owned()),
        |it| drop(it.requirements.insert("secure-debugging".to_owned(), Vec::new())),
    ];
    for change in changes {
        let result = unit(&with(|it| change(it.trace.as_mut().unwrap())), "ADV_IMP.3-3");
        assert_eq!(verdict(&result), Some(Verdict::Fail), "{}", rationale(&result));
    }
}

#[test]
fn evidence_of_another_version_fails_and_evidence_without_versions_asks_for_a_person() {
    for id in ["ALC_CMC.1-1", "ATE_IND.1-1", "AVA_VAN.3-1"] {
        assert_eq!(verdict(&unit(&support::inputs(), id)), Some(Verdict::Pass), "{id}: the control");
        let older = with(|it| it.evidence[0].bundle.run.images[1].version = "1.2.2".to_owned());
        assert_eq!(verdict(&unit(&older, id)), Some(Verdict::Fail), "{id}");
        let unknown = with(|it| it.evidence[0].bundle = support::unversioned());
        assert_eq!(verdict(&unit(&unknown, id)), None, "{id}");
        assert_eq!(verdict(&unit(&with(|it| it.evidence.clear()), id)), None, "{id}");
    }
}

#[test]
fn a_missing_document_is_a_persons_and_a_component_without_any_fails() {
    let inputs = with(|it| it.documents.retain(|document| document.id != "guide"));
    let result = unit(&inputs, "AGD_OPE.1-6");
    assert_eq!(verdict(&result), None);
    assert!(rationale(&result).contains("Not at hand: guide"));
    let inputs = with_target(|target| target.guidance[0].serves.retain(|id| id != "AGD_PRE.1"));
    assert_eq!(verdict(&unit(&inputs, "AGD_PRE.1-1")), Some(Verdict::Fail));
}

#[test]
fn the_configuration_list_has_every_part_and_document_once_and_identified() {
    type Change = fn(&mut ConfigurationList);
    let changes: [(&str, Change); 5] = [
        ("ALC_CMS.1-1", |it| it.items.retain(|item| item.name != "guide")),
        ("ALC_CMS.1-1", |it| it.items.retain(|item| item.name != "security-target")),
        ("ALC_CMS.1-2", |it| it.items.push(it.items[0].clone())),
        ("ALC_CMS.1-2", |it| it.items[0].version.clear()),
        ("ALC_CMC.1-2", |it| it.items[0].version = "9".to_owned()),
    ];
    for (id, change) in changes {
        assert_eq!(verdict(&unit(&support::inputs(), id)), Some(Verdict::Pass), "{id}: the control");
        let inputs = with(|it| change(it.configuration.as_mut().unwrap()));
        assert_eq!(verdict(&unit(&inputs, id)), Some(Verdict::Fail), "{id}");
    }
}

#[test]
fn a_failed_independent_test_fails_and_one_that_did_not_end_decides_nothing() {
    let with_verdict = |verdict| with(|it| it.independent.as_mut().unwrap().tests[0].verdict = verdict);
    let id = "ATE_IND.1-7";
    assert_eq!(verdict(&unit(&support::inputs(), id)), Some(Verdict::Pass));
    assert_eq!(verdict(&unit(&with_verdict(Some(Verdict::Fail)), id)), Some(Verdict::Fail));
    for open in [Some(Verdict::Inconclusive), None] {
        assert_eq!(verdict(&unit(&with_verdict(open), id)), Some(Verdict::Inconclusive));
    }
    let other = with(|it| it.independent.as_mut().unwrap().tests[0].run = "another-run".to_owned());
    assert_eq!(verdict(&unit(&other, "ATE_IND.1-5")), Some(Verdict::Fail), "its run is not in the evidence");
    let incomplete = with(|it| it.independent.as_mut().unwrap().tests[1].observation.clear());
    let result = unit(&incomplete, "ATE_IND.1-6");
    assert_eq!(verdict(&result), Some(Verdict::Fail));
    assert!(rationale(&result).contains("observation"), "{}", rationale(&result));
}

#[test]
fn a_draw_that_does_not_open_fails() {
    let steered = with(|it| {
        let drawn = it.independent.as_mut().unwrap();
        drawn.seed = "00".repeat(32);
    });
    assert_eq!(verdict(&unit(&steered, "ATE_IND.1-3")), Some(Verdict::Fail));
}

#[test]
fn a_search_is_recent_names_every_part_and_gives_every_reason() {
    type Change = fn(&mut dtsec_workunits::vulnerability::PublicSearch);
    let changes: [Change; 5] = [
        |it| it.date = "2026-01-29".parse().unwrap(),
        |it| it.date = "2026-03-02".parse().unwrap(),
        |it| it.sources.clear(),
        |it| it.terms.retain(|term| term != "cdd-boot"),
        |it| it.hits[0].reason.clear(),
    ];
    let with_search =
        |change: Change| with(|it| change(it.analysis.as_mut().unwrap().public_search.as_mut().unwrap()));
    let edge = with_search(|it| it.date = "2026-01-30".parse().unwrap());
    assert_eq!(verdict(&unit(&edge, "AVA_VAN.3-3")), Some(Verdict::Pass), "30 days");
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(verdict(&unit(&with_search(change), "AVA_VAN.3-3")), Some(Verdict::Fail), "{number}");
    }
}

#[test]
fn a_candidate_is_tested_or_excluded_with_a_reason() {
    let with_candidate = |change: fn(&mut dtsec_workunits::vulnerability::Candidate), at: usize| {
        with(|it| change(&mut it.analysis.as_mut().unwrap().candidates[at]))
    };
    let silent = with_candidate(|it| it.excluded = Some(" ".to_owned()), 1);
    assert_eq!(verdict(&unit(&silent, "AVA_VAN.3-5")), Some(Verdict::Fail));
    let untested = with_candidate(|it| it.tests.clear(), 0);
    assert_eq!(verdict(&unit(&untested, "AVA_VAN.3-6")), Some(Verdict::Fail));
    let invented = with_candidate(|it| it.tests = vec!["no-such-test".to_owned()], 0);
    assert_eq!(verdict(&unit(&invented, "AVA_VAN.3-6")), Some(Verdict::Fail));
}

#[test]
fn an_exploitable_vulnerability_fails_a_residual_one_passes_and_an_unrated_success_decides_nothing() {
    let id = "AVA_VAN.3-11";
    let with_vulnerability =
        |time| with(|it| it.analysis.as_mut().unwrap().vulnerabilities.push(support::stated("V-1", time)));
    // A week: 5 points; three months: 14.
    let exploitable = with_vulnerability(Time::OneWeek);
    assert_eq!(verdict(&unit(&exploitable, id)), Some(Verdict::Fail));
    let reports = observations("it", &propose(&exploitable).unwrap());
    assert_eq!(reports.len(), 1);
    assert!(reports[0].severity.starts_with("critical") && reports[0].resolver == "developer");
    let residual = with_vulnerability(Time::ThreeMonths);
    assert_eq!(verdict(&unit(&residual, id)), Some(Verdict::Pass));
    let succeeded = |it: &mut Inputs| {
        it.evidence[0].bundle.results.push(support::result(
            "storage-falls",
            support::SFRS[2],
            TestKind::Attack,
            Verdict::Fail,
        ));
    };
    assert_eq!(verdict(&unit(&with(succeeded), id)), Some(Verdict::Inconclusive), "nobody rated it");
    let mut rated = with_vulnerability(Time::ThreeMonths);
    succeeded(&mut rated);
    assert_eq!(verdict(&unit(&rated, id)), Some(Verdict::Pass), "rated, and hard enough");
}

#[test]
fn a_vulnerability_that_says_too_little_is_refused_and_its_standing_is_never_stated() {
    let level = dtsec_model::assurance::Level::Sesip3;
    let good = support::stated("V-1", Time::OneDay);
    rate(std::slice::from_ref(&good), level).expect("the control");
    let mut silent = good.clone();
    silent.reasoning.clear();
    assert!(matches!(rate(&[silent], level), Err(StatedError::Missing { .. })));
    assert!(matches!(rate(&[good.clone(), good.clone()], level), Err(StatedError::Repeated { .. })));
    let mut text = serde_json::to_value(&good).unwrap();
    text["standing"] = serde_json::json!("residual");
    assert!(serde_json::from_value::<dtsec_workunits::vulnerability::Stated>(text).is_err());
    let rated = rate(&[support::stated("B", Time::SixMonths), support::stated("A", Time::OneDay)], level);
    let standings: Vec<_> = rated.unwrap().into_iter().map(|one| (one.id, one.standing)).collect();
    use dtsec_model::etr::Standing::{Exploitable, Residual};
    assert_eq!(standings, [("A".to_owned(), Exploitable), ("B".to_owned(), Residual)]);
}

#[test]
fn inputs_that_do_not_belong_together_are_refused() {
    let stale = with(|it| it.security_target.title.push('!'));
    assert!(matches!(propose(&stale), Err(InputError::OtherSecurityTarget { .. })));
    let twice = with(|it| it.evidence.push(it.evidence[0].clone()));
    assert!(matches!(propose(&twice), Err(InputError::RepeatedRun { .. })));
    let level = with_target(|it| it.assurance.levels[0].level = dtsec_model::assurance::Level::Sesip2);
    assert!(matches!(propose(&level), Err(InputError::Level)));
    let silent = with(|it| {
        let mut stated = support::stated("V", Time::OneDay);
        stated.source.clear();
        it.analysis.as_mut().unwrap().vulnerabilities.push(stated);
    });
    assert!(matches!(propose(&silent), Err(InputError::Vulnerability(_))));
    propose(&support::inputs()).expect("the control");
}

#[test]
fn a_proposed_fail_has_an_observation_report_with_every_field() {
    let inputs = with_target(|target| target.requirements[0].rationale.assessment.clear());
    let results = propose(&inputs).unwrap();
    let failed: Vec<&str> = results
        .iter()
        .filter(|result| verdict(result) == Some(Verdict::Fail))
        .map(|result| result.id.as_str())
        .collect();
    assert_eq!(failed, ["ASE_TSS.1-1"]);
    let reports = observations("Platform 1.2.3", &results);
    assert_eq!(reports.len(), 1);
    let value = serde_json::to_value(&reports[0]).unwrap();
    for (field, text) in value.as_object().unwrap() {
        assert!(!text.as_str().unwrap().is_empty(), "{field}");
    }
    assert_eq!(value["id"], "OR-ASE_TSS.1-1");
    assert!(reports[0].observation.contains("verification-of-platform-identity"));
    assert!(observations("it", &propose(&support::inputs()).unwrap()).is_empty());
}
