//! Authenticated encryption: AES-CCM (SP 800-38C), AES-GCM (SP 800-38D), ChaCha20-Poly1305 (RFC 8439), in one
//! piece or in several ([`Multipart`]).
//!
//! Tags are 16 bytes, never less. Decryption in one piece releases nothing unless the tag is right: the output is
//! then all zero. A nonce must never be used twice with the same key. Nonces of GCM and ChaCha20-Poly1305 are
//! 12 bytes (other sizes weaken GCM and are refused), those of CCM 7 to 13.
//!
//! SFR: cryptographic-operation.

#[cfg(feature = "ccm")]
mod ccm;
#[cfg(feature = "chacha20poly1305")]
mod chacha;
#[cfg(feature = "gcm")]
mod gcm;
#[cfg(any(feature = "gcm", feature = "chacha20poly1305"))]
mod hash;

use crate::psa::alg;
use crate::{Direction, Error};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Size of a tag in bytes.
pub const TAG: usize = 16;
/// Size of the longest nonce in bytes.
pub const MAX_NONCE: usize = 13;

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

    /// Size in bytes of a nonce that is chosen at random (`PSA_AEAD_NONCE_LENGTH`).
    pub const fn nonce_size(self) -> usize {
        match self {
            #[cfg(feature = "ccm")]
            Aead::Ccm => MAX_NONCE,
            #[cfg(feature = "gcm")]
            Aead::Gcm => 12,
            #[cfg(feature = "chacha20poly1305")]
            Aead::ChaCha20Poly1305 => 12,
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
    let mut whole = Multipart::whole(aead, Direction::Encrypt, key, nonce, aad, data.len())?;
    whole.update_in_place(data)?;
    whole.finish()
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
    let result =
        Multipart::whole(aead, Direction::Decrypt, key, nonce, aad, data.len()).and_then(|mut whole| {
            whole.update_in_place(data)?;
            whole.verify(tag)
        });
    if result.is_err() {
        data.zeroize();
    }
    result
}

/// Authenticated encryption or decryption in several calls: [`set_lengths`](Multipart::set_lengths), which CCM must
/// know first and the others may; [`set_nonce`](Multipart::set_nonce); [`update_ad`](Multipart::update_ad), any number
/// of times; [`update`](Multipart::update), any number of times; then [`finish`](Multipart::finish) or
/// [`verify`](Multipart::verify). A call out of this order is [`Error::BadState`]; after an error drop it.
///
/// **Decryption releases plaintext before it is known to be authentic**, as PSA has it: the caller must act on none of
/// it before `verify` says so, and wipe it when `verify` refuses. Wiped when dropped.
pub struct Multipart {
    core: Core,
    aead: Aead,
    direction: Direction,
    phase: Phase,
    announced: Option<Lengths>,
    seen: Lengths,
}

// No heap to box the larger ones in.
#[allow(clippy::large_enum_variant)]
enum Core {
    #[cfg(feature = "ccm")]
    Ccm(ccm::Ccm),
    #[cfg(feature = "gcm")]
    Gcm(gcm::Gcm),
    #[cfg(feature = "chacha20poly1305")]
    ChaCha20Poly1305(chacha::ChaCha20Poly1305),
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Nonce,
    AdditionalData,
    Text,
}

/// In bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lengths {
    ad: usize,
    text: usize,
}

impl Multipart {
    /// Starts with a key of the algorithm.
    #[inline(never)]
    pub fn new(aead: Aead, direction: Direction, key: &[u8]) -> Result<Multipart, Error> {
        let core = match aead {
            #[cfg(feature = "ccm")]
            Aead::Ccm => Core::Ccm(ccm::Ccm::new(key)?),
            #[cfg(feature = "gcm")]
            Aead::Gcm => Core::Gcm(gcm::Gcm::new(key)?),
            #[cfg(feature = "chacha20poly1305")]
            Aead::ChaCha20Poly1305 => Core::ChaCha20Poly1305(chacha::ChaCha20Poly1305::new(key)?),
        };
        let seen = Lengths { ad: 0, text: 0 };
        Ok(Multipart { core, aead, direction, phase: Phase::Nonce, announced: None, seen })
    }

    /// Everything before the text, for a message in one piece.
    fn whole(
        aead: Aead,
        direction: Direction,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        text: usize,
    ) -> Result<Multipart, Error> {
        let mut whole = Multipart::new(aead, direction, key)?;
        whole.set_lengths(aad.len(), text)?;
        whole.set_nonce(nonce)?;
        whole.update_ad(aad)?;
        Ok(whole)
    }

    /// Which way.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Size in bytes of a nonce that is chosen at random.
    pub fn nonce_size(&self) -> usize {
        self.aead.nonce_size()
    }

    /// Announces how long additional data and text will be, in bytes; from then on they must.
    pub fn set_lengths(&mut self, ad: usize, text: usize) -> Result<(), Error> {
        if self.phase != Phase::Nonce || self.announced.is_some() {
            return Err(Error::BadState);
        }
        let lengths = Lengths { ad, text };
        if !self.is_possible(lengths) {
            return Err(Error::InvalidArgument);
        }
        self.announced = Some(lengths);
        Ok(())
    }

    /// Sets the nonce. With CCM one of 15 - n bytes takes texts of fewer than 2^(8n).
    ///
    /// A size that the algorithm does not know is an invalid argument, one that is not offered is not supported.
    #[inline(never)]
    pub fn set_nonce(&mut self, nonce: &[u8]) -> Result<(), Error> {
        if self.phase != Phase::Nonce {
            return Err(Error::BadState);
        }
        match &mut self.core {
            #[cfg(feature = "ccm")]
            Core::Ccm(ccm) => ccm.start(nonce, self.announced.ok_or(Error::BadState)?)?,
            #[cfg(feature = "gcm")]
            Core::Gcm(gcm) => gcm.start(nonce)?,
            #[cfg(feature = "chacha20poly1305")]
            Core::ChaCha20Poly1305(chacha) => chacha.start(nonce)?,
        }
        self.phase = Phase::AdditionalData;
        Ok(())
    }

