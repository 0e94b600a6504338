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
    command.args(arguments);
    fed(folder, command, input.as_bytes())
}

/// Runs a command in the folder with that input.
fn fed(folder: &TempDir, mut command: Command, input: &[u8]) -> Output {
    command.current_dir(folder.path());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads no input may be gone before all of it is written.
    drop(child.stdin.take().unwrap().write_all(input));
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
    assert_eq!((fuses.len(), &diversifier["bytes"]), (9, &Value::Null));
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

/// A session with the stand-in, which says that it runs that application.
fn session(folder: &TempDir, application: &str, input: &[u8], options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.args(["device", "run", "dev", "--firmware", "firmware"]).args(options);
    command.env("FAKE_APPLICATION", application);
    fed(folder, command, input)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_session_by_pipe_waits_for_every_answer_however_slow() {
    let folder = blank();
    stand_in(&folder);
    let answers = |application: &str, input: &str| -> Vec<String> {
        let output = session(&folder, application, input.as_bytes(), &[]);
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{shown}{}", text(&output.stderr));
        let said = shown.lines().filter(|line| !line.starts_with("│ cdd report=begin"));
        said.skip_while(|line| !line.ends_with(" ready")).skip(1).map(str::to_owned).collect()
    };
    let end = "switched off in state running";
    assert_eq!(answers("bgm", "slow\nping\nslow\n"), ["half of it", "ok", "ok", "half of it", "ok", end]);
    let readings = answers("bgm", "reading 5 mmol/L\nreading 999 mg/dL\nping\nreading 104 mg/dL\n");
    assert!(readings[0].starts_with("reading ") && readings[0].contains(",5.0,mmol/L*"), "{readings:?}");
    assert!(readings[4].starts_with("reading ") && readings[4].contains(",104,mg/dL*"), "{readings:?}");
    assert_eq!(readings[1..4], ["stored index=1", "sensor error=out-of-range", "ok"]);
    assert_eq!(readings[5..], ["stored index=1", end], "the power is not cut before a reading is stored");
    assert_eq!(answers("probe", "refuse\nping\n"), ["error does-not-exist", "ok", end]);
}

#[test]
fn an_answer_that_never_comes_is_a_hang_and_gives_status_2() {
    let folder = blank();
    stand_in(&folder);
    let patience = ["--hang-limit", "1"];
    let output = session(&folder, "bgm", b"ping\nmute\nping\n", &patience);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("hangs: the answer to `mute` did not come within 1s"));
    assert_eq!(text(&output.stdout).lines().filter(|line| *line == "ok").count(), 1);
    assert_eq!(session(&folder, "bgm", b"ping\nping\n", &patience).status.code(), Some(0), "the control");
}

#[test]
fn a_device_without_an_application_answers_on_the_management_wire_only_and_says_so() {
    let folder = blank();
    stand_in(&folder);
    let input = format!("give-up\nreport\nhello\nservices\nreading 104 mg/dL\n{}\n", "x".repeat(161));
    let output = session(&folder, "bgm", input.as_bytes(), &[]);
    let (shown, notes) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{shown}{notes}");
    assert_eq!(shown.matches("cdd report=end state=no-application").count(), 2, "{shown}");
    assert_eq!(shown.matches("cdd error=unknown-command").count(), 1, "{shown}");
    assert!(shown.ends_with("switched off in state no-application\n"), "{shown}");
    assert!(notes.contains("started anew: the answer to `give-up` will not come"), "{notes}");
    assert_eq!(shown.matches("cdd services storage=ready").count(), 1, "{shown}");
    assert_eq!(notes.matches("so that only `report`, `services`, ").count(), 2, "{notes}");
    assert_eq!(notes.matches("nobody takes the reading").count(), 1, "{notes}");
}

#[test]
fn lines_that_are_no_text_or_too_long_do_not_end_the_session() {
    let folder = blank();
    stand_in(&folder);
    let long = "x".repeat(1201);
    let input = [b"refu\x08se\n", long.as_bytes(), b"\nre\xFFuse\nping\n"].concat();
    let output = session(&folder, "bgm", &input, &[]);
    let notes = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{notes}");
    assert!(notes.contains("at most 1200 bytes") && notes.contains("control characters"), "{notes}");
    let shown = text(&output.stdout);
    assert!(
        shown.contains("error unknown-command\r\n") || shown.contains("error unknown-command\n"),
        "{shown}"
    );
    assert!(shown.contains("\nok\n"), "{shown}");
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
    let folder = blank();
    stand_in(&folder);
    let shell = |line: &str| {
        let mut command = Command::new("bash");
        let program = env!("CARGO_BIN_EXE_dtsec");
        command.args(["-o", "pipefail", "-c", &line.replace("dtsec", program)]);
        fed(&folder, command, b"ping\nidentity\nslow\n")
    };
    for command in
        ["device run dev --firmware firmware", "device show dev", "--json device show dev", "--help"]
    {
        let output = shell(&format!("dtsec {command} | head -c 1"));
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
        let output = shell(&format!("dtsec {command} > /dev/full"));
        assert_eq!(output.status.code(), Some(2), "{command}: {}", text(&output.stderr));
        let output = shell(&format!("dtsec {command} > /dev/null"));
        assert_eq!(output.status.code(), Some(0), "{command}, the control");
    }
}

#[test]
fn a_device_in_assembly_is_given_nothing_but_its_end() {
    let folder = blank();
    for what in [
        &["counter", "platform", "3"][..],
        &["revoke", "platform", "0"],
        &["life-cycle", "provisioning"],
        &["life-cycle", "secured"],
    ] {
        let (status, report) = device(&folder, &[&["burn", "dev", "--yes"], what].concat());
        assert_eq!(status, 1, "{what:?}");
        assert!(report["refused"].as_str().unwrap().contains("not provisioned"), "{report}");
        assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0));
    }
    let (status, report) = device(&folder, &["burn", "dev", "life-cycle", "decommissioned", "--yes"]);
    assert_eq!((status, &report["burnt"]), (0, &true.into()));
    assert!(report["warnings"][0].as_str().unwrap().contains("never start again"));
    let (status, report) = provision(&folder, &KEYS, &["--yes"]);
    let refused = report["refused"].as_str().unwrap();
    assert!(status == 1 && refused.contains("decommissioned") && !refused.contains("already"), "{refused}");
}

