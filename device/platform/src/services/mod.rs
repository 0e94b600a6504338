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

use crate::buffers::{Arena, Buffers};
use crate::dispatch::Output;
use crate::{Board, Platform};
use cdd_crypto::Random;
use cdd_gate::Status;
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::{Env, Keystore, Owner};
use storage::KeyRecords;

/// The application, as owner of keys.
const APPLICATION: Owner = Owner(1);

/// What a call that uses keys needs, lent from the platform piece by piece.
struct Crypto<'p, B: Board, S: EntropySource> {
    keystore: &'p mut Keystore,
    env: Env<'p, KeyRecords<'p, B>, Random<S>>,
    input: Arena<'p>,
    output: Arena<'p>,
}

impl<B: Board, S: EntropySource> Platform<B, S> {
    fn crypto<R>(&mut self, work: impl FnOnce(Crypto<'_, B, S>) -> Result<R, Status>) -> Result<R, Status> {
        let Platform { keystore, storage, random, buffers, .. } = self;
        let Buffers { input, output } = &mut **buffers;
        let mut records = KeyRecords(storage);
        let env = Env { storage: &mut records, random };
        work(Crypto { keystore, env, input: input.arena(), output: output.arena() })
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

/// The number for the gate.
fn status(error: cdd_keystore::Error) -> Status {
    cdd_keystore::status(error)
}
