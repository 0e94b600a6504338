//! The corpus: every rule finds what it is for, at its edges, and nothing beside it.

#![forbid(unsafe_code)]

mod support;

use dtsec_conformance::{Finding, check, rule, rules};
use std::collections::HashSet;
use support::{Bench, bench, cases};

fn findings(bench: &Bench) -> Vec<Finding> {
    check(&bench.target, &bench.profile, &bench.documents)
}

fn told(findings: &[Finding]) -> String {
    let each = findings.iter().map(|one| format!("{} at {}: {}", one.rule.id, one.pointer, one.message));
    each.collect::<Vec<_>>().join("\n    ")
}

#[test]
fn the_right_security_target_is_right() {
    let found = findings(&bench(&[]));
    assert!(found.is_empty(), "{}", told(&found));
}

#[test]
fn each_wrong_security_target_is_found_by_its_rule_alone_and_the_one_beside_it_is_right() {
    let mut failures = Vec::new();
    for case in cases() {
        let name = format!("{}: {}", case.rule, case.case);
        let wrong = findings(&bench(&case.wrong));
        let ours: Vec<&Finding> = wrong.iter().filter(|one| one.rule.id == case.rule).collect();
        let others = wrong.iter().filter(|one| one.rule.id != case.rule);
        let alone = others.clone().all(|one| case.ignore.iter().any(|id| id == one.rule.id));
        let placed = case.at.as_ref().is_none_or(|at| ours.iter().all(|one| one.pointer == *at));
        if ours.len() != case.count || !alone || !placed {
            failures.push(format!("{name}, wrong:\n    {}", told(&wrong)));
        }
        let right = findings(&bench(&case.right));
        if !right.is_empty() {
            failures.push(format!("{name}, right:\n    {}", told(&right)));
        }
    }
    assert!(failures.is_empty(), "{} of the cases fail\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_rule_has_a_wrong_and_a_right_security_target_and_every_case_a_rule() {
    let cases = cases();
    let with: HashSet<&str> = cases.iter().map(|case| &*case.rule).collect();
    for rule in rules() {
        assert!(with.contains(rule.id), "no case for {}", rule.id);
    }
    for case in &cases {
        assert!(rule(&case.rule).is_some(), "{} is no rule", case.rule);
        assert!(!case.wrong.is_empty(), "{}: {} edits nothing", case.rule, case.case);
    }
    let names: HashSet<(&str, &str)> = cases.iter().map(|case| (&*case.rule, &*case.case)).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    assert!(cases.len() >= 60, "{} cases", cases.len());
}

#[test]
fn a_rule_has_a_kebab_case_id_of_its_own_and_says_everything_about_itself() {
    let mut ids = HashSet::new();
    for rule in rules() {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.id.chars().all(kebab) && ids.insert(rule.id), "{}", rule.id);
        for text in [rule.clause, rule.title, rule.explanation, rule.remedy] {
            assert!(text.len() > 8 && !text.contains("  ") && text.trim() == text, "{}: {text}", rule.id);
        }
        assert!(rule.explanation.ends_with('.') && rule.remedy.ends_with('.'), "{}", rule.id);
    }
}
