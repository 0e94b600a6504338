//! Verdicts as EAT Attestation Results, read by others than those who wrote them: `p256` and plain JSON.

use crate::made::Claims;
use crate::support::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dtsec_verify::{EAR_PROFILE, Ear, EarSigner, Evidence, Expected, VerifierId};
use jiff::SignedDuration;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value, json};

/// Head and payload of a JWT that this key signed.
fn opened(jwt: &str, key: &[u8]) -> Option<(Value, Value)> {
    let (signed, signature) = jwt.rsplit_once('.')?;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    VerifyingKey::from_sec1_bytes(key).ok()?.verify(signed.as_bytes(), &signature).ok()?;
    let (head, payload) = signed.split_once('.')?;
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some((read(head)?, read(payload)?))
}

fn result(token: &[u8], at: jiff::Timestamp) -> Value {
    let verifier = verifier();
    let verdict = verifier.verify(&Evidence::new(token), Expected::Nonce(&NONCE), at);
    let (signer, _) = EarSigner::generate().unwrap();
    let id = VerifierId::default();
    let jwt = signer.sign(&Ear::new(&verdict, &id, SignedDuration::from_mins(5))).unwrap();
    let (head, payload) = opened(&jwt, signer.public_key()).unwrap();
    assert_eq!(head, json!({ "alg": "ES256", "typ": "JWT" }));
    payload
}

#[test]
fn a_result_has_the_claims_of_the_draft_and_the_values_of_ar4si() {
    let result = result(&Claims::full().token(), now());
    assert_eq!(result["eat_profile"], EAR_PROFILE);
    assert_eq!(EAR_PROFILE, "tag:ietf.org,2026:rats/ear#04");
    assert_eq!(result["iat"], now().as_second());
    assert_eq!(result["exp"], now().as_second() + 300);
    assert_eq!(result["eat_nonce"], URL_SAFE_NO_PAD.encode(NONCE));
    assert_eq!(result["ear_status"], "affirming");
    assert_eq!(result["ear_verifier_id"]["build"], "dtsec-verify 0.1.0");
    let appraisal = &result["submods"]["cdd"];
    assert_eq!(appraisal["ear_status"], "affirming");
    let vector = json!({ "instance-identity": 2, "configuration": 2, "executables": 2, "hardware": 2 });
    assert_eq!(appraisal["ear_trustworthiness_vector"], vector);
    let claims = &appraisal["ear_verifier_claims"];
    assert_eq!((&claims["finding"], &claims["number"]), (&json!("listed-and-clean"), &json!(100)));
    assert_eq!(claims["listed"]["entry"], "E-1");
    assert_eq!(claims["listed"]["version"], "1.2.3+4");
    assert_eq!(claims["list"]["as-of"], "2026-11-22T11:00:00Z");
    assert_eq!(claims["list"]["fresh-until"], "2026-11-23T11:00:00Z");
    assert_eq!(claims["list"]["freshness"], "fresh");
}

#[test]
fn a_result_is_never_good_for_longer_than_the_list() {
    let until = verifier().list().fresh_until;
    let late = result(&Claims::full().token(), until - SignedDuration::from_secs(60));
    assert_eq!(late["exp"], until.as_second());
    let stale = result(&Claims::full().token(), until);
    assert_eq!(stale["submods"]["cdd"]["ear_verifier_claims"]["finding"], "stale-list");
    assert_eq!(stale["submods"]["cdd"]["ear_verifier_claims"]["list"]["freshness"], "stale");
    assert_eq!(stale["ear_status"], "warning");
    assert_eq!(stale["exp"], until.as_second() + 300);
}

#[test]
fn what_is_no_token_gives_a_result_as_well() {
    let result = result(b"nonsense", now());
    assert_eq!(result["ear_status"], "contraindicated");
    assert_eq!(result["eat_nonce"], Value::Null);
    assert_eq!(result["submods"]["cdd"]["ear_verifier_claims"]["fingerprint"], Value::Null);
}

#[test]
fn a_result_is_the_signers_and_cannot_be_changed() {
    let verifier = verifier();
    let token = Claims::full().token();
    let verdict = verifier.verify(&Evidence::new(&token), Expected::Nonce(&NONCE), now());
    let [(signer, pkcs8), (other, _)] = [EarSigner::generate().unwrap(), EarSigner::generate().unwrap()];
    let id = VerifierId::default();
    let jwt = signer.sign(&Ear::new(&verdict, &id, SignedDuration::from_mins(5))).unwrap();
    assert!(opened(&jwt, signer.public_key()).is_some());
    assert!(opened(&jwt, other.public_key()).is_none());
    let dot = jwt.find('.').unwrap();
    let changed = format!("{}f{}", &jwt[..=dot], &jwt[dot + 2..]);
    assert!(opened(&changed, signer.public_key()).is_none());
    // The same signer again, out of its key.
    assert_eq!(EarSigner::new(&pkcs8).unwrap().public_key(), signer.public_key());
    assert!(EarSigner::new(b"no key").is_err());
    let jwk = signer.jwk();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    assert_eq!([&[4][..], &coordinate("x"), &coordinate("y")].concat(), signer.public_key());
    assert!(!format!("{signer:?}").contains(&hex::encode(&pkcs8[40..60])));
}
