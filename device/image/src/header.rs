//! The 32-byte header at the start of an image.
//!
//! SFR: secure-initialization-of-platform.

use crate::{Error, Version};

/// Size of the header proper; `Header::header_size` adds the padding up to the payload.
pub const HEADER_BYTES: usize = 32;
/// What an image starts with.
pub(crate) const MAGIC: u32 = 0x96F3_B83D;
/// What the unprotected TLV area starts with.
pub(crate) const TLV_MAGIC: u16 = 0x6907;
/// What the protected TLV area starts with.
pub(crate) const PROTECTED_TLV_MAGIC: u16 = 0x6908;
/// Size of the info that each TLV area starts with: magic and total size, 16 bits each.
pub(crate) const TLV_INFO_BYTES: u16 = 4;

/// Flags in the header.
pub mod flags {
    /// Position independent.
    pub const PIC: u32 = 0x0001;
    /// Encrypted with AES-128.
    pub const ENCRYPTED_AES128: u32 = 0x0004;
    /// Encrypted with AES-256.
    pub const ENCRYPTED_AES256: u32 = 0x0008;
    /// Not to be started on its own.
    pub const NON_BOOTABLE: u32 = 0x0010;
    /// To be copied to `load_address` and started there.
    pub const RAM_LOAD: u32 = 0x0020;
    /// Built to run at `load_address` in flash and nowhere else.
    pub const ROM_FIXED: u32 = 0x0100;
    /// Compressed with LZMA.
    pub const COMPRESSED_LZMA1: u32 = 0x0200;
    /// Compressed with LZMA2.
    pub const COMPRESSED_LZMA2: u32 = 0x0400;
    /// Compressed after the Arm Thumb filter.
    pub const COMPRESSED_ARM_THUMB: u32 = 0x0800;

    pub(crate) const ENCRYPTED: u32 = ENCRYPTED_AES128 | ENCRYPTED_AES256;
    pub(crate) const COMPRESSED: u32 = COMPRESSED_LZMA1 | COMPRESSED_LZMA2 | COMPRESSED_ARM_THUMB;
    pub(crate) const SUPPORTED: u32 = PIC | NON_BOOTABLE | RAM_LOAD | ROM_FIXED;
}

/// The header of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Where the image must be to run; meaningful with [`flags::RAM_LOAD`] or [`flags::ROM_FIXED`].
    pub load_address: u32,
    /// Offset of the payload, at least [`HEADER_BYTES`].
    pub header_size: u16,
    /// Size of the protected TLV area with its info, or 0 when there is none.
    pub protected_size: u16,
    /// Size of the payload.
    pub image_size: u32,
    /// See [`flags`].
    pub flags: u32,
    /// Version.
    pub version: Version,
}

impl Header {
    /// Reads the header from the first 32 bytes, and checks what can be checked from them alone.
    pub fn parse(bytes: &[u8]) -> Result<Header, Error> {
        let raw = bytes.first_chunk::<HEADER_BYTES>().ok_or(Error::Truncated)?;
        if raw.iter().all(|byte| *byte == 0xFF) {
            return Err(Error::Empty);
        }
        // The last four bytes are reserved. The digest covers them, so they need no rule of their own.
        #[rustfmt::skip]
        let [
            m0, m1, m2, m3, l0, l1, l2, l3, h0, h1, p0, p1, i0, i1, i2, i3,
            f0, f1, f2, f3, v0, v1, v2, v3, v4, v5, v6, v7, _, _, _, _,
        ] = *raw;
        if u32::from_le_bytes([m0, m1, m2, m3]) != MAGIC {
            return Err(Error::BadMagic);
        }
        let header = Header {
            load_address: u32::from_le_bytes([l0, l1, l2, l3]),
            header_size: u16::from_le_bytes([h0, h1]),
            protected_size: u16::from_le_bytes([p0, p1]),
            image_size: u32::from_le_bytes([i0, i1, i2, i3]),
            flags: u32::from_le_bytes([f0, f1, f2, f3]),
            version: Version::from_bytes([v0, v1, v2, v3, v4, v5, v6, v7]),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), Error> {
        if usize::from(self.header_size) < HEADER_BYTES {
            return Err(Error::BadHeaderSize);
        }
        if self.protected_size != 0 && self.protected_size < TLV_INFO_BYTES {
            return Err(Error::BadProtectedSize);
        }
        self.signed_size()?;
        if self.has(flags::ENCRYPTED) {
            return Err(Error::UnsupportedEncryption);
        }
        if self.has(flags::COMPRESSED) {
            return Err(Error::UnsupportedCompression);
        }
        if self.has(!flags::SUPPORTED) {
            return Err(Error::UnsupportedFlags);
        }
        Ok(())
    }

    /// Size of what the digest covers: header, payload and protected TLVs.
    pub fn signed_size(&self) -> Result<u32, Error> {
        u32::from(self.header_size)
            .checked_add(self.image_size)
            .and_then(|size| size.checked_add(u32::from(self.protected_size)))
            .ok_or(Error::SizeOverflow)
    }

    /// Whether any of the bits of `flag` is set.
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The bytes that stand for this header.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let [m0, m1, m2, m3] = MAGIC.to_le_bytes();
        let [l0, l1, l2, l3] = self.load_address.to_le_bytes();
        let [h0, h1] = self.header_size.to_le_bytes();
        let [p0, p1] = self.protected_size.to_le_bytes();
        let [i0, i1, i2, i3] = self.image_size.to_le_bytes();
        let [f0, f1, f2, f3] = self.flags.to_le_bytes();
        let [v0, v1, v2, v3, v4, v5, v6, v7] = self.version.to_bytes();
        #[rustfmt::skip]
        let raw = [
            m0, m1, m2, m3, l0, l1, l2, l3, h0, h1, p0, p1, i0, i1, i2, i3,
            f0, f1, f2, f3, v0, v1, v2, v3, v4, v5, v6, v7, 0, 0, 0, 0,
        ];
        raw
    }
}

