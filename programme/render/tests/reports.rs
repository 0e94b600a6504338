//! Reports, drafts of certificates, conformance reports.

mod support;

use dtsec_model::etr::EvaluationTechnicalReport;
use dtsec_render::conformance::{Checked, CheckedFinding, CheckedRule, Weight};
use dtsec_render::{RenderError, Variant, certificate, conformance, docx, etr};
use support::{page, parts, profile, reference, seen, well_formed, words};

#[test]
fn a_report_has_every_work_unit_with_proposal_and_decision() {
    let report = support::etr(&reference());
    let doc = etr::report(&report, Variant::Confidential).unwrap();
    let text = seen(&page(&doc));
    for unit in &report.work_units {
        assert!(text.contains(&unit.id) && text.contains(&unit.task), "{}", unit.id);
    }
    for wanted in [
        "Needs a person: Rate the attack.",
        "Prepared: The list of candidates.",
        "✓ pass, by Eva Lua on 2026-11-19",
        "✗ fail, by Eva Lua on 2026-11-19",
        "Differs from the proposal.",
        "1 of 3 work units have no decision",
        "Over all: ✗ fail",
        "OR-1",
        "A case is missing.",
        "run-1",
        "Target of Evaluation",
        "CONFIDENTIAL",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    assert_eq!(text.matches("Differs from the proposal.").count(), 1, "only where it does");
    for (name, part) in parts(&docx::write(&doc).unwrap()) {
        well_formed(&name, &part).unwrap();
    }
}

#[test]
fn points_and_standing_of_vulnerabilities_are_computed_and_a_wrong_standing_is_told() {
    let mut report = support::etr(&reference());
    let text = |report: &EvaluationTechnicalReport| {
        seen(&page(&etr::report(report, Variant::Confidential).unwrap()))
    };
    let right = text(&report);
    assert!(right.contains("V-1secure-debugging5Basicexploitable"), "{right}");
    assert!(right.contains("Sum: 16") && right.contains("two weeks or less – 2"));
    assert!(right.contains("1 vulnerability can be exploited"));
    assert!(!right.contains("data say otherwise"), "the control");
    report.vulnerabilities[1].standing = dtsec_model::etr::Standing::Exploitable;
    assert!(text(&report).contains("data say otherwise"));
}

#[test]
fn a_sanitised_report_has_the_verdicts_and_none_of_the_details() {
    let report = support::etr(&reference());
    let [full, public] = [Variant::Confidential, Variant::Sanitised]
        .map(|variant| seen(&page(&etr::report(&report, variant).unwrap())));
    for hidden in [
        "Boot and platform.",
        "A port is open.",
        "One case was skipped.",
        "A case is missing.",
        "run-1",
        "Eva Lua",
    ] {
        assert!(full.contains(hidden), "the control: {hidden}");
        assert!(!public.contains(hidden), "{hidden}");
    }
    for kept in ["✗ fail", "ATE_IND.1-1", "sanitised summary", "V-1"] {
        assert!(public.contains(kept), "{kept}");
    }
}

#[test]
fn a_draft_says_on_every_page_that_it_is_no_certificate_and_what_keeps_it_from_being_one() {
    let target = reference();
    let mut report = support::etr(&target);
    let doc = certificate::draft(&report, &target, profile()).unwrap();
    let text = seen(&page(&doc));
    assert!(text.matches(certificate::BANNER).count() >= 3, "{text}");
    for wanted in [
        "the verdict over all work units is fail",
        "the claim secure-debugging is not met",
        "the vulnerability V-1 can be exploited",
        "✗ not met yet",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    let parts = parts(&docx::write(&doc).unwrap());
    assert!(parts["word/header1.xml"].contains(certificate::BANNER));
    assert!(words(&parts["word/document.xml"]).contains(certificate::BANNER));

    let mut met = target;
    met.requirements.iter_mut().for_each(|claim| claim.not_yet_met = None);
    report = support::etr(&met);
    report.vulnerabilities.remove(0);
    let decision = report.work_units[0].decision.clone();
    report.work_units.iter_mut().for_each(|unit| unit.decision = decision.clone());
    assert_eq!(certificate::obstacles(&report, &met), Vec::<String>::new(), "the control");
    let text = seen(&page(&certificate::draft(&report, &met, profile()).unwrap()));
    assert!(!text.contains("What keeps it") && text.contains(certificate::BANNER), "a draft all the same");
}

#[test]
fn a_draft_is_refused_where_the_report_is_about_another_security_target() {
    let target = reference();
    let report = support::etr(&target);
    let mut other = target.clone();
    other.version = "9.9".into();
    let refused = certificate::draft(&report, &other, profile()).unwrap_err();
    assert!(matches!(refused, RenderError::OtherSecurityTarget { .. }), "{refused}");
    assert!(certificate::draft(&report, &target, profile()).is_ok(), "the control");
}

fn checked(findings: Vec<CheckedFinding>) -> Checked {
    let rule = |id: &str, findings| CheckedRule {
        id: id.into(),
        title: format!("Title of {id}"),
        clause: "SESIP 1.2".into(),
        explanation: "Because.".into(),
        remedy: "Fill it in.".into(),
        weight: Weight::Error,
        findings,
    };
    Checked {
        title: "Sample".into(),
        version: "0.1".into(),
        digest: "ab".repeat(32),
        file: "st.json".into(),
        profile: "p 1".into(),
        tool: "dtsec".into(),
        rules: vec![rule("date-given", findings), rule("other-rule", Vec::new())],
    }
}

#[test]
fn a_conformance_report_lists_findings_by_rule_and_every_rule() {
    let finding =
        CheckedFinding { pointer: "/date".into(), line: 7, value: String::new(), message: "no date".into() };
    let text = seen(&page(&conformance::report(&checked(vec![finding]))));
    for wanted in [
        "Title of date-given",
        "/date",
        "line 7",
        "no date",
        "To do: Fill it in.",
        "✗ does not conform",
        "other-rule",
        "✓ kept",
        "1 error",
    ] {
        assert!(text.contains(wanted), "{wanted}");
    }
    let text = seen(&page(&conformance::report(&checked(Vec::new()))));
    assert!(text.contains("✓ conforms") && text.contains("No rule found anything."), "the control");
}
