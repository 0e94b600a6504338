//! A whole image: header, payload and both TLV areas, taken apart in one pass.
//!
//! SFR: secure-initialization-of-platform.

use crate::header::{self, Header, PROTECTED_TLV_MAGIC, TLV_INFO_BYTES, read_info};
use crate::tlv::{self, Entries, Tlv};
use crate::{Error, Version, der};

/// An image whose structure is sound. Whether it is *genuine* is for [`crate::verify`] or boot to say.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    header: Header,
    bytes: &'a [u8],
    signed: &'a [u8],
    payload: &'a [u8],
    /// The TLVs of the protected area, without its info.
    protected: &'a [u8],
    /// The TLVs of the unprotected area, without its info.
    unprotected: &'a [u8],
    found: Found<'a>,
}

/// The TLVs that mean something here; none of them may be there twice.
#[derive(Debug, Clone, Copy, Default)]
struct Found<'a> {
    digest: Option<&'a [u8; 32]>,
    key_hash: Option<&'a [u8; 32]>,
    public_key: Option<&'a [u8]>,
    ecdsa: Option<&'a [u8]>,
    ed25519: Option<&'a [u8; 64]>,
    security_counter: Option<u32>,
    part: Option<&'a [u8]>,
    name: Option<&'a str>,
}

/// A signature over the digest of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature<'a> {
    /// ECDSA on P-256 with the digest as the prehash: r || s, big-endian.
    ///
    /// (r, n - s) is a signature of the same image, too; imgtool makes both kinds, so both are accepted.
    EcdsaP256([u8; 64]),
    /// Ed25519 with the 32 bytes of the digest as the message.
    Ed25519(&'a [u8; 64]),
}

/// Another image that must be there, in at least this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// Number of the other image.
    pub image: u8,
    /// Lowest version of it.
    pub version: Version,
}

impl Dependency {
    fn parse(value: &[u8]) -> Result<Dependency, Error> {
        match *value {
            [image, 0, 0, 0, v0, v1, v2, v3, v4, v5, v6, v7] => {
                Ok(Dependency { image, version: Version::from_bytes([v0, v1, v2, v3, v4, v5, v6, v7]) })
            }
            _ => Err(Error::DependencyMalformed),
        }
    }
}

impl<'a> Image<'a> {
    /// Takes apart the image at the start of `bytes`, which may go on after it (a slot does).
    ///
    /// The whole structure is checked: sizes, both TLV areas, the length and place of every TLV that has
    /// a meaning, and that none of those is there twice. Nothing is checked against a key.
    pub fn parse(bytes: &'a [u8]) -> Result<Image<'a>, Error> {
        let header = Header::parse(bytes)?;
        let signed_size = size(header.signed_size()?)?;
        let (signed, rest) = bytes.split_at_checked(signed_size).ok_or(Error::Truncated)?;
        let total = size(header::total_size(&header, rest)?)?;
        let bytes = bytes.get(..total).ok_or(Error::Truncated)?;

        let after_header = signed.get(usize::from(header.header_size)..).ok_or(Error::Truncated)?;
        let (payload, protected) =
            after_header.split_at_checked(size(header.image_size)?).ok_or(Error::Truncated)?;
        let protected = protected_entries(&header, protected)?;
        let unprotected =
            bytes.get(signed_size..).and_then(|area| area.get(TLV_INFO_BYTES.into()..)).unwrap_or_default();

        let mut found = Found::default();
        found.collect(Entries { rest: protected, protected: true })?;
        found.collect(Entries { rest: unprotected, protected: false })?;
        found.agree()?;
        Ok(Image { header, bytes, signed, payload, protected, unprotected, found })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Size of the image, from its header to its last TLV.
    pub fn total_size(&self) -> usize {
        self.bytes.len()
    }

    /// The image, from its header to its last TLV.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What runs: `image_size` bytes from `header_size`.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// What the digest covers: header, payload and protected TLVs.
    pub fn signed_bytes(&self) -> &'a [u8] {
        self.signed
    }

    /// The SHA-256 digest that the image claims to have.
    pub fn digest(&self) -> Result<&'a [u8; 32], Error> {
        self.found.digest.ok_or(Error::DigestMissing)
    }

