//! The cryptography that the platform does itself, over the primitives of RustCrypto.
//!
//! - [`digest`]: SHA-256, SHA-384 and SHA-512 (FIPS 180-4);
//! - [`mac`]: HMAC-SHA-256 (FIPS 198-1);
//! - [`health`]: the continuous and start-up tests on a noise source (SP 800-90B §4);
//! - [`drbg`]: HMAC_DRBG with SHA-256 (SP 800-90A Rev. 1 §10.1.2);
//! - [`random`]: the three above composed into the random numbers of the device.
//!
//! What a caller may assume: no heap, no panic, every secret state wiped when dropped, and after an
//! entropy fault not one more byte of output. What it may not: that the stack stays clean. `hmac` builds
//! the padded key block in a local and a moved state leaves its old copy, so a board keeps the stack of
//! whoever calls this as secret as the keys.
//!
//! For a small device build with `--cfg sha2_backend_soft="compact"`: the unrolled compression functions
//! take 34 KiB on a Cortex-M33, the compact ones 1.3 KiB.

#![no_std]
#![forbid(unsafe_code)]

pub mod digest;
pub mod drbg;
pub mod health;
pub mod mac;
pub mod random;

pub use health::EntropyFault;
pub use random::{Random, RandomState};