#[test]
fn a_device_is_not_secured_while_a_role_has_no_key() {
    let folder = blank();
    assert_eq!(provision(&folder, &KEYS, &["--yes", "--life-cycle", "provisioning"]).0, 0);
    let whole = file(&folder, "dev/fuses.bin");
    assert_eq!(device(&folder, &["burn", "dev", "revoke", "application", "0", "--yes"]).0, 0);
    let (status, report) = device(&folder, &["burn", "dev", "life-cycle", "secured", "--yes"]);
    assert_eq!(status, 1);
    assert!(report["refused"].as_str().unwrap().contains("no application key"), "{report}");
    std::fs::write(folder.path().join("dev/fuses.bin"), whole).unwrap();
    assert_eq!(device(&folder, &["burn", "dev", "life-cycle", "secured", "--yes"]).0, 0, "the control");
}

#[test]
fn a_burn_that_changes_nothing_is_not_made() {
    let folder = provisioned();
    let burn = || device(&folder, &["burn", "dev", "counter", "platform", "3", "--yes"]);
    let nothing =
        |(status, report): (i32, Value)| (status, report["nothing_to_do"].clone(), report["burnt"].clone());
    assert_eq!(nothing(burn()), (0, false.into(), true.into()), "the control");
    assert_eq!(nothing(burn()), (0, true.into(), false.into()));
}

#[test]
fn an_identity_is_never_empty() {
    let folder = blank();
    for n in [1, 3, 5] {
        for empty in ["", " "] {
            let mut identity = IDENTITY;
            identity[n] = empty;
            let arguments = [&["provision", "dev", "--yes"], &KEYS[..], &identity].concat();
            let (status, report) = device(&folder, &arguments);
            assert_eq!(status, 2);
            assert!(report["error"].as_str().unwrap().contains("never empty"), "{report}");
        }
    }
    assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0));
    assert_eq!(provision(&folder, &KEYS, &["--yes"]).0, 0, "the control");
}

