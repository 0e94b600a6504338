//! Images for the tests.

#![allow(dead_code, unreachable_pub)] // Each test file uses its own part.

pub mod invariants;

use cdd_image::build::{Builder, KeyType, SigningKey};
use cdd_image::{Dependency, Header, Version};

pub const KEY_TYPES: [KeyType; 2] = [KeyType::EcdsaP256, KeyType::Ed25519];
pub const VERSION: Version = Version { major: 1, minor: 2, revision: 3, build: 4 };

/// A key of this type, always the same one for the same seed.
pub fn key(key_type: KeyType, seed: u8) -> SigningKey {
    SigningKey::from_secret(key_type, &[seed; 32]).unwrap()
}

/// A builder that uses everything that the format has.
pub fn full() -> Builder {
    Builder {
        header_size: 40,
        security_counter: Some(7),
        dependencies: vec![Dependency { image: 1, version: VERSION }],
        load_address: Some(0x3800_0000),
        part: Some("application".into()),
        name: Some("bgm".into()),
        vendor_tlvs: vec![(0x1234, b"something".to_vec())],
        ..Builder::new(VERSION)
    }
}

/// An image of these TLVs, with the right sizes everywhere.
pub fn assemble(protected: &[(u16, &[u8])], unprotected: &[(u16, &[u8])]) -> Vec<u8> {
    let payload = b"payload";
    let protected = if protected.is_empty() { vec![] } else { area(0x6908, protected) };
    let header = Header {
        load_address: 0,
        header_size: 32,
        protected_size: protected.len() as u16,
        image_size: payload.len() as u32,
        flags: 0,
        version: VERSION,
    };
    [&header.to_bytes()[..], payload, &protected, &area(0x6907, unprotected)].concat()
}

fn area(magic: u16, tlvs: &[(u16, &[u8])]) -> Vec<u8> {
    let size = 4 + tlvs.iter().map(|(_, value)| 4 + value.len()).sum::<usize>();
    let mut bytes = [magic.to_le_bytes(), (size as u16).to_le_bytes()].concat();
    for (kind, value) in tlvs {
        bytes.extend(kind.to_le_bytes());
        bytes.extend((value.len() as u16).to_le_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}
