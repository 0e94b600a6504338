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
}

impl Console for Uart {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while read(self.base + STATE) & TX_FULL != 0 {}
            write(self.base + DATA, u32::from(*byte));
        }
    }

    fn read(&mut self) -> Option<u8> {
        (read(self.base + STATE) & RX_FULL != 0).then(|| read(self.base + DATA) as u8)
    }
}
