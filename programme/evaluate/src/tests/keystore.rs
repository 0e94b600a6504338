//! Keys: how they are made, what they may be used for, where they are, and that they go when they are destroyed.

mod generation;
mod life;
mod policy;
mod secrecy;

use crate::model::Test;
use crate::probe::psa::{Attributes, alg, kind, usage};

/// Tests of how keys are made, of what the key store does with them, and of who gets at them.
pub(super) const TESTS: &[&[Test]] = &[generation::TESTS, life::TESTS, policy::TESTS, secrecy::TESTS];

const HMAC: u32 = alg::hmac(alg::SHA_256);
const ECDSA: u32 = alg::ecdsa(alg::SHA_256);
const HKDF: u32 = alg::hkdf(alg::SHA_256);
const AGREED: u32 = alg::agreement(alg::ECDH, HKDF);

/// Every type and size that can be generated: name, attributes, bytes of the key.
fn offered() -> Vec<(&'static str, Attributes, usize)> {
    let hmac = |hash| Attributes::new(kind::HMAC, usage::ALL, alg::hmac(hash));
    let aes = |algorithm| Attributes::new(kind::AES, usage::ALL, algorithm);
    let ecdsa = |hash| Attributes::new(kind::SECP_R1, usage::ALL, alg::ecdsa(hash));
    vec![
        ("AES-128", aes(alg::GCM).sized(128), 16),
        ("AES-192", aes(alg::CBC_PKCS7).sized(192), 24),
        ("AES-256", aes(alg::CCM).sized(256), 32),
        ("ChaCha20", Attributes::new(kind::CHACHA20, usage::ALL, alg::CHACHA20_POLY1305).sized(256), 32),
        ("HMAC, 128 bits", hmac(alg::SHA_256).sized(128), 16),
        ("HMAC, 1024 bits", hmac(alg::SHA_512).sized(1024), 128),
        ("derivation", Attributes::new(kind::DERIVE, usage::ALL, alg::hkdf(alg::SHA_256)).sized(256), 32),
        ("raw data", Attributes::new(kind::RAW_DATA, usage::ALL, 0).sized(512), 64),
        ("P-256", ecdsa(alg::SHA_256).sized(256), 32),
        ("P-384", ecdsa(alg::SHA_384).sized(384), 48),
        ("X25519", Attributes::new(kind::MONTGOMERY, usage::ALL, alg::ECDH).sized(255), 32),
        ("Ed25519", Attributes::new(kind::TWISTED_EDWARDS, usage::ALL, alg::PURE_EDDSA).sized(255), 32),
    ]
}
