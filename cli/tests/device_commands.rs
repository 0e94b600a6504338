//! `dtsec device …` as a person or a script meets it: what it says, what it leaves on disk, its exit status.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The public half of MCUboot's published root-ec-p256.pem, as its simulator has it.
const PUBLISHED_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKstAPOj+7VukSZWhqR2u6Nu+GTfN
FPsvJFc35ZU5iNmUudZa69fN1TCK1v5IskpqgQ7l8H2LaDTMOmr8U476wQ==
-----END PUBLIC KEY-----
";

const IDENTITY: [&str; 6] =
    ["--commercial-name", "Reference BGM", "--hardware-reference", "virtual", "--hardware-version", "1.0"];
const KEYS: [&str; 4] = ["--platform-key", "platform.pem", "--application-key", "application.pem"];

fn run(folder: &TempDir, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.args(arguments).current_dir(folder.path());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads no input may be gone before all of it is written.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

/// The exit status and the JSON of a `dtsec device` command.
fn device(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let output = run(folder, &[&["--json", "device"], arguments].concat(), "");
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect(&shown))
}

fn file(folder: &TempDir, name: &str) -> Vec<u8> {
    std::fs::read(folder.path().join(name)).unwrap()
}

/// A folder with two keys and a blank virtual device `dev`.
fn blank() -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in ["platform.pem", "application.pem"] {
        let made = run(&folder, &["image", "keygen", "-t", "ecdsa-p256", "-o", name], "");
        assert!(made.status.success());
    }
    assert_eq!(device(&folder, &["create", "--target", "virtual", "--out", "dev"]).0, 0);
    folder
}

/// The same with the device provisioned.
fn provisioned() -> TempDir {
    let folder = blank();
    let (status, report) = provision(&folder, &KEYS, &["--yes"]);
    assert_eq!((status, &report["burnt"]), (0, &true.into()));
    folder
}

fn provision(folder: &TempDir, keys: &[&str], options: &[&str]) -> (i32, Value) {
    device(folder, &[&["provision", "dev"], keys, &IDENTITY, options].concat())
}

/// Puts the stand-in for a virtual device into `firmware`.
fn stand_in(folder: &TempDir) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../programme/target/tests/fake-device");
    std::fs::create_dir(folder.path().join("firmware")).unwrap();
    std::fs::copy(script, folder.path().join("firmware/cdd-virtual")).unwrap();
}

#[test]
fn a_new_device_is_in_assembly_with_a_secret_of_its_own() {
    let folder = blank();
    assert_eq!(device(&folder, &["create", "--target", "virtual", "--out", "other"]).0, 0);
    assert_ne!(file(&folder, "dev/factory.bin"), file(&folder, "other/factory.bin"));
    let (status, report) = device(&folder, &["show", "dev"]);
    assert_eq!((status, &report["life_cycle"]), (0, &"assembly".into()));
    assert_eq!(report["slots"]["platform-a"]["error"], "empty");
    assert_eq!(device(&folder, &["create", "--target", "virtual", "--out", "dev"]).0, 2);
}

#[test]
fn provisioning_burns_what_show_then_shows() {
    let folder = provisioned();
    let (status, report) = device(&folder, &["show", "dev"]);
    assert_eq!((status, &report["life_cycle"]), (0, &"secured".into()));
    assert_eq!(report["commercial_name"], "Reference BGM");
    assert_eq!(report["diversifier"], "burnt");
    let keys = report["platform"]["keys"].as_array().unwrap();
    assert_eq!((keys.len(), &keys[0]["revoked"]), (1, &false.into()));
    let signed = run(
        &folder,
        &[
            "image",
            "sign",
            "-k",
            "platform.pem",
            "-v",
            "1.2.3",
            "-H",
            "1024",
            "-S",
            "32768",
            "-s",
            "1",
            "--pad-header",
            "--part",
            "platform",
            "--name",
            "reference",
            "platform.pem",
            "image.bin",
        ],
        "",
    );
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    assert_eq!(device(&folder, &["flash", "dev", "platform-b", "image.bin"]).0, 0);
    let (_, after) = device(&folder, &["show", "dev"]);
    assert_eq!(after["slots"]["platform-b"]["version"], "1.2.3+0");
    assert_eq!(after["slots"]["platform-b"]["signer"], keys[0]["hash"]);
}

#[test]
fn nothing_is_burnt_without_consent_and_the_preview_shows_no_secret() {
    let folder = blank();
    let (status, report) = provision(&folder, &KEYS, &[]);
    assert_eq!((status, &report["burnt"]), (1, &false.into()));
    assert!(report["refused"].as_str().unwrap().contains("--yes"));
    let fuses = report["fuses"].as_array().unwrap();
    let diversifier = fuses.iter().find(|field| field["field"] == "diversifier").unwrap();
    assert_eq!((fuses.len(), &diversifier["bytes"]), (7, &Value::Null));
    assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0));
}

#[test]
fn a_device_is_provisioned_once() {
    let folder = provisioned();
    let before = file(&folder, "dev/fuses.bin");
    let (status, report) = provision(&folder, &KEYS, &["--yes"]);
    assert_eq!(status, 1);
    assert!(report["refused"].as_str().unwrap().contains("already"));
    assert_eq!(file(&folder, "dev/fuses.bin"), before);
}

