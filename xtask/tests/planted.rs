//! The evaluation of the board must see a defect that is there. They need the firmware built: `cargo xtask test` does
//! that and runs them.

use cdd_gate::{KeyAttributes, number};
use dtsec_target::{Device, Power, ProbeAnswer, Session};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};
use xtask::device::{Part, Workshop};
use xtask::{firmware, layout, needs};

/// Builds the product with the defect planted and evaluates it by the one test that must notice.
fn evaluated(product: &str, feature: &str, test: &str) -> Output {
    let folder = layout::products().join("planted").join(feature);
    let firmware = built(product, feature, &folder);
    evaluate(layout::BOARD, &firmware, &folder.join("out"), test)
}

/// Builds the product with the defect planted; the folder of the firmware.
fn built(product: &str, feature: &str, folder: &Path) -> std::path::PathBuf {
    let toolchain = needs::toolchain().expect("a compiler for the firmware");
    let package = firmware::PACKAGES.iter().find(|p| p.product == product).expect("a product");
    let firmware = folder.join("firmware");
    alone(|build| firmware::variant(&toolchain, &build, package, feature, &firmware).unwrap());
    firmware
}

/// One build at a time in the folder that all of them share, so that what they have in common is built once, and none
/// takes what another has just made.
fn alone(build: impl FnOnce(std::path::PathBuf)) {
    let folder = layout::products().join("planted/build");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    build(folder);
}

