//! `dtsec evaluate` as a person calls it; the evaluations themselves are run by `cargo xtask evaluate`.

use std::process::{Command, Output};

fn evaluate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.arg("evaluate").args(arguments).output().expect("dtsec starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn the_list_shows_what_runs_on_a_target_and_why_the_rest_does_not() {
    let output = evaluate(&["--target", "virtual", "--list", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(list["target"], "virtual");
    assert!(list["tests"].as_array().is_some_and(|tests| tests.len() > 20));
    let skipped = list["not_applicable"].as_array().expect("a list");
    assert!(skipped.iter().all(|test| test["reason"].as_str().is_some_and(|reason| !reason.is_empty())));
}

#[test]
fn an_unknown_sfr_is_a_wrong_call_and_is_answered_with_near_ones() {
    let output = evaluate(&["--target", "virtual", "--sfr", "secure-debuging"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("secure-debugging"), "{}", said(&output));
}

#[test]
fn an_unknown_target_is_a_wrong_call_and_the_known_ones_are_named() {
    let output = evaluate(&["--target", "toaster"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("mps2-an505") && said(&output).contains("virtual"));
}

#[test]
fn missing_firmware_is_named_together_with_what_to_do() {
    for target in ["virtual", "mps2-an505"] {
        let output = evaluate(&["--target", target, "--firmware", "/nonexistent"]);
        assert_eq!(output.status.code(), Some(2));
        let said = said(&output);
        assert!(said.contains("/nonexistent/") && said.contains("cargo xtask build"), "{said}");
    }
}
