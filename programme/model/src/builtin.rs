//! The profiles that the project brings along: ids, structure, operations, rules, and summaries in its own words.
//!
//! The official wording is filled in from a copy of the document that the user has (`dtsec profile import`).

use crate::document::Document;
use crate::profile::SesipProfile;
use crate::protection_profile::ProtectionProfile;
use std::sync::LazyLock;

static SESIP_PROFILE: LazyLock<SesipProfile> =
    LazyLock::new(|| read(include_str!("../data/sesip-profile-cdd.json")));
static PROTECTION_PROFILE: LazyLock<ProtectionProfile> =
    LazyLock::new(|| read(include_str!("../data/dtsec-cdd-pp.json")));

/// The SESIP profile for DTSec connected diabetes device platforms (GPT_SPE_151).
pub fn sesip_profile() -> &'static SesipProfile {
    &SESIP_PROFILE
}

/// The DTSec Protection Profile, as far as it is known.
pub fn protection_profile() -> &'static ProtectionProfile {
    &PROTECTION_PROFILE
}

/// The built-in SESIP profile of this id.
pub fn profile(id: &str) -> Option<&'static SesipProfile> {
    Some(sesip_profile()).filter(|profile| profile.id == id)
}

fn read<D: Document>(text: &str) -> D {
    // Part of this program, and its tests read it.
    D::from_json(text).unwrap_or_else(|error| panic!("a built-in {}: {error}", D::KIND.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{Operation, operations};
    use crate::profile::{NoteKind, Obligation};
    use crate::threat::Threat;
    use crate::{catalogue, operations};
    use std::collections::HashSet;

    #[test]
    fn the_profile_has_11_mandatory_and_10_optional_requirements_all_of_the_catalogue() {
        let profile = sesip_profile();
        let mandatory = |r: &&crate::profile::ProfileRequirement| r.obligation == Obligation::Mandatory;
        assert_eq!(profile.requirements.iter().filter(mandatory).count(), 11);
        assert_eq!(profile.requirements.len(), 21);
        for requirement in &profile.requirements {
            let sfr = catalogue::sfr(&requirement.id).expect(&requirement.id);
            assert_eq!(sfr.title, requirement.title);
            let ids: HashSet<&str> = operations(&requirement.statement).filter_map(Operation::id).collect();
            let known: HashSet<&str> = sfr.parameters.iter().map(String::as_str).collect();
            assert!(ids.is_subset(&known), "{}: {ids:?} are not all in {known:?}", requirement.id);
        }
    }

    #[test]
    fn the_profile_has_the_four_threats_its_application_notes_and_a_section_for_each_requirement() {
        let profile = sesip_profile();
        assert_eq!(profile.threats.iter().map(|threat| threat.id).collect::<Vec<_>>(), Threat::ALL);
        let application = |note: &&crate::profile::Note| note.kind == NoteKind::Application;
        assert_eq!(profile.all_notes().filter(application).count(), 10);
        let sections: HashSet<&str> = profile.sections.iter().map(|section| &*section.number).collect();
        assert!(profile.requirements.iter().all(|requirement| sections.contains(&*requirement.section)));
        let notes: HashSet<&str> = profile.all_notes().map(|note| &*note.id).collect();
        assert_eq!(notes.len(), profile.all_notes().count(), "two notes have one id");
    }

    #[test]
    fn the_mapping_covers_every_requirement_of_the_protection_profile() {
        let profile = sesip_profile();
        let component = |row: &str| {
            row.rsplitn(2, '.').last().map(str::to_owned).filter(|_| row.matches('.').count() > 1)
        };
        let rows: HashSet<String> = profile
            .mapping
            .iter()
            .map(|row| component(&row.requirement).unwrap_or_else(|| row.requirement.clone()))
            .collect();
        let wanted: HashSet<String> =
            protection_profile().requirements.iter().map(|requirement| requirement.id.clone()).collect();
        assert_eq!(rows, wanted);
        for row in &profile.mapping {
            assert!(row.covered_by.iter().all(|id| profile.requirement(id).is_some()), "{}", row.requirement);
        }
    }

    #[test]
    fn a_statement_without_values_reads_as_a_template() {
        let requirement = sesip_profile().requirement("secure-initialization-of-platform").unwrap();
        let text = operations::sentence(&operations::complete(&requirement.statement, &Default::default()));
        assert!(text.ends_with("it goes to <list of controlled states>."), "{text}");
    }
}
