//! What is a token, what is none, and who signed it.

use crate::support::*;
use ciborium::Value;
use coset::iana::Algorithm;
use coset::{CborSerializable, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};
use dtsec_token::{LifeCycle, MAX_TOKEN_BYTES, Place, Token, TokenError};

fn refused(claims: &Claims) -> TokenError {
    Token::parse(&claims.token()).unwrap_err()
}

#[test]
fn a_whole_token_gives_every_claim_with_its_type() {
    let token = Token::parse(&Claims::full().token()).unwrap();
    assert_eq!(token.nonce[..], [0xA7; 32]);
    assert_eq!((token.instance_id.len(), token.instance_id[0]), (33, 1));
    assert_eq!(token.implementation_id[..], [0x1D; 32]);
    assert_eq!(token.client_id, -1);
    assert_eq!((token.life_cycle, token.life_cycle_claim), (LifeCycle::Secured, 0x3000));
    assert_eq!(token.boot_seed.as_deref(), Some(&[0x5E; 32][..]));
    assert_eq!(token.certification_reference.as_deref(), Some("1234567890123-12345"));
    assert_eq!(token.verification_service.as_deref(), Some("https://verify.example"));
    assert_eq!(token.unknown_claims, 0);
    assert_eq!(token.components.len(), 2);
    let platform = token.component("platform").unwrap();
    assert_eq!(platform.version.as_deref(), Some("1.2.3+4"));
    assert_eq!((&platform.measurement[..], &platform.signer[..]), (&[0x2A; 32][..], &[0x51; 32][..]));
    assert_eq!(platform.measurement_description.as_deref(), Some("sha-256"));
    assert!(token.component("application").is_none() && !platform.signer.is_zero());
}

#[test]
fn in_json_bytes_are_hex_and_the_signature_is_not_repeated() {
    let json = serde_json::to_value(Token::parse(&Claims::full().token()).unwrap()).unwrap();
    assert_eq!(json["nonce"], "a7".repeat(32));
    assert_eq!(json["life_cycle"], "secured");
    assert_eq!(json["components"][1]["measurement_type"], "platform");
    assert_eq!(json.as_object().unwrap().len(), 11, "{json}");
}

#[test]
fn a_token_of_a_virtual_device_is_read_and_verifies_with_the_key_that_the_device_gave() {
    let parts = include_str!("../virtual-device.hex").split_ascii_whitespace().collect::<Vec<_>>();
    let [key, bytes] = [parts[0], parts[1]].map(|hex| hex::decode(hex).unwrap());
    let token = Token::parse(&bytes).unwrap();
    assert!(token.verify(&key) && token.names(&key));
    assert_eq!((token.client_id, token.life_cycle), (1, LifeCycle::Secured));
    let parts: Vec<_> = token.components.iter().map(|part| part.measurement_type.as_deref()).collect();
    assert_eq!(parts, [Some("boot"), Some("platform"), Some("application")]);
    assert!(token.components[0].signer.is_zero() && !token.components[1].signer.is_zero());
}

#[test]
fn only_the_key_that_signed_verifies_and_only_in_the_one_form() {
    let token = Token::parse(&Claims::full().token()).unwrap();
    let key = public_key(1);
    assert!(token.verify(&key) && token.names(&key));
    assert!(!token.verify(&public_key(2)) && !token.names(&public_key(2)));
    let compressed = signing_key(1).verifying_key().to_sec1_point(true).as_bytes().to_vec();
    let off_the_curve = [&[4][..], &[7; 64]].concat();
    for bad in [&compressed[..], &off_the_curve, &key[1..], &key[..64], &[], &[0]] {
        assert!(!token.verify(bad) && !token.names(bad), "{}", hex::encode(bad));
    }
}

#[test]
fn a_mandatory_claim_that_is_missing_is_named() {
    for (label, name) in [
        (NONCE, "nonce"),
        (INSTANCE_ID, "instance ID"),
        (PROFILE, "profile"),
        (CLIENT_ID, "client ID"),
        (LIFE_CYCLE, "security life cycle"),
        (IMPLEMENTATION_ID, "implementation ID"),
        (COMPONENTS, "software components"),
    ] {
        let missing = refused(&Claims::full().without(label));
        assert_eq!(missing, TokenError::Missing(Place::Claim(name)));
        let null = refused(&Claims::full().with(label, Value::Null));
        assert!(matches!(null, TokenError::Type { .. }), "{name}: {null}");
    }
}

#[test]
fn an_optional_claim_may_be_missing_but_not_be_of_another_type() {
    for label in [BOOT_SEED, CERTIFICATION_REFERENCE, VERIFICATION_SERVICE] {
        assert!(Token::parse(&Claims::full().without(label).token()).is_ok(), "{label}");
        let null = refused(&Claims::full().with(label, Value::Null));
        assert!(matches!(null, TokenError::Type { .. }), "{label}: {null}");
    }
}

