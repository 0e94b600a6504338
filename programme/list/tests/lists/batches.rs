//! Endorsements as parts of the tree, and what a verifier makes of all parts.

use crate::made::*;
use dtsec_list::batch::{self, Batch, BatchError, RECORDS};
use dtsec_list::endorse::{EndorseError, Endorsement, Endorsements, Revocation, Revoked};
use dtsec_list::enrol::Form;
use dtsec_list::{
    AssembleError, Assembled, Authority, ChainError, Fingerprint, InstanceId, PublicKey, assemble,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

type Batches = BTreeMap<String, Batch>;

/// A key of a device that sends nothing: it need not be a point of the curve.
fn other(number: usize) -> Endorsement {
    let digest = Sha256::digest(number.to_le_bytes());
    let public_key = PublicKey::try_from(&[&[4][..], &digest, &digest].concat()[..]).unwrap();
    Endorsement { instance_id: public_key.instance_id(), public_key, implementation_id: None }
}

fn endorsed(manufacturer: &str, numbers: std::ops::Range<usize>, into: &mut Endorsements) {
    for number in numbers {
        into.endorse(manufacturer, &other(number)).unwrap();
    }
}

fn of(batches: &Batches) -> Endorsements {
    let mut all = Endorsements::new();
    batches.values().for_each(|batch| all.add(batch).unwrap());
    all
}

/// Publishes what is new, and says which batches that are.
fn publish(published: &mut Batches, all: &Endorsements) -> Vec<String> {
    let changed = batch::changed(published, all);
    let names = changed.keys().cloned().collect();
    published.extend(changed);
    names
}

fn revoked(instance_id: InstanceId, since: &str) -> Revocation {
    let (since, because) = (since.parse().unwrap(), "stolen".to_owned());
    Revocation { revoked: Revoked::Instance { instance_id }, since, because }
}

/// An authority, its certificate in PEM, and a chain for a device's key.
fn authority() -> (Authority, String, String) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let signed = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::from_params(&ca, &ca_key);
    let device = rcgen::CertificateParams::new(vec!["device".into()]).unwrap();
    let device = device.signed_by(&rcgen::KeyPair::generate().unwrap(), &issuer).unwrap();
    (Authority::new("ACME", signed.der().to_vec()).unwrap(), signed.pem(), device.pem())
}

#[test]
fn a_new_key_changes_the_last_batch_and_full_ones_stay_as_they_are() {
    let (mut published, mut all) = (Batches::new(), Endorsements::new());
    endorsed("ACME", 0..2 * RECORDS + 1, &mut all);
    endorsed("other", 10_000..10_003, &mut all);
    let first = ["endorsements/ACME.1", "endorsements/ACME.2", "endorsements/ACME.3", "endorsements/other.1"];
    assert_eq!(publish(&mut published, &all), first);
    assert_eq!(published.values().map(Batch::len).collect::<Vec<_>>(), [RECORDS, RECORDS, 1, 3]);
    assert!(publish(&mut published, &all).is_empty(), "nothing is new");
    endorsed("ACME", 5_000..5_001, &mut all);
    assert_eq!(publish(&mut published, &all), ["endorsements/ACME.3"]);
    endorsed("ACME", 6_000..6_000 + RECORDS, &mut all);
    assert_eq!(publish(&mut published, &all), ["endorsements/ACME.3", "endorsements/ACME.4"]);
    let again = of(&published);
    assert_eq!(again.len(), all.len());
    for (id, one) in all.keys() {
        assert_eq!(again.of(&id), Some(one), "{id}");
    }
}

#[test]
fn a_batch_that_was_filled_exactly_stays_as_it_is() {
    let (mut published, mut all) = (Batches::new(), Endorsements::new());
    endorsed("ACME", 0..RECORDS, &mut all);
    assert_eq!(publish(&mut published, &all), ["endorsements/ACME.1"]);
    endorsed("ACME", RECORDS..RECORDS + 1, &mut all);
    assert_eq!(publish(&mut published, &all), ["endorsements/ACME.2"]);
}

