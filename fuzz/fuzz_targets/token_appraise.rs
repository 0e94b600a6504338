//! Any bytes give a verdict that can be shown and signed; and of them all only the genuine token is affirmed.
//!
//! `programme/verify/tests/verdicts/properties.rs` does the same with random tokens.

#![no_main]

use dtsec_list::endorse::{Endorsement, Endorsements};
use dtsec_list::{
    Component, ComponentSet, Entry, Format, Hash, ImplementationId, Kind, PublicKey, PublishedList, Standing,
    Status, Version,
};
use dtsec_token::Token;
use dtsec_verify::{Evidence, Expected, Verifier};
use jiff::Timestamp;
use std::sync::LazyLock;

/// A token, its nonce, and a verifier by whose list it is certified.
struct Genuine {
    token: Vec<u8>,
    nonce: Vec<u8>,
    verifier: Verifier,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let text = include_str!("../../programme/token/tests/virtual-device.hex");
    let parts: Vec<Vec<u8>> =
        text.split_ascii_whitespace().map(|part| hex::decode(part).expect("hex")).collect();
    let [key, token] = <[Vec<u8>; 2]>::try_from(parts).expect("a key and a token");
    let read = Token::parse(&token).expect("a token");
    let component = |one: &dtsec_token::Component| Component {
        measurement_type: one.measurement_type.clone(),
        version: one.version.clone(),
        measurement: Hash::try_from(&one.measurement[..]).expect("a hash"),
        signer: Hash::try_from(&one.signer[..]).expect("a hash"),
    };
    let set = ComponentSet {
        implementation_id: ImplementationId::try_from(&read.implementation_id[..]).expect("an ID"),
        components: read.components.iter().map(component).collect(),
    };
    let version = Version {
        version: "1.2.3+0".into(),
        identity: "acme-meter 1.2.3+0".into(),
        since: now(),
        standing: Standing::InForce,
        fingerprint: set.fingerprint(),
        set,
        open: Vec::new(),
    };
    let entry = Entry {
        id: "E-1".into(),
        kind: Kind::Certified { certificate: "C-1".into(), lab: "LAB-1".into() },
        developer: "ACME".into(),
        product: "Meter".into(),
        class: "bgm".into(),
        status: Status::Listed,
        last_reviewed: jiff::civil::date(2026, 11, 1),
        searched: jiff::civil::date(2026, 11, 1),
        versions: vec![version],
    };
    let fresh_until = now() + jiff::SignedDuration::from_hours(1);
    let list = PublishedList { format: Format::V1, serial: 1, as_of: now(), fresh_until, entries: vec![entry] };
    let public_key = PublicKey::checked(&key).expect("a key");
    let mut endorsements = Endorsements::new();
    let endorsement =
        Endorsement { instance_id: public_key.instance_id(), public_key, implementation_id: None };
    endorsements.endorse("ACME", &endorsement).expect("the first one");
    let verifier = Verifier::new(list, endorsements).expect("a list that holds together");
    let genuine = Genuine { nonce: read.nonce.to_vec(), token, verifier };
    assert!(affirms(&genuine, &genuine.token), "the control");
    genuine
});

fn now() -> Timestamp {
    Timestamp::constant(1_795_348_800, 0)
}

fn affirms(genuine: &Genuine, token: &[u8]) -> bool {
    let verdict = genuine.verifier.verify(&Evidence::new(token), Expected::Nonce(&genuine.nonce), now());
    assert!(!verdict.detail.chars().any(char::is_control), "{}", verdict.detail);
    serde_json::to_string(&verdict).expect("every verdict has JSON");
    verdict.affirms()
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let genuine = &*GENUINE;
    let token = match bytes {
        // The genuine one with something put in the place of something.
        [1, high, low, removed, put @ ..] => {
            let at = usize::from(u16::from_be_bytes([*high, *low])).min(genuine.token.len());
            let end = (at + usize::from(*removed)).min(genuine.token.len());
            [&genuine.token[..at], put, &genuine.token[end..]].concat()
        }
        other => other.to_vec(),
    };
    assert_eq!(affirms(genuine, &token), token == genuine.token);
});
