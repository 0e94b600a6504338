//! Signed evidence: what is believed, and what is not.

#![forbid(unsafe_code)]

mod support;

use dtsec_evidence::{
    Envelope, EnvelopeError, PREDICATE_TYPE, PrivateKey, PublicKey, Statement, StatementError, VerifyError,
    pre_authentication, verify,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{bundle, key};

fn signed(keys: &[&PrivateKey]) -> Envelope {
    let statement = Statement::new(bundle("run-1", 1)).unwrap();
    let mut envelope = Envelope::seal(&statement, keys[0]).unwrap();
    for key in &keys[1..] {
        envelope.countersign(key).unwrap();
    }
    envelope
}

fn parts(envelope: &Envelope) -> Value {
    serde_json::from_str(&envelope.to_json()).unwrap()
}

fn read(value: &Value) -> Envelope {
    Envelope::from_json(&value.to_string()).unwrap()
}

fn payload(value: &Value) -> Value {
    serde_json::from_slice(&support::decoded(value["payload"].as_str().unwrap())).unwrap()
}

/// An envelope around any statement, whoever would refuse to make it: the signature is good.
fn forged(key: &PrivateKey, payload_type: &str, statement: &[u8]) -> Envelope {
    // An envelope around the true statement gives the shape; type and payload are exchanged and signed anew.
    let mut value = parts(&signed(&[key]));
    value["payload"] = json!(support::encoded(statement));
    value["payloadType"] = json!(payload_type);
    value["signatures"][0]["sig"] =
        json!(support::encoded(&support::sign(key, &pre_authentication(payload_type, statement))));
    read(&value)
}

#[test]
fn the_pre_authentication_encoding_is_that_of_the_dsse_specification() {
    // The example of the specification (protocol.md, test vectors).
    let encoded = pre_authentication("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assert_eq!(pre_authentication("", b""), b"DSSEv1 0  0 ");
    // Bytes are counted, and not characters.
    assert_eq!(pre_authentication("é", "ü".as_bytes()), "DSSEv1 2 é 2 ü".as_bytes());
}

#[test]
fn what_was_signed_is_read_back_with_the_key_that_signed_it() {
    let key = key(1);
    let verified = verify(&signed(&[&key]), &[key.public()], 1).unwrap();
    assert_eq!(verified.statement.evidence(), &bundle("run-1", 1));
    assert_eq!(verified.signers, [key.public().id().unwrap()]);
    let subjects = verified.statement.subjects();
    assert_eq!(subjects[0].name, "cdd-platform");
    assert_eq!(subjects[0].digest["sha256"], bundle("run-1", 1).run.images[0].sha256);
}

#[test]
fn an_envelope_is_a_statement_of_in_toto_in_an_envelope_of_dsse() {
    let value = parts(&signed(&[&key(1)]));
    assert_eq!(value["payloadType"], "application/vnd.in-toto+json");
    assert_eq!(value["signatures"][0]["keyid"], key(1).public().id().unwrap());
    let statement = payload(&value);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], PREDICATE_TYPE);
    assert_eq!(statement["predicate"]["run"]["tool"], "a-tool");
    assert_eq!(statement["predicate"]["run"]["host"], "a machine");
}

#[test]
fn the_same_evidence_and_key_give_the_same_bytes() {
    assert_eq!(signed(&[&key(1)]).to_json(), signed(&[&key(1)]).to_json());
    assert_ne!(signed(&[&key(1)]).to_json(), signed(&[&key(2)]).to_json());
}

