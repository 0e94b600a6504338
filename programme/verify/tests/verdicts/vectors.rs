//! Tokens by others: RFC 9783's examples, tokens as TF-M makes them, and a device of ours.

use crate::made::{CERTIFICATION_REFERENCE, COMPONENTS, Claims, VERIFICATION_SERVICE};
use crate::support::*;
use ciborium::Value;
use dtsec_list::PublicKey;
use dtsec_list::endorse::{Endorsement, Endorsements};
use dtsec_token::Token;
use dtsec_verify::{Evidence, Expected, Finding, Verifier};

/// RFC 9783, appendix A.1.
const SIGN1: &str = "d28443a10126a0590100a8190100582101020202020202020202020202020202020202020202020202020202020202020219095c\
    582000000000000000000000000000000000000000000000000000000000000000000a5820010101010101010101010101010101\
    010101010101010101010101010101010119095a1a7fffffff19095b19300019010978217461673a707361636572746966696564\
    2e6f72672c323032333a7073612374666d19010c48000000000000000019095f81a3055820040404040404040404040404040404\
    04040404040404040404040404040404040258200303030303030303030303030303030303030303030303030303030303030303\
    016450526f545840786e937a4c42667af3847399319ca95c7e7dbabdc9b50fdb8de3f6bff4ab82ff80c42140e2a488000219e3e1\
    0663193da69c75f52b798ea10b2f7041a90e8e5a";
/// Its key, as the draft's repository has it (thomas-fossati/draft-psa-token, tfm-es-iak).
const SIGN1_KEY: &str = "044e5e22099e3bceb45b446d1355fd1dc3b545947b6fd7c1c89d886798c3726e8f\
    80d70b840b256aac34a62ede1043364f044095f003474b91e0182092afb13f2e";
/// The example with a COSE_Mac0 of the same repository: of the kind of appendix A.2.
const MAC0: &str = "d18443a10105a0590117a9190100582101c557bd4fadc83f756fca2cd5ea2dcc8b82159bb4e7453d6a744d4eecd6d0ac60\
    19095c582000000000000000000000000000000000000000000000000000000000000000000a582001010101010101010101010101010101\
    0101010101010101010101010101010119095a1a7fffffff19095e73313233343536373839303132332d313233343519095b193000190109\
    78217461673a7073616365727469666965642e6f72672c323032333a7073612374666d19095d48000000000000000019095f81a3055820\
    0404040404040404040404040404040404040404040404040404040404040404025820030303030303030303030303030303030303030303\
    0303030303030303030303016450526f545820b36cc7d7d2ed8980ac81c3460cfe2eddc45232ad819339a98e63bde32b9c2534";

fn bytes(hex_text: &str) -> Vec<u8> {
    hex::decode(hex_text.replace(' ', "")).unwrap()
}

#[test]
fn the_signed_example_of_rfc_9783_is_listed_once_it_is_endorsed_and_on_the_list() {
    let token = bytes(SIGN1);
    let parsed = Token::parse(&token).unwrap();
    let public_key = PublicKey::checked(&bytes(SIGN1_KEY)).unwrap();
    // The example's instance ID is not made of its key: the endorsement says whose it is.
    assert!(!parsed.names(public_key.as_bytes()) && parsed.verify(public_key.as_bytes()));
    let instance_id = parsed.instance_id[..].try_into().unwrap();
    let mut endorsements = Endorsements::new();
    endorsements.endorse("ACME", &Endorsement { instance_id, public_key, implementation_id: None }).unwrap();
    let list = list(vec![entry("E-9783", vec![version("1", set_of(&token))])]);
    let verifier = Verifier::new(list, endorsements).unwrap();
    let verdict = |nonce: &[u8]| {
        let verdict = verifier.verify(&Evidence::new(&token), Expected::Nonce(nonce), now());
        (verdict.finding, verdict.listed.map(|listed| listed.entry.id.clone()))
    };
    assert_eq!(verdict(&[1; 32]), (Finding::ListedAndClean, Some("E-9783".into())));
    assert_eq!(verdict(&[2; 32]), (Finding::NonceMismatch, None));
}

#[test]
fn the_example_with_a_symmetric_key_is_refused_because_whoever_checks_it_can_make_it() {
    assert_eq!(found(&verifier(), &bytes(MAC0)), Finding::Malformed);
}

/// Components as TF-M names them, with the secure image's version, and one that names neither type nor version.
fn tf_m() -> Claims {
    let component = |name: Option<&str>, byte: u8| {
        let mut map = vec![
            (Value::from(2), Value::Bytes(vec![byte; 32])),
            (Value::from(5), Value::Bytes(vec![byte ^ 0xFF; 32])),
        ];
        if let Some(name) = name {
            map.push((1.into(), name.into()));
            map.push((4.into(), "1.8.1+0".into()));
            map.push((6.into(), "sha-256".into()));
        }
        Value::Map(map)
    };
    let all = vec![
        component(Some("BL"), 1),
        component(Some("SPE"), 2),
        component(Some("NSPE"), 3),
        component(None, 4),
    ];
    Claims::full()
        .with(COMPONENTS, Value::Array(all))
        .with(CERTIFICATION_REFERENCE, "0604565272829-10010")
        .with(VERIFICATION_SERVICE, "www.trustedfirmware.org")
        .with(-75_100, "a claim of the vendor")
}

#[test]
fn tokens_as_tf_m_makes_them_are_held_against_all_of_their_components() {
    let token = tf_m().token();
    let verifier = by(list(vec![entry("E-2", vec![version("1.8.1", set_of(&token))])]));
    assert_eq!(found(&verifier, &token), Finding::ListedAndClean);
    let Value::Array(mut all) = tf_m().0.into_iter().find(|(key, _)| *key == COMPONENTS.into()).unwrap().1
    else {
        unreachable!()
    };
    all.pop();
    let without = tf_m().with(COMPONENTS, Value::Array(all)).token();
    assert_eq!(found(&verifier, &without), Finding::MissingComponent);
}

#[test]
fn the_token_that_a_virtual_device_gave_is_listed_by_the_key_that_it_gave() {
    let parts = include_str!("../../../token/tests/virtual-device.hex").split_ascii_whitespace();
    let [key, token] =
        <[Vec<u8>; 2]>::try_from(parts.map(|hex| hex::decode(hex).unwrap()).collect::<Vec<_>>()).unwrap();
    let parsed = Token::parse(&token).unwrap();
    let mut endorsements = Endorsements::new();
    endorsements.endorse("ACME", &endorsement(PublicKey::checked(&key).unwrap())).unwrap();
    let list = list(vec![entry("E-3", vec![version("1.2.3+0", set_of(&token))])]);
    let verifier = Verifier::new(list, endorsements).unwrap();
    let verdict = verifier.verify(&Evidence::new(&token), Expected::Nonce(&parsed.nonce), now());
    assert_eq!(verdict.finding, Finding::ListedAndClean);
}