    /// The SHA-256 hash of the signer's public key as a SubjectPublicKeyInfo.
    ///
    /// Missing in an image made with `imgtool --public-key-format full`: see [`Image::public_key`].
    pub fn key_hash(&self) -> Result<&'a [u8; 32], Error> {
        self.found.key_hash.ok_or(Error::KeyHashMissing)
    }

    /// The signer's public key as the image claims it, a SubjectPublicKeyInfo. Never there besides a hash.
    pub fn public_key(&self) -> Option<&'a [u8]> {
        self.found.public_key
    }

    /// The signature, of which there is exactly one.
    pub fn signature(&self) -> Result<Signature<'a>, Error> {
        match (self.found.ecdsa, self.found.ed25519) {
            (Some(der), None) => der::parse(der).map(Signature::EcdsaP256),
            (None, Some(bytes)) => Ok(Signature::Ed25519(bytes)),
            (None, None) => Err(Error::SignatureMissing),
            (Some(_), Some(_)) => Err(Error::SignatureAmbiguous),
        }
    }

    /// The security counter. One outside the protected area makes [`Image::parse`] fail.
    pub fn security_counter(&self) -> Result<u32, Error> {
        self.found.security_counter.ok_or(Error::SecurityCounterMissing)
    }

    /// Which part of the platform this is: 1 to 32 printable ASCII characters, such as `platform` or
    /// `application`. The format sets no list; boot compares with the one that it wants.
    pub fn part(&self) -> Result<&'a [u8], Error> {
        self.found.part.ok_or(Error::PartMissing)
    }

    /// The name of the part, 1 to 32 printable ASCII characters.
    pub fn name(&self) -> Option<&'a str> {
        self.found.name
    }

    /// The images that must be there besides this one.
    pub fn dependencies(&self) -> impl Iterator<Item = Dependency> + use<'a> {
        Entries { rest: self.protected, protected: true }
            .filter(|entry| entry.kind == tlv::DEPENDENCY)
            .filter_map(|entry| Dependency::parse(entry.value).ok())
    }

    /// Every TLV, in order; first the protected ones.
    pub fn tlvs(&self) -> impl Iterator<Item = Tlv<'a>> + use<'a> {
        let protected = Entries { rest: self.protected, protected: true };
        protected.chain(Entries { rest: self.unprotected, protected: false })
    }
}

/// The protected TLVs without their info, whose size the header must agree with.
fn protected_entries<'a>(header: &Header, area: &'a [u8]) -> Result<&'a [u8], Error> {
    if header.protected_size == 0 {
        return Ok(&[]);
    }
    let (magic, total) = read_info(area)?;
    if magic != PROTECTED_TLV_MAGIC {
        return Err(Error::ProtectedTlvBadMagic);
    }
    if total != header.protected_size {
        return Err(Error::ProtectedSizeMismatch);
    }
    area.get(usize::from(TLV_INFO_BYTES)..).ok_or(Error::Truncated)
}

impl<'a> Found<'a> {
    fn collect(&mut self, mut entries: Entries<'a>) -> Result<(), Error> {
        while let Some(entry) = entries.step()? {
            if entry.protected { self.protected(entry)? } else { self.unprotected(entry)? }
        }
        Ok(())
    }

    /// The signature covers these, so a type without a meaning here does no harm.
    fn protected(&mut self, entry: Tlv<'a>) -> Result<(), Error> {
        match entry.kind {
            tlv::SECURITY_COUNTER => {
                once(&mut self.security_counter, u32::from_le_bytes(*exact(entry.value)?))
            }
            tlv::PART => {
                printable(entry.value).ok_or(Error::PartMalformed)?;
                once(&mut self.part, entry.value)
            }
            tlv::NAME => once(&mut self.name, printable(entry.value).ok_or(Error::NameMalformed)?),
            tlv::DEPENDENCY => Dependency::parse(entry.value).map(|_| ()),
            tlv::KEY_HASH..=tlv::PUBLIC_KEY | tlv::SHA256..=tlv::SHA512 | tlv::RSA2048..=tlv::PURE => {
                Err(Error::TlvMustBeUnprotected)
            }
            _ => Ok(()),
        }
    }

    /// Nothing covers these, so only what is itself checked against the signed bytes may be here.
    fn unprotected(&mut self, entry: Tlv<'a>) -> Result<(), Error> {
        match entry.kind {
            tlv::SHA256 => once(&mut self.digest, exact(entry.value)?),
            tlv::KEY_HASH => once(&mut self.key_hash, exact(entry.value)?),
            tlv::PUBLIC_KEY => once(&mut self.public_key, entry.value),
            tlv::ECDSA => once(&mut self.ecdsa, entry.value),
            tlv::ED25519 => once(&mut self.ed25519, exact(entry.value)?),
            tlv::SHA384 | tlv::SHA512 => Err(Error::UnsupportedDigest),
            tlv::PURE => Err(Error::UnsupportedPureSignature),
            tlv::RSA2048 | tlv::RSA3072 => Err(Error::UnsupportedSignature),
            tlv::SECURITY_COUNTER => Err(Error::SecurityCounterUnprotected),
            tlv::DEPENDENCY | tlv::BOOT_RECORD | tlv::PART | tlv::NAME => Err(Error::TlvMustBeProtected),
            _ => Err(Error::TlvNotAllowed),
        }
    }

    fn agree(&self) -> Result<(), Error> {
        if self.ecdsa.is_some() && self.ed25519.is_some() {
            return Err(Error::SignatureAmbiguous);
        }
        if self.key_hash.is_some() && self.public_key.is_some() {
            return Err(Error::KeyAmbiguous);
        }
        Ok(())
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    if slot.is_some() {
        return Err(Error::TlvDuplicate);
    }
    *slot = Some(value);
    Ok(())
}

fn exact<const N: usize>(value: &[u8]) -> Result<&[u8; N], Error> {
    value.try_into().map_err(|_| Error::TlvBadLength)
}

/// 1 to 32 printable ASCII characters, space included.
pub(crate) fn printable(value: &[u8]) -> Option<&str> {
    let fits = !value.is_empty() && value.len() <= 32;
    let text = fits && value.iter().all(|byte| (0x20..0x7F).contains(byte));
    if text { core::str::from_utf8(value).ok() } else { None }
}

fn size(value: u32) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| Error::SizeOverflow)
}
