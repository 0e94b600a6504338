//! ChaCha20-Poly1305.
//!
//! SFR: cryptographic-operation.

use super::hash::Blocks;
use super::{Lengths, TAG};
use crate::{Direction, Error};
use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use chacha20::variants::Ietf;
use chacha20::{ChaChaCore, R20};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A block of the key stream.
const BLOCK: usize = 64;

/// RFC 8439 §2.8.
pub(super) struct ChaCha20Poly1305 {
    key: Zeroizing<[u8; 32]>,
    cipher: ChaChaCore<R20, Ietf>,
    /// Over additional data and ciphertext.
    poly1305: Blocks<Poly1305>,
    stream: [u8; BLOCK],
    used: usize,
}

impl ZeroizeOnDrop for ChaCha20Poly1305 {}

impl Drop for ChaCha20Poly1305 {
    fn drop(&mut self) {
        self.stream.zeroize();
    }
}

impl ChaCha20Poly1305 {
    pub(super) fn new(key: &[u8]) -> Result<ChaCha20Poly1305, Error> {
        let key = Zeroizing::new(<[u8; 32]>::try_from(key).map_err(|_| Error::NotSupported)?);
        let cipher = ChaChaCore::new((&*key).into(), &[0; 12].into());
        let poly1305 = Blocks::new(Poly1305::new(&[0; 32].into()));
        Ok(ChaCha20Poly1305 { key, cipher, poly1305, stream: [0; BLOCK], used: BLOCK })
    }

    pub(super) fn start(&mut self, nonce: &[u8]) -> Result<(), Error> {
        let nonce: &[u8; 12] = match nonce.len() {
            // The original cipher's, which PSA knows.
            8 => return Err(Error::NotSupported),
            _ => nonce.try_into().map_err(|_| Error::InvalidArgument)?,
        };
        self.cipher = ChaChaCore::new((&*self.key).into(), nonce.into());
        // The first half of the first block is the key of the MAC, the other serves for nothing.
        self.next_block();
        if let Some(key) = self.stream.first_chunk::<32>() {
            self.poly1305 = Blocks::new(Poly1305::new(key.into()));
        }
        self.used = BLOCK;
        Ok(())
    }

    pub(super) fn absorb(&mut self, data: &[u8]) {
        self.poly1305.absorb(data);
    }

    pub(super) fn pad(&mut self) {
        self.poly1305.pad();
    }

    pub(super) fn crypt(&mut self, direction: Direction, data: &mut [u8]) {
        if direction == Direction::Decrypt {
            self.poly1305.absorb(data);
        }
        let mut rest = &mut *data;
        while !rest.is_empty() {
            if self.used == BLOCK {
                self.next_block();
            }
            let stream = self.stream.get(self.used..).unwrap_or_default();
            let (now, later) = rest.split_at_mut(stream.len().min(rest.len()));
            now.iter_mut().zip(stream).for_each(|(to, from)| *to ^= from);
            self.used = self.used.saturating_add(now.len());
            rest = later;
        }
        if direction == Direction::Encrypt {
            self.poly1305.absorb(data);
        }
    }

    fn next_block(&mut self) {
        self.cipher.write_keystream_block((&mut self.stream).into());
        self.used = 0;
    }

    pub(super) fn tag(&mut self, seen: Lengths) -> [u8; TAG] {
        self.poly1305.pad();
        let bytes = (seen.ad as u128) | (seen.text as u128) << 64;
        self.poly1305.absorb(&bytes.to_le_bytes());
        self.poly1305.result()
    }
}
