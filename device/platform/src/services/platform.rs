//! Identity, state, log, random: what does not need keys.
//!
//! SFR: verification-of-platform-identity, secure-initialization-of-platform,
//! cryptographic-random-number-generation.

use crate::dispatch::{Input, Output};
use crate::log::Level;
use crate::{Board, Platform, identity};
use cdd_boot::report::Line;
use cdd_crypto::RandomState;
use cdd_crypto::digest::{Hash, Hasher, MAX_SIZE};
use cdd_gate::{IdentityField, LOG_TEXT_BYTES, STATE_RECORD_BYTES, Status};
use cdd_hal::{CallerMemory, EntropySource};
use cdd_keystore::Family;
use zeroize::Zeroizing;

/// Largest request for random bytes.
const MAX_RANDOM: usize = 65_536;

impl<B: Board, S: EntropySource> Platform<B, S> {
    pub(crate) fn identity_field<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        field: u32,
        text: &mut Output,
    ) -> Result<(), Status> {
        let field = IdentityField::from_number(field).ok_or(Status::DoesNotExist)?;
        let mut buffer = [0u8; 48];
        let value = identity::field(self.board.fuses(), &self.record, field, &mut buffer)?;
        text.write(memory, value)
    }

    pub(crate) fn identity_part<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        index: u32,
        record: &mut Output,
    ) -> Result<(), Status> {
        let part = identity::part(&self.record, index).ok_or(Status::DoesNotExist)?;
        record.write(memory, &part)
    }

    pub(crate) fn platform_state<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        record: &mut Output,
    ) -> Result<(), Status> {
        let random = match self.random.state() {
            RandomState::NotStarted => 0,
            RandomState::Ready => 1,
            RandomState::Failed(fault) => fault.code(),
        };
        let fault = self.faults.last;
        let words = [
            self.state() as u32,
            self.record.life_cycle,
            random,
            self.faults.in_a_row,
            fault.map_or(0, |fault| fault.exception),
            fault.map_or(0, |fault| fault.cfsr),
            fault.map_or(0, |fault| fault.sfsr),
            fault.map_or(0, |fault| fault.pc),
        ];
        let mut out = [0u8; STATE_RECORD_BYTES];
        for (to, word) in out.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        record.write(memory, &out)
    }

    pub(crate) fn application_ready<M: CallerMemory>(&mut self, _: &mut M) -> Result<(), Status> {
        self.board.keep_fault_count(0);
        self.faults.in_a_row = 0;
        Ok(())
    }

    pub(crate) fn digest<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        algorithm: u32,
        message: Input,
        hash: &mut Output,
    ) -> Result<(), Status> {
        let mut out = [0u8; MAX_SIZE];
        let size = self.hash_of(memory, algorithm, message, hash.capacity(), &mut out)?;
        hash.write(memory, out.get(..size).unwrap_or_default())
    }

    pub(crate) fn hash_compare<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        algorithm: u32,
        message: Input,
        hash: Input,
    ) -> Result<(), Status> {
        let (mut expected, mut out) = ([0u8; MAX_SIZE], [0u8; MAX_SIZE]);
        let expected = match hash.copy(memory, &mut expected) {
            Err(Status::InvalidArgument) => return Err(Status::InvalidSignature),
            copied => copied?,
        };
        let size = self.hash_of(memory, algorithm, message, MAX_SIZE, &mut out)?;
        if out.get(..size) == Some(expected) { Ok(()) } else { Err(Status::InvalidSignature) }
    }

    /// Hashes a message of any length piece by piece; nothing of it is kept.
    fn hash_of<M: CallerMemory>(
        &mut self,
        memory: &M,
        algorithm: u32,
        message: Input,
        capacity: usize,
        out: &mut [u8; MAX_SIZE],
    ) -> Result<usize, Status> {
        let algorithm = Hash::from_psa(algorithm).ok_or(Status::NotSupported)?;
        if capacity < algorithm.size() {
            return Err(Status::BufferTooSmall);
        }
        self.keystore.self_tests().require(Family::Hash).map_err(cdd_keystore::status)?;
        let mut hasher = Hasher::new(algorithm);
        message.pieces(memory, |piece| hasher.update(piece))?;
        Ok(hasher.finish(out))
    }

    pub(crate) fn random<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        bytes: &mut Output,
    ) -> Result<(), Status> {
        if bytes.capacity() > MAX_RANDOM {
            return Err(Status::InvalidArgument);
        }
        let mut piece = Zeroizing::new([0u8; 256]);
        // Asking for nothing is asking whether there would be something.
        self.random.fill(&mut []).map_err(|_| Status::InsufficientEntropy)?;
        let mut left = bytes.capacity();
        while left > 0 {
            let piece = piece.get_mut(..left.min(256)).unwrap_or_default();
            self.random.fill(piece).map_err(|_| Status::InsufficientEntropy)?;
            bytes.write(memory, piece)?;
            left -= piece.len();
        }
        Ok(())
    }

    pub(crate) fn log_write<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        level: u32,
        text: Input,
    ) -> Result<(), Status> {
        let level = Level::from_number(level).ok_or(Status::InvalidArgument)?;
        let mut buffer = [0u8; LOG_TEXT_BYTES];
        let text = text.copy(memory, &mut buffer)?;
        if !text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Status::InvalidArgument);
        }
        self.log.add(level, text);
        Line::start(self.board.console())
            .text("event", "log")
            .number("level", level as u32)
            .key("text")
            .escaped(text)
            .end();
        Ok(())
    }

    pub(crate) fn log_read<M: CallerMemory>(
        &mut self,
        memory: &mut M,
        index: u32,
        entry: &mut Output,
    ) -> Result<(), Status> {
        let found = self.log.get(index).ok_or(Status::DoesNotExist)?;
        if entry.capacity() < 8 + found.text().len() {
            return Err(Status::BufferTooSmall);
        }
        entry.write(memory, &found.number.to_le_bytes())?;
        entry.write(memory, &(found.level as u32).to_le_bytes())?;
        entry.write(memory, found.text())
    }
}
