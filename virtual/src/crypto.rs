//! The cryptography that boot uses in this process.

use cdd_boot::Crypto;
use cdd_image::{RustCrypto, Verifier};

/// The genuine one: the same algorithms as in the boot ROM.
#[derive(Debug, Clone, Copy)]
pub struct HostCrypto;

impl Verifier for HostCrypto {
    fn sha256(data: &[&[u8]]) -> [u8; 32] {
        RustCrypto::sha256(data)
    }

    fn verify_p256(point: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        RustCrypto::verify_p256(point, digest, signature)
    }

    fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        RustCrypto::verify_ed25519(key, message, signature)
    }
}

impl Crypto for HostCrypto {
    fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        *cdd_crypto::mac::hmac_sha256(key, parts)
    }
}

/// A planted defect: every signature counts as valid. A campaign that does not notice it is blind.
///
/// Only [`crate::batch`] can be told to use it, and nothing that it decides is ever executed.
#[derive(Debug, Clone, Copy)]
pub struct AcceptAnySignature;

impl Verifier for AcceptAnySignature {
    fn sha256(data: &[&[u8]]) -> [u8; 32] {
        HostCrypto::sha256(data)
    }

    fn verify_p256(_: &[u8; 64], _: &[u8; 32], _: &[u8; 64]) -> bool {
        true
    }

    fn verify_ed25519(_: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }
}

impl Crypto for AcceptAnySignature {
    fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        HostCrypto::hmac_sha256(key, parts)
    }
}
