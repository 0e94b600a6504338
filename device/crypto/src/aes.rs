//! The AES block cipher (FIPS 197), key size chosen at run time.
//!
//! RustCrypto's bit-sliced software: constant time, two blocks for the price of one. Every mode goes through
//! the two functions below, so that one machine code serves all key sizes and modes.
//!
//! SFR: cryptographic-operation.

use crate::Error;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

/// Size of a block in bytes.
pub(crate) const BLOCK: usize = 16;
pub(crate) type Block = [u8; BLOCK];

/// An expanded key. Wiped when dropped.
// Boxing needs a heap; a third of the size is unused at worst.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Aes {
    Aes128(aes::Aes128),
    Aes192(aes::Aes192),
    Aes256(aes::Aes256),
}

impl Aes {
    /// Expands a key of 16, 24 or 32 bytes.
    #[inline(never)]
    pub(crate) fn new(key: &[u8]) -> Result<Aes, Error> {
        match key.len() {
            16 => aes::Aes128::new_from_slice(key).map(Aes::Aes128),
            24 => aes::Aes192::new_from_slice(key).map(Aes::Aes192),
            32 => aes::Aes256::new_from_slice(key).map(Aes::Aes256),
            _ => return Err(Error::NotSupported),
        }
        .map_err(|_| Error::NotSupported)
    }

    /// Encrypts two blocks.
    #[inline(never)]
    pub(crate) fn encrypt(&self, blocks: &mut [Block; 2]) {
        let blocks = aes::Block::cast_slice_from_core_mut(blocks);
        match self {
            Aes::Aes128(aes) => aes.encrypt_blocks(blocks),
            Aes::Aes192(aes) => aes.encrypt_blocks(blocks),
            Aes::Aes256(aes) => aes.encrypt_blocks(blocks),
        }
    }

    /// Encrypts one block.
    #[cfg(any(feature = "cipher", feature = "ccm", feature = "cmac"))]
    pub(crate) fn encrypt_one(&self, block: &Block) -> Block {
        let mut two = [*block; 2];
        self.encrypt(&mut two);
        two[0]
    }

    /// Decrypts two blocks.
    #[cfg(feature = "cipher")]
    #[inline(never)]
    pub(crate) fn decrypt(&self, blocks: &mut [Block; 2]) {
        use aes::cipher::BlockCipherDecrypt;
        let blocks = aes::Block::cast_slice_from_core_mut(blocks);
        match self {
            Aes::Aes128(aes) => aes.decrypt_blocks(blocks),
            Aes::Aes192(aes) => aes.decrypt_blocks(blocks),
            Aes::Aes256(aes) => aes.decrypt_blocks(blocks),
        }
    }
}

/// `to` ^= `from`, over the shorter of both.
pub(crate) fn xor(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to ^= from);
}

#[cfg(any(feature = "cipher", feature = "ccm", feature = "gcm"))]
/// The next counter block: the whole block as one big-endian number plus one, modulo 2^128.
pub(crate) fn count(counter: &mut Block) {
    *counter = u128::from_be_bytes(*counter).wrapping_add(1).to_be_bytes();
}

/// Counter mode over `data`, a key stream block for each block of it that is begun.
#[cfg(any(feature = "cipher", feature = "gcm"))]
pub(crate) fn ctr(aes: &Aes, counter: &mut Block, data: &mut [u8]) {
    use zeroize::Zeroize;
    for chunk in data.chunks_mut(2 * BLOCK) {
        let mut stream = [*counter; 2];
        count(counter);
        stream[1] = *counter;
        if chunk.len() > BLOCK {
            count(counter);
        }
        aes.encrypt(&mut stream);
        xor(chunk, stream.as_flattened());
        stream.zeroize();
    }
}
