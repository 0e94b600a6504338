//! The 21 security functional requirements of the SESIP profile for connected diabetes devices, as the evaluation needs
//! them: from the profile of `dtsec-model`, and found by what people call them.

use dtsec_model::{builtin, catalogue};
use std::sync::LazyLock;

pub use dtsec_model::profile::Obligation;

/// A security functional requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sfr {
    /// Stable id.
    pub id: &'static str,
    /// The profile's title.
    pub title: &'static str,
    /// Other names for it.
    pub aliases: &'static [String],
    /// Mandatory or optional.
    pub obligation: Obligation,
    /// What it asks for, in one sentence.
    pub summary: &'static str,
}

static ALL: LazyLock<Vec<Sfr>> = LazyLock::new(|| {
    let of = |requirement: &'static dtsec_model::profile::ProfileRequirement| {
        // The profile's tests hold its ids against the catalogue.
        let entry = catalogue::sfr(&requirement.id)?;
        Some(Sfr {
            id: &requirement.id,
            title: &requirement.title,
            aliases: &entry.aliases,
            obligation: requirement.obligation,
            summary: &entry.summary,
        })
    };
    builtin::sesip_profile().requirements.iter().filter_map(of).collect()
});

/// All of them, in the order of the profile.
pub fn all() -> &'static [Sfr] {
    &ALL
}

/// The requirement with this id.
pub fn by_id(id: &str) -> Option<&'static Sfr> {
    all().iter().find(|sfr| sfr.id == id)
}

/// The requirement that a person means: an id, a title or an alias, without regard to case.
pub fn find(name: &str) -> Option<&'static Sfr> {
    all().iter().find(|sfr| {
        let names = [sfr.id, sfr.title].into_iter().chain(sfr.aliases.iter().map(String::as_str));
        names.into_iter().any(|known| known.eq_ignore_ascii_case(name.trim()))
    })
}

/// Ids that look like `name`, the nearest first.
pub fn near(name: &str) -> Vec<&'static str> {
    nearest(name, all().iter().map(|sfr| sfr.id))
}

/// At most three of `known` that look like `name`, the nearest first.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_ascii_lowercase().replace([' ', '_'], "-");
    let mut scored: Vec<(f64, &str)> = known
        .map(|id| {
            let contained = if name.len() >= 3 && id.contains(&name) { 1.0 } else { 0.0 };
            (strsim::jaro_winkler(&name, id).max(contained), id)
        })
        .filter(|(score, _)| *score >= 0.7)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_profile_has_eleven_mandatory_and_ten_optional_requirements_with_ids_of_their_own() {
        let mandatory = all().iter().filter(|sfr| sfr.obligation == Obligation::Mandatory).count();
        assert_eq!((all().len(), mandatory), (21, 11));
        assert_eq!(all().iter().map(|sfr| sfr.id).collect::<BTreeSet<_>>().len(), 21);
        for sfr in all() {
            assert!(sfr.id.bytes().all(|b| b == b'-' || b.is_ascii_lowercase()), "{}", sfr.id);
            assert!(sfr.summary.ends_with('.'), "{}", sfr.id);
        }
    }

    #[test]
    fn a_requirement_is_found_by_id_title_or_alias_and_nothing_else_is_found() {
        assert_eq!(find("Secure Storage").map(|s| s.id), Some("secure-trusted-storage"));
        assert_eq!(find("CRYPTOGRAPHIC KEYSTORE").map(|s| s.id), Some("cryptographic-keystore"));
        assert_eq!(find("secure-debugging").map(|s| s.id), Some("secure-debugging"));
        assert_eq!(find("secure"), None);
    }

    #[test]
    fn a_misspelt_id_is_answered_with_the_ids_that_look_like_it() {
        assert_eq!(near("secure-debuging").first(), Some(&"secure-debugging"));
        assert!(near("random").contains(&"cryptographic-random-number-generation"));
        assert!(near("qqqq").is_empty());
    }
}
