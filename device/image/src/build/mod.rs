//! Builds and signs images, byte for byte as imgtool would with the same options.

mod key;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use key::{KeyError, KeyType, SigningKey, public_from_pem, public_to_pem};

use crate::header::{PROTECTED_TLV_MAGIC, TLV_INFO_BYTES, TLV_MAGIC};
use crate::{Dependency, HEADER_BYTES, Header, RustCrypto, Verifier, Version, der, flags, key_hash_of, tlv};

/// What an image is to say of itself and where it goes. The fields have imgtool's meanings and defaults.
#[derive(Debug, Clone)]
pub struct Builder {
    /// Version.
    pub version: Version,
    /// Offset of the payload, at least 32.
    pub header_size: u16,
    /// Put the header in front of the input; otherwise the input must start with that many zeros.
    pub pad_header: bool,
    /// Write alignment of the flash: 1, 2, 4, 8, 16 or 32. It sets the size of the slot's trailer.
    pub align: u8,
    /// Size of the slot, which image and trailer must fit; 0 for no such check.
    pub slot_size: u32,
    /// Fill the slot up to its size, with the trailer's magic at the end.
    pub pad: bool,
    /// Security counter.
    pub security_counter: Option<u32>,
    /// Images that must be there besides this one.
    pub dependencies: Vec<Dependency>,
    /// Copy the image to this address and run it there.
    pub load_address: Option<u32>,
    /// The image only runs at this flash address.
    pub rom_fixed: Option<u32>,
    /// The image is not to be started on its own.
    pub non_bootable: bool,
    /// Which part of the platform it is, `platform` or `application`.
    pub part: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// More TLVs of vendor types for the protected area, after all others.
    pub vendor_tlvs: Vec<(u16, Vec<u8>)>,
    /// Put the signer's whole key into the image and not its hash.
    pub full_public_key: bool,
    /// Fill an ECDSA signature with zeros to 72 bytes.
    pub pad_signature: bool,
}

/// Why an image cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildError {
    /// The header size is below 32.
    HeaderSize(u16),
    /// The input does not start with `header_size` zeros to put the header over.
    HeaderSpace(u16),
    /// Not 1, 2, 4, 8, 16 or 32.
    Align(u8),
    /// Both a load address and a fixed flash address are asked for.
    TwoAddresses,
    /// `part` or `name` is not 1 to 32 printable ASCII characters.
    Text(&'static str),
    /// Not a vendor type, or one that has a meaning here.
    VendorType(u16),
    /// The protected TLVs, or the payload, are larger than the header can say.
    TooLarge,
    /// Padding is asked for without a slot size.
    NoSlotSize,
    /// Image and trailer do not fit the slot.
    SlotSize {
        /// Size of the image.
        image: usize,
        /// Size of the trailer.
        trailer: usize,
        /// Size of the slot.
        slot: u32,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::HeaderSize(size) => write!(f, "header size {size} is too small: at least 32"),
            BuildError::HeaderSpace(size) => write!(
                f,
                "the input does not start with {size} zero bytes to hold the header: \
                 link it with that much room, or have the header put in front (pad header)"
            ),
            BuildError::Align(align) => write!(f, "alignment {align} is not one of 1, 2, 4, 8, 16, 32"),
            BuildError::TwoAddresses => {
                write!(f, "an image has a load address or a fixed flash address, not both")
            }
            BuildError::Text(field) => write!(f, "{field} is not 1 to 32 printable ASCII characters"),
            BuildError::VendorType(kind) => {
                write!(f, "TLV type {kind:#06x} is not free: vendor types are 0x00a2 to 0xfffe")
            }
            BuildError::TooLarge => write!(f, "payload or TLVs are larger than an image can be"),
            BuildError::NoSlotSize => write!(f, "padding needs the size of the slot"),
            BuildError::SlotSize { image, trailer, slot } => write!(
                f,
                "the image ({image} bytes) and the slot's trailer ({trailer} bytes) do not fit \
                 the slot ({slot} bytes)"
            ),
        }
    }
}

impl core::error::Error for BuildError {}

impl Builder {
    /// An image of this version, with imgtool's defaults for the rest: the smallest header, put in front
    /// of the input.
    pub fn new(version: Version) -> Builder {
        Builder {
            version,
            header_size: HEADER_BYTES as u16,
            pad_header: true,
            align: 1,
            slot_size: 0,
            pad: false,
            security_counter: None,
            dependencies: Vec::new(),
            load_address: None,
            rom_fixed: None,
            non_bootable: false,
            part: None,
            name: None,
            vendor_tlvs: Vec::new(),
            full_public_key: false,
            pad_signature: false,
        }
    }

    /// Builds the image of `input` and signs it.
    pub fn sign(&self, input: &[u8], key: &SigningKey) -> Result<Vec<u8>, BuildError> {
        let mut image = self.signed_bytes(input)?;
        let digest = RustCrypto::sha256(&[&image]);
        let public = key.public();
        let (kind, mut signature) = key.sign_digest(&digest);
        if self.pad_signature && kind == tlv::ECDSA {
            signature.resize(der::MAX_BYTES, 0);
        }
        let mut area = Area::default();
        area.put(tlv::SHA256, &digest)?;
        if self.full_public_key {
            area.put(tlv::PUBLIC_KEY, &key::spki(&public))?;
        } else {
            area.put(tlv::KEY_HASH, &key_hash_of::<RustCrypto>(&public))?;
        }
        area.put(kind, &signature)?;
        image.extend(area.finish(TLV_MAGIC)?);
        self.fit_slot(image)
    }