#[test]
fn manufacturers_never_share_a_batch_whatever_they_are_called() {
    let mut all = Endorsements::new();
    let names = ["ACME", "ACME.1", "ACME GmbH", "../x", "revocations", "sha256", "é", "", ".."];
    for (number, name) in names.into_iter().enumerate() {
        endorsed(name, number..number + 1, &mut all);
    }
    all.revoke(revoked(other(0).instance_id, "2026-11-01T00:00:00Z"));
    let batches = batch::changed(&Batches::new(), &all);
    assert_eq!(batches.len(), names.len() + 1);
    for name in batches.keys() {
        let id = name.strip_prefix("endorsements/").unwrap();
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{name}");
        assert!(!id.starts_with('.') && id.len() <= 200, "{name}");
    }
    assert_eq!(batches["endorsements/revocations.1"].manufacturer, None);
}

#[test]
fn what_is_revoked_stays_revoked_and_an_earlier_moment_counts() {
    let mut published = Batches::new();
    let mut all = Endorsements::new();
    endorsed("ACME", 0..2, &mut all);
    let id = other(0).instance_id;
    let since = |all: &Endorsements| {
        let endorsed = all.of(&id).unwrap();
        all.revocation(&id, &endorsed).map(|one| one.since.to_string())
    };
    publish(&mut published, &all);
    assert_eq!(since(&of(&published)), None, "the control");
    all.revoke(revoked(id, "2026-11-02T00:00:00Z"));
    assert_eq!(publish(&mut published, &all), ["endorsements/revocations.1"]);
    all.revoke(revoked(id, "2026-11-03T00:00:00Z"));
    assert!(publish(&mut published, &all).is_empty(), "a later moment says nothing new");
    all.revoke(revoked(id, "2026-11-01T00:00:00Z"));
    assert_eq!(publish(&mut published, &all), ["endorsements/revocations.1"]);
    let mut without = Endorsements::new();
    endorsed("ACME", 0..2, &mut without);
    assert!(publish(&mut published, &without).is_empty(), "nothing is taken back");
    assert_eq!(since(&of(&published)).as_deref(), Some("2026-11-01T00:00:00Z"));
}

#[test]
fn a_revoked_certificate_takes_the_keys_with_it_that_came_by_it_also_after_they_were_published() {
    let (authority, authority_pem, device) = authority();
    let mut all = Endorsements::new();
    all.authorise(authority.clone());
    let file = json!({ "chain": device }).to_string();
    let enrolled = all.enrol("ACME", Form::JsonLines, file.as_bytes(), now());
    assert_eq!(enrolled.new, 1, "{:?}", enrolled.refused);
    let batches = batch::changed(&Batches::new(), &all);
    let read = of(&batches);
    assert_eq!(read.authorities(), std::slice::from_ref(&authority));
    assert_eq!(
        batches["endorsements/ACME.1"].authorities[0].replace('\r', ""),
        authority_pem.replace('\r', "")
    );
    let (id, endorsed) = read.keys().next().unwrap();
    assert_eq!(endorsed.certificates.len(), 2);
    assert!(read.revocation(&id, &endorsed).is_none(), "the control");
    let sha256 = Fingerprint::try_from(&authority.fingerprint()[..]).unwrap();
    let revocation =
        Revocation { revoked: Revoked::Certificate { sha256 }, since: now(), because: "stolen".into() };
    all.revoke(revocation.clone());
    let later = batch::changed(&batches, &all);
    assert_eq!(later.keys().collect::<Vec<_>>(), ["endorsements/revocations.1"]);
    let read = of(&batches.into_iter().chain(later).collect());
    let (id, endorsed) = read.keys().next().unwrap();
    assert_eq!(read.revocation(&id, &endorsed), Some(&revocation));
}

#[test]
fn a_batch_is_read_as_it_was_written_fits_its_schema_and_leaves_out_what_follows() {
    let mut all = Endorsements::new();
    endorsed("ACME", 0..1, &mut all);
    let own: InstanceId = ("01".to_owned() + &"ab".repeat(32)).parse().unwrap();
    let implementation_id = Some("1d".repeat(32).parse().unwrap());
    let named = Endorsement { instance_id: own, public_key: other(1).public_key, implementation_id };
    all.endorse("ACME", &named).unwrap();
    let batches = batch::changed(&Batches::new(), &all);
    let value = serde_json::to_value(&batches["endorsements/ACME.1"]).unwrap();
    assert_eq!(
        value,
        json!({ "manufacturer": "ACME", "keys": [
            { "public-key": other(0).public_key },
            { "public-key": named.public_key, "instance-id": own, "implementation-id": implementation_id },
        ] })
    );
    assert_eq!(serde_json::from_value::<Batch>(value.clone()).unwrap(), batches["endorsements/ACME.1"]);
    let validator = jsonschema::validator_for(&serde_json::to_value(batch::schema()).unwrap()).unwrap();
    assert!(validator.is_valid(&value));
    let mut more = value;
    more["colour"] = "red".into();
    assert!(!validator.is_valid(&more) && serde_json::from_value::<Batch>(more).is_err());
}

