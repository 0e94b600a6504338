//! A Security Target, laid out in the chapters of its profile.

mod identification;
mod introduction;
mod objectives;
mod overview;
mod requirements;
mod sufficiency;

use crate::doc::{Doc, Line, Role, Run, Tone, code, link, missing, plain, strong};
use crate::layout::{Layout, joined, said};
use crate::text::{Anchor, Text};
use crate::{RenderError, Variant};
use dtsec_model::operations::{self, Completed, Statement, Values};
use dtsec_model::profile::{Note, NoteKind, SesipProfile, Wording};
use dtsec_model::security_target::{Claim, Confidentiality, Place, SecurityTarget};
use dtsec_model::{canonical, catalogue};
use std::collections::HashSet;

/// How a Security Target is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Who it is for.
    pub variant: Variant,
    /// With chapter 1, which the profile lets a Security Target drop. Without it the references stand at the end.
    pub introduction: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { variant: Variant::Confidential, introduction: true }
    }
}

/// A Security Target as a document. The wording of requirements, objectives and notes is the profile's.
///
/// # Errors
/// [`RenderError::OtherProfile`] where it claims another profile.
pub fn security_target(
    target: &SecurityTarget,
    profile: &SesipProfile,
    options: Options,
) -> Result<Doc, RenderError> {
    if target.profile.id != profile.id {
        let (claimed, given) = (target.profile.id.clone(), profile.id.clone());
        return Err(RenderError::OtherProfile { claimed, given });
    }
    let digest = canonical::digest(target).map_err(|error| RenderError::Digest(error.to_string()))?;
    let mut writing = Writing::new(target, profile, options.variant);
    if options.introduction {
        writing.introduction();
    }
    writing.identification(&digest);
    writing.overview();
    writing.objectives();
    writing.requirements();
    writing.sufficiency();
    writing.leftovers();
    if !options.introduction {
        writing.references(None);
    }
    let doc = Doc {
        kind: writing.kind().into(),
        title: Text::new(&target.title),
        author: Text::new(&target.organisation),
        date: target.date,
        version: Text::new(&target.version),
        digest: Text::new(&digest),
        mark: writing.mark().into(),
        banner: None,
        facts: writing.facts(&digest),
        front: Vec::new(),
        body: writing.out.into_blocks(),
    };
    let front = front(target, profile, options.variant, doc.missing());
    Ok(Doc { front, ..doc }.without_dangling_links())
}

/// What must be known before the first chapter is read.
fn front(
    target: &SecurityTarget,
    profile: &SesipProfile,
    variant: Variant,
    missing: usize,
) -> Vec<crate::doc::Block> {
    let mut out = Layout::new();
    let unmet: Vec<&Claim> = target.requirements.iter().filter(|claim| claim.not_yet_met.is_some()).collect();
    if !unmet.is_empty() {
        let names = joined(unmet.iter().map(|claim| vec![claim_link(target, profile, claim)]), ", ");
        let count = format!(
            "{} of the {} claims in this Security Target are not met by this version of the platform: ",
            unmet.len(),
            target.requirements.len()
        );
        let mut line = vec![strong(count)];
        line.extend(names);
        line.push(plain(". Each says what is missing. No certificate can be issued before they are met."));
        out.note("unmet", Tone::Alert, "Claims that are not met yet", vec![line]);
    }
    if missing > 0 {
        let places = if missing == 1 { "1 place is".to_owned() } else { format!("{missing} places are") };
        let text = format!("{places} not filled in. They are marked where they stand.");
        out.note("missing", Tone::Warning, "Not complete", vec![vec![plain(text)]]);
    }
    if variant == Variant::Sanitised {
        let text = "This version may be given to anybody. Rationales, the ways in which transitions and integration are \
                    secured, and the developer's internal documents are left out, and each such place says so. Threats, \
                    objectives and requirements are complete.";
        out.note("sanitised", Tone::Note, "Sanitised version", vec![vec![plain(text)]]);
    }
    match &profile.wording {
        Wording::Summaries => {
            let text = "Requirements, objectives and notes stand here in this project's own words, which are no wording to \
                        be certified against. Import the official profile (dtsec profile import) and render with it \
                        before this document is sent to a lab.";
            out.note("wording", Tone::Warning, "Not the official wording", vec![vec![plain(text)]]);
        }
        Wording::Official { sha256 } => {
            let line = vec![
                plain(
                    "Requirements, objectives and notes have the wording of the official profile, whose copy has SHA-256 ",
                ),
                code(sha256),
                plain("."),
            ];
            out.line("wording", line);
        }
    }
    out.into_blocks()
}

/// The document in the making, and what of the Security Target stands in it already.
struct Writing<'a> {
    target: &'a SecurityTarget,
    profile: &'a SesipProfile,
    variant: Variant,
    out: Layout,
    /// The passages that have their place, by their index.
    passages: HashSet<usize>,
    /// The notes that have, by their id.
    notes: HashSet<&'a str>,
}

