//! The draw of independent tests: committed, reproducible, spread; and their documentation.

#![forbid(unsafe_code)]

mod support;

use dtsec_evidence::evaluation::Record;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::TestKind;
use dtsec_workunits::independent::*;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use support::{catalogue, date, drawn, records, seed};

#[test]
fn the_commitment_is_the_sha_256_of_the_seed_and_anybody_can_recompute_it() {
    let bytes = hex::decode(seed().to_hex()).unwrap();
    assert_eq!(seed().commitment(), hex::encode(Sha256::digest(&bytes)));
    assert!(!format!("{:?}", seed()).contains("5a5a"), "a seed does not get into a log");
    for wrong in ["", "5a", &"5a".repeat(33), &"zz".repeat(32)] {
        assert!(matches!(Seed::from_hex(wrong), Err(DrawError::Seed)), "{wrong}");
    }
    assert_ne!(Seed::generate().unwrap(), Seed::generate().unwrap());
}

#[test]
fn a_seed_in_an_old_report_keeps_its_meaning() {
    // Changing the stream or the choice breaks every report that was ever written.
    let chosen = choose(&seed(), &catalogue(), 6).unwrap();
    assert_eq!(chosen.len(), 6);
    assert_eq!(hex::encode(&Sha256::digest(chosen.join(",").as_bytes())[..4]), "bc1634b4");
}

#[test]
fn the_draw_opens_with_the_seed_and_catalogue_of_the_commitment_and_with_no_others() {
    let good = drawn(&records());
    good.verify().unwrap();
    let other_seed = IndependentTests { seed: "00".repeat(32), ..good.clone() };
    assert!(matches!(other_seed.verify(), Err(DrawError::OtherSeed { .. })));
    let mut other_catalogue = good.clone();
    other_catalogue.catalogue[0].interface.push('!');
    assert!(matches!(other_catalogue.verify(), Err(DrawError::OtherCatalogue { .. })));
    let mut fewer = good.clone();
    fewer.tests.pop();
    assert!(matches!(fewer.verify(), Err(DrawError::OtherTests { .. })));
    let mut exchanged = good.clone();
    let spare = catalogue().into_iter().find(|test| !good.chosen.contains(&test.id)).unwrap();
    exchanged.chosen[0] = spare.id;
    assert!(matches!(exchanged.verify(), Err(DrawError::OtherTests { .. })));
    let mut turned = good;
    turned.chosen.reverse();
    assert!(matches!(turned.verify(), Err(DrawError::OtherTests { .. })));
}

#[test]
fn a_drawn_test_that_was_not_carried_out_is_missed() {
    let chosen = drawn(&records()).chosen;
    let commitment = Commitment::new(&seed(), &catalogue(), 4, date("2026-01-31")).unwrap();
    let without: Vec<TestDocumentation> = records().into_iter().filter(|test| test.id != chosen[2]).collect();
    let error = IndependentTests::new(commitment, &seed(), &catalogue(), &without).unwrap_err();
    assert!(error.to_string().contains(&chosen[2]), "{error}");
}

#[test]
fn a_catalogue_that_cannot_be_drawn_from_is_refused() {
    for count in [0, 7] {
        let error = choose(&seed(), &catalogue(), count).unwrap_err();
        assert_eq!(error, CatalogueError::Count { count, tests: 6 });
    }
    let twice = [catalogue(), catalogue()].concat();
    assert!(matches!(choose(&seed(), &twice, 3), Err(CatalogueError::Repeated { .. })));
}

fn test(id: usize, requirement: usize, kind: usize, interface: usize) -> CatalogueTest {
    CatalogueTest {
        id: format!("test-{id}"),
        requirement: format!("requirement-{requirement}"),
        kind: [TestKind::Functional, TestKind::Attack, TestKind::Campaign][kind],
        interface: format!("interface-{interface}"),
    }
}

