//! The fuses: all of the EEPROM but its end, where the counter lies.
//!
//! On the emulated board one-way-ness is this driver's doing: it reads before it writes and only ever
//! sets bits. A product would use real fuses or a secure element.
//!
//! SFR: secure-initialization-of-platform.

use crate::eeprom::{NoAnswer, Wires};
use cdd_hal::{FuseError, Fuses};

/// The fuse device.
pub struct Eeprom(Wires);

impl Eeprom {
    /// Takes the I2C controller.
    pub fn new() -> Eeprom {
        let mut wires = Wires::new();
        wires.recover();
        Eeprom(wires)
    }

    fn burn_byte(&mut self, offset: u16, bits: u8) -> Result<(), FuseError> {
        let mut now = [0u8];
        self.0.read(offset, &mut now).map_err(no_answer)?;
        let [now] = now;
        if now | bits == now {
            return Ok(());
        }
        self.0.write(offset, &[now | bits]).map_err(no_answer)?;
        let mut then = [0u8];
        self.0.read(offset, &mut then).map_err(no_answer)?;
        if then == [now | bits] { Ok(()) } else { Err(FuseError::NotBurnt) }
    }
}

impl Default for Eeprom {
    fn default() -> Self {
        Self::new()
    }
}

fn no_answer(_: NoAnswer) -> FuseError {
    FuseError::NoAnswer
}

fn in_range(offset: u16, len: usize) -> Result<(), FuseError> {
    match usize::from(offset).checked_add(len) {
        Some(end) if end <= usize::from(cdd_fuses::END) => Ok(()),
        _ => Err(FuseError::OutOfRange),
    }
}

impl Fuses for Eeprom {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        in_range(offset, out.len())?;
        self.0.read(offset, out).map_err(no_answer)
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        in_range(offset, bits.len())?;
        (offset..).zip(bits).try_for_each(|(at, bits)| self.burn_byte(at, *bits))
    }
}
