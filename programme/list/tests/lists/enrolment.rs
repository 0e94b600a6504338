//! Endorsements in bulk: what is right goes in, what is wrong is refused by its line.

use crate::made::*;
use ciborium::Value;
use dtsec_list::corim::{self, Corim};
use dtsec_list::endorse::{EndorseError, Endorsement, Endorsements};
use dtsec_list::enrol::{EnrolError, Enrolled, Form, Refused};
use dtsec_list::{BytesError, ChainError, CoseKeyError, InstanceId, PublicKey, cose_key};

fn enrol(form: Form, file: &str) -> (Endorsements, Enrolled) {
    let mut endorsements = Endorsements::new();
    let enrolled = endorsements.enrol("ACME", form, file.as_bytes(), now());
    (endorsements, enrolled)
}

fn cose(key: &PublicKey) -> Vec<(Value, Value)> {
    let point = key.as_bytes();
    vec![
        (1.into(), 2.into()),
        (3.into(), (-7).into()),
        ((-1).into(), 1.into()),
        ((-2).into(), Value::Bytes(point[1..33].to_vec())),
        ((-3).into(), Value::Bytes(point[33..].to_vec())),
    ]
}

fn encoded(map: Vec<(Value, Value)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&Value::Map(map), &mut bytes).unwrap();
    bytes
}

fn pem(key: &PublicKey) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(key.spki());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &text[..64], &text[64..])
}

#[test]
fn a_table_of_keys_goes_in_and_wrong_rows_are_named() {
    let [a, b, c] = [key(), key(), key()];
    let (id, implementation) = ("01".to_owned() + &"ab".repeat(32), "1d".repeat(32));
    let file = format!(
        "instance-id,public-key,cose-key,implementation-id\n\
         ,{a},,\n\
         {id},,{},{implementation}\n\
         ,{},,\n\
         ,,,\n\
         ,{a},{},\n\
         02{},{c},,\n\
         ,{c},,1d1d\n\
         one,two\n\
         ,{a},,\n\
         {id},{c},,\n",
        hex::encode(encoded(cose(&b))),
        "04".to_owned() + &"07".repeat(64),
        hex::encode(encoded(cose(&b))),
        "ab".repeat(32),
    );
    let (endorsements, enrolled) = enrol(Form::Csv, &file);
    assert_eq!((enrolled.new, enrolled.known, endorsements.len()), (2, 1, 2));
    let endorsed = endorsements.of(&a.instance_id()).unwrap();
    assert_eq!((endorsed.key, endorsed.implementation_id, endorsed.manufacturer), (a, None, "ACME"));
    let id: InstanceId = id.parse().unwrap();
    let endorsed = endorsements.of(&id).unwrap();
    assert_eq!((endorsed.key, endorsed.implementation_id), (b, Some(implementation.parse().unwrap())));
    assert!(endorsements.of(&c.instance_id()).is_none());
    let lines: Vec<u64> = enrolled.refused.iter().map(|one| one.line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9, 11], "{:?}", enrolled.refused);
    let whys: Vec<&EnrolError> = enrolled.refused.iter().map(|one| &one.why).collect();
    assert_eq!(*whys[0], EnrolError::Field { field: "public-key", why: BytesError::NotOnCurve });
    assert_eq!(*whys[1], EnrolError::Keys { found: 0 });
    assert_eq!(*whys[2], EnrolError::Keys { found: 2 });
    assert!(matches!(
        whys[3],
        EnrolError::Field { field: "instance-id", why: BytesError::First { found: 2, .. } }
    ));
    assert!(matches!(whys[4], EnrolError::Field { field: "implementation-id", .. }));
    assert!(matches!(whys[5], EnrolError::Form { form: "CSV", .. }));
    assert_eq!(*whys[6], EnrolError::Endorse(EndorseError::OtherKey { instance_id: id, by: "ACME".into() }));
}

#[test]
fn a_column_that_is_not_known_refuses_every_row() {
    let (_, enrolled) = enrol(Form::Csv, &format!("public-key,colour\n{},red\n", key()));
    assert_eq!((enrolled.new, enrolled.refused.len()), (0, 1));
}

#[test]
fn json_lines_go_in_and_wrong_lines_are_named() {
    let [a, b] = [key(), key()];
    let private = encoded([cose(&a), vec![((-4).into(), Value::Bytes(vec![1; 32]))]].concat());
    let file = [
        format!("{{\"public-key\":\"{a}\"}}"),
        String::new(),
        format!("{{\"pem\":{:?}}}", pem(&b)),
        "{\"public-key\":".into(),
        format!("{{\"public-key\":\"{a}\",\"more\":1}}"),
        format!("{{\"cose-key\":\"{}\"}}", hex::encode(private)),
        "{\"chain\":\"no certificate\"}".into(),
        format!("{{\"public-key\":\"{}\"}}", "4".repeat(70_000)),
    ]
    .join("\n");
    let (endorsements, enrolled) = enrol(Form::JsonLines, &file);
    assert_eq!((enrolled.new, endorsements.len()), (2, 2));
    assert!(endorsements.of(&b.instance_id()).is_some());
    let lines: Vec<u64> = enrolled.refused.iter().map(|one| one.line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8]);
    assert_eq!(enrolled.refused[2].why, EnrolError::CoseKey(CoseKeyError::Private));
    assert_eq!(enrolled.refused[3].why, EnrolError::Chain(ChainError::Count { found: 0 }));
    assert!(matches!(enrolled.refused[4].why, EnrolError::TooLong { .. }));
    let shown = serde_json::to_value(&enrolled).unwrap();
    assert_eq!(shown["refused"][2]["line"], 6);
    assert!(shown["refused"][2]["why"].as_str().unwrap().contains("PRIVATE"), "{shown}");
}

