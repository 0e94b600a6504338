//! Operations in several calls. Whatever goes wrong in a call on an operation ends it.
//!
//! SFR: cryptographic-operation.

use super::APPLICATION;
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_crypto::cipher::Direction;
use cdd_gate::Status;
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Error, Keystore, OperationId, Owner, status};

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Carries out a call on an operation, and ends the operation when the call goes wrong, wherever it does.
    fn on(
        &mut self,
        operation: u32,
        call: impl FnOnce(&mut Self) -> Result<(), Status>,
    ) -> Result<(), Status> {
        call(self).inspect_err(|_| self.keystore.abort(APPLICATION, operation))
    }

    /// Hands a message of any length to an operation, piece by piece.
    fn feed<M: CallerMemory>(
        &mut self,
        memory: &M,
        operation: u32,
        message: Input,
        step: impl Fn(&mut Keystore, Owner, OperationId, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Status> {
        self.on(operation, |platform| {
            let keystore = &mut platform.keystore;
            // Once with nothing, so that an operation that is over says so whatever the length.
            let mut fed = step(keystore, APPLICATION, operation, &[]);
            message.pieces(memory, |piece| {
                if fed.is_ok() {
                    fed = step(keystore, APPLICATION, operation, piece);
                }
            })?;
            fed.map_err(status)
        })
    }

    /// Hands an input to an operation that must have all of it at once.
    fn hand<M: CallerMemory>(
        &mut self,
        memory: &M,
        operation: u32,
        input: Input,
        step: impl FnOnce(&mut Keystore, Owner, OperationId, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Status> {
        self.on(operation, |platform| {
            platform
                .accept(memory, [input], |keystore, _, [input]| step(keystore, APPLICATION, operation, input))
        })
    }

    /// Hands an input to an operation and gives what it yields to the caller.
    fn exchange<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        input: Input,
        result: &mut Output,
        step: impl FnOnce(&mut Keystore, Owner, OperationId, &[u8], &mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Status> {
        self.on(operation, |platform| {
            platform.produce(memory, [input], result, |keystore, _, [input], out| {
                step(keystore, APPLICATION, operation, input, out)
            })
        })
    }

    /// Gives what an operation yields to the caller.
    fn yields<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        result: &mut Output,
        step: impl FnOnce(&mut Keystore, Owner, OperationId, &mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Status> {
        self.on(operation, |platform| {
            platform.produce(memory, [], result, |keystore, _, [], out| {
                step(keystore, APPLICATION, operation, out)
            })
        })
    }

    pub(crate) fn abort<M: CallerMemory>(&mut self, _: &mut M, operation: u32) -> Result<(), Status> {
        self.keystore.abort(APPLICATION, operation);
        Ok(())
    }

    pub(crate) fn hash_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, _, []| keystore.hash_setup(APPLICATION, algorithm))
    }

    pub(crate) fn hash_clone<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        copy: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], copy, |keystore, _, []| keystore.hash_clone(APPLICATION, operation))
    }

    pub(crate) fn hash_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
    ) -> Result<(), Status> {
        self.feed(memory, operation, piece, Keystore::hash_update)
    }

    pub(crate) fn hash_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        hash: &mut Output,
    ) -> Result<(), Status> {
        self.yields(memory, operation, hash, Keystore::hash_finish)
    }

    pub(crate) fn hash_verify<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        hash: Input,
    ) -> Result<(), Status> {
        self.hand(memory, operation, hash, Keystore::hash_verify)
    }

    pub(crate) fn mac_sign_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, env, []| {
            keystore.mac_sign_setup(env, APPLICATION, key, algorithm)
        })
    }

    pub(crate) fn mac_verify_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, env, []| {
            keystore.mac_verify_setup(env, APPLICATION, key, algorithm)
        })
    }

    pub(crate) fn mac_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
    ) -> Result<(), Status> {
        self.feed(memory, operation, piece, Keystore::mac_update)
    }

    pub(crate) fn mac_sign_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        mac: &mut Output,
    ) -> Result<(), Status> {
        self.yields(memory, operation, mac, Keystore::mac_sign_finish)
    }

    pub(crate) fn mac_verify_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        mac: Input,
    ) -> Result<(), Status> {
        self.hand(memory, operation, mac, Keystore::mac_verify_finish)
    }

    pub(crate) fn cipher_encrypt_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, env, []| {
            keystore.cipher_setup(env, APPLICATION, key, algorithm, Direction::Encrypt)
        })
    }

    pub(crate) fn cipher_decrypt_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, env, []| {
            keystore.cipher_setup(env, APPLICATION, key, algorithm, Direction::Decrypt)
        })
    }

    pub(crate) fn cipher_generate_iv<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        iv: &mut Output,
    ) -> Result<(), Status> {
        self.on(operation, |platform| {
            platform.produce(memory, [], iv, |keystore, env, [], out| {
                keystore.cipher_generate_iv(env, APPLICATION, operation, out)
            })
        })
    }

    pub(crate) fn cipher_set_iv<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        iv: Input,
    ) -> Result<(), Status> {
        self.hand(memory, operation, iv, Keystore::cipher_set_iv)
    }

    pub(crate) fn cipher_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
        result: &mut Output,
    ) -> Result<(), Status> {
        self.exchange(memory, operation, piece, result, Keystore::cipher_update)
    }

    pub(crate) fn cipher_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        result: &mut Output,
    ) -> Result<(), Status> {
        self.yields(memory, operation, result, Keystore::cipher_finish)
    }

    pub(crate) fn aead_encrypt_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, env, []| {
            keystore.aead_encrypt_setup(env, APPLICATION, key, algorithm)
        })
    }

    pub(crate) fn aead_decrypt_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.make(memory, [], operation, |keystore, env, []| {
            keystore.aead_decrypt_setup(env, APPLICATION, key, algorithm)
        })
    }

    pub(crate) fn aead_set_lengths<M: CallerMemory>(
        &mut self,
        _: &mut M,
        operation: u32,
        additional: u32,
        plaintext: u32,
    ) -> Result<(), Status> {
        let (additional, plaintext) = (additional as usize, plaintext as usize);
        self.on(operation, |platform| {
            let set = platform.keystore.aead_set_lengths(APPLICATION, operation, additional, plaintext);
            set.map_err(status)
        })
    }

    pub(crate) fn aead_generate_nonce<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        nonce: &mut Output,
    ) -> Result<(), Status> {
        self.on(operation, |platform| {
            platform.produce(memory, [], nonce, |keystore, env, [], out| {
                keystore.aead_generate_nonce(env, APPLICATION, operation, out)
            })
        })
    }

    pub(crate) fn aead_set_nonce<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        nonce: Input,
    ) -> Result<(), Status> {
        self.hand(memory, operation, nonce, Keystore::aead_set_nonce)
    }

    pub(crate) fn aead_update_ad<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
    ) -> Result<(), Status> {
        self.feed(memory, operation, piece, Keystore::aead_update_ad)
    }

    pub(crate) fn aead_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
        result: &mut Output,
    ) -> Result<(), Status> {
        self.exchange(memory, operation, piece, result, Keystore::aead_update)
    }

    pub(crate) fn aead_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        tag: &mut Output,
    ) -> Result<(), Status> {
        self.yields(memory, operation, tag, Keystore::aead_finish)
    }

    pub(crate) fn aead_verify<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        tag: Input,
    ) -> Result<(), Status> {
        self.hand(memory, operation, tag, Keystore::aead_verify)
    }
}
