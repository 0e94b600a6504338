//! The fuses: an I2C EEPROM of 4 KiB in a backing file of its own, driven bit by bit.
//!
//! On the emulated board one-way-ness is this driver's doing: it reads before it writes and only ever
//! sets bits. A product would use real fuses or a secure element.

use crate::map::FUSES_I2C;
use crate::register::{read, write};
use cdd_hal::{FuseError, Fuses};

const SET: u32 = FUSES_I2C;
const CLEAR: u32 = FUSES_I2C + 4;
const SCL: u32 = 1;
const SDA: u32 = 2;
const WRITE_ADDRESS: u8 = 0x50 << 1;
const READ_ADDRESS: u8 = WRITE_ADDRESS | 1;
const SIZE: usize = 4096;

/// The fuse device.
pub struct Eeprom(());

impl Eeprom {
    /// Takes the I2C controller.
    pub fn new() -> Eeprom {
        write(SET, SCL | SDA);
        let mut fuses = Eeprom(());
        // A reset may have come in the middle of a read: clock out what the device still wants to say.
        for _ in 0..9 {
            fuses.clock_in();
        }
        fuses.stop();
        fuses
    }

    fn start(&mut self) {
        write(SET, SDA);
        write(SET, SCL);
        write(CLEAR, SDA);
        write(CLEAR, SCL);
    }

    fn stop(&mut self) {
        write(CLEAR, SDA);
        write(SET, SCL);
        write(SET, SDA);
    }

    #[inline(always)]
    fn clock_in(&mut self) -> u32 {
        write(SET, SCL);
        let bit = read(SET) & SDA;
        write(CLEAR, SCL);
        bit
    }

    fn send(&mut self, byte: u8) -> Result<(), FuseError> {
        let mut bits = u32::from(byte) << 24;
        for _ in 0..8 {
            write(if bits >> 31 != 0 { SET } else { CLEAR }, SDA);
            write(SET, SCL);
            write(CLEAR, SCL);
            bits <<= 1;
        }
        write(SET, SDA);
        if self.clock_in() == 0 { Ok(()) } else { Err(FuseError::NoAnswer) }
    }

    #[inline(always)]
    fn receive(&mut self, last: bool) -> u8 {
        write(SET, SDA);
        let mut byte = 0;
        for _ in 0..8 {
            byte = byte << 1 | (self.clock_in() >> 1) as u8;
        }
        write(if last { SET } else { CLEAR }, SDA);
        write(SET, SCL);
        write(CLEAR, SCL);
        byte
    }

    fn address(&mut self, offset: u16) -> Result<(), FuseError> {
        self.start();
        self.send(WRITE_ADDRESS)?;
        let [high, low] = offset.to_be_bytes();
        self.send(high)?;
        self.send(low)
    }

    fn try_read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        self.address(offset)?;
        self.start();
        self.send(READ_ADDRESS)?;
        let mut left = out.len();
        for byte in out {
            left = left.wrapping_sub(1);
            *byte = self.receive(left == 0);
        }
        Ok(())
    }

    fn try_burn(&mut self, offset: u16, bits: u8) -> Result<(), FuseError> {
        let mut now = [0u8];
        self.try_read(offset, &mut now)?;
        self.stop();
        let [now] = now;
        if now | bits == now {
            return Ok(());
        }
        self.address(offset)?;
        self.send(now | bits)?;
        self.stop();
        let mut then = [0u8];
        self.try_read(offset, &mut then)?;
        if then == [now | bits] { Ok(()) } else { Err(FuseError::NotBurnt) }
    }
}

impl Default for Eeprom {
    fn default() -> Self {
        Self::new()
    }
}

fn in_range(offset: u16, len: usize) -> Result<(), FuseError> {
    match usize::from(offset).checked_add(len) {
        Some(end) if end <= SIZE => Ok(()),
        _ => Err(FuseError::OutOfRange),
    }
}

impl Fuses for Eeprom {
    fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), FuseError> {
        in_range(offset, out.len())?;
        if out.is_empty() {
            return Ok(());
        }
        let done = self.try_read(offset, out);
        self.stop();
        done
    }

    fn burn(&mut self, offset: u16, bits: &[u8]) -> Result<(), FuseError> {
        in_range(offset, bits.len())?;
        for (at, bits) in (offset..).zip(bits) {
            let done = self.try_burn(at, *bits);
            self.stop();
            done?;
        }
        Ok(())
    }
}
