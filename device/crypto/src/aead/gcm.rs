//! AES-GCM.
//!
//! SFR: cryptographic-operation.

use super::hash::Blocks;
use super::{Lengths, TAG};
use crate::aes::{Aes, BLOCK, Block, count, ctr, xor};
use crate::{Direction, Error};
use ghash::GHash;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// SP 800-38D algorithms 4 and 5 for a 96-bit nonce.
pub(super) struct Gcm {
    aes: Aes,
    /// Over additional data and ciphertext. In the text it has as much of a block as is used of `stream`.
    ghash: Blocks<GHash>,
    counter: Block,
    stream: Block,
    mask: Block,
}

impl ZeroizeOnDrop for Gcm {}

impl Drop for Gcm {
    fn drop(&mut self) {
        self.stream.zeroize();
        self.mask.zeroize();
    }
}

impl Gcm {
    pub(super) fn new(key: &[u8]) -> Result<Gcm, Error> {
        let zero = [0; BLOCK];
        let ghash = Blocks::new(GHash::new(&zero.into()));
        Ok(Gcm { aes: Aes::new(key)?, ghash, counter: zero, stream: zero, mask: zero })
    }

    pub(super) fn start(&mut self, nonce: &[u8]) -> Result<(), Error> {
        if nonce.is_empty() {
            return Err(Error::InvalidArgument);
        }
        let nonce: &[u8; 12] = nonce.try_into().map_err(|_| Error::NotSupported)?;
        self.counter.iter_mut().zip(nonce).for_each(|(to, from)| *to = *from);
        self.counter[BLOCK - 1] = 1;
        let mut both = [[0; BLOCK], self.counter];
        self.aes.encrypt(&mut both);
        self.ghash = Blocks::new(GHash::new(&both[0].into()));
        self.mask = both[1];
        both.zeroize();
        count(&mut self.counter);
        Ok(())
    }

    pub(super) fn absorb(&mut self, data: &[u8]) {
        self.ghash.absorb(data);
    }

    pub(super) fn pad(&mut self) {
        self.ghash.pad();
    }

    pub(super) fn crypt(&mut self, direction: Direction, data: &mut [u8]) {
        let (begun, data) = data.split_at_mut(self.ghash.room().min(data.len()));
        self.part(direction, begun);
        let (whole, begins) = data.split_at_mut(data.len() & !(BLOCK - 1));
        if direction == Direction::Decrypt {
            self.ghash.absorb(whole);
        }
        ctr(&self.aes, &mut self.counter, whole);
        if direction == Direction::Encrypt {
            self.ghash.absorb(whole);
        }
        if !begins.is_empty() {
            let mut both = [self.counter; 2];
            self.aes.encrypt(&mut both);
            self.stream = both[0];
            both.zeroize();
            count(&mut self.counter);
            self.part(direction, begins);
        }
    }

    /// With the key stream that is there.
    fn part(&mut self, direction: Direction, data: &mut [u8]) {
        let stream = self.stream.get(self.ghash.filled()..).unwrap_or_default();
        if direction == Direction::Decrypt {
            self.ghash.absorb(data);
        }
        xor(data, stream);
        if direction == Direction::Encrypt {
            self.ghash.absorb(data);
        }
    }

    pub(super) fn tag(&mut self, seen: Lengths) -> [u8; TAG] {
        self.ghash.pad();
        let bits = ((seen.ad as u128 * 8) << 64) | (seen.text as u128 * 8);
        self.ghash.absorb(&bits.to_be_bytes());
        let mut tag = self.ghash.result();
        xor(&mut tag, &self.mask);
        tag
    }
}
