//! The noise source.

use crate::wire::Receiver;
use cdd_hal::EntropySource;
use std::time::Duration;

/// How long the source may stay silent. Generous, for on a busy host whoever feeds the wire may have to
/// wait for his turn.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where raw samples come from.
#[derive(Debug)]
pub enum Entropy {
    /// A wire.
    Wire(Receiver),
    /// The operating system. It is no raw noise, so the health tests say nothing of it; it is for people
    /// who just want a device to try.
    OperatingSystem,
}

impl Entropy {
    /// The same source once more.
    pub fn try_clone(&self) -> std::io::Result<Entropy> {
        match self {
            Entropy::Wire(wire) => wire.try_clone().map(Entropy::Wire),
            Entropy::OperatingSystem => Ok(Entropy::OperatingSystem),
        }
    }
}

impl EntropySource for Entropy {
    fn sample(&mut self) -> Option<u8> {
        match self {
            Entropy::Wire(wire) => wire.wait_byte(PATIENCE),
            Entropy::OperatingSystem => {
                let mut byte = [0u8];
                rustix::rand::getrandom(&mut byte, rustix::rand::GetRandomFlags::empty()).ok()?;
                Some(byte[0])
            }
        }
    }
}
