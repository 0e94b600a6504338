//! What can go wrong, with what to do about it.

use crate::{Refusal, Report, Transaction};
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a device's files or its board description could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {reason}")]
    File {
        /// What was tried: `read`, `write`, `create`, `lock`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The folder holds a device already.
    #[error("{path} already holds a device; choose another folder, or remove this one first")]
    AlreadyThere {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds no device.
    #[error("{path} is not a device: it has no board.json; make one with `dtsec device create`")]
    NotADevice {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the device is missing.
    #[error("{path} is missing: the device folder is damaged; copy all of it again, or make another device")]
    Incomplete {
        /// The file.
        path: PathBuf,
    },
    /// A file of the device is a link, a folder or the like.
    #[error("{path} is no regular file; the device folder is damaged, or somebody else's trap")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A board description makes no sense.
    #[error("{path}: not a board description: {reason}")]
    Board {
        /// The file, or `built in`.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A device file has another size than the board says.
    #[error("{path} is {found} bytes long, but the board's is {expected}; the device folder is damaged")]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// The size it must have.
        expected: u64,
    },
    /// The device is powered: only one may use its files.
    #[error("{path} is powered on (or in use by another command); switch it off first")]
    Powered {
        /// The device's folder.
        path: PathBuf,
    },
    /// The board has no such slot.
    #[error("{target} has no slot `{slot}`; its slots are {known}")]
    NoSuchSlot {
        /// The target.
        target: String,
        /// The slot asked for.
        slot: String,
        /// The slots that exist.
        known: String,
    },
    /// The image is larger than the slot.
    #[error("the image is {image} bytes long and does not fit slot `{slot}` of {size} bytes")]
    Oversize {
        /// The slot.
        slot: String,
        /// Size of the image.
        image: usize,
        /// Size of the slot.
        size: usize,
    },
    /// The range does not lie inside the flash or the fuses.
    #[error("bytes {offset:#x} to {end:#x} do not lie inside the {what} of {size:#x} bytes")]
    OutOfRange {
        /// `flash` or `fuses`.
        what: &'static str,
        /// First byte.
        offset: usize,
        /// One after the last byte.
        end: usize,
        /// Size of the memory.
        size: usize,
    },
    /// What is to be provisioned does not fit the fuse map.
    #[error("cannot be provisioned: {0}")]
    Provisioning(String),
    /// Fuse bits that are set would have to be cleared.
    #[error(
        "fuses at {offset:#05x} ({field}) would need bits cleared, which no fuse can; what is burnt there stays"
    )]
    BitsWouldClear {
        /// Offset of the field.
        offset: u16,
        /// What the field is for.
        field: String,
    },
    /// What was read back is not what was burnt.
    #[error(
        "what was read back after burning {field} (fuses at {offset:#05x}) is not what was burnt: the fuse device is \
         faulty. The {burnt} of {of} fields before it are burnt, nothing after it; take this device out of production"
    )]
    NotReadBack {
        /// What the field is for.
        field: String,
        /// Offset of the field.
        offset: u16,
        /// Fields that were burnt and read back before.
        burnt: usize,
        /// Fields that were to be burnt.
        of: usize,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {0}")]
    NoRandom(String),
}

impl DeviceError {
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>, reason: io::Error) -> DeviceError {
        DeviceError::File { action, path: path.into(), reason }
    }
}

/// Why a powered device did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The device's files are not usable.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A built file is missing.
    #[error("{path} is missing; build the firmware with `cargo xtask build`, or name its folder")]
    NoFirmware {
        /// The file.
        path: PathBuf,
    },
    /// The emulator or the virtual device could not be started.
    #[error("cannot start {program}: {reason}; {hint}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        reason: io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// The option exists only for another kind of board.
    #[error("{option} is not available for {target}")]
    NotForThisBoard {
        /// The option.
        option: &'static str,
        /// The target.
        target: String,
    },
    /// The emulator or the virtual device ended.
    #[error("the device's process ended ({status}) while waiting for {waiting_for}; it said: {said}")]
    Died {
        /// What was being waited for.
        waiting_for: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its standard error.
        said: String,
    },
    /// Nothing came for as long as the hang detector allows.
    #[error("the device hangs: no {waiting_for} after {after:?}; last heard: {last}")]
    Hang {
        /// What was being waited for.
        waiting_for: String,
        /// The deadline that passed.
        after: Duration,
        /// The last line heard on any wire.
        last: String,
    },
    /// The device started anew instead of answering.
    #[error("the device started anew instead of answering (state {}{})", .0.state, fault_of(.0))]
    Restarted(Box<Report>),
    /// No application runs that could answer.
    #[error("no application runs: the device is in state {state}")]
    NotRunning {
        /// The state of the last report.
        state: String,
    },
    /// No platform runs that could answer on the management wire.
    #[error("no platform runs that could answer: the device is in state {state}")]
    NoPlatform {
        /// The state of the last report.
        state: String,
    },
    /// The platform refused a command on the management wire.
    #[error("the device refuses `{question}`: {refusal}")]
    Refused {
        /// The command.
        question: String,
        /// Why.
        refusal: Refusal,
    },
    /// A step of the life cycle was begun and is not finished.
    #[error(
        "the device began the {transaction} and did not say that it finished it{}; \
         it goes on with it at its next start: switch it off and on again",
        .error.as_ref().map_or(String::new(), |error| format!(" ({error})"))
    )]
    NotFinished {
        /// Which step.
        transaction: Transaction,
        /// What it said was wrong.
        error: Option<String>,
    },
    /// An answer that `docs/wires.md` does not know.
    #[error("unexpected answer to `{question}`: `{answer}`")]
    Unexpected {
        /// The line sent.
        question: String,
        /// What came back.
        answer: String,
    },
    /// A wire to the process failed.
    #[error("the {wire} wire failed: {reason}")]
    Wire {
        /// The wire.
        wire: &'static str,
        /// What the system said.
        reason: io::Error,
    },
}

fn fault_of(report: &Report) -> String {
    report
        .fault
        .as_ref()
        .map_or(String::new(), |fault| format!(", after {} at {:#010x}", fault.name, fault.pc))
}