    /// Adds a piece of the additional data.
    #[inline(never)]
    pub fn update_ad(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.phase != Phase::AdditionalData {
            return Err(Error::BadState);
        }
        let ad = self.seen.ad.checked_add(piece.len()).ok_or(Error::InvalidArgument)?;
        self.see(Lengths { ad, ..self.seen })?;
        match &mut self.core {
            #[cfg(feature = "ccm")]
            Core::Ccm(ccm) => ccm.absorb(piece),
            #[cfg(feature = "gcm")]
            Core::Gcm(gcm) => gcm.absorb(piece),
            #[cfg(feature = "chacha20poly1305")]
            Core::ChaCha20Poly1305(chacha) => chacha.absorb(piece),
        }
        Ok(())
    }

    /// Processes a piece of the text to the start of `out` and returns its size: what goes in comes out at once.
    ///
    /// To decrypt, see the warning of [`Multipart`].
    pub fn update(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let out = out.get_mut(..input.len()).ok_or(Error::BufferTooSmall)?;
        out.iter_mut().zip(input).for_each(|(to, from)| *to = *from);
        self.update_in_place(out).inspect_err(|_| out.zeroize())?;
        Ok(input.len())
    }

    /// The same where it lies; refused, it is as it was.
    #[inline(never)]
    pub fn update_in_place(&mut self, data: &mut [u8]) -> Result<(), Error> {
        self.begin_text()?;
        let text = self.seen.text.checked_add(data.len()).ok_or(Error::InvalidArgument)?;
        self.see(Lengths { text, ..self.seen })?;
        match &mut self.core {
            #[cfg(feature = "ccm")]
            Core::Ccm(ccm) => ccm.crypt(self.direction, data),
            #[cfg(feature = "gcm")]
            Core::Gcm(gcm) => gcm.crypt(self.direction, data),
            #[cfg(feature = "chacha20poly1305")]
            Core::ChaCha20Poly1305(chacha) => chacha.crypt(self.direction, data),
        }
        Ok(())
    }

    /// Ends an encryption and returns the tag.
    pub fn finish(self) -> Result<[u8; TAG], Error> {
        match self.direction {
            Direction::Encrypt => self.tag(),
            Direction::Decrypt => Err(Error::BadState),
        }
    }

    /// Ends a decryption: whether this is the tag, compared in constant time.
    pub fn verify(self, tag: &[u8]) -> Result<(), Error> {
        if self.direction != Direction::Decrypt {
            return Err(Error::BadState);
        }
        if bool::from(self.tag()?.ct_eq(tag)) { Ok(()) } else { Err(Error::InvalidSignature) }
    }

    #[inline(never)]
    fn tag(mut self) -> Result<[u8; TAG], Error> {
        self.begin_text()?;
        if self.announced.is_some_and(|announced| announced != self.seen) {
            return Err(Error::InvalidArgument);
        }
        Ok(match &mut self.core {
            #[cfg(feature = "ccm")]
            Core::Ccm(ccm) => ccm.tag(),
            #[cfg(feature = "gcm")]
            Core::Gcm(gcm) => gcm.tag(self.seen),
            #[cfg(feature = "chacha20poly1305")]
            Core::ChaCha20Poly1305(chacha) => chacha.tag(self.seen),
        })
    }

    /// Ends the additional data, unless that has been done.
    fn begin_text(&mut self) -> Result<(), Error> {
        match self.phase {
            Phase::Nonce => return Err(Error::BadState),
            Phase::Text => return Ok(()),
            Phase::AdditionalData => {}
        }
        if self.announced.is_some_and(|announced| announced.ad != self.seen.ad) {
            return Err(Error::InvalidArgument);
        }
        match &mut self.core {
            #[cfg(feature = "ccm")]
            Core::Ccm(ccm) => ccm.pad(),
            #[cfg(feature = "gcm")]
            Core::Gcm(gcm) => gcm.pad(),
            #[cfg(feature = "chacha20poly1305")]
            Core::ChaCha20Poly1305(chacha) => chacha.pad(),
        }
        self.phase = Phase::Text;
        Ok(())
    }

    /// Counts what came, if it is neither more than was announced nor more than there may be.
    fn see(&mut self, lengths: Lengths) -> Result<(), Error> {
        let good = match self.announced {
            Some(announced) => lengths.ad <= announced.ad && lengths.text <= announced.text,
            None => self.is_possible(lengths),
        };
        if !good {
            return Err(Error::InvalidArgument);
        }
        self.seen = lengths;
        Ok(())
    }

    /// Whether the algorithm takes so much under one nonce. Nothing that fits into a 32-bit memory is too much.
    fn is_possible(&self, lengths: Lengths) -> bool {
        let (ad, text) = (lengths.ad as u64, lengths.text as u64);
        match self.aead {
            // Longer additional data would have another encoding; how long the text may be, the nonce says.
            #[cfg(feature = "ccm")]
            Aead::Ccm => ad < 1 << 32,
            // SP 800-38D §5.2.1.1.
            #[cfg(feature = "gcm")]
            Aead::Gcm => ad < 1 << 61 && text <= (1 << 36) - 32,
            // RFC 8439 §2.8; the first block of the key stream is the key of the MAC.
            #[cfg(feature = "chacha20poly1305")]
            Aead::ChaCha20Poly1305 => text <= (1 << 38) - 64,
        }
    }
}
