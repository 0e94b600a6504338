//! The polynomial hashes, GHASH and Poly1305, over pieces of any size.
//!
//! SFR: cryptographic-operation.

#[cfg(feature = "gcm")]
use ghash::universal_hash;
#[cfg(not(feature = "gcm"))]
use poly1305::universal_hash;

use universal_hash::UniversalHash;
use universal_hash::consts::U16;
use zeroize::{Zeroize, ZeroizeOnDrop};

const BLOCK: usize = 16;

/// A hash and what does not fill a block yet. Wiped when dropped.
pub(super) struct Blocks<H> {
    hash: H,
    block: [u8; BLOCK],
    filled: usize,
}

impl<H> ZeroizeOnDrop for Blocks<H> {}

impl<H> Drop for Blocks<H> {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

impl<H: UniversalHash<BlockSize = U16> + Clone> Blocks<H> {
    pub(super) fn new(hash: H) -> Blocks<H> {
        Blocks { hash, block: [0; BLOCK], filled: 0 }
    }

    /// How much of a block is there.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// How much is missing to fill the block that is begun.
    pub(super) fn room(&self) -> usize {
        if self.filled == 0 { 0 } else { BLOCK.saturating_sub(self.filled) }
    }

    #[inline(never)]
    pub(super) fn absorb(&mut self, data: &[u8]) {
        let (begun, data) = data.split_at(self.room().min(data.len()));
        self.hold(begun);
        let (whole, begins) = data.as_chunks::<BLOCK>();
        self.hash.update_padded(whole.as_flattened());
        self.hold(begins);
    }

    /// Fills the block with zeros, if one is begun.
    pub(super) fn pad(&mut self) {
        let zeros = [0; BLOCK];
        self.hold(zeros.get(..self.room()).unwrap_or_default());
    }

    /// The hash of what was absorbed, a whole number of blocks.
    pub(super) fn result(&self) -> [u8; BLOCK] {
        self.hash.clone().finalize().into()
    }

    /// Takes what fits into the block.
    fn hold(&mut self, data: &[u8]) {
        let room = self.block.get_mut(self.filled..).unwrap_or_default();
        room.iter_mut().zip(data).for_each(|(to, from)| *to = *from);
        self.filled = self.filled.saturating_add(data.len());
        if self.filled == BLOCK {
            self.hash.update(&[self.block.into()]);
            self.filled = 0;
        }
    }
}
