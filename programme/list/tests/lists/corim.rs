//! CoRIM: what is written is read again; what others write – made here with `ciborium` after the draft's example – is read;
//! what would change what is said is refused.

use crate::made::*;
use ciborium::Value;
use dtsec_list::corim::{Corim, CorimError, PROFILE, read, write};
use dtsec_list::endorse::Endorsement;
use dtsec_list::{Hash, PublicKey};
use proptest::prelude::*;

fn corim() -> Corim {
    let key = key();
    let endorsement = Endorsement {
        instance_id: key.instance_id(),
        public_key: key,
        implementation_id: Some(set(1).implementation_id),
    };
    let mut odd = set(3);
    odd.components[0].version = None;
    odd.components[0].measurement_type = None;
    odd.components[1].measurement = Hash::try_from(&[7; 48][..]).unwrap();
    odd.components[2].measurement = Hash::try_from(&[7; 64][..]).unwrap();
    Corim {
        id: "acme.example/meter".into(),
        sets: vec![set(1), set(2), odd],
        endorsements: vec![endorsement],
    }
}

fn map<const N: usize>(entries: [(i64, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn tag(number: u64, value: impl Into<Value>) -> Value {
    Value::Tag(number, Box::new(value.into()))
}

fn bytes(of: &[u8]) -> Value {
    Value::Bytes(of.to_vec())
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

/// What can be wrong in one place of the example.
#[derive(Clone)]
struct Example {
    tag: u64,
    profile: Value,
    mkey: Value,
    algorithm: Value,
    mval: Vec<(Value, Value)>,
    class: Value,
    kind: i64,
    key: Value,
    more: Vec<(Value, Value)>,
}

impl Example {
    /// As figure 54 of the draft and the profile's valid test case have it.
    fn new() -> Example {
        Example {
            tag: 501,
            profile: tag(32, PROFILE),
            mkey: "psa.software-component".into(),
            algorithm: "sha-256".into(),
            mval: Vec::new(),
            class: tag(560, bytes(b"acme-implementation-id-000000001")),
            kind: 3,
            key: tag(554, pem(&key_of_the_draft())),
            more: Vec::new(),
        }
    }

    fn bytes(self) -> Vec<u8> {
        let class = map([(0, self.class), (1, "ACME".into()), (2, "RoadRunner".into())]);
        let Value::Map(mut mval) = map([
            (0, map([(0, "2.1.0".into())])),
            (2, Value::Array(vec![Value::Array(vec![self.algorithm, bytes(&[0x9A; 32])])])),
            (11, "PRoT".into()),
            (13, Value::Array(vec![tag(560, bytes(&[0x53; 32]))])),
        ]) else {
            unreachable!()
        };
        mval.extend(self.mval);
        let measurement = map([(0, self.mkey), (1, Value::Map(mval))]);
        let reference = Value::Array(vec![map([(0, class.clone())]), Value::Array(vec![measurement])]);
        let instance = tag(550, bytes(&[&[1][..], &[0x4C; 32]].concat()));
        let keys = Value::Array(vec![map([(0, class), (1, instance)]), Value::Array(vec![self.key])]);
        let triples = map([(0, Value::Array(vec![reference])), (self.kind, Value::Array(vec![keys]))]);
        let comid = map([
            (0, "en-GB".into()),
            (1, map([(0, bytes(&[0x43; 16]))])),
            (2, Value::Array(vec![map([(0, "ACME Ltd.".into()), (2, Value::Array(vec![0.into()]))])])),
            (4, triples),
        ]);
        let Value::Map(mut manifest) = map([
            (0, "psa-valid-corim".into()),
            (1, Value::Array(vec![tag(506, bytes(&encoded(&comid)))])),
            (3, self.profile),
        ]) else {
            unreachable!()
        };
        manifest.extend(self.more);
        encoded(&tag(self.tag, Value::Map(manifest)))
    }

    fn refused(change: impl FnOnce(&mut Example)) -> CorimError {
        let mut example = Example::new();
        change(&mut example);
        read(&example.bytes()).unwrap_err()
    }
}

fn key_of_the_draft() -> PublicKey {
    let hex = "044e5e22099e3bceb45b446d1355fd1dc3b545947b6fd7c1c89d886798c3726e8f\
               80d70b840b256aac34a62ede1043364f044095f003474b91e0182092afb13f2e";
    PublicKey::checked(&hex::decode(hex).unwrap()).unwrap()
}

/// As the draft prints it, line for line.
fn pem(key: &PublicKey) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(key.spki());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----", &text[..64], &text[64..])
}

#[test]
fn what_is_written_is_read_again() {
    let corim = corim();
    assert_eq!(read(&write(&corim).unwrap()), Ok(corim));
}

#[test]
fn what_is_written_is_cbor_to_others_with_the_numbers_of_the_draft() {
    let value: Value = ciborium::from_reader(&write(&corim()).unwrap()[..]).unwrap();
    let Value::Tag(501, manifest) = value else { panic!("{value:?}") };
    let manifest = manifest.into_map().unwrap();
    let keys: Vec<_> = manifest.iter().map(|(key, _)| i128::from(key.as_integer().unwrap())).collect();
    assert_eq!(keys, [0, 1, 3]);
    assert_eq!(manifest[2].1, tag(32, "tag:arm.com,2025:psa#1.0.0"));
    let Value::Tag(506, comid) = &manifest[1].1.as_array().unwrap()[0] else { panic!("no CoMID") };
    let comid: Value = ciborium::from_reader(&comid.as_bytes().unwrap()[..]).unwrap();
    let triples = &comid.as_map().unwrap()[1];
    assert_eq!(triples.0, 4.into());
    let [reference, keys] = &triples.1.as_map().unwrap()[..] else { panic!("two kinds") };
    assert_eq!((&reference.0, &keys.0), (&0.into(), &3.into()));
    assert_eq!(reference.1.as_array().unwrap().len(), 3, "one triple is one set");
}

#[test]
fn what_others_write_is_read() {
    let corim = read(&Example::new().bytes()).unwrap();
    assert_eq!((&*corim.id, corim.sets.len(), corim.endorsements.len()), ("psa-valid-corim", 1, 1));
    let [component] = &corim.sets[0].components[..] else { panic!("{:?}", corim.sets) };
    assert_eq!(component.measurement_type.as_deref(), Some("PRoT"));
    assert_eq!(component.version.as_deref(), Some("2.1.0"));
    assert_eq!(
        (component.measurement.as_bytes(), component.signer.as_bytes()),
        (&[0x9A; 32][..], &[0x53; 32][..])
    );
    let endorsement = &corim.endorsements[0];
    assert_eq!(endorsement.public_key, key_of_the_draft());
    assert_eq!(endorsement.instance_id.as_bytes()[..2], [0x01, 0x4C]);
    assert_eq!(endorsement.implementation_id, Some(corim.sets[0].implementation_id));
    // The algorithm by its number, and what does not change what is said.
    let mut other = Example::new();
    other.algorithm = 1.into();
    other.more = vec![(4.into(), map([(1, tag(1, 1_900_000_000))]))];
    assert_eq!(read(&other.bytes()), Ok(corim));
}

#[test]
fn what_would_change_what_is_said_is_refused_and_not_left_out() {
    type E = CorimError;
    assert_eq!(Example::refused(|it| it.tag = 18), E::Tag(18));
    for (place, error) in [
        ("profile", Example::refused(|it| it.profile = tag(32, "http://arm.com/psa/iot/1"))),
        ("mkey", Example::refused(|it| it.mkey = "psa.certification".into())),
        ("algorithm", Example::refused(|it| it.algorithm = "md5".into())),
        ("key 1", Example::refused(|it| it.mval.push((1.into(), tag(552, 1))))),
        ("kind 6", Example::refused(|it| it.kind = 6)),
        ("tag 557", Example::refused(|it| it.class = tag(557, bytes(&[1; 32])))),
        ("tag 557", Example::refused(|it| it.key = tag(557, bytes(&[1; 32])))),
        ("key 9", Example::refused(|it| it.more.push((9.into(), 1.into())))),
    ] {
        assert!(matches!(&error, E::Unknown { what, .. } if what.contains(place)), "{place}: {error}");
    }
    assert!(matches!(Example::refused(|it| it.algorithm = "sha-384".into()), E::Bytes { .. }));
    assert!(matches!(Example::refused(|it| it.class = tag(560, bytes(&[1; 31]))), E::Bytes { .. }));
    assert!(matches!(Example::refused(|it| it.key = tag(554, "no key")), E::Key { number: 0, .. }));
    assert!(matches!(
        Example::refused(|it| it.mval.push((11.into(), "two".into()))),
        E::Repeated { key: 11, .. }
    ));
    assert!(matches!(Example::refused(|it| it.profile = 1.into()), E::Cbor { .. }));
}

#[test]
fn a_manifest_is_whole_and_alone() {
    let good = Example::new().bytes();
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err(), "{length}");
    }
    assert_eq!(read(&[&good[..], &[0]].concat()), Err(CorimError::Trailing(1)));
}

#[test]
fn an_endorsement_without_implementation_id_is_not_written() {
    let mut corim = corim();
    corim.endorsements[0].implementation_id = None;
    assert!(matches!(write(&corim), Err(CorimError::Key { number: 0, .. })));
    corim.endorsements.clear();
    assert_eq!(read(&write(&corim).unwrap()), Ok(corim));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_err());
        let _ = read(&[&[0xD9, 0x01, 0xF5][..], &bytes].concat());
    }

    #[test]
    fn any_change_is_answered(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = Example::new().bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Err(error) = read(&bytes) {
            prop_assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error}");
        }
    }
}