#[test]
fn provisioning_over_other_fuses_is_refused_and_an_interrupted_one_goes_on() {
    let folder = provisioned();
    let whole = file(&folder, "dev/fuses.bin");
    let mut interrupted = whole.clone();
    interrupted[..16].fill(0);
    std::fs::write(folder.path().join("dev/fuses.bin"), &interrupted).unwrap();
    let swapped = ["--platform-key", "application.pem", "--application-key", "platform.pem"];
    let (status, report) = provision(&folder, &swapped, &["--yes"]);
    assert_eq!(status, 1);
    assert!(report["refused"].as_str().unwrap().contains("cleared"), "{report}");
    assert_eq!(file(&folder, "dev/fuses.bin"), interrupted);
    assert_eq!(provision(&folder, &KEYS, &["--yes"]).0, 0);
    assert_eq!(file(&folder, "dev/fuses.bin"), whole);
}

#[test]
fn a_published_test_key_is_refused_outside_development() {
    let folder = blank();
    std::fs::write(folder.path().join("published.pem"), PUBLISHED_KEY).unwrap();
    let keys = ["--platform-key", "platform.pem", "--application-key", "published.pem"];
    let (status, report) = provision(&folder, &keys, &["--yes"]);
    assert_eq!(status, 1);
    assert!(report["refused"].as_str().unwrap().contains("root-ec-p256.pem"), "{report}");
    assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0));
    let (status, report) = provision(&folder, &keys, &["--yes", "--development"]);
    assert_eq!(status, 0);
    assert!(report["warnings"][0].as_str().unwrap().contains("anyone can sign"));
}

#[test]
fn more_fuses_are_burnt_one_way() {
    let folder = provisioned();
    let burn = |what: &[&str]| device(&folder, &[&["burn", "dev", "--yes"], what].concat()).0;
    assert_eq!(burn(&["counter", "application", "5"]), 0);
    assert_eq!(burn(&["counter", "application", "4"]), 1);
    assert_eq!(burn(&["revoke", "platform", "2"]), 0);
    assert_eq!(burn(&["revoke", "platform", "4"]), 1);
    assert_eq!(burn(&["life-cycle", "provisioning"]), 1);
    assert_eq!(device(&folder, &["show", "dev"]).1["application"]["counter"], 5);
    let (_, report) = device(&folder, &["burn", "dev", "revoke", "platform", "0", "--yes"]);
    assert!(report["warnings"][0].as_str().unwrap().contains("no key is left"));
    assert_eq!(device(&folder, &["show", "dev"]).1["platform"]["keys"][0]["revoked"], true);
    assert_eq!(burn(&["life-cycle", "decommissioned"]), 0);
    assert_eq!(device(&folder, &["show", "dev"]).1["life_cycle"], "decommissioned");
}

#[test]
fn an_image_that_cannot_be_written_gives_status_2_and_changes_nothing() {
    let folder = blank();
    let before = file(&folder, "dev/flash.bin");
    std::fs::write(folder.path().join("large.bin"), vec![0; 40_000]).unwrap();
    for (slot, image) in [("platform-a", "large.bin"), ("nowhere", "platform.pem"), ("platform-a", "missing")]
    {
        let (status, report) = device(&folder, &["flash", "dev", slot, image]);
        assert_eq!(status, 2, "{slot} {image}");
        assert!(report["error"].is_string());
    }
    assert_eq!(file(&folder, "dev/flash.bin"), before);
}

#[test]
fn a_session_by_pipe_asks_measures_restarts_and_ends_with_the_input() {
    let folder = blank();
    stand_in(&folder);
    let input = "identity\n/help\nreading 104 mg/dL\nreading 104\nsensor\n/reset\nping\n";
    let output = run(&folder, &["device", "run", "dev", "--firmware", "firmware"], input);
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.iter().filter(|line| **line == "│ cdd report=begin by=platform").count(), 2, "{shown}");
    assert_eq!(lines.iter().filter(|line| **line == "probe ready").count(), 2);
    assert!(lines.contains(&"identity commercial-name Reference BGM"));
    assert!(lines.iter().any(|line| line.starts_with("sensor $BG,") && line.contains(",104,mg/dL*")));
    assert_eq!(lines.last(), Some(&"switched off in state running"));
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("a value and a unit") && !notes.contains("\x1b["), "{notes}");
}

#[test]
fn a_session_with_json_gives_only_its_end_on_standard_output() {
    let folder = blank();
    stand_in(&folder);
    let output = run(&folder, &["--json", "device", "run", "dev", "--firmware", "firmware"], "ping\n/quit\n");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["starts"], &report["state"]), (&1.into(), &"running".into()));
}

#[test]
fn a_device_that_dies_or_has_no_firmware_gives_status_2() {
    let folder = blank();
    stand_in(&folder);
    let output = run(&folder, &["device", "run", "dev", "--firmware", "firmware"], "die\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("on fire"));
    let output = run(&folder, &["device", "run", "dev", "--firmware", "nowhere"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cargo xtask build"));
}
