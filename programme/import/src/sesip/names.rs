//! Words that a Security Target repeats: iterations of the mapping and editions of references.
//!
//! Nothing but these words ties a claim to its iteration, or a reference to its edition. Where the document is the
//! built-in one, they are the built-in profile's, so that a Security Target holds against either.

use dtsec_model::profile::{MappingRow, Reference, SesipProfile};
use std::collections::BTreeSet;

/// Takes over the names of the built-in profile. Answers how the text words the iterations that are renamed.
pub(crate) fn adopt(profile: &mut SesipProfile, known: &SesipProfile) -> Vec<String> {
    for reference in &mut profile.references {
        let ours = known.references.iter().find(|ours| ours.id == reference.id);
        if let Some(ours) = ours.filter(|ours| is_same_edition(ours, reference)) {
            reference.edition.clone_from(&ours.edition);
        }
    }
    let mut wording = Vec::new();
    for row in &mut profile.mapping {
        let ours = known.mapping.iter().find(|ours| is_same_row(ours, row));
        if let Some(ours) = ours.filter(|ours| ours.iterations != row.iterations) {
            wording.push(format!("{}, iterated for: {}", row.requirement, row.iterations.join("; ")));
            row.iterations.clone_from(&ours.iterations);
        }
    }
    wording
}

fn is_same_row(ours: &MappingRow, row: &MappingRow) -> bool {
    ours.requirement == row.requirement
        && ours.covered_by == row.covered_by
        && ours.iterations.len() == row.iterations.len()
}

/// The same version and date, however they are written: everything that the text says is said by the built-in one.
fn is_same_edition(ours: &Reference, theirs: &Reference) -> bool {
    let (Some(ours), Some(theirs)) = (&ours.edition, &theirs.edition) else { return false };
    parts(theirs).is_subset(&parts(ours))
}

fn parts(edition: &str) -> BTreeSet<String> {
    let words = edition.split([' ', ',', ';']).map(str::to_lowercase);
    let without_v = |word: String| match word.strip_prefix('v') {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => number.to_owned(),
        _ => word,
    };
    words.map(without_v).filter(|word| !matches!(&**word, "" | "version")).collect()
}
