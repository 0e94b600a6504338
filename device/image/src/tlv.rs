//! Type, length, value: what follows the payload.
//!
//! SFR: secure-initialization-of-platform.

use crate::Error;

/// SHA-256 of the signer's public key as a SubjectPublicKeyInfo.
pub const KEY_HASH: u16 = 0x01;
/// The signer's public key as a SubjectPublicKeyInfo.
pub const PUBLIC_KEY: u16 = 0x02;
/// SHA-256 of the signed bytes.
pub const SHA256: u16 = 0x10;
/// SHA-384 of the signed bytes (not supported).
pub const SHA384: u16 = 0x11;
/// SHA-512 of the signed bytes (not supported).
pub const SHA512: u16 = 0x12;
/// Signature with RSA-2048 (not supported).
pub const RSA2048: u16 = 0x20;
/// Signature with ECDSA, in DER.
pub const ECDSA: u16 = 0x22;
/// Signature with RSA-3072 (not supported).
pub const RSA3072: u16 = 0x23;
/// Signature with Ed25519.
pub const ED25519: u16 = 0x24;
/// The signature is over the image and not its digest (not supported).
pub const PURE: u16 = 0x25;
/// A version that another image must have at least.
pub const DEPENDENCY: u16 = 0x40;
/// The security counter: an image with a lower one than the device's is refused.
pub const SECURITY_COUNTER: u16 = 0x50;
/// Record for the boot measurements, CBOR.
pub const BOOT_RECORD: u16 = 0x60;
/// First of the vendor types.
pub const VENDOR_MIN: u16 = 0x00A0;
/// Last of the vendor types.
pub const VENDOR_MAX: u16 = 0xFFFE;
/// Ours: which part of the platform the image is, `platform` or `application`.
pub const PART: u16 = 0x00A0;
/// Ours: the part's name.
pub const NAME: u16 = 0x00A1;

/// One TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its type.
    pub kind: u16,
    /// Whether the digest covers it.
    pub protected: bool,
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// What the type is called, or `None` when it has no name here.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self.kind {
            KEY_HASH => "key-hash",
            PUBLIC_KEY => "public-key",
            SHA256 => "sha256",
            SHA384 => "sha384",
            SHA512 => "sha512",
            RSA2048 => "rsa2048-signature",
            ECDSA => "ecdsa-signature",
            RSA3072 => "rsa3072-signature",
            ED25519 => "ed25519-signature",
            PURE => "pure-signature",
            DEPENDENCY => "dependency",
            SECURITY_COUNTER => "security-counter",
            BOOT_RECORD => "boot-record",
            0x74 => "vendor-uuid",
            0x75 => "class-uuid",
            PART => "part",
            NAME => "name",
            _ => return None,
        })
    }
}

/// The TLVs of one area (without its info), in order.
///
/// Each step takes at least four bytes, so there are at most a quarter as many as there are bytes.
#[derive(Clone)]
pub(crate) struct Entries<'a> {
    pub(crate) rest: &'a [u8],
    pub(crate) protected: bool,
}

impl<'a> Entries<'a> {
    /// The next one, or `None` at the end of the area.
    pub(crate) fn step(&mut self) -> Result<Option<Tlv<'a>>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let ([k0, k1, l0, l1], rest) = self.rest.split_first_chunk::<4>().ok_or(Error::TlvTruncated)?;
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let (value, rest) = rest.split_at_checked(length).ok_or(Error::TlvTruncated)?;
        self.rest = rest;
        Ok(Some(Tlv { kind: u16::from_le_bytes([*k0, *k1]), protected: self.protected, value }))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        self.step().ok().flatten()
    }
}
