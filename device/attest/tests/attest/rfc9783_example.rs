//! The example token of RFC 9783 beside ours: one verifier reads both, with the same labels and types, and
//! where the same is to be said, the same values.

use crate::support::*;
use cdd_attest::{Claims, issue};
use ciborium::Value;
use core::num::NonZeroI32;

/// The signed example of the RFC's source repository (thomas-fossati/draft-psa-token, cddl/example: token
/// be76bc25a3ba, key 254143415f1a). It is one revision older than the RFC's, whose claims set (a012da6801e2)
/// differs in one key: the boot seed is EAT's 268 there, 2397 here. That the signature verifies shows that
/// nothing was copied wrongly.
const EXAMPLE: &str = "d28443a10126a0590100a8190100582101020202020202020202020202020202\
    020202020202020202020202020202020219095c582000000000000000000000\
    000000000000000000000000000000000000000000000a582001010101010101\
    0101010101010101010101010101010101010101010101010119095a1a7fffff\
    ff19095b19300019010978217461673a7073616365727469666965642e6f7267\
    2c323032333a7073612374666d19095d48000000000000000019095f81a30558\
    2004040404040404040404040404040404040404040404040404040404040404\
    0402582003030303030303030303030303030303030303030303030303030303\
    03030303016450526f5458401e9d4b184785b83c8b35207926127f086731e1e8\
    db80f3065cf30f7685e051d89a493f9ee55bcd7b480dff72d6281c409490d299\
    c8350e698a76516a13ab4c6d";
const EXAMPLE_KEY: &str = "044e5e22099e3bceb45b446d1355fd1dc3b545947b6fd7c1c89d886798c3726e8f\
    80d70b840b256aac34a62ede1043364f044095f003474b91e0182092afb13f2e";

#[test]
fn the_example_of_the_rfc_and_our_token_are_read_alike() {
    let example = verify(&hex::decode(EXAMPLE).unwrap(), &hex::decode(EXAMPLE_KEY).unwrap()).unwrap();
    assert_eq!(example.labels(), [256, 2396, 10, 2394, 2395, 265, 2397, 2399]);
    // The control: the verifier does look at the signature.
    let mut changed = hex::decode(EXAMPLE).unwrap();
    changed[30] ^= 1;
    assert!(verify(&changed, &hex::decode(EXAMPLE_KEY).unwrap()).is_err());
}

#[test]
fn the_claims_of_the_example_are_encoded_as_there() {
    let example = verify(&hex::decode(EXAMPLE).unwrap(), &hex::decode(EXAMPLE_KEY).unwrap()).unwrap();
    let (record, key) = Device::default().start_with_key();
    let claims = Claims {
        implementation_id: &[0; 32],
        client_id: NonZeroI32::MAX,
        boot_seed: Some(&[0; 8]),
        ..claims(&record)
    };
    let mut out = [0; cdd_attest::MAX_TOKEN_BYTES];
    let len = issue(&claims, &key, &[1; 32], &mut out).unwrap();
    let ours = verify(&out[..len], key.public_key()).unwrap();
    // Said by both: nonce, profile, client ID, secured, implementation ID.
    for label in [10, 265, 2394, 2395, 2396] {
        assert_eq!(ours.get(label), example.get(label), "{label}");
    }
    assert_eq!(ours.get(268), example.get(2397), "the boot seed, under the RFC's key");
    assert_eq!(ours.get(2397), None);
    // Differing in value, alike in type and length.
    assert_eq!(ours.get(256).and_then(Value::as_bytes).map(Vec::len), Some(33));
    assert_eq!(example.get(256).and_then(Value::as_bytes).map(|id| (id.len(), id[0])), Some((33, 1)));
    let components = |set: &ClaimsSet| set.get(2399).and_then(Value::as_array).cloned().unwrap();
    let theirs = ClaimsSet(components(&example)[0].as_map().unwrap().clone());
    for component in components(&ours) {
        let component = ClaimsSet(component.as_map().unwrap().clone());
        for key in theirs.labels() {
            let (theirs, ours) = (theirs.get(key).unwrap(), component.get(key).unwrap());
            assert_eq!(core::mem::discriminant(theirs), core::mem::discriminant(ours), "{key}");
            assert_eq!(theirs.as_bytes().map(Vec::len), ours.as_bytes().map(Vec::len), "{key}");
        }
    }
}
