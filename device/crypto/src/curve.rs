//! The NIST curves P-256 and P-384: ECDSA (FIPS 186-5) and, on P-256, Diffie-Hellman (SP 800-56A).
//!
//! Private keys are big-endian scalars, public keys uncompressed points (SEC 1 §2.3.3), signatures r ‖ s: the
//! formats of the PSA Crypto API.

use crate::Error;
use crate::digest::{Hash, MAX_SIZE};
use crate::mac::Hmac;
use ecdsa::elliptic_curve::array::ArraySize;
use ecdsa::elliptic_curve::ff::PrimeField;
use ecdsa::elliptic_curve::group::{Curve as _, Group as _};
use ecdsa::elliptic_curve::ops::{Invert, Reduce};
use ecdsa::elliptic_curve::point::AffineCoordinates;
use ecdsa::elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, NonZeroScalar, ProjectivePoint, Scalar,
};
use ecdsa::{EcdsaCurve, Signature, SignatureSize, hazmat};
use zeroize::{Zeroize, Zeroizing};

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

/// Calls a function that is generic over the curve.
macro_rules! on {
    ($curve:expr, $function:ident $arguments:tt) => {
        match $curve {
            #[cfg(feature = "p256")]
            Curve::P256 => $function::<p256::NistP256> $arguments,
            #[cfg(feature = "p384")]
            Curve::P384 => $function::<p384::NistP384> $arguments,
        }
    };
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
        fn check<C: Nist>(key: &[u8]) -> bool {
            private::<C>(key).map(|mut scalar| scalar.zeroize()).is_ok()
        }
        on!(self, check(key))
    }

    /// Whether this is a public key: an uncompressed point on the curve.
    pub fn is_public(self, key: &[u8]) -> bool {
        fn check<C: Nist>(key: &[u8]) -> bool {
            public::<C>(key).is_ok()
        }
        on!(self, check(key))
    }

    /// Writes the public key of a private one to the start of `out` and returns its size.
    pub fn public_key(self, key: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        on!(self, public_key(key, out))
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
        on!(self, sign(hash, key, digest, extra, out))
    }

    /// Verifies the signature of the hash of a message under an uncompressed public key.
    pub fn verify(self, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), Error> {
        on!(self, verify(key, digest, signature))
    }

    /// Diffie-Hellman: writes the x-coordinate of the shared point to the start of `out` and returns its size.
    ///
    /// A peer's key that is not a point on the curve is refused as an invalid argument.
    pub fn agree(self, key: &[u8], peer: &[u8], out: &mut [u8]) -> Result<usize, Error> {
        on!(self, agree(key, peer, out))
    }
}

/// What all our curves are.
trait Nist: EcdsaCurve + CurveArithmetic {}

impl<C: EcdsaCurve + CurveArithmetic> Nist for C {}

fn private<C: Nist>(key: &[u8]) -> Result<NonZeroScalar<C>, Error> {
    let mut bytes = FieldBytes::<C>::try_from(key).map_err(|_| Error::InvalidArgument)?;
    let scalar = NonZeroScalar::<C>::from_repr(bytes).into_option();
    bytes.zeroize();
    scalar.ok_or(Error::InvalidArgument)
}

/// The point of an uncompressed encoding, the only one that PSA knows; it must be on the curve.
///
/// Put together from its coordinates: decoding by `elliptic-curve` would link the square roots of both fields.
#[inline(never)]
fn public<C: Nist>(key: &[u8]) -> Result<ProjectivePoint<C>, Error> {
    let (tag, coordinates) = key.split_first().ok_or(Error::InvalidArgument)?;
    let (x, y) = coordinates.split_at_checked(coordinates.len() / 2).ok_or(Error::InvalidArgument)?;
    let x = FieldBytes::<C>::try_from(x).map_err(|_| Error::InvalidArgument)?;
    let y = FieldBytes::<C>::try_from(y).map_err(|_| Error::InvalidArgument)?;
    let point = AffinePoint::<C>::from_coordinates(&x, &y).into_option();
    match (tag, point) {
        (4, Some(point)) => Ok(point.into()),
        _ => Err(Error::InvalidArgument),
    }
}

