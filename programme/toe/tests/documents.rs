//! The documents in `toe/`: complete, and in step with what the device answers.

#![forbid(unsafe_code)]

use dtsec_model::security_target::{Place, SecurityTarget};
use dtsec_model::{Document, builtin};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../toe")
}

fn read(file: &str) -> String {
    let path = folder().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn security_target() -> SecurityTarget {
    SecurityTarget::from_json(&read("security-target.json")).unwrap()
}

fn headings(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect()
}

#[test]
fn the_functional_specification_is_what_the_table_of_calls_says() {
    assert!(
        read("functional-specification.md") == dtsec_toe::specification::markdown(),
        "out of date; `dtsec specification --out toe/functional-specification.md` writes it anew"
    );
}

#[test]
fn every_place_that_the_security_target_names_is_a_heading_of_a_document() {
    let target = security_target();
    let mut places: Vec<&Place> =
        target.platform.identification.iter().filter_map(|row| row.verified_in.as_ref()).collect();
    places.extend(target.objectives.iter().flat_map(|objective| &objective.guidance));
    places.extend(target.assurance.sufficiency.iter().flat_map(|row| &row.covered_by));
    places.extend(&target.assurance.flaw_remediation.described_in);
    places.extend(&target.life_cycle.key_provisioning.described_in);
    assert!(places.len() > 30);
    for place in places {
        let document = target.all_documents().find(|document| document.id == place.document);
        let file =
            document.and_then(|document| document.file.as_ref()).unwrap_or_else(|| panic!("{place:?}"));
        assert!(headings(&read(file)).contains(&&*place.section), "{place:?}");
    }
}

#[test]
fn nothing_is_left_to_be_filled_in() {
    assert!(!read("security-target.json").contains('<'));
    for file in [
        "README.md",
        "flaw-remediation.md",
        "guidance/operation.md",
        "guidance/preparation.md",
        "threat-model.md",
    ] {
        let text = read(file);
        assert!(!text.contains("TODO") && !text.contains("TBD") && !text.contains('<'), "{file}");
    }
}

#[test]
fn all_mandatory_requirements_are_claimed_and_the_four_that_are_not_met_say_so() {
    let target = security_target();
    for requirement in &builtin::sesip_profile().requirements {
        let claims = target.claims(&requirement.id).count();
        assert!(claims > 0 || requirement.obligation.name() == "optional", "{}", requirement.id);
    }
    let not_yet: Vec<&str> = target
        .requirements
        .iter()
        .filter(|claim| claim.not_yet_met.is_some())
        .map(|claim| &*claim.id)
        .collect();
    let four = [
        "secure-update-of-platform",
        "secure-debugging",
        "secure-communication-support",
        "secure-communication-enforcement",
    ];
    assert_eq!(not_yet, four);
    // Whoever reads only the overview of the package is told too.
    let readme = read("README.md");
    four.iter().for_each(|id| assert!(readme.contains(id), "{id}"));
}

#[test]
fn every_test_that_a_rationale_or_the_threat_model_names_exists() {
    let tests = dtsec_evaluate::all_tests();
    let prefixes = [
        "init-",
        "isolation-",
        "gate-",
        "fault-",
        "storage-",
        "crypto-",
        "keygen-",
        "keystore-",
        "random-",
        "attest-",
        "identity-",
        "factory-reset-",
        "decommission-",
        "purging-",
    ];
    let mut named = 0;
    let target = security_target();
    let rationales = target.requirements.iter().map(|claim| claim.rationale.assessment.clone());
    for text in rationales.chain([read("threat-model.md")]) {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for word in words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix))) {
            let requirement = dtsec_evaluate::sfr::by_id(word).is_some();
            assert!(requirement || tests.iter().any(|test| test.id == word), "there is no test `{word}`");
            named += 1;
        }
    }
    assert!(named > 80, "{named}");
}

#[test]
fn the_names_and_versions_are_those_that_the_device_answers() {
    let target = security_target();
    let row =
        |id: &str| target.platform.identification.iter().find(|row| row.row == id).unwrap().value.clone();
    let root = folder().join("..");
    let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    // Boot's own name and version.
    let boot = text("firmware/mps2-an505/boot/src/machine.rs");
    assert!(boot.contains(&format!("name: \"{}\"", row("fw-name"))));
    assert!(
        boot.contains("Version { major: 0, minor: 1, revision: 0, build: 0 }")
            && row("fw-version") == "0.1.0+0"
    );
    // What the reference device is provisioned and signed with.
    let device = text("xtask/src/device.rs");
    assert!(device.contains(&format!("\"--commercial-name\", \"{}\"", row("commercial-name"))));
    assert!(device.contains(&format!("\"--hardware-version\", \"{}\"", row("hw-version"))));
    assert!(device.contains(&format!("\"--version\", \"{}\"", row("sw-version"))));
    assert!(text("xtask/src/commands/run.rs").contains(&format!("\"{}\"", row("sw-name"))));
    assert!(text("xtask/src/layout.rs").contains(&format!("\"{}\"", row("hw-reference"))));
    // And the guidance tells the same.
    let guidance = read("guidance/preparation.md");
    target
        .platform
        .identification
        .iter()
        .for_each(|row| assert!(guidance.contains(&format!("`{}`", row.value)), "{}", row.row));
}
