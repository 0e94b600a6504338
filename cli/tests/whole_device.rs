//! Attestation, factory reset, decommissioning and rehearsals with devices that run, the virtual one and the emulated
//! board. They need the firmware: `cargo xtask test` builds it and runs them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A test on each of the two targets.
macro_rules! on_both_targets {
    ($($name:ident),* $(,)?) => {
        mod virtual_device {
            $(#[test] #[ignore = "needs the firmware: run by `cargo xtask test`"] fn $name() { super::$name("virtual") })*
        }
        mod board {
            $(#[test] #[ignore = "needs the firmware and QEMU: run by `cargo xtask test`"] fn $name() { super::$name("mps2-an505") })*
        }
    };
}

on_both_targets!(
    a_token_answers_the_challenge_and_verifies_with_the_key_that_was_endorsed_before,
    a_device_without_an_application_attests_to_what_it_runs,
    a_device_that_starts_no_platform_attests_to_nothing,
    a_factory_reset_destroys_what_was_stored_after_it_was_agreed_to_and_is_counted,
    a_factory_reset_needs_no_application,
    a_factory_reset_needs_a_platform_and_says_what_to_do,
    decommissioning_ends_a_device_for_good_after_it_was_agreed_to,
    a_person_at_a_terminal_is_shown_what_is_destroyed_and_asked_for_a_word,
    decommissioning_needs_no_application,
    a_decommissioning_that_was_cut_short_is_finished_without_asking,
    a_rehearsal_shows_the_state_to_come_and_changes_nothing,
    a_rehearsal_warns_of_an_image_that_will_not_start_and_refuses_what_is_refused,
);

/// A folder with keys, signed images and a device `dev`.
struct Bench {
    folder: TempDir,
    target: &'static str,
}

impl Bench {
    /// The device is blank, its slots are empty.
    fn blank(target: &'static str) -> Bench {
        let bench = Bench { folder: TempDir::new().unwrap(), target };
        for name in ["platform.pem", "application.pem", "other.pem"] {
            bench.done(&["image", "keygen", "-t", "ecdsa-p256", "-o", name]);
        }
        for (part, payload, size) in
            [("platform", "platform.bin", "0x80000"), ("application", "bgm.bin", "0x100000")]
        {
            // The virtual device runs its own code, whatever is in the image.
            let (payload, size) = match target {
                "virtual" => (bench.folder.path().join("platform.pem"), "0x8000"),
                _ => (firmware(target).join(payload), size),
            };
            let key = format!("{part}.pem");
            let signing =
                ["image", "sign", "-k", &key, "-v", "1.2.3+4", "-H", "0x400", "-S", size, "-s", "1"];
            let payload = payload.to_str().unwrap();
            let image = format!("{part}.img");
            let named = ["--pad-header", "--align", "4", "--part", part, "--name", "test", payload, &image];
            bench.done(&[&signing[..], &named].concat());
        }
        bench.done(&["device", "create", "--target", target, "--out", "dev"]);
        bench
    }

    /// The device is provisioned and has its platform, but no application.
    fn without_application(target: &'static str) -> Bench {
        let bench = Bench::blank(target);
        assert_eq!(bench.provision(&["--yes"]).0, 0);
        bench.done(&["device", "flash", "dev", "platform-a", "platform.img"]);
        bench
    }

    /// The device is provisioned and whole.
    fn whole(target: &'static str) -> Bench {
        let bench = Bench::without_application(target);
        bench.done(&["device", "flash", "dev", "application-a", "application.img"]);
        bench
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
        command.args(arguments);
        self.spawned(command, input)
    }

    fn spawned(&self, mut command: Command, input: &str) -> Output {
        command.current_dir(self.folder.path());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads no input may be gone before all of it is written.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    }

    fn done(&self, arguments: &[&str]) {
        let output = self.run(arguments, "");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The exit status and the JSON of a command.
    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[&["--json"], arguments].concat(), "");
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect(&shown))
    }

    /// The same of one that switches the device on.
    fn powered(&self, command: [&str; 2], options: &[&str]) -> (i32, Value) {
        let firmware = firmware(self.target);
        let firmware = ["dev", "--firmware", firmware.to_str().unwrap()];
        self.json(&[&command[..], &firmware, options].concat())
    }

    fn provision(&self, options: &[&str]) -> (i32, Value) {
        let fixed = [
            "--platform-key",
            "platform.pem",
            "--application-key",
            "application.pem",
            "--commercial-name",
            "Reference BGM",
            "--hardware-reference",
            self.target,
            "--hardware-version",
            "1.0",
        ];
        self.powered(["device", "provision"], &[&fixed[..], options].concat())
    }

    /// Two readings of the sensor, which the application stores.
    fn measure(&self) {
        let firmware = firmware(self.target);
        let arguments = ["device", "run", "dev", "--firmware", firmware.to_str().unwrap()];
        let output = self.run(&arguments, "reading 104 mg/dL\nreading 105 mg/dL\n");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// All that a device is made of.
    fn device(&self) -> [Vec<u8>; 3] {
        ["dev/flash.bin", "dev/fuses.bin", "dev/factory.bin"].map(|name| self.file(name))
    }

    fn show(&self) -> Value {
        self.json(&["device", "show", "dev"]).1
    }
}

fn firmware(target: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/firmware").join(target);
    folder.canonicalize().expect("run `cargo xtask build` first")
}

fn refused(answer: &(i32, Value)) -> &str {
    assert_eq!(answer.0, 1, "{}", answer.1);
    answer.1["refused"].as_str().unwrap()
}

/// All that was read back is as it has to be.
fn good_evidence(report: &Value) -> bool {
    let all = report["evidence"].as_array().unwrap();
    !all.is_empty() && all.iter().all(|evidence| evidence["good"] == true)
}

fn a_token_answers_the_challenge_and_verifies_with_the_key_that_was_endorsed_before(target: &'static str) {
    let bench = Bench::whole(target);
    let (status, key) = bench.powered(["attest", "key"], &["--out", "key.pem"]);
    assert_eq!((status, &key["key"]["life_cycle"]), (0, &"secured".into()));
    let challenge = "c3".repeat(48);
    let (status, report) =
        bench.powered(["attest", "token"], &["--challenge", &challenge, "--out", "token.cbor"]);
    assert_eq!(status, 0, "{report}");
    assert_eq!(report["token"]["nonce"], challenge);
    assert_eq!(report["token"]["instance_id"], key["key"]["instance_id"]);
    assert_eq!(report["raw"], hex::encode(bench.file("token.cbor")));
    assert_eq!(report["checked"], json!({ "verifies": true, "instance_id_matches": true }));
    let parts = report["token"]["components"].as_array().unwrap();
    let versions: Vec<_> = parts.iter().map(|part| &part["version"]).collect();
    assert_eq!(versions[1..], [&json!("1.2.3+4"), &json!("1.2.3+4")]);
    let signer = &bench.show()["platform"]["keys"][0]["hash"];
    assert_eq!(&parts[1]["signer"], signer);
    assert_eq!(bench.json(&["attest", "show", "token.cbor", "--key", "key.pem"]).0, 0);
    assert_eq!(bench.json(&["attest", "show", "token.cbor", "--key", "other.pem"]).0, 1);
    // Nobody gives the challenge: it is another one each time.
    let drawn = || bench.powered(["attest", "token"], &[]).1["token"]["nonce"].clone();
    let nonces = [drawn(), drawn()];
    assert!(nonces[0] != nonces[1] && nonces[0].as_str().unwrap().len() == 64, "{nonces:?}");
    let firmware = firmware(target);
    let text = bench.run(&["attest", "token", "dev", "--firmware", firmware.to_str().unwrap()], "");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("verifies with the key that the device gives"), "{text}");
    assert!(text.contains("That alone proves nothing"), "{text}");
}

