//! Hash functions (FIPS 180-4), in one piece or streaming, chosen at run time.
//!
//! The compression functions are RustCrypto's. Buffering and padding are here, once for all three: the generic ones
//! would be linked for each.
//!
//! SFR: cryptographic-operation.

use crate::psa::alg;
use sha2::block_api::compress256;
#[cfg(feature = "sha512")]
use sha2::block_api::compress512;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Size in bytes of the longest digest there is.
pub const MAX_SIZE: usize = 64;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    #[cfg(feature = "sha512")]
    Sha384,
    /// SHA-512.
    #[cfg(feature = "sha512")]
    Sha512,
}

impl Hash {
    /// The function that a PSA Crypto algorithm identifier (`psa_algorithm_t`) names, if it is one of ours.
    pub const fn from_psa(algorithm: u32) -> Option<Hash> {
        match algorithm {
            alg::SHA_256 => Some(Hash::Sha256),
            #[cfg(feature = "sha512")]
            alg::SHA_384 => Some(Hash::Sha384),
            #[cfg(feature = "sha512")]
            alg::SHA_512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// Size of the digest in bytes.
    pub const fn size(self) -> usize {
        match self {
            Hash::Sha256 => 32,
            #[cfg(feature = "sha512")]
            Hash::Sha384 => 48,
            #[cfg(feature = "sha512")]
            Hash::Sha512 => 64,
        }
    }

    /// Hashes `message` in one piece; result as [`Hasher::finish`].
    pub fn digest(self, message: &[u8], out: &mut [u8]) -> usize {
        let mut hasher = Hasher::new(self);
        hasher.update(message);
        hasher.finish(out)
    }
}

/// Size of the longest block in bytes.
const MAX_BLOCK: usize = 128;

/// A hash under way. Its state is wiped when it is dropped.
#[derive(Clone)]
pub struct Hasher {
    hash: Hash,
    state: State,
    /// What does not fill a block yet.
    buffer: [u8; MAX_BLOCK],
    /// Bytes of the message so far.
    length: u64,
}

#[derive(Clone)]
enum State {
    Sha256([u32; 8]),
    #[cfg(feature = "sha512")]
    Sha512([u64; 8]),
}

impl ZeroizeOnDrop for Hasher {}

impl Drop for Hasher {
    fn drop(&mut self) {
        match &mut self.state {
            State::Sha256(state) => state.zeroize(),
            #[cfg(feature = "sha512")]
            State::Sha512(state) => state.zeroize(),
        }
        self.buffer.zeroize();
    }
}

impl Hasher {
    /// Starts a hash.
    #[inline(never)]
    pub fn new(hash: Hash) -> Hasher {
        let state = match hash {
            Hash::Sha256 => State::Sha256(START_256),
            #[cfg(feature = "sha512")]
            Hash::Sha384 => State::Sha512(START_384),
            #[cfg(feature = "sha512")]
            Hash::Sha512 => State::Sha512(START_512),
        };
        Hasher { hash, state, buffer: [0; MAX_BLOCK], length: 0 }
    }

    /// Adds a piece of the message.
    #[inline(never)]
    pub fn update(&mut self, piece: &[u8]) {
        let block = self.state.block();
        let room = self.room();
        let (begun, rest) = piece.split_at(room.len().min(piece.len()));
        let full = begun.len() == room.len();
        room.iter_mut().zip(begun).for_each(|(to, from)| *to = *from);
        self.length = self.length.wrapping_add(piece.len() as u64);
        if !full {
            return;
        }
        self.state.compress(self.buffer.get(..block).unwrap_or_default());
        let (whole, begins) = rest.split_at(rest.len() & !(block - 1));
        self.state.compress(whole);
        self.buffer.iter_mut().zip(begins).for_each(|(to, from)| *to = *from);
    }

    /// Writes the digest to the start of `out` and returns its size.
    ///
    /// If `out` is too short nothing is written and the result is 0.
    #[inline(never)]
    pub fn finish(mut self, out: &mut [u8]) -> usize {
        let size = self.hash.size();
        let Some(out) = out.get_mut(..size) else { return 0 };
        let block = self.state.block();
        // FIPS 180-4 §5.1; the length takes an eighth of a block.
        let room = self.room();
        let fits = room.len() > block / 8;
        room.fill(0);
        room.iter_mut().take(1).for_each(|byte| *byte = 0x80);
        if !fits {
            self.state.compress(self.buffer.get(..block).unwrap_or_default());
            self.buffer.fill(0);
        }
        let bits = self.length.wrapping_mul(8).to_be_bytes();
        let end = self.buffer.iter_mut().take(block).rev();
        end.zip(bits.iter().rev()).for_each(|(to, from)| *to = *from);
        self.state.compress(self.buffer.get(..block).unwrap_or_default());
        match &self.state {
            State::Sha256(state) => put(state.iter().flat_map(|word| word.to_be_bytes()), out),
            #[cfg(feature = "sha512")]
            State::Sha512(state) => put(state.iter().flat_map(|word| word.to_be_bytes()), out),
        }
        size
    }

    /// What is missing from the block that is begun: never nothing.
    fn room(&mut self) -> &mut [u8] {
        let block = self.state.block();
        let filled = self.length as usize & (block - 1);
        self.buffer.get_mut(filled..block).unwrap_or_default()
    }
}

impl State {
    /// Size of a block in bytes.
    fn block(&self) -> usize {
        match self {
            State::Sha256(_) => 64,
            #[cfg(feature = "sha512")]
            State::Sha512(_) => MAX_BLOCK,
        }
    }

    /// Takes in whole blocks.
    #[inline(never)]
    fn compress(&mut self, blocks: &[u8]) {
        match self {
            State::Sha256(state) => compress256(state, blocks.as_chunks().0),
            #[cfg(feature = "sha512")]
            State::Sha512(state) => compress512(state, blocks.as_chunks().0),
        }
    }
}

fn put(digest: impl Iterator<Item = u8>, out: &mut [u8]) {
    out.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
}

/// The starting values of FIPS 180-4 §5.3.
const START_256: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
#[cfg(feature = "sha512")]
const START_384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];
#[cfg(feature = "sha512")]
const START_512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
