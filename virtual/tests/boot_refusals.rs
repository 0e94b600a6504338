//! Every reason for which boot refuses an image, by its exact name. Each case is one change of an image
//! that is accepted (or, for structure, of one that fails only for its key).

#![forbid(unsafe_code)]

mod support;

use cdd_boot::{PartId, SlotId, State};
use cdd_fuses::Role;
use cdd_image::build::Builder;
use cdd_image::{Dependency, flags, tlv};
use support::raw::{Place, Raw};
use support::*;

/// What boot makes of this image in the platform's slot A, where nothing else could start.
fn refusal(image: &[u8]) -> &'static str {
    let mut specimen = Specimen::genuine();
    specimen.put(SlotId::PlatformA, image);
    let start = specimen.start();
    let result = start.result(SlotId::PlatformA);
    assert_eq!(start.state() == State::Running, result == "accepted", "{result}");
    assert_eq!(
        start.machine.is_wiped(PartId::Platform),
        result != "accepted",
        "{result} leaves something behind"
    );
    result
}

fn refused(change: impl FnOnce(&mut Builder)) -> &'static str {
    let mut builder = platform(version(1, 0));
    change(&mut builder);
    refusal(&builder.sign(&payload(1, 256), &platform_key()).unwrap())
}

#[test]
fn the_unchanged_image_is_accepted_with_either_key_and_with_the_key_inside() {
    assert_eq!(refused(|_| ()), "accepted");
    assert_eq!(refused(|b| b.full_public_key = true), "accepted");
    assert_eq!(refused(|b| b.load_address = None), "accepted");
    let second = platform(version(1, 0)).sign(&payload(1, 256), &second_platform_key()).unwrap();
    assert_eq!(refusal(&second), "accepted");
}

#[test]
fn a_signed_image_that_is_not_for_this_place_is_refused() {
    assert_eq!(refused(|b| b.part = Some("application".into())), "wrong-part");
    assert_eq!(refused(|b| b.part = Some("platforms".into())), "wrong-part");
    assert_eq!(refused(|b| b.part = None), "part-missing");
    assert_eq!(refused(|b| b.name = None), "name-missing");
    assert_eq!(refused(|b| b.header_size = 512), "wrong-header-size");
    assert_eq!(refused(|b| b.load_address = Some(PLATFORM_ADDRESS + 4)), "wrong-load-address");
    assert_eq!(refused(|b| b.non_bootable = true), "not-bootable");
    assert_eq!(refused(|b| (b.load_address, b.rom_fixed) = (None, Some(PLATFORM_ADDRESS))), "not-bootable");
    assert_eq!(refused(|b| b.security_counter = Some(4)), "counter-too-old");
    assert_eq!(refused(|b| b.security_counter = Some(5)), "accepted");
    assert_eq!(refused(|b| b.security_counter = Some(6)), "accepted");
    assert_eq!(refused(|b| b.security_counter = None), "security-counter-missing");
    let needs = |version| Dependency { image: 0, version };
    assert_eq!(refused(|b| b.dependencies = vec![needs(version(0, 1))]), "dependency-not-met");
}

#[test]
fn an_application_starts_only_with_the_platform_that_it_needs() {
    let with = |image, needed| {
        let mut builder = application(version(1, 0));
        builder.dependencies = vec![Dependency { image, version: needed }];
        let mut specimen = Specimen::genuine();
        specimen.put(SlotId::ApplicationA, &builder.sign(b"application", &application_key()).unwrap());
        let start = specimen.start();
        (start.state(), start.result(SlotId::ApplicationA))
    };
    assert_eq!(with(0, version(1, 0)), (State::Running, "accepted"));
    assert_eq!(with(0, version(0, 9)), (State::Running, "accepted"));
    assert_eq!(with(0, version(1, 1)), (State::NoApplication, "dependency-not-met"));
    assert_eq!(with(1, version(0, 0)), (State::NoApplication, "dependency-not-met"));
}

#[test]
fn an_image_of_the_other_part_is_refused_in_either_slot() {
    let mut specimen = Specimen::genuine();
    specimen.put(SlotId::PlatformA, &genuine_application(1));
    specimen.put(SlotId::ApplicationA, &genuine_platform(1));
    let start = specimen.start();
    // Both are wrong twice; the part is looked at before the address that the image was linked for.
    assert_eq!(start.result(SlotId::PlatformA), "wrong-part");
    assert_eq!(start.state(), State::NoPlatform);

    let mut unplaced = application(version(1, 0));
    unplaced.load_address = None;
    assert_eq!(refusal(&unplaced.sign(b"x", &platform_key()).unwrap()), "wrong-part");
    let mut specimen = Specimen::genuine();
    let mut unplaced = platform(version(1, 0));
    unplaced.load_address = None;
    specimen.put(SlotId::ApplicationA, &unplaced.sign(b"x", &application_key()).unwrap());
    let start = specimen.start();
    assert_eq!((start.state(), start.result(SlotId::ApplicationA)), (State::NoApplication, "wrong-part"));
}

