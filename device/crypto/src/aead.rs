//! Authenticated encryption: AES-CCM (SP 800-38C), AES-GCM (SP 800-38D), ChaCha20-Poly1305 (RFC 8439).
//!
//! Tags are 16 bytes, never less. Decryption releases nothing unless the tag is right: the output is then all
//! zero. A nonce must never be used twice with the same key. Nonces of GCM and ChaCha20-Poly1305 are 12 bytes
//! (other sizes weaken GCM and are refused), those of CCM 7 to 13.

use crate::Error;
use crate::psa::alg;
#[cfg(any(feature = "ccm", feature = "gcm"))]
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Size of a tag in bytes.
pub const TAG: usize = 16;

/// An algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aead {
    /// AES-CCM.
    #[cfg(feature = "ccm")]
    Ccm,
    /// AES-GCM.
    #[cfg(feature = "gcm")]
    Gcm,
    /// ChaCha20-Poly1305.
    #[cfg(feature = "chacha20poly1305")]
    ChaCha20Poly1305,
}

impl Aead {
    /// The algorithm that a `psa_algorithm_t` names; one with a shortened tag is none of ours.
    pub const fn from_psa(algorithm: u32) -> Option<Aead> {
        match algorithm {
            #[cfg(feature = "ccm")]
            alg::CCM => Some(Aead::Ccm),
            #[cfg(feature = "gcm")]
            alg::GCM => Some(Aead::Gcm),
            #[cfg(feature = "chacha20poly1305")]
            alg::CHACHA20_POLY1305 => Some(Aead::ChaCha20Poly1305),
            _ => None,
        }
    }
}

/// Encrypts `plaintext` to the start of `out`, the tag behind it, and returns the size of both.
pub fn encrypt(
    aead: Aead,
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    let size = plaintext.len().checked_add(TAG).ok_or(Error::InvalidArgument)?;
    let out = out.get_mut(..size).ok_or(Error::BufferTooSmall)?;
    let (body, tag_to) = out.split_last_chunk_mut::<TAG>().ok_or(Error::BufferTooSmall)?;
    body.iter_mut().zip(plaintext).for_each(|(to, from)| *to = *from);
    match encrypt_in_place(aead, key, nonce, aad, body) {
        Ok(tag) => {
            *tag_to = tag;
            Ok(size)
        }
        Err(error) => {
            body.zeroize();
            Err(error)
        }
    }
}

/// Decrypts `ciphertext`, whose last 16 bytes are the tag, to the start of `out` and returns the size.
pub fn decrypt(
    aead: Aead,
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
    out: &mut [u8],
) -> Result<usize, Error> {
    // Shorter than a tag: nothing can be authentic about it.
    let (from, tag) = ciphertext.split_last_chunk::<TAG>().ok_or(Error::InvalidSignature)?;
    let body = out.get_mut(..from.len()).ok_or(Error::BufferTooSmall)?;
    body.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    decrypt_in_place(aead, key, nonce, aad, body, tag).map(|()| from.len())
}

/// Encrypts `data` where it lies and returns the tag. Refused, `data` is as it was.
pub fn encrypt_in_place(
    aead: Aead,
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    data: &mut [u8],
) -> Result<[u8; TAG], Error> {
    match aead {
        #[cfg(feature = "ccm")]
        Aead::Ccm => ccm::crypt(key, nonce, aad, data, true),
        #[cfg(feature = "gcm")]
        Aead::Gcm => gcm::crypt(key, nonce, aad, data, true),
        #[cfg(feature = "chacha20poly1305")]
        Aead::ChaCha20Poly1305 => chacha::encrypt(key, nonce, aad, data),
    }
}

/// Decrypts `data` where it lies. Refused, `data` is all zero.
pub fn decrypt_in_place(
    aead: Aead,
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    data: &mut [u8],
    tag: &[u8; TAG],
) -> Result<(), Error> {
    let result = match aead {
        #[cfg(feature = "ccm")]
        Aead::Ccm => ccm::crypt(key, nonce, aad, data, false).and_then(|expected| same(&expected, tag)),
        #[cfg(feature = "gcm")]
        Aead::Gcm => gcm::crypt(key, nonce, aad, data, false).and_then(|expected| same(&expected, tag)),
        #[cfg(feature = "chacha20poly1305")]
        Aead::ChaCha20Poly1305 => chacha::decrypt(key, nonce, aad, data, tag),
    };
    if result.is_err() {
        data.zeroize();
    }
    result
}

#[cfg(any(feature = "ccm", feature = "gcm"))]
fn same(expected: &[u8; TAG], tag: &[u8; TAG]) -> Result<(), Error> {
    if bool::from(expected.ct_eq(tag)) { Ok(()) } else { Err(Error::InvalidSignature) }
}

/// AES-CCM. The MAC of a block and the key stream of the next are one call of the cipher, which does two
/// blocks at the price of one: half the time of the textbook's order.
#[cfg(feature = "ccm")]
mod ccm {
    use super::{Error, TAG};
    use crate::aes::{Aes, BLOCK, Block, count, xor};
    use zeroize::Zeroize;

