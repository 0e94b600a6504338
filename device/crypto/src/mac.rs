//! Message authentication: HMAC (FIPS 198-1) and CMAC over AES (SP 800-38B), chosen at run time; and HMAC-SHA-256
//! by itself, for the generator and for deriving secrets.
//!
//! SFR: cryptographic-operation.

#[cfg(feature = "cmac")]
use crate::aes::{Aes, BLOCK as AES_BLOCK, Block, xor};
use crate::digest::{Hash, Hasher, MAX_SIZE};
use crate::psa::alg;
use crate::{Error, MIN_KEY};
use subtle::ConstantTimeEq;
#[cfg(feature = "cmac")]
use zeroize::ZeroizeOnDrop;
use zeroize::{Zeroize, Zeroizing};

/// Size of the result in bytes.
pub const SIZE: usize = 32;

/// Block size of SHA-256 in bytes: a longer key is hashed first (FIPS 198-1 §4, step 2).
const BLOCK: usize = 64;

/// The MAC of the concatenation of `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; SIZE]> {
    let mut mac = HmacSha256::new(key);
    parts.iter().for_each(|part| mac.update(part));
    let mut out = Zeroizing::new([0u8; SIZE]);
    mac.finish(&mut out);
    out
}

/// A MAC under way. Its state is wiped when it is dropped.
pub struct HmacSha256(Hmac);

impl HmacSha256 {
    /// Starts a MAC; a key may have any length.
    pub fn new(key: &[u8]) -> HmacSha256 {
        HmacSha256(Hmac::new(Hash::Sha256, key))
    }

    /// Adds a piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Writes the MAC to `out`.
    pub fn finish(self, out: &mut [u8; SIZE]) {
        let mut whole = Zeroizing::new([0; MAX_SIZE]);
        self.0.finish(&mut whole);
        out.iter_mut().zip(whole.iter()).for_each(|(to, from)| *to = *from);
    }
}

/// Shortest tag in bytes: that of the security strength.
pub const MIN_TAG: usize = 16;

/// A MAC and the size of its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacAlgorithm {
    function: Function,
    size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Hmac(Hash),
    #[cfg(feature = "cmac")]
    Cmac,
}

impl MacAlgorithm {
    /// The MAC that a `psa_algorithm_t` names, if it is one of ours.
    ///
    /// A truncated one (`PSA_ALG_TRUNCATED_MAC`) is, down to [`MIN_TAG`] bytes.
    pub fn from_psa(algorithm: u32) -> Option<MacAlgorithm> {
        let base = algorithm & !alg::LENGTH_MASK;
        let (function, full) = match base {
            #[cfg(feature = "cmac")]
            alg::CMAC => (Function::Cmac, AES_BLOCK),
            _ if base & !alg::HASH_MASK == alg::HMAC_SHA_256 & !alg::HASH_MASK => {
                let hash = Hash::from_psa(alg::SHA_256 & !alg::HASH_MASK | base & alg::HASH_MASK)?;
                (Function::Hmac(hash), hash.size())
            }
            _ => return None,
        };
        let size = match ((algorithm & alg::LENGTH_MASK) >> 16) as usize {
            0 => full,
            size if (MIN_TAG..=full).contains(&size) => size,
            _ => return None,
        };
        Some(MacAlgorithm { function, size })
    }

    /// HMAC with this hash, nothing cut off.
    pub const fn hmac(hash: Hash) -> MacAlgorithm {
        MacAlgorithm { function: Function::Hmac(hash), size: hash.size() }
    }

    /// Size of the tag in bytes.
    pub const fn size(self) -> usize {
        self.size
    }

    /// Whether this is HMAC; else it is CMAC.
    pub const fn is_hmac(self) -> bool {
        matches!(self.function, Function::Hmac(_))
    }
}

/// A MAC under way. Wiped when dropped.
pub struct Mac {
    state: State,
    size: usize,
}

// No heap to box the larger one in.
#[allow(clippy::large_enum_variant)]
enum State {
    Hmac(Hmac),
    #[cfg(feature = "cmac")]
    Cmac(Cmac),
}

impl Mac {
    /// Starts a MAC. A key below 128 bits is refused; CMAC takes those of AES.
    pub fn new(algorithm: MacAlgorithm, key: &[u8]) -> Result<Mac, Error> {
        if key.len() < MIN_KEY {
            return Err(Error::NotSupported);
        }
        let state = match algorithm.function {
            Function::Hmac(hash) => State::Hmac(Hmac::new(hash, key)),
            #[cfg(feature = "cmac")]
            Function::Cmac => State::Cmac(Cmac::new(key)?),
        };
        Ok(Mac { state, size: algorithm.size })
    }

