//! Documents as files: read, refused with the place, canonical bytes, JSON Schema.

#![forbid(unsafe_code)]

use dtsec_model::profile::SesipProfile;
use dtsec_model::protection_profile::ProtectionProfile;
use dtsec_model::{Document, Kind, ReadError, builtin, canonical, schema};
use proptest::prelude::*;
use serde_json::{Value, json};

fn value(document: &impl Document) -> Value {
    serde_json::from_str(&document.to_json()).unwrap()
}

#[test]
fn a_document_survives_its_json_form() {
    let profile = builtin::sesip_profile();
    assert_eq!(&SesipProfile::from_json(&profile.to_json()).unwrap(), profile);
    let profile = builtin::protection_profile();
    assert_eq!(&ProtectionProfile::from_json(&profile.to_json()).unwrap(), profile);
}

#[test]
fn a_document_meets_its_schema_and_a_wrong_one_does_not() {
    let schema = serde_json::to_value(schema::schema(Kind::SesipProfile)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut profile = value(builtin::sesip_profile());
    assert!(validator.is_valid(&profile));
    profile["level"] = json!("SESIP9");
    assert!(!validator.is_valid(&profile));
}

#[test]
fn every_kind_has_a_schema_of_draft_2020_12() {
    for kind in Kind::ALL {
        let schema = serde_json::to_value(schema::schema(kind)).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{}", kind.name());
        jsonschema::validator_for(&schema).unwrap();
    }
}

#[test]
fn an_error_names_the_place() {
    let mut profile = value(builtin::sesip_profile());
    profile["requirements"][3]["obligaton"] = json!("mandatory");
    let error = SesipProfile::from_json(&serde_json::to_string_pretty(&profile).unwrap()).unwrap_err();
    let ReadError::Form { path, line, message } = &error else { panic!("{error}") };
    assert!(path.starts_with("requirements[3]"), "{path}");
    assert!(*line > 1 && message.contains("obligaton"), "{error}");
}

#[test]
fn another_kind_of_document_is_told_as_such() {
    let error = SesipProfile::from_json(&builtin::protection_profile().to_json()).unwrap_err();
    assert!(matches!(&error, ReadError::Kind { found, .. } if found == "protection-profile"), "{error}");
    assert!(matches!(SesipProfile::from_json("[]"), Err(ReadError::Kind { found, .. }) if found.is_empty()));
}

#[test]
fn what_is_not_json_is_told_with_its_line() {
    let text = builtin::sesip_profile().to_json();
    let cut = &text[..text.len() / 2];
    assert!(matches!(SesipProfile::from_json(cut), Err(ReadError::Syntax { line, .. }) if line > 100));
    let more = format!("{text}more");
    assert!(matches!(SesipProfile::from_json(&more), Err(ReadError::Syntax { .. })));
}

#[test]
fn canonical_bytes_are_those_of_rfc_8785() {
    // The example of RFC 8785, section 3.2.2, and its result in 3.2.3.
    let value: Value = serde_json::from_str(
        r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(canonical::bytes(&value).unwrap()).unwrap(),
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
}

#[test]
fn a_digest_does_not_hang_on_order_and_space_and_changes_with_everything_else() {
    let one = json!({"a": 1, "b": [true, "x"]});
    let other: Value = serde_json::from_str("{ \"b\": [true,\n\"x\"], \"a\": 1 }").unwrap();
    assert_eq!(canonical::digest(&one).unwrap(), canonical::digest(&other).unwrap());
    assert_ne!(
        canonical::digest(&one).unwrap(),
        canonical::digest(&json!({"a": 2, "b": [true, "x"]})).unwrap()
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = SesipProfile::from_json(&text);
    }

    #[test]
    fn no_change_of_a_byte_makes_the_reader_panic(at in 0usize..20_000, byte in 0u8..128) {
        let mut bytes = builtin::sesip_profile().to_json().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = SesipProfile::from_json(&String::from_utf8_lossy(&bytes));
    }
}