fn evaluate(target: &str, firmware: &Path, out: &Path, test: &str) -> Output {
    Command::new(layout::dtsec())
        .current_dir(layout::root())
        .args([
            "evaluate",
            "--target",
            target,
            "--seed",
            "1",
            "--quick",
            "--json",
            "--test",
            test,
            "--firmware",
        ])
        .arg(firmware)
        .arg("--out")
        .arg(out)
        .output()
        .expect("run `cargo xtask build` first, or all tests by `cargo xtask test`")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn boot_code_that_accepts_any_signature_fails_the_evaluation() {
    let output = evaluated("boot", "planted-accept-any-signature", "init-flipped-bit-platform");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn a_gate_that_obeys_any_pointer_fails_the_evaluation() {
    let output = evaluated("platform", "planted-unchecked-pointers", "gate-foreign-pointers-refused");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn genuine_firmware_passes_the_same_tests() {
    let virtual_device = layout::virtual_device();
    for (target, firmware) in
        [(layout::BOARD, layout::firmware().as_path()), ("virtual", virtual_device.parent().unwrap())]
    {
        let of_the_board = ["init-flipped-bit-platform", "gate-foreign-pointers-refused"];
        let tests = of_the_board.into_iter().filter(|_| target == layout::BOARD);
        // Each once: one test may notice two defects.
        let tests: BTreeSet<&str> = tests.chain(STORAGE_DEFECTS.map(|(_, test, _)| test)).collect();
        for test in tests {
            let out = layout::products().join("planted/genuine").join(target).join(test);
            let output = evaluate(target, firmware, &out, test);
            assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        }
    }
}

/// Defects of trusted storage, the test that must notice, and what it must say.
const STORAGE_DEFECTS: [(&str, &str, &str); 4] = [
    ("planted-skip-mac", "storage-exchanged-parts", "the contents of two records exchanged: record"),
    ("planted-accept-older", "storage-exchanged-parts", "the storage of long ago: "),
    ("planted-forget-purge", "storage-removed-content-is-gone", "are still in the flash"),
    ("planted-nonce-reuse", "storage-nonce-not-used-twice", "the nonce was used twice"),
];

/// The evaluation fails, and for this defect.
fn is_found(output: &Output, out: &Path, defect: &str, says: &str) {
    assert_eq!(output.status.code(), Some(1), "{defect}: {}", said(output));
    let evidence = std::fs::read_to_string(out.join("evidence.json")).unwrap();
    assert!(evidence.contains(says), "{defect} was found, but not as `{says}`: {}", said(output));
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn defects_of_trusted_storage_fail_the_evaluation_of_the_virtual_device() {
    for (defect, test, says) in STORAGE_DEFECTS {
        let folder = layout::products().join("planted/virtual").join(defect);
        alone(|build| firmware::virtual_variant(&build, defect, &folder.join("firmware")).unwrap());
        let out = folder.join("out");
        is_found(&evaluate("virtual", &folder.join("firmware"), &out, test), &out, defect, says);
    }
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn defects_of_trusted_storage_fail_the_evaluation_of_the_board() {
    for (defect, test, says) in STORAGE_DEFECTS {
        let output = evaluated("platform", defect, test);
        is_found(&output, &layout::products().join("planted").join(defect).join("out"), defect, says);
    }
}

/// What the probe answers to a call of the gate with these arguments.
fn call(session: &mut Session, number: u32, arguments: &str) -> String {
    match session.probe(&format!("gate {number} {arguments}")).unwrap() {
        ProbeAnswer::Line(answer) => answer,
        ProbeAnswer::Fault(report) => panic!("call {number} ended in a restart: {:?}", report.fault),
    }
}

/// The import of an AES-128 key for encryption and decryption by this algorithm; it lasts if it has a number.
fn import(session: &mut Session, algorithm: u32, id: u32) -> String {
    let lifetime = u32::from(id != 0);
    let attributes = KeyAttributes { key_type: 0x2400, bits: 0, usage: 0x0300, algorithm, lifetime, id };
    let attributes: String = attributes.to_bytes().map(|byte| format!("{byte:02x}")).concat();
    call(session, number::import_key, &format!("i:{attributes} i:000102030405060708090a0b0c0d0e0f o:4"))
}

/// An error state must be seen: by its bit, by an event, by the status of what it concerns, and by nothing else.
#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn a_self_test_that_fails_is_shown_and_stops_its_own_family_only() {
    const CCM: u32 = 0x0550_0100;
    const GCM: u32 = 0x0550_0200;
    const CORRUPTION_DETECTED: &str = "gate -151";
    let folder = layout::products().join("planted/planted-failed-self-test");
    let broken = built("platform", "planted-failed-self-test", &folder);
    let place = tempfile::tempdir().unwrap();
    let workshop = Workshop::open_or_make(place.path()).unwrap();
    let device = Device::open(workshop.device()).unwrap();
    for (firmware, fails) in [(layout::firmware(), false), (broken, true)] {
        workshop.install(Part::Platform, "cdd-platform", &firmware.join("platform.bin")).unwrap();
        workshop.install(Part::Application, "probe", &firmware.join("probe.bin")).unwrap();
        let mut session = device.power_on(&Power::new(&firmware)).unwrap();
        session.console_ready("probe ready").unwrap();
        // A volatile key, and what it is used for: CCM fails, GCM does not.
        let made = |session: &mut Session, algorithm| {
            let answer = import(session, algorithm, 0);
            let number = answer.strip_prefix("gate 0 ").unwrap_or_else(|| panic!("{answer}"));
            u32::from_str_radix(number, 16).unwrap().swap_bytes()
        };
        let sealed = |session: &mut Session, algorithm: u32| {
            let key = made(session, algorithm);
            let nonce = "00".repeat(12);
            let arguments = format!("v:{key} v:{algorithm} i:{nonce} i: i:61626364 o:64");
            call(session, number::aead_encrypt, &arguments)
        };
        let ccm = sealed(&mut session, CCM);
        let gcm = sealed(&mut session, GCM);
        let lasting = import(&mut session, GCM, 7);
        assert!(gcm.starts_with("gate 0 "), "{gcm}");
        let services = session.services().unwrap();
        if fails {
            assert_eq!(ccm, CORRUPTION_DETECTED);
            assert_eq!(lasting, CORRUPTION_DETECTED, "keys that last are wrapped by CCM");
            assert_eq!(services.failed_tests.count_ones(), 1, "{services:?}");
            let event = session.wait_event("self-test").unwrap();
            assert_eq!(event.words.get("failed").map(String::as_str), Some("ccm"), "{event:?}");
        } else {
            assert!(ccm.starts_with("gate 0 ") && lasting.starts_with("gate 0 "), "{ccm}, {lasting}");
            assert_eq!(services.failed_tests, 0, "{services:?}");
        }
        // Everything else goes on: storage, random, hashes, attestation.
        for (number, arguments) in [
            (number::storage_set, "v:1 v:0 v:0 i:616263"),
            (number::storage_get, "v:1 v:0 v:0 o:8"),
            (number::random, "o:32"),
            (number::digest, "v:0x02000009 i:616263 o:32"),
        ] {
            let answer = call(&mut session, number, arguments);
            assert!(answer.starts_with("gate 0"), "call {number}: {answer}");
        }
        session.token(&[7; 32]).unwrap();
        drop(session);
        // So does the meter.
        workshop.install(Part::Application, "bgm", &firmware.join("bgm.bin")).unwrap();
        let mut session = device.power_on(&Power::new(&firmware)).unwrap();
        session.console_ready("bgm ready").unwrap();
        session.send_reading(1_760_000_000, "50", "mg/dL").unwrap();
        let shown = session.console().wait_line("a reading", |line| line.starts_with("reading ")).unwrap();
        assert!(shown.ends_with("alarm=low"), "{shown}");
        session
            .console()
            .wait_line("stored", |line| line == "stored index=1" || line == "stored index=2")
            .unwrap();
    }
}

#[test]
#[ignore = "needs the firmware: `cargo xtask test` runs it"]
fn the_boot_code_with_ed25519_starts_images_signed_with_it() {
    let out = layout::products().join("planted/ed25519");
    let output = evaluate(layout::BOARD, &layout::firmware_ed25519(), &out, "init-signature-algorithms");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let evidence: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("evidence.json")).unwrap()).unwrap();
    let text = evidence.to_string();
    assert!(text.contains("boot code verifies Ed25519"), "the test no longer records what it found");
    assert!(!text.contains("no: a build without that option"), "this boot code does not verify Ed25519");
}