    /// Adds a piece of the message.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.state {
            State::Hmac(hmac) => hmac.update(piece),
            #[cfg(feature = "cmac")]
            State::Cmac(cmac) => cmac.update(piece),
        }
    }

    /// Writes the tag to the start of `out` and returns its size.
    pub fn finish(self, out: &mut [u8]) -> Result<usize, Error> {
        let size = self.size;
        let out = out.get_mut(..size).ok_or(Error::BufferTooSmall)?;
        let tag = self.tag();
        out.iter_mut().zip(tag.iter()).for_each(|(to, from)| *to = *from);
        Ok(size)
    }

    /// Compares the tag with one of the same size, in constant time.
    pub fn verify(self, expected: &[u8]) -> Result<(), Error> {
        let size = self.size;
        let tag = self.tag();
        let good = tag.get(..size).is_some_and(|tag| bool::from(tag.ct_eq(expected)));
        if good { Ok(()) } else { Err(Error::InvalidSignature) }
    }

    fn tag(self) -> Zeroizing<[u8; MAX_SIZE]> {
        let mut tag = Zeroizing::new([0; MAX_SIZE]);
        match self.state {
            State::Hmac(hmac) => hmac.finish(&mut tag),
            #[cfg(feature = "cmac")]
            State::Cmac(cmac) => cmac.finish(&mut tag),
        }
        tag
    }
}

/// HMAC over [`Hasher`], so that all hashes share one code.
pub(crate) struct Hmac {
    inner: Hasher,
    outer: Hasher,
    hash: Hash,
}

impl Hmac {
    /// Starts; a key may have any length.
    #[inline(never)]
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Hmac {
        let mut block = Zeroizing::new([0u8; 2 * BLOCK]);
        let size = if hash == Hash::Sha256 { BLOCK } else { 2 * BLOCK };
        if key.len() <= size {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        } else {
            hash.digest(key, &mut *block);
        }
        let (mut inner, mut outer) = (Hasher::new(hash), Hasher::new(hash));
        block.iter_mut().for_each(|byte| *byte ^= 0x36);
        inner.update(block.get(..size).unwrap_or(&[]));
        block.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
        outer.update(block.get(..size).unwrap_or(&[]));
        Hmac { inner, outer, hash }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.inner.update(piece);
    }

    /// Writes the whole tag to the start of `out`.
    #[inline(never)]
    pub(crate) fn finish(mut self, out: &mut [u8; MAX_SIZE]) {
        let size = self.inner.finish(out);
        self.outer.update(out.get(..size).unwrap_or(&[]));
        out.zeroize();
        self.outer.finish(out);
        debug_assert_eq!(size, self.hash.size());
    }
}

#[cfg(feature = "cmac")]
struct Cmac {
    aes: Aes,
    state: Block,
    /// What came last: its treatment depends on whether it is the end.
    buffer: Block,
    held: usize,
}

#[cfg(feature = "cmac")]
impl ZeroizeOnDrop for Cmac {}

#[cfg(feature = "cmac")]
impl Drop for Cmac {
    fn drop(&mut self) {
        self.state.zeroize();
        self.buffer.zeroize();
    }
}

#[cfg(feature = "cmac")]
impl Cmac {
    fn new(key: &[u8]) -> Result<Cmac, Error> {
        Ok(Cmac { aes: Aes::new(key)?, state: [0; AES_BLOCK], buffer: [0; AES_BLOCK], held: 0 })
    }

    #[inline(never)]
    fn update(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            if self.held == AES_BLOCK {
                xor(&mut self.state, &self.buffer);
                self.state = self.aes.encrypt_one(&self.state);
                self.held = 0;
            }
            let room = self.buffer.get_mut(self.held..).unwrap_or_default();
            let size = room.len().min(piece.len());
            room.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
            self.held = self.held.saturating_add(size);
            piece = piece.get(size..).unwrap_or(&[]);
        }
    }

    #[inline(never)]
    fn finish(mut self, out: &mut [u8; MAX_SIZE]) {
        let mut subkey = double(self.aes.encrypt_one(&[0; AES_BLOCK]));
        if let Some(after) = self.buffer.get_mut(self.held..).filter(|after| !after.is_empty()) {
            after.zeroize();
            after.iter_mut().take(1).for_each(|byte| *byte = 0x80);
            subkey = double(subkey);
        }
        xor(&mut self.state, &self.buffer);
        xor(&mut self.state, &subkey);
        subkey.zeroize();
        self.state = self.aes.encrypt_one(&self.state);
        out.iter_mut().zip(&self.state).for_each(|(to, from)| *to = *from);
    }
}

/// Doubling in GF(2^128) (SP 800-38B §6.1), in constant time.
#[cfg(feature = "cmac")]
fn double(block: Block) -> Block {
    let value = u128::from_be_bytes(block);
    ((value << 1) ^ (0x87 & 0u128.wrapping_sub(value >> 127))).to_be_bytes()
}
