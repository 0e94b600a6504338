//! `dtsec attest show` and wrong calls of `dtsec attest`; what needs a device that runs is in `whole_device.rs`.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A token of a virtual device, and the key that it gave.
const TOKEN: &str = include_str!("../../programme/token/tests/virtual-device.hex");

fn dtsec(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dtsec"));
    command.current_dir(folder.path()).args(arguments).output().unwrap()
}

fn attest(folder: &TempDir, arguments: &[&str]) -> (i32, Value) {
    let output = dtsec(folder, &[&["--json", "attest"], arguments].concat());
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).expect(&shown))
}

/// A folder with `token.cbor`, `key.pem` that signed it and `other.pem` that did not.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let [key, token]: [Vec<u8>; 2] = TOKEN
        .split_ascii_whitespace()
        .map(|hex| hex::decode(hex).unwrap())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    std::fs::write(folder.path().join("token.cbor"), token).unwrap();
    let point = key[1..].try_into().unwrap();
    let pem = cdd_image::build::public_to_pem(&cdd_image::PublicKeyBytes::P256(point)).unwrap();
    std::fs::write(folder.path().join("key.pem"), pem).unwrap();
    for (kind, name) in [("ecdsa-p256", "other.pem"), ("ed25519", "ed25519.pem")] {
        assert!(dtsec(&folder, &["image", "keygen", "-t", kind, "-o", name]).status.success());
    }
    folder
}

#[test]
fn a_token_in_a_file_is_shown_and_said_to_be_unproven() {
    let folder = folder();
    let (status, report) = attest(&folder, &["show", "token.cbor"]);
    assert_eq!((status, &report["checked"]), (0, &Value::Null));
    assert_eq!(report["token"]["life_cycle"], "secured");
    assert_eq!(report["token"]["components"][2]["version"], "1.2.3+0");
    let text = String::from_utf8(dtsec(&folder, &["attest", "show", "token.cbor"]).stdout).unwrap();
    assert!(text.contains("nothing of it is proven"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("platform ") && line.ends_with("1.2.3+0")), "{text}");
}

#[test]
fn the_endorsed_key_proves_a_token_and_no_other_does() {
    let folder = folder();
    let (status, report) = attest(&folder, &["show", "token.cbor", "--key", "key.pem"]);
    assert_eq!((status, &report["checked"]["verifies"]), (0, &true.into()));
    assert_eq!(report["checked"]["instance_id_matches"], true);
    let (status, report) = attest(&folder, &["show", "token.cbor", "--key", "other.pem"]);
    assert_eq!((status, &report["checked"]["verifies"]), (1, &false.into()));
    let (status, report) = attest(&folder, &["show", "token.cbor", "--key", "ed25519.pem"]);
    assert!(status == 2 && report["error"].as_str().unwrap().contains("ECDSA on P-256"), "{report}");
}

#[test]
fn what_is_no_token_is_answered_with_no_whatever_it_is() {
    let folder = folder();
    let token = std::fs::read(folder.path().join("token.cbor")).unwrap();
    let show = |content: &[u8]| {
        std::fs::write(folder.path().join("odd"), content).unwrap();
        let (status, report) = attest(&folder, &["show", "odd", "--key", "key.pem"]);
        (status, report["error"]["name"].as_str().map(str::to_owned))
    };
    assert_eq!(show(&token), (0, None), "the control");
    let mut changed = token.clone();
    changed[40] ^= 1;
    assert_eq!(show(&changed), (1, None), "read, and not signed by that key");
    for (content, name) in [
        (&b""[..], "truncated"),
        (&token[..token.len() - 1], "truncated"),
        (hex::encode(&token).as_bytes(), "envelope"),
        (&vec![0xD2; 100_000], "too-long"),
        (&[0x81; 16_000], "envelope"),
    ] {
        assert_eq!(show(content), (1, Some(name.to_owned())));
    }
}

#[test]
fn a_challenge_of_another_length_and_a_device_that_is_none_are_wrong_calls() {
    let folder = folder();
    for challenge in ["", "aa", "zz", &"aa".repeat(31), &"aa".repeat(65)] {
        let (status, report) = attest(&folder, &["token", "dev", "--challenge", challenge]);
        assert_eq!(status, 2, "{report}");
        assert!(report["error"].as_str().unwrap().contains("challenge"), "{report}");
    }
    for command in ["token", "key"] {
        let (status, report) = attest(&folder, &[command, "dev"]);
        assert!(status == 2 && report["error"].as_str().unwrap().contains("is not a device"), "{report}");
    }
}
