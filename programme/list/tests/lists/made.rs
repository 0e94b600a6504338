//! Component sets, lists and keys, made up.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use dtsec_list::{
    Component, ComponentSet, Entry, Format, Hash, ImplementationId, Kind, PublicKey, PublishedList, Standing,
    Status, Version,
};
use jiff::Timestamp;
use jiff::civil::date;

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn component(name: &str, measurement: u8) -> Component {
    Component {
        measurement_type: Some(name.into()),
        version: Some("1.2.3+4".into()),
        measurement: Hash::try_from(&[measurement; 32][..]).unwrap(),
        signer: Hash::try_from(&[0x51; 32][..]).unwrap(),
    }
}

pub(crate) fn set(number: u8) -> ComponentSet {
    ComponentSet {
        implementation_id: ImplementationId::try_from(&[0x1D; 32][..]).unwrap(),
        components: vec![
            component("boot", 1),
            component("platform", number),
            component("application", number),
        ],
    }
}

pub(crate) fn version(number: u8) -> Version {
    let set = set(number);
    Version {
        version: format!("{number}.0.0"),
        identity: format!("acme-meter {number}.0.0"),
        since: now(),
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

pub(crate) fn list() -> PublishedList {
    PublishedList {
        format: Format::V1,
        serial: 7,
        as_of: now(),
        fresh_until: now() + jiff::SignedDuration::from_hours(24),
        entries: vec![entry("E-1", vec![version(1), version(2)]), entry("E-2", vec![version(3)])],
    }
}

/// A new key.
pub(crate) fn key() -> PublicKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    PublicKey::checked(pair.public_key().as_ref()).unwrap()
}
