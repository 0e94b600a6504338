//! Bytes to lines.

/// A line in the making.
pub(crate) struct Line<const N: usize> {
    bytes: [u8; N],
    len: usize,
    /// How much of `bytes` may hold something.
    used: usize,
    too_long: bool,
}

/// What a byte completed.
pub(crate) enum Received<'l> {
    /// Nothing.
    Nothing,
    /// A line, without its end; never an empty one.
    Line(&'l mut [u8]),
    /// A line that was longer than there is room for; none of it counts.
    TooLong,
}

impl<const N: usize> Line<N> {
    pub(crate) const fn new() -> Self {
        Line { bytes: [0; N], len: 0, used: 0, too_long: false }
    }

    /// Takes a byte: CR and LF end the line.
    pub(crate) fn push(&mut self, byte: u8) -> Received<'_> {
        if !matches!(byte, b'\r' | b'\n') {
            match self.bytes.get_mut(self.len) {
                Some(to) => {
                    *to = byte;
                    self.len += 1;
                    self.used = self.used.max(self.len);
                }
                None => self.too_long = true,
            }
            return Received::Nothing;
        }
        let (len, too_long) = (self.len, self.too_long);
        (self.len, self.too_long) = (0, false);
        match self.bytes.get_mut(..len) {
            _ if too_long => Received::TooLong,
            Some(line) if !line.is_empty() => Received::Line(line),
            _ => Received::Nothing,
        }
    }

    /// Leaves nothing of the lines so far.
    pub(crate) fn wipe(&mut self) {
        self.bytes.get_mut(..self.used).unwrap_or_default().fill(0);
        self.used = 0;
    }
}
