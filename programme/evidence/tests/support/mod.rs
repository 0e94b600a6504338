//! A run to sign, and keys that are the same every time.

// Each test file is a program of its own and uses a part of this.
#![allow(dead_code)]

use base64ct::{Base64, Encoding as _};
use dtsec_evidence::PrivateKey;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{EvidenceBundle, Image, Run, TestKind, TestResult};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use sha2::{Digest as _, Sha256};

/// A key that follows from a number.
pub(crate) fn key(number: u8) -> PrivateKey {
    let secret = p256::SecretKey::from_slice(&[number; 32]).unwrap();
    PrivateKey::from_pem(&secret.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap()
}

/// What a key signs, without any of the checks of the crate.
pub(crate) fn sign(key: &PrivateKey, message: &[u8]) -> Vec<u8> {
    let secret = p256::SecretKey::from_pkcs8_pem(&key.to_pem().unwrap()).unwrap();
    let key = p256::ecdsa::SigningKey::from(secret);
    let signature: p256::ecdsa::DerSignature = key.sign_prehash(&Sha256::digest(message)).unwrap();
    signature.as_bytes().to_vec()
}

pub(crate) fn decoded(text: &str) -> Vec<u8> {
    Base64::decode_vec(text).unwrap()
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The evidence of a run with that many tests.
pub(crate) fn bundle(run: &str, tests: usize) -> EvidenceBundle {
    let result = |number: usize| TestResult {
        id: format!("test-{number}"),
        title: format!("Test {number}"),
        kind: TestKind::Functional,
        requirements: vec!["secure-trusted-storage".to_owned()],
        threats: Vec::new(),
        verdict: Verdict::Pass,
        observation: "as expected".to_owned(),
    };
    EvidenceBundle {
        kind: Default::default(),
        run: Run {
            id: run.to_owned(),
            tool: "a-tool".to_owned(),
            tool_version: "1".to_owned(),
            target: "virtual".to_owned(),
            images: vec![Image {
                part: "cdd-platform".to_owned(),
                version: "1.2.3".to_owned(),
                sha256: dtsec_evidence::sha256(b"an image"),
            }],
            host: "a machine".to_owned(),
            seed: Some(7),
            started: "2026-01-02T03:04:05Z".to_owned(),
            finished: "2026-01-02T03:04:06Z".to_owned(),
        },
        results: (0..tests).map(result).collect(),
        attachments: Vec::new(),
    }
}
