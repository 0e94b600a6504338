//! Text on a wire: bytes to lines, hex digits to bytes.
//!
//! No heap, no panic path. May use nothing; used by the platform for the management wire, and by the applications for
//! their consoles.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

/// A line in the making.
pub struct Line<const N: usize> {
    bytes: [u8; N],
    len: usize,
    /// How much of `bytes` may hold something.
    used: usize,
    too_long: bool,
}

/// What a byte completed.
pub enum Received<'l> {
    /// Nothing.
    Nothing,
    /// A line, without its end; never an empty one.
    Line(&'l mut [u8]),
    /// A line that was longer than there is room for; none of it counts.
    TooLong,
}

impl<const N: usize> Line<N> {
    /// Nothing received yet.
    pub const fn new() -> Self {
        Line { bytes: [0; N], len: 0, used: 0, too_long: false }
    }

    /// Takes a byte: CR and LF end the line, backspace and delete take the last byte back.
    pub fn push(&mut self, byte: u8) -> Received<'_> {
        match byte {
            b'\r' | b'\n' => {
                let (len, too_long) = (self.len, self.too_long);
                (self.len, self.too_long) = (0, false);
                return match self.bytes.get_mut(..len) {
                    _ if too_long => Received::TooLong,
                    Some(line) if !line.is_empty() => Received::Line(line),
                    _ => Received::Nothing,
                };
            }
            0x08 | 0x7F => self.len = self.len.saturating_sub(1),
            _ => match self.bytes.get_mut(self.len) {
                Some(to) => {
                    *to = byte;
                    self.len += 1;
                    self.used = self.used.max(self.len);
                }
                None => self.too_long = true,
            },
        }
        Received::Nothing
    }

    /// Leaves nothing of the lines so far.
    pub fn wipe(&mut self) {
        self.bytes.get_mut(..self.used).unwrap_or_default().fill(0);
        self.used = 0;
    }
}

impl<const N: usize> Default for Line<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Decodes hex digits in place; `None` when they are none or half of one is missing.
pub fn unhex(text: &mut [u8]) -> Option<&mut [u8]> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let len = text.len() / 2;
    for at in 0..len {
        let high = char::from(*text.get(2 * at)?).to_digit(16)?;
        let low = char::from(*text.get(2 * at + 1)?).to_digit(16)?;
        *text.get_mut(at)? = (high << 4 | low) as u8;
    }
    text.get_mut(..len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut line = Line::<8>::new();
        let mut lines = Vec::new();
        for byte in bytes {
            match line.push(*byte) {
                Received::Nothing => (),
                Received::Line(line) => lines.push(Some(line.to_vec())),
                Received::TooLong => lines.push(None),
            }
        }
        lines
    }

    #[test]
    fn any_line_end_ends_a_line_and_empty_lines_are_not_seen() {
        assert_eq!(lines(b"a\r\nb\nc\r\r\n\nd"), [Some(b"a".to_vec()), Some(b"b".into()), Some(b"c".into())]);
    }

    #[test]
    fn backspace_and_delete_take_the_last_byte_back_and_stop_at_the_start() {
        assert_eq!(lines(b"ax\x08b\x7f\x7f\x7f\x7fcd\n"), [Some(b"cd".to_vec())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_named_and_the_next_one_is_whole() {
        assert_eq!(lines(b"12345678\n"), [Some(b"12345678".to_vec())]);
        assert_eq!(lines(b"123456789\nok\n"), [None, Some(b"ok".to_vec())]);
        assert_eq!(lines(b"123456789\x08\x08\nok\n"), [None, Some(b"ok".to_vec())], "editing does not help");
    }

    #[test]
    fn a_wiped_line_holds_nothing_of_a_longer_one_before_nor_of_what_was_taken_back() {
        let mut line = Line::<8>::new();
        for byte in b"secret\nab\nxyz\x08\x08" {
            let _ = line.push(*byte);
        }
        assert_eq!(line.bytes[3..6], *b"ret", "the control");
        line.wipe();
        assert_eq!(line.bytes, [0; 8]);
    }

    #[test]
    fn only_whole_pairs_of_hex_digits_are_decoded() {
        assert_eq!(unhex(&mut b"00fFa5".to_vec()).as_deref(), Some(&[0, 255, 0xA5][..]));
        assert_eq!(unhex(&mut []).as_deref(), Some(&[][..]));
        for bad in [&b"0"[..], b"0g", b"zz", b"+1"] {
            assert!(unhex(&mut bad.to_vec()).is_none(), "{bad:?}");
        }
    }
}