#[test]
fn byte_strings_have_the_lengths_of_rfc_9783_and_no_others() {
    for (label, first, allowed) in [
        (NONCE, 0, &[32, 48, 64][..]),
        (INSTANCE_ID, 1, &[33]),
        (IMPLEMENTATION_ID, 0, &[32]),
        (BOOT_SEED, 0, &(8..=32).collect::<Vec<usize>>()),
    ] {
        for length in 0..=70 {
            let mut bytes = vec![0x5A; length];
            bytes.iter_mut().take(1).for_each(|byte| *byte = first);
            let parsed = Token::parse(&Claims::full().with(label, Value::Bytes(bytes)).token());
            match parsed {
                Ok(_) => assert!(allowed.contains(&length), "{label}: {length}"),
                Err(error) => {
                    assert!(!allowed.contains(&length), "{label}: {length}");
                    assert!(matches!(error, TokenError::Length { bytes, .. } if bytes == length), "{error}");
                }
            }
        }
    }
}

#[test]
fn an_instance_id_is_of_type_rand() {
    let id = |kind| Claims::full().with(INSTANCE_ID, Value::Bytes([&[kind][..], &[7; 32]].concat()));
    assert!(Token::parse(&id(1).token()).is_ok(), "the control");
    for kind in [0, 2, 3, 255] {
        assert!(matches!(refused(&id(kind)), TokenError::Value { .. }), "{kind}");
    }
}

#[test]
fn numbers_stay_in_their_ranges() {
    let client = |id: i64| Token::parse(&Claims::full().with(CLIENT_ID, id).token()).map(|t| t.client_id);
    for good in [-1, 1, i32::MIN, i32::MAX] {
        assert_eq!(client(good.into()), Ok(good));
    }
    for bad in [0, i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1, i64::MAX, i64::MIN] {
        assert!(matches!(client(bad), Err(TokenError::Value { .. })), "{bad}");
    }
    let life_cycle =
        |claim: i64| Token::parse(&Claims::full().with(LIFE_CYCLE, claim).token()).map(|t| t.life_cycle);
    for (claim, state, trusted) in [
        (0x0000, LifeCycle::Unknown, false),
        (0x10FF, LifeCycle::AssemblyAndTest, false),
        (0x2000, LifeCycle::Provisioning, false),
        (0x3001, LifeCycle::Secured, true),
        (0x4000, LifeCycle::NonPsaRotDebug, true),
        (0x5000, LifeCycle::RecoverablePsaRotDebug, false),
        (0x60FF, LifeCycle::Decommissioned, false),
    ] {
        assert_eq!(life_cycle(claim), Ok(state));
        assert_eq!(state.may_be_trusted(), trusted, "{state:?}");
    }
    for bad in [0x0100, 0x2FFF, 0x3100, 0x7000, 0xFFFF, 0x13000, -1] {
        assert!(matches!(life_cycle(bad), Err(TokenError::Value { .. })), "{bad:#x}");
    }
}

#[test]
fn another_profile_is_refused() {
    for other in ["tag:psacertified.org,2019:psa#legacy", "PSA_IOT_PROFILE_1", "http://arm.com/psa/2.0.0"] {
        assert!(matches!(refused(&Claims::full().with(PROFILE, other)), TokenError::Value { .. }), "{other}");
    }
}

#[test]
fn a_certification_reference_has_its_form() {
    let with = |text: &str| Token::parse(&Claims::full().with(CERTIFICATION_REFERENCE, text).token());
    assert!(with("0000000000000-00000").is_ok(), "the control");
    for bad in ["1234567890123", "1234567890123-1234", "1234567890123 12345", "1234567890123-1234a"] {
        assert!(matches!(with(bad), Err(TokenError::Value { .. })), "{bad}");
    }
}

#[test]
fn what_could_play_tricks_on_a_terminal_is_no_text() {
    let with = |text: &str| Token::parse(&Claims::full().with(VERIFICATION_SERVICE, text).token());
    assert!(with(&"x".repeat(256)).is_ok(), "the control");
    assert!(matches!(with(&"x".repeat(257)), Err(TokenError::Length { bytes: 257, .. })));
    assert!(matches!(with(""), Err(TokenError::Length { bytes: 0, .. })));
    for bad in ["\x1b[2J", "two\nlines", "\u{202E}gnp.exe", "\0"] {
        let error = with(bad).unwrap_err();
        assert!(matches!(error, TokenError::Value { .. }), "{error}");
        assert!(
            error.to_string().chars().all(|c| matches!(c, ' '..='~')),
            "the message is harmless: {error}"
        );
    }
}

#[test]
fn components_have_a_measurement_and_a_signer_and_may_leave_out_the_rest() {
    let with = |edit: &dyn Fn(&mut Entries)| {
        let Value::Map(mut map) = component("platform") else { unreachable!() };
        edit(&mut map);
        let all = Value::Array(vec![component("boot"), Value::Map(map)]);
        Token::parse(&Claims::full().with(COMPONENTS, all).token())
    };
    let without = |label: i64| with(&|map| map.retain(|(key, _)| *key != label.into()));
    assert!(with(&|_| ()).is_ok(), "the control");
    for (label, name) in [(2, "the measurement value"), (5, "the signer ID")] {
        assert_eq!(without(label), Err(TokenError::Missing(Place::Component(1, name))));
    }
    for label in [1, 4, 6] {
        assert!(without(label).is_ok(), "{label}");
    }
    for length in 0..=70 {
        let outcome = with(&|map| map[1].1 = Value::Bytes(vec![1; length]));
        assert_eq!(outcome.is_ok(), [32, 48, 64].contains(&length), "{length}");
    }
    assert!(with(&|map| map.push((77.into(), "more".into()))).is_ok(), "what is not known is allowed");
    assert!(matches!(with(&|map| map.push(map[0].clone())), Err(TokenError::Repeated { .. })));
    for all in [Value::Array(Vec::new()), Value::Array(vec![Value::Null]), Value::Map(Vec::new())] {
        let error = refused(&Claims::full().with(COMPONENTS, all));
        assert!(matches!(error, TokenError::Type { .. }), "{error}");
    }
}

