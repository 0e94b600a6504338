//! The arithmetic of P-384 (SP 800-186 §3.2.1.4), as `cdd-p256` offers that of its curve.
//!
//! Put together so that little is linked: signing, verifying and agreeing share one multiplication, and a point comes
//! from its coordinates, for decoding by `elliptic-curve` would link the square roots of both fields.
//!
//! SFR: cryptographic-operation.

use ::p384::{AffinePoint, FieldBytes, NistP384, NonZeroScalar, ProjectivePoint, Scalar};
use ecdsa::elliptic_curve::Group as _;
use ecdsa::elliptic_curve::ff::PrimeField as _;
use ecdsa::elliptic_curve::ops::{Invert as _, Reduce as _};
use ecdsa::elliptic_curve::point::AffineCoordinates as _;
use ecdsa::{Signature, hazmat};
use zeroize::{Zeroize, Zeroizing};

/// Size of a number in bytes.
const SIZE: usize = 48;

/// A scalar from 1 to below the order; wiped when dropped.
fn scalar(bytes: &[u8]) -> Option<Zeroizing<NonZeroScalar>> {
    let mut bytes = FieldBytes::try_from(bytes).ok()?;
    let scalar = NonZeroScalar::from_repr(bytes).into_option();
    bytes.zeroize();
    scalar.map(Zeroizing::new)
}

#[inline(never)]
fn point(coordinates: &[u8]) -> Option<ProjectivePoint> {
    let (x, y) = coordinates.split_at_checked(SIZE)?;
    let (x, y) = (FieldBytes::try_from(x).ok()?, FieldBytes::try_from(y).ok()?);
    AffinePoint::from_coordinates(&x, &y).into_option().map(Into::into)
}

pub(crate) fn is_private(key: &[u8]) -> bool {
    scalar(key).is_some()
}

pub(crate) fn is_public(coordinates: &[u8]) -> bool {
    point(coordinates).is_some()
}

pub(crate) fn public_key(private: &[u8]) -> Option<[u8; 2 * SIZE]> {
    let point = ProjectivePoint::mul_by_generator(&**scalar(private)?).to_affine();
    let mut out = [0; 2 * SIZE];
    out.iter_mut().zip(point.x().iter().chain(&point.y())).for_each(|(to, from)| *to = *from);
    Some(out)
}

/// `None` if the nonce is unsuitable.
pub(crate) fn sign(private: &[u8], digest: &[u8], nonce: &[u8]) -> Option<[u8; 2 * SIZE]> {
    let (private, nonce) = (scalar(private)?, scalar(nonce)?);
    let (signature, _) =
        hazmat::sign_prehashed::<NistP384>(&private, &nonce, &FieldBytes::from(reduce(digest))).ok()?;
    Some(signature.to_bytes().into())
}

pub(crate) fn verify(public: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let (Some(point), Ok(signature)) = (point(public), Signature::<NistP384>::from_slice(signature)) else {
        return false;
    };
    let (r, s) = signature.split_scalars();
    // FIPS 186-5 §6.4.2, by the multiplications that signing links anyway: the variable-time ones of
    // `ecdsa::hazmat` would be a second set.
    let s_inverse = *s.invert();
    let by_generator = ProjectivePoint::mul_by_generator(&(number(digest) * s_inverse));
    let sum = (by_generator + point * (*r * s_inverse)).to_affine();
    // A sum at infinity has x = 0, which no r is.
    number(&sum.x()) == *r
}

pub(crate) fn agree(private: &[u8], peer: &[u8]) -> Option<Zeroizing<[u8; SIZE]>> {
    // Neither is zero and the order is prime, so the product is not the point at infinity.
    let mut shared = (point(peer)? * **scalar(private)?).to_affine();
    let mut x = shared.x();
    let secret = Zeroizing::new(x.into());
    shared.zeroize();
    x.zeroize();
    Some(secret)
}

/// A hash of 48 bytes modulo the order.
pub(crate) fn reduce(digest: &[u8]) -> [u8; SIZE] {
    number(digest).to_repr().into()
}

fn number(bytes: &[u8]) -> Scalar {
    let bytes = FieldBytes::try_from(bytes).unwrap_or_default();
    Scalar::reduce(&bytes)
}
