//! Properties over many images, and over bytes that are none.

mod support;

use std::collections::BTreeSet;

use cdd_image::build::Builder;
use cdd_image::{Dependency, Image, RustCrypto, Version, flags, verify};
use proptest::prelude::*;
use support::{KEY_TYPES, full, invariants, key};

prop_compose! {
    fn versions()(major: u8, minor: u8, revision: u16, build: u32) -> Version {
        Version { major, minor, revision, build }
    }
}

prop_compose! {
    fn builders()(
        version in versions(),
        header_size in 32u16..0x500,
        security_counter: Option<u32>,
        dependencies in prop::collection::vec((any::<u8>(), versions()), 0..4),
        load_address: Option<u32>,
        part in prop::option::of("platform|application"),
        name in prop::option::of("[ -~]{1,32}"),
        vendor_tlvs in prop::collection::vec((0xA2u16..0xFFFE, prop::collection::vec(any::<u8>(), 0..40)), 0..3),
        full_public_key: bool,
        pad_signature: bool,
        non_bootable: bool,
    ) -> Builder {
        let dependencies = dependencies.into_iter().map(|(image, version)| Dependency { image, version });
        Builder {
            header_size, security_counter, load_address, part, name, vendor_tlvs, full_public_key,
            pad_signature, non_bootable, dependencies: dependencies.collect(), ..Builder::new(version)
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_give_an_image_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = invariants::check(&bytes);
    }

    #[test]
    fn bytes_that_start_like_an_image_give_an_image_or_an_error(
        mut bytes in prop::collection::vec(any::<u8>(), 32..500),
        sizes in (32u16..64, 0u16..64, 0u32..128),
    ) {
        bytes[..4].copy_from_slice(&0x96F3_B83Du32.to_le_bytes());
        bytes[8..10].copy_from_slice(&sizes.0.to_le_bytes());
        bytes[10..12].copy_from_slice(&sizes.1.to_le_bytes());
        bytes[12..16].copy_from_slice(&sizes.2.to_le_bytes());
        bytes[16..20].fill(0);
        let _ = invariants::check(&bytes);
    }

    #[test]
    fn what_is_built_reads_back_and_verifies(
        builder in builders(),
        payload in prop::collection::vec(any::<u8>(), 0..600),
        key_type in prop::sample::select(&KEY_TYPES),
        follows in prop::collection::vec(any::<u8>(), 0..50),
    ) {
        let key = key(key_type, 3);
        let built = builder.sign(&payload, &key).unwrap();
        let bytes = [&built[..], &follows].concat();
        invariants::check(&bytes).unwrap();
        let image = Image::parse(&bytes).unwrap();
        prop_assert_eq!(image.total_size(), built.len());
        prop_assert_eq!(image.payload(), payload);
        prop_assert_eq!(image.header().version, builder.version);
        prop_assert_eq!(image.header().header_size, builder.header_size);
        prop_assert_eq!(image.header().load_address, builder.load_address.unwrap_or(0));
        prop_assert_eq!(image.header().has(flags::RAM_LOAD), builder.load_address.is_some_and(|a| a != 0));
        prop_assert_eq!(image.header().has(flags::NON_BOOTABLE), builder.non_bootable);
        prop_assert_eq!(image.security_counter().ok(), builder.security_counter);
        prop_assert_eq!(image.part().ok(), builder.part.as_deref().map(str::as_bytes));
        prop_assert_eq!(image.name(), builder.name.as_deref());
        prop_assert_eq!(image.public_key().is_some(), builder.full_public_key);
        prop_assert_eq!(image.dependencies().collect::<Vec<_>>(), builder.dependencies);
        for (kind, value) in &builder.vendor_tlvs {
            prop_assert!(image.tlvs().any(|tlv| tlv.protected && tlv.kind == *kind && tlv.value == value));
        }
        prop_assert!(verify::<RustCrypto>(&image, &key.public()).is_ok());
    }
}

/// A small deterministic generator (xorshift64*), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const TEMPTING: [u8; 12] = [0, 1, 2, 3, 4, 7, 8, 0x10, 0x50, 0x7F, 0x80, 0xFF];
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            return;
        }
        // The structure is at both ends: half of the changes go to the header.
        let reach = if random.below(2) == 0 { bytes.len().min(32) } else { bytes.len() };
        let at = random.below(reach);
        match random.below(6) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 | 3 => bytes[at] = TEMPTING[random.below(TEMPTING.len())],
            4 => bytes.truncate(at),
            _ => {
                let (from, to) = (random.below(bytes.len()), (at + 1 + random.below(40)).min(bytes.len()));
                let piece = bytes[at.min(to)..to].to_vec();
                bytes.splice(from..from, piece);
            }
        }
    }
}

#[test]
fn twenty_thousand_mutated_images_are_read_or_refused_and_the_campaign_reaches_both_and_many_errors() {
    let corpus: Vec<Vec<u8>> = KEY_TYPES
        .into_iter()
        .flat_map(|key_type| {
            [full(), Builder { full_public_key: true, ..full() }, Builder::new(support::VERSION)]
                .map(|builder| builder.sign(b"a payload", &key(key_type, 1)).unwrap())
        })
        .collect();
    let mut random = Random(0x00DD_5EC0_1234_5678);
    let (mut read, mut errors) = (0, BTreeSet::new());
    for round in 0..20_000 {
        let mut bytes = corpus[round % corpus.len()].clone();
        mutate(&mut bytes, &mut random);
        match invariants::check(&bytes) {
            Ok(()) => read += 1,
            Err(error) => {
                errors.insert(error.name());
            }
        }
    }
    assert!(read > 1000, "only {read} of the mutated images were still readable");
    assert!(errors.len() >= 15, "only these errors were reached: {errors:?}");
}
