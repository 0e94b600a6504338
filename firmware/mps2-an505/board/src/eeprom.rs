//! The I2C EEPROM of 4 KiB, in a backing file of its own, driven bit by bit. The fuses and the counter lie in it.
//!
//! Each handle is one on the same two wires. That is sound because a transfer is whole: it begins with a start
//! and ends with a stop, and nothing on this board begins one inside another: calls of the gate and the management
//! wire keep each other waiting.

use crate::map::FUSES_I2C;
use crate::register::{read, write};

const SET: u32 = FUSES_I2C;
const CLEAR: u32 = FUSES_I2C + 4;
const SCL: u32 = 1;
const SDA: u32 = 2;
const WRITE_ADDRESS: u8 = 0x50 << 1;
const READ_ADDRESS: u8 = WRITE_ADDRESS | 1;

/// The device did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoAnswer;

/// The two wires.
pub(crate) struct Wires(());

impl Wires {
    /// Takes the I2C controller, which is idle.
    pub(crate) const fn new() -> Wires {
        Wires(())
    }

    /// Makes the device idle: a reset may have come in the middle of a read. Clocks out what it still wants to say.
    pub(crate) fn recover(&mut self) {
        write(SET, SCL | SDA);
        for _ in 0..9 {
            self.clock_in();
        }
        self.stop();
    }

    /// Reads what lies at `offset`.
    pub(crate) fn read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), NoAnswer> {
        if out.is_empty() {
            return Ok(());
        }
        let done = self.try_read(offset, out);
        self.stop();
        done
    }

    /// Writes `bytes` to `offset`, which do not reach over a page of 32 bytes.
    pub(crate) fn write(&mut self, offset: u16, bytes: &[u8]) -> Result<(), NoAnswer> {
        let done = self.address(offset).and_then(|()| bytes.iter().try_for_each(|byte| self.send(*byte)));
        self.stop();
        done
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

    fn send(&mut self, byte: u8) -> Result<(), NoAnswer> {
        let mut bits = u32::from(!byte);
        for _ in 0..8 {
            // To the register that sets, or for a zero to the one behind it, which clears.
            write(SET + (bits >> 7 & 1) * (CLEAR - SET), SDA);
            write(SET, SCL);
            write(CLEAR, SCL);
            bits <<= 1;
        }
        write(SET, SDA);
        if self.clock_in() == 0 { Ok(()) } else { Err(NoAnswer) }
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

    fn address(&mut self, offset: u16) -> Result<(), NoAnswer> {
        self.start();
        self.send(WRITE_ADDRESS)?;
        let [high, low] = offset.to_be_bytes();
        self.send(high)?;
        self.send(low)
    }

    fn try_read(&mut self, offset: u16, out: &mut [u8]) -> Result<(), NoAnswer> {
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
}
