//! A list, endorsements, and a verifier of both.

use crate::made::{Claims, public_key};
use dtsec_list::endorse::{Endorsement, Endorsements};
use dtsec_list::{
    Component, ComponentSet, Entry, Format, Hash, ImplementationId, Kind, PublicKey, PublishedList, Standing,
    Status, Version,
};
use dtsec_token::Token;
use dtsec_verify::{Evidence, Expected, Finding, Verifier};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

/// The nonce of `Claims::full`.
pub(crate) const NONCE: [u8; 32] = [0xA7; 32];

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// What a token says that it runs.
pub(crate) fn set_of(token: &[u8]) -> ComponentSet {
    let token = Token::parse(token).unwrap();
    let component = |one: &dtsec_token::Component| Component {
        measurement_type: one.measurement_type.clone(),
        version: one.version.clone(),
        measurement: Hash::try_from(&one.measurement[..]).unwrap(),
        signer: Hash::try_from(&one.signer[..]).unwrap(),
    };
    ComponentSet {
        implementation_id: ImplementationId::try_from(&token.implementation_id[..]).unwrap(),
        components: token.components.iter().map(component).collect(),
    }
}

pub(crate) fn version(number: &str, set: ComponentSet) -> Version {
    Version {
        version: number.into(),
        identity: format!("acme-meter {number}"),
        since: now() - hours(1000),
        standing: Standing::InForce,
        fingerprint: set.fingerprint(),
        set,
        open: Vec::new(),
    }
}

pub(crate) fn entry(id: &str, versions: Vec<Version>) -> Entry {
    Entry {
        id: id.into(),
        kind: Kind::Certified { certificate: "C-1".into(), lab: "LAB-1".into() },
        developer: "ACME".into(),
        product: "Meter".into(),
        class: "bgm".into(),
        status: Status::Listed,
        last_reviewed: date(2026, 11, 1),
        searched: date(2026, 11, 1),
        versions,
    }
}

pub(crate) fn list(entries: Vec<Entry>) -> PublishedList {
    let (as_of, fresh_until) = (now() - hours(1), now() + hours(23));
    PublishedList { format: Format::V1, serial: 7, as_of, fresh_until, entries }
}

/// The list with exactly what `Claims::full` says.
pub(crate) fn full_list() -> PublishedList {
    list(vec![entry("E-1", vec![version("1.2.3+4", set_of(&Claims::full().token()))])])
}

pub(crate) fn key(number: u8) -> PublicKey {
    PublicKey::checked(&public_key(number)).unwrap()
}

/// The key of `Claims::full`, by ACME.
pub(crate) fn endorsements() -> Endorsements {
    let mut endorsements = Endorsements::new();
    endorsements.endorse("ACME", &endorsement(key(1))).unwrap();
    endorsements
}

pub(crate) fn endorsement(key: PublicKey) -> Endorsement {
    Endorsement { instance_id: key.instance_id(), public_key: key, implementation_id: None }
}

/// That knows `Claims::full` and nothing else.
pub(crate) fn verifier() -> Verifier {
    Verifier::new(full_list(), endorsements()).unwrap()
}

/// That knows this list, and the key of `Claims::full`.
pub(crate) fn by(list: PublishedList) -> Verifier {
    Verifier::new(list, endorsements()).unwrap()
}

/// What it finds of a token that answers the nonce of tests.
pub(crate) fn found(verifier: &Verifier, token: &[u8]) -> Finding {
    verifier.verify(&Evidence::new(token), Expected::Nonce(&NONCE), now()).finding
}

/// The same with what it adds.
pub(crate) fn found_and_why(verifier: &Verifier, token: &[u8]) -> (Finding, String) {
    let verdict = verifier.verify(&Evidence::new(token), Expected::Nonce(&NONCE), now());
    (verdict.finding, verdict.detail)
}
