//! The map of this repository's own platform, and what is a gap.

#![forbid(unsafe_code)]

use dtsec_model::Document;
use dtsec_model::security_target::SecurityTarget;
use dtsec_toe::sources::{Configuration, Source, Supporting};
use dtsec_toe::trace::{Gap, Inputs, Results, Test, Trace, trace};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What is held against each other; tests change one thing of it.
struct Material {
    target: SecurityTarget,
    configuration: Configuration,
    sources: Vec<Source>,
    tests: Vec<Test>,
    results: Vec<Results>,
}

impl Material {
    fn own() -> Material {
        let text = std::fs::read_to_string(root().join("toe/security-target.json")).unwrap();
        let configuration = Configuration::read(&root().join("toe/trace.json")).unwrap();
        let test = |test: dtsec_evaluate::Test| Test {
            id: test.id.to_owned(),
            title: test.title.to_owned(),
            requirement: test.sfr.to_owned(),
        };
        Material {
            target: SecurityTarget::from_json(&text).unwrap(),
            sources: configuration.sources(&root()).unwrap(),
            configuration,
            tests: dtsec_evaluate::all_tests().into_iter().map(test).collect(),
            results: Vec::new(),
        }
    }

    fn trace(&self) -> Trace {
        let Material { target, configuration, sources, tests, results } = self;
        trace(&Inputs { target, configuration, sources, tests, results })
    }

    /// Gaps that the Security Target does not admit.
    fn gaps(&self) -> Vec<Gap> {
        self.trace().gaps.into_iter().filter(|gap| !gap.is_admitted()).collect()
    }

    fn source(&mut self, path: &str) -> &mut Source {
        self.sources.iter_mut().find(|source| source.path == path).unwrap()
    }
}

fn results(date: &str, verdict: &str) -> Results {
    let tests = dtsec_evaluate::all_tests();
    let tests: Vec<_> =
        tests.iter().map(|test| serde_json::json!({"id": test.id, "verdict": verdict})).collect();
    serde_json::from_value(
        serde_json::json!({"target": "virtual", "provenance": {"date": date}, "tests": tests, "schema": 1}),
    )
    .unwrap()
}

#[test]
fn the_platforms_own_map_has_the_gaps_that_its_security_target_admits_and_no_other() {
    let trace = Material::own().trace();
    let admitted = |gap: &Gap| match gap {
        Gap::NotYetMet { requirement, .. } => requirement.clone(),
        other => panic!("{other}"),
    };
    assert_eq!(
        trace.gaps.iter().map(admitted).collect::<Vec<_>>(),
        [
            "secure-communication-enforcement",
            "secure-communication-support",
            "secure-debugging",
            "secure-update-of-platform"
        ]
    );
    for row in trace.requirements.iter().filter(|row| row.not_yet_met.is_none()) {
        assert!(
            !row.sources.is_empty() && !row.tests.is_empty() && !row.interfaces.is_empty(),
            "{}",
            row.requirement
        );
    }
}

#[test]
fn every_file_of_the_platform_is_looked_at() {
    let sources = Material::own().sources;
    for path in [
        "device/boot/src/admit.rs",
        "device/platform/src/services/keys.rs",
        "firmware/mps2-an505/boot/src/leave.rs",
    ] {
        assert!(sources.iter().any(|source| source.path == path), "{path}");
    }
    assert!(sources.iter().all(|source| !source.path.contains("/apps/") && !source.path.contains("/tests/")));
}

#[test]
fn a_requirement_without_source_or_test_is_a_gap() {
    let mut material = Material::own();
    assert_eq!(material.gaps(), [], "the control");
    let id = "decommission-of-platform".to_owned();
    material.tests.retain(|test| test.requirement != id);
    assert_eq!(material.gaps(), [Gap::NoTest { requirement: id.clone() }]);
    for source in &mut material.sources {
        if let Ok(Some(ids)) = &mut source.annotation {
            ids.retain(|named| *named != id);
        }
    }
    assert_eq!(material.gaps(), [Gap::NoSource { requirement: id.clone() }, Gap::NoTest { requirement: id }]);
}