/// Signs a payload into `image.bin`.
fn sign(folder: &TempDir, key: &str, header: &str, options: &[&str]) {
    std::fs::write(folder.path().join("in.bin"), b"a payload").unwrap();
    let arguments = ["image", "sign", "-k", key, "-v", "1.2.3", "-H", header, "-S", "32768", "--pad-header"];
    let output = run(folder, &[&arguments[..], options, &["in.bin", "image.bin"]].concat(), "");
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn flashing_warns_of_all_that_will_keep_the_image_from_starting() {
    let folder = provisioned();
    assert_eq!(device(&folder, &["burn", "dev", "counter", "platform", "2", "--yes"]).0, 0);
    let warnings = |change: Option<usize>| {
        if let Some(at) = change {
            let mut image = file(&folder, "image.bin");
            let at = if at == 0 { image.len() - 1 } else { at };
            image[at] ^= 1;
            std::fs::write(folder.path().join("image.bin"), image).unwrap();
        }
        let (status, report) = device(&folder, &["flash", "dev", "platform-a", "image.bin"]);
        assert_eq!(status, 0);
        let all = report["warnings"].as_array().unwrap().iter();
        all.map(|warning| warning.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let part = ["--part", "platform", "-s", "2"];
    sign(&folder, "platform.pem", "1024", &part);
    assert_eq!(warnings(None), Vec::<String>::new(), "the control");
    assert!(matches!(&warnings(Some(1030))[..], [one] if one.contains("digest is wrong")));
    sign(&folder, "platform.pem", "1024", &part);
    assert!(matches!(&warnings(Some(0))[..], [one] if one.contains("signature is wrong")));
    for (key, header, options, words) in [
        ("application.pem", "1024", &part[..], "none of the platform keys"),
        ("platform.pem", "512", &part, "has to be 1024"),
        ("platform.pem", "1024", &["--part", "platform"], "no security counter"),
        ("platform.pem", "1024", &["--part", "platform", "-s", "1"], "device needs 2"),
        (
            "platform.pem",
            "1024",
            &["--part", "platform", "-s", "2", "-L", "0x1000"],
            "is to run at 0x00001000",
        ),
        (
            "platform.pem",
            "1024",
            &["--part", "application", "-s", "2"],
            "the image is for part `application`",
        ),
    ] {
        sign(&folder, key, header, options);
        let found = warnings(None);
        assert!(matches!(&found[..], [one] if one.contains(words)), "{words}: {found:?}");
    }
}

#[test]
fn revoking_one_of_two_copies_of_the_last_key_warns_that_none_is_left() {
    use dtsec_target::{Device, Role};
    let folder = blank();
    assert!(run(&folder, &["image", "keygen", "-t", "ed25519", "-o", "second.pem"], "").status.success());
    let keys = ["--platform-key", "platform.pem", "second.pem", "--application-key", "application.pem"];
    assert_eq!(provision(&folder, &keys, &["--yes"]).0, 0);
    let preview = || device(&folder, &["burn", "dev", "revoke", "platform", "0"]).1["warnings"].clone();
    assert_eq!(preview(), serde_json::json!([]), "the control: another key is left");
    let fuses = Device::open(folder.path().join("dev")).unwrap().read_fuses().unwrap();
    let (offset, copy) = fuses.keys(Role::Platform)[0].1.encode(Role::Platform, 1);
    let mut bytes = fuses.bytes().to_vec();
    bytes[usize::from(offset)..][..copy.len()].copy_from_slice(&copy);
    std::fs::write(folder.path().join("dev/fuses.bin"), bytes).unwrap();
    assert!(preview()[0].as_str().unwrap().contains("no key is left"));
}

#[test]
fn raising_a_counter_warns_of_images_that_are_left_behind() {
    let folder = provisioned();
    sign(&folder, "platform.pem", "1024", &["--part", "platform", "-s", "2"]);
    assert_eq!(device(&folder, &["flash", "dev", "platform-a", "image.bin"]).0, 0);
    let raise =
        |part, to| device(&folder, &["burn", "dev", "counter", part, to, "--yes"]).1["warnings"].clone();
    assert_eq!(raise("platform", "2"), serde_json::json!([]), "the control");
    assert_eq!(raise("application", "9"), serde_json::json!([]));
    assert!(raise("platform", "3")[0].as_str().unwrap().contains("in platform-a has counter 2"));
}

#[test]
fn a_device_that_cannot_be_made_whole_is_not_there_at_all() {
    let folder = blank();
    let create = |limit: &str| {
        let mut command = Command::new("bash");
        let program = env!("CARGO_BIN_EXE_dtsec");
        let line =
            format!("trap '' XFSZ; ulimit -f {limit}; exec {program} device create --target virtual -o new");
        command.args(["-c", &line]);
        fed(&folder, command, b"").status.code()
    };
    assert_eq!(create("100"), Some(2));
    assert!(!folder.path().join("new").exists());
    assert_eq!(create("1000"), Some(0), "the control");
}

#[test]
fn a_path_that_is_no_text_is_as_good_as_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let folder = TempDir::new().unwrap();
    let odd = std::ffi::OsStr::from_bytes(b"d\xFFv");
    for json in [&["--json"][..], &[]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        command.args(json).args(["device", "create", "--target", "virtual", "-o"]).arg(odd);
        let output = fed(&folder, command, b"");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        assert!(text(&output.stdout).contains("d\u{FFFD}v"));
        std::fs::remove_dir_all(folder.path().join(odd)).unwrap();
    }
}

#[test]
fn a_wrong_call_is_answered_in_json_when_json_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let output = run(&folder, &["device", "show", "--json", "--nonsense"], "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(report["error"].as_str().unwrap().starts_with("unexpected argument '--nonsense'"), "{report}");
    let output = run(&folder, &["device", "show", "--nonsense"], "");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "the control");
    assert!(text(&output.stderr).starts_with("error: unexpected argument"));
    assert_eq!(run(&folder, &["--json", "--help"], "").status.code(), Some(0));
}

#[test]
fn a_device_folder_from_somebody_else_runs_no_program_of_its_own() {
    let folder = blank();
    stand_in(&folder);
    let path = folder.path().join("dev/board.json");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(folder.path().join("dev/evil"), "#!/bin/sh\ntouch \"$PWD/ran\"\n").unwrap();
    let evil = good.replace("\"cdd-virtual\"", "\"../dev/evil\"");
    assert_ne!(evil, good);
    std::fs::write(&path, evil).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("dev/evil"), mode).unwrap();
    let output = session(&folder, "bgm", b"ping\n", &[]);
    assert!(!folder.path().join("ran").exists());
    assert!(text(&output.stdout).contains("bgm ready"), "the control: the known program ran");
}

