//! Sections that are security functional requirements.

use super::inline::{Label, instruction, label, without_marks};
use super::layout::{Block, BlockKind, RawSection};
use super::report::{Ledger, Place};
use super::statement::{self, Known};
use crate::words::{slug, unique};
use dtsec_model::builtin;
use dtsec_model::catalogue;
use dtsec_model::profile::{Note, NoteKind, Obligation, ProfileRequirement, SesipProfile, Strike};
use std::collections::HashSet;

/// Whether the subsections of a section with this title are requirements.
pub(crate) fn is_list_of_requirements(title: &str) -> bool {
    let lower = title.to_lowercase();
    lower.contains("security functional requirement")
        || lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == "sfrs" || word == "sfr")
}

/// Whether a Security Target must claim the requirement, and whether the text says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Obliged {
    obligation: Obligation,
    said: bool,
}

/// What the title of the section above says.
pub(crate) fn obligation(section: &RawSection, all: &[RawSection]) -> Obliged {
    let above = section.number.split_last().map_or(&[][..], |(_, above)| above);
    let title = all.iter().find(|other| other.number == above).map(|parent| parent.title.to_lowercase());
    let title = title.unwrap_or_default();
    let of_profile = title.contains("protection profile") || title.split(' ').any(|word| word == "pp");
    let obligation = match (title.contains("optional"), of_profile) {
        (true, true) => Obligation::OptionalInProtectionProfile,
        (true, false) => Obligation::OptionalBeyondProtectionProfile,
        (false, _) => Obligation::Mandatory,
    };
    Obliged { obligation, said: title.contains("optional") || title.contains("mandatory") }
}

/// A section that is a requirement.
pub(crate) struct Owner<'o> {
    pub(crate) section: &'o RawSection,
    pub(crate) obligation: Obliged,
    /// The built-in profile, where this is a copy of it.
    pub(crate) profile: Option<&'o SesipProfile>,
}

/// What was read of one.
pub(crate) struct Read {
    pub(crate) requirement: ProfileRequirement,
    /// What of its section is no part of it: captions, footnotes.
    pub(crate) text: Vec<String>,
    /// Operations in roman letters.
    pub(crate) roman: Vec<String>,
}

/// Reads a requirement.
pub(crate) fn read(owner: &Owner, blocks: &[Block], mut taken: HashSet<String>, ledger: &mut Ledger) -> Read {
    let section = owner.section;
    let sfr = catalogue::titled(&section.title);
    if sfr.is_none() {
        let what =
            format!("“{}” is not in SESIP's catalogue: a requirement of the profile's own", section.title);
        ledger.assume(section.line, what);
    }
    if !owner.obligation.said {
        let what = format!(
            "“{}” stands under a title that says neither mandatory nor optional: mandatory",
            section.title
        );
        ledger.assume(section.line, what);
    }
    let id = unique(sfr.map_or_else(|| slug(&section.title), |sfr| sfr.id.clone()), &mut taken);
    let ours = builtin::sesip_profile().requirement(&id);
    let parts = parts(blocks, ledger);
    let known = Known {
        statement: ours.map_or(&[], |ours| &ours.statement[..]),
        parameters: sfr.map_or(&[], |sfr| &sfr.parameters[..]),
    };
    let mut read = statement::read(&parts.statement.join("\n\n"), &known);
    if parts.statement.is_empty() {
        ledger.fail(section.line, &section.title, "the requirement has a title and no statement");
    }
    if read.unclosed {
        ledger.fail(section.line, &section.title, "an angle bracket opens in the statement and never closes");
    }
    let notes: Vec<&str> = parts.notes.iter().map(|(_, text)| &**text).collect();
    if statement::mark_none(&mut read.statement, &notes) {
        let what =
            "a note lets “none” cancel the requirement, and names no operation of it: which one is not known";
        ledger.assume(section.line, what.into());
    }
    let strike = strike(&notes, ours.map(|ours| ours.strike), section, ledger);
    let strength =
        notes.iter().any(|note| asks_for_strength(note)) || ours.is_some_and(|ours| ours.needs_strength);
    let of_same_profile = owner.profile.and_then(|profile| profile.requirement(&id));
    let requirement = ProfileRequirement {
        notes: named_notes(&id, parts.notes, of_same_profile.map_or(&[], |known| &known.notes[..])),
        id,
        title: section.title.clone(),
        section: section.dotted(),
        obligation: owner.obligation.obligation,
        statement: read.statement,
        extension: parts.extension,
        strike,
        needs_strength: strength,
        instructions: parts.instructions,
    };
    Read { requirement, text: parts.text, roman: read.roman }
}

/// The parts of a requirement's section.
#[derive(Default)]
struct Parts {
    statement: Vec<String>,
    extension: Option<String>,
    notes: Vec<(NoteKind, String)>,
    instructions: Vec<String>,
    text: Vec<String>,
}

/// What a paragraph or a list without a label goes on with.
#[derive(Clone, Copy)]
enum Open {
    Statement,
    Note,
    Extension,
    /// A label with nothing behind it: each item of the list is a note.
    Notes(NoteKind),
}

