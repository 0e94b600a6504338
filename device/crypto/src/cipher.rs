//! AES in CBC and counter mode (SP 800-38A), in one piece or streaming.
//!
//! Neither mode tells a changed message from an unchanged one: use [`crate::aead`] unless a format forbids it.
//!
//! SFR: cryptographic-operation.

use crate::Error;
use crate::aes::{Aes, BLOCK, Block, count, ctr, xor};
pub use crate::direction::Direction;
use crate::psa::alg;
use crate::put;
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Size of a block, and of an initialisation vector, in bytes.
pub const IV: usize = BLOCK;

/// A mode of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CipherMode {
    /// Counter mode, the whole block counting.
    Ctr,
    /// Chaining, whole blocks only.
    CbcNoPadding,
    /// Chaining, padded as PKCS #7 has it (RFC 5652 §6.3).
    CbcPkcs7,
}

impl CipherMode {
    /// The mode that a `psa_algorithm_t` names, if it is one of ours.
    pub const fn from_psa(algorithm: u32) -> Option<CipherMode> {
        match algorithm {
            alg::CTR => Some(CipherMode::Ctr),
            alg::CBC_NO_PADDING => Some(CipherMode::CbcNoPadding),
            alg::CBC_PKCS7 => Some(CipherMode::CbcPkcs7),
            _ => None,
        }
    }
}

/// A cipher under way. Wiped when dropped.
pub struct Cipher {
    aes: Aes,
    mode: CipherMode,
    direction: Direction,
    /// The previous ciphertext block, or the counter.
    chain: Block,
    /// Input that does not fill a block yet; in counter mode key stream, of which `held` bytes are unused.
    buffer: Block,
    held: usize,
}

impl ZeroizeOnDrop for Cipher {}

impl Drop for Cipher {
    fn drop(&mut self) {
        self.chain.zeroize();
        self.buffer.zeroize();
    }
}

impl Cipher {
    /// Starts with a key of 16, 24 or 32 bytes. To encrypt, an initialisation vector must be unpredictable in
    /// CBC and never repeat in counter mode.
    pub fn new(mode: CipherMode, direction: Direction, key: &[u8], iv: &[u8; IV]) -> Result<Cipher, Error> {
        let aes = Aes::new(key)?;
        Ok(Cipher { aes, mode, direction, chain: *iv, buffer: [0; BLOCK], held: 0 })
    }

    /// Starts again with the same key and another initialisation vector.
    pub fn set_iv(&mut self, iv: &[u8; IV]) {
        self.chain = *iv;
        self.buffer.zeroize();
        self.held = 0;
    }

    /// Processes `input` and returns how much came out: in CBC whole blocks as they fill.
    ///
    /// If `out` is too short nothing has happened.
    pub fn update(&mut self, mut input: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let size = self.comes_out(input.len())?;
        let out = out.get_mut(..size).ok_or(Error::BufferTooSmall)?;
        match (self.mode, self.direction) {
            (CipherMode::Ctr, _) => {
                out.iter_mut().zip(input).for_each(|(to, from)| *to = *from);
                self.stream(out);
                return Ok(size);
            }
            (_, Direction::Encrypt) => {
                for to in out.chunks_mut(BLOCK) {
                    let block = self.take(&mut input);
                    to.iter_mut().zip(self.chain(&block)).for_each(|(to, from)| *to = from);
                }
            }
            (_, Direction::Decrypt) => {
                for to in out.chunks_mut(2 * BLOCK) {
                    let first = self.take(&mut input);
                    let second = if to.len() > BLOCK { self.take(&mut input) } else { first };
                    self.unchain(&[first, second], to);
                }
            }
        }
        self.hold(&mut input);
        Ok(size)
    }

    /// Ends and returns how much came out: at most one block.
    pub fn finish(mut self, out: &mut [u8]) -> Result<usize, Error> {
        let mut last = [0; BLOCK];
        let size = match (self.mode, self.direction) {
            (CipherMode::Ctr, _) => 0,
            (CipherMode::CbcNoPadding, _) if self.held == 0 => 0,
            (CipherMode::CbcPkcs7, Direction::Encrypt) => {
                let padding = BLOCK.saturating_sub(self.held) as u8;
                self.buffer.iter_mut().skip(self.held).for_each(|byte| *byte = padding);
                let block = self.buffer;
                last = self.chain(&block);
                BLOCK
            }
            (CipherMode::CbcPkcs7, Direction::Decrypt) if self.held == BLOCK => {
                let block = self.buffer;
                self.unchain(&[block; 2], &mut last);
                unpadded(&last).inspect_err(|_| last.zeroize())?
            }
            // Not a whole number of blocks.
            _ => return Err(Error::InvalidArgument),
        };
        let written = put(last.get(..size).unwrap_or(&[]), out);
        last.zeroize();
        written
    }