#[test]
fn a_session_by_pipe_asks_measures_restarts_and_ends_with_the_input() {
    let folder = blank();
    stand_in(&folder);
    let input = "identity\n/help\n\nreading 104 mg/dL\nreading 104\n/reset\nping\n";
    let output = session(&folder, "bgm", input.as_bytes(), &[]);
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.iter().filter(|line| **line == "│ cdd report=begin by=platform").count(), 2, "{shown}");
    assert_eq!(lines.iter().filter(|line| **line == "bgm ready").count(), 2);
    assert!(lines.contains(&"identity commercial-name Reference BGM"));
    assert!(lines.iter().any(|line| line.starts_with("reading $BG,") && line.contains(",104,mg/dL*")));
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

#[test]
fn a_device_secret_that_is_none_is_not_provisioned_and_is_never_shown() {
    use std::os::unix::fs::PermissionsExt;
    let folder = blank();
    let path = folder.path().join("dev/factory.bin");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let drawn = file(&folder, "dev/factory.bin");
    let counting: Vec<u8> = (0..32).collect();
    for (secret, words) in [
        (&[0; 32][..], "all its bytes are the same"),
        (&[0xA5; 32], "all its bytes are the same"),
        (&counting, "it counts"),
        (&[0xDE, 0xAD, 0xBE, 0xEF].repeat(8), "it repeats itself"),
        (b"correct horse battery staple 123", "it is a text"),
    ] {
        std::fs::write(&path, secret).unwrap();
        for options in [&["--yes"][..], &["--yes", "--development"], &["--rehearse"]] {
            let (status, report) = provision(&folder, &KEYS, options);
            assert_eq!((status, &report["burnt"]), (1, &false.into()), "{words} {options:?}");
            let refused = report["refused"].as_str().unwrap();
            assert!(refused.contains(words) && refused.contains("dtsec device create"), "{refused}");
        }
    }
    std::fs::write(&path, &drawn).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let (status, report) = provision(&folder, &KEYS, &["--yes"]);
    let refused = report["refused"].as_str().unwrap();
    assert!(status == 1 && refused.contains("mode 0640") && refused.contains("chmod 600"), "{refused}");
    assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let (status, report) = provision(&folder, &KEYS, &["--yes"]);
    assert_eq!((status, &report["burnt"]), (0, &true.into()), "the control");
    assert!(!report.to_string().contains(&hex::encode(&drawn)[..16]));
    assert_eq!(file(&folder, "dev/factory.bin"), drawn, "provisioning does not touch it");
}

