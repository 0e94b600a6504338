//! `dtsec trace`, `specification`, `sbom` and `vulnerabilities search` as a person calls them, on this repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn dtsec(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dtsec"))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("dtsec starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn the_map_of_this_platform_has_no_gap_but_those_that_its_security_target_admits() {
    let output = dtsec(&["trace", "--allow-not-yet-met"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("device/boot/src/admit.rs") && said(&output).contains("gate:digest"));
    let output = dtsec(&["trace", "--json"]);
    assert_eq!(output.status.code(), Some(1), "not met yet is no yes");
    let map: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!((map["gaps"].as_array().map(Vec::len), &map["complete"]), (Some(4), &false.into()));
}

#[test]
fn a_map_of_another_folder_is_a_wrong_call() {
    let output = dtsec(&["trace", "--root", "docs"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("docs/toe/security-target.json"), "{}", said(&output));
}

#[test]
fn the_functional_specification_in_the_repository_is_up_to_date_and_an_old_one_is_told() {
    let output = dtsec(&["specification", "--check", "toe/functional-specification.md"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = dtsec(&["specification", "--check", "toe/README.md"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("--out"), "{}", said(&output));
}

#[test]
fn the_bill_of_materials_is_searched_for_published_vulnerabilities() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let output = dtsec(&["sbom", "--out", &path("sbom.cdx.json"), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let advisory = folder.path().join("db/crates/aes");
    std::fs::create_dir_all(&advisory).unwrap();
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"aes\"\ndate = \"2026-05-01\"\n\
                [versions]\npatched = []\n```\n# For this test\n";
    std::fs::write(advisory.join("RUSTSEC-2026-0001.md"), text).unwrap();
    let search = |findings: &str| {
        std::fs::write(folder.path().join("findings.json"), findings).unwrap();
        dtsec(&[
            "vulnerabilities",
            "search",
            "--sbom",
            &path("sbom.cdx.json"),
            "--database",
            &path("db"),
            "--findings",
            &path("findings.json"),
            "--date",
            "2026-11-22",
            "--out",
            &path("search.json"),
        ])
    };
    let output = search(r#"{"findings": []}"#);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("open") && said(&output).contains("RUSTSEC-2026-0001"));
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path("search.json")).unwrap()).unwrap();
    assert_eq!(
        (record["date"].as_str(), record["hits"].as_array().map(Vec::len)),
        (Some("2026-11-22"), Some(1))
    );
    let version = record["hits"][0]["version"].as_str().unwrap();
    let closed = search(&format!(
        r#"{{"findings": [{{"advisory": "RUSTSEC-2026-0001", "package": "aes", "version": "{version}", "applicable": false,
            "reason": "A test.", "by": "A. Person", "date": "2026-11-20"}}]}}"#
    ));
    assert_eq!(closed.status.code(), Some(0), "{}", said(&closed));
}
