//! The 21 security functional requirements of the SESIP profile for connected diabetes devices, as data.
//!
//! Ids are stable and are what everything else refers to; titles are the profile's, aliases are names under
//! which the same requirement is met elsewhere. The summaries are this project's own words.

use serde::Serialize;

/// Whether a Security Target must claim a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obligation {
    /// Section 5.2 of the profile.
    Mandatory,
    /// Sections 5.3 and 5.4.
    Optional,
}

impl Obligation {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Obligation::Mandatory => "mandatory",
            Obligation::Optional => "optional",
        }
    }
}

/// A security functional requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sfr {
    /// Stable id.
    pub id: &'static str,
    /// The profile's title.
    pub title: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Mandatory or optional.
    pub obligation: Obligation,
    /// What it asks for, in one sentence.
    pub summary: &'static str,
}

const fn mandatory(
    id: &'static str,
    title: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
) -> Sfr {
    Sfr { id, title, aliases, obligation: Obligation::Mandatory, summary }
}

const fn optional(
    id: &'static str,
    title: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
) -> Sfr {
    Sfr { id, title, aliases, obligation: Obligation::Optional, summary }
}

/// All of them, in the order of the profile.
pub const ALL: [Sfr; 21] = [
    mandatory(
        "verification-of-platform-identity",
        "Verification of Platform Identity",
        &["Platform Identity"],
        "Anyone can ask the device exactly which platform it is, part by part and version by version.",
    ),
    mandatory(
        "secure-update-of-platform",
        "Secure Update of Platform",
        &["Platform Update"],
        "A fielded platform can move to a newer version, and only to a genuine and unaltered one.",
    ),
    mandatory(
        "secure-initialization-of-platform",
        "Secure Initialization of Platform",
        &["Secure Boot", "Secure Initialisation of Platform", "FPT_TST_EXT.1"],
        "Nothing runs that was not checked first – platform and application – and a failed check ends in a named state.",
    ),
    mandatory(
        "secure-debugging",
        "Secure Debugging",
        &["Debug Authentication"],
        "Debug access opens only for authenticated parties, and user data are gone before it does.",
    ),
    mandatory(
        "secure-communication-support",
        "Secure Communication Support",
        &["FTP_ITC.1"],
        "There is a channel to the End User Device that authenticates it and detects changed or repeated messages.",
    ),
    mandatory(
        "secure-communication-enforcement",
        "Secure Communication Enforcement",
        &["FTP_ITC.1 enforcement"],
        "There is no way to talk with the End User Device around the secure channel.",
    ),
    mandatory(
        "secure-trusted-storage",
        "Secure Trusted Storage",
        &["Secure Storage", "FDP_DAU.1"],
        "Stored user data cannot be altered, forged or moved to another device unnoticed.",
    ),
    mandatory(
        "cryptographic-operation",
        "Cryptographic Operation",
        &["FCS_COP.1"],
        "The platform offers named cryptographic operations at 128-bit strength or more, as their standards define them.",
    ),
    mandatory(
        "cryptographic-key-generation",
        "Cryptographic Key Generation",
        &["FCS_CKM.1"],
        "Keys are made on the device by a specified method and at the specified lengths.",
    ),
    mandatory(
        "cryptographic-keystore",
        "Cryptographic KeyStore",
        &["Key Store", "Cryptographic Key Store"],
        "The application can have keys used on its behalf without ever being able to read or alter them.",
    ),
    mandatory(
        "cryptographic-random-number-generation",
        "Cryptographic Random Number Generation",
        &["RNG", "FCS_COP_EXT.1", "FCS_RBG_EXT.1"],
        "Random numbers come from a specified generator over a tested entropy source, or not at all.",
    ),
    optional(
        "physical-attacker-resistance",
        "Physical Attacker Resistance",
        &["FPT_PHP.3"],
        "An attacker who holds the device is detected or stopped before any other requirement falls.",
    ),
    optional(
        "limited-physical-attacker-resistance",
        "Limited Physical Attacker Resistance",
        &["FPT_PHP.3 limited"],
        "As physical attacker resistance, for a stated list of requirements.",
    ),
    optional(
        "isolation-of-platform-parts",
        "Software Attacker Resistance: Isolation of Platform Parts",
        &["Isolation of Platform Parts"],
        "Code run by an attacker in the networking part cannot reach the other parts of the platform.",
    ),
    optional(
        "secure-update-of-application",
        "Secure Update of Application",
        &["Application Update"],
        "The application can move to a newer version, and only to a genuine and unaltered one.",
    ),
    optional(
        "verification-of-platform-instance-identity",
        "Verification of Platform Instance Identity",
        &["Instance Identity"],
        "Each single device has an identity of its own that can be asked for.",
    ),
    optional(
        "attestation-of-platform-genuineness",
        "Attestation of Platform Genuineness",
        &["Platform Attestation"],
        "A device can prove to a stranger that it is a genuine platform and not an imitation.",
    ),
    optional(
        "attestation-of-application-genuineness",
        "Attestation of Application Genuineness",
        &["Application Attestation"],
        "A device can prove to a stranger which application runs on it.",
    ),
    optional(
        "factory-reset-of-platform",
        "Factory Reset of Platform",
        &["Factory Reset"],
        "The user can bring the device back to its delivered state, and user data are gone.",
    ),
    optional(
        "decommission-of-platform",
        "Decommission of Platform",
        &["Decommissioning"],
        "A device can be taken out of service for good, with nothing of value left in it.",
    ),
    optional(
        "residual-information-purging",
        "Residual Information Purging",
        &["Purging"],
        "What is deleted is no longer there, and not merely no longer listed.",
    ),
];

/// The requirement with this id.
pub fn by_id(id: &str) -> Option<&'static Sfr> {
    ALL.iter().find(|sfr| sfr.id == id)
}

/// The requirement that a person means: an id, a title or an alias, without regard to case.
pub fn find(name: &str) -> Option<&'static Sfr> {
    ALL.iter().find(|sfr| {
        [sfr.id, sfr.title].iter().chain(sfr.aliases).any(|known| known.eq_ignore_ascii_case(name.trim()))
    })
}

/// Ids that look like `name`, the nearest first.
pub fn near(name: &str) -> Vec<&'static str> {
    nearest(name, ALL.iter().map(|sfr| sfr.id))
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
        let count = |obligation| ALL.iter().filter(|sfr| sfr.obligation == obligation).count();
        assert_eq!((count(Obligation::Mandatory), count(Obligation::Optional)), (11, 10));
        assert_eq!(ALL.iter().map(|sfr| sfr.id).collect::<BTreeSet<_>>().len(), 21);
        for sfr in &ALL {
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
