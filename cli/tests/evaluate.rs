//! `dtsec evaluate` as a person calls it; the evaluations themselves are run by `cargo xtask evaluate`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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

#[test]
fn an_sfr_that_nothing_looks_at_yet_is_said_to_have_no_test_and_one_that_has_is_listed() {
    let output = evaluate(&["--target", "virtual", "--sfr", "physical-attacker-resistance"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("no test of the SFR `physical-attacker-resistance` yet"),
        "{}",
        said(&output)
    );
    let output = evaluate(&["--target", "virtual", "--sfr", "Secure Boot", "--list"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn a_test_that_runs_elsewhere_only_is_listed_with_the_reason_and_is_an_error_to_run() {
    let call = ["--target", "virtual", "--test", "gate-calls-do-not-nest"];
    let output = evaluate(&[&call[..], &["--list"]].concat());
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("has no Non-secure world"), "{}", said(&output));
    let output = evaluate(&call);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no test for this selection runs on virtual"), "{}", said(&output));
}

#[test]
fn every_sfr_of_the_profile_is_in_the_list_whether_it_has_tests_or_not() {
    let list = said(&evaluate(&["--target", "virtual", "--list"]));
    for sfr in dtsec_evaluate::sfr::all() {
        assert!(list.lines().any(|line| line.trim() == sfr.id), "{}", sfr.id);
    }
}

/// A place for an evaluation of a virtual device that is a shell script, with its own temporary folder.
struct Stage {
    folder: tempfile::TempDir,
}

/// One test that starts one device.
const ONE_TEST: &str = "init-empty-device";

impl Stage {
    fn with_device(script: &str) -> Stage {
        let stage = Stage { folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(stage.path("tmp")).expect("a folder");
        let device = stage.path("cdd-virtual");
        std::fs::write(&device, format!("#!/bin/sh\n{script}\n")).expect("a script");
        std::fs::set_permissions(&device, Permissions::from_mode(0o755)).expect("an executable script");
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        command
            .args(["evaluate", "--target", "virtual", "--test", ONE_TEST, "--firmware"])
            .arg(self.folder.path())
            .arg("--out")
            .arg(self.path(out))
            .env("TMPDIR", self.path("tmp"))
            .env("STAGE", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn evaluate(&self, out: &str) -> Output {
        self.command(out).output().expect("dtsec starts")
    }

    /// Starts an evaluation and waits until its device is on.
    fn begin(&self, out: &str) -> Child {
        let child = self.command(out).spawn().expect("dtsec starts");
        until("the device was not started", || self.path("on").exists());
        child
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Waits until it is so. Neither a file of another process nor the end of somebody else's child can be waited for, so it
/// looks again and again; how often changes nothing about the outcome.
fn until(otherwise: &str, so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "{otherwise}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A device that says nothing and stays on.
const HANGS: &str = "echo $$ >\"$STAGE/pid\"; mv \"$STAGE/pid\" \"$STAGE/on\"; exec sleep 1000";

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_a_device_is_started() {
    let stage = Stage::with_device("touch \"$STAGE/on\"");
    std::fs::write(stage.path("file"), "").expect("a file");
    let output = stage.evaluate("file/below");
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("cannot create"), "{}", said(&output));
    assert!(!stage.path("on").exists(), "a device was started");
    let output = stage.evaluate("good");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(stage.path("on").exists());
    assert_eq!(stage.names("good"), ["evaluation.lock", "evidence.json", "report.html"]);
}

#[test]
fn evidence_that_can_no_longer_be_written_at_the_end_is_still_shown() {
    let stage = Stage::with_device("rm -rf \"$STAGE/out\"");
    let output = stage.evaluate("out");
    assert_eq!(output.status.code(), Some(2));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("0 of 1 tests passed") && !table.contains("wrote"), "{table}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("error: cannot write"), "{}", said(&output));
}

#[test]
fn a_second_evaluation_into_the_same_folder_is_refused_and_into_another_is_not() {
    let stage = Stage::with_device(HANGS);
    let mut first = stage.begin("out");
    let second = stage.evaluate("out");
    assert_eq!(second.status.code(), Some(2));
    assert!(said(&second).contains("another evaluation writes into"), "{}", said(&second));
    std::fs::write(stage.path("cdd-virtual"), "#!/bin/sh\n").expect("a device that ends");
    let elsewhere = stage.evaluate("elsewhere");
    assert_eq!(elsewhere.status.code(), Some(1), "{}", said(&elsewhere));
    first.kill().and_then(|()| first.wait()).expect("killed");
    let after = stage.evaluate("out");
    assert_eq!(after.status.code(), Some(1), "{}", said(&after));
}

#[test]
fn a_device_that_cannot_be_started_is_the_machines_fault_and_one_that_dies_is_its_own() {
    let stage = Stage::with_device("exit 3");
    assert_eq!(stage.evaluate("out").status.code(), Some(1));
    std::fs::set_permissions(stage.path("cdd-virtual"), Permissions::from_mode(0o644)).expect("permissions");
    let output = stage.evaluate("out");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("inconclusive: init-empty-device"), "{}", said(&output));
}

#[test]
fn a_missing_emulator_is_named_before_anything_runs_together_with_what_to_do() {
    let stage = Stage::with_device("");
    for name in ["boot.elf", "platform.bin", "bgm.bin", "probe.bin"] {
        std::fs::write(stage.path(name), "").expect("a file");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command
        .args(["evaluate", "--target", "mps2-an505", "--firmware"])
        .arg(stage.folder.path())
        .env("PATH", "");
    let output = command.arg("--out").arg(stage.path("out")).output().expect("dtsec starts");
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(said.contains("qemu-system-arm") && said.contains("cargo xtask setup"), "{said}");
    assert!(!stage.path("out").exists());
}

#[test]
fn an_evaluation_that_is_interrupted_leaves_no_device_no_folder_and_no_evidence() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let stage = Stage::with_device(HANGS);
        let running = stage.begin("out");
        assert_eq!(stage.names("tmp").len(), 1, "the control: a temporary folder is there");
        let device = std::fs::read_to_string(stage.path("on")).expect("the device's process");
        let device = Path::new("/proc").join(device.trim());
        assert!(device.exists(), "the control: the device is on");
        let sent = Command::new("kill").args(["-s", signal, &running.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        let output = running.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(status), "{}", said(&output));
        assert!(said(&output).contains("nothing was written"), "{}", said(&output));
        assert!(stage.names("tmp").is_empty(), "{:?}", stage.names("tmp"));
        assert_eq!(stage.names("out"), ["evaluation.lock"]);
        until("the device is still on", || !device.exists());
    }
}