#[test]
fn a_key_id_is_the_sha_256_of_the_public_key_and_a_key_survives_pem() {
    let key = key(1);
    let pem = key.public().to_pem().unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    assert_eq!(key.public().id().unwrap(), dtsec_evidence::sha256(&support::decoded(&der)));
    assert_eq!(PublicKey::from_pem(&pem).unwrap(), key.public());
    let again = PrivateKey::from_pem(&key.to_pem().unwrap()).unwrap();
    assert_eq!(again.public(), key.public());
    assert!(key.to_pem().unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(PrivateKey::from_pem(&pem).is_err() && PublicKey::from_pem("nothing").is_err());
    assert!(!format!("{key:?}").contains("PRIVATE"), "a private key does not get into a log");
}

#[test]
fn another_key_and_no_signature_are_refused() {
    let envelope = signed(&[&key(1)]);
    verify(&envelope, &[key(2).public(), key(1).public()], 1).expect("the control");
    let error = verify(&envelope, &[key(2).public()], 1).unwrap_err();
    assert!(matches!(error, VerifyError::TooFew { signers: 0, threshold: 1, signatures: 1, .. }), "{error}");
    let mut none = parts(&envelope);
    none["signatures"] = json!([]);
    assert!(matches!(verify(&read(&none), &[key(1).public()], 1), Err(VerifyError::NoSignature)));
}

#[test]
fn as_many_as_the_threshold_asks_for_must_have_signed() {
    let (one, two, three) = (key(1), key(2), key(3));
    let keys = [one.public(), two.public(), three.public()];
    let both = signed(&[&one, &two]);
    assert_eq!(verify(&both, &keys, 2).unwrap().signers.len(), 2);
    assert!(matches!(verify(&both, &keys, 3), Err(VerifyError::TooFew { signers: 2, .. })));
    for threshold in [0, 4] {
        let error = verify(&both, &keys, threshold).unwrap_err();
        assert!(matches!(error, VerifyError::Threshold { .. }), "{error}");
    }
}

#[test]
fn a_key_counts_once_however_often_it_signs_or_is_given() {
    let one = key(1);
    let mut twice = parts(&signed(&[&one]));
    let signature = twice["signatures"][0].clone();
    let mut renamed = signature.clone();
    renamed["keyid"] = json!(key(2).public().id().unwrap());
    twice["signatures"] = json!([signature, renamed, signature]);
    let twice = read(&twice);
    assert_eq!(verify(&twice, &[one.public()], 1).unwrap().signers.len(), 1);
    let error = verify(&twice, &[one.public(), key(2).public()], 2).unwrap_err();
    assert!(matches!(error, VerifyError::TooFew { signers: 1, .. }), "a hint is not a signer: {error}");
    let error = verify(&twice, &[one.public(), one.public()], 2).unwrap_err();
    assert!(matches!(error, VerifyError::Threshold { keys: 1, .. }), "one key given twice: {error}");
    let error = signed(&[&one]).countersign(&one).unwrap_err();
    assert!(matches!(error, EnvelopeError::SignedBefore { .. }), "{error}");
}

#[test]
fn the_key_id_is_a_hint_and_decides_nothing() {
    let (one, two) = (key(1), key(2));
    let mut value = parts(&signed(&[&one]));
    for hint in ["", "anything", &two.public().id().unwrap()] {
        value["signatures"][0]["keyid"] = json!(hint);
        assert_eq!(verify(&read(&value), &[one.public()], 1).unwrap().signers, [one.public().id().unwrap()]);
        assert!(verify(&read(&value), &[two.public()], 1).is_err());
    }
    value["signatures"][0].as_object_mut().unwrap().remove("keyid");
    verify(&read(&value), &[one.public()], 1).expect("DSSE does not ask for one");
}

#[test]
fn an_altered_payload_and_an_altered_subject_are_refused() {
    let one = key(1);
    let value = parts(&signed(&[&one]));
    for (pointer, changed) in [
        ("/predicate/results/0/verdict", json!("fail")),
        ("/predicate/run/host", json!("another machine")),
        ("/subject/0/digest/sha256", json!("0".repeat(64))),
        ("/subject/0/name", json!("another part")),
    ] {
        let mut statement = payload(&value);
        *statement.pointer_mut(pointer).unwrap() = changed;
        let mut altered = value.clone();
        altered["payload"] = json!(support::encoded(statement.to_string().as_bytes()));
        let error = verify(&read(&altered), &[one.public()], 1).unwrap_err();
        assert!(matches!(error, VerifyError::TooFew { signers: 0, .. }), "{pointer}: {error}");
    }
    verify(&read(&value), &[one.public()], 1).expect("the control");
}

#[test]
fn a_good_signature_does_not_save_a_statement_that_contradicts_itself() {
    let one = key(1);
    let good = payload(&parts(&signed(&[&one])));
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut statement = good.clone();
        change(&mut statement);
        let bytes = statement.to_string().into_bytes();
        verify(&forged(&one, "application/vnd.in-toto+json", &bytes), &[one.public()], 1)
    };
    forged(&|_| {}).expect("the control");
    let statement = |result: Result<_, VerifyError>| match result.unwrap_err() {
        VerifyError::Envelope(EnvelopeError::Statement(error)) => error,
        error => panic!("{error}"),
    };
    let subjects: [&dyn Fn(&mut Value); 5] = [
        &|it| it["subject"] = json!([]),
        &|it| it["subject"][0]["name"] = json!("another"),
        &|it| it["subject"][0]["digest"]["sha256"] = json!("1".repeat(64)),
        &|it| it["subject"][0]["digest"] = json!({ "sha512": "1" }),
        &|it| {
            let more = it["subject"][0].clone();
            it["subject"].as_array_mut().unwrap().push(more);
        },
    ];
    for change in subjects {
        let error = statement(forged(change));
        assert!(matches!(error, StatementError::Subjects { .. }), "{error}");
    }
    let error = statement(forged(&|it| it["_type"] = json!("https://in-toto.io/Statement/v0.1")));
    assert!(matches!(error, StatementError::StatementType { .. }), "{error}");
    let error = statement(forged(&|it| it["predicateType"] = json!("https://slsa.dev/provenance/v1")));
    assert!(matches!(error, StatementError::PredicateType { .. }), "{error}");
    let error = statement(forged(&|it| it["predicate"]["extra"] = json!(1)));
    assert!(matches!(error, StatementError::Predicate(_)), "{error}");
    forged(&|it| it["extra"] = json!(1)).expect("in-toto may grow");
}

