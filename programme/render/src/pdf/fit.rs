//! Text as the pages can show it: with characters that the fonts have, and places where a word may be broken that is wider
//! than its column. The typesetter breaks lines at such a place without putting anything into the text, so that an id or a
//! digest that is copied or searched for is still itself.

use super::world::FONTS;
use std::fmt::Write as _;
use std::sync::LazyLock;
use typst::layout::Abs;
use typst::text::{Font, FontInstance, FontVariations, FontWeight};
use unicode_segmentation::UnicodeSegmentation as _;

/// A width of DejaVu Sans Mono's characters, in parts of the size.
const FIXED: f64 = 0.603;
/// How much smaller what is set in it is.
pub(super) const CODE: f64 = 0.84;
/// How many characters stand together where a word has no place to be broken at.
const TOGETHER: usize = 3;

/// The text with every character that no font has as its code point, as a character that turns the reading is shown
/// everywhere. What everybody may define for himself has no meaning on paper, whatever a font draws for it.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() || (!is_private(c) && has(c)) {
            shown.push(c);
        } else {
            // Writing to a string does not fail.
            let _ = write!(shown, "[U+{:04X}]", c as u32);
        }
    }
    shown
}

const fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

fn has(c: char) -> bool {
    FONTS.iter().any(|font| font.info().coverage.contains(c as u32))
}

/// Whether a text is read from right to left: its first letter is.
pub(super) fn is_right_to_left(text: &str) -> bool {
    text.chars().find(|c| c.is_alphabetic()).is_some_and(|c| {
        matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'
            | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
    })
}

/// What a text is set in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Libertinus Serif.
    Serif,
    /// DejaVu Sans Mono, smaller.
    Mono,
}

/// How wide a text is, in parts of the size that is around it. Rather too wide: bold text is wider than what is measured.
pub(super) fn width(text: &str, face: Face) -> f64 {
    match face {
        Face::Mono => FIXED * CODE * f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)),
        Face::Serif => 1.03 * text.chars().map(advance).sum::<f64>(),
    }
}

fn advance(c: char) -> f64 {
    static SEMIBOLD: LazyLock<Option<FontInstance>> = LazyLock::new(|| {
        let is_semibold = |font: &&Font| font.info().variant.weight == FontWeight::SEMIBOLD;
        let font = FONTS.iter().find(is_semibold)?.clone();
        let variant = font.info().variant;
        Some(font.instantiate(variant, Abs::pt(10.0), &FontVariations::default()))
    });
    let known = SEMIBOLD.as_ref().and_then(|font| font.x_advance(font.ttf().glyph_index(c)?.0));
    // Of another font; none of its letters is wider than high.
    known.map_or(1.0, |advance| advance.get())
}

/// A text in pieces: between two of them a line may end. `room` is the width of its column, in parts of the size.
pub(super) fn pieces(text: &str, face: Face, room: f64) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in text.split_inclusive(' ') {
        if width(word.trim_end(), face) <= room {
            push(&mut pieces, word);
            continue;
        }
        for part in parts(word) {
            if width(part, face) <= room {
                push(&mut pieces, part);
                pieces.push(String::new());
                continue;
            }
            for (number, one) in part.graphemes(true).enumerate() {
                if number % TOGETHER == 0 {
                    pieces.push(String::new());
                }
                push(&mut pieces, one);
            }
            pieces.push(String::new());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn push(pieces: &mut [String], text: &str) {
    if let Some(last) = pieces.last_mut() {
        last.push_str(text);
    }
}

/// A word at the places where people break it: behind marks, and before a capital in the middle.
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut before = None;
    for (at, c) in word.char_indices() {
        let is_place = before.is_some_and(|before: char| {
            (before.is_ascii_punctuation() && !c.is_ascii_punctuation())
                || (before.is_lowercase() && c.is_uppercase())
        });
        if is_place && at > from {
            parts.push(&word[from..at]);
            from = at;
        }
        before = Some(c);
    }
    parts.push(&word[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_fits_stays_whole_and_one_that_does_not_breaks_where_people_break_it() {
        let broken = |text, room| pieces(text, Face::Mono, room);
        assert_eq!(
            broken("run ::secure_update::Loader ok", 8.0),
            ["run ::", "secure_", "update::", "Loader ", "ok"]
        );
        assert_eq!(broken("aaaaaaaa", 2.0), ["aaa", "aaa", "aa"]);
        assert_eq!(broken("a short text", 8.0), ["a short text"], "the control");
        assert!(pieces("", Face::Serif, 8.0).is_empty());
    }

    #[test]
    fn pieces_make_the_text_again_and_part_no_letter_from_its_accents() {
        for text in ["e\u{301}".repeat(40), " a  bb ".repeat(30), "/../".repeat(30), "مכש".repeat(20)] {
            for room in [0.0, 1.0, 5.0, 1e9] {
                let pieces = pieces(&text, Face::Serif, room);
                assert_eq!(pieces.concat(), text);
                assert!(!pieces.iter().any(|piece| piece.starts_with('\u{301}')));
            }
        }
    }

    #[test]
    fn what_no_font_has_is_shown_as_its_code_point() {
        assert_eq!(shown("a 🩸 糖 \u{E000}"), "a [U+1FA78] [U+7CD6] [U+E000]");
        let kept = "Größe ≥ 3 → “ü” – …";
        assert_eq!(shown(kept), kept, "the control");
    }

    #[test]
    fn the_first_letter_gives_the_direction() {
        assert!(is_right_to_left("1. מכשיר A") && is_right_to_left("جهاز"));
        assert!(!is_right_to_left("A מכשיר") && !is_right_to_left("1 –"), "the control");
    }
}
