//! `dtsec package` and what an evaluator does with the folder, on this repository and a small evaluation.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// A desk with the folder on it, made once: typesetting takes seconds where nothing is optimised.
static PACKED: LazyLock<(Desk, Value)> = LazyLock::new(|| {
    let desk = Desk::of(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    let answer = serde_json::from_slice(&desk.package(&["--json"], 0).stdout).unwrap();
    (desk, answer)
});

/// A folder with a key and the records of two evaluations: of the platform's own images, and of something else.
struct Desk(TempDir);

impl Desk {
    fn of(folder: TempDir) -> Desk {
        let desk = Desk(folder);
        desk.run(&["evidence", "keygen", "--out", "lab.pem", "--public-out", "lab.pub"], 0);
        desk.write("board.json", &record("mps2-an505", &["cdd-boot", "cdd-platform"]));
        desk.write("virtual.json", &record("virtual", &["cdd-boot-virtual"]));
        desk
    }

    /// One with a copy of the folder, to be changed.
    fn packed() -> Desk {
        let copy = Desk(tempfile::tempdir().unwrap());
        let from = format!("{}/.", PACKED.0.0.path().display());
        let copied = Command::new("cp").args(["-R", &from]).arg(copy.0.path()).status().unwrap();
        assert!(copied.success());
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, value: &Value) {
        std::fs::write(self.path(name), format!("{value:#}")).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn run(&self, arguments: &[&str], status: i32) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_dtsec"))
            .current_dir(self.0.path())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", said(&output));
        output
    }

    fn package(&self, more: &[&str], status: i32) -> Output {
        let root = root().display().to_string();
        let mut arguments = vec!["package", "--root", &root, "--key", "lab.pem", "--evidence", "board.json"];
        arguments.extend(["--evidence", "virtual.json", "--date", "2026-11-22", "--out", "out"]);
        arguments.extend(more);
        self.run(&arguments, status)
    }
}

fn record(target: &str, parts: &[&str]) -> Value {
    let files: Vec<Value> = parts
        .iter()
        .map(|part| json!({ "name": part, "version": "0.1.0+0", "path": "x", "size": 1, "sha256": "ab".repeat(32) }))
        .collect();
    json!({
        "schema": 1, "target": target, "seed": 7, "quick": false, "files": files,
        "provenance": { "tool": "dtsec-evaluate 0.1.0", "date": "2026-01-01T00:00:00Z",
                        "finished": "2026-01-01T00:01:00Z", "host": "linux x86_64", "device_host": "QEMU" },
        "tests": [{
            "id": "init-sample", "title": "a bit is flipped", "sfr": "secure-initialization-of-platform",
            "threats": ["T.PHYSICAL"], "kind": "attack", "interface": "flash", "procedure": "Flip a bit.",
            "expected": "Refused.", "setup": [], "control": [], "observed": [], "cases": 3, "tally": {},
            "transcript": [], "conclusion": "Observed as expected.", "clean_up": "Off.", "verdict": "pass", "seconds": 1.0
        }]
    })
}

#[test]
fn the_folder_holds_what_a_lab_starts_from_and_says_how_far_evidence_carries() {
    let (desk, answer) = &*PACKED;
    let count = |name: &str| answer["counts"][name].as_u64().unwrap();
    assert_eq!(count("pass") + count("fail") + count("inconclusive") + count("needs-person"), 81);
    assert!(count("pass") > 20 && count("needs-person") > 20, "{}", answer["counts"]);
    assert_eq!((&answer["conforms"], &answer["errors"]), (&json!(true), &json!(0)));

    for name in ["security-target", "conformance", "etr"] {
        assert!(desk.read(&format!("out/{name}.html")).starts_with("<!doctype html>"), "{name}");
        assert!(
            std::fs::read(desk.path(&format!("out/{name}.pdf"))).unwrap().starts_with(b"%PDF-"),
            "{name}"
        );
        assert!(std::fs::read(desk.path(&format!("out/{name}.docx"))).unwrap().starts_with(b"PK"), "{name}");
    }
    for name in
        ["toe/guidance/operation.md", "docs/wires.md", "sbom.cdx.json", "trace.json", "conformance.sarif"]
    {
        assert!(desk.path(&format!("out/{name}")).is_file(), "{name}");
    }
    let page = desk.read("out/index.html");
    assert!(page.contains(&format!("{} need a person", count("needs-person"))));
    assert!(page.contains("evaluate-mps2-an505-") && page.contains("evaluate-virtual-"));
    let sums = desk.read("out/SHA256SUMS");
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(desk.path("out"))
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
    assert_eq!(sums.lines().count() as u64 + 1, answer["files"].as_u64().unwrap(), "all but the list itself");
}

#[test]
fn the_security_target_in_the_folder_finds_its_documents_there() {
    let desk = Desk::packed();
    desk.run(&["st", "check", "out/toe/security-target.json", "--profile", "sesip-profile-cdd"], 0);
    std::fs::remove_file(desk.path("out/toe/guidance/operation.md")).unwrap();
    desk.run(&["st", "check", "out/toe/security-target.json", "--profile", "sesip-profile-cdd"], 1);
}

#[test]
fn whoever_has_the_folder_repeats_the_report_from_it_alone() {
    let desk = Desk::packed();
    let names = |ending: &str| -> Vec<String> {
        let all = std::fs::read_dir(desk.path("out/evidence")).unwrap();
        let names = all.map(|entry| format!("out/evidence/{}", entry.unwrap().file_name().display()));
        names.filter(|name| name.contains("mps2-an505") && name.ends_with(ending)).collect()
    };
    let (evidence, record) = (names(".dsse.json").remove(0), names(".record.json").remove(0));
    let mut arguments = vec!["work-units", "report", "--date", "2026-11-22", "--out", "again.json"];
    arguments.extend(["--security-target", "out/toe/security-target.json", "--trace", "out/trace.json"]);
    arguments.extend(["--configuration", "out/configuration-list.json", "--frame", "out/etr-frame.json"]);
    arguments.extend(["--functional-specification", "out/functional-specification.json"]);
    arguments.extend(["--evidence", &evidence, "--records", &record, "--key", "out/evidence/signer.pem"]);
    // None were made: there is no such file.
    arguments.extend(["--decisions", "out/decisions.json"]);
    let without = desk.run(&arguments, 1);
    assert_ne!(desk.read("again.json"), desk.read("out/etr.json"), "{}", said(&without));
    arguments.extend(["--analysis", "out/vulnerability-analysis.json"]);
    desk.run(&arguments, 1);
    assert_eq!(desk.read("again.json"), desk.read("out/etr.json"));
}

#[test]
fn evidence_in_the_folder_is_signed_and_what_was_run_elsewhere_does_not_count() {
    let desk = Desk::packed();
    let units = desk.read("out/work-units.json");
    assert!(units.contains("evaluate-mps2-an505-") && !units.contains("evaluate-virtual-"));
    let envelopes: Vec<String> = std::fs::read_dir(desk.path("out/evidence"))
        .unwrap()
        .map(|entry| format!("out/evidence/{}", entry.unwrap().file_name().display()))
        .filter(|name| name.ends_with(".dsse.json"))
        .collect();
    assert_eq!(envelopes.len(), 2);
    for envelope in &envelopes {
        desk.run(&["evidence", "verify", envelope, "--key", "out/evidence/signer.pem"], 0);
    }
    desk.run(&["evidence", "keygen", "--out", "other.pem", "--public-out", "other.pub"], 0);
    desk.run(&["evidence", "verify", &envelopes[0], "--key", "other.pub"], 1);
}

#[test]
fn an_evaluator_confirms_overrules_and_reports_and_a_change_makes_decisions_stale() {
    let desk = Desk::packed();
    let case = |verb: &str, more: &[&str], status: i32| {
        let mut arguments = vec!["work-units", verb];
        arguments.extend(["--security-target", "out/toe/security-target.json", "--date", "2026-11-22"]);
        arguments.extend(["--trace", "out/trace.json", "--configuration", "out/configuration-list.json"]);
        arguments.extend(["--functional-specification", "out/functional-specification.json"]);
        arguments.extend(more);
        desk.run(&arguments, status)
    };
    let by = ["--by", "E. Valuator", "--on", "2026-11-22", "--decisions", "decisions.json"];
    case("confirm", &[&["ADV_FSP.4-2"], &by[..]].concat(), 0);
    let said_why = ["ADV_FSP.4-3", "--verdict", "fail", "--reason", "The method is not told for resets."];
    case("decide", &[&said_why[..], &by[..]].concat(), 0);
    case("decide", &[&["ADV_FSP.4-4", "--verdict", "pass", "--reason", " "][..], &by[..]].concat(), 2);
    let mut frame: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("toe/etr-frame.json")).unwrap()).unwrap();
    let report = ["--decisions", "decisions.json", "--frame", "frame.json", "--out", "etr.json"];
    desk.write("frame.json", &frame);
    let stranger = said(&case("report", &report, 2));
    assert!(stranger.contains("E. Valuator"), "{stranger}");
    frame["parties"]["evaluators"] = json!(["E. Valuator"]);
    desk.write("frame.json", &frame);
    let told = said(&case("report", &report, 1));
    assert!(told.contains("overall    fail"), "{told}");
    let etr: Value = serde_json::from_str(&desk.read("etr.json")).unwrap();
    assert_eq!(etr["observations"][0]["work-unit"], "ADV_FSP.4-3");
    desk.run(&["render", "etr.json", "--format", "html", "--out", "etr.html"], 0);

    let table =
        desk.read("out/functional-specification.json").replace("\"actions\": \"", "\"actions\": \"Also: ");
    std::fs::write(desk.path("out/functional-specification.json"), table).unwrap();
    let told = said(&case("report", &report, 1));
    assert!(told.contains("stale: the decision on ADV_FSP.4-2"), "{told}");
}

#[test]
fn what_cannot_be_packed_is_refused_and_the_folder_of_before_stays() {
    let desk = Desk::packed();
    let before = desk.read("out/SHA256SUMS");
    let mut quick = record("mps2-an505", &["cdd-boot"]);
    quick["quick"] = json!(true);
    desk.write("quick.json", &quick);
    assert!(said(&desk.package(&["--evidence", "quick.json"], 2)).contains("--quick"));
    desk.write("no.json", &json!({ "kind": "security-target" }));
    desk.package(&["--evidence", "no.json"], 2);
    desk.package(&["--security-target", "board.json"], 2);
    assert_eq!(desk.read("out/SHA256SUMS"), before);
    std::fs::create_dir(desk.path("mine")).unwrap();
    assert!(
        said(&desk.run(
            &["package", "--root", &root().display().to_string(), "--key", "lab.pem", "--out", "mine"],
            2
        ))
        .contains("choose another folder")
    );
    let left = std::fs::read_dir(desk.0.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".dtsec-package"));
    assert_eq!(left.count(), 0, "a half folder is left");
}
