//! The gate between the Non-secure application and the platform.
//!
//! [`gate_table!`] is the only place where a call is declared: its number, name, argument shapes,
//! errors and the SFR that it serves. The platform's dispatcher (`cdd-platform`), the application's
//! stubs (`cdd-client`) and the functional specification ([`CALLS`]) are all made from it.
//!
//! # How a call is made
//!
//! Each call has a veneer in the Non-secure-callable region, eight bytes apart in the order of the
//! numbers: [`veneer_address`]. The application passes the address of a *frame* in `r0`, an array of
//! 32-bit words in its own memory: one word for a `value`, two (address, length) for an `input` or an
//! `output`. The result is a [`Status`] in `r0`; on success the length word of the output is set to
//! the number of bytes written. The platform copies the frame in once, checks every range against the
//! caller's own rights, copies inputs in and outputs out, and keeps no pointer.
//!
//! This crate may be used by both sides of the gate; it uses nothing.

#![no_std]

mod records;
mod status;
mod table;
#[cfg(target_os = "none")]
pub mod veneer;

pub use records::*;
pub use status::Status;
pub use table::*;

/// Where the veneer of call 0 lies.
///
/// Fixed for good: applications stay valid across platform updates.
pub const VENEERS: u32 = 0x3800_0800;

/// Bytes reserved for veneers; unused slots hold no `SG` and fault.
pub const VENEER_BYTES: u32 = 0x400;

/// The address (Thumb bit set) at which the application enters call `number`.
pub const fn veneer_address(number: u32) -> u32 {
    (VENEERS + number * 8) | 1
}

/// How one argument is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One 32-bit word.
    Value,
    /// Bytes that the platform reads: address and length.
    Input,
    /// Bytes that the platform writes: address and capacity; the capacity word becomes the length.
    Output,
}

impl Shape {
    /// Words that the argument takes in the frame.
    pub const fn words(self) -> usize {
        match self {
            Shape::Value => 1,
            Shape::Input | Shape::Output => 2,
        }
    }
}

/// One argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// How it is passed.
    pub shape: Shape,
    /// What it means.
    pub meaning: &'static str,
}

/// One call of the gate, as the functional specification (ADV_FSP.4) describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Its number, and so its veneer.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub purpose: &'static str,
    /// The SFR that it serves.
    pub sfr: &'static str,
    /// Its arguments in the order of the frame.
    pub arguments: &'static [Argument],
    /// The errors of its own, besides those that the gate itself returns for any call.
    pub errors: &'static [Status],
}

impl Call {
    /// Words of the call's frame.
    pub fn frame_words(&self) -> usize {
        self.arguments.iter().map(|a| a.shape.words()).sum()
    }
}

/// Errors that the gate itself returns, for any call.
pub const GATE_ERRORS: &[Status] =
    &[Status::ProgrammerError, Status::ConnectionBusy, Status::NotSupported, Status::InvalidArgument];

/// Content of the record that `identity_part` writes.
///
/// | bytes | field |
/// |---|---|
/// | 0..4 | part: 0 boot, 1 platform, 2 application |
/// | 4..12 | version: major, minor, revision (2), build (4) |
/// | 12..16 | security counter |
/// | 16..48 | measurement: SHA-256 |
/// | 48..80 | signer: SHA-256 of the public key; zero for boot |
/// | 80..112 | name, zero padded |
pub const PART_RECORD_BYTES: usize = 112;

/// Content of the record that `platform_state` writes, eight 32-bit words: state of the platform,
/// life-cycle state, state of random (0 not started, 1 ready, else the fault's number), faults since
/// the application was last ready, and of the last fault: exception number, CFSR, SFSR, address of the
/// instruction.
pub const STATE_RECORD_BYTES: usize = 32;

/// Longest text that `log_write` takes.
pub const LOG_TEXT_BYTES: usize = 96;

/// Fields of the platform's identity, in the order of the profile's Table 2-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum IdentityField {
    /// Commercial name of the product.
    CommercialName = 0,
    /// Hardware reference.
    HardwareReference = 1,
    /// Hardware version.
    HardwareVersion = 2,
    /// Name of the firmware: the immutable boot code.
    FirmwareName = 3,
    /// Version of the firmware.
    FirmwareVersion = 4,
    /// Name of the software: the platform image.
    SoftwareName = 5,
    /// Version of the software.
    SoftwareVersion = 6,
}

impl IdentityField {
    /// All fields, in order.
    pub const ALL: [IdentityField; 7] = [
        IdentityField::CommercialName,
        IdentityField::HardwareReference,
        IdentityField::HardwareVersion,
        IdentityField::FirmwareName,
        IdentityField::FirmwareVersion,
        IdentityField::SoftwareName,
        IdentityField::SoftwareVersion,
    ];

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            IdentityField::CommercialName => "commercial-name",
            IdentityField::HardwareReference => "hardware-reference",
            IdentityField::HardwareVersion => "hardware-version",
            IdentityField::FirmwareName => "firmware-name",
            IdentityField::FirmwareVersion => "firmware-version",
            IdentityField::SoftwareName => "software-name",
            IdentityField::SoftwareVersion => "software-version",
        }
    }

    /// The field with this number.
    pub fn from_number(number: u32) -> Option<IdentityField> {
        IdentityField::ALL.into_iter().find(|field| *field as u32 == number)
    }
}