fn a_device_without_an_application_attests_to_what_it_runs(target: &'static str) {
    let bench = Bench::without_application(target);
    let (status, report) = bench.powered(["attest", "token"], &[]);
    let parts = report["token"]["components"].as_array().unwrap();
    let names: Vec<_> = parts.iter().map(|part| part["measurement_type"].as_str().unwrap()).collect();
    assert_eq!((status, &names[..]), (0, &["boot", "platform"][..]));
}

fn a_device_that_starts_no_platform_attests_to_nothing(target: &'static str) {
    let bench = Bench::blank(target);
    for command in ["token", "key"] {
        let answer = bench.powered(["attest", command], &[]);
        assert!(refused(&answer).contains("dtsec device provision"), "{}", answer.1);
    }
    assert_eq!(bench.provision(&["--yes"]).0, 0);
    let answer = bench.powered(["attest", "token"], &[]);
    assert!(refused(&answer).contains("dtsec device flash"), "{}", answer.1);
    bench.done(&["device", "flash", "dev", "platform-a", "platform.img"]);
    assert_eq!(bench.powered(["attest", "token"], &[]).0, 0, "the control");
    bench.done(&["device", "burn", "dev", "life-cycle", "decommissioned", "--yes"]);
    let answer = bench.powered(["attest", "token"], &[]);
    assert!(refused(&answer).contains("starts nothing any more"), "{}", answer.1);
}