    /// Header, payload and protected TLVs.
    fn signed_bytes(&self, input: &[u8]) -> Result<Vec<u8>, BuildError> {
        let header_size = usize::from(self.header_size);
        if header_size < HEADER_BYTES {
            return Err(BuildError::HeaderSize(self.header_size));
        }
        let (padding, payload) = if self.pad_header {
            // imgtool fills with the value of erased flash.
            (alloc::vec![0xFF; header_size], input)
        } else {
            match input.split_at_checked(header_size) {
                Some((room, payload)) if room.iter().all(|byte| *byte == 0) => (room.to_vec(), payload),
                _ => return Err(BuildError::HeaderSpace(self.header_size)),
            }
        };
        let protected = self.protected_area()?;
        let header = Header {
            load_address: self.address()?,
            header_size: self.header_size,
            protected_size: u16::try_from(protected.len()).map_err(|_| BuildError::TooLarge)?,
            image_size: u32::try_from(payload.len()).map_err(|_| BuildError::TooLarge)?,
            flags: self.flags(),
            version: self.version,
        };
        header.signed_size().map_err(|_| BuildError::TooLarge)?;
        let mut image = header.to_bytes().to_vec();
        image.extend_from_slice(&padding[HEADER_BYTES..]);
        image.extend_from_slice(payload);
        image.extend(protected);
        Ok(image)
    }

    fn address(&self) -> Result<u32, BuildError> {
        match (self.load_address.filter(|a| *a != 0), self.rom_fixed.filter(|a| *a != 0)) {
            (Some(_), Some(_)) => Err(BuildError::TwoAddresses),
            (load, fixed) => Ok(load.or(fixed).unwrap_or(0)),
        }
    }

    fn flags(&self) -> u32 {
        let set = |on: bool, flag: u32| if on { flag } else { 0 };
        set(self.load_address.is_some_and(|a| a != 0), flags::RAM_LOAD)
            | set(self.rom_fixed.is_some_and(|a| a != 0), flags::ROM_FIXED)
            | set(self.non_bootable, flags::NON_BOOTABLE)
    }

    /// The protected TLVs in imgtool's order; no bytes at all when there is none.
    fn protected_area(&self) -> Result<Vec<u8>, BuildError> {
        let mut area = Area::default();
        if let Some(counter) = self.security_counter {
            area.put(tlv::SECURITY_COUNTER, &counter.to_le_bytes())?;
        }
        for dependency in &self.dependencies {
            let mut value = [0; 12];
            value[0] = dependency.image;
            value[4..].copy_from_slice(&dependency.version.to_bytes());
            area.put(tlv::DEPENDENCY, &value)?;
        }
        for (kind, field, text) in [(tlv::PART, "part", &self.part), (tlv::NAME, "name", &self.name)] {
            if let Some(text) = text {
                crate::image::printable(text.as_bytes()).ok_or(BuildError::Text(field))?;
                area.put(kind, text.as_bytes())?;
            }
        }
        for (kind, value) in &self.vendor_tlvs {
            if !(tlv::NAME + 1..=tlv::VENDOR_MAX).contains(kind) {
                return Err(BuildError::VendorType(*kind));
            }
            area.put(*kind, value)?;
        }
        if area.0.is_empty() { Ok(Vec::new()) } else { area.finish(PROTECTED_TLV_MAGIC) }
    }

    /// Checks that image and trailer fit the slot, and pads to it when asked to.
    fn fit_slot(&self, mut image: Vec<u8>) -> Result<Vec<u8>, BuildError> {
        let trailer = self.trailer_size()?;
        if self.slot_size == 0 {
            return if self.pad { Err(BuildError::NoSlotSize) } else { Ok(image) };
        }
        if image.len() + trailer > self.slot_size as usize {
            return Err(BuildError::SlotSize { image: image.len(), trailer, slot: self.slot_size });
        }
        if self.pad {
            let magic = trailer_magic(self.max_align());
            image.resize(self.slot_size as usize - magic.len(), 0xFF);
            image.extend(magic);
        }
        Ok(image)
    }

    fn max_align(&self) -> usize {
        usize::from(self.align.max(8))
    }

    /// Room for MCUboot's swap status: three marks for each of 128 sectors, four fields, the magic.
    fn trailer_size(&self) -> Result<usize, BuildError> {
        if ![1, 2, 4, 8, 16, 32].contains(&self.align) {
            return Err(BuildError::Align(self.align));
        }
        let max_align = self.max_align();
        Ok(128 * 3 * usize::from(self.align) + 4 * max_align + 16usize.next_multiple_of(max_align))
    }
}

/// What the last 16 bytes of a padded slot are (MCUboot `docs/design.md`, "Image trailer").
fn trailer_magic(max_align: usize) -> [u8; 16] {
    let mut magic =
        [0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80];
    if max_align != 8 {
        magic = [0, 0, 0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A];
        magic[..2].copy_from_slice(&(max_align as u16).to_le_bytes());
    }
    magic
}

/// A TLV area in the making.
#[derive(Default)]
struct Area(Vec<u8>);

impl Area {
    fn put(&mut self, kind: u16, value: &[u8]) -> Result<(), BuildError> {
        let length = u16::try_from(value.len()).map_err(|_| BuildError::TooLarge)?;
        self.0.extend(kind.to_le_bytes());
        self.0.extend(length.to_le_bytes());
        self.0.extend_from_slice(value);
        Ok(())
    }

    fn finish(self, magic: u16) -> Result<Vec<u8>, BuildError> {
        let total =
            u16::try_from(self.0.len() + usize::from(TLV_INFO_BYTES)).map_err(|_| BuildError::TooLarge)?;
        let mut bytes = magic.to_le_bytes().to_vec();
        bytes.extend(total.to_le_bytes());
        bytes.extend(self.0);
        Ok(bytes)
    }
}
