//! Images put together TLV by TLV, for what no honest tool would write.

use super::{PLATFORM_ADDRESS, payload, version};
use cdd_image::{Header, flags, tlv};

/// An image in pieces. [`Raw::sound`] has nothing wrong but that no provisioned key signed it.
#[derive(Clone)]
pub struct Raw {
    pub header: Header,
    pub payload: Vec<u8>,
    pub protected: Vec<(u16, Vec<u8>)>,
    pub unprotected: Vec<(u16, Vec<u8>)>,
    /// Bytes of the finished image to overwrite.
    pub patches: Vec<(Place, Vec<u8>)>,
}

/// Where a patch goes.
#[derive(Clone, Copy)]
pub enum Place {
    Header(usize),
    Protected(usize),
    Unprotected(usize),
}

impl Raw {
    pub fn sound() -> Raw {
        let mut signature = vec![0x30, 0x44];
        for _ in 0..2 {
            signature.extend([0x02, 0x20]);
            signature.extend([0x11; 32]);
        }
        Raw {
            header: Header {
                load_address: PLATFORM_ADDRESS,
                header_size: 1024,
                protected_size: 0,
                image_size: 0,
                flags: flags::RAM_LOAD,
                version: version(1, 0),
            },
            payload: payload(7, 64),
            protected: vec![
                (tlv::SECURITY_COUNTER, 5u32.to_le_bytes().to_vec()),
                (tlv::PART, b"platform".to_vec()),
                (tlv::NAME, b"raw".to_vec()),
            ],
            unprotected: vec![
                (tlv::SHA256, vec![0; 32]),
                (tlv::KEY_HASH, vec![0; 32]),
                (tlv::ECDSA, signature),
            ],
            patches: Vec::new(),
        }
    }

    pub fn without(mut self, kind: u16) -> Raw {
        self.protected.retain(|(k, _)| *k != kind);
        self.unprotected.retain(|(k, _)| *k != kind);
        self
    }

    pub fn protected(mut self, kind: u16, value: &[u8]) -> Raw {
        self.protected.push((kind, value.to_vec()));
        self
    }

    pub fn unprotected(mut self, kind: u16, value: &[u8]) -> Raw {
        self.unprotected.push((kind, value.to_vec()));
        self
    }

    pub fn patched(mut self, place: Place, bytes: &[u8]) -> Raw {
        self.patches.push((place, bytes.to_vec()));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let protected = if self.protected.is_empty() { Vec::new() } else { area(0x6908, &self.protected) };
        let header = Header {
            image_size: self.payload.len() as u32,
            protected_size: protected.len() as u16,
            ..self.header
        };
        let mut image = header.to_bytes().to_vec();
        image.resize(usize::from(self.header.header_size).max(image.len()), 0xFF);
        image.extend(&self.payload);
        let protected_at = image.len();
        image.extend(protected);
        let unprotected_at = image.len();
        image.extend(area(0x6907, &self.unprotected));
        for (place, bytes) in &self.patches {
            let at = match place {
                Place::Header(at) => *at,
                Place::Protected(at) => protected_at + at,
                Place::Unprotected(at) => unprotected_at + at,
            };
            image[at..at + bytes.len()].copy_from_slice(bytes);
        }
        image
    }
}

fn area(magic: u16, tlvs: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let size = 4 + tlvs.iter().map(|(_, value)| 4 + value.len()).sum::<usize>();
    let mut bytes = [magic.to_le_bytes(), (size as u16).to_le_bytes()].concat();
    for (kind, value) in tlvs {
        bytes.extend(kind.to_le_bytes());
        bytes.extend((value.len() as u16).to_le_bytes());
        bytes.extend(value);
    }
    bytes
}