fn a_factory_reset_destroys_what_was_stored_after_it_was_agreed_to_and_is_counted(target: &'static str) {
    let bench = Bench::whole(target);
    bench.measure();
    let key = bench.powered(["attest", "key"], &[]).1["key"]["public_key"].clone();
    let before = bench.file("dev/fuses.bin");
    let reset = |options: &[&str]| bench.powered(["device", "factory-reset"], options);
    let answer = reset(&[]);
    assert!(refused(&answer).contains("--yes"));
    assert!(answer.1["destroys"][0].as_str().unwrap().contains("2 readings"), "{}", answer.1);
    let fuses_below_the_counter = |bytes: Vec<u8>| bytes[..0xF00].to_vec();
    assert_eq!(fuses_below_the_counter(bench.file("dev/fuses.bin")), fuses_below_the_counter(before));
    for count in 1..=2 {
        let (status, report) = reset(&["--yes"]);
        assert!(status == 0 && report["done"] == true && good_evidence(&report), "{report}");
        assert_eq!(report["after"]["factory_resets_finished"], count);
        assert_eq!(report["after"]["services"]["factory_resets"], count);
        let kept = &report["after"]["services"];
        assert_eq!(kept["next_reading"], kept["first_reading"], "no reading is left");
        assert_eq!(report["after"]["state"], "running");
    }
    let show = bench.show();
    assert_eq!((&show["factory_resets"], &show["life_cycle"]), (&2.into(), &"secured".into()));
    assert_eq!(
        bench.powered(["attest", "key"], &[]).1["key"]["public_key"],
        key,
        "it is still the same device"
    );
    bench.measure();
}

fn a_factory_reset_needs_no_application(target: &'static str) {
    let bench = Bench::without_application(target);
    let (status, report) = bench.powered(["device", "factory-reset"], &["--yes"]);
    assert!(status == 0 && good_evidence(&report), "{report}");
    assert_eq!(report["after"]["state"], "no-application");
}

fn a_factory_reset_needs_a_platform_and_says_what_to_do(target: &'static str) {
    let bench = Bench::blank(target);
    assert_eq!(bench.provision(&["--yes"]).0, 0);
    for command in ["factory-reset", "decommission"] {
        let answer = bench.powered(["device", command], &["--yes"]);
        assert!(refused(&answer).contains("platform-a: empty"), "{}", answer.1);
        assert!(refused(&answer).contains("dtsec device flash"), "{}", answer.1);
    }
    let show = bench.show();
    assert_eq!((&show["factory_resets"], &show["life_cycle"]), (&0.into(), &"secured".into()));
}

fn decommissioning_ends_a_device_for_good_after_it_was_agreed_to(target: &'static str) {
    let bench = Bench::whole(target);
    let decommission = |options: &[&str]| bench.powered(["device", "decommission"], options);
    let answer = decommission(&[]);
    assert!(refused(&answer).contains("--yes"));
    assert_eq!(answer.1["destroys"].as_array().unwrap().len(), 4);
    assert_eq!(bench.show()["life_cycle"], "secured");
    let (status, report) = decommission(&["--yes"]);
    assert!(status == 0 && report["done"] == true && good_evidence(&report), "{report}");
    let after = &report["after"];
    assert_eq!((&after["life_cycle"], &after["state"]), (&"decommissioned".into(), &"locked".into()));
    assert_eq!(
        (&after["diversifier"], &after["application_slots_erased"]),
        (&"destroyed".into(), &true.into())
    );
    let show = bench.show();
    assert_eq!(
        (&show["diversifier"], &show["slots"]["application-a"]["error"]),
        (&"destroyed".into(), &"empty".into())
    );
    assert!(refused(&decommission(&["--yes"])).contains("decommissioned already"));
    assert!(refused(&bench.powered(["device", "factory-reset"], &["--yes"])).contains("for good"));
    assert_eq!(bench.powered(["device", "run"], &[]).1["state"], "locked");
}

