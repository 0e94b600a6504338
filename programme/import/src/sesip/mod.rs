//! The text of a SESIP profile, read into a [`SesipProfile`].
//!
//! The text is what a PDF gives: a line for each paragraph, tabs between the cells of a table, `*<…>*` for an operation
//! in italics, `<…>` for what is told the writer, `**…**` for what the profile fixes. [`import`] places every line, and
//! its [`Report`] says which it could not place and which it could have read otherwise. Where the text contradicts
//! itself, the profile says so in its deviations, and only where it does.
//!
//! What the built-in profile knows and a text cannot say – stable ids, which requirements need a security strength, when
//! an objective applies – is taken from it where the requirement or the document is the same. So a Security Target
//! refers to the same ids with the built-in profile and with an imported copy.

mod body;
mod compare;
mod deviations;
mod front;
mod inline;
mod layout;
mod mapping;
mod names;
mod report;
mod requirements;
mod statement;
mod tables;

pub use compare::{Comparison, Count};
pub use report::{Assumption, LeftOut, Place, Report, Unplaced};

use crate::words::{plain, slug};
use dtsec_model::assurance::Level;
use dtsec_model::builtin;
use dtsec_model::profile::{ProfileKind, SesipProfile, Wording};
use report::Ledger;
use sha2::{Digest as _, Sha256};

/// The longest text that is read, in bytes: profiles have tens of thousands.
pub const MAX_BYTES: usize = 2 << 20;
/// The most lines that are read: profiles have hundreds.
pub const MAX_LINES: usize = 20_000;

/// A profile that was read, and what became of each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The profile, in the official wording.
    pub profile: SesipProfile,
    /// Where the lines went.
    pub report: Report,
    /// The profile beside the built-in one, where it is the same document.
    pub comparison: Option<Comparison>,
}

/// Why a text is no SESIP profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Too long to be a profile.
    #[error(
        "the text has {bytes} bytes in {lines} lines; {MAX_BYTES} in {MAX_LINES} are read at most: give the text of the \
         profile alone"
    )]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
        /// How many lines.
        lines: usize,
    },
    /// No section 1.
    #[error(
        "there is no section 1: give the text of a SESIP profile, as a PDF gives it, with its numbered headings in \
         lines of their own"
    )]
    NoSections,
    /// No title before the first section.
    #[error(
        "no line before the table of contents or section 1 holds the title, in which “SESIP Profile” stands"
    )]
    NoTitle,
    /// No level.
    #[error("no section on security assurance requirements names a level (SESIP1 to SESIP5)")]
    NoLevel,
    /// No requirements.
    #[error(
        "there are no security functional requirements: they are looked for in the subsections of sections whose title \
         says “Security Functional Requirements” or “SFRs”"
    )]
    NoRequirements,
}

/// Reads the text of a SESIP profile.
///
/// # Errors
/// Where the text is no SESIP profile: see [`ImportError`]. What of a profile could not be placed is no error; the
/// report says it.
pub fn import(text: &str) -> Result<Import, ImportError> {
    let lines = text.lines().count();
    if text.len() > MAX_BYTES || lines > MAX_LINES {
        return Err(ImportError::TooLong { bytes: text.len(), lines });
    }
    let mut ledger = Ledger::new(text);
    let layout = layout::layout(text, &mut ledger);
    if layout.sections.is_empty() {
        return Err(ImportError::NoSections);
    }
    let front = front::read(&layout.front, &mut ledger);
    let title = front.title.ok_or(ImportError::NoTitle)?;
    let ours = builtin::sesip_profile();
    let same = plain(&front.reference) == plain(&ours.reference) || plain(&title) == plain(&ours.title);
    let known = same.then_some(ours);
    let body = body::read(layout.sections, known, &mut ledger);
    let level: Level = body.level.ok_or(ImportError::NoLevel)?;
    if body.requirements.is_empty() {
        return Err(ImportError::NoRequirements);
    }
    let mut profile = SesipProfile {
        kind: ProfileKind::default(),
        id: known.map_or_else(|| slug(&title), |known| known.id.clone()),
        reference: front.reference,
        title,
        version: front.version,
        date: front.date,
        wording: Wording::Official { sha256: hex::encode(Sha256::digest(text.as_bytes())) },
        level,
        protection_profile: body.protection_profile(known),
        sections: body.sections,
        references: body.references,
        terms: body.terms,
        revisions: body.revisions,
        identification: body.identification,
        notes: body.notes,
        threats: body.threats,
        features: body.features,
        objectives: body.objectives,
        requirements: body.requirements,
        assurance: body.assurance,
        mapping: body.mapping,
        deviations: Vec::new(),
    };
    profile.deviations = deviations::find(&profile, &body.facts);
    if let Some(known) = known {
        let wording = names::adopt(&mut profile, known);
        let section = body.mapped_in.and_then(|index| profile.sections.get_mut(index));
        section.into_iter().for_each(|section| section.text.extend(wording.iter().cloned()));
    }
    let comparison = known.map(|known| Comparison::new(known, &profile));
    Ok(Import { profile, report: ledger.finish(), comparison })
}
