//! The NIST curves P-256 and P-384: ECDSA (FIPS 186-5) and, on P-256, Diffie-Hellman (SP 800-56A).
//!
//! Private keys are big-endian scalars, public keys uncompressed points (SEC 1 §2.3.3), signatures r ‖ s: the
//! formats of the PSA Crypto API.
//!
//! SFR: cryptographic-operation.

use crate::Error;
use crate::digest::{Hash, MAX_SIZE};
use crate::mac::Hmac;
use crate::put;
use zeroize::Zeroizing;

/// Size of the longest private key in bytes.
pub const MAX_PRIVATE: usize = 48;
/// Size of the longest public key in bytes.
pub const MAX_PUBLIC: usize = 97;
/// Size of the longest signature in bytes.
pub const MAX_SIGNATURE: usize = 96;

/// A curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256, secp256r1.
    #[cfg(feature = "p256")]
    P256,
    /// NIST P-384, secp384r1.
    #[cfg(feature = "p384")]
    P384,
}

impl Curve {
    /// The curve of this size among `PSA_ECC_FAMILY_SECP_R1`.
    pub const fn from_bits(bits: usize) -> Option<Curve> {
        match bits {
            #[cfg(feature = "p256")]
            256 => Some(Curve::P256),
            #[cfg(feature = "p384")]
            384 => Some(Curve::P384),
            _ => None,
        }
    }

    /// Size of a private key and of a coordinate in bytes.
    pub const fn size(self) -> usize {
        match self {
            #[cfg(feature = "p256")]
            Curve::P256 => 32,
            #[cfg(feature = "p384")]
            Curve::P384 => 48,
        }
    }

    /// Size of a public key in bytes.
    pub const fn public_size(self) -> usize {
        2 * self.size() + 1
    }

    /// Whether this is a private key: a number from 1 to below the order.
    pub fn is_private(self, key: &[u8]) -> bool {
        match self {
            #[cfg(feature = "p256")]
            Curve::P256 => key.try_into().is_ok_and(cdd_p256::is_private),
            #[cfg(feature = "p384")]
            Curve::P384 => crate::p384::is_private(key),
        }
    }

    /// Whether this is a public key: an uncompressed point on the curve.
    pub fn is_public(self, key: &[u8]) -> bool {
        coordinates(key).is_ok_and(|point| match self {
            #[cfg(feature = "p256")]
            Curve::P256 => point.try_into().is_ok_and(cdd_p256::is_public),
            #[cfg(feature = "p384")]
            Curve::P384 => crate::p384::is_public(point),
        })
    }

    /// Writes the public key of a private one to the start of `out` and returns its size.
    pub fn public_key(self, key: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let (tag, point) = out
            .get_mut(..self.public_size())
            .and_then(<[u8]>::split_first_mut)
            .ok_or(Error::BufferTooSmall)?;
        match self {
            #[cfg(feature = "p256")]
            Curve::P256 => {
                let key = key.try_into().map_err(|_| Error::InvalidArgument)?;
                put(&cdd_p256::public_key(key).ok_or(Error::InvalidArgument)?, point)?
            }
            #[cfg(feature = "p384")]
            Curve::P384 => put(&crate::p384::public_key(key).ok_or(Error::InvalidArgument)?, point)?,
        };
        *tag = 4;
        Ok(self.public_size())
    }

    /// Signs the hash of a message; writes the signature to the start of `out` and returns its size.
    ///
    /// The secret number of the signature is that of RFC 6979 with `hash`; `extra` random bytes are mixed in
    /// as its §3.6 has it. So a signature is randomised, and yet safe should the randomness be bad. Without
    /// `extra` it is deterministic.
    pub fn sign(
        self,
        hash: Hash,
        key: &[u8],
        digest: &[u8],
        extra: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let size = self.size();
        let out = out.get_mut(..2 * size).ok_or(Error::BufferTooSmall)?;
        if !self.is_private(key) {
            return Err(Error::InvalidArgument);
        }
        let digest = self.leftmost(digest);
        let digest = digest.get(..size).unwrap_or(&[]);
        let mut reduced = [0; MAX_PRIVATE];
        match self {
            #[cfg(feature = "p256")]
            Curve::P256 => {
                let digest = digest.try_into().map_err(|_| Error::InvalidArgument)?;
                put(&cdd_p256::reduce(digest), &mut reduced)?
            }
            #[cfg(feature = "p384")]
            Curve::P384 => put(&crate::p384::reduce(digest), &mut reduced)?,
        };
        let mut nonces = Nonces::new(hash, key, reduced.get(..size).unwrap_or(&[]), extra);
        let mut nonce = Zeroizing::new([0u8; MAX_PRIVATE]);
        let nonce = nonce.get_mut(..size).unwrap_or_default();
        // An unsuitable candidate has a probability of 2⁻³² on P-256 and less on P-384.
        for _ in 0..8 {
            nonces.next(nonce);
            match self {
                #[cfg(feature = "p256")]
                Curve::P256 => {
                    if let (Ok(key), Ok(digest), Ok(nonce)) =
                        (key.try_into(), digest.try_into(), (&*nonce).try_into())
                        && let Some(signature) = cdd_p256::sign(key, digest, nonce)
                    {
                        return put(&signature, out);
                    }
                }
                #[cfg(feature = "p384")]
                Curve::P384 => {
                    if let Some(signature) = crate::p384::sign(key, digest, nonce) {
                        return put(&signature, out);
                    }
                }
            }
        }
        Err(Error::CorruptionDetected)
    }

