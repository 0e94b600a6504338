//! Fingerprints: of the whole set, and of nothing but it.

use crate::made::*;
use dtsec_list::{ComponentSet, Hash, ImplementationId};
use proptest::prelude::*;

#[test]
fn the_order_of_the_components_does_not_matter() {
    let mut other = set(1);
    other.components.reverse();
    assert_eq!(other.fingerprint(), set(1).fingerprint());
}

#[test]
fn everything_else_does() {
    let hash = |byte: u8, length: usize| Hash::try_from(&vec![byte; length][..]).unwrap();
    let change = |change: &dyn Fn(&mut ComponentSet)| {
        let mut other = set(1);
        change(&mut other);
        other.fingerprint()
    };
    let mut all = vec![
        set(1).fingerprint(),
        change(&|set| set.implementation_id = ImplementationId::try_from(&[0x1E; 32][..]).unwrap()),
        change(&|set| drop(set.components.pop())),
        change(&|set| set.components.push(component("radio", 1))),
        change(&|set| set.components.push(set.components[0].clone())),
        change(&|set| set.components[0].measurement = hash(9, 32)),
        change(&|set| set.components[0].measurement = hash(1, 48)),
        change(&|set| set.components[0].signer = hash(0, 32)),
        change(&|set| set.components[0].version = None),
        change(&|set| set.components[0].version = Some("1.2.3+5".into())),
        change(&|set| set.components[0].measurement_type = None),
        change(&|set| set.components[0].measurement_type = Some("Boot".into())),
        // What stands in one field does not count as if it stood in another.
        change(&|set| {
            set.components[0].measurement_type = Some("1.2.3+4".into());
            set.components[0].version = Some("boot".into());
        }),
        // Parts of two components do not make a third.
        change(&|set| {
            let measurement = set.components[1].measurement.clone();
            set.components[1].measurement =
                std::mem::replace(&mut set.components[0].measurement, measurement);
            set.components[0].version = Some("2".into());
        }),
    ];
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn the_fingerprint_is_the_one_that_is_written_down() {
    // Recomputed by hand from the format in the documentation: a change of it would be another list.
    use sha2::{Digest, Sha256};
    let mut bytes = b"dtsec component set 1".to_vec();
    bytes.extend([0x1D; 32]);
    bytes.extend([0, 3]);
    for (name, measurement) in [("application", 1), ("boot", 1), ("platform", 1)] {
        for field in [name.as_bytes(), b"1.2.3+4", &[measurement; 32], &[0x51; 32]] {
            bytes.extend([0, field.len() as u8]);
            bytes.extend(field);
        }
    }
    assert_eq!(set(1).fingerprint().to_string(), hex::encode(Sha256::digest(&bytes)));
}

proptest! {
    #[test]
    fn two_sets_have_one_fingerprint_only_if_they_are_one_set(
        a in proptest::collection::vec(("[ab]{1,2}", proptest::option::of("[ab]{1,2}"), 0u8..2), 1..4),
        b in proptest::collection::vec(("[ab]{1,2}", proptest::option::of("[ab]{1,2}"), 0u8..2), 1..4),
    ) {
        let of = |parts: &[(String, Option<String>, u8)]| {
            let mut made = set(1);
            made.components = parts.iter().map(|(name, version, byte)| {
                dtsec_list::Component { version: version.clone(), ..component(name, *byte) }
            }).collect();
            made.components.sort();
            made
        };
        let (a, b) = (of(&a), of(&b));
        prop_assert_eq!(a.fingerprint() == b.fingerprint(), a == b);
    }
}