    /// How much comes out when `more` goes in.
    fn comes_out(&self, more: usize) -> Result<usize, Error> {
        if self.mode == CipherMode::Ctr {
            return Ok(more);
        }
        let mut whole = self.held.checked_add(more).ok_or(Error::InvalidArgument)?;
        if self.mode == CipherMode::CbcPkcs7 && self.direction == Direction::Decrypt {
            // The last block stays, for it holds the padding.
            whole = whole.saturating_sub(1);
        }
        Ok(whole & !(BLOCK - 1))
    }

    /// Moves input into the buffer until that is full.
    fn hold(&mut self, input: &mut &[u8]) {
        let room = self.buffer.get_mut(self.held..).unwrap_or_default();
        let size = room.len().min(input.len());
        room.iter_mut().zip(*input).for_each(|(to, from)| *to = *from);
        *input = input.get(size..).unwrap_or(&[]);
        self.held = self.held.saturating_add(size);
    }

    /// Takes a whole block from the buffer and the input.
    fn take(&mut self, input: &mut &[u8]) -> Block {
        self.hold(input);
        self.held = 0;
        self.buffer
    }

    fn chain(&mut self, block: &Block) -> Block {
        xor(&mut self.chain, block);
        self.chain = self.aes.encrypt_one(&self.chain);
        self.chain
    }

    fn unchain(&mut self, blocks: &[Block; 2], out: &mut [u8]) {
        let mut plain = *blocks;
        self.aes.decrypt(&mut plain);
        xor(&mut plain[0], &self.chain);
        xor(&mut plain[1], &blocks[0]);
        self.chain = blocks[1];
        out.iter_mut().zip(plain.as_flattened()).for_each(|(to, from)| *to = *from);
        plain.zeroize();
    }

    fn stream(&mut self, data: &mut [u8]) {
        let (used, rest) = data.split_at_mut(self.held.min(data.len()));
        let unused = self.buffer.get(BLOCK.saturating_sub(self.held)..).unwrap_or(&[]);
        xor(used, unused);
        self.held = self.held.saturating_sub(used.len());
        let (whole, tail) = rest.split_at_mut(rest.len() & !(BLOCK - 1));
        ctr(&self.aes, &mut self.chain, whole);
        if !tail.is_empty() {
            self.buffer = self.aes.encrypt_one(&self.chain);
            count(&mut self.chain);
            xor(tail, &self.buffer);
            self.held = BLOCK.saturating_sub(tail.len());
        }
    }
}

/// Encrypts or decrypts `input` in one piece and returns the size of the result.
///
/// `out` must be as long as the input; to encrypt with padding a block longer at worst.
pub fn crypt(
    mode: CipherMode,
    direction: Direction,
    key: &[u8],
    iv: &[u8; IV],
    input: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    let mut cipher = Cipher::new(mode, direction, key, iv)?;
    let result = cipher.update(input, out).and_then(|size| {
        let last = cipher.finish(out.get_mut(size..).unwrap_or_default())?;
        Ok(size.saturating_add(last))
    });
    if result.is_err() && direction == Direction::Decrypt {
        out.zeroize();
    }
    result
}

/// Size of the content of a padded block, found in constant time.
fn unpadded(block: &Block) -> Result<usize, Error> {
    let padding = block[BLOCK - 1];
    let mut good = padding.ct_gt(&0) & !padding.ct_gt(&(BLOCK as u8));
    for (i, byte) in (1..=BLOCK as u8).rev().zip(block) {
        let content: Choice = i.ct_gt(&padding);
        good &= content | byte.ct_eq(&padding);
    }
    if bool::from(good) { Ok(BLOCK.saturating_sub(usize::from(padding))) } else { Err(Error::InvalidPadding) }
}
