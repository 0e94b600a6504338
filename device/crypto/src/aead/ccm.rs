//! AES-CCM. The MAC of a block and the key stream of the next are one call of the cipher, which does two blocks at
//! the price of one: half the time of the textbook's order.
//!
//! SFR: cryptographic-operation.

use super::{Lengths, TAG};
use crate::aes::{Aes, BLOCK, Block, count, xor};
use crate::{Direction, Error};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Where the flags of a counter block keep the size of the length field, less one.
const FIELD: u8 = 7;

/// SP 800-38C, formatted as its appendix A has it.
pub(super) struct Ccm {
    aes: Aes,
    /// CBC-MAC that has not yet encrypted what it last absorbed.
    mac: Block,
    counter: Block,
    stream: Block,
    /// How much of `mac`'s block is absorbed, and of `stream` used.
    filled: usize,
}

impl ZeroizeOnDrop for Ccm {}

impl Drop for Ccm {
    fn drop(&mut self) {
        self.mac.zeroize();
        self.counter.zeroize();
        self.stream.zeroize();
    }
}

impl Ccm {
    pub(super) fn new(key: &[u8]) -> Result<Ccm, Error> {
        let zero = [0; BLOCK];
        Ok(Ccm { aes: Aes::new(key)?, mac: zero, counter: zero, stream: zero, filled: BLOCK })
    }

    pub(super) fn start(&mut self, nonce: &[u8], lengths: Lengths) -> Result<(), Error> {
        if !(7..=13).contains(&nonce.len()) {
            return Err(Error::InvalidArgument);
        }
        // Size in bytes of the length field and of the counter.
        let field = (BLOCK - 1).saturating_sub(nonce.len());
        let text = lengths.text as u64;
        if field < 8 && text >> (8 * field as u32) != 0 {
            return Err(Error::InvalidArgument);
        }
        let field = field.saturating_sub(1) as u8;
        let flags = u8::from(lengths.ad != 0) << 6 | ((TAG as u8 - 2) / 2) << 3;
        self.counter = block(field, nonce, 0);
        self.mac = block(flags | field, nonce, text);
        match lengths.ad {
            0 => {}
            size @ ..0xff00 => self.absorb(&(size as u16).to_be_bytes()),
            size => {
                self.absorb(&[0xff, 0xfe]);
                self.absorb(&(size as u32).to_be_bytes());
            }
        }
        Ok(())
    }

    pub(super) fn absorb(&mut self, data: &[u8]) {
        for byte in data {
            if self.filled == BLOCK {
                self.mac = self.aes.encrypt_one(&self.mac);
                self.filled = 0;
            }
            if let Some(to) = self.mac.get_mut(self.filled) {
                *to ^= byte;
            }
            self.filled = self.filled.saturating_add(1);
        }
    }

    /// What is missing from the block counts as zeros.
    pub(super) fn pad(&mut self) {
        self.filled = BLOCK;
    }

    pub(super) fn crypt(&mut self, direction: Direction, mut data: &mut [u8]) {
        while !data.is_empty() {
            if self.filled == BLOCK {
                count(&mut self.counter);
                let mut both = [self.mac, self.counter];
                self.aes.encrypt(&mut both);
                [self.mac, self.stream] = both;
                both.zeroize();
                self.filled = 0;
            }
            let room = BLOCK.saturating_sub(self.filled);
            let (now, later) = data.split_at_mut(room.min(data.len()));
            let mac = self.mac.get_mut(self.filled..).unwrap_or_default();
            let stream = self.stream.get(self.filled..).unwrap_or_default();
            if direction == Direction::Encrypt {
                xor(mac, now);
                xor(now, stream);
            } else {
                xor(now, stream);
                xor(mac, now);
            }
            self.filled = self.filled.saturating_add(now.len());
            data = later;
        }
    }

    pub(super) fn tag(&mut self) -> [u8; TAG] {
        let field = usize::from(self.counter[0] & FIELD).saturating_add(1);
        self.counter.iter_mut().rev().take(field).for_each(|byte| *byte = 0);
        let mut both = [self.mac, self.counter];
        self.aes.encrypt(&mut both);
        let mut tag = both[0];
        xor(&mut tag, &both[1]);
        both.zeroize();
        tag
    }
}

/// `first` ‖ `nonce` ‖ `last`, the last in what the nonce leaves.
fn block(first: u8, nonce: &[u8], last: u64) -> Block {
    let mut block = u128::from(last).to_be_bytes();
    let [flags, rest @ ..] = &mut block;
    *flags = first;
    rest.iter_mut().zip(nonce).for_each(|(to, from)| *to = *from);
    block
}
