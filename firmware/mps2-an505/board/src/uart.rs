//! The CMSDK UART.

use crate::register::{read, write};
use cdd_hal::Console;

const DATA: u32 = 0x0;
const STATE: u32 = 0x4;
const CTRL: u32 = 0x8;
const BAUDDIV: u32 = 0x10;
const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;
const ENABLE_TX_RX: u32 = 3;
const RX_INTERRUPT: u32 = 1 << 3;
const INTERRUPTS: u32 = 0xC;
const RECEIVED: u32 = 1 << 1;
/// Cycles off the bus after a byte that was not there: 50 µs at 20 MHz.
const PAUSE: u32 = 1000;

/// One UART.
pub struct Uart {
    base: u32,
}

impl Uart {
    /// The UART at `base`, one of [`crate::map::uart`], enabled for sending and receiving.
    pub fn new(base: u32) -> Uart {
        write(base + BAUDDIV, 16);
        write(base + CTRL, ENABLE_TX_RX);
        // The model takes no byte from its wire until the data register was read once.
        read(base + DATA);
        Uart { base }
    }

    /// Asks for an interrupt whenever a byte has come; its number is [`crate::map::uart::MANAGEMENT_RECEIVED`] for
    /// the management wire.
    pub fn interrupt_on_receive(&mut self) {
        write(self.base + CTRL, ENABLE_TX_RX | RX_INTERRUPT);
    }

    /// Takes back the interrupt; to be called before the last byte is read.
    pub fn clear_interrupt(&mut self) {
        write(self.base + INTERRUPTS, RECEIVED);
    }
}

impl Console for Uart {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while read(self.base + STATE) & TX_FULL != 0 {}
            write(self.base + DATA, u32::from(*byte));
        }
    }

    fn read(&mut self) -> Option<u8> {
        if read(self.base + STATE) & RX_FULL == 0 {
            // QEMU brings the next byte only while nobody is on its bus. Whoever asks again and again, without a pause,
            // keeps it off for seconds where the host is busy.
            cortex_m::asm::delay(PAUSE);
            return None;
        }
        Some(read(self.base + DATA) as u8)
    }
}
