//! The platform's identity.
//!
//! What is answered here, what the Security Target names and what the published list shows are the
//! same strings.
//!
//! SFR: verification-of-platform-identity.

use cdd_boot::{PartId, Record};
use cdd_gate::{IdentityField, PART_RECORD_BYTES, Status};
use cdd_hal::{FuseError, Fuses};

const IDENTITY_FUSES: usize = 48 + 32 + 16;

/// The identity fields of the fuses, read once; nothing when they did not answer.
pub(crate) struct Cached(Option<[u8; IDENTITY_FUSES]>);

pub(crate) fn cached<F: Fuses>(fuses: &mut F) -> Cached {
    let mut fields = [0u8; IDENTITY_FUSES];
    let (at, _) = cdd_fuses::COMMERCIAL_NAME;
    Cached(fuses.read(at, &mut fields).ok().map(|()| fields))
}

impl Fuses for Cached {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        let from = offset.checked_sub(cdd_fuses::COMMERCIAL_NAME.0).ok_or(FuseError::OutOfRange)?;
        let from = usize::from(from);
        let end = from.checked_add(out.len()).ok_or(FuseError::OutOfRange)?;
        let fields = self.0.as_ref().ok_or(FuseError::NoAnswer)?;
        out.copy_from_slice(fields.get(from..end).ok_or(FuseError::OutOfRange)?);
        Ok(())
    }

    fn burn(&mut self, _: u16, _: &[u8]) -> Result<(), FuseError> {
        Err(FuseError::OutOfRange)
    }
}

/// The text of a field in `buffer`: `DoesNotExist` for a field of a part that is not there,
/// `HardwareFailure` when the fuses do not answer.
pub(crate) fn field<'b, F: Fuses>(
    fuses: &mut F,
    record: &Record,
    field: IdentityField,
    buffer: &'b mut [u8; 48],
) -> Result<&'b [u8], Status> {
    let (part, is_name) = match field {
        IdentityField::CommercialName => return fuse_text(fuses, cdd_fuses::COMMERCIAL_NAME, buffer),
        IdentityField::HardwareReference => return fuse_text(fuses, cdd_fuses::HARDWARE_REFERENCE, buffer),
        IdentityField::HardwareVersion => return fuse_text(fuses, cdd_fuses::HARDWARE_VERSION, buffer),
        IdentityField::FirmwareName => (PartId::Boot, true),
        IdentityField::FirmwareVersion => (PartId::Boot, false),
        IdentityField::SoftwareName => (PartId::Platform, true),
        IdentityField::SoftwareVersion => (PartId::Platform, false),
    };
    let entry = record.part(part).ok_or(Status::DoesNotExist)?;
    let mut text = Text { buffer, len: 0 };
    if is_name {
        text.push(entry.name().as_bytes());
    } else {
        let version = entry.version();
        let parts =
            [u32::from(version.major), u32::from(version.minor), u32::from(version.revision), version.build];
        for (number, separator) in parts.into_iter().zip([&b"."[..], b".", b"+", b""]) {
            text.decimal(number);
            text.push(separator);
        }
    }
    let Text { buffer, len } = text;
    buffer.get(..len).ok_or(Status::GenericError)
}

fn fuse_text<'b, F: Fuses>(
    fuses: &mut F,
    (at, length): (u16, usize),
    buffer: &'b mut [u8; 48],
) -> Result<&'b [u8], Status> {
    cdd_boot::report::fuse_text(fuses, at, length, buffer).map_err(|_| Status::HardwareFailure)
}

struct Text<'b> {
    buffer: &'b mut [u8; 48],
    len: usize,
}

impl Text<'_> {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(to) = self.buffer.get_mut(self.len) {
                *to = *byte;
                self.len += 1;
            }
        }
    }

    fn decimal(&mut self, value: u32) {
        let mut place = 1_000_000_000;
        while place > 1 && value < place {
            place /= 10;
        }
        while place > 0 {
            self.push(&[b'0' + (value / place % 10) as u8]);
            place /= 10;
        }
    }
}

/// The record of a part, or `None` when the part is not there.
pub(crate) fn part(record: &Record, index: u32) -> Option<[u8; PART_RECORD_BYTES]> {
    let part = PartId::ALL.into_iter().find(|part| *part as u32 == index)?;
    let entry = record.part(part)?;
    let mut out = [0u8; PART_RECORD_BYTES];
    let fields: [(usize, &[u8]); 6] = [
        (0, &index.to_le_bytes()),
        (4, &entry.version),
        (12, &entry.counter.to_le_bytes()),
        (16, &entry.measurement),
        (48, &entry.signer),
        (80, &entry.name),
    ];
    for (at, bytes) in fields {
        if let Some(to) = out.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    }
    Some(out)
}