#[test]
fn a_key_must_be_provisioned_for_the_role_and_not_revoked() {
    let sign = |key| platform(version(1, 0)).sign(&payload(1, 256), &key).unwrap();
    assert_eq!(refusal(&sign(foreign_key())), "key-unknown");
    assert_eq!(refusal(&sign(application_key())), "key-unknown");
    let mut specimen = Specimen::genuine();
    let (at, bits) = cdd_fuses::revocation_bits(Role::Application, 0);
    specimen.burn(at, &bits);
    let start = specimen.start();
    assert_eq!(
        (start.result(SlotId::PlatformA), start.result(SlotId::ApplicationA)),
        ("accepted", "key-revoked")
    );
    for copy in [1u32, 1 << 16] {
        let mut specimen = Specimen::genuine();
        specimen.burn(0x50, &copy.to_le_bytes());
        let start = specimen.start();
        assert_eq!((start.state(), start.result(SlotId::PlatformA)), (State::NoPlatform, "key-revoked"));
        // The other key still serves.
        specimen.put(SlotId::PlatformA, &sign(second_platform_key()));
        assert_eq!(specimen.start().state(), State::Running);
    }
}

#[test]
fn a_key_that_was_provisioned_twice_is_revoked_by_either_number() {
    for revoked in [0, 2] {
        let mut specimen = Specimen::genuine();
        specimen.provision(Role::Platform, 2, &platform_key());
        assert_eq!(specimen.start().state(), State::Running);
        let (at, bits) = cdd_fuses::revocation_bits(Role::Platform, revoked);
        specimen.burn(at, &bits);
        let start = specimen.start();
        assert_eq!((start.state(), start.result(SlotId::PlatformA)), (State::NoPlatform, "key-revoked"));
    }
}

#[test]
fn a_signature_by_another_key_than_the_one_named_is_invalid() {
    // Named is key 0, signed has another one.
    let mut image = platform(version(1, 0)).sign(&payload(1, 256), &foreign_key()).unwrap();
    let named = platform_key().public().hash::<cdd_virtual::HostCrypto>();
    let foreign = foreign_key().public().hash::<cdd_virtual::HostCrypto>();
    let at = image.windows(32).position(|window| window == foreign).unwrap();
    image[at..at + 32].copy_from_slice(&named);
    assert_eq!(refusal(&image), "signature-invalid");
    // Named is key 1, an Ed25519 one, and the signature is ECDSA.
    let second = second_platform_key().public().hash::<cdd_virtual::HostCrypto>();
    image[at..at + 32].copy_from_slice(&second);
    assert_eq!(refusal(&image), "signature-invalid");
}

#[test]
fn an_image_that_does_not_fit_is_refused_and_the_largest_that_does_is_not() {
    let overhead = genuine_platform(1).len() - 256;
    let sized = |total: usize| {
        // The length of an ECDSA signature varies by some bytes; Ed25519's does not.
        let ed = platform(version(1, 0)).sign(&[], &second_platform_key()).unwrap().len();
        platform(version(1, 0)).sign(&payload(1, total - ed), &second_platform_key()).unwrap()
    };
    assert!(overhead < 32_768);
    assert_eq!(sized(32_768).len(), 32_768);
    assert_eq!(refusal(&sized(32_768)), "accepted");
    assert_eq!(refusal(&sized(32_769)), "too-large");
    assert_eq!(refusal(&sized(40_000)), "too-large");
}

