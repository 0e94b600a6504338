//! Operations in one call: PSA Crypto API §10.

use super::keys::attributes;
use super::{APPLICATION, Crypto, number_fits, status};
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_gate::{ATTRIBUTES_BYTES, Status};
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::Derivation;

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn mac_compute<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        message: Input,
        mac: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let message = input.take(memory, message)?;
            let out = output.for_output(mac.capacity());
            let size =
                keystore.mac_compute(&mut env, APPLICATION, key, algorithm, message, out).map_err(status)?;
            mac.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn mac_verify<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        message: Input,
        mac: Input,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, .. }| {
            let (message, mac) = (input.take(memory, message)?, input.take(memory, mac)?);
            keystore.mac_verify(&mut env, APPLICATION, key, algorithm, message, mac).map_err(status)
        })
    }

    pub(crate) fn cipher_encrypt<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        plaintext: Input,
        ciphertext: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let plaintext = input.take(memory, plaintext)?;
            let out = output.for_output(ciphertext.capacity());
            let size = keystore
                .cipher_encrypt(&mut env, APPLICATION, key, algorithm, plaintext, out)
                .map_err(status)?;
            ciphertext.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn cipher_decrypt<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        ciphertext: Input,
        plaintext: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let ciphertext = input.take(memory, ciphertext)?;
            let out = output.for_output(plaintext.capacity());
            let size = keystore
                .cipher_decrypt(&mut env, APPLICATION, key, algorithm, ciphertext, out)
                .map_err(status)?;
            plaintext.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    #[allow(clippy::too_many_arguments)] // Those of PSA.
    pub(crate) fn aead_encrypt<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        nonce: Input,
        additional: Input,
        plaintext: Input,
        ciphertext: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let nonce = input.take(memory, nonce)?;
            let additional = input.take(memory, additional)?;
            let plaintext = input.take(memory, plaintext)?;
            let out = output.for_output(ciphertext.capacity());
            let size = keystore
                .aead_encrypt(&mut env, APPLICATION, key, algorithm, nonce, additional, plaintext, out)
                .map_err(status)?;
            ciphertext.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    #[allow(clippy::too_many_arguments)] // Those of PSA.
    pub(crate) fn aead_decrypt<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        nonce: Input,
        additional: Input,
        ciphertext: Input,
        plaintext: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let nonce = input.take(memory, nonce)?;
            let additional = input.take(memory, additional)?;
            let ciphertext = input.take(memory, ciphertext)?;
            let out = output.for_output(plaintext.capacity());
            let size = keystore
                .aead_decrypt(&mut env, APPLICATION, key, algorithm, nonce, additional, ciphertext, out)
                .map_err(status)?;
            plaintext.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn sign_message<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        message: Input,
        signature: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            // All of it first: Ed25519 reads a message twice, and it must be the same both times.
            let message = input.take(memory, message)?;
            let out = output.for_output(signature.capacity());
            let size =
                keystore.sign_message(&mut env, APPLICATION, key, algorithm, message, out).map_err(status)?;
            signature.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn verify_message<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        message: Input,
        signature: Input,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, .. }| {
            let (message, signature) = (input.take(memory, message)?, input.take(memory, signature)?);
            keystore.verify_message(&mut env, APPLICATION, key, algorithm, message, signature).map_err(status)
        })
    }

    pub(crate) fn sign_hash<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        hash: Input,
        signature: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let hash = input.take(memory, hash)?;
            let out = output.for_output(signature.capacity());
            let size =
                keystore.sign_hash(&mut env, APPLICATION, key, algorithm, hash, out).map_err(status)?;
            signature.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn verify_hash<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        hash: Input,
        signature: Input,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, .. }| {
            let (hash, signature) = (input.take(memory, hash)?, input.take(memory, signature)?);
            keystore.verify_hash(&mut env, APPLICATION, key, algorithm, hash, signature).map_err(status)
        })
    }

    pub(crate) fn raw_key_agreement<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        algorithm: u32,
        key: u32,
        peer: Input,
        secret: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let peer = input.take(memory, peer)?;
            let out = output.for_output(secret.capacity());
            let size = keystore
                .raw_key_agreement(&mut env, APPLICATION, key, algorithm, peer, out)
                .map_err(status)?;
            secret.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    pub(crate) fn key_agreement<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        algorithm: u32,
        key: u32,
        peer: Input,
        record: Input,
        made: &mut Output,
    ) -> Result<(), Status> {
        number_fits(made)?;
        let number = self.crypto(|Crypto { keystore, mut env, mut input, .. }| {
            let peer = input.take(memory, peer)?;
            let wanted = attributes(input.take(memory, record)?)?;
            keystore.key_agreement(&mut env, APPLICATION, key, algorithm, peer, &wanted).map_err(status)
        })?;
        Self::write_number(memory, made, number)
    }

    #[allow(clippy::too_many_arguments)] // Those of PSA.
    pub(crate) fn derive_bytes<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        salt: Input,
        info: Input,
        peer: Input,
        bytes: &mut Output,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, mut input, mut output }| {
            let salt = input.take(memory, salt)?;
            let info = input.take(memory, info)?;
            let peer = input.take(memory, peer)?;
            let out = output.bytes(bytes.capacity())?;
            let derivation = Derivation { algorithm, salt, info, peer };
            keystore.derive_bytes(&mut env, APPLICATION, key, &derivation, out).map_err(status)?;
            bytes.write(memory, out)
        })
    }

    #[allow(clippy::too_many_arguments)] // Those of PSA.
    pub(crate) fn derive_key<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        salt: Input,
        info: Input,
        request: Input,
        made: &mut Output,
    ) -> Result<(), Status> {
        number_fits(made)?;
        let number = self.crypto(|Crypto { keystore, mut env, mut input, .. }| {
            let salt = input.take(memory, salt)?;
            let info = input.take(memory, info)?;
            let request = input.take(memory, request)?;
            let (record, peer) = request.split_at_checked(ATTRIBUTES_BYTES).ok_or(Status::InvalidArgument)?;
            let wanted = attributes(record)?;
            let derivation = Derivation { algorithm, salt, info, peer };
            keystore.derive_key(&mut env, APPLICATION, key, &derivation, &wanted).map_err(status)
        })?;
        Self::write_number(memory, made, number)
    }
}