#[test]
fn an_unknown_payload_type_is_refused_even_with_a_good_signature() {
    let one = key(1);
    let statement = payload(&parts(&signed(&[&one]))).to_string();
    let error =
        verify(&forged(&one, "application/json", statement.as_bytes()), &[one.public()], 1).unwrap_err();
    assert!(matches!(error, VerifyError::Envelope(EnvelopeError::PayloadType { .. })), "{error}");
    let mut other = forged(&one, "application/json", statement.as_bytes());
    assert!(matches!(other.countersign(&key(2)), Err(EnvelopeError::PayloadType { .. })));
}

#[test]
fn both_alphabets_of_base64_are_read_with_and_without_padding() {
    let one = key(1);
    let mut value = parts(&signed(&[&one]));
    let url = value["payload"].as_str().unwrap().replace('+', "-").replace('/', "_");
    value["payload"] = json!(url.trim_end_matches('='));
    verify(&read(&value), &[one.public()], 1).expect("the same bytes");
    value["payload"] = json!("not base64!");
    let error = Envelope::from_json(&value.to_string()).unwrap_err();
    assert!(matches!(error, EnvelopeError::Base64 { what: "the payload" }), "{error}");
}

#[test]
fn evidence_of_nothing_and_images_that_cannot_be_told_apart_are_not_signed() {
    let with = |change: &dyn Fn(&mut dtsec_model::evidence::EvidenceBundle)| {
        let mut bundle = bundle("run-1", 2);
        change(&mut bundle);
        Statement::new(bundle)
    };
    with(&|_| {}).expect("the control");
    assert!(matches!(with(&|it| it.run.images.clear()), Err(StatementError::NoImages { .. })));
    let twice = |it: &mut dtsec_model::evidence::EvidenceBundle| it.run.images.push(it.run.images[0].clone());
    assert!(matches!(with(&twice), Err(StatementError::RepeatedImage { .. })));
    for digest in ["", "ab", &"A".repeat(64), &"g".repeat(64)] {
        let error = with(&|it| it.run.images[0].sha256 = digest.to_owned());
        assert!(matches!(error, Err(StatementError::Digest { .. })), "{digest}");
    }
    let again = |it: &mut dtsec_model::evidence::EvidenceBundle| it.results.push(it.results[0].clone());
    assert!(matches!(with(&again), Err(StatementError::RepeatedResult { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_change_of_a_byte_is_believed(at in 0usize..10_000, bit in 0u8..8) {
        let (one, envelope) = (key(1), signed(&[&key(1)]));
        let text = envelope.to_json();
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let Ok(changed) = String::from_utf8(bytes) else { return Ok(()) };
        // Names of members, white space and the hint may change what stands there, and never what is believed.
        if let Ok(Ok(verified)) =
            Envelope::from_json(&changed).map(|changed| verify(&changed, &[one.public()], 1))
        {
            prop_assert_eq!(verified.statement.evidence(), &bundle("run-1", 1));
        }
    }

    #[test]
    fn nothing_makes_the_reader_panic(text in ".{0,300}") {
        let _ = Envelope::from_json(&text).map(|envelope| verify(&envelope, &[key(1).public()], 1));
    }
}
