//! The token as a Python verifier sees it: `DTSEC_VENV_PYTHON` names an interpreter with `pycose` and `cbor2`
//! (`pip install pycose 'cbor2<6'`: pycose 1.1.0 does not decode any message with cbor2 6).

use crate::support::*;
use std::process::{Command, Output};

fn check(token: &[u8], public_key: &[u8], nonce: &[u8]) -> Output {
    let python = std::env::var_os("DTSEC_VENV_PYTHON").expect("DTSEC_VENV_PYTHON names a Python with pycose");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/attest/pycose_check.py");
    Command::new(python).arg(script).args([token, public_key, nonce].map(hex::encode)).output().unwrap()
}

#[test]
#[ignore = "needs pycose; `cargo xtask test` has it and runs this"]
fn pycose_accepts_the_token_and_refuses_it_with_another_key_nonce_or_content() {
    let (record, key) = Device::default().start_with_key();
    let genuine = token(&record, &key);

    let accepted = check(&genuine, key.public_key(), &NONCE[..32]);
    let shown = String::from_utf8(accepted.stdout).unwrap();
    assert!(accepted.status.success(), "{shown}{}", String::from_utf8_lossy(&accepted.stderr));
    for expected in [
        r#""265": "tag:psacertified.org,2023:psa#tfm""#,
        r#""2394": -1"#,
        r#""2395": 12288"#,
        r#""1": "application""#,
        r#""6": "sha-256""#,
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }

    let refused = |token: &[u8], public_key: &[u8], nonce: &[u8], because: &str| {
        let output = check(token, public_key, nonce);
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && shown.contains(because), "{because}: {shown}");
    };
    let (_, other) = Device { platform_payload: 2, ..Device::default() }.start_with_key();
    refused(&genuine, other.public_key(), &NONCE[..32], "the signature does not verify");
    refused(&genuine, key.public_key(), &[0; 32], "another nonce");
    let mut changed = genuine.clone();
    // The last byte of the claims set.
    let at = changed.len() - 64 - 3;
    changed[at] ^= 1;
    refused(&changed, key.public_key(), &NONCE[..32], "the signature does not verify");
}