#[test]
fn keys_in_pem_go_in_one_after_another() {
    let [a, b] = [key(), key()];
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let cut = "-----BEGIN PUBLIC KEY-----\nAAAA\n";
    let (endorsements, enrolled) = enrol(Form::Pem, &[&*pem(&a), private, cut, &pem(&b)].concat());
    assert_eq!((enrolled.new, endorsements.len()), (2, 2));
    assert!(endorsements.of(&a.instance_id()).is_some() && endorsements.of(&b.instance_id()).is_some());
    let lines: Vec<u64> = enrolled.refused.iter().map(|one| one.line).collect();
    assert_eq!(lines, [5, 8]);
    assert_eq!(enrolled.refused[0].why, EnrolError::Private);
    let (_, nothing) = enrol(Form::Pem, "no key at all");
    assert_eq!((nothing.new, nothing.refused.len()), (0, 1));
}

#[test]
fn keys_in_a_manifest_go_in_and_one_with_reference_values_is_for_somebody_else() {
    let [a, b] = [key(), key()];
    let endorsement = |id: &PublicKey, public_key| Endorsement {
        instance_id: id.instance_id(),
        public_key,
        implementation_id: Some(set(1).implementation_id),
    };
    let enrolled = |corim: &Corim| {
        let mut endorsements = Endorsements::new();
        let enrolled = endorsements.enrol("ACME", Form::Corim, &corim::write(corim).unwrap(), now());
        (endorsements.len(), enrolled.refused)
    };
    let mut manifest = Corim {
        id: "acme.example/keys".into(),
        sets: Vec::new(),
        endorsements: vec![endorsement(&a, a), endorsement(&b, b)],
    };
    assert_eq!(enrolled(&manifest), (2, Vec::new()));
    manifest.endorsements.push(endorsement(&a, b));
    let (keys, refused) = enrolled(&manifest);
    assert_eq!((keys, refused[0].line), (2, 3));
    assert!(matches!(refused[0].why, EnrolError::Endorse(EndorseError::OtherKey { .. })));
    manifest.sets = vec![set(1)];
    assert_eq!(enrolled(&manifest).1, [Refused { line: 1, why: EnrolError::ReferenceValues(1) }]);
    let (_, other) = enrol(Form::Corim, "no manifest");
    assert!(matches!(other.refused[0].why, EnrolError::Corim(_)));
}

#[test]
fn an_instance_keeps_its_key() {
    let [a, b] = [key(), key()];
    let mut endorsements = Endorsements::new();
    let endorsement =
        |public_key| Endorsement { instance_id: a.instance_id(), public_key, implementation_id: None };
    assert_eq!(endorsements.endorse("ACME", &endorsement(a)), Ok(true));
    assert_eq!(endorsements.endorse("ACME", &endorsement(a)), Ok(false));
    assert!(endorsements.endorse("other", &endorsement(b)).is_err());
    assert_eq!(endorsements.of(&a.instance_id()).unwrap().key, a);
}

#[test]
fn a_cose_key_is_a_public_one_of_p_256_and_whole() {
    let key = key();
    assert_eq!(cose_key(&encoded(cose(&key))), Ok(key), "the control");
    let with = |label: i64, value: Value| {
        let mut map = cose(&key);
        map.retain(|(key, _)| *key != label.into());
        map.push((label.into(), value));
        cose_key(&encoded(map))
    };
    assert_eq!(with(2, Value::Bytes(b"a key ID".to_vec())), Ok(key));
    assert!(matches!(with(1, 1.into()), Err(CoseKeyError::Kind { field: "kty", found: 1, .. })));
    assert!(matches!(with(-1, 2.into()), Err(CoseKeyError::Kind { field: "crv", found: 2, .. })));
    assert!(matches!(with(3, (-35).into()), Err(CoseKeyError::Kind { field: "alg", .. })));
    assert_eq!(with(-2, Value::Bytes(vec![7; 32])), Err(CoseKeyError::Point(BytesError::NotOnCurve)));
    assert!(matches!(
        with(-2, Value::Bytes(vec![7; 31])),
        Err(CoseKeyError::Point(BytesError::Length { .. }))
    ));
    assert_eq!(with(-3, Value::Bool(true)), Err(CoseKeyError::Cbor), "compressed points");
    for (at, missing) in [(0, "kty"), (2, "crv"), (3, "x"), (4, "y")] {
        let mut map = cose(&key);
        map.remove(at);
        assert_eq!(cose_key(&encoded(map)), Err(CoseKeyError::Missing(missing)));
    }
    let mut twice = cose(&key);
    twice.push(twice[0].clone());
    assert_eq!(cose_key(&encoded(twice)), Err(CoseKeyError::Repeated(1)));
    let bytes = encoded(cose(&key));
    assert_eq!(cose_key(&[&bytes[..], &[0]].concat()), Err(CoseKeyError::Trailing));
    for length in 0..bytes.len() {
        assert!(cose_key(&bytes[..length]).is_err(), "{length}");
    }
}