fn catalogues() -> impl Strategy<Value = Vec<CatalogueTest>> {
    proptest::collection::vec((0usize..8, 0usize..3, 0usize..5), 1..60).prop_map(|rows| {
        let row = |(id, (requirement, kind, interface))| test(id, requirement, kind, interface);
        rows.into_iter().enumerate().map(row).collect()
    })
}

proptest! {
    #[test]
    fn a_draw_has_as_many_tests_as_asked_for_each_once_whatever_the_order(
        tests in catalogues(), seed in any::<[u8; 32]>(), part in 0.0f64..1.0,
    ) {
        let seed = Seed::from_hex(&hex::encode(seed)).unwrap();
        let count = 1 + ((tests.len() - 1) as f64 * part) as usize;
        let chosen = choose(&seed, &tests, count).unwrap();
        prop_assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), count);
        let mut turned = tests.clone();
        turned.reverse();
        prop_assert_eq!(&choose(&seed, &turned, count).unwrap(), &chosen);
        let commitment = Commitment::new(&seed, &tests, count, date("2026-01-31")).unwrap();
        prop_assert_eq!(&commitment.open(&seed, &turned).unwrap(), &chosen);
    }

    #[test]
    fn with_room_enough_every_requirement_kind_and_interface_is_covered(
        tests in catalogues(), seed in any::<[u8; 32]>(),
    ) {
        let seed = Seed::from_hex(&hex::encode(seed)).unwrap();
        let all: Vec<String> = tests.iter().map(|test| test.id.clone()).collect();
        let Coverage { requirements, kinds, interfaces } = coverage(&tests, &all);
        // Each draw covers at least one thing that is not covered yet, while there is one.
        let enough = (requirements.1 + kinds.1 + interfaces.1).min(tests.len());
        let covered = coverage(&tests, &choose(&seed, &tests, enough).unwrap());
        prop_assert_eq!(covered.requirements, (requirements.1, requirements.1));
        prop_assert_eq!(covered.kinds, (kinds.1, kinds.1));
        prop_assert_eq!(covered.interfaces, (interfaces.1, interfaces.1));
    }
}

#[test]
fn different_seeds_draw_different_tests() {
    let tests: Vec<CatalogueTest> = (0..40).map(|id| test(id, id % 4, id % 2, id % 3)).collect();
    let draws: BTreeSet<Vec<String>> = (0u8..16)
        .map(|number| choose(&Seed::from_hex(&hex::encode([number; 32])).unwrap(), &tests, 8).unwrap())
        .collect();
    assert_eq!(draws.len(), 16);
}

const EVALUATION: &str = r#"{
  "schema": 1, "target": "virtual", "seed": 7, "quick": false,
  "provenance": {"tool": "dtsec-evaluate 0.1.0", "date": "2026-01-01T00:00:00Z", "host": "linux x86_64",
                 "device_host": "host process"},
  "files": [{"name": "boot code", "path": "boot", "size": 1, "sha256": "ab"}],
  "tests": [{
    "id": "init-sample", "title": "a bit is flipped", "sfr": "secure-initialization-of-platform",
    "threats": ["T.PHYSICAL"], "kind": "attack", "interface": "flash", "procedure": "Flip a bit.",
    "expected": "Refused.", "setup": [{"name": "slot", "value": "a"}],
    "control": [{"stimulus": "the genuine image", "observed": "running", "held": true}],
    "observed": [{"name": "state", "value": "no-platform"}], "cases": 3,
    "tally": {"header": {"bad-magic": 3}}, "transcript": ["cdd state=no-platform"],
    "conclusion": "Observed as expected.", "clean_up": "Devices are off.", "verdict": "pass", "seconds": 1.0
  }]
}"#;