fn parts(blocks: &[Block], ledger: &mut Ledger) -> Parts {
    let mut parts = Parts::default();
    let mut open = Open::Statement;
    for block in blocks {
        let place = match &block.kind {
            BlockKind::Paragraph(paragraph) => {
                if let Some((label, text)) = label(paragraph) {
                    open = parts.labelled(label, text);
                    if matches!(label, Label::Extension) { Place::Extension } else { Place::Note }
                } else if let Some(text) = instruction(paragraph) {
                    parts.instructions.push(text);
                    Place::Instruction
                } else {
                    if !matches!(open, Open::Statement) {
                        let what =
                            "a paragraph without a label, behind one with a label: it goes on with that";
                        ledger.assume(block.line(), what.into());
                    }
                    parts.goes_on(open, paragraph, "\n\n")
                }
            }
            BlockKind::List(items) => {
                let whole =
                    items.iter().map(|item| format!("- {}", item.whole())).collect::<Vec<_>>().join("\n");
                match open {
                    Open::Notes(kind) => {
                        parts.notes.extend(items.iter().map(|item| (kind, without_marks(&item.whole()))));
                        Place::Note
                    }
                    open => parts.goes_on(open, &whole, "\n"),
                }
            }
            BlockKind::Caption(text) | BlockKind::Footnote(text) => {
                parts.text.push(without_marks(text));
                Place::Text
            }
            BlockKind::Table(_) => continue,
        };
        ledger.place_all(&block.lines, place);
    }
    parts
}

impl Parts {
    fn labelled(&mut self, label: Label, text: &str) -> Open {
        match label {
            Label::Note(kind) if text.is_empty() => Open::Notes(kind),
            Label::Note(kind) => {
                self.notes.push((kind, without_marks(text)));
                Open::Note
            }
            Label::Extension => {
                let text = without_marks(text);
                self.extension = Some(match self.extension.take() {
                    Some(before) => format!("{before}\n\n{text}"),
                    None => text,
                });
                Open::Extension
            }
        }
    }

    fn goes_on(&mut self, open: Open, text: &str, joint: &str) -> Place {
        let more = without_marks(text);
        match (open, self.notes.last_mut(), &mut self.extension) {
            (Open::Note, Some((_, note)), _) => {
                *note = format!("{note}{joint}{more}");
                Place::Note
            }
            (Open::Notes(kind), _, _) => {
                self.notes.push((kind, more));
                Place::Note
            }
            (Open::Extension, _, Some(extension)) => {
                *extension = format!("{extension}{joint}{more}");
                Place::Extension
            }
            _ => {
                match self.statement.last_mut().filter(|_| joint == "\n") {
                    Some(statement) => *statement = format!("{statement}\n{text}"),
                    None => self.statement.push(text.to_owned()),
                }
                Place::Statement
            }
        }
    }
}

/// The ids of the same notes in the built-in profile, else the requirement's and a number.
fn named_notes(owner: &str, notes: Vec<(NoteKind, String)>, known: &[Note]) -> Vec<Note> {
    let mut taken = HashSet::new();
    let named = notes.into_iter().enumerate().map(|(index, (kind, text))| {
        let same = known.get(index).filter(|known| known.kind == kind);
        let id = same.map_or_else(|| format!("{owner}-{}", index + 1), |known| known.id.clone());
        Note { id: unique(id, &mut taken), kind, text }
    });
    named.collect()
}

/// Whether and how the notes let the requirement be struck through.
fn strike(notes: &[&str], known: Option<Strike>, section: &RawSection, ledger: &mut Ledger) -> Strike {
    let lower: Vec<String> = notes.iter().map(|note| note.to_lowercase()).collect();
    let Some(note) = lower.iter().find(|note| note.contains("strike") || note.contains("struck")) else {
        return Strike::Forbidden;
    };
    if note.contains("alc_flr") {
        return Strike::WithFlawRemediationArgument;
    }
    if note.contains("debug") {
        return Strike::WithoutDebuggingAfterDelivery;
    }
    let what = "a note lets the requirement be struck through on a condition that is not known here";
    ledger.assume(section.line, what.into());
    known.unwrap_or_default()
}

/// `… of at least 128 bits …`
fn asks_for_strength(note: &str) -> bool {
    let words: Vec<&str> =
        note.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words
        .windows(2)
        .any(|pair| pair[0].parse::<u16>().is_ok_and(|bits| bits >= 80) && matches!(pair[1], "bit" | "bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_requirements_are_known_by_their_titles() {
        for title in ["Mandatory Security Functional Requirements", "Optional SFRs from X", "Other SFRs"] {
            assert!(is_list_of_requirements(title), "{title}");
        }
        for title in ["Security Requirements", "Security Assurance Requirements", "Mapping"] {
            assert!(!is_list_of_requirements(title), "{title}");
        }
    }

    #[test]
    fn a_strength_is_asked_for_in_bits() {
        assert!(asks_for_strength("keys are as strong as 128 bits"));
        assert!(!asks_for_strength("an 8 bit counter of 128 steps"));
    }
}
