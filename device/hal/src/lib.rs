//! What hardware must offer the platform.
//!
//! Traits only: a board (`firmware/<board>`) or the strict model (`virtual/`) implements them, and every
//! service above is written against them. Nothing here may depend on another crate of ours.
//!
//! Rules for an implementation: no method panics; a method that fails has changed nothing unless its
//! documentation says otherwise; no method keeps a reference to the caller's buffers.

#![no_std]
#![forbid(unsafe_code)]

pub use embedded_storage::nor_flash;
use zeroize::Zeroizing;

/// One-time programmable memory: bytes that start as zero and whose bits can only be set.
///
/// It is a device of its own, apart from the flash, so that whoever restores an old flash content
/// does not restore these.
pub trait Fuses {
    /// Reads `out.len()` bytes from `offset`.
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError>;

    /// Sets the bits that are set in `bits`, byte by byte from `offset`, and reads them back.
    ///
    /// Bits that are already set stay set. An interrupted burn may have set any subset of the bits.
    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError>;
}

/// Why a fuse access failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FuseError {
    /// The fuse device did not answer.
    NoAnswer,
    /// The range does not lie inside the device.
    OutOfRange,
    /// What was read back after a burn is not what was burnt.
    NotBurnt,
}

/// A noise source: raw, unconditioned 8-bit samples.
///
/// The health tests and the conditioning are the caller's (`cdd-crypto`); the source only delivers.
pub trait EntropySource {
    /// The next sample, or `None` when the source has stayed silent for as long as the board allows.
    fn sample(&mut self) -> Option<u8>;
}

/// The unique device secret, from which every other secret of the device is derived.
///
/// Only boot code can read it: a board must make it unreadable before it leaves boot.
pub trait DeviceSecret {
    /// The 256-bit secret.
    fn device_secret(&mut self) -> Zeroizing<[u8; 32]>;

    /// Makes the secret unreadable until the next reset, for boot code as well.
    fn forget(&mut self);
}

/// A line to people or tools outside: bytes out, bytes in, no flow control promised.
pub trait Console {
    /// Sends all of `bytes`.
    fn write(&mut self, bytes: &[u8]);
    /// A received byte, if there is one.
    fn read(&mut self) -> Option<u8>;
}

/// The memory of the Non-secure caller, as the platform may touch it.
///
/// Addresses and lengths come from the caller and are hostile. `check` must be asked before a copy;
/// a copy over a range that was not checked moves nothing.
pub trait CallerMemory {
    /// Whether the caller itself may access all of `address .. address + len` in this way.
    ///
    /// False for a range that wraps, that touches Secure memory, or that changes attribution inside.
    /// An empty range is allowed wherever it points.
    fn check(&self, address: u32, len: u32, access: Access) -> bool;
    /// Copies from the caller's memory; false (and nothing copied) when the caller may not read it.
    fn copy_in(&self, address: u32, to: &mut [u8]) -> bool;
    /// Copies to the caller's memory; false (and nothing copied) when the caller may not write it.
    fn copy_out(&mut self, address: u32, from: &[u8]) -> bool;
}

/// How the caller would access a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// A number outside the flash that only goes up: what makes an older flash content recognisable.
///
/// It is a device of its own, apart from the flash, so that whoever restores an old flash content
/// does not restore this. It starts at 0.
pub trait MonotonicCounter {
    /// The number.
    fn read(&mut self) -> Result<u64, CounterError>;

    /// Raises the number to `to`.
    ///
    /// Atomic: when the power fails during it, the number is the old one or `to` afterwards.
    fn advance(&mut self, to: u64) -> Result<(), CounterError>;
}

impl<C: MonotonicCounter + ?Sized> MonotonicCounter for &mut C {
    fn read(&mut self) -> Result<u64, CounterError> {
        C::read(self)
    }

    fn advance(&mut self, to: u64) -> Result<(), CounterError> {
        C::advance(self, to)
    }
}

/// Why a counter access failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterError {
    /// The counter device did not answer.
    NoAnswer,
    /// The number asked for is not above the current one.
    NotUpwards,
    /// What was read back is not what was written. The number is the old one or the new one.
    NotWritten,
    /// The counter's memory holds what no sequence of steps, cut or not, leaves there.
    Corrupt,
}
