//! Texts as ids, and texts compared.

use std::collections::HashSet;

/// The longest id that is made of a text.
const MAX_SLUG: usize = 48;

/// A stable kebab-case id made of a text; whole words only.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        if !slug.is_empty() {
            if slug.len() + word.len() >= MAX_SLUG {
                break;
            }
            slug.push('-');
        }
        slug.extend(word.chars().take(MAX_SLUG).map(|c| c.to_ascii_lowercase()));
    }
    if slug.is_empty() { "unnamed".into() } else { slug }
}

/// The id, or the id with a number that makes it new; it is taken then.
pub(crate) fn unique(id: String, taken: &mut HashSet<String>) -> String {
    if taken.insert(id.clone()) {
        return id;
    }
    let numbered = |number: u64| format!("{id}-{number}");
    // Numbers are given one after the other: the first free one is between a taken one and twice that.
    let (mut used, mut free) = (1, 2);
    while taken.contains(&numbered(free)) {
        (used, free) = (free, free * 2);
    }
    while free - used > 1 {
        let middle = used + (free - used) / 2;
        if taken.contains(&numbered(middle)) { used = middle } else { free = middle }
    }
    taken.insert(numbered(free));
    numbered(free)
}

/// Letters and digits only, in lower case: what two writings of one name have in common.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Runs of white space as one space, none at the ends.
pub(crate) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first words of a text, for a report.
pub(crate) fn beginning(text: &str) -> String {
    let text = collapse(text);
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_kebab_case_of_whole_words_and_never_empty() {
        assert_eq!(
            slug("list of data that is not erased automatically"),
            "list-of-data-that-is-not-erased-automatically"
        );
        assert_eq!(slug("  Secure Update (of) Platform! "), "secure-update-of-platform");
        assert_eq!(slug("…"), "unnamed");
        assert!(slug(&"word ".repeat(50)).len() <= MAX_SLUG);
    }

    #[test]
    fn a_second_id_gets_a_number() {
        let mut taken = HashSet::new();
        let ids: Vec<String> = (0..9).map(|_| unique("a".into(), &mut taken)).collect();
        assert_eq!(ids, ["a", "a-2", "a-3", "a-4", "a-5", "a-6", "a-7", "a-8", "a-9"]);
    }

    #[test]
    fn the_beginning_of_a_text_is_short_and_whole_characters() {
        assert_eq!(beginning("one\n two"), "one two");
        assert_eq!(beginning(&"ä".repeat(100)).chars().count(), 81);
    }
}
