//! The services behind the gate, one function for each row of the table.

use crate::dispatch::{Input, Output};
use crate::log::Level;
use crate::{Board, Platform, identity};
use cdd_boot::report::Line;
use cdd_crypto::RandomState;
use cdd_crypto::digest::{Hash, Hasher, MAX_SIZE};
use cdd_gate::{IdentityField, LOG_TEXT_BYTES, STATE_RECORD_BYTES, Status};
use cdd_hal::{CallerMemory, EntropySource};
use zeroize::Zeroizing;

/// Largest request for random bytes.
const MAX_RANDOM: usize = 65_536;

pub(crate) fn identity_field<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    memory: &mut M,
    field: u32,
    text: &mut Output,
) -> Result<(), Status> {
    let field = IdentityField::from_number(field).ok_or(Status::DoesNotExist)?;
    let mut buffer = [0u8; 48];
    let value = identity::field(platform.board.fuses(), &platform.record, field, &mut buffer)?;
    text.write(memory, value)
}

pub(crate) fn identity_part<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    memory: &mut M,
    index: u32,
    record: &mut Output,
) -> Result<(), Status> {
    let part = identity::part(&platform.record, index).ok_or(Status::DoesNotExist)?;
    record.write(memory, &part)
}

pub(crate) fn platform_state<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    memory: &mut M,
    record: &mut Output,
) -> Result<(), Status> {
    let random = match platform.random.state() {
        RandomState::NotStarted => 0,
        RandomState::Ready => 1,
        RandomState::Failed(fault) => fault.code(),
    };
    let fault = platform.faults.last;
    let words = [
        platform.state as u32,
        platform.record.life_cycle,
        random,
        platform.faults.in_a_row,
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

pub(crate) fn application_ready<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    _: &mut M,
) -> Result<(), Status> {
    platform.board.keep_fault_count(0);
    platform.faults.in_a_row = 0;
    Ok(())
}

pub(crate) fn digest<B: Board, S: EntropySource, M: CallerMemory>(
    _: &mut Platform<B, S>,
    memory: &mut M,
    algorithm: u32,
    message: Input,
    hash: &mut Output,
) -> Result<(), Status> {
    let algorithm = Hash::from_psa(algorithm).ok_or(Status::NotSupported)?;
    if hash.capacity() < algorithm.size() {
        return Err(Status::BufferTooSmall);
    }
    let mut hasher = Hasher::new(algorithm);
    message.pieces(memory, |piece| hasher.update(piece))?;
    let mut out = [0u8; MAX_SIZE];
    let size = hasher.finish(&mut out);
    hash.write(memory, out.get(..size).unwrap_or_default())
}

pub(crate) fn random<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    memory: &mut M,
    bytes: &mut Output,
) -> Result<(), Status> {
    if bytes.capacity() > MAX_RANDOM {
        return Err(Status::InvalidArgument);
    }
    let before = platform.random.state();
    let mut piece = Zeroizing::new([0u8; 256]);
    // Asking for nothing is asking whether there would be something.
    let mut outcome = platform.random.fill(&mut []).map_err(|_| Status::InsufficientEntropy);
    let mut left = bytes.capacity();
    while left > 0 && outcome.is_ok() {
        let piece = piece.get_mut(..left.min(256)).unwrap_or_default();
        outcome = match platform.random.fill(piece) {
            Ok(()) => bytes.write(memory, piece),
            Err(_) => Err(Status::InsufficientEntropy),
        };
        left -= piece.len();
    }
    let after = platform.random.state();
    if after != before {
        let name = match after {
            RandomState::NotStarted => "not-started",
            RandomState::Ready => "ready",
            RandomState::Failed(fault) => {
                platform.log.add(Level::Error, fault.name().as_bytes());
                fault.name()
            }
        };
        Line::start(platform.board.console()).text("event", "random").text("state", name).end();
    }
    outcome
}

pub(crate) fn log_write<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
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
    platform.log.add(level, text);
    Line::start(platform.board.console())
        .text("event", "log")
        .number("level", level as u32)
        .key("text")
        .escaped(text)
        .end();
    Ok(())
}

pub(crate) fn log_read<B: Board, S: EntropySource, M: CallerMemory>(
    platform: &mut Platform<B, S>,
    memory: &mut M,
    index: u32,
    entry: &mut Output,
) -> Result<(), Status> {
    let found = platform.log.get(index).ok_or(Status::DoesNotExist)?;
    if entry.capacity() < 8 + found.text().len() {
        return Err(Status::BufferTooSmall);
    }
    entry.write(memory, &found.number.to_le_bytes())?;
    entry.write(memory, &(found.level as u32).to_le_bytes())?;
    entry.write(memory, found.text())
}
