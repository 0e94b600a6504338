//! The keys of the storage and what is done with them.
//!
//! ```text
//! record key = HMAC-SHA-256(seal secret, "cdd storage record")   ChaCha20-Poly1305 over the content
//! chain key  = HMAC-SHA-256(seal secret, "cdd storage chain")    ChaCha20-Poly1305 over nothing: a MAC
//! sector key = HMAC-SHA-256(seal secret, "cdd storage sector")   the same, for sector headers
//! name       = HMAC-SHA-256(seal secret, "cdd storage name"), first 4 bytes, in clear
//! ```
//!
//! A nonce is the stamp of the operation and the number of the part: never used twice under a key, for the
//! counter goes up before the first word of an operation is written. As a MAC the cipher costs a tenth of an HMAC.
//!
//! SFR: secure-trusted-storage.

use crate::format::{Entry, Stamp};
use cdd_crypto::mac::hmac_sha256;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce, Tag};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A value of the chain, an authentication tag.
pub(crate) type Mac = [u8; 16];

/// Number of a "part" that no entry has.
const SECTOR_PART: u8 = 0xFF;

pub(crate) struct Keys {
    record: Zeroizing<[u8; 32]>,
    chain: Zeroizing<[u8; 32]>,
    sector: Zeroizing<[u8; 32]>,
    /// Tells a flash of another device from a changed one.
    pub(crate) name: [u8; 4],
}

impl Keys {
    pub(crate) fn new(seal_secret: &[u8; 32]) -> Keys {
        let [a, b, c, d, ..] = *hmac_sha256(seal_secret, &[b"cdd storage name"]);
        Keys {
            record: hmac_sha256(seal_secret, &[b"cdd storage record"]),
            chain: hmac_sha256(seal_secret, &[b"cdd storage chain"]),
            sector: hmac_sha256(seal_secret, &[b"cdd storage sector"]),
            name: [a, b, c, d],
        }
    }

    /// Encrypts the content of `entry` in place; the tag.
    pub(crate) fn seal(&self, entry: &Entry, content: &mut [u8]) -> Mac {
        let cipher = ChaCha20Poly1305::new(&Key::from(*self.record));
        let nonce = record_nonce(entry);
        // Fails only for contents of more than 256 GiB.
        cipher.encrypt_inout_detached(&nonce, &entry.to_bytes(), content.into()).map_or([0; 16], Mac::from)
    }

    /// Verifies and decrypts the content of `entry` in place; otherwise `content` is not to be used.
    #[must_use]
    pub(crate) fn open(&self, entry: &Entry, content: &mut [u8], tag: &Mac) -> bool {
        let cipher = ChaCha20Poly1305::new(&Key::from(*self.record));
        let nonce = record_nonce(entry);
        if cfg!(feature = "planted-skip-mac") {
            return cipher.encrypt_inout_detached(&nonce, &[], content.into()).is_ok();
        }
        cipher.decrypt_inout_detached(&nonce, &entry.to_bytes(), content.into(), &Tag::from(*tag)).is_ok()
    }

    /// The chain value of `entry` after `previous`.
    pub(crate) fn link(&self, previous: &Mac, entry: &Entry, tag: &Mac) -> Mac {
        let mut message = [0u8; 16 + Entry::BYTES + 16];
        // In three copies: byte by byte it would be 800 instructions more for each entry that a mount walks.
        if let Some((first, rest)) = message.split_first_chunk_mut()
            && let Some((middle, rest)) = rest.split_first_chunk_mut()
            && let Some(last) = rest.first_chunk_mut()
        {
            (*first, *middle, *last) = (*previous, entry.to_bytes(), *tag);
        }
        mac(&self.chain, &nonce(entry.stamp, entry.part, [0; 3]), &message)
    }

    /// The MAC of a sector's header.
    pub(crate) fn sector(&self, stamp: Stamp, sector: u32, header: &[u8]) -> Mac {
        let [a, b, c, _] = sector.to_le_bytes();
        mac(&self.sector, &nonce(stamp, SECTOR_PART, [a, b, c]), header)
    }
}

/// Whether two MACs are equal, in constant time.
pub(crate) fn same(a: &Mac, b: &Mac) -> bool {
    a.ct_eq(b).into()
}

fn mac(key: &[u8; 32], nonce: &Nonce, message: &[u8]) -> Mac {
    let cipher = ChaCha20Poly1305::new(&Key::from(*key));
    cipher.encrypt_inout_detached(nonce, message, (&mut [][..]).into()).map_or([0; 16], Mac::from)
}

fn record_nonce(entry: &Entry) -> Nonce {
    let stamp = entry.stamp;
    let stamp = if cfg!(feature = "planted-nonce-reuse") { Stamp(stamp.committed()) } else { stamp };
    nonce(stamp, entry.part, [0; 3])
}

fn nonce(stamp: Stamp, part: u8, more: [u8; 3]) -> Nonce {
    let [a, b, c, d, e, f, g, h] = stamp.0.to_le_bytes();
    let [x, y, z] = more;
    Nonce::from([a, b, c, d, e, f, g, h, part, x, y, z])
}
