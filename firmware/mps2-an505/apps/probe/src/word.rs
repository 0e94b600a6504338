//! Lines to words, words to numbers.

/// The first word, and what follows it. An empty word means that there is none.
pub(crate) fn first(line: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let start = line.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(line.len());
    let (_, line) = line.split_at_mut(start);
    let end = line.iter().position(|byte| byte.is_ascii_whitespace()).unwrap_or(line.len());
    line.split_at_mut(end)
}

/// The first words of a line; those that are missing are empty, and so are all if it is no text.
pub(crate) fn words(line: &[u8]) -> [&str; 4] {
    let mut words = [""; 4];
    let text = core::str::from_utf8(line).unwrap_or("");
    words.iter_mut().zip(text.split_ascii_whitespace()).for_each(|(to, from)| *to = from);
    words
}

/// A number in decimal or, with `0x`, in hex; anything else is 0.
pub fn number(word: &str) -> u32 {
    match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).unwrap_or(0),
        None => word.parse().unwrap_or(0),
    }
}

/// The same, where anything else is nothing.
pub(crate) fn strict(word: &[u8]) -> Option<u32> {
    let (digits, radix) = match word.strip_prefix(b"0x") {
        Some(digits) => (digits, 16),
        None => (word, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()
}
