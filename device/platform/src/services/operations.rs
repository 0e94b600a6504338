//! Operations in several calls. Whatever goes wrong in a call on an operation ends it.

use super::storage::KeyRecords;
use super::{APPLICATION, Crypto, number_fits, status};
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_crypto::Random;
use cdd_crypto::cipher::Direction;
use cdd_gate::Status;
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Env, Error, Keystore, OperationId};

type Environment<'p, B, S> = Env<'p, KeyRecords<'p, B>, Random<S>>;

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Opens an operation and gives its number to the caller.
    fn open<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: &mut Output,
        set_up: impl FnOnce(&mut Keystore, &mut Environment<'_, B, S>) -> Result<OperationId, Error>,
    ) -> Result<(), Status> {
        number_fits(operation)?;
        let number =
            self.crypto(|Crypto { keystore, mut env, .. }| set_up(keystore, &mut env).map_err(status))?;
        Self::write_number(memory, operation, number)
    }

    /// Ends an operation when a call on it went wrong, wherever it did.
    fn ended<R>(&mut self, operation: u32, outcome: Result<R, Status>) -> Result<R, Status> {
        outcome.inspect_err(|_| self.keystore.abort(APPLICATION, operation))
    }

    /// Hands a message of any length to an operation, piece by piece.
    fn feed<M: CallerMemory>(
        &mut self,
        memory: &M,
        piece: Input,
        mut take: impl FnMut(&mut Keystore, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Status> {
        // Once with nothing, so that an operation that is over says so whatever the length.
        let mut fed = take(&mut self.keystore, &[]);
        piece.pieces(memory, |piece| {
            if fed.is_ok() {
                fed = take(&mut self.keystore, piece);
            }
        })?;
        fed.map_err(status)
    }

    /// Gives an output of an operation to the caller.
    fn give<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        result: &mut Output,
        input: Option<Input>,
        step: impl FnOnce(&mut Keystore, &mut Environment<'_, B, S>, &[u8], &mut [u8]) -> Result<usize, Error>,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, mut env, input: mut area, mut output }| {
            let input = match input {
                Some(input) => area.take(memory, input)?,
                None => &[],
            };
            let out = output.for_output(result.capacity());
            let size = step(keystore, &mut env, input, out).map_err(status)?;
            result.write(memory, out.get(..size).unwrap_or_default())
        })
    }

    /// Takes a short input of an operation.
    fn take_in<M: CallerMemory>(
        &mut self,
        memory: &M,
        input: Input,
        step: impl FnOnce(&mut Keystore, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Status> {
        self.crypto(|Crypto { keystore, input: mut area, .. }| {
            step(keystore, area.take(memory, input)?).map_err(status)
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
        self.open(memory, operation, |keystore, _| keystore.hash_setup(APPLICATION, algorithm))
    }

    pub(crate) fn hash_clone<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        copy: &mut Output,
    ) -> Result<(), Status> {
        self.open(memory, copy, |keystore, _| keystore.hash_clone(APPLICATION, operation))
    }

    pub(crate) fn hash_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
    ) -> Result<(), Status> {
        let outcome =
            self.feed(memory, piece, |keystore, piece| keystore.hash_update(APPLICATION, operation, piece));
        self.ended(operation, outcome)
    }

    pub(crate) fn hash_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        hash: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, hash, None, |keystore, _, _, out| {
            keystore.hash_finish(APPLICATION, operation, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn hash_verify<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        hash: Input,
    ) -> Result<(), Status> {
        let outcome =
            self.take_in(memory, hash, |keystore, hash| keystore.hash_verify(APPLICATION, operation, hash));
        self.ended(operation, outcome)
    }

    pub(crate) fn mac_sign_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.open(memory, operation, |keystore, env| {
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
        self.open(memory, operation, |keystore, env| {
            keystore.mac_verify_setup(env, APPLICATION, key, algorithm)
        })
    }

    pub(crate) fn mac_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
    ) -> Result<(), Status> {
        let outcome =
            self.feed(memory, piece, |keystore, piece| keystore.mac_update(APPLICATION, operation, piece));
        self.ended(operation, outcome)
    }

    pub(crate) fn mac_sign_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        mac: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, mac, None, |keystore, _, _, out| {
            keystore.mac_sign_finish(APPLICATION, operation, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn mac_verify_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        mac: Input,
    ) -> Result<(), Status> {
        let outcome = self
            .take_in(memory, mac, |keystore, mac| keystore.mac_verify_finish(APPLICATION, operation, mac));
        self.ended(operation, outcome)
    }

    pub(crate) fn cipher_encrypt_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.open(memory, operation, |keystore, env| {
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
        self.open(memory, operation, |keystore, env| {
            keystore.cipher_setup(env, APPLICATION, key, algorithm, Direction::Decrypt)
        })
    }

    pub(crate) fn cipher_generate_iv<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        iv: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, iv, None, |keystore, env, _, out| {
            keystore.cipher_generate_iv(env, APPLICATION, operation, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn cipher_set_iv<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        iv: Input,
    ) -> Result<(), Status> {
        let outcome =
            self.take_in(memory, iv, |keystore, iv| keystore.cipher_set_iv(APPLICATION, operation, iv));
        self.ended(operation, outcome)
    }

    pub(crate) fn cipher_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
        result: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, result, Some(piece), |keystore, _, piece, out| {
            keystore.cipher_update(APPLICATION, operation, piece, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn cipher_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        result: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, result, None, |keystore, _, _, out| {
            keystore.cipher_finish(APPLICATION, operation, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn aead_encrypt_setup<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        key: u32,
        algorithm: u32,
        operation: &mut Output,
    ) -> Result<(), Status> {
        self.open(memory, operation, |keystore, env| {
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
        self.open(memory, operation, |keystore, env| {
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
        let lengths = (additional as usize, plaintext as usize);
        self.keystore.aead_set_lengths(APPLICATION, operation, lengths.0, lengths.1).map_err(status)
    }

    pub(crate) fn aead_generate_nonce<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        nonce: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, nonce, None, |keystore, env, _, out| {
            keystore.aead_generate_nonce(env, APPLICATION, operation, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn aead_set_nonce<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        nonce: Input,
    ) -> Result<(), Status> {
        let outcome = self
            .take_in(memory, nonce, |keystore, nonce| keystore.aead_set_nonce(APPLICATION, operation, nonce));
        self.ended(operation, outcome)
    }

    pub(crate) fn aead_update_ad<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
    ) -> Result<(), Status> {
        let outcome = self
            .feed(memory, piece, |keystore, piece| keystore.aead_update_ad(APPLICATION, operation, piece));
        self.ended(operation, outcome)
    }

    pub(crate) fn aead_update<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        piece: Input,
        result: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self.give(memory, result, Some(piece), |keystore, _, piece, out| {
            keystore.aead_update(APPLICATION, operation, piece, out)
        });
        self.ended(operation, outcome)
    }

    pub(crate) fn aead_finish<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        tag: &mut Output,
    ) -> Result<(), Status> {
        let outcome = self
            .give(memory, tag, None, |keystore, _, _, out| keystore.aead_finish(APPLICATION, operation, out));
        self.ended(operation, outcome)
    }

    pub(crate) fn aead_verify<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        operation: u32,
        tag: Input,
    ) -> Result<(), Status> {
        let outcome =
            self.take_in(memory, tag, |keystore, tag| keystore.aead_verify(APPLICATION, operation, tag));
        self.ended(operation, outcome)
    }
}