#[test]
fn a_batch_that_contradicts_itself_is_refused_with_the_place() {
    let [a, b] = [other(0), other(1)];
    let (_, pem, _) = authority();
    let add = |batch: Value| Endorsements::new().add(&serde_json::from_value(batch).unwrap());
    let good = json!({ "manufacturer": "ACME", "authorities": [pem], "keys": [a, b] });
    assert_eq!(add(good), Ok(()), "the control");
    assert_eq!(add(json!({ "keys": [a] })), Err(BatchError::Nobody));
    assert_eq!(add(json!({ "authorities": [pem] })), Err(BatchError::Nobody));
    assert_eq!(add(json!({})), Ok(()), "nothing is nobody's");
    let twice = json!({ "instance-id": a.instance_id, "public-key": b.public_key });
    let why = EndorseError::OtherKey { instance_id: a.instance_id, by: "ACME".into() };
    assert_eq!(
        add(json!({ "manufacturer": "ACME", "keys": [a, twice] })),
        Err(BatchError::Key { number: 1, why })
    );
    for (bad, found) in [(String::new(), 0), (pem.repeat(3), 3)] {
        assert_eq!(
            add(json!({ "manufacturer": "ACME", "authorities": [pem, bad] })),
            Err(BatchError::Authority { number: 1, why: ChainError::Count { found } })
        );
    }
}

fn assembled(parts: &[(&str, Value)]) -> Result<Assembled, AssembleError> {
    assemble(parts.iter().map(|(name, value)| Ok((*name, value.to_string()))))
}

#[test]
fn parts_give_entries_and_endorsements_and_others_are_passed_over() {
    let [one, two] = [entry("E-1", vec![version(1)]), entry("E-2", vec![version(2)])];
    let parts = [
        ("endorsements/ACME.1", json!({ "manufacturer": "ACME", "keys": [other(0)] })),
        ("entry/E-1", json!({ "product": "Meter", "anything": [1], "attestation": one })),
        ("entry/E-2", json!({ "attestation": two })),
        ("entry/E-3", json!({ "product": "one that does not attest itself" })),
        ("lab/L-1", json!({ "attestation": 7 })),
        ("pp/P-1", json!(null)),
    ];
    let all = assembled(&parts).unwrap();
    assert_eq!(all.entries, [one, two]);
    assert_eq!(all.endorsements.len(), 1);
}

#[test]
fn a_part_that_is_not_understood_is_refused_by_its_name() {
    let good = entry("E-1", vec![version(1)]);
    let told = |name: &str, value: Value| {
        assembled(&[("entry/E-1", json!({ "attestation": good })), (name, value)])
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert_eq!(told("entry/E-2", json!({})), Ok(()), "the control");
    let wrong = told("entry/E-2", json!({ "attestation": good })).unwrap_err();
    assert_eq!(wrong, "part entry/E-2 has the reference values of entry `E-1`");
    let wrong = told("entry/E-2", json!({ "attestation": { "id": "E-2" } })).unwrap_err();
    assert!(wrong.starts_with("part entry/E-2: missing field"), "{wrong}");
    let wrong = told("endorsements/b", json!({ "keys": [other(0)] })).unwrap_err();
    assert!(wrong.starts_with("part endorsements/b: it has keys"), "{wrong}");
    let wrong = told("endorsements/b", json!({ "key": [] })).unwrap_err();
    assert!(wrong.starts_with("part endorsements/b: unknown field"), "{wrong}");
}

#[test]
fn an_error_of_the_source_is_passed_on() {
    #[derive(Debug)]
    struct Gone;
    impl From<AssembleError> for Gone {
        fn from(error: AssembleError) -> Self {
            panic!("{error}")
        }
    }
    let parts = [Ok(("lab/L-1", "null")), Err(Gone)];
    assert!(matches!(assemble::<_, _, Gone>(parts), Err(Gone)));
}
