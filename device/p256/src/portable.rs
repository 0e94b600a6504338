//! By RustCrypto's `p256`.

use ecdsa::hazmat::sign_prehashed;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::Group as _;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{AffinePoint, FieldBytes, NistP256, NonZeroScalar, ProjectivePoint};
use zeroize::{Zeroize, Zeroizing};

/// A scalar from 1 to below the order; wiped when dropped.
fn scalar(bytes: &[u8; 32]) -> Option<Zeroizing<NonZeroScalar>> {
    let mut bytes = FieldBytes::from(*bytes);
    let scalar = NonZeroScalar::from_repr(bytes).into_option();
    bytes.zeroize();
    scalar.map(Zeroizing::new)
}

fn point(bytes: &[u8; 64]) -> Option<AffinePoint> {
    let (x, y) = bytes.split_at(32);
    AffinePoint::from_coordinates(&x.try_into().ok()?, &y.try_into().ok()?).into_option()
}

pub(crate) fn is_private(key: &[u8; 32]) -> bool {
    scalar(key).is_some()
}

pub(crate) fn is_public(bytes: &[u8; 64]) -> bool {
    point(bytes).is_some()
}

pub(crate) fn public_key(private: &[u8; 32]) -> Option<[u8; 64]> {
    let point = ProjectivePoint::mul_by_generator(&**scalar(private)?).to_affine();
    let mut out = [0; 64];
    out.iter_mut().zip(point.x().iter().chain(&point.y())).for_each(|(to, from)| *to = *from);
    Some(out)
}

pub(crate) fn sign(private: &[u8; 32], reduced: &[u8; 32], nonce: &[u8; 32]) -> Option<[u8; 64]> {
    let (private, nonce) = (scalar(private)?, scalar(nonce)?);
    let (signature, _) = sign_prehashed::<NistP256>(&private, &nonce, &FieldBytes::from(*reduced)).ok()?;
    Some(signature.to_bytes().into())
}

pub(crate) fn verify(public: &[u8; 64], reduced: &[u8; 32], signature: &[u8; 64]) -> bool {
    let key = point(public).and_then(|point| VerifyingKey::from_affine(point).ok());
    match (key, Signature::from_slice(signature)) {
        (Some(key), Ok(signature)) => key.verify_prehash(reduced, &signature).is_ok(),
        _ => false,
    }
}

pub(crate) fn agree(private: &[u8; 32], peer: &[u8; 64]) -> Option<Zeroizing<[u8; 32]>> {
    let peer = ProjectivePoint::from(point(peer)?);
    // Neither is zero and the order is prime, so the product is not the point at infinity.
    let mut shared = (peer * **scalar(private)?).to_affine();
    let mut x = shared.x();
    let secret = Zeroizing::new(x.into());
    shared.zeroize();
    x.zeroize();
    Some(secret)
}
