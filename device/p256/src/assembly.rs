//! By E. Lengren's assembly for Armv7E-M, which runs on Armv8-M Mainline: constant time wherever a private key is
//! used, on a core without a data cache. Its numbers are eight words, the least significant first.
//!
//! SFR: cryptographic-operation, secure-initialization-of-platform.

use p256_cortex_m4_sys as sys;
use zeroize::Zeroizing;

type Words = [u32; 8];

/// The words of a big-endian number.
fn words(bytes: &[u8]) -> Words {
    let mut words = [0; 8];
    let (chunks, _) = bytes.as_chunks::<4>();
    words.iter_mut().zip(chunks.iter().rev()).for_each(|(to, from)| *to = u32::from_be_bytes(*from));
    words
}

/// The same for a secret.
fn secret(bytes: &[u8; 32]) -> Zeroizing<Words> {
    Zeroizing::new(words(bytes))
}

/// A private key or nonce; `None` if it is not from 1 to below the order.
fn scalar(bytes: &[u8; 32]) -> Option<Zeroizing<Words>> {
    let scalar = secret(bytes);
    // SAFETY: reads eight words, which `scalar` is, and writes nothing.
    unsafe { sys::P256_check_range_n(scalar.as_ptr()) }.then_some(scalar)
}

/// Both halves of a point or signature.
fn pair(bytes: &[u8; 64]) -> (Words, Words) {
    let (first, second) = bytes.split_at(32);
    (words(first), words(second))
}

/// Both halves as bytes.
fn bytes(first: &Words, second: &Words) -> [u8; 64] {
    let mut out = [0; 64];
    let from = first.iter().rev().chain(second.iter().rev()).flat_map(|word| word.to_be_bytes());
    out.iter_mut().zip(from).for_each(|(to, from)| *to = from);
    out
}

pub(crate) fn is_private(key: &[u8; 32]) -> bool {
    scalar(key).is_some()
}

pub(crate) fn is_public(point: &[u8; 64]) -> bool {
    let mut encoded = [4; 65];
    encoded.iter_mut().skip(1).zip(point).for_each(|(to, from)| *to = *from);
    let (mut x, mut y) = ([0; 8], [0; 8]);
    // SAFETY: reads the 65 bytes of `encoded`, as it is told, and writes eight words to each of `x` and `y`. It
    // takes coordinates below the field's prime and points on the curve only.
    unsafe { sys::p256_octet_string_to_point(x.as_mut_ptr(), y.as_mut_ptr(), encoded.as_ptr(), 65) }
}

pub(crate) fn public_key(private: &[u8; 32]) -> Option<[u8; 64]> {
    let private = scalar(private)?;
    let (mut x, mut y) = ([0; 8], [0; 8]);
    // SAFETY: reads the eight words of `private`, which is in range, and writes eight words to each of `x` and `y`.
    let good = unsafe { sys::p256_keygen(x.as_mut_ptr(), y.as_mut_ptr(), private.as_ptr()) };
    good.then(|| bytes(&x, &y))
}

pub(crate) fn sign(private: &[u8; 32], reduced: &[u8; 32], nonce: &[u8; 32]) -> Option<[u8; 64]> {
    let (private, nonce) = (scalar(private)?, scalar(nonce)?);
    let (mut r, mut s) = ([0; 8], [0; 8]);
    // SAFETY: reads 32 bytes of `reduced`, as it is told, and eight words of each of `private` and `nonce`; writes
    // eight words to each of `r` and `s`. All are different objects. It wipes its own state between its two steps.
    let good = unsafe {
        let (r, s) = (r.as_mut_ptr(), s.as_mut_ptr());
        sys::p256_sign(r, s, reduced.as_ptr(), 32, private.as_ptr(), nonce.as_ptr())
    };
    good.then(|| bytes(&r, &s))
}

pub(crate) fn verify(public: &[u8; 64], reduced: &[u8; 32], signature: &[u8; 64]) -> bool {
    let ((x, y), (r, s)) = (pair(public), pair(signature));
    // SAFETY: reads four times eight words and, as it is told, 32 bytes of `reduced`; writes nothing. It checks that
    // the point is on the curve and that r and s are in range.
    unsafe { sys::p256_verify(x.as_ptr(), y.as_ptr(), reduced.as_ptr(), 32, r.as_ptr(), s.as_ptr()) }
}

pub(crate) fn agree(private: &[u8; 32], peer: &[u8; 64]) -> Option<Zeroizing<[u8; 32]>> {
    let private = scalar(private)?;
    let (x, y) = pair(peer);
    let mut shared = Zeroizing::new([0; 32]);
    // SAFETY: reads the eight words of each of `private`, `x` and `y`, and writes 32 bytes to `shared`. `private` is
    // in range, which it does not check itself; that the point is on the curve it does.
    let good = unsafe {
        sys::p256_ecdh_calc_shared_secret(shared.as_mut_ptr(), private.as_ptr(), x.as_ptr(), y.as_ptr())
    };
    good.then_some(shared)
}
