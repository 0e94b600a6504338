//! Rules for the profile's notes.

use crate::context::{Context, open, plain};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::profile::{Note, NoteKind, Wording};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "application-notes-there",
        clause: "GPT_SPE_151 1 (usage); T2",
        title: "Every application note that concerns the Security Target is in it",
        explanation: "Application notes are copied; here a note stands by its id, and its text is filled in when the Security \
                      Target is rendered. A note to an optional requirement concerns those who claim it. Informational notes \
                      may be copied.",
        remedy: "Add the note's id to `notes`, and say in `applied` how it was applied.",
        severity: Severity::Error,
        check: application_notes_there,
    },
    Rule {
        id: "application-notes-applied",
        clause: "GPT_SPE_151 1 (usage); T2",
        title: "Every application note says how it was applied",
        explanation: "Application notes are not only copied but applied, in evaluation and certification as well.",
        remedy: "Fill in `applied`.",
        severity: Severity::Error,
        check: application_notes_applied,
    },
    Rule {
        id: "note-known",
        clause: "GPT_SPE_151 1 (usage); T2",
        title: "A note is one of the profile's",
        explanation: "A note that the profile does not have would be read as the profile's.",
        remedy: "Correct the id; what is the writer's own goes into a passage.",
        severity: Severity::Error,
        check: note_known,
    },
    Rule {
        id: "note-verbatim",
        clause: "GPT_SPE_151 1 (usage); T2",
        title: "A note that is carried as text is the profile's, word for word",
        explanation: "Copying a note is not rewriting it. It can be compared only with an imported profile: a built-in one has \
                      summaries.",
        remedy: "Copy the note again, or leave `text` out: it is filled in from the profile.",
        severity: Severity::Error,
        check: note_verbatim,
    },
];

/// The notes that concern this Security Target: those outside the requirements, and those of the requirements it names.
fn concerning<'c>(context: &Context<'c>) -> impl Iterator<Item = &'c Note> {
    let named: Vec<_> =
        context.profile.requirements.iter().filter(|requirement| context.names(&requirement.id)).collect();
    let of_requirements = named.into_iter().flat_map(|requirement| &requirement.notes);
    context.profile.notes.iter().chain(of_requirements)
}

fn application_notes_there(context: &Context<'_>, found: &mut Found) {
    for note in concerning(context).filter(|note| note.kind == NoteKind::Application) {
        if !context.target.notes.iter().any(|applied| applied.note == note.id) {
            found.at("/notes", "", format!("the application note `{}` is missing", note.id));
        }
    }
}

fn application_notes_applied(context: &Context<'_>, found: &mut Found) {
    for (at, applied) in context.target.notes.iter().enumerate() {
        let known = context.profile.all_notes().find(|note| note.id == applied.note);
        if known.is_some_and(|note| note.kind == NoteKind::Application) {
            let what = format!("how `{}` was applied", applied.note);
            found.unless_said(format!("/notes/{at}/applied"), &applied.applied, &what);
        }
    }
}

fn note_known(context: &Context<'_>, found: &mut Found) {
    for (at, applied) in context.target.notes.iter().enumerate() {
        if !open(&applied.note) && !context.profile.all_notes().any(|note| note.id == applied.note) {
            found.at(format!("/notes/{at}/note"), &applied.note, "the profile has no such note");
        }
    }
}

fn note_verbatim(context: &Context<'_>, found: &mut Found) {
    if context.profile.wording == Wording::Summaries {
        return;
    }
    for (at, applied) in context.target.notes.iter().enumerate() {
        let known = context.profile.all_notes().find(|note| note.id == applied.note);
        if let (Some(text), Some(note)) = (&applied.text, known)
            && !open(text)
            && plain(text) != plain(&note.text)
        {
            found.at(format!("/notes/{at}/text"), text, "this is not the text of the profile");
        }
    }
}
