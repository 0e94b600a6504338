//! The signed-image format, which is MCUboot's: parse, verify and, on the host, build.
//!
//! Written from the format's public description (MCUboot `docs/design.md`, "Image format"), so that
//! `imgtool`, west and whatever else people own can sign for this platform. All numbers are
//! little-endian.
//!
//! ```text
//! +--------------------------+ 0
//! | header, 32 bytes         |  magic 0x96f3b83d, sizes, flags, version
//! | padding to header_size   |
//! +--------------------------+ header_size
//! | payload                  |  image_size bytes
//! +--------------------------+
//! | protected TLVs           |  info 0x6908; protected_size bytes, or absent
//! +==========================+ signed_size: up to here the digest covers every byte
//! | unprotected TLVs         |  info 0x6907: digest, key hash or key, signature
//! +--------------------------+ total_size
//! ```
//!
//! What an image *is*, is what its digest covers. Of the rest nothing is free: the unprotected area may
//! hold the digest, the key (or its hash) and one signature and nothing else, so that each of its bits
//! either is checked or makes the image refused. MCUboot draws the same line unless it is built with
//! `ALLOW_ROGUE_TLVS`.
//!
//! Additions of this project are vendor TLVs in the protected area: what part of the platform the image
//! is ([`tlv::PART`]) and its name ([`tlv::NAME`]).
//!
//! [`Image::parse`] is total: any bytes give an image or a named [`Error`], without a panic, an
//! allocation or a loop longer than the input. It may be linked into a boot ROM. The features
//! `std-crypto` ([`RustCrypto`]) and `build` ([`build::Builder`]) are for the host only.
//!
//! SFR: secure-initialization-of-platform.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "build")]
extern crate alloc;

#[cfg(feature = "build")]
pub mod build;
#[cfg(feature = "std-crypto")]
mod crypto;
mod der;
mod error;
mod header;
mod image;
pub mod tlv;
mod verify;
mod version;

#[cfg(feature = "std-crypto")]
pub use crypto::RustCrypto;
pub use error::Error;
pub use header::{HEADER_BYTES, Header, flags, total_size};
pub use image::{Dependency, Image, Signature};
pub use tlv::Tlv;
pub use verify::{PublicKeyBytes, Verifier, key_hash_of, spki_ed25519, spki_p256, verify};
pub use version::{Version, VersionError};
