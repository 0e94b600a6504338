//! What the probe says.

use cdd_hal::Console;

/// A line on the console, piece by piece.
pub struct Out<'c, C: Console>(pub(crate) &'c mut C);

impl<C: Console> Out<'_, C> {
    /// Text as it is.
    pub fn say(&mut self, text: &str) -> &mut Self {
        self.0.write(text.as_bytes());
        self
    }

    /// Bytes as hex digits.
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
        for byte in bytes {
            self.0.write(&[digit(byte >> 4), digit(byte & 15)]);
        }
        self
    }

    /// A space and a word as `0x` and eight digits.
    pub fn word(&mut self, value: u32) -> &mut Self {
        self.say(" 0x").hex(&value.to_be_bytes())
    }

    /// A decimal number.
    pub fn number(&mut self, value: i32) -> &mut Self {
        if value < 0 {
            self.say("-");
        }
        let mut place = 1_000_000_000;
        let value = value.unsigned_abs();
        while place > 1 && value < place {
            place /= 10;
        }
        while place > 0 {
            self.0.write(&[b'0' + (value / place % 10) as u8]);
            place /= 10;
        }
        self
    }

    /// `status <n>`, and the end of the line.
    pub fn status(&mut self, status: i32) {
        self.say("status ").number(status).end();
    }

    /// The end of the line.
    pub fn end(&mut self) {
        self.say("\r\n");
    }
}
