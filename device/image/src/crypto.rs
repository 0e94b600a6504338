//! The host's cryptography: RustCrypto and dalek.

use crate::Verifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256};

/// Verifies with the RustCrypto and dalek crates.
#[derive(Debug, Clone, Copy)]
pub struct RustCrypto;

impl Verifier for RustCrypto {
    fn sha256(data: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        data.iter().for_each(|piece| hash.update(piece));
        hash.finalize().into()
    }

    fn verify_p256(point: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        let mut sec1 = [0x04; 65];
        sec1[1..].copy_from_slice(point);
        let Ok(key) = p256::ecdsa::VerifyingKey::from_sec1_bytes(&sec1) else { return false };
        let Ok(signature) = p256::ecdsa::Signature::from_slice(signature) else { return false };
        key.verify_prehash(digest, &signature).is_ok()
    }

    fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        // Strict: refuses keys of small order, for which one signature fits many messages.
        ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| {
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
        })
    }
}
