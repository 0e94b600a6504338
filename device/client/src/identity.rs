//! The records of the identity and state calls, decoded.

use crate::{Entry, Platform, Status};
use cdd_gate::{IdentityField, PART_RECORD_BYTES, STATE_RECORD_BYTES};
use core::fmt;

/// A part whose identity can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Part {
    /// The immutable boot code.
    Boot = 0,
    /// The platform image.
    Platform = 1,
    /// The application image: not part of the platform, but verified like one.
    Application = 2,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 3] = [Part::Boot, Part::Platform, Part::Application];

    /// The stable name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Part::Boot => "boot",
            Part::Platform => "platform",
            Part::Application => "application",
        }
    }
}

/// A version as the image format has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Major.
    pub major: u8,
    /// Minor.
    pub minor: u8,
    /// Revision.
    pub revision: u16,
    /// Build number.
    pub build: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}+{}", self.major, self.minor, self.revision, self.build)
    }
}

/// What the platform says of one part.
#[derive(Clone, Copy)]
pub struct PartRecord {
    raw: [u8; PART_RECORD_BYTES],
}

impl PartRecord {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out = [0; N];
        if let Some(from) = self.raw.get(at..at + N) {
            out.copy_from_slice(from);
        }
        out
    }

    /// Its version.
    pub fn version(&self) -> Version {
        let [major, minor, r0, r1, b @ ..] = self.bytes::<8>(4);
        Version { major, minor, revision: u16::from_le_bytes([r0, r1]), build: u32::from_le_bytes(b) }
    }

    /// Its security counter.
    pub fn security_counter(&self) -> u32 {
        u32::from_le_bytes(self.bytes(12))
    }

    /// SHA-256 over what was started.
    pub fn measurement(&self) -> [u8; 32] {
        self.bytes(16)
    }

    /// SHA-256 of the signer's public key, or `None` for the boot code, which nobody signs.
    pub fn signer(&self) -> Option<[u8; 32]> {
        Some(self.bytes(48)).filter(|hash| *hash != [0; 32])
    }

    /// Its name.
    pub fn name(&self) -> &str {
        text(self.raw.get(80..).unwrap_or_default())
    }
}

fn text(bytes: &[u8]) -> &str {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    core::str::from_utf8(bytes.get(..end).unwrap_or_default()).unwrap_or("")
}

/// What the platform says of its own state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformState {
    /// Number of the platform's state.
    pub state: u32,
    /// Number of the life-cycle state.
    pub life_cycle: u32,
    /// 0 not started, 1 ready, else the number of the fault that stopped random.
    pub random: u32,
    /// Faults since the application was last ready.
    pub faults: u32,
    /// Exception number of the last fault, 0 for none.
    pub exception: u32,
    /// Configurable fault status of the last fault.
    pub cfsr: u32,
    /// Secure fault status of the last fault.
    pub sfsr: u32,
    /// Address of the faulting instruction.
    pub pc: u32,
}

impl<E: Entry> Platform<E> {
    /// One field of the identity as text, in the caller's buffer (48 bytes are always enough).
    pub fn identity<'b>(&mut self, field: IdentityField, buffer: &'b mut [u8]) -> Result<&'b str, Status> {
        let written = self.identity_field(field as u32, buffer)?;
        buffer.get(..written).and_then(|b| core::str::from_utf8(b).ok()).ok_or(Status::GenericError)
    }

    /// What the platform says of one part; `DoesNotExist` for a part that is not there.
    pub fn part(&mut self, part: Part) -> Result<PartRecord, Status> {
        let mut raw = [0; PART_RECORD_BYTES];
        self.identity_part(part as u32, &mut raw)?;
        Ok(PartRecord { raw })
    }

    /// The platform's state.
    pub fn state(&mut self) -> Result<PlatformState, Status> {
        let mut raw = [0; STATE_RECORD_BYTES];
        self.platform_state(&mut raw)?;
        let word = |i: usize| {
            raw.get(i * 4..i * 4 + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
        };
        Ok(PlatformState {
            state: word(0),
            life_cycle: word(1),
            random: word(2),
            faults: word(3),
            exception: word(4),
            cfsr: word(5),
            sfsr: word(6),
            pc: word(7),
        })
    }
}
