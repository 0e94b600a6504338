//! Text and names that every format can carry.

use std::fmt::{self, Display, Write as _};

/// Text that is safe in every format: no control characters, nothing that XML cannot hold, one line.
///
/// What turns the direction of reading without being seen is shown as its code point: a reader must see the order in which
/// things stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// The text, made safe.
    pub fn new(raw: &str) -> Text {
        let mut text = String::with_capacity(raw.len());
        for c in raw.chars() {
            match c {
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => {
                    if !text.ends_with(' ') {
                        text.push(' ');
                    }
                }
                '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                    // Writing to a string does not fail.
                    let _ = write!(text, "[U+{:04X}]", c as u32);
                }
                c if c.is_control() || is_noncharacter(c) => text.push('\u{FFFD}'),
                c => text.push(c),
            }
        }
        Text(text)
    }

    /// As a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing can be seen of it.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// What Unicode keeps for programs: XML 1.0 refuses two of them, and nobody means any.
const fn is_noncharacter(c: char) -> bool {
    let code = c as u32;
    code & 0xFFFE == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF)
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: AsRef<str>> From<S> for Text {
    fn from(raw: S) -> Text {
        Text::new(raw.as_ref())
    }
}

/// The name of a place that can be referred to: lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anchor(String);

impl Anchor {
    /// Of a kind of thing and its id. Different ids of people's making may give one anchor; a document has each once.
    pub fn new(kind: &str, id: &str) -> Anchor {
        let mut name = String::with_capacity(kind.len() + id.len() + 1);
        for c in kind.chars().chain(['-']).chain(id.chars()) {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_alphanumeric() => name.push(c),
                _ if !name.ends_with('-') => name.push('-'),
                _ => {}
            }
        }
        Anchor(name.trim_matches('-').to_owned())
    }

    /// The same with a number, for a second thing of this name.
    pub(crate) fn numbered(&self, number: usize) -> Anchor {
        Anchor(format!("{}-{number}", self.0))
    }

    /// As a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_format_can_carry_is_replaced_and_what_turns_the_reading_is_shown() {
        assert_eq!(
            Text::new("a\0b\u{1b}[2Jc\u{85}d\u{FFFE}e\u{FDD0}").as_str(),
            "a\u{FFFD}b\u{FFFD}[2Jc\u{FFFD}d\u{FFFD}e\u{FFFD}"
        );
        assert_eq!(Text::new("pass\u{202E}liaf").as_str(), "pass[U+202E]liaf");
        assert_eq!(Text::new("a\r\n\tb").as_str(), "a b");
        let kept = "<b> & ]]> “ü” מכשיר 糖尿病 🩸 e\u{301}";
        assert_eq!(Text::new(kept).as_str(), kept, "the control: what can be carried stays");
    }

    #[test]
    fn an_anchor_is_letters_digits_and_hyphens_whatever_the_id() {
        assert_eq!(Anchor::new("threat", "T.BAD_SOFTWARE").as_str(), "threat-t-bad-software");
        assert_eq!(Anchor::new("sfr", "\"><script>").as_str(), "sfr-script");
        assert_eq!(Anchor::new("sfr", "ü").as_str(), "sfr");
    }
}