#[test]
fn a_test_of_an_evaluation_is_documented_with_all_eight_items() {
    let record = Record::from_json(EVALUATION).unwrap();
    let test = &TestDocumentation::all(&record, "run-1")[0];
    assert_eq!(test.missing(), [] as [usize; 0]);
    assert_eq!(test.tested, "flash – a bit is flipped");
    assert_eq!(test.set_up, ["boot code: sha256 ab", "slot: a"]);
    assert_eq!(
        test.prerequisites,
        ["dtsec-evaluate 0.1.0", "host process", "control: the genuine image: running (held)"]
    );
    assert_eq!(test.stimulus, "Flip a bit.");
    assert_eq!(test.observation, ["state: no-platform", "header: 3 × bad-magic", "cdd state=no-platform"]);
    assert_eq!(test.expected, "Refused. Told apart by 1 of 1 controls, judged by the same code.");
    assert_eq!(test.conclusion, "Observed as expected. – Devices are off.");
    assert_eq!(test.verdict, Some(Verdict::Pass));
}

#[test]
fn each_of_the_eight_items_is_missed_when_it_is_not_there() {
    let good = records().remove(0);
    assert!(good.missing().is_empty(), "the control");
    type Change = fn(&mut TestDocumentation);
    let changes: [Change; 8] = [
        |it| it.tested.clear(),
        |it| it.set_up.clear(),
        |it| it.prerequisites = vec![" ".to_owned()],
        |it| it.stimulus.clear(),
        |it| it.observation.clear(),
        |it| it.expected.clear(),
        |it| it.conclusion.clear(),
        |it| it.verdict = None,
    ];
    for (item, change) in changes.into_iter().enumerate() {
        let mut test = good.clone();
        change(&mut test);
        assert_eq!(test.missing(), [item], "{}", ITEMS[item]);
    }
}

#[test]
fn half_a_conclusion_is_none() {
    let record = Record::from_json(&EVALUATION.replace("Devices are off.", "")).unwrap();
    assert_eq!(TestDocumentation::all(&record, "run-1")[0].missing(), [6]);
}

#[test]
fn an_evaluation_becomes_evidence_and_a_quick_one_does_not() {
    let record = Record::from_json(EVALUATION).unwrap();
    let versions = [("boot code".to_owned(), "1.2.3".to_owned())].into();
    let bundle = record.evidence(EVALUATION, &versions).unwrap();
    assert_eq!(bundle.run.images[0].version, "1.2.3");
    assert_eq!((bundle.run.tool.as_str(), bundle.run.tool_version.as_str()), ("dtsec-evaluate", "0.1.0"));
    assert_eq!(bundle.results[0].requirements, ["secure-initialization-of-platform"]);
    assert_eq!(bundle.results[0].observation, "Observed as expected. (3 cases)");
    assert_eq!(bundle.attachments[0].sha256, dtsec_evidence::sha256(EVALUATION.as_bytes()));
    assert_eq!(record.evidence(EVALUATION, &versions).unwrap(), bundle, "the same record, the same evidence");
    let answered = EVALUATION.replace("\"path\": \"boot\"", "\"path\": \"boot\", \"version\": \"1.2.3\"");
    let answered = Record::from_json(&answered).unwrap();
    assert_eq!(answered.evidence("", &Default::default()).unwrap().run.images[0].version, "1.2.3");
    assert!(answered.evidence("", &versions).is_ok(), "the same version is no contradiction");
    let other = [("boot code".to_owned(), "1.2.4".to_owned())].into();
    assert!(answered.evidence("", &other).unwrap_err().to_string().contains("1.2.4"));
    let unknown = [("radio".to_owned(), "1".to_owned())].into();
    assert!(record.evidence(EVALUATION, &unknown).is_err());
    let quick = EVALUATION.replace("\"quick\": false", "\"quick\": true");
    assert!(Record::from_json(&quick).unwrap_err().to_string().contains("--quick"));
    assert!(Record::from_json(&EVALUATION.replace("\"schema\": 1", "\"schema\": 2")).is_err());
}