impl<'a> Writing<'a> {
    fn new(target: &'a SecurityTarget, profile: &'a SesipProfile, variant: Variant) -> Writing<'a> {
        let (out, passages, notes) = (Layout::new(), HashSet::new(), HashSet::new());
        Writing { target, profile, variant, out, passages, notes }
    }

    fn is_full(&self) -> bool {
        self.variant == Variant::Confidential
    }

    fn kind(&self) -> &'static str {
        if self.is_full() { "Security Target" } else { "Security Target – sanitised version" }
    }

    fn mark(&self) -> &'static str {
        match (self.variant, self.target.confidentiality) {
            (Variant::Sanitised, _) => "PUBLIC – sanitised version",
            (Variant::Confidential, Confidentiality::Public) => "PUBLIC",
            (Variant::Confidential, Confidentiality::Confidential) => {
                "CONFIDENTIAL – developer, lab and working group only"
            }
        }
    }

    /// The title page.
    fn facts(&self, digest: &str) -> Vec<(Text, Line)> {
        let target = self.target;
        let product = target.platform.identification.iter().find(|row| row.row == "commercial-name");
        let product = said(product.map_or("", |row| &row.value), "product name");
        let profile = &target.profile;
        let claimed = format!("{} ({}), version {}", self.profile.title, profile.reference, profile.version);
        let mut facts = vec![
            ("Product".into(), product),
            ("Type of platform".into(), said(&target.platform.platform_type, "type of platform")),
            ("Version of the Security Target".into(), said(&target.version, "version")),
            ("Date".into(), vec![self.date()]),
            ("Organisation".into(), said(&target.organisation, "organisation")),
            ("SESIP version".into(), said(&target.sesip_version, "SESIP version")),
            ("Profile claimed".into(), vec![plain(claimed)]),
            ("Assurance".into(), vec![plain(self.levels())]),
        ];
        let what = match self.variant {
            Variant::Confidential => "Document digest (SHA-256, RFC 8785)",
            Variant::Sanitised => "Sanitised from the document with digest (SHA-256, RFC 8785)",
        };
        facts.push((what.into(), vec![code(digest)]));
        facts
    }

    fn date(&self) -> Run {
        self.target.date.map_or_else(|| missing("date, yyyy-mm-dd"), |date| plain(date.to_string()))
    }

    fn levels(&self) -> String {
        let each = self.target.assurance.levels.iter().map(|claim| match claim.requirements.len() {
            0 => claim.level.name().to_owned(),
            _ => format!("{} for {}", claim.level.name(), claim.requirements.join(", ")),
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// The heading of a section of the profile, with what belongs there whatever the section is about: the profile's own
    /// paragraphs, its notes, the Security Target's passages.
    fn section(&mut self, number: &str, otherwise: &str) {
        let level = u8::try_from(number.split('.').count()).unwrap_or(u8::MAX);
        let section = self.profile.sections.iter().find(|section| section.number == number);
        let title = section.map_or(otherwise, |section| &section.title);
        self.out.heading(level, Some(number), title, Anchor::new("section", number));
        let text = section.map_or(&[][..], |section| &section.text[..]);
        for paragraph in text {
            self.out.text(&format!("profile {number}"), paragraph, "text of the profile");
        }
        self.passage(number);
        let of_section = |note: &&Note| note_section(&note.id) == slug(title);
        let notes: Vec<&Note> = self.profile.notes.iter().filter(of_section).collect();
        for note in notes {
            self.note(note);
        }
    }

    fn passage(&mut self, number: &str) {
        let target = self.target;
        for (index, passage) in target.passages.iter().enumerate().filter(|(_, one)| one.section == number) {
            if self.passages.insert(index) {
                self.out.text(&format!("passage {number}"), &passage.text, "passage");
            }
        }
    }

    /// A note of the profile, copied in, and how it was applied.
    fn note(&mut self, note: &'a Note) {
        let applied = self.target.notes.iter().find(|one| one.note == note.id);
        // An informational note may be copied; it is where the Security Target says so.
        if applied.is_none() && note.kind == NoteKind::Informational {
            return;
        }
        if !self.notes.insert(&note.id) {
            return;
        }
        let title = match note.kind {
            NoteKind::Application => "Application note",
            NoteKind::Informational => "Informational note",
        };
        let mut lines = vec![vec![plain(&note.text)]];
        if self.is_full() {
            let mut line = vec![strong("Applied: ")];
            line.extend(said(applied.map_or("", |one| &one.applied), "how the note is applied"));
            lines.push(line);
        }
        self.out.note(format!("note {}", note.id), Tone::Note, &format!("{title} {}", note.id), lines);
    }

    /// What found no place above: nothing of a Security Target is dropped.
    fn leftovers(&mut self) {
        let (target, profile) = (self.target, self.profile);
        let applied = |note: &Note| target.notes.iter().any(|one| one.note == note.id);
        let needed = |note: &Note| {
            note.kind == NoteKind::Application && profile.notes.iter().any(|other| other.id == note.id)
        };
        let unplaced = profile.all_notes().filter(|note| !self.notes.contains(&*note.id));
        let unplaced: Vec<&Note> = unplaced.filter(|note| applied(note) || needed(note)).collect();
        let others = target.notes.iter().filter(|one| profile.all_notes().all(|note| note.id != one.note));
        let others: Vec<_> = others.collect();
        let passages = (0..target.passages.len()).filter(|index| !self.passages.contains(index));
        let passages: Vec<_> = passages.map(|index| &target.passages[index]).collect();
        if others.is_empty() && passages.is_empty() && unplaced.is_empty() {
            return;
        }
        self.out.heading(1, None, "Further notes and passages", Anchor::new("section", "further"));
        for note in unplaced {
            self.note(note);
        }
        for other in others {
            let mut lines = vec![said(
                other.text.as_deref().unwrap_or(""),
                "text of the note: the profile has no such note",
            )];
            if self.is_full() {
                lines.push(said(&other.applied, "how the note is applied"));
            }
            self.out.note(format!("note {}", other.note), Tone::Note, &format!("Note {}", other.note), lines);
        }
        for passage in passages {
            let mut line = vec![strong(format!("On section {}: ", passage.section))];
            line.extend(said(&passage.text, "passage"));
            self.out.line(format!("passage {}", passage.section), line);
        }
    }

    fn place(&self, place: &Place) -> Line {
        let to = Anchor::new("document", &place.document);
        vec![link(to, &place.document), plain(format!(", {}", place.section))]
    }

    fn places(&self, places: &[Place], what: &str) -> Vec<Line> {
        match places {
            [] => vec![vec![missing(what)]],
            places => places.iter().map(|place| self.place(place)).collect(),
        }
    }

    /// A requirement by its id: a cross reference where it is claimed.
    fn sfr(&self, id: &str) -> Run {
        link(sfr_anchor(id, None), sfr_title(self.target, self.profile, id))
    }

    /// Says that something was left out here.
    fn left_out(&mut self, key: &str, what: &str) {
        let text = format!("{what}: left out in the sanitised version.");
        self.out.line(key, vec![Run::new(Role::Plain, text)]);
    }
}

/// A statement with what is given for it, as runs: what the profile fixed, what the Security Target gave, what is missing.
fn completed(statement: &Statement, values: &Values) -> Line {
    let mut line = Line::new();
    let mut after_space = true;
    for piece in operations::complete(statement, values) {
        let (role, text) = match piece {
            Completed::Text(text) => (Role::Plain, text),
            Completed::Fixed(text) => (Role::Fixed, text),
            Completed::Given(text) if text.contains('<') => (Role::Missing, text),
            Completed::Given(text) => (Role::Given, text),
            Completed::Missing(prompt) => {
                line.push(missing(prompt.trim()));
                // An optional word brings the space behind it along.
                after_space = prompt.ends_with(' ');
                line.extend(after_space.then(|| plain(" ")));
                continue;
            }
        };
        // An optional word that went leaves two spaces.
        let text = if after_space { text.trim_start().to_owned() } else { text };
        if !text.is_empty() {
            after_space = text.ends_with(' ');
            line.push(Run::new(role, text));
        }
    }
    line
}

/// The title of a requirement, wherever it has one.
fn sfr_title(target: &SecurityTarget, profile: &SesipProfile, id: &str) -> String {
    let own =
        || target.claims(id).find_map(|claim| claim.outside_catalogue.as_ref()).map(|own| own.title.clone());
    let known = || catalogue::sfr(id).map(|sfr| sfr.title.clone());
    let title = profile.requirement(id).map(|requirement| requirement.title.clone());
    title.or_else(own).or_else(known).unwrap_or_else(|| id.to_owned())
}

fn sfr_anchor(id: &str, iteration: Option<&str>) -> Anchor {
    match iteration {
        Some(iteration) => Anchor::new("sfr", &format!("{id} {iteration}")),
        None => Anchor::new("sfr", id),
    }
}

/// A cross reference to a claim.
fn claim_link(target: &SecurityTarget, profile: &SesipProfile, claim: &Claim) -> Run {
    let title = sfr_title(target, profile, &claim.id);
    let text = match &claim.iteration {
        Some(iteration) => format!("{title} ({iteration})"),
        None => title,
    };
    link(sfr_anchor(&claim.id, claim.iteration.as_deref()), text)
}

/// The section that a note outside the requirements belongs to: its id without the number.
fn note_section(id: &str) -> String {
    id.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-').to_owned()
}

fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
