//! What an application links: a safe API over the gate.
//!
//! [`Platform`] has one method for every row of the gate's table. It is generic over the way across
//! ([`Entry`]): on the board the veneers (`Veneers`), in a host process whatever stands for them, so
//! an application's logic is written once and tested without a board.
//!
//! May use `cdd-gate` only; used by applications.

#![no_std]
#![forbid(unsafe_code)]

mod identity;
mod services;

pub use cdd_gate::{
    IdentityField, KeyAttributes, LOG_TEXT_BYTES, Reading, ServiceState, Status, StorageHealth,
};
pub use identity::{Part, PartRecord, PlatformState, Version};

/// PSA algorithm identifiers of the hashes that `digest` knows.
pub mod algorithm {
    /// SHA-256.
    pub const SHA_256: u32 = 0x0200_0009;
    /// SHA-384.
    pub const SHA_384: u32 = 0x0200_000A;
    /// SHA-512.
    pub const SHA_512: u32 = 0x0200_000B;
}

/// One argument of a call, lent for the duration of the call.
pub enum Argument<'a> {
    /// A word.
    Value(u32),
    /// Bytes to read.
    Input(&'a [u8]),
    /// Bytes to write.
    Output(&'a mut [u8]),
}

/// The way across the gate.
pub trait Entry {
    /// Makes call `number`; returns the raw status and the bytes written to the output, if any.
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize);
}

impl<E: Entry + ?Sized> Entry for &mut E {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        E::call(self, number, arguments)
    }
}

/// The platform, as the application sees it.
pub struct Platform<E: Entry> {
    entry: E,
}

impl<E: Entry> Platform<E> {
    /// Over this way across.
    pub const fn new(entry: E) -> Self {
        Platform { entry }
    }

    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> Result<usize, Status> {
        match self.entry.call(number, arguments) {
            (0, written) => Ok(written),
            (code, _) => Err(Status::from_code(code).unwrap_or(Status::GenericError)),
        }
    }
}

macro_rules! define_stubs {
    ($( $(#[doc = $doc:literal])* $number:literal $name:ident $sfr:literal
        ( $( $argument:ident : $shape:ident $meaning:literal ),* ) [ $( $error:ident ),* ]; )*) => {
        impl<E: Entry> Platform<E> {
            $(
                $(#[doc = $doc])*
                ///
                /// Returns the number of bytes written to the output, 0 where there is none.
                pub fn $name(&mut self, $( $argument: define_stubs!(@type $shape) ),*) -> Result<usize, Status> {
                    self.call($number, &mut [ $( define_stubs!(@argument $shape $argument) ),* ])
                }
            )*
        }
    };
    (@type value) => { u32 };
    (@type input) => { &[u8] };
    (@type output) => { &mut [u8] };
    (@argument value $a:ident) => { Argument::Value($a) };
    (@argument input $a:ident) => { Argument::Input($a) };
    (@argument output $a:ident) => { Argument::Output($a) };
}

cdd_gate::gate_table!(define_stubs);

/// The way across on the board: the veneers.
#[cfg(target_os = "none")]
pub struct Veneers;

#[cfg(target_os = "none")]
impl Entry for Veneers {
    fn call(&mut self, number: u32, arguments: &mut [Argument<'_>]) -> (i32, usize) {
        let mut frame = [0u32; cdd_gate::MAX_FRAME_WORDS];
        let mut words = frame.iter_mut();
        let mut push = |word: u32| {
            if let Some(slot) = words.next() {
                *slot = word;
            }
        };
        let mut output = None;
        let mut used = 0;
        for argument in arguments.iter_mut() {
            match argument {
                Argument::Value(value) => {
                    push(*value);
                    used += 1;
                }
                Argument::Input(bytes) => {
                    push(bytes.as_ptr() as u32);
                    push(bytes.len() as u32);
                    used += 2;
                }
                Argument::Output(bytes) => {
                    push(bytes.as_mut_ptr() as u32);
                    push(bytes.len() as u32);
                    used += 2;
                    output = Some(used - 1);
                }
            }
        }
        let status = cdd_gate::veneer::enter(number, frame.as_mut_ptr() as u32);
        let written = output.and_then(|at: usize| frame.get(at)).map_or(0, |word| *word as usize);
        (status, written)
    }
}
