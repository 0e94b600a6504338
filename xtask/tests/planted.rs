//! The evaluation of the board must see a defect that is there. They need the firmware built: `cargo xtask test` does
//! that and runs them.

use std::process::{Command, Output};
use xtask::{firmware, layout, needs};

/// Builds the product with the defect planted and evaluates it by the one test that must notice.
fn evaluated(product: &str, feature: &str, test: &str) -> Output {
    let toolchain = needs::toolchain().expect("a compiler for the firmware");
    let folder = layout::products().join("planted").join(feature);
    let package = firmware::PACKAGES.iter().find(|p| p.product == product).expect("a product");
    firmware::variant(&toolchain, &folder.join("build"), package, feature, &folder.join("firmware")).unwrap();
    evaluate(&folder.join("firmware"), &folder.join("out"), test)
}

fn evaluate(firmware: &std::path::Path, out: &std::path::Path, test: &str) -> Output {
    Command::new(layout::dtsec())
        .current_dir(layout::root())
        .args(["evaluate", "--target", layout::BOARD, "--seed", "1", "--json", "--test", test, "--firmware"])
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
#[ignore = "needs the firmware"]
fn boot_code_that_accepts_any_signature_fails_the_evaluation() {
    let output = evaluated("boot", "planted-accept-any-signature", "init-flipped-bit-platform");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
#[ignore = "needs the firmware"]
fn a_gate_that_obeys_any_pointer_fails_the_evaluation() {
    let output = evaluated("platform", "planted-unchecked-pointers", "gate-foreign-pointers-refused");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
#[ignore = "needs the firmware"]
fn genuine_firmware_passes_the_same_tests() {
    for test in ["init-flipped-bit-platform", "gate-foreign-pointers-refused"] {
        let out = layout::products().join("planted/genuine").join(test);
        let output = evaluate(&layout::firmware(), &out, test);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

#[test]
#[ignore = "needs the firmware"]
fn the_boot_code_with_ed25519_starts_images_signed_with_it() {
    let out = layout::products().join("planted/ed25519");
    let output = evaluate(&layout::firmware_ed25519(), &out, "init-signature-algorithms");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let evidence: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("evidence.json")).unwrap()).unwrap();
    let text = evidence.to_string();
    assert!(text.contains("boot code verifies Ed25519"), "the test no longer records what it found");
    assert!(!text.contains("no: a build without that option"), "this boot code does not verify Ed25519");
}
