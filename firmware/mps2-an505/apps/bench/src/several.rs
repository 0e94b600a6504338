//! Operations in several calls: no figures, for each does a part of what the calls in one piece do.

use crate::psa::{self, kind};
use crate::{Bench, Marks, SHORT};
use cdd_client::{Entry, Status, algorithm};

impl<E: Entry, M: Marks> Bench<E, M> {
    pub(crate) fn several_calls(&mut self) -> Result<(), Status> {
        self.hash_operation()?;
        self.mac_operation()?;
        self.cipher_operation()?;
        self.aead_operation(psa::CCM)?;
        self.aead_operation(psa::GCM)?;
        self.aead_operation(psa::CHACHA20_POLY1305)
    }

    /// Begins an operation, with `work`, which writes its number.
    fn operation(
        &mut self,
        work: impl FnOnce(&mut cdd_client::Platform<E>, &mut [u8]) -> Result<usize, Status>,
    ) -> Result<u32, Status> {
        self.pass(|l| {
            let mut number = [0; 4];
            work(l.platform, &mut number)?;
            Ok(u32::from_le_bytes(number))
        })
    }

    fn hash_operation(&mut self) -> Result<(), Status> {
        let mut hash = [0; 64];
        let operation = self.operation(|p, out| p.hash_setup(algorithm::SHA_512, out))?;
        self.pass(|l| l.platform.hash_update(operation, &l.message[..]))?;
        let copy = self.operation(|p, out| p.hash_clone(operation, out))?;
        self.pass(|l| l.platform.hash_finish(operation, &mut hash))?;
        self.pass(|l| l.platform.hash_verify(copy, &hash))?;
        let operation = self.operation(|p, out| p.hash_setup(algorithm::SHA_256, out))?;
        self.pass(|l| l.platform.abort(operation))?;
        Ok(())
    }

    fn mac_operation(&mut self) -> Result<(), Status> {
        for (key_type, bytes, algorithm) in [(kind::HMAC, 32, psa::HMAC_SHA_256), (kind::AES, 16, psa::CMAC)]
        {
            let attributes = psa::volatile(key_type, 0, algorithm);
            let key = self.platform.import(&attributes, &self.message[1..=bytes])?;
            let mut mac = [0; 32];
            let operation = self.operation(|p, out| p.mac_sign_setup(key, algorithm, out))?;
            self.pass(|l| l.platform.mac_update(operation, &l.message[..]))?;
            let size = self.pass(|l| l.platform.mac_sign_finish(operation, &mut mac))?;
            let operation = self.operation(|p, out| p.mac_verify_setup(key, algorithm, out))?;
            self.pass(|l| l.platform.mac_update(operation, &l.message[..]))?;
            self.pass(|l| l.platform.mac_verify_finish(operation, &mac[..size]))?;
            self.platform.destroy_key(key)?;
        }
        Ok(())
    }

    fn cipher_operation(&mut self) -> Result<(), Status> {
        for algorithm in [psa::CTR, psa::CBC_NO_PADDING] {
            let attributes = psa::volatile(kind::AES, 0, algorithm);
            let key = self.platform.import(&attributes, &self.message[1..=32])?;
            let operation = self.operation(|p, out| p.cipher_encrypt_setup(key, algorithm, out))?;
            self.pass(|l| l.platform.cipher_generate_iv(operation, &mut l.out[..16]))?;
            self.pass(|l| l.platform.cipher_update(operation, &l.message[..], &mut l.out[..]))?;
            self.pass(|l| l.platform.cipher_finish(operation, &mut l.out[..16]))?;
            let operation = self.operation(|p, out| p.cipher_decrypt_setup(key, algorithm, out))?;
            self.pass(|l| l.platform.cipher_set_iv(operation, &l.message[..16]))?;
            self.pass(|l| l.platform.cipher_update(operation, &l.message[..], &mut l.out[..]))?;
            self.pass(|l| l.platform.cipher_finish(operation, &mut l.out[..16]))?;
            self.platform.destroy_key(key)?;
        }
        Ok(())
    }

    fn aead_operation(&mut self, algorithm: u32) -> Result<(), Status> {
        let key_type = if algorithm == psa::CHACHA20_POLY1305 { kind::CHACHA20 } else { kind::AES };
        let key = self.platform.import(&psa::volatile(key_type, 0, algorithm), &self.message[1..=32])?;
        let (mut nonce, mut sealed, mut tag) = ([0; 16], [0; SHORT], [0; 16]);
        let operation = self.operation(|p, out| p.aead_encrypt_setup(key, algorithm, out))?;
        self.pass(|l| l.platform.aead_set_lengths(operation, 32, SHORT as u32))?;
        let size = self.pass(|l| l.platform.aead_generate_nonce(operation, &mut nonce))?;
        self.pass(|l| l.platform.aead_update_ad(operation, &l.message[..32]))?;
        let mut filled =
            self.pass(|l| l.platform.aead_update(operation, &l.message[..SHORT], &mut sealed))?;
        filled = filled.min(SHORT);
        self.pass(|l| l.platform.aead_finish(operation, &mut tag))?;
        let operation = self.operation(|p, out| p.aead_decrypt_setup(key, algorithm, out))?;
        self.pass(|l| l.platform.aead_set_lengths(operation, 32, SHORT as u32))?;
        self.pass(|l| l.platform.aead_set_nonce(operation, &nonce[..size]))?;
        self.pass(|l| l.platform.aead_update_ad(operation, &l.message[..32]))?;
        self.pass(|l| l.platform.aead_update(operation, &sealed[..filled], &mut l.out[..SHORT]))?;
        self.pass(|l| l.platform.aead_verify(operation, &tag))?;
        self.platform.destroy_key(key)?;
        Ok(())
    }
}
