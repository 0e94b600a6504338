//! Lines of the management wire, put together byte by byte.

/// Longest line; a longer one is read to its end and then counts as unknown.
const MAX_LINE: usize = 160;

/// Puts bytes together to lines.
pub struct LineReader {
    line: [u8; MAX_LINE],
    len: usize,
    too_long: bool,
}

impl LineReader {
    /// Nothing received yet.
    pub const fn new() -> Self {
        LineReader { line: [0; MAX_LINE], len: 0, too_long: false }
    }

    /// Takes a byte; a complete line without its end is returned, a line that was too long as `?`.
    pub fn push(&mut self, byte: u8) -> Option<&[u8]> {
        match byte {
            b'\r' | b'\n' => {
                let (len, too_long) = (self.len, self.too_long);
                (self.len, self.too_long) = (0, false);
                match (too_long, len) {
                    (true, _) => Some(b"?"),
                    (false, 0) => None,
                    _ => self.line.get(..len),
                }
            }
            _ => {
                match self.line.get_mut(self.len) {
                    Some(to) => {
                        *to = byte;
                        self.len += 1;
                    }
                    None => self.too_long = true,
                }
                None
            }
        }
    }
}

impl Default for LineReader {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> std::vec::Vec<std::vec::Vec<u8>> {
        let mut reader = LineReader::new();
        bytes.iter().filter_map(|byte| reader.push(*byte).map(Into::into)).collect()
    }

    #[test]
    fn lines_come_out_whole_and_a_long_one_is_not_mistaken_for_a_command() {
        assert_eq!(lines(b"report\r\nx\n"), [&b"report"[..], b"x"]);
        let mut long = b"report".repeat(30);
        long.extend_from_slice(b"\nreport\n");
        assert_eq!(lines(&long), [&b"?"[..], b"report"]);
    }
}
