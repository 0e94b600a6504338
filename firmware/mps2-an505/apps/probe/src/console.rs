//! Words in, words out.

use cdd_hal::Console;
use mps2_an505_board::{map, uart::Uart};

/// Longest line.
const MAX_LINE: usize = 128;

/// The probe's console.
pub(crate) struct Wire {
    uart: Uart,
    line: [u8; MAX_LINE],
}

impl Wire {
    pub(crate) fn new() -> Wire {
        Wire { uart: Uart::new(map::uart::CONSOLE), line: [0; MAX_LINE] }
    }

    /// Waits for a line and splits it at spaces; words that are missing are empty.
    pub(crate) fn words(&mut self) -> [&str; 5] {
        let mut len = 0;
        loop {
            match self.uart.read() {
                Some(b'\r' | b'\n') if len > 0 => break,
                Some(b'\r' | b'\n') | None => (),
                Some(byte) => {
                    if let Some(to) = self.line.get_mut(len) {
                        *to = byte;
                        len += 1;
                    }
                }
            }
        }
        let line = core::str::from_utf8(self.line.get(..len).unwrap_or_default()).unwrap_or("");
        let mut words = [""; 5];
        words.iter_mut().zip(line.split_ascii_whitespace()).for_each(|(to, from)| *to = from);
        words
    }

    pub(crate) fn say(&mut self, text: &str) -> &mut Self {
        self.uart.write(text.as_bytes());
        self
    }

    pub(crate) fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                self.uart.write(&DIGITS[usize::from(nibble)..][..1]);
            }
        }
        self
    }

    pub(crate) fn word(&mut self, value: u32) -> &mut Self {
        self.say(" 0x").hex(&value.to_be_bytes())
    }

    pub(crate) fn number(&mut self, value: i32) -> &mut Self {
        if value < 0 {
            self.say("-");
        }
        let mut place = 1_000_000_000;
        let value = value.unsigned_abs();
        while place > 1 && value < place {
            place /= 10;
        }
        while place > 0 {
            self.uart.write(&[b'0' + (value / place % 10) as u8]);
            place /= 10;
        }
        self
    }

    pub(crate) fn end(&mut self) {
        self.say("\r\n");
    }
}

/// A number in decimal or, with `0x`, in hex; anything else is 0.
pub(crate) fn number(word: &str) -> u32 {
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).unwrap_or(0),
        None => word.parse().unwrap_or(0),
    }
}
