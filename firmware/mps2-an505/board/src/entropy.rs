//! The noise source: raw samples on a UART.

use crate::map;
use crate::register::{read, write};
use crate::uart::Uart;
use cdd_hal::{Console, EntropySource};

const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
/// Counts down 24 bits at 20 MHz: 0.84 s a round.
const FULL_ROUND: u32 = 0x00FF_FFFF;
const ENABLE_ON_CPU_CLOCK: u32 = 0b101;
const COUNT_FLAG: u32 = 1 << 16;
/// Rounds without a sample after which the source counts as silent: between 0.84 and 1.68 s.
const PATIENCE: u32 = 2;

/// The noise source.
pub struct Noise {
    uart: Uart,
}

impl Noise {
    /// Takes the source's UART and the Secure SysTick, which measures its silence.
    pub fn new() -> Noise {
        Noise { uart: Uart::new(map::uart::ENTROPY) }
    }
}

impl Default for Noise {
    fn default() -> Self {
        Self::new()
    }
}

impl EntropySource for Noise {
    fn sample(&mut self) -> Option<u8> {
        if let Some(sample) = self.uart.read() {
            return Some(sample);
        }
        write(SYST_RVR, FULL_ROUND);
        write(SYST_CVR, 0);
        write(SYST_CSR, ENABLE_ON_CPU_CLOCK);
        let mut rounds = 0;
        let sample = loop {
            if let Some(sample) = self.uart.read() {
                break Some(sample);
            }
            if read(SYST_CSR) & COUNT_FLAG != 0 {
                rounds += 1;
                if rounds >= PATIENCE {
                    break None;
                }
            }
        };
        write(SYST_CSR, 0);
        sample
    }
}