#[test]
fn claims_that_are_not_known_are_allowed_and_counted_and_none_stands_twice() {
    let claims = Claims::full().with(-70_000, "vendor").with("text", Value::Array(vec![1.into()]));
    assert_eq!(Token::parse(&claims.token()).unwrap().unknown_claims, 2);
    for again in [Claims::full().0[0].clone(), (Value::from(-70_000), Value::Null)] {
        let mut twice = claims.clone();
        twice.0.push(again);
        assert!(matches!(refused(&twice), TokenError::Repeated { .. }));
    }
    let odd = claims.with(Value::Bytes(vec![1]), 1);
    assert_eq!(refused(&odd), TokenError::Label("the claims"));
}

#[test]
fn claims_are_one_map_in_the_preferred_serialization() {
    let good = Claims::full().encoded();
    assert!(Token::parse(&token_of(&good)).is_ok(), "the control");
    // A head of two bytes where one does; a map of indefinite length.
    let long_head = [&[0xB8, 0x0A][..], &good[1..]].concat();
    let indefinite = [&[0xBF][..], &good[1..], &[0xFF]].concat();
    for odd in [long_head, indefinite] {
        assert_eq!(Token::parse(&token_of(&odd)), Err(TokenError::NotPreferred("claims set")));
    }
    let more = [&good[..], &[0]].concat();
    for bad in [more, good[..good.len() - 1].to_vec(), encoded(&Value::Null), Vec::new()] {
        assert!(matches!(Token::parse(&token_of(&bad)), Err(TokenError::Claims(_))));
    }
}

#[test]
fn the_envelope_is_a_tagged_cose_sign1_with_es256_and_nothing_else() {
    let claims = Claims::full().encoded();
    let good = envelope(&claims);
    let error = |bytes: &[u8]| Token::parse(bytes).unwrap_err();
    assert!(matches!(error(&good.clone().to_vec().unwrap()), TokenError::Envelope(_)), "no tag");
    let mut mac = good.clone().to_tagged_vec().unwrap();
    assert_eq!(mac[0], 0xD2);
    mac[0] = 0xD1;
    assert!(matches!(error(&mac), TokenError::Envelope(_)), "the tag of a COSE_Mac0");
    let long_tag = [&[0xD8, 18][..], &mac[1..]].concat();
    assert_eq!(error(&long_tag), TokenError::NotPreferred("envelope"));

    for header in [
        HeaderBuilder::new().build(),
        HeaderBuilder::new().algorithm(Algorithm::ES384).build(),
        HeaderBuilder::new().algorithm(Algorithm::ES256).key_id(vec![1]).build(),
        HeaderBuilder::new().algorithm(Algorithm::ES256).value(99, Value::Null).build(),
    ] {
        let odd = signed(CoseSign1Builder::new().protected(header).payload(claims.clone()));
        let odd = error(&odd.to_tagged_vec().unwrap());
        assert!(matches!(odd, TokenError::ProtectedHeader(_)), "{odd}");
    }
    let header = || HeaderBuilder::new().algorithm(Algorithm::ES256);
    let unprotected = CoseSign1Builder::new()
        .protected(header().build())
        .unprotected(HeaderBuilder::new().key_id(vec![1]).build())
        .payload(claims);
    assert_eq!(error(&signed(unprotected).to_tagged_vec().unwrap()), TokenError::UnprotectedHeader);
    let detached = signed(CoseSign1Builder::new().protected(header().build()));
    assert_eq!(error(&detached.to_tagged_vec().unwrap()), TokenError::NoClaims);
    for length in [0, 63, 65, 96] {
        let mut odd = good.clone();
        odd.signature.resize(length, 1);
        let expected = TokenError::SignatureLength { bytes: length };
        assert_eq!(error(&odd.to_tagged_vec().unwrap()), expected);
    }
}

#[test]
fn more_bytes_than_any_token_has_are_not_looked_at() {
    let service = |length| Claims::full().with(77, Value::Bytes(vec![0; length])).token();
    let over = service(MAX_TOKEN_BYTES).len() - MAX_TOKEN_BYTES;
    assert!(Token::parse(&service(MAX_TOKEN_BYTES - over)).is_ok(), "the control");
    let bytes = MAX_TOKEN_BYTES + 1;
    assert_eq!(Token::parse(&service(bytes - over)), Err(TokenError::TooLong { bytes }));
}
