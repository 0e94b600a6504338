//! `dtsec render` as a person or a script meets it.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const RIGHT: &str = include_str!("../../programme/conformance/tests/corpus/right.json");

fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.current_dir(folder.path()).arg("render").args(arguments).output().unwrap()
}

fn text(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let output = dtsec(folder, arguments);
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("st.json"), RIGHT).unwrap();
    let mut newer: Value = serde_json::from_str(RIGHT).unwrap();
    newer["version"] = "7.0".into();
    std::fs::write(folder.path().join("newer.json"), newer.to_string()).unwrap();
    folder
}

#[test]
fn a_security_target_is_written_as_a_page_and_as_a_file_for_word_processors() {
    let folder = folder();
    let (status, said) = text(&folder, &["st.json", "--format", "html", "--out", "st.html"]);
    assert!(status == 0 && said.contains("wrote st.html"), "{said}");
    let page = std::fs::read_to_string(folder.path().join("st.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script"));
    let (status, said) = text(&folder, &["st.json", "--format", "docx", "--out", "st.docx", "--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &report["kind"], &report["format"]), (0, &"Security Target".into(), &"docx".into()));
    assert!(std::fs::read(folder.path().join("st.docx")).unwrap().starts_with(b"PK"));
}

#[test]
fn changes_since_the_previous_version_are_marked_and_counted() {
    let folder = folder();
    let call = ["newer.json", "--previous", "st.json", "--format", "html", "--out", "st.html", "--json"];
    let (status, said) = text(&folder, &call);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert!(status == 0 && report["changes"]["changed"].as_u64() > Some(0), "{said}");
    assert!(std::fs::read_to_string(folder.path().join("st.html")).unwrap().contains("<ins>7.0</ins>"));
}

#[test]
fn a_security_target_becomes_a_conformance_report() {
    let folder = folder();
    let (status, said) =
        text(&folder, &["st.json", "--as", "conformance", "--format", "html", "--out", "c.html"]);
    assert!(status == 0 && said.starts_with("Conformance report"), "{said}");
    assert!(
        std::fs::read_to_string(folder.path().join("c.html")).unwrap().contains("Rules that were looked at")
    );
}

#[test]
fn what_cannot_be_rendered_is_told_with_what_to_do_and_nothing_is_written() {
    let folder = folder();
    std::fs::write(folder.path().join("other.json"), "{\"kind\": \"evidence\"}").unwrap();
    std::fs::write(folder.path().join("none.json"), "{}").unwrap();
    for (call, wanted) in [
        (&["other.json", "--out", "o"][..], "give a Security Target or an Evaluation Technical Report"),
        (&["none.json", "--out", "o"][..], "does not say which document it is"),
        (&["st.json", "--out", "st.json"][..], "choose another name for --out"),
        (
            &["st.json", "--as", "certificate", "--security-target", "st.json", "--out", "o"][..],
            "with --security-target",
        ),
        (&["st.json", "--as", "certificate", "--out", "o"][..], "--security-target"),
        (&["st.json", "--profile", "nothing", "--out", "o"][..], "neither a built-in profile"),
    ] {
        let (status, said) = text(&folder, &[call, &["--format", "html"]].concat());
        assert!(status == 2 && said.contains(wanted), "{call:?}: {said}");
        assert!(!folder.path().join("o").exists());
    }
    assert_eq!(text(&folder, &["st.json", "--format", "html", "--out", "o"]).0, 0, "the control");
}
