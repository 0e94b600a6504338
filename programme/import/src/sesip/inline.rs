//! Marks within a text: operations in angle brackets, bold, emphasis, what is left of HTML; labels of notes.

use crate::words::{collapse, plain};
use dtsec_model::profile::NoteKind;
use std::collections::HashMap;

/// A tag of HTML is shorter than this.
const MAX_TAG: usize = 200;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it stands, marks of emphasis taken off.
    Text(String),
    /// In angle brackets.
    Angle {
        inner: String,
        /// In italics: an operation. In roman letters a profile speaks to the writer.
        italic: bool,
    },
    /// In bold.
    Bold(String),
}

/// The pieces of a text, and whether an angle bracket opens in it that never closes.
pub(crate) fn pieces(text: &str) -> (Vec<Piece>, bool) {
    let brackets = Brackets::new(text);
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut unclosed = false;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match brackets.marked(at) {
            Some((Piece::Text(inner), behind)) => {
                plain.push_str(&inner);
                at = behind;
            }
            Some((piece, behind)) => {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(piece);
                at = behind;
            }
            None => {
                unclosed |= c == '<' && opens(&text[at..]);
                plain.push(c);
                at += c.len_utf8();
            }
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    (pieces, unclosed)
}

/// A text and where each of its angle brackets closes.
struct Brackets<'t> {
    text: &'t str,
    closes: HashMap<usize, usize>,
}

impl<'t> Brackets<'t> {
    fn new(text: &'t str) -> Brackets<'t> {
        let mut open = Vec::new();
        let mut closes = HashMap::new();
        for (at, c) in text.char_indices() {
            match c {
                '<' => open.push(at),
                '>' => closes.extend(open.pop().map(|start| (start, at))),
                _ => (),
            }
        }
        Brackets { text, closes }
    }

    /// What a mark at this place encloses, and the place behind it.
    fn marked(&self, at: usize) -> Option<(Piece, usize)> {
        let rest = &self.text[at..];
        if let Some(marks) = ["***", "**", "*"].into_iter().find(|marks| rest.starts_with(marks)) {
            let inside = at + marks.len();
            if let Some((inner, behind)) = self.angle(inside) {
                let closed =
                    if self.text[behind..].starts_with(marks) { behind + marks.len() } else { behind };
                return Some((Piece::Angle { inner, italic: true }, closed));
            }
            let end = self.text[inside..].find(marks).filter(|end| *end > 0)?;
            let inner = &self.text[inside..inside + end];
            let spaced = inner.starts_with(char::is_whitespace) || inner.ends_with(char::is_whitespace);
            // An operation within is not lost in emphasis.
            if spaced || inner.char_indices().any(|(start, c)| c == '<' && opens(&inner[start..])) {
                return None;
            }
            let piece = if marks == "*" { Piece::Text(inner.into()) } else { Piece::Bold(inner.into()) };
            return Some((piece, inside + end + marks.len()));
        }
        if let Some(end) = tag(rest) {
            let apart = ["<br", "<li", "<ul"].iter().any(|name| rest.starts_with(name));
            return Some((Piece::Text(if apart { " ".into() } else { String::new() }), at + end));
        }
        let (inner, behind) = self.angle(at)?;
        Some((Piece::Angle { inner, italic: false }, behind))
    }

    /// The inside of the angle brackets at this place, and the place behind them.
    fn angle(&self, at: usize) -> Option<(String, usize)> {
        let rest = &self.text[at..];
        if !opens(rest) || tag(rest).is_some() {
            return None;
        }
        let end = *self.closes.get(&at)?;
        Some((collapse(&self.text[at + 1..end]), end + 1))
    }
}

/// Whether an angle bracket stands for more than "less than", and for no address.
fn opens(text: &str) -> bool {
    let Some(after) = text.strip_prefix('<') else { return false };
    let address = ["http:", "https:", "www.", "mailto:"].iter().any(|start| after.starts_with(start));
    after.starts_with(|c: char| c.is_alphabetic() || matches!(c, '“' | '"' | '*' | '[' | ',' | '…'))
        && !address
}

/// Where a tag of HTML at the beginning ends.
fn tag(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let inner = inner.strip_prefix('/').unwrap_or(inner);
    let name = inner.find(|c: char| !c.is_ascii_alphanumeric()).map_or(inner, |end| &inner[..end]);
    let known = ["i", "b", "u", "em", "strong", "sup", "sub", "ul", "ol", "li", "br", "span", "p"];
    let end = text.char_indices().take(MAX_TAG).find(|(_, c)| *c == '>').map(|(end, _)| end)?;
    let behind = inner[name.len()..].chars().next();
    let is_tag = known.contains(&name) && matches!(behind, Some('>' | '/' | ' '));
    // `<b and c>` is no tag: a tag has nothing in it but attributes.
    let attributes = &text[..end];
    (is_tag && (behind != Some(' ') || attributes.contains('='))).then_some(end + 1)
}

/// The text without its marks; operations keep their angle brackets.
pub(crate) fn without_marks(text: &str) -> String {
    let (pieces, _) = pieces(text);
    let each = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) | Piece::Bold(text) => text,
        Piece::Angle { inner, .. } => format!("<{inner}>"),
    });
    each.collect()
}