#[test]
fn a_requirement_that_nobody_knows_or_nobody_claims_is_a_gap_wherever_it_is_named() {
    let mut material = Material::own();
    let path = "device/boot/src/admit.rs";
    let named = |id: &str| Ok(Some(vec!["secure-initialization-of-platform".to_owned(), id.to_owned()]));
    material.source(path).annotation = named("secure-boot");
    let [Gap::Unknown { place, requirement }] = &material.gaps()[..] else { panic!("{:?}", material.gaps()) };
    assert_eq!((&**place, &**requirement), (path, "secure-boot"));
    material.source(path).annotation = named("physical-attacker-resistance");
    assert!(matches!(&material.gaps()[..], [Gap::NotClaimed { .. }]));
    material = Material::own();
    material.configuration.interfaces[0].requirements.push("secure-boot".into());
    assert!(matches!(&material.gaps()[..], [Gap::Unknown { place, .. }] if place.contains("boot report")));
}

#[test]
fn a_source_that_says_nothing_of_itself_is_a_gap_unless_it_is_listed_with_a_reason() {
    let mut material = Material::own();
    let path = "device/boot/src/admit.rs".to_owned();
    material.source(&path).annotation = Ok(None);
    assert_eq!(material.gaps(), [Gap::Unexplained { source: path.clone() }]);
    let mut entry = Supporting { path: path.clone(), reason: "Because.".into() };
    material.configuration.supporting.push(entry.clone());
    assert_eq!(material.gaps(), [], "the control");
    entry.reason = " ".into();
    *material.configuration.supporting.last_mut().unwrap() = entry;
    assert_eq!(material.gaps(), [Gap::IdleEntry { path }]);
}

#[test]
fn an_entry_for_a_file_that_is_gone_or_that_names_requirements_is_a_gap() {
    let mut material = Material::own();
    let entry = |path: &str| Supporting { path: path.into(), reason: "Because.".into() };
    material.configuration.supporting.push(entry("device/gone"));
    assert_eq!(material.gaps(), [Gap::IdleEntry { path: "device/gone".into() }]);
    material.configuration.supporting.pop();
    material.configuration.supporting.push(entry("device/boot/src/admit.rs"));
    assert_eq!(material.gaps(), [Gap::Both { source: "device/boot/src/admit.rs".into() }]);
}

#[test]
fn a_claim_that_is_not_met_yet_and_has_a_source_after_all_is_a_gap_that_is_not_admitted() {
    let mut material = Material::own();
    let claim = material.target.requirements.iter_mut().find(|claim| claim.id == "decommission-of-platform");
    claim.unwrap().not_yet_met = Some("nothing is there".into());
    assert!(matches!(&material.gaps()[..], [Gap::MetAfterAll { by, .. }] if by.contains("device/")));
}

#[test]
fn the_last_result_of_each_target_counts_and_one_that_is_no_pass_is_a_gap() {
    let mut material = Material::own();
    material.results = vec![results("2026-11-20T10:00:00Z", "fail"), results("2026-11-21T10:00:00Z", "pass")];
    assert_eq!(material.gaps(), [], "the older failure is over");
    let trace = material.trace();
    let row = trace.requirements.iter().find(|row| row.requirement == "cryptographic-operation").unwrap();
    assert!(
        row.tests
            .iter()
            .all(|test| test.results.len() == 1 && test.results[0].date.starts_with("2026-11-21"))
    );
    material.results.push(results("2026-11-22T10:00:00Z", "fail"));
    assert!(
        material.gaps().iter().all(|gap| matches!(gap, Gap::NotPassed { .. })) && !material.gaps().is_empty()
    );
    material.results = vec![
        serde_json::from_value(
            serde_json::json!({"target": "virtual", "provenance": {"date": ""}, "tests": []}),
        )
        .unwrap(),
    ];
    assert!(
        material.gaps().iter().all(|gap| matches!(gap, Gap::NoResult { .. })) && !material.gaps().is_empty()
    );
}
