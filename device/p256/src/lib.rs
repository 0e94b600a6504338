//! The NIST curve P-256 (SP 800-186 §3.2.1.3): ECDSA (FIPS 186-5) and Diffie-Hellman (SP 800-56A).
//!
//! May use nothing of ours; used by `cdd-crypto` and by the boot code. Two implementations of the same five
//! operations: on the device assembly (feature `assembly`, crate `p256-cortex-m4-sys`), elsewhere the portable
//! `p256`, which the feature `portable` takes to the device too. Tests hold both against the same answers.
//!
//! - Private keys, nonces and hashes are 32 bytes, big-endian; public keys x ‖ y; signatures r ‖ s.
//! - A caller need check nothing: a scalar must be from 1 to below the order, a point on the curve, and what is
//!   not is refused here.
//! - What the functions themselves hold of a secret is wiped. The registers and the stack below them are not: the
//!   board clears those before anyone else runs.
//!
//! This crate holds `unsafe` for the calls into the assembly, all in `assembly.rs`.
//!
//! SFR: cryptographic-operation, secure-initialization-of-platform.

#![no_std]
#![cfg_attr(not(all(target_arch = "arm", target_os = "none", feature = "assembly")), forbid(unsafe_code))]

#[cfg(all(target_arch = "arm", target_os = "none", feature = "assembly"))]
mod assembly;
#[cfg(all(target_arch = "arm", target_os = "none", feature = "assembly"))]
use assembly as implementation;

#[cfg(not(all(target_arch = "arm", target_os = "none", feature = "assembly")))]
mod portable;
#[cfg(not(all(target_arch = "arm", target_os = "none", feature = "assembly")))]
use portable as implementation;

use zeroize::Zeroizing;

/// The order of the group, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Whether these bytes are a private key: a number from 1 to below the order.
#[inline(never)]
pub fn is_private(key: &[u8; 32]) -> bool {
    implementation::is_private(key)
}

/// Whether these are the coordinates of a point on the curve.
#[inline(never)]
pub fn is_public(point: &[u8; 64]) -> bool {
    implementation::is_public(point)
}

/// The public key of a private one; `None` if that is none.
#[inline(never)]
pub fn public_key(private: &[u8; 32]) -> Option<[u8; 64]> {
    implementation::public_key(private)
}

/// Signs the leftmost 256 bits of a hash with the secret number `nonce`, which must never serve for two hashes:
/// that of RFC 6979 is the caller's business, for it takes a hash function.
///
/// `None` if the key is no private key, or if the nonce is none or unsuitable (probability 2⁻³²).
#[inline(never)]
pub fn sign(private: &[u8; 32], digest: &[u8; 32], nonce: &[u8; 32]) -> Option<[u8; 64]> {
    implementation::sign(private, &reduce(digest), nonce)
}

/// Verifies the signature of the leftmost 256 bits of a hash. The arguments are public: takes variable time.
#[inline(never)]
pub fn verify(public: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    implementation::verify(public, &reduce(digest), signature)
}

/// Diffie-Hellman: the x-coordinate of the shared point; `None` if the key is no private key or the peer's not a
/// point on the curve.
#[inline(never)]
pub fn agree(private: &[u8; 32], peer: &[u8; 64]) -> Option<Zeroizing<[u8; 32]>> {
    implementation::agree(private, peer)
}

/// A hash modulo the order (`bits2octets` of RFC 6979 §2.3.4), in constant time.
pub fn reduce(digest: &[u8; 32]) -> [u8; 32] {
    let mut less = [0; 32];
    let mut borrow = 0i16;
    // Twice the order is above 2²⁵⁶, so one subtraction is enough.
    for (to, (from, order)) in less.iter_mut().zip(digest.iter().zip(&ORDER)).rev() {
        let difference = i16::from(*from) - i16::from(*order) + borrow;
        *to = difference as u8;
        borrow = difference >> 8;
    }
    let keep = borrow as u8;
    less.iter_mut().zip(digest).for_each(|(to, from)| *to = (*to & !keep) | (from & keep));
    less
}
