//! Operations in one call: PSA Crypto API §10.
//!
//! Every input is copied in before the key store sees it: Ed25519 reads a message twice, and it must be the same
//! both times.
//!
//! SFR: cryptographic-operation.

use super::APPLICATION;
use super::keys::attributes;
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_gate::{ATTRIBUTES_BYTES, Status};
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Derivation, Error};

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn mac_compute<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        message: Input,
        mac: &mut Output,
    ) -> Result<(), Status> {
        self.produce(memory, [message], mac, |keystore, env, [message], out| {
            keystore.mac_compute(env, APPLICATION, key, algorithm, message, out)
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
        self.accept(memory, [message, mac], |keystore, env, [message, mac]| {
            keystore.mac_verify(env, APPLICATION, key, algorithm, message, mac)
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
        self.produce(memory, [plaintext], ciphertext, |keystore, env, [plaintext], out| {
            keystore.cipher_encrypt(env, APPLICATION, key, algorithm, plaintext, out)
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
        self.produce(memory, [ciphertext], plaintext, |keystore, env, [ciphertext], out| {
            keystore.cipher_decrypt(env, APPLICATION, key, algorithm, ciphertext, out)
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
        self.produce(
            memory,
            [nonce, additional, plaintext],
            ciphertext,
            |keystore, env, [nonce, additional, plaintext], out| {
                keystore.aead_encrypt(env, APPLICATION, key, algorithm, nonce, additional, plaintext, out)
            },
        )
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
        self.produce(
            memory,
            [nonce, additional, ciphertext],
            plaintext,
            |keystore, env, [nonce, additional, ciphertext], out| {
                keystore.aead_decrypt(env, APPLICATION, key, algorithm, nonce, additional, ciphertext, out)
            },
        )
    }

    pub(crate) fn sign_message<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        message: Input,
        signature: &mut Output,
    ) -> Result<(), Status> {
        self.produce(memory, [message], signature, |keystore, env, [message], out| {
            keystore.sign_message(env, APPLICATION, key, algorithm, message, out)
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
        self.accept(memory, [message, signature], |keystore, env, [message, signature]| {
            keystore.verify_message(env, APPLICATION, key, algorithm, message, signature)
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
        self.produce(memory, [hash], signature, |keystore, env, [hash], out| {
            keystore.sign_hash(env, APPLICATION, key, algorithm, hash, out)
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
        self.accept(memory, [hash, signature], |keystore, env, [hash, signature]| {
            keystore.verify_hash(env, APPLICATION, key, algorithm, hash, signature)
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
        self.produce(memory, [peer], secret, |keystore, env, [peer], out| {
            keystore.raw_key_agreement(env, APPLICATION, key, algorithm, peer, out)
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
        self.make(memory, [peer, record], made, |keystore, env, [peer, record]| {
            keystore.key_agreement(env, APPLICATION, key, algorithm, peer, &attributes(record)?)
        })
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
        let wanted = bytes.capacity();
        self.produce(memory, [salt, info, peer], bytes, |keystore, env, [salt, info, peer], out| {
            if out.len() < wanted {
                return Err(Error::InsufficientMemory);
            }
            let derivation = Derivation { algorithm, salt, info, peer };
            keystore.derive_bytes(env, APPLICATION, key, &derivation, out).map(|()| wanted)
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
        self.make(memory, [salt, info, request], made, |keystore, env, [salt, info, request]| {
            let (record, peer) = request.split_at_checked(ATTRIBUTES_BYTES).ok_or(Error::InvalidArgument)?;
            let derivation = Derivation { algorithm, salt, info, peer };
            keystore.derive_key(env, APPLICATION, key, &derivation, &attributes(record)?)
        })
    }
}
