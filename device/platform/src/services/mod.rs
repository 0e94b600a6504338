//! The services behind the gate: a method of the platform for each row of the table, with the row's name.

mod attest;
mod crypto;
mod keys;
mod lifecycle;
mod operations;
mod platform;
mod storage;

pub(crate) use attest::Attestation;
pub(crate) use storage::Storage;

use crate::buffers::Buffers;
use crate::dispatch::{Input, Output};
use crate::{Board, Platform};
use cdd_crypto::Random;
use cdd_gate::Status;
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Env, Error, Keystore, Owner, status};
use storage::KeyRecords;

/// The application, as owner of keys.
const APPLICATION: Owner = Owner(1);

/// What the key store works with: where it keeps keys, and random numbers.
type Environment<'p, B, S> = Env<'p, KeyRecords<'p, B>, Random<S>>;

impl<B: Board, S: EntropySource> Platform<B, S> {
    /// Copies the inputs in and has the key store work on them, with this much room for output.
    fn with_keys<M: CallerMemory, const INPUTS: usize, R>(
        &mut self,
        memory: &M,
        inputs: [Input; INPUTS],
        room: usize,
        work: impl FnOnce(
            &mut Keystore,
            &mut Environment<'_, B, S>,
            [&[u8]; INPUTS],
            &mut [u8],
        ) -> Result<R, Error>,
    ) -> Result<(R, &[u8]), Status> {
        let Platform { keystore, storage, random, buffers, .. } = self;
        let Buffers { input, output } = &mut **buffers;
        let mut area = input.arena();
        let mut taken: [&[u8]; INPUTS] = [&[]; INPUTS];
        for (to, from) in taken.iter_mut().zip(inputs) {
            *to = area.take(memory, from)?;
        }
        let mut records = KeyRecords(storage);
        let mut env = Env { storage: &mut records, random };
        let out = output.arena().for_output(room);
        let done = work(keystore, &mut env, taken, &mut *out).map_err(status)?;
        Ok((done, out))
    }

    /// A call that says yes or no.
    fn accept<M: CallerMemory, const INPUTS: usize, R>(
        &mut self,
        memory: &M,
        inputs: [Input; INPUTS],
        work: impl FnOnce(&mut Keystore, &mut Environment<'_, B, S>, [&[u8]; INPUTS]) -> Result<R, Error>,
    ) -> Result<R, Status> {
        self.with_keys(memory, inputs, 0, |keystore, env, inputs, _| work(keystore, env, inputs))
            .map(|(done, _)| done)
    }

    /// A call that gives bytes to the caller: `work` writes them and returns how many they are.
    fn produce<M: CallerMemory, const INPUTS: usize>(
        &mut self,
        memory: &mut M,
        inputs: [Input; INPUTS],
        result: &mut Output,
        work: impl FnOnce(
            &mut Keystore,
            &mut Environment<'_, B, S>,
            [&[u8]; INPUTS],
            &mut [u8],
        ) -> Result<usize, Error>,
    ) -> Result<(), Status> {
        let (size, out) = self.with_keys(memory, inputs, result.capacity(), work)?;
        result.write(memory, out.get(..size).unwrap_or_default())
    }

    /// A call that makes a key or an operation, and gives its number to the caller.
    fn make<M: CallerMemory, const INPUTS: usize>(
        &mut self,
        memory: &mut M,
        inputs: [Input; INPUTS],
        number: &mut Output,
        work: impl FnOnce(&mut Keystore, &mut Environment<'_, B, S>, [&[u8]; INPUTS]) -> Result<u32, Error>,
    ) -> Result<(), Status> {
        number_fits(number)?;
        let made = self.accept(memory, inputs, work)?;
        Self::write_number(memory, number, made)
    }

    /// Writes a number of four bytes.
    fn write_number<M: CallerMemory>(memory: &mut M, out: &mut Output, number: u32) -> Result<(), Status> {
        out.write(memory, &number.to_le_bytes())
    }
}

/// The output must hold a number: to be asked before something is made that only that number can name.
fn number_fits(out: &Output) -> Result<(), Status> {
    if out.capacity() < 4 { Err(Status::BufferTooSmall) } else { Ok(()) }
}
