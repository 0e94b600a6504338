//! What cannot be built is refused, with what to do about it.

mod support;

use cdd_image::Image;
use cdd_image::build::{BuildError, Builder, KeyError, KeyType, SigningKey};
use support::{VERSION, full, key};

fn sign(builder: &Builder, input: &[u8]) -> Result<Vec<u8>, BuildError> {
    builder.sign(input, &key(KeyType::Ed25519, 1))
}

#[test]
fn options_that_contradict_the_format_are_refused() {
    assert!(sign(&full(), b"x").is_ok(), "the control");
    let refused = |builder: Builder| sign(&builder, b"x").unwrap_err();
    assert_eq!(refused(Builder { header_size: 31, ..full() }), BuildError::HeaderSize(31));
    assert_eq!(refused(Builder { align: 3, ..full() }), BuildError::Align(3));
    assert_eq!(refused(Builder { rom_fixed: Some(4), ..full() }), BuildError::TwoAddresses);
    assert_eq!(refused(Builder { name: Some("é".into()), ..full() }), BuildError::Text("name"));
    assert_eq!(refused(Builder { part: Some(String::new()), ..full() }), BuildError::Text("part"));
    for kind in [0x50, 0xA0, 0xA1, 0xFFFF] {
        let builder = Builder { vendor_tlvs: vec![(kind, vec![])], ..full() };
        assert_eq!(refused(builder), BuildError::VendorType(kind));
    }
    let builder = Builder { vendor_tlvs: vec![(0xA2, vec![0; 65_535])], ..full() };
    assert_eq!(refused(builder), BuildError::TooLarge);
    assert_eq!(refused(Builder { pad: true, ..full() }), BuildError::NoSlotSize);
}

#[test]
fn without_pad_header_the_input_must_bring_zeros_for_the_header() {
    let builder = Builder { pad_header: false, ..full() };
    let mut input = vec![0; 40];
    input.extend(b"code");
    let bytes = sign(&builder, &input).unwrap();
    assert_eq!(Image::parse(&bytes).unwrap().payload(), b"code");
    assert_eq!(sign(&builder, &input[..39]), Err(BuildError::HeaderSpace(40)));
    input[39] = 1;
    assert_eq!(sign(&builder, &input), Err(BuildError::HeaderSpace(40)));
}

#[test]
fn the_image_and_its_trailer_must_fit_the_slot_exactly_or_with_room() {
    let image = sign(&Builder::new(VERSION), b"code").unwrap();
    for (align, trailer) in
        [(1, 384 + 32 + 16), (8, 3072 + 32 + 16), (16, 6144 + 64 + 16), (32, 12288 + 128 + 32)]
    {
        let slot_size = (image.len() + trailer) as u32;
        let builder = Builder { align, slot_size, pad: true, ..Builder::new(VERSION) };
        let padded = sign(&builder, b"code").unwrap();
        assert_eq!(padded.len(), slot_size as usize);
        assert_eq!(padded[..image.len()], image);
        let slot = slot_size - 1;
        let refused = sign(&Builder { slot_size: slot, ..builder }, b"code");
        assert_eq!(refused, Err(BuildError::SlotSize { image: image.len(), trailer, slot }));
    }
}

#[test]
fn files_that_hold_no_usable_key_are_told_apart() {
    let refused = |pem: &str| SigningKey::from_pem(pem).unwrap_err();
    assert_eq!(refused(""), KeyError::NotAKey);
    assert_eq!(refused("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"), KeyError::NotAKey);
    assert_eq!(refused("-----BEGIN PRIVATE KEY-----\nAAAA"), KeyError::NotAKey);
    assert_eq!(
        refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        KeyError::Unsupported
    );
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    assert_eq!(refused(encrypted), KeyError::Encrypted);
    let public = cdd_image::build::public_to_pem(&key(KeyType::EcdsaP256, 1).public()).unwrap();
    assert_eq!(refused(&public), KeyError::PublicOnly);
    let private = key(KeyType::EcdsaP256, 1).to_pem().unwrap();
    assert!(SigningKey::from_pem(&private).is_ok(), "the control");
}

#[test]
fn a_key_in_openssl_s_older_format_is_read_with_its_parameters_before_it() {
    let secret = p256::SecretKey::from_slice(&[1; 32]).unwrap();
    let sec1 = secret.to_sec1_pem(Default::default()).unwrap();
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    for pem in [sec1.to_string(), format!("{parameters}{}", *sec1)] {
        assert_eq!(SigningKey::from_pem(&pem).unwrap().public(), key(KeyType::EcdsaP256, 1).public());
    }
    let encrypted = sec1.replace("KEY-----\nM", "KEY-----\nProc-Type: 4,ENCRYPTED\n\nM");
    assert_eq!(SigningKey::from_pem(&encrypted).unwrap_err(), KeyError::Encrypted);
}
