//! Keys that are gone with a reset, and keys that last.

use crate::psa::{self, kind};
use crate::{Bench, Marks, SHORT};
use cdd_client::{Entry, Status};

/// Number of the key that lasts.
const ID: u32 = 7;

impl<E: Entry, M: Marks> Bench<E, M> {
    pub(crate) fn key_calls(&mut self) -> Result<(), Status> {
        let volatile = psa::volatile(kind::AES, 128, psa::CCM);
        let key = self.count("key-import-volatile", |l| l.platform.import(&volatile, &l.message[..16]))?;
        self.pass(|l| l.platform.attributes(key))?;
        self.count("key-export-volatile", |l| l.platform.export_key(key, &mut l.out[..16]))?;
        let copied = volatile.to_bytes();
        self.pass(|l| l.platform.copy_key(key, &copied, &mut l.out[..4]))?;
        self.count("key-destroy-volatile", |l| l.platform.destroy_key(key))?;

        let persistent = psa::persistent(kind::AES, 128, psa::CCM, ID);
        self.count("key-import-persistent", |l| l.platform.import(&persistent, &l.message[..16]))?;
        self.count("key-export-persistent", |l| l.platform.export_key(ID, &mut l.out[..16]))?;
        self.pass(|l| l.platform.attributes(ID))?;
        self.count("key-use-persistent", |l| {
            let nonce = &l.message[..12];
            l.platform.aead_encrypt(ID, psa::CCM, nonce, &[], &l.message[..SHORT], &mut l.out[..SHORT + 16])
        })?;
        self.count("key-destroy-persistent", |l| l.platform.destroy_key(ID))?;

        // The deepest that keys go: made, sealed and stored in one call; loaded, opened and computed with in another.
        let persistent = psa::persistent(kind::SECP_R1, 384, psa::DETERMINISTIC_ECDSA_SHA_384, ID);
        self.pass(|l| l.platform.generate(&persistent))?;
        self.pass(|l| l.platform.export_public_key(ID, &mut l.out[..97]))?;
        let mut signature = [0; 96];
        self.pass(|l| {
            let hash = &l.message[..48];
            l.platform.sign_hash(ID, psa::DETERMINISTIC_ECDSA_SHA_384, hash, &mut signature)
        })?;
        self.pass(|l| {
            let hash = &l.message[..48];
            l.platform.verify_hash(ID, psa::DETERMINISTIC_ECDSA_SHA_384, hash, &signature)
        })?;
        self.pass(|l| {
            let message = &l.message[..SHORT];
            l.platform.sign_message(ID, psa::DETERMINISTIC_ECDSA_SHA_384, message, &mut signature)
        })?;
        self.pass(|l| {
            let message = &l.message[..SHORT];
            l.platform.verify_message(ID, psa::DETERMINISTIC_ECDSA_SHA_384, message, &signature)
        })?;
        self.pass(|l| l.platform.destroy_key(ID))?;
        Ok(())
    }
}
