//! The process as a person meets it: console on standard input and output, management on standard error.

#![forbid(unsafe_code)]

mod support;

use cdd_boot::SlotId;
use cdd_fuses::LifeCycle;
use cdd_image::build::Builder;
use std::io::Write;
use std::process::Stdio;
use support::folder::Folder;
use support::*;

struct Said {
    console: String,
    management: String,
    success: bool,
}

/// Powers the device, types `input`, and reads until it ends.
fn power(folder: &Folder, arguments: &[&str], input: &str) -> Said {
    let mut child = folder
        .command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Said {
        console: String::from_utf8(output.stdout).unwrap(),
        management: String::from_utf8(output.stderr).unwrap(),
        success: output.status.success(),
    }
}

#[test]
fn a_genuine_device_reports_runs_the_meter_and_ends_quietly_with_its_console() {
    let folder = Folder::new(&Specimen::genuine());
    let said = power(&folder, &[], "digest 616263\nrandom 16\nstate\nidentity\nlog\nnonsense\n");
    assert!(said.success);
    let lines: Vec<&str> = said.console.split("\r\n").collect();
    assert_eq!(lines[0], "bgm ready");
    assert_eq!(lines[1], "digest ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(lines[2], "ok");
    assert!(lines[3].starts_with("random ") && lines[3].len() == 7 + 32, "{}", lines[3]);
    assert_eq!(
        lines[5],
        "state=1 life-cycle=2 random=1 faults=0 exception=0 cfsr=0x00000000 sfsr=0x00000000 pc=0x00000000"
    );
    assert_eq!(lines[7], "identity commercial-name Reference BGM");
    assert_eq!(lines[10], "identity firmware-name cdd-boot-virtual");
    assert!(lines[14].starts_with("part boot name=cdd-boot-virtual version=0.1.0+0 counter=0 measurement="));
    assert!(lines[14].ends_with(" signer=none"));
    assert!(lines[16].starts_with("part application name=bgm version=1.0.0+0 counter=5 measurement="));
    assert_eq!(lines[17..], ["ok", "ok", "error unknown-command", ""]);

    let report: Vec<&str> = said.management.split("\r\n").collect();
    assert_eq!(
        report[..3],
        [
            "cdd report=begin by=platform",
            "cdd state=running life-cycle=secured",
            "cdd slot=platform-a result=accepted code=0x0000",
        ]
    );
    assert!(report.contains(&"cdd report=end state=running"));
    assert!(report.contains(&"cdd event=random state=ready"));
    let measurement = binary_measurement();
    assert!(said.management.contains(&format!(
        "cdd part=boot name=cdd-boot-virtual version=0.1.0+0 counter=0 measurement={measurement} signer=none"
    )));
}

/// What the boot code's measurement must be: SHA-256 of the executable file.
fn binary_measurement() -> String {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_cdd-virtual")).unwrap();
    let digest = <cdd_image::RustCrypto as cdd_image::Verifier>::sha256(&[&binary]);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_application_named_probe_is_the_probe_without_its_attacks_on_hardware() {
    let mut specimen = Specimen::genuine();
    let builder = Builder { name: Some("probe".into()), ..application(version(2, 0)) };
    specimen.put(SlotId::ApplicationB, &builder.sign(&payload(7, 256), &application_key()).unwrap());
    let asked = [
        "ping",
        "ready",
        "gate 4 v:0x2000009 i:616263 o:32",
        "put 4 616263",
        "gate 4 v:0x2000009 s:4:3 o:32",
        "gate 4 v:0x2000009 i:616263 o:31",
        "gate 4 v:0x2000009 i:61626",
        "buffer",
        "read 0x38000000",
        "udf",
        "random 16",
    ];
    let said = power(&Folder::new(&specimen), &[], &(asked.join("\n") + "\n"));
    assert!(said.success);
    let lines: Vec<&str> = said.console.split("\r\n").collect();
    let hash = "gate 0 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let answers = ["probe ready", "ok", "status 0", hash, "ok", hash, "gate -138", "error bad-argument"];
    assert_eq!(lines[..8], answers);
    assert_eq!(lines[8..11], ["unknown"; 3]);
    assert!(lines[11].starts_with("random ") && lines[11].len() == 7 + 32, "{}", lines[11]);
    assert!(said.management.contains("cdd part=application name=probe version=2.0.0+0 "));
}

#[test]
fn a_device_that_does_not_run_says_who_stopped_it() {
    type Change = fn(&mut Specimen);
    let cases: [(&str, &str, Change); 5] = [
        ("no-application", "platform", |s| s.put(SlotId::ApplicationA, &[])),
        ("no-platform", "boot", |s| s.put(SlotId::PlatformA, &[])),
        ("locked", "boot", |s| s.life_cycle(LifeCycle::Decommissioned)),
        ("locked", "boot", |s| s.burn(0, &[0xFF])),
        ("unprovisioned", "boot", |s| s.life_cycle(LifeCycle::Assembly)),
    ];
    for (state, by, change) in cases {
        let mut specimen = Specimen::genuine();
        change(&mut specimen);
        let said = power(&Folder::new(&specimen), &[], "help\n");
        assert!(said.success, "{state}");
        assert_eq!(said.console, "", "{state}");
        assert!(
            said.management
                .starts_with(&format!("cdd report=begin by={by}\r\ncdd state={state} life-cycle="))
        );
        assert!(said.management.ends_with(&format!("cdd report=end state={state}\r\n")));
        assert_eq!(said.management.contains(" reason=no-image\r\n"), state == "no-application");
    }
}

#[test]
fn a_batch_answers_on_standard_output_and_shouts_about_a_planted_defect() {
    let mut specimen = Specimen::genuine();
    let len = genuine_platform(1).len();
    specimen.slot_mut(SlotId::PlatformA)[len - 1] ^= 1;
    let folder = Folder::new(&specimen);
    let genuine = power(&folder, &["--batch"], "boot\n");
    assert!(genuine.success && genuine.management.is_empty());
    assert!(genuine.console.starts_with("state=no-platform platform-a=signature-invalid "));
    let planted = power(&folder, &["--batch", "--planted-defect", "accept-any-signature"], "boot\n");
    assert!(planted.console.starts_with("state=running platform-a=accepted "));
    assert!(planted.management.contains("PLANTED DEFECT"));
    assert_eq!(std::fs::read(folder.path().join("flash.bin")).unwrap(), specimen.flash);

    let outside = power(&folder, &["--planted-defect", "accept-any-signature"], "");
    assert!(!outside.success && outside.console.is_empty());
    assert!(outside.management.contains("--batch"));
}

#[test]
fn a_folder_that_is_no_device_and_a_descriptor_that_was_not_left_open_are_named() {
    let folder = Folder::new(&Specimen::genuine());
    let said = power(&folder, &["--console-fd", "77"], "");
    assert!(!said.success && said.management.contains("--console-fd") && said.management.contains("77"));
    let said = power(&folder, &["--console-fd", "1"], "");
    assert!(!said.success, "standard output has an owner already");
    for (name, content) in [
        ("flash.bin", &[0xFF; 4096][..]),
        ("fuses.bin", &[0; 10]),
        ("factory.bin", &[0; 31]),
        ("board.json", b"{}"),
    ] {
        let folder = Folder::new(&Specimen::genuine());
        std::fs::write(folder.path().join(name), content).unwrap();
        let said = power(&folder, &[], "");
        assert!(!said.success && said.management.contains(name), "{name}: {}", said.management);
        std::fs::remove_file(folder.path().join(name)).unwrap();
        let said = power(&folder, &[], "");
        assert!(!said.success && said.management.contains(name), "{name}: {}", said.management);
    }
}
