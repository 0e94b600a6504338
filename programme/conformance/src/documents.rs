//! The documents that a Security Target lists, as far as they are at hand: their headings.

use dtsec_model::security_target::SecurityTarget;
use std::collections::HashMap;
use std::path::Path;

/// What is at hand of the listed documents.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    by_id: HashMap<String, State>,
}

/// What is known of one.
#[derive(Debug, Clone)]
enum State {
    /// Its file cannot be read.
    Unreadable(String),
    /// Its headings.
    Headings(Vec<String>),
}

/// The endings of files in which headings can be found. Others are only looked for.
const MARKDOWN: [&str; 2] = ["md", "markdown"];

impl Documents {
    /// None is at hand.
    pub fn none() -> Documents {
        Documents::default()
    }

    /// Those whose files lie where the Security Target says; `folder` is the one that it lies in.
    pub fn beside(folder: &Path, target: &SecurityTarget) -> Documents {
        let mut documents = Documents::none();
        for document in target.all_documents() {
            let Some(file) = &document.file else { continue };
            let path = folder.join(file);
            let markdown = path
                .extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| MARKDOWN.contains(&ending));
            let state = if markdown {
                match std::fs::read(&path) {
                    Ok(bytes) => State::Headings(headings(&String::from_utf8_lossy(&bytes))),
                    Err(error) => State::Unreadable(error.to_string()),
                }
            } else {
                match std::fs::metadata(&path) {
                    Ok(_) => continue,
                    Err(error) => State::Unreadable(error.to_string()),
                }
            };
            documents.by_id.insert(document.id.clone(), state);
        }
        documents
    }

    /// With the text of one, in Markdown.
    pub fn with(mut self, id: &str, markdown: &str) -> Documents {
        self.by_id.insert(id.to_owned(), State::Headings(headings(markdown)));
        self
    }

    /// With one that cannot be read.
    pub fn with_unreadable(mut self, id: &str, why: &str) -> Documents {
        self.by_id.insert(id.to_owned(), State::Unreadable(why.to_owned()));
        self
    }

    /// Why a document's file cannot be read.
    pub(crate) fn unreadable(&self, id: &str) -> Option<&str> {
        match self.by_id.get(id) {
            Some(State::Unreadable(why)) => Some(why),
            _ => None,
        }
    }

    /// Whether a document has this section; none where that cannot be known.
    pub(crate) fn has_section(&self, id: &str, section: &str) -> Option<bool> {
        let Some(State::Headings(headings)) = self.by_id.get(id) else { return None };
        let wanted = section_name(section);
        Some(headings.iter().any(|heading| {
            let whole = section_name(heading);
            let (number, title) = split(&whole);
            let by_number =
                number.is_some_and(|number| wanted == number || wanted == format!("{number} {title}"));
            wanted == whole || by_number || wanted == title
        }))
    }
}

/// The headings of a Markdown text; what stands between fences is none.
fn headings(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
        } else if !fenced && line.starts_with('#') {
            let title = line.trim_start_matches('#');
            if title.starts_with([' ', '\t']) {
                found.push(title.trim_end_matches('#').trim().to_owned());
            }
        }
    }
    found
}

/// A section as it may be cited: without the sign or the word for it, and without marks of Markdown.
fn section_name(section: &str) -> String {
    let text = super::context::plain(&section.replace(['`', '*'], ""));
    let text = text.trim_start_matches('§').trim_start();
    let text = ["section ", "chapter "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    text.trim_end_matches('.').to_owned()
}

/// Number and title of a heading.
fn split(heading: &str) -> (Option<&str>, &str) {
    match heading.split_once(' ') {
        Some((number, title)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
            (Some(number.trim_end_matches('.')), title.trim())
        }
        _ if heading.starts_with(|c: char| c.is_ascii_digit()) => (Some(heading), heading),
        _ => (None, heading),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtsec_model::security_target::GuidanceDocument;

    #[test]
    fn a_section_is_found_by_number_title_or_both_and_no_other_is() {
        let text = "# Guide\n\n## 3.2. Disabling `debug`\n```\n# 9 a comment\n```\n### Keys ###\n#hashtag\n";
        let documents = Documents::none().with("guide", text);
        for section in
            ["3.2", "§3.2", "Section 3.2", "disabling  debug", "3.2 Disabling debug", "Keys", "Guide"]
        {
            let found = documents.has_section("guide", section);
            assert_eq!(found, Some(true), "{section}");
        }
        for section in ["3", "3.20", "9", "9 a comment", "hashtag", "Disabling", ""] {
            assert_eq!(documents.has_section("guide", section), Some(false), "{section}");
        }
        assert_eq!(documents.has_section("other", "3.2"), None, "not at hand");
    }

    #[test]
    fn documents_are_read_beside_the_security_target_and_only_markdown_for_its_headings() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("guide.md"), "# One\n").unwrap();
        std::fs::write(folder.path().join("list.pdf"), "# One\n").unwrap();
        let mut target = crate::template(dtsec_model::builtin::sesip_profile());
        let document = target.guidance[0].clone();
        let named = |file: &str| GuidanceDocument {
            id: file.to_owned(),
            file: Some(file.to_owned()),
            ..document.clone()
        };
        target.guidance = ["guide.md", "list.pdf", "none.md", "none.pdf"].map(named).into();
        let documents = Documents::beside(folder.path(), &target);
        assert_eq!(documents.has_section("guide.md", "One"), Some(true));
        assert_eq!(documents.has_section("guide.md", "Two"), Some(false));
        assert_eq!(documents.has_section("list.pdf", "Two"), None, "no heading can be read there");
        let unreadable = |id: &str| documents.unreadable(id).is_some();
        assert!(unreadable("none.md") && unreadable("none.pdf"));
        assert!(!unreadable("guide.md") && !unreadable("list.pdf"), "the control");
    }
}