    /// Verifies the signature of the hash of a message under an uncompressed public key.
    pub fn verify(self, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        let point = coordinates(key)?;
        if !self.is_public(key) {
            return Err(Error::InvalidArgument);
        }
        let digest = self.leftmost(digest);
        let digest = digest.get(..self.size()).unwrap_or(&[]);
        let good = match self {
            #[cfg(feature = "p256")]
            Curve::P256 => match (point.try_into(), digest.try_into(), signature.try_into()) {
                (Ok(point), Ok(digest), Ok(signature)) => cdd_p256::verify(point, digest, signature),
                _ => false,
            },
            #[cfg(feature = "p384")]
            Curve::P384 => crate::p384::verify(point, digest, signature),
        };
        if good { Ok(()) } else { Err(Error::InvalidSignature) }
    }

    /// Diffie-Hellman: writes the x-coordinate of the shared point to the start of `out` and returns its size.
    ///
    /// A peer's key that is not a point on the curve is refused as an invalid argument.
    pub fn agree(self, key: &[u8], peer: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        let point = coordinates(peer)?;
        match self {
            #[cfg(feature = "p256")]
            Curve::P256 => {
                let key = key.try_into().map_err(|_| Error::InvalidArgument)?;
                let point = point.try_into().map_err(|_| Error::InvalidArgument)?;
                put(&*cdd_p256::agree(key, point).ok_or(Error::InvalidArgument)?, out)
            }
            #[cfg(feature = "p384")]
            Curve::P384 => put(&*crate::p384::agree(key, point).ok_or(Error::InvalidArgument)?, out),
        }
    }

    /// The leftmost bits of a hash, as many as the order has (`bits2int` of RFC 6979 §2.3.2), at the start; those of
    /// a shorter hash are the last ones.
    fn leftmost(self, digest: &[u8]) -> [u8; MAX_PRIVATE] {
        let mut out = [0; MAX_PRIVATE];
        let skip = self.size().saturating_sub(digest.len());
        out.iter_mut().skip(skip).zip(digest).for_each(|(to, from)| *to = *from);
        out
    }
}

/// The coordinates of an uncompressed point, the only encoding that PSA knows.
fn coordinates(key: &[u8]) -> Result<&[u8], Error> {
    match key.split_first() {
        Some((4, point)) => Ok(point),
        _ => Err(Error::InvalidArgument),
    }
}

/// The generator of secret numbers of RFC 6979 §3.2 with the additional data of §3.6; one code for all hashes
/// and curves.
struct Nonces {
    hash: Hash,
    key: Zeroizing<[u8; MAX_SIZE]>,
    value: Zeroizing<[u8; MAX_SIZE]>,
    first: bool,
}

impl Nonces {
    fn new(hash: Hash, private: &[u8], digest: &[u8], extra: &[u8]) -> Nonces {
        let mut nonces = Nonces {
            hash,
            key: Zeroizing::new([0x00; MAX_SIZE]),
            value: Zeroizing::new([0x01; MAX_SIZE]),
            first: true,
        };
        for tag in [&[0x00], &[0x01]] {
            nonces.update(&[tag, private, digest, extra]);
        }
        nonces
    }

    /// *K* = HMAC(*K*, *V* ‖ `data`), *V* = HMAC(*K*, *V*).
    fn update(&mut self, data: &[&[u8]]) {
        let key = self.hmac(data);
        self.key = key;
        self.value = self.hmac(&[]);
    }

    fn hmac(&self, data: &[&[u8]]) -> Zeroizing<[u8; MAX_SIZE]> {
        let size = self.hash.size();
        let mut mac = Hmac::new(self.hash, self.key.get(..size).unwrap_or(&[]));
        mac.update(self.value.get(..size).unwrap_or(&[]));
        data.iter().for_each(|piece| mac.update(piece));
        let mut out = Zeroizing::new([0; MAX_SIZE]);
        mac.finish(&mut out);
        out
    }

    fn next(&mut self, out: &mut [u8]) {
        if !self.first {
            self.update(&[&[0x00]]);
        }
        self.first = false;
        for chunk in out.chunks_mut(self.hash.size()) {
            self.value = self.hmac(&[]);
            chunk.iter_mut().zip(self.value.iter()).for_each(|(to, from)| *to = *from);
        }
    }
}