    /// CBC-MAC that has not yet encrypted what it last absorbed.
    struct Mac<'a> {
        aes: &'a Aes,
        state: Block,
        filled: usize,
    }

    impl Mac<'_> {
        fn absorb(&mut self, data: &[u8]) {
            for byte in data {
                if self.filled == BLOCK {
                    self.state = self.aes.encrypt_one(&self.state);
                    self.filled = 0;
                }
                if let Some(to) = self.state.get_mut(self.filled) {
                    *to ^= byte;
                }
                self.filled = self.filled.saturating_add(1);
            }
        }
    }

    /// SP 800-38C, formatted as its appendix A has it; returns the tag of the plaintext.
    #[inline(never)]
    pub(super) fn crypt(
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        encrypt: bool,
    ) -> Result<[u8; TAG], Error> {
        if !(7..=13).contains(&nonce.len()) {
            return Err(Error::NotSupported);
        }
        let aes = Aes::new(key)?;
        // Size in bytes of the length field and of the counter.
        let field = (BLOCK - 1).saturating_sub(nonce.len());
        let length = data.len() as u64;
        if field < 8 && length >> (8 * field as u32) != 0 {
            return Err(Error::InvalidArgument);
        }
        let mut counter = block(field.saturating_sub(1) as u8, nonce, 0);
        let flags = u8::from(!aad.is_empty()) << 6 | ((TAG as u8 - 2) / 2) << 3;
        let first = block(flags | field.saturating_sub(1) as u8, nonce, length);
        let mask_counter = counter;

        let mut mac = Mac { aes: &aes, state: first, filled: BLOCK };
        if !aad.is_empty() {
            match aad.len() {
                size @ ..0xff00 => mac.absorb(&(size as u16).to_be_bytes()),
                size => {
                    let size = u32::try_from(size).map_err(|_| Error::InvalidArgument)?;
                    mac.absorb(&[0xff, 0xfe]);
                    mac.absorb(&size.to_be_bytes());
                }
            }
            mac.absorb(aad);
        }
        let mut state = mac.state;
        for chunk in data.chunks_mut(BLOCK) {
            count(&mut counter);
            let mut both = [state, counter];
            aes.encrypt(&mut both);
            state = both[0];
            if encrypt {
                xor(&mut state, chunk);
                xor(chunk, &both[1]);
            } else {
                xor(chunk, &both[1]);
                xor(&mut state, chunk);
            }
            both.zeroize();
        }
        let mut both = [state, mask_counter];
        aes.encrypt(&mut both);
        let mut tag = both[0];
        xor(&mut tag, &both[1]);
        both.zeroize();
        state.zeroize();
        Ok(tag)
    }

    /// `first` ‖ `nonce` ‖ `last`, the last in what the nonce leaves.
    fn block(first: u8, nonce: &[u8], last: u64) -> Block {
        let mut block = u128::from(last).to_be_bytes();
        let [flags, rest @ ..] = &mut block;
        *flags = first;
        rest.iter_mut().zip(nonce).for_each(|(to, from)| *to = *from);
        block
    }
}

#[cfg(feature = "gcm")]
mod gcm {
    use super::{Error, TAG};
    use crate::aes::{Aes, BLOCK, Block, count, ctr, xor};
    use ghash::GHash;
    use ghash::universal_hash::UniversalHash;
    use zeroize::Zeroize;

    /// SP 800-38D algorithms 4 and 5 for a 96-bit nonce; returns the tag of the ciphertext.
    #[inline(never)]
    pub(super) fn crypt(
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        encrypt: bool,
    ) -> Result<[u8; TAG], Error> {
        let nonce: &[u8; 12] = nonce.try_into().map_err(|_| Error::NotSupported)?;
        let aes = Aes::new(key)?;
        // The counter is 32 bits and starts at 2.
        if data.len() as u64 > ((1 << 32) - 2) * BLOCK as u64 {
            return Err(Error::InvalidArgument);
        }
        let mut counter: Block = [0; BLOCK];
        counter.iter_mut().zip(nonce).for_each(|(to, from)| *to = *from);
        counter[BLOCK - 1] = 1;

        let mut both = [[0; BLOCK], counter];
        aes.encrypt(&mut both);
        let mut ghash = GHash::new(&both[0].into());
        absorb(&mut ghash, aad);
        count(&mut counter);
        if encrypt {
            ctr(&aes, &mut counter, data);
            absorb(&mut ghash, data);
        } else {
            absorb(&mut ghash, data);
            ctr(&aes, &mut counter, data);
        }
        let bits = ((aad.len() as u128 * 8) << 64) | (data.len() as u128 * 8);
        ghash.update(&[bits.to_be_bytes().into()]);
        let mut tag: [u8; TAG] = ghash.finalize().into();
        xor(&mut tag, &both[1]);
        both.zeroize();
        Ok(tag)
    }

    #[inline(never)]
    fn absorb(ghash: &mut GHash, data: &[u8]) {
        ghash.update_padded(data);
    }
}

#[cfg(feature = "chacha20poly1305")]
mod chacha {
    use super::{Error, TAG};
    use chacha20poly1305::aead::AeadInOut;
    use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

    #[inline(never)]
    pub(super) fn encrypt(key: &[u8], nonce: &[u8], aad: &[u8], data: &mut [u8]) -> Result<[u8; TAG], Error> {
        let nonce: &[u8; 12] = nonce.try_into().map_err(|_| Error::NotSupported)?;
        let cipher = ChaCha20Poly1305::new_from_slice(key).map_err(|_| Error::NotSupported)?;
        let tag = cipher.encrypt_inout_detached(nonce.into(), aad, data.into());
        tag.map(Into::into).map_err(|_| Error::InvalidArgument)
    }

    #[inline(never)]
    pub(super) fn decrypt(
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Error> {
        let nonce: &[u8; 12] = nonce.try_into().map_err(|_| Error::NotSupported)?;
        let cipher = ChaCha20Poly1305::new_from_slice(key).map_err(|_| Error::NotSupported)?;
        cipher
            .decrypt_inout_detached(nonce.into(), aad, data.into(), tag.into())
            .map_err(|_| Error::InvalidSignature)
    }
}