/// What the writer of a Security Target is told, where the whole text is that.
pub(crate) fn instruction(text: &str) -> Option<String> {
    let text = text.trim();
    let (inner, behind) = Brackets::new(text).angle(0)?;
    matches!(text[behind..].trim(), "" | ".").then(|| without_marks(&inner))
}

/// Whether the text begins what is told the writer, and does not end it.
pub(crate) fn begins_instruction(text: &str) -> bool {
    let text = text.trim();
    opens(text) && tag(text).is_none() && Brackets::new(text).angle(0).is_none()
}

/// What a label at the beginning of a paragraph announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Note(NoteKind),
    Extension,
}

/// The label at the beginning of a paragraph, and what stands behind it.
pub(crate) fn label(text: &str) -> Option<(Label, &str)> {
    let colon = text.find(':').filter(|colon| *colon <= 40)?;
    let words: String = plain(&text[..colon]).trim_end_matches(|c: char| c.is_ascii_digit()).into();
    let label = match &*words {
        "applicationnote" | "applicationnotes" => Label::Note(NoteKind::Application),
        "informationalnote" | "informationalnotes" | "informativenote" | "informativenotes" | "note"
        | "notes" => Label::Note(NoteKind::Informational),
        "extension" => Label::Extension,
        _ => return None,
    };
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '*');
    let mut behind = &text[colon + 1..];
    // `**Application note:** …`
    let marks = text.len() - text.trim_start_matches('*').len();
    if marks > 0 {
        behind = behind.strip_prefix(&"***"[..marks.min(3)]).unwrap_or(behind);
    }
    begins.then_some((label, behind.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        pieces(text).0.into_iter().map(|piece| format!("{piece:?}")).collect()
    }

    #[test]
    fn operations_are_told_from_emphasis_addresses_and_comparisons() {
        assert_eq!(
            texts("for *<list of modes>* and <x,> **the rest**"),
            [
                r#"Text("for ")"#,
                r#"Angle { inner: "list of modes", italic: true }"#,
                r#"Text(" and ")"#,
                r#"Angle { inner: "x,", italic: false }"#,
                r#"Text(" ")"#,
                r#"Bold("the rest")"#
            ]
        );
        for text in ["see <https://example.org/>", "a < b and c > d", "2 * 3 * 4", "[<]"] {
            assert_eq!(pieces(text), (vec![Piece::Text(text.into())], false), "{text}");
        }
        assert_eq!(without_marks("*none* is **fine** for <a list>"), "none is fine for <a list>");
        assert_eq!(without_marks("<i>AVA_VAN.3</i> x"), "AVA_VAN.3 x");
    }

    #[test]
    fn a_bracket_that_never_closes_is_noticed_and_kept() {
        assert_eq!(pieces("keep <this"), (vec![Piece::Text("keep <this".into())], true));
        assert!(pieces("goes to *<list of states*.").1 && pieces("**the <part** of").1);
        assert_eq!(texts("*the <part> of*")[1], r#"Angle { inner: "part", italic: false }"#);
        assert!(begins_instruction("<Say what"));
        assert!(!begins_instruction("<Say what>") && !begins_instruction("<i>x"));
    }

    #[test]
    fn an_instruction_is_a_whole_paragraph_in_roman_brackets() {
        assert_eq!(instruction("<Say <what> it is.>").as_deref(), Some("Say <what> it is."));
        assert_eq!(instruction("<List> of things"), None);
        assert_eq!(instruction("*<list of things>*"), None);
        assert_eq!(instruction("<https://example.org>"), None);
    }

    #[test]
    fn labels_are_known_however_they_are_written() {
        let application = Label::Note(NoteKind::Application);
        for text in [
            "Application note: x",
            "Application Note 2: x",
            "**Application note:** x",
            "Application notes: x",
        ] {
            assert_eq!(label(text), Some((application, "x")), "{text}");
        }
        assert_eq!(label("Note: x"), Some((Label::Note(NoteKind::Informational), "x")));
        assert_eq!(label("Extension: x"), Some((Label::Extension, "x")));
        assert_eq!(label("Noteworthy: x"), None);
        assert_eq!(label("see the application note: x"), None);
    }
}
