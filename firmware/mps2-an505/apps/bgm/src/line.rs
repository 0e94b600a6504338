//! Bytes to lines.

/// A line in the making.
pub(crate) struct Line<const N: usize> {
    bytes: [u8; N],
    len: usize,
    too_long: bool,
}

/// What a byte completed.
pub(crate) enum Received<'l> {
    /// Nothing.
    Nothing,
    /// A line, without its end; never an empty one.
    Line(&'l mut [u8]),
    /// A line that was longer than there is room for; none of it is kept.
    TooLong,
}

impl<const N: usize> Line<N> {
    pub(crate) const fn new() -> Self {
        Line { bytes: [0; N], len: 0, too_long: false }
    }

    /// Takes a byte: CR and LF end the line, backspace and delete take the last byte back.
    pub(crate) fn push(&mut self, byte: u8) -> Received<'_> {
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
                }
                None => self.too_long = true,
            },
        }
        Received::Nothing
    }
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
}