#[test]
fn every_fault_of_structure_has_its_name() {
    let sound = Raw::sound;
    // The control: nothing wrong but the key.
    assert_eq!(refusal(&sound().bytes()), "key-unknown");
    let signature = sound().unprotected[2].1.clone();
    let header = Place::Header;
    let cases: Vec<(&str, Raw)> = vec![
        ("bad-magic", sound().patched(header(0), &[0x3C])),
        ("bad-header-size", sound().patched(header(8), &31u16.to_le_bytes())),
        ("bad-protected-size", sound().patched(header(10), &3u16.to_le_bytes())),
        ("size-overflow", sound().patched(header(12), &u32::MAX.to_le_bytes())),
        ("too-large", sound().patched(header(12), &32_000u32.to_le_bytes())),
        ("unsupported-flags", sound().patched(header(16), &[0x02])),
        ("unsupported-encryption", sound().patched(header(16), &[0x04])),
        ("unsupported-compression", sound().patched(header(17), &[0x02])),
        ("tlv-bad-magic", sound().patched(Place::Unprotected(0), &[0x06])),
        ("tlv-bad-total", sound().patched(Place::Unprotected(2), &3u16.to_le_bytes())),
        ("protected-tlv-bad-magic", sound().patched(Place::Protected(0), &[0x07])),
        ("protected-size-mismatch", sound().patched(Place::Protected(2), &[4])),
        ("tlv-truncated", sound().patched(Place::Protected(6), &[0xFF])),
        ("tlv-truncated", sound().patched(Place::Unprotected(6), &[0xFF, 0x00])),
        ("tlv-duplicate", sound().unprotected(tlv::SHA256, &[0; 32])),
        ("tlv-duplicate", sound().protected(tlv::SECURITY_COUNTER, &[9, 0, 0, 0])),
        ("tlv-duplicate", sound().protected(tlv::PART, b"platform")),
        ("tlv-bad-length", sound().without(tlv::SHA256).unprotected(tlv::SHA256, &[0; 31])),
        ("tlv-bad-length", sound().without(tlv::SECURITY_COUNTER).protected(tlv::SECURITY_COUNTER, &[5])),
        ("tlv-not-allowed", sound().unprotected(0x1234, b"")),
        ("tlv-must-be-protected", sound().unprotected(tlv::PART, b"platform")),
        ("tlv-must-be-protected", sound().unprotected(tlv::DEPENDENCY, &[0; 12])),
        ("tlv-must-be-unprotected", sound().protected(tlv::SHA256, &[0; 32])),
        ("tlv-must-be-unprotected", sound().protected(tlv::ECDSA, &signature)),
        ("unsupported-digest", sound().unprotected(tlv::SHA384, &[0; 48])),
        ("unsupported-signature", sound().unprotected(tlv::RSA2048, &[0; 256])),
        ("unsupported-pure-signature", sound().unprotected(tlv::PURE, &[1])),
        ("digest-missing", sound().without(tlv::SHA256)),
        ("key-hash-missing", sound().without(tlv::KEY_HASH)),
        ("key-ambiguous", sound().unprotected(tlv::PUBLIC_KEY, &[0; 91])),
        ("signature-missing", sound().without(tlv::ECDSA)),
        ("signature-ambiguous", sound().unprotected(tlv::ED25519, &[0; 64])),
        ("signature-malformed", sound().without(tlv::ECDSA).unprotected(tlv::ECDSA, &signature[1..])),
        ("signature-malformed", sound().without(tlv::ECDSA).unprotected(tlv::ECDSA, &[])),
        ("security-counter-missing", sound().without(tlv::SECURITY_COUNTER)),
        ("security-counter-unprotected", sound().unprotected(tlv::SECURITY_COUNTER, &[9, 0, 0, 0])),
        ("part-missing", sound().without(tlv::PART)),
        ("part-malformed", sound().without(tlv::PART).protected(tlv::PART, b"plat\0form")),
        ("part-malformed", sound().without(tlv::PART).protected(tlv::PART, b"")),
        ("name-missing", sound().without(tlv::NAME)),
        ("name-malformed", sound().without(tlv::NAME).protected(tlv::NAME, &[b'n'; 33])),
        ("dependency-malformed", sound().protected(tlv::DEPENDENCY, &[0; 11])),
    ];
    for (number, (name, raw)) in cases.iter().enumerate() {
        assert_eq!(refusal(&raw.bytes()), *name, "case {number}");
    }
    assert_eq!(refusal(&[]), "empty");
    let mut flags_and_place = sound();
    flags_and_place.header.flags = flags::RAM_LOAD | flags::PIC;
    assert_eq!(refusal(&flags_and_place.bytes()), "not-bootable");
}

#[test]
fn damaged_bytes_of_a_genuine_image_are_named_after_what_covers_them() {
    let genuine = genuine_platform(1);
    let damaged = |at: usize| {
        let mut image = genuine.clone();
        image[at] ^= 0x40;
        refusal(&image)
    };
    assert_eq!(refusal(&genuine), "accepted");
    assert_eq!(damaged(1024), "digest-mismatch");
    assert_eq!(damaged(500), "digest-mismatch");
    assert_eq!(damaged(genuine.len() - 1), "signature-invalid");
    let digest = *cdd_image::Image::parse(&genuine).unwrap().digest().unwrap();
    let at = genuine.windows(32).position(|window| window == digest).unwrap();
    assert_eq!(damaged(at), "digest-mismatch");
}
