//! The noise source: raw samples on a UART.
//!
//! SFR: cryptographic-random-number-generation.

use crate::map;
use crate::register::{read, write};
use crate::uart::Uart;
use cdd_hal::{Console, EntropySource};

const SYST_CSR: u32 = 0xE000_E010;
const SYST_RVR: u32 = 0xE000_E014;
const SYST_CVR: u32 = 0xE000_E018;
/// Counts down 24 bits at 20 MHz.
const FULL_ROUND: u32 = 0x00FF_FFFF;
const ENABLE_ON_CPU_CLOCK: u32 = 0b101;
const COUNT_FLAG: u32 = 1 << 16;

/// Ticks that the source may keep its readers waiting before it counts as silent: 2 s.
const PATIENCE: u32 = 40_000_000;
/// Ticks of patience that each sample earns back: 1 ms, many times what one takes. A source that trickles
/// uses its patience up like one that is silent, and does not hold the gate for a thousand waits.
const EARNED: u32 = 20_000;

/// The noise source.
pub struct Noise {
    uart: Uart,
    patience: u32,
}

impl Noise {
    /// Takes the source's UART and the Secure SysTick, which measures its silence.
    pub fn new() -> Noise {
        Noise { uart: Uart::new(map::uart::ENTROPY), patience: PATIENCE }
    }

    /// Waits for a sample for as long as there is patience; with it, the ticks that it took.
    fn wait(&mut self) -> Option<(u8, u32)> {
        write(SYST_RVR, FULL_ROUND);
        write(SYST_CVR, 0);
        write(SYST_CSR, ENABLE_ON_CPU_CLOCK);
        let mut rounds = 0u32;
        let waited = loop {
            if read(SYST_CSR) & COUNT_FLAG != 0 {
                rounds = rounds.saturating_add(FULL_ROUND);
            }
            // It reads as zero from when it was cleared until its first tick.
            let passed = match read(SYST_CVR) {
                0 => 0,
                left => FULL_ROUND.saturating_sub(left),
            };
            let ticks = rounds.saturating_add(passed);
            if let Some(sample) = self.uart.read() {
                break Some((sample, ticks));
            }
            if ticks >= self.patience {
                break None;
            }
        };
        write(SYST_CSR, 0);
        waited
    }
}

impl Default for Noise {
    fn default() -> Self {
        Self::new()
    }
}

impl EntropySource for Noise {
    fn sample(&mut self) -> Option<u8> {
        let (sample, ticks) = match self.uart.read() {
            Some(sample) => (sample, 0),
            None => self.wait()?,
        };
        self.patience = self.patience.saturating_sub(ticks).saturating_add(EARNED).min(PATIENCE);
        Some(sample)
    }
}
