//! Devices, their tokens, lists and endorsements, made up.

use anyhow::{Context, anyhow};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use ciborium::Value;
use coset::iana::Algorithm;
use coset::{CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};
use dtsec_list::endorse::{Endorsement, Endorsements};
use dtsec_list::{
    Component, ComponentSet, Entry, Format, Hash, ImplementationId, InstanceId, Kind, PublicKey,
    PublishedList, Standing, Status, Version,
};
use dtsec_token::Token;
use dtsec_verify::Verifier;
use jiff::Timestamp;
use jiff::civil::date;

pub(crate) const NONCE: [u8; 32] = [0xA7; 32];

/// The moment of all verdicts: the service has no other.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Devices of the first ten entries.
pub(crate) struct Fleet {
    keys: Vec<PublicKey>,
    pub(crate) tokens: Vec<Vec<u8>>,
    parsed: Vec<Token>,
}

fn hash(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

/// Boot, platform and application, as our own device has them.
fn set(entry: usize) -> anyhow::Result<ComponentSet> {
    let component = |name: &str| {
        let signer = if name == "boot" { [0; 32] } else { hash(&format!("signer of {name}")) };
        anyhow::Ok(Component {
            measurement_type: Some(name.into()),
            version: Some(format!("1.{entry}.0+0")),
            measurement: Hash::try_from(&hash(&format!("{name} {entry}"))[..])?,
            signer: Hash::try_from(&signer[..])?,
        })
    };
    Ok(ComponentSet {
        implementation_id: ImplementationId::try_from(&hash(&format!("implementation {entry}"))[..])?,
        components: ["boot", "platform", "application"]
            .map(component)
            .into_iter()
            .collect::<Result<_, _>>()?,
    })
}

impl Fleet {
    pub(crate) fn make(devices: usize) -> anyhow::Result<Fleet> {
        let mut fleet = Fleet { keys: Vec::new(), tokens: Vec::new(), parsed: Vec::new() };
        for device in 0..devices.max(1) {
            let pair =
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| anyhow!("no key"))?;
            let key = PublicKey::checked(pair.public_key().as_ref())?;
            let token = token(&pair, &key, &set(device % 10)?)?;
            fleet.parsed.push(Token::parse(&token)?);
            fleet.tokens.push(token);
            fleet.keys.push(key);
        }
        Ok(fleet)
    }

    /// Whether the signature verifies of the token that was read before.
    pub(crate) fn signature_alone(&self, at: usize) -> bool {
        let (key, token) = (&self.keys[at % self.keys.len()], &self.parsed[at % self.keys.len()]);
        let Ok(digest) = Digest::import_less_safe(token.signed_digest(), &SHA256) else { return false };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.as_bytes())
            .verify_digest(&digest, token.signature())
            .is_ok()
    }

    pub(crate) fn verifier(&self, entries: usize, keys: usize) -> anyhow::Result<Verifier> {
        let entries = (0..entries).map(entry).collect::<anyhow::Result<_>>()?;
        let (as_of, fresh_until) =
            (now() - jiff::SignedDuration::from_hours(1), now() + jiff::SignedDuration::from_hours(24));
        let list = PublishedList { format: Format::V1, serial: 1, as_of, fresh_until, entries };
        let mut endorsements = Endorsements::new();
        endorsements.reserve(keys);
        for key in self.keys.iter().take(keys) {
            let endorsement =
                Endorsement { instance_id: key.instance_id(), public_key: *key, implementation_id: None };
            endorsements.endorse("ACME", &endorsement)?;
        }
        // The keys of devices that send nothing need not be points of the curve.
        for other in endorsements.len()..keys {
            let (id, x) = (hash(&format!("instance {other}")), hash(&format!("key {other}")));
            endorsements.endorse(
                "ACME",
                &Endorsement {
                    instance_id: InstanceId::try_from(&[&[1][..], &id].concat()[..])?,
                    public_key: PublicKey::try_from(&[&[4][..], &x, &id].concat()[..])?,
                    implementation_id: None,
                },
            )?;
        }
        Verifier::new(list, endorsements).context("the list that was made up")
    }
}

fn entry(number: usize) -> anyhow::Result<Entry> {
    let set = set(number)?;
    Ok(Entry {
        id: format!("E-{number}"),
        kind: Kind::Certified { certificate: format!("C-{number}"), lab: "LAB-1".into() },
        developer: "ACME".into(),
        product: format!("Meter {number}"),
        class: "bgm".into(),
        status: Status::Listed,
        last_reviewed: date(2026, 11, 1),
        searched: date(2026, 11, 1),
        versions: vec![Version {
            version: format!("1.{number}.0+0"),
            identity: format!("acme-meter-{number} 1.{number}.0+0"),
            since: now(),
            standing: Standing::InForce,
            fingerprint: set.fingerprint(),
            set,
            open: Vec::new(),
        }],
    })
}

fn token(pair: &EcdsaKeyPair, key: &PublicKey, set: &ComponentSet) -> anyhow::Result<Vec<u8>> {
    let component = |one: &Component| {
        let text = |text: &Option<String>| Value::from(text.as_deref().unwrap_or_default());
        Value::Map(vec![
            (1.into(), text(&one.measurement_type)),
            (2.into(), Value::Bytes(one.measurement.as_bytes().to_vec())),
            (4.into(), text(&one.version)),
            (5.into(), Value::Bytes(one.signer.as_bytes().to_vec())),
            (6.into(), "sha-256".into()),
        ])
    };
    let claims = Value::Map(vec![
        (10.into(), Value::Bytes(NONCE.to_vec())),
        (256.into(), Value::Bytes(key.instance_id().as_bytes().to_vec())),
        (265.into(), dtsec_token::PROFILE.into()),
        (268.into(), Value::Bytes(vec![7; 32])),
        (2394.into(), (-1).into()),
        (2395.into(), 0x3000.into()),
        (2396.into(), Value::Bytes(set.implementation_id.as_bytes().to_vec())),
        (2399.into(), Value::Array(set.components.iter().map(component).collect())),
        (2400.into(), "https://verify.example".into()),
    ]);
    let mut payload = Vec::new();
    ciborium::into_writer(&claims, &mut payload)?;
    let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).map(|made| made.as_ref().to_vec());
    let envelope = CoseSign1Builder::new()
        .protected(HeaderBuilder::new().algorithm(Algorithm::ES256).build())
        .payload(payload)
        .try_create_signature(&[], sign)
        .map_err(|_| anyhow!("no signature"))?;
    envelope.build().to_tagged_vec().map_err(|error| anyhow!("no token: {error}"))
}