fn a_person_at_a_terminal_is_shown_what_is_destroyed_and_asked_for_a_word(target: &'static str) {
    let bench = Bench::whole(target);
    let asked = |command: &str, answer: &str| {
        let (program, firmware) = (env!("CARGO_BIN_EXE_dtsec"), firmware(target));
        let line = format!("{program} device {command} dev --firmware {}", firmware.display());
        // Gives the command a terminal of its own, and its exit status.
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]);
        let output = bench.spawned(script, answer);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (command, word) in [("factory-reset", "reset"), ("decommission", "decommission")] {
        let before = bench.show();
        let (status, shown) = asked(command, "yes\n");
        assert!(status == Some(1) && shown.contains(&format!("Type `{word}` to go ahead")), "{shown}");
        assert!(
            shown.contains("would destroy in dev, for good") && shown.contains("not confirmed"),
            "{shown}"
        );
        assert_eq!(bench.show(), before);
        let (status, shown) = asked(command, &format!("{word}\n"));
        assert!(status == Some(0) && shown.contains(&format!("{command} done, and read back")), "{shown}");
        assert_ne!(bench.show(), before);
    }
}

fn decommissioning_needs_no_application(target: &'static str) {
    let bench = Bench::without_application(target);
    let (status, report) = bench.powered(["device", "decommission"], &["--yes"]);
    assert!(status == 0 && good_evidence(&report), "{report}");
}

fn a_decommissioning_that_was_cut_short_is_finished_without_asking(target: &'static str) {
    let bench = Bench::whole(target);
    assert!(refused(&bench.powered(["device", "decommission"], &[])).contains("--yes"), "the control");
    let mut fuses = bench.file("dev/fuses.bin");
    fuses[0x410] = 0xFF;
    std::fs::write(bench.folder.path().join("dev/fuses.bin"), fuses).unwrap();
    assert_eq!(bench.show()["under_way"], "decommission");
    let (status, report) = bench.powered(["device", "decommission"], &[]);
    assert!(status == 0 && report["done"] == true && good_evidence(&report), "{report}");
    assert_eq!(bench.show()["under_way"], Value::Null);
}

fn a_rehearsal_shows_the_state_to_come_and_changes_nothing(target: &'static str) {
    let bench = Bench::blank(target);
    let before = bench.device();
    let state = |(status, report): (i32, Value)| {
        assert_eq!((status, &report["burnt"]), (0, &false.into()), "{report}");
        report["rehearsal"]["state"].clone()
    };
    assert_eq!(state(bench.provision(&["--rehearse"])), "no-platform");
    bench.done(&["device", "flash", "dev", "platform-a", "platform.img"]);
    assert_eq!(state(bench.provision(&["--rehearse"])), "no-application");
    bench.done(&["device", "flash", "dev", "application-a", "application.img"]);
    let flashed = bench.device();
    let rehearsed = bench.provision(&["--rehearse"]);
    assert_eq!(rehearsed.1["rehearsal"]["life_cycle"], "secured");
    let fields = |report: &Value| -> Vec<Value> {
        report["fuses"].as_array().unwrap().iter().map(|field| field["field"].clone()).collect()
    };
    let planned = fields(&rehearsed.1);
    assert_eq!(state(rehearsed), "running");
    assert!(bench.device() == flashed, "nothing was changed");
    assert!(flashed[1..] == before[1..], "and least of all fuses and secret");
    // What was rehearsed is what then happens, with keys of this device's own.
    let (status, report) = bench.provision(&["--yes"]);
    assert_eq!((status, fields(&report)), (0, planned));
    let (status, report) = bench.powered(["attest", "token"], &[]);
    assert_eq!((status, &report["token"]["life_cycle"]), (0, &"secured".into()));
    assert_eq!(bench.powered(["device", "run"], &[]).1["state"], "running");
    assert!(refused(&bench.provision(&["--rehearse"])).contains("provisioned already"));
}

fn a_rehearsal_warns_of_an_image_that_will_not_start_and_refuses_what_is_refused(target: &'static str) {
    let bench = Bench::blank(target);
    bench.done(&["device", "flash", "dev", "platform-a", "platform.img"]);
    let (status, control) = bench.provision(&["--rehearse"]);
    assert_eq!((status, &control["rehearsal"]["state"]), (0, &"no-application".into()), "the control");
    assert_eq!(control["warnings"], json!([]));
    let (status, report) = bench.provision(&["--rehearse", "--platform-counter", "2"]);
    assert_eq!((status, &report["rehearsal"]["state"]), (0, &"no-platform".into()));
    assert!(report["warnings"][0].as_str().unwrap().contains("platform-a would not start"), "{report}");
    std::fs::write(bench.folder.path().join("dev/factory.bin"), [0; 32]).unwrap();
    assert!(refused(&bench.provision(&["--rehearse"])).contains("the device secret is none"));
}
