//! An advisory, whatever the database, and whether it applies to a version.

use semver::{Version, VersionReq};

/// An advisory about one library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// `RUSTSEC-…`, `GHSA-…`, …
    pub id: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// The library.
    pub package: String,
    /// What it is about.
    pub title: String,
    /// When it was published, as yyyy-mm-dd.
    pub date: String,
    /// When it was withdrawn.
    pub withdrawn: Option<String>,
    pub(crate) affected: Affected,
}

/// Which versions are affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Affected {
    /// All but these (RustSec).
    AllBut {
        /// Corrected in.
        patched: Vec<VersionReq>,
        /// Never had it.
        unaffected: Vec<VersionReq>,
    },
    /// These (OSV).
    Ranges {
        /// From one version to before another.
        ranges: Vec<Range>,
        /// By name.
        versions: Vec<String>,
    },
}

/// From `introduced` up to, and without, `fixed`; or up to `last`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Range {
    /// None: from the first.
    pub introduced: Option<Version>,
    pub fixed: Option<Version>,
    pub last: Option<Version>,
}

/// What an advisory says of a version, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It applies.
    Affected(String),
    /// It does not.
    NotAffected(String),
}

impl Advisory {
    /// Whether this is one of its names.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// Whether its title has this as a word, without regard to case.
    pub fn mentions(&self, term: &str) -> bool {
        let (title, term) = (self.title.to_lowercase(), term.trim().to_lowercase());
        let is_word = |byte: Option<char>| byte.is_some_and(char::is_alphanumeric);
        !term.is_empty()
            && title.match_indices(&term).any(|(at, found)| {
                let (before, after) = (title.get(..at), title.get(at + found.len()..));
                !is_word(before.and_then(|text| text.chars().next_back()))
                    && !is_word(after.and_then(|text| text.chars().next()))
            })
    }

    /// What it says of a version. One that cannot be read counts as affected: somebody must look.
    pub fn judge(&self, version: Option<&Version>) -> Judgement {
        if let Some(when) = &self.withdrawn {
            return Judgement::NotAffected(format!("withdrawn on {when}"));
        }
        let Some(version) = version else {
            return Judgement::Affected("the component has no version that could be compared".into());
        };
        match &self.affected {
            Affected::AllBut { patched, unaffected } => {
                if let Some(by) = patched.iter().find(|by| by.matches(version)) {
                    Judgement::NotAffected(format!("corrected in {by}, and this is {version}"))
                } else if let Some(by) = unaffected.iter().find(|by| by.matches(version)) {
                    Judgement::NotAffected(format!("{by} never had it, and this is {version}"))
                } else {
                    let corrected = patched.iter().map(VersionReq::to_string).collect::<Vec<_>>();
                    let corrected =
                        if corrected.is_empty() { "none".to_owned() } else { corrected.join(" or ") };
                    Judgement::Affected(format!("{version} is affected; corrected in: {corrected}"))
                }
            }
            Affected::Ranges { ranges, versions } => {
                if versions.iter().any(|named| *named == version.to_string()) {
                    return Judgement::Affected(format!("{version} is named as affected"));
                }
                match ranges.iter().find(|range| range.has(version)) {
                    Some(range) => Judgement::Affected(format!("{version} is affected: {}", range.text())),
                    None => {
                        let all = ranges.iter().map(Range::text).collect::<Vec<_>>().join("; ");
                        Judgement::NotAffected(format!("affected: {all}; and this is {version}"))
                    }
                }
            }
        }
    }
}

impl Range {
    fn has(&self, version: &Version) -> bool {
        self.introduced.as_ref().is_none_or(|from| version >= from)
            && self.fixed.as_ref().is_none_or(|fixed| version < fixed)
            && self.last.as_ref().is_none_or(|last| version <= last)
    }

    fn text(&self) -> String {
        let from = self.introduced.as_ref().map_or("the first version".to_owned(), Version::to_string);
        match (&self.fixed, &self.last) {
            (Some(fixed), _) => format!("from {from} to before {fixed}"),
            (None, Some(last)) => format!("from {from} to {last}"),
            (None, None) => format!("from {from} on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(title: &str) -> Advisory {
        Advisory {
            id: "RUSTSEC-2026-0001".into(),
            aliases: vec!["CVE-2026-1".into()],
            package: "aes".into(),
            title: title.into(),
            date: "2026-01-01".into(),
            withdrawn: None,
            affected: Affected::Ranges { ranges: vec![], versions: vec![] },
        }
    }

    #[test]
    fn a_term_is_found_as_a_word_and_not_inside_one() {
        for term in ["key store", "KEY", "leak"] {
            assert!(advisory("Leak in the key store").mentions(term), "{term}");
        }
        for term in ["ea", "stor", "", " "] {
            assert!(!advisory("Leak in the key store").mentions(term), "{term}");
        }
    }
}
