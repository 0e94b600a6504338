//! SESIP's catalogue of security functional requirements, as data: `data/sesip-catalogue.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A security functional requirement of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sfr {
    /// Stable id.
    pub id: String,
    /// SESIP's title.
    pub title: String,
    /// Other names for it. They are for people: nothing is ever matched by them but what is read from a document.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether every Security Target must have it.
    #[serde(default)]
    pub mandatory: bool,
    /// What it asks for, in this project's own words.
    pub summary: String,
    /// The ids of what is to be filled in or chosen.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// The requirements that it takes for granted.
    #[serde(default)]
    pub implies: Vec<String>,
    /// What an evaluator looks at.
    #[serde(default)]
    pub considerations: Vec<String>,
}

static CATALOGUE: LazyLock<Vec<Sfr>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/sesip-catalogue.json")).unwrap_or_else(|error| {
        // Part of this program, and its tests read it.
        panic!("the built-in catalogue: {error}")
    })
});

/// All of them.
pub fn all() -> &'static [Sfr] {
    &CATALOGUE
}

/// The one with this id.
pub fn sfr(id: &str) -> Option<&'static Sfr> {
    all().iter().find(|sfr| sfr.id == id)
}

/// The one that a document means by this title, whatever its case and punctuation: for import only.
pub fn titled(title: &str) -> Option<&'static Sfr> {
    let wanted = plain(title);
    let names = |sfr: &Sfr| std::iter::once(&sfr.title).chain(&sfr.aliases).any(|name| plain(name) == wanted);
    all().iter().find(|sfr| names(sfr))
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_kebab_case_and_what_is_implied_is_there() {
        let ids: HashSet<&str> = all().iter().map(|sfr| &*sfr.id).collect();
        assert_eq!(ids.len(), all().len());
        let kebab = |id: &str| id.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(ids.iter().all(|id| kebab(id)));
        for sfr in all() {
            assert!(sfr.implies.iter().all(|id| ids.contains(&**id) && *id != sfr.id), "{}", sfr.id);
        }
    }

    #[test]
    fn a_requirement_is_found_by_every_name_it_goes_by() {
        for name in ["Secure Trusted Storage", "Secure Storage", "secure trusted  storage", "FDP_DAU.1"] {
            assert_eq!(titled(name).map(|sfr| &*sfr.id), Some("secure-trusted-storage"), "{name}");
        }
        assert_eq!(titled("Secure"), None);
    }

    #[test]
    fn names_are_of_one_requirement_only() {
        let mut seen = HashSet::new();
        for name in all().iter().flat_map(|sfr| std::iter::once(&sfr.title).chain(&sfr.aliases)) {
            assert!(seen.insert(plain(name)), "{name} stands for two");
        }
    }

    #[test]
    fn every_security_target_needs_identity_and_update() {
        let mandatory: Vec<&str> = all().iter().filter(|sfr| sfr.mandatory).map(|sfr| &*sfr.id).collect();
        assert_eq!(mandatory, ["verification-of-platform-identity", "secure-update-of-platform"]);
    }
}