#[test]
fn every_field_is_read_back_when_it_was_burnt_and_only_then() {
    let folder = blank();
    let read_back = |(_, report): (i32, Value)| {
        let fields = report["fuses"].as_array().unwrap().clone();
        fields.iter().map(|field| field["read_back"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(read_back(provision(&folder, &KEYS, &[])), [false; 9]);
    assert_eq!(read_back(provision(&folder, &KEYS, &["--yes"])), [true; 9]);
    assert_eq!(read_back(provision(&folder, &KEYS, &["--yes"])), [false; 9], "refused: burnt already");
}

#[test]
fn a_rehearsal_is_not_also_the_real_thing() {
    let folder = blank();
    assert_eq!(provision(&folder, &KEYS, &["--rehearse", "--yes"]).0, 2);
    assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0));
}

#[test]
fn what_is_stored_is_not_destroyed_by_a_fuse_and_the_tool_says_so() {
    let folder = provisioned();
    let (status, report) = device(&folder, &["burn", "dev", "life-cycle", "decommissioned"]);
    assert_eq!((status, &report["burnt"]), (1, &false.into()));
    assert!(report["warnings"][1].as_str().unwrap().contains("dtsec device decommission"), "{report}");
}

#[test]
fn a_device_in_the_wrong_state_is_neither_reset_nor_decommissioned() {
    let folder = blank();
    let commands = ["factory-reset", "decommission"];
    let refused = |command: &str| {
        let before = file(&folder, "dev/fuses.bin");
        let (status, report) = device(&folder, &[command, "dev", "--yes", "--firmware", "nowhere"]);
        assert_eq!(file(&folder, "dev/fuses.bin"), before);
        (status, report["refused"].as_str().unwrap_or_default().to_owned())
    };
    for (command, next) in commands.iter().zip(["dtsec device provision", "dtsec device burn DIR life-cycle"])
    {
        let (status, reason) = refused(command);
        assert!(status == 1 && reason.contains("never provisioned") && reason.contains(next), "{reason}");
    }
    assert_eq!(provision(&folder, &KEYS, &["--yes"]).0, 0);
    for command in commands {
        assert_eq!(refused(command), (2, String::new()), "the control: now only the firmware is missing");
    }
    assert_eq!(device(&folder, &["burn", "dev", "life-cycle", "decommissioned", "--yes"]).0, 0);
    for command in commands {
        let (status, reason) = refused(command);
        assert!(status == 1 && reason.contains("decommissioned already"), "{reason}");
    }
}

#[test]
fn a_device_whose_factory_resets_are_used_up_is_told_so() {
    let folder = provisioned();
    let mut fuses = file(&folder, "dev/fuses.bin");
    fuses[0x390..0x410].fill(0xFF);
    std::fs::write(folder.path().join("dev/fuses.bin"), fuses).unwrap();
    let (status, report) = device(&folder, &["factory-reset", "dev", "--yes"]);
    assert!(
        status == 1 && report["refused"].as_str().unwrap().contains("all 512 factory resets"),
        "{report}"
    );
    assert_eq!(device(&folder, &["show", "dev"]).1["factory_resets"], 512);
}

#[test]
fn what_was_begun_and_not_finished_is_shown() {
    let folder = provisioned();
    let with = |at: usize, value: u8| {
        let mut fuses = file(&folder, "dev/fuses.bin");
        fuses[at] = value;
        std::fs::write(folder.path().join("dev/fuses.bin"), fuses).unwrap();
        device(&folder, &["show", "dev"]).1["under_way"].clone()
    };
    assert_eq!(with(0x390, 0), Value::Null, "the control");
    assert_eq!(with(0x390, 1), "factory-reset");
    assert_eq!(with(0x3D0, 1), Value::Null);
    assert_eq!(with(0x410, 0xFF), "decommission");
    let (status, report) = device(&folder, &["factory-reset", "dev", "--yes"]);
    assert!(
        status == 1 && report["refused"].as_str().unwrap().contains("finishes what was begun"),
        "{report}"
    );
}

#[test]
fn a_person_at_a_terminal_is_asked_and_only_the_word_itself_is_consent() {
    let folder = blank();
    let arguments =
        [&["device", "provision", "dev"], &KEYS[..], &["--commercial-name", "BGM"]].concat().join(" ");
    let asked = |answer: &str| {
        let program = env!("CARGO_BIN_EXE_dtsec");
        let line = format!("{program} {arguments} --hardware-reference virtual --hardware-version 1.0");
        // Gives the command a terminal of its own, and its exit status.
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]);
        let output = fed(&folder, command, answer.as_bytes());
        (output.status.code(), text(&output.stdout))
    };
    for answer in ["yes\n", "Burn\n", "\n", "burn it\n"] {
        let (status, shown) = asked(answer);
        assert!(status == Some(1) && shown.contains("Type `burn` to go ahead"), "{shown}");
        assert!(file(&folder, "dev/fuses.bin").iter().all(|byte| *byte == 0), "{answer}");
    }
    let (status, shown) = asked("burn\n");
    assert!(status == Some(0) && shown.contains("each field read back before the next"), "{shown}");
    assert_eq!(device(&folder, &["show", "dev"]).1["life_cycle"], "secured");
}