/// The total size of an image, from its header and the first four bytes at `signed_size`.
///
/// For a reader that cannot see the image as one slice before it knows how long that must be.
pub fn total_size(header: &Header, tlv_info: &[u8]) -> Result<u32, Error> {
    let (magic, size) = read_info(tlv_info)?;
    if magic != TLV_MAGIC {
        return Err(Error::TlvBadMagic);
    }
    if size < TLV_INFO_BYTES {
        return Err(Error::TlvBadTotal);
    }
    header.signed_size()?.checked_add(u32::from(size)).ok_or(Error::SizeOverflow)
}

/// Magic and total size at the start of a TLV area.
pub(crate) fn read_info(area: &[u8]) -> Result<(u16, u16), Error> {
    let [m0, m1, s0, s1] = *area.first_chunk::<4>().ok_or(Error::Truncated)?;
    Ok((u16::from_le_bytes([m0, m1]), u16::from_le_bytes([s0, s1])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        load_address: 0x1000_0000,
        header_size: 0x200,
        protected_size: 28,
        image_size: 1000,
        flags: flags::RAM_LOAD,
        version: Version { major: 1, minor: 2, revision: 3, build: 4 },
    };

    fn parse(edit: impl FnOnce(&mut Header)) -> Result<Header, Error> {
        let mut header = HEADER;
        edit(&mut header);
        Header::parse(&header.to_bytes())
    }

    #[test]
    fn a_header_reads_back_from_its_bytes() {
        assert_eq!(parse(|_| ()), Ok(HEADER));
        assert_eq!(HEADER.signed_size(), Ok(0x200 + 1000 + 28));
        assert_eq!(total_size(&HEADER, &[0x07, 0x69, 40, 0]), Ok(0x200 + 1000 + 28 + 40));
    }

    #[test]
    fn erased_flash_is_empty_and_not_a_broken_header() {
        assert_eq!(Header::parse(&[0xFF; 32]), Err(Error::Empty));
        let mut almost = [0xFF; 32];
        almost[31] = 0xFE;
        assert_eq!(Header::parse(&almost), Err(Error::BadMagic));
        assert_eq!(Header::parse(&[0xFF; 31]), Err(Error::Truncated));
        assert_eq!(Header::parse(&[0; 32]), Err(Error::BadMagic));
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        assert_eq!(parse(|h| h.header_size = 31), Err(Error::BadHeaderSize));
        assert!(parse(|h| h.header_size = 32).is_ok());
        assert_eq!(parse(|h| h.protected_size = 3), Err(Error::BadProtectedSize));
        assert!(parse(|h| h.protected_size = 4).is_ok());
        assert_eq!(parse(|h| h.image_size = u32::MAX - 0x200 - 27), Err(Error::SizeOverflow));
        let largest = parse(|h| h.image_size = u32::MAX - 0x200 - 28).unwrap();
        assert_eq!(total_size(&largest, &[0x07, 0x69, 4, 0]), Err(Error::SizeOverflow));
        assert_eq!(total_size(&HEADER, &[0x07, 0x69, 3, 0]), Err(Error::TlvBadTotal));
        assert_eq!(total_size(&HEADER, &[0x08, 0x69, 4, 0]), Err(Error::TlvBadMagic));
        assert_eq!(total_size(&HEADER, &[0x07, 0x69, 4]), Err(Error::Truncated));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for flag in [flags::ENCRYPTED_AES128, flags::ENCRYPTED_AES256] {
            assert_eq!(parse(|h| h.flags |= flag), Err(Error::UnsupportedEncryption));
        }
        for flag in [flags::COMPRESSED_LZMA1, flags::COMPRESSED_LZMA2, flags::COMPRESSED_ARM_THUMB] {
            assert_eq!(parse(|h| h.flags |= flag), Err(Error::UnsupportedCompression));
        }
        for flag in [0x02, 0x40, 0x80, 0x1000, 0x8000_0000] {
            assert_eq!(parse(|h| h.flags |= flag), Err(Error::UnsupportedFlags));
        }
        for flag in [0, flags::PIC, flags::NON_BOOTABLE, flags::RAM_LOAD, flags::ROM_FIXED] {
            assert_eq!(parse(|h| h.flags = flag).unwrap().flags, flag);
        }
    }
}
