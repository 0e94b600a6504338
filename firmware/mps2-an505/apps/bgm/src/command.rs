//! The commands of the console.

use crate::{Io, Out, readings};
use cdd_client::{Entry, IdentityField, LOG_TEXT_BYTES, Part, Platform, Status, algorithm};
use cdd_console::unhex;
use core::fmt::Write;

/// Largest number of random bytes that one command prints.
const MAX_RANDOM: usize = 4096;
/// Random bytes asked for at a time.
const PIECE: usize = 256;
/// Bytes that an attestation token may have.
const MAX_TOKEN: usize = 1024;

const HELP: [&str; 10] = [
    "help         this list",
    "identity     who the platform says it is",
    "state        the platform's state and its last fault",
    "readings     the readings kept",
    "random N     N random bytes, 1 to 4096",
    "digest HEX   SHA-256 of the bytes",
    "log          the platform's log",
    "services     how the platform's services are doing",
    "token HEX    an attestation token for this challenge of 32, 48 or 64 bytes",
    "factory-reset confirm   destroys all readings and settings",
];

/// Why a command failed: what follows `error`.
type Outcome = Result<(), &'static str>;

/// A byte as the line editor takes it; a tab counts as a space.
pub(crate) fn edited(byte: u8) -> u8 {
    if byte == b'\t' { b' ' } else { byte }
}

/// Executes one line.
pub(crate) fn execute<E: Entry, I: Io>(
    line: &mut [u8],
    platform: &mut Platform<E>,
    out: &mut Out<'_, I>,
) -> Outcome {
    let (command, argument) = split(line);
    match (&*command, &*argument) {
        (b"help", b"") => {
            HELP.iter().for_each(|text| out.line(format_args!("{text}")));
            Ok(())
        }
        (b"identity", b"") => identity(platform, out),
        (b"state", b"") => state(platform, out),
        (b"readings", b"") => readings::list(platform, out).map_err(Status::name),
        (b"services", b"") => services(platform, out),
        (b"token", _) => token(argument, platform, out),
        (b"factory-reset", b"confirm") => {
            platform.factory_reset(b"factory reset").map(drop).map_err(Status::name)
        }
        (b"log", b"") => log(platform, out),
        (b"random", _) => random(argument, platform, out),
        (b"digest", _) => digest(argument, platform, out),
        (b"help" | b"identity" | b"state" | b"readings" | b"log" | b"services" | b"factory-reset", _) => {
            Err("bad-argument")
        }
        _ => Err("unknown-command"),
    }
}

/// The first word, and the rest without the spaces around it.
fn split(line: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let start = line.iter().position(|byte| *byte != b' ').unwrap_or(line.len());
    let end = line.iter().rposition(|byte| *byte != b' ').map_or(start, |last| last + 1);
    let line = line.get_mut(start..end).unwrap_or_default();
    let word = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (command, rest) = line.split_at_mut(word);
    let spaces = rest.iter().position(|byte| *byte != b' ').unwrap_or(rest.len());
    (command, rest.get_mut(spaces..).unwrap_or_default())
}

fn identity<E: Entry, I: Io>(platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    for field in IdentityField::ALL {
        let mut buffer = [0u8; 48];
        let text = platform.identity(field, &mut buffer).map_err(Status::name)?;
        let _ = write!(out, "identity {} ", field.name());
        out.escaped(text.as_bytes(), false);
        out.end();
    }
    for part in Part::ALL {
        let record = match platform.part(part) {
            Ok(record) => record,
            Err(Status::DoesNotExist) => continue,
            Err(status) => return Err(status.name()),
        };
        let _ = write!(out, "part {} name=", part.name());
        out.escaped(record.name().as_bytes(), true);
        let _ =
            write!(out, " version={} counter={} measurement=", record.version(), record.security_counter());
        out.hex(&record.measurement());
        let _ = out.write_str(" signer=");
        match record.signer() {
            Some(signer) => out.hex(&signer),
            None => out.write_str("none").unwrap_or_default(),
        }
        out.end();
    }
    Ok(())
}

fn state<E: Entry, I: Io>(platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    let state = platform.state().map_err(Status::name)?;
    out.line(format_args!(
        "state={} life-cycle={} random={} faults={} exception={} cfsr={:#010x} sfsr={:#010x} pc={:#010x}",
        state.state,
        state.life_cycle,
        state.random,
        state.faults,
        state.exception,
        state.cfsr,
        state.sfsr,
        state.pc
    ));
    Ok(())
}

fn log<E: Entry, I: Io>(platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    for index in 0.. {
        let mut entry = [0u8; 8 + LOG_TEXT_BYTES];
        let len = match platform.log_read(index, &mut entry) {
            Ok(len) => len,
            Err(Status::DoesNotExist) => break,
            Err(status) => return Err(status.name()),
        };
        let (number, rest) = entry.split_at(4);
        let (level, _) = rest.split_at(4);
        let word = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        let _ = write!(out, "log {} {} ", word(number), word(level));
        out.escaped(entry.get(8..len).unwrap_or_default(), false);
        out.end();
    }
    Ok(())
}

/// Prints in pieces, so that no large buffer is needed. If the platform fails after the first piece,
/// the line ends short and `error` follows it.
fn random<E: Entry, I: Io>(argument: &[u8], platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    let mut left = decimal(argument).filter(|n| (1..=MAX_RANDOM).contains(n)).ok_or("bad-argument")?;
    let mut started = false;
    while left > 0 {
        let mut piece = [0u8; PIECE];
        let Some(piece) = piece.get_mut(..left.min(PIECE)) else { break };
        if let Err(status) = platform.random(piece) {
            if started {
                out.end();
            }
            return Err(status.name());
        }
        if !started {
            let _ = out.write_str("random ");
            started = true;
        }
        out.hex(piece);
        left -= piece.len();
    }
    out.end();
    Ok(())
}

fn digest<E: Entry, I: Io>(argument: &mut [u8], platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    let message = unhex(argument).ok_or("bad-argument")?;
    let mut hash = [0u8; 32];
    platform.digest(algorithm::SHA_256, message, &mut hash).map_err(Status::name)?;
    let _ = out.write_str("digest ");
    out.hex(&hash);
    out.end();
    Ok(())
}

fn services<E: Entry, I: Io>(platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    let state = platform.services().map_err(Status::name)?;
    out.line(format_args!(
        "storage={} code={:#06x} fault={:#06x} recovery={} records={} readings={}..{} failed-tests={:#x} \
         factory-resets={} attestation={:#06x}",
        state.storage_health().name(),
        state.storage,
        state.storage_fault,
        state.recovery,
        state.records,
        state.first_reading,
        state.next_reading,
        state.failed_tests,
        state.factory_resets,
        state.attestation
    ));
    Ok(())
}

fn token<E: Entry, I: Io>(argument: &mut [u8], platform: &mut Platform<E>, out: &mut Out<'_, I>) -> Outcome {
    let challenge = unhex(argument).ok_or("bad-argument")?;
    let mut token = [0u8; MAX_TOKEN];
    let size = platform.attest_get_token(challenge, &mut token).map_err(Status::name)?;
    let _ = out.write_str("token ");
    out.hex(token.get(..size).unwrap_or_default());
    out.end();
    Ok(())
}

fn decimal(text: &[u8]) -> Option<usize> {
    if text.is_empty() || text.len() > 4 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |value, digit| value * 10 + usize::from(digit - b'0')))
}
