//! Component sets that are nearly listed: each way has its own finding, and none of them affirms.

use crate::made::{COMPONENTS, Claims, IMPLEMENTATION_ID, component};
use crate::support::*;
use ciborium::Value;
use dtsec_verify::{Finding, Tier, Verifier};

/// A component of a release.
fn part(kind: &str, release: u8, signer: u8) -> Value {
    let Value::Map(mut map) = component(kind) else { unreachable!() };
    map[1].1 = Value::Bytes(vec![release; 32]);
    map[2].1 = format!("{release}.0.0").into();
    map[3].1 = Value::Bytes(vec![signer; 32]);
    Value::Map(map)
}

fn token(parts: &[(&str, u8, u8)]) -> Vec<u8> {
    let parts = parts.iter().map(|(kind, release, signer)| part(kind, *release, *signer)).collect();
    Claims::full().with(COMPONENTS, Value::Array(parts)).token()
}

const ONE: [(&str, u8, u8); 3] = [("boot", 9, 0), ("platform", 1, 7), ("application", 1, 8)];
const TWO: [(&str, u8, u8); 3] = [("boot", 9, 0), ("platform", 2, 7), ("application", 2, 8)];

/// Of two releases with the same boot.
fn verifier() -> Verifier {
    let versions = vec![version("1.0.0", set_of(&token(&ONE))), version("2.0.0", set_of(&token(&TWO)))];
    by(list(vec![entry("E-1", versions)]))
}

#[test]
fn both_releases_are_listed_in_any_order_of_their_parts() {
    let verifier = verifier();
    for release in [ONE, TWO] {
        let [a, b, c] = release;
        for order in [[a, b, c], [c, a, b], [b, c, a], [c, b, a]] {
            assert_eq!(found(&verifier, &token(&order)), Finding::ListedAndClean);
        }
    }
}

#[test]
fn each_way_of_being_nearly_listed_has_its_own_finding() {
    let verifier = verifier();
    for (parts, finding, why) in [
        (&ONE[..2], Finding::MissingComponent, "version 1.0.0 of entry E-1 also has application 1.0.0"),
        (&TWO[1..], Finding::MissingComponent, "version 2.0.0 of entry E-1 also has boot 9.0.0"),
        (
            &[ONE[0], ONE[1], ONE[2], ("radio", 1, 7)],
            Finding::ExtraComponent,
            "version 1.0.0 of entry E-1 does not have radio 1.0.0",
        ),
        (
            &[ONE[0], TWO[1], ONE[2]],
            Finding::MixedRelease,
            "application 1.0.0 is of another version than version 2.0.0 of entry E-1",
        ),
        (
            &[ONE[0], ONE[1], ("application", 1, 66)],
            Finding::WrongSigner,
            "application 1.0.0 is signed by somebody else than in version 1.0.0 of entry E-1",
        ),
        (
            &[ONE[0], ONE[1], ("application", 3, 8)],
            Finding::NotListed,
            "application 3.0.0 is not that of version 1.0.0 of entry E-1",
        ),
    ] {
        assert_eq!(found_and_why(&verifier, &token(parts)), (finding, why.to_owned()));
        assert_eq!((finding.tier(), finding.vector().executables), (Tier::Warning, Some(33)), "{finding:?}");
    }
}

#[test]
fn a_part_twice_is_not_the_part_once() {
    let twice = [ONE[0], ONE[1], ONE[2], ONE[2]];
    assert_ne!(found(&verifier(), &token(&twice)), Finding::ListedAndClean);
}

#[test]
fn a_part_under_another_name_or_version_is_another_part() {
    for other in [("platform", 1, 8), ("applicatioN", 1, 8)] {
        assert_eq!(found(&verifier(), &token(&[ONE[0], ONE[1], other])), Finding::NotListed);
    }
    let nameless = Value::Map(
        part("application", 1, 8)
            .into_map()
            .unwrap()
            .into_iter()
            .filter(|(key, _)| *key != 1.into())
            .collect(),
    );
    let parts = vec![part("boot", 9, 0), part("platform", 1, 7), nameless];
    let token = Claims::full().with(COMPONENTS, Value::Array(parts)).token();
    assert_eq!(found(&verifier(), &token), Finding::NotListed);
}

#[test]
fn the_same_software_on_other_hardware_is_not_listed() {
    let parts = ONE.iter().map(|(kind, release, signer)| part(kind, *release, *signer)).collect();
    let claims = Claims::full().with(COMPONENTS, Value::Array(parts));
    assert_eq!(found(&verifier(), &claims.clone().token()), Finding::ListedAndClean, "the control");
    let other = claims.with(IMPLEMENTATION_ID, Value::Bytes(vec![0x77; 32]));
    let (finding, why) = found_and_why(&verifier(), &other.token());
    assert_eq!(finding, Finding::NotListed);
    assert!(why.starts_with("no listed version runs on the immutable platform 7777"), "{why}");
}
