//! The cryptography that the platform does itself, over the primitives of RustCrypto.
//!
//! - [`digest`]: SHA-256, SHA-384 and SHA-512 (FIPS 180-4);
//! - [`mac`]: HMAC (FIPS 198-1), CMAC (SP 800-38B);
//! - [`cipher`]: AES in CBC and counter mode (SP 800-38A);
//! - [`aead`]: AES-CCM, AES-GCM, ChaCha20-Poly1305;
//! - [`curve`]: ECDSA and Diffie-Hellman on P-256 and P-384; [`ed25519`], [`x25519`]; [`sign`] names the algorithms;
//! - [`kdf`]: HKDF (RFC 5869);
//! - [`selftest`]: the known-answer test of each of them, which must pass before the first use;
//! - [`psa`]: the numbers of the PSA Crypto API, and all that can be asked for;
//! - [`health`]: the continuous and start-up tests on a noise source (SP 800-90B §4);
//! - [`drbg`]: HMAC_DRBG with SHA-256 (SP 800-90A Rev. 1 §10.1.2);
//! - [`random`]: the two above composed into the random numbers of the device.
//!
//! What a caller may assume: no heap, no panic, every secret state wiped when dropped, and after an
//! entropy fault not one more byte of output. What it may not: that the stack stays clean. HMAC builds
//! the padded key block in a local and a moved state leaves its old copy, so a board keeps the stack of
//! whoever calls this as secret as the keys.
//!
//! The modules above hold no state and test nothing by themselves: who uses one asks [`SelfTests::require`]
//! first, as `cdd-keystore` does for every call. Keys, policies and open operations are its business too.
//!
//! For a small device build with `--cfg sha2_backend_soft="compact"`: the unrolled compression functions
//! take 34 KiB on a Cortex-M33, the compact ones 1.3 KiB; and with `--cfg aes_backend_soft="compact"`, which saves
//! 2.7 KiB and costs 4 % of the time.
//!
//! SFR: cryptographic-operation, cryptographic-random-number-generation.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(feature = "ccm", feature = "gcm", feature = "chacha20poly1305"))]
pub mod aead;
#[cfg(feature = "aes")]
pub(crate) mod aes;
#[cfg(feature = "cipher")]
pub mod cipher;
#[cfg(feature = "ecdsa")]
pub mod curve;
pub mod digest;
mod direction;
pub mod drbg;
#[cfg(feature = "ed25519")]
pub mod ed25519;
mod error;
pub mod health;
pub mod kdf;
pub mod mac;
#[cfg(feature = "p384")]
pub(crate) mod p384;
pub mod psa;
pub mod random;
pub mod selftest;
pub mod sign;
#[cfg(feature = "x25519")]
pub mod x25519;

pub use direction::Direction;
pub use error::Error;
pub use health::EntropyFault;
pub use random::{Random, RandomState, SecureRandom};
pub use selftest::{Family, SelfTests};

/// Shortest secret key in bytes: nothing below 128 bits of strength can be asked for.
pub const MIN_KEY: usize = 16;

/// Writes `from` to the start of `out` and returns its size; nothing if it does not fit.
pub fn put(from: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let to = out.get_mut(..from.len()).ok_or(Error::BufferTooSmall)?;
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    Ok(from.len())
}