fn public_key<C: Nist>(key: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let mut scalar = private::<C>(key)?;
    let point = ProjectivePoint::<C>::mul_by_generator(&*scalar).to_affine();
    scalar.zeroize();
    let (x, y) = (point.x(), point.y());
    let size = 1 + x.len() + y.len();
    let to = out.get_mut(..size).ok_or(Error::BufferTooSmall)?;
    to.iter_mut().zip([4].iter().chain(&x).chain(&y)).for_each(|(to, from)| *to = *from);
    Ok(size)
}

fn sign<C: Nist>(hash: Hash, key: &[u8], digest: &[u8], extra: &[u8], out: &mut [u8]) -> Result<usize, Error>
where
    SignatureSize<C>: ArraySize,
{
    if out.len() < 2 * key.len() {
        return Err(Error::BufferTooSmall);
    }
    let mut scalar = private::<C>(key)?;
    let reduced = reduce::<C>(digest).to_repr();
    let mut nonces = Nonces::new(hash, key, &reduced, extra);
    let mut candidate = Zeroizing::new([0u8; MAX_PRIVATE]);
    // An unsuitable candidate has a probability of 2⁻³² on P-256 and less on P-384.
    for _ in 0..8 {
        let candidate = candidate.get_mut(..key.len()).unwrap_or_default();
        nonces.next(candidate);
        let Ok(mut k) = private::<C>(candidate) else { continue };
        let signature = hazmat::sign_prehashed::<C>(&scalar, &k, &reduced);
        k.zeroize();
        if let Ok((signature, _)) = signature {
            scalar.zeroize();
            return put(&signature.to_bytes(), out);
        }
    }
    scalar.zeroize();
    Err(Error::CorruptionDetected)
}

fn verify<C: Nist>(key: &[u8], digest: &[u8], signature: &[u8]) -> Result<(), Error>
where
    SignatureSize<C>: ArraySize,
{
    let point = public::<C>(key)?;
    let signature = Signature::<C>::from_slice(signature).map_err(|_| Error::InvalidSignature)?;
    let (r, s) = signature.split_scalars();
    // FIPS 186-5 §6.4.2, by the multiplications that signing and agreeing link anyway: the variable-time ones
    // of `ecdsa::hazmat` would be a second set for each curve.
    let s_inverse = *s.invert();
    let by_generator = ProjectivePoint::<C>::mul_by_generator(&(reduce::<C>(digest) * s_inverse));
    let sum = (by_generator + point * (*r * s_inverse)).to_affine();
    // A sum at infinity has x = 0, which no r is.
    if reduce::<C>(&sum.x()) == *r { Ok(()) } else { Err(Error::InvalidSignature) }
}

fn agree<C: Nist>(key: &[u8], peer: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let point = public::<C>(peer)?;
    let mut scalar = private::<C>(key)?;
    // Neither is zero and the order is prime, so the product is not the point at infinity.
    let mut shared = (point * *scalar).to_affine();
    let mut x = shared.x();
    let written = put(&x, out);
    scalar.zeroize();
    shared.zeroize();
    x.zeroize();
    written
}

/// The leftmost bits of a hash as a number modulo the order (bits2int of RFC 6979 §2.3.2, then reduced).
fn reduce<C: Nist>(digest: &[u8]) -> Scalar<C> {
    let mut bytes = FieldBytes::<C>::default();
    let skip = bytes.len().saturating_sub(digest.len());
    bytes.iter_mut().skip(skip).zip(digest).for_each(|(to, from)| *to = *from);
    <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&bytes)
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

fn put(from: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let to = out.get_mut(..from.len()).ok_or(Error::BufferTooSmall)?;
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Ok(from.len())
}
