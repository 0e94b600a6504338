//! How texts become terms and sort keys.

use crate::names::LONGEST_NAME;
use std::collections::BTreeSet;

/// A word is found by at most so many of its first letters.
const LETTERS: usize = 12;

/// The term of a facet.
pub(crate) fn facet(name: &str, value: &str) -> String {
    format!("{name}={value}")
}

/// The terms of a text's words: each word's beginnings, from one letter to [`LETTERS`].
pub(crate) fn beginnings(text: &str) -> BTreeSet<String> {
    words(text).flat_map(|word| (1..=word.len()).map(move |end| term(&word[..end]))).collect()
}

/// The terms that a text with all these words has.
pub(crate) fn wanted(text: &str) -> BTreeSet<String> {
    words(text).map(|word| term(&word)).collect()
}

fn term(letters: &[char]) -> String {
    // No facet begins so.
    std::iter::once('~').chain(letters.iter().copied()).collect()
}

/// Letters and digits that stand together, in lower case, cut to [`LETTERS`].
fn words(text: &str) -> impl Iterator<Item = Vec<char>> {
    text.split(|one: char| !one.is_alphanumeric())
        .map(|word| word.chars().flat_map(char::to_lowercase).take(LETTERS).collect::<Vec<_>>())
        .filter(|word| !word.is_empty())
}

/// What a list is sorted by: lower case, visible, not longer than an index takes.
pub(crate) fn sort_key(text: &str) -> String {
    let mut key = String::new();
    for one in text.chars().flat_map(char::to_lowercase) {
        let one = if one.is_control() { ' ' } else { one };
        if key.len() + one.len_utf8() > LONGEST_NAME {
            break;
        }
        key.push(one);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_each_of_its_beginnings() {
        let terms = beginnings("Pump-X");
        assert_eq!(terms.into_iter().collect::<Vec<_>>(), ["~p", "~pu", "~pum", "~pump", "~x"]);
    }

    #[test]
    fn what_is_wanted_is_among_what_is_kept() {
        for text in ["Glucometer", "ÄRGER groß", "electroencephalograph 3000"] {
            assert!(wanted(text).is_subset(&beginnings(text)), "{text}");
        }
        assert!(!wanted("pumps").is_subset(&beginnings("pump")));
    }

    #[test]
    fn a_sort_key_is_never_longer_than_an_index_takes() {
        assert_eq!(sort_key("A\0b"), "a b");
        assert!(sort_key(&"ß€".repeat(300)).len() <= LONGEST_NAME);
    }
}
