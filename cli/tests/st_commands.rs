//! `dtsec st …` as a person or a script meets it: what it says and its exit status.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A Security Target that conforms, from the corpus of the rules.
const RIGHT: &str = include_str!("../../programme/conformance/tests/corpus/right.json");

fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.current_dir(folder.path()).arg("st").args(arguments).output().unwrap()
}

fn text(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let output = dtsec(folder, arguments);
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn json(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let output = dtsec(folder, &[arguments, &["--json"]].concat());
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect(&shown))
}

const PROFILE: [&str; 2] = ["--profile", "sesip-profile-cdd"];

/// A folder with `right.json`, and `wrong.json`, which has lost its date.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("right.json"), RIGHT).unwrap();
    let wrong = RIGHT.replace("\"date\": \"2026-11-20\"", "\"date\": null");
    std::fs::write(folder.path().join("wrong.json"), wrong).unwrap();
    folder
}

#[test]
fn a_new_security_target_is_checked_and_says_what_is_left_to_fill_in() {
    let folder = folder();
    let (status, said) = text(&folder, &[&["new", "--out", "st.json"][..], &PROFILE].concat());
    assert!(status == 0 && said.starts_with("wrote st.json"), "{said}");
    let (status, report) = json(&folder, &[&["check", "st.json"][..], &PROFILE].concat());
    assert_eq!((status, &report["conforms"]), (1, &false.into()));
    let places = report["findings"].as_array().unwrap().len();
    assert!(said.contains(&format!("with {places} places to fill in")), "{said}");
    let (status, said) = text(&folder, &[&["new", "--out", "st.json"][..], &PROFILE].concat());
    assert!(status == 2 && said.contains("is not overwritten"), "{said}");
    let (status, shown) = json(&folder, &[&["new"][..], &PROFILE].concat());
    assert_eq!((status, &shown["kind"]), (0, &"security-target".into()));
}

#[test]
fn a_security_target_that_conforms_is_told_apart_from_one_that_does_not() {
    let folder = folder();
    let (status, said) = text(&folder, &[&["check", "right.json"][..], &PROFILE].concat());
    assert!(status == 0 && said.starts_with("right.json conforms to sesip-profile-cdd 0.0.0.9"), "{said}");
    let (status, said) = text(&folder, &[&["check", "wrong.json"][..], &PROFILE].concat());
    assert!(status == 1 && said.starts_with("error[date-said]: the Security Target has no date\n"), "{said}");
    assert!(said.contains("--> wrong.json:5  /date\n") && said.contains("remedy: Set `date`"), "{said}");
    let (status, report) = json(&folder, &[&["check", "wrong.json"][..], &PROFILE].concat());
    let finding = &report["findings"][0];
    assert_eq!((status, &finding["rule"], &finding["line"]), (1, &"date-said".into(), &5.into()));
}

#[test]
fn findings_come_as_sarif_too() {
    let folder = folder();
    let (status, said) = text(&folder, &[&["check", "wrong.json", "--sarif"][..], &PROFILE].concat());
    let sarif: Value = serde_json::from_str(&said).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((status, &sarif["version"], &result["ruleId"]), (1, &"2.1.0".into(), &"date-said".into()));
}

#[test]
fn a_profile_may_be_a_file_and_what_is_neither_is_a_wrong_call() {
    let folder = folder();
    let profile = dtsec_model::builtin::sesip_profile();
    let text_of_it = dtsec_model::Document::to_json(profile).replace("0.0.0.9", "1.0");
    std::fs::write(folder.path().join("profile.json"), text_of_it).unwrap();
    let (status, report) = json(&folder, &["check", "right.json", "--profile", "profile.json"]);
    assert_eq!((status, &report["findings"][0]["rule"]), (1, &"profile-claimed".into()));
    let (status, said) = text(&folder, &["check", "right.json", "--profile", "sesip-profile-mcu"]);
    assert!(
        status == 2 && said.contains("neither a built-in profile (there is `sesip-profile-cdd`)"),
        "{said}"
    );
    let (status, said) = text(&folder, &[&["check", "profile.json"][..], &PROFILE].concat());
    assert!(status == 2 && said.contains("`sesip-profile`, and not `security-target`"), "{said}");
}

#[test]
fn a_difference_has_status_1_and_none_has_0() {
    let folder = folder();
    let (status, said) = text(&folder, &["diff", "right.json", "right.json"]);
    assert_eq!((status, said.trim()), (0, "right.json and right.json say the same"));
    let (status, said) = text(&folder, &["diff", "right.json", "wrong.json"]);
    assert_eq!((status, said.as_str()), (1, "- date\n    - 2026-11-20\n1 difference\n"));
    let (_, report) = json(&folder, &["diff", "right.json", "wrong.json"]);
    assert_eq!(report["changes"][0]["place"][0], "date");
}

#[test]
fn the_rules_are_shown_all_or_one_in_full() {
    let folder = folder();
    let (status, report) = json(&folder, &["rules"]);
    assert!(status == 0 && report["rules"].as_array().unwrap().len() > 60);
    let (status, said) = text(&folder, &["rules", "strength-128"]);
    assert!(status == 0 && said.contains("clause: GPT_SPE_151 5.2.8") && said.contains("remedy: "), "{said}");
    let (status, said) = text(&folder, &["rules", "no-such-rule"]);
    assert!(status == 2 && said.contains("there is no rule `no-such-rule`"), "{said}");
}

#[test]
fn the_schema_of_each_kind_of_document_is_handed_out_and_of_no_other() {
    for kind in
        ["security-target", "sesip-profile", "protection-profile", "evidence", "evaluation-technical-report"]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_dtsec")).args(["schema", kind]).output().unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(schema["properties"]["kind"].is_object(), "{kind}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_dtsec")).args(["schema", "letter"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
