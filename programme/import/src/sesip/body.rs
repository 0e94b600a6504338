//! The sections and what they hold.

use super::deviations::Facts;
use super::inline::{Label, begins_instruction, instruction, label, without_marks};
use super::layout::{Block, BlockKind, Item, RawSection, Row};
use super::mapping;
use super::report::{Ledger, Place};
use super::requirements::{self, Owner, is_list_of_requirements};
use super::statement::{self, Known};
use super::tables::{self, Continued, Table, TableKind};
use crate::words::{plain, slug, unique};
use dtsec_model::assurance::Level;
use dtsec_model::operations::{Operation, operations};
use dtsec_model::profile::{
    AssuranceRow, IdentificationRow, MappingRow, Note, NoteKind, ObjectiveApplies, ProfileObjective,
    ProfileRequirement, ProfileThreat, Reference, Revision, Section, SesipProfile, Term,
};
use dtsec_model::threat::Threat;
use std::collections::HashSet;

/// What is told the writer takes no more paragraphs than this.
const MAX_JOINED: usize = 20;

/// What the sections hold.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) sections: Vec<Section>,
    pub(crate) references: Vec<Reference>,
    pub(crate) terms: Vec<Term>,
    pub(crate) revisions: Vec<Revision>,
    pub(crate) identification: Vec<IdentificationRow>,
    pub(crate) notes: Vec<Note>,
    pub(crate) threats: Vec<ProfileThreat>,
    pub(crate) features: Vec<String>,
    pub(crate) objectives: Vec<ProfileObjective>,
    pub(crate) requirements: Vec<ProfileRequirement>,
    pub(crate) assurance: Vec<AssuranceRow>,
    pub(crate) mapping: Vec<MappingRow>,
    pub(crate) level: Option<Level>,
    pub(crate) facts: Facts,
    /// The section that holds the mapping.
    pub(crate) mapped_in: Option<usize>,
    /// How the mapping's first column is headed.
    mapped: Option<String>,
}

impl Body {
    /// The id of the protection profile that the mapping is about.
    pub(crate) fn protection_profile(&self, known: Option<&SesipProfile>) -> Option<String> {
        let known = known.and_then(|known| known.protection_profile.clone());
        known.or_else(|| self.mapped.as_deref().map(slug))
    }
}

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Threat,
    Features,
    Objectives,
    Assurance,
    Requirement,
    Other,
}

/// Reads the sections.
pub(crate) fn read(raw: Vec<RawSection>, known: Option<&SesipProfile>, ledger: &mut Ledger) -> Body {
    let roles: Vec<Role> = raw.iter().map(|section| role(section, &raw)).collect();
    let obligations: Vec<_> = raw.iter().map(|section| requirements::obligation(section, &raw)).collect();
    let removable: HashSet<u32> = raw.iter().flat_map(removable_chapters).collect();
    let mut reader = Reader { body: Body::default(), known, ledger, rows: None };
    reader.body.facts.titles = raw.iter().map(|section| section.title.clone()).collect();
    for ((mut section, role), obligation) in raw.into_iter().zip(roles).zip(obligations) {
        let blocks = join_instructions(std::mem::take(&mut section.blocks), reader.ledger);
        reader.body.facts.take_text(&section, &blocks);
        reader.body.sections.push(Section {
            number: section.dotted(),
            title: section.title.clone(),
            removable: section.number.first().is_some_and(|chapter| removable.contains(chapter)),
            text: Vec::new(),
            instructions: Vec::new(),
        });
        let blocks = reader.take_tables(blocks);
        match role {
            Role::Requirement => reader.requirement(&section, obligation, blocks),
            role => reader.section(&section, role, blocks),
        }
    }
    reader.end_table();
    reader.body
}

struct Reader<'r> {
    body: Body,
    known: Option<&'r SesipProfile>,
    ledger: &'r mut Ledger,
    /// The table that may still go on.
    rows: Option<Table>,
}

impl Reader<'_> {
    /// Where text of the present section goes.
    fn text(&mut self, text: String) {
        if let Some(section) = self.body.sections.last_mut() {
            section.text.push(text);
        }
    }

    fn instruction(&mut self, text: String) {
        if let Some(section) = self.body.sections.last_mut() {
            section.instructions.push(text);
        }
    }

    /// Takes the tables out of the blocks. A table goes on over footnotes and captions, and ends with the section.
    fn take_tables(&mut self, blocks: Vec<Block>) -> Vec<Block> {
        let mut others = Vec::new();
        for block in blocks {
            let BlockKind::Table(rows) = block.kind else {
                others.push(block);
                continue;
            };
            self.ledger.place_all(&block.lines, Place::Table);
            let rows = match self.rows.as_mut().map(|table| table.goes_on(rows.clone())) {
                Some(Ok(Continued::UnderTheSameHead)) => continue,
                Some(Ok(Continued::WithoutHead)) => {
                    let line = block.lines.first().copied().unwrap_or(0);
                    self.ledger.assume(line, "the table before goes on here, without its head".into());
                    continue;
                }
                Some(Err(rows)) => rows,
                None => rows,
            };
            self.end_table();
            match Table::new(rows) {
                Ok(table) => self.rows = Some(table),
                Err(rows) => {
                    let line = block.lines.first().copied().unwrap_or(0);
                    let what = "a table of no known kind: its rows are kept as text of the section";
                    self.ledger.assume(line, what.into());
                    let text = rows.iter().map(|row| row.cells.join(" | ")).collect::<Vec<_>>().join("\n");
                    // It stands where it stood, as it is.
                    others.push(Block { lines: block.lines, kind: BlockKind::Caption(text) });
                }
            }
        }
        self.end_table();
        others
    }

    fn end_table(&mut self) {
        let Some(Table { kind, head, rows }) = self.rows.take() else { return };
        let body = &mut self.body;
        match kind {
            TableKind::References => body.references.extend(rows.iter().map(tables::reference)),
            TableKind::Terms => body.terms.extend(rows.iter().map(tables::term)),
            TableKind::Revisions => {
                body.revisions.extend(rows.iter().map(|row| tables::revision(row, &head)));
            }
            TableKind::Identification => {
                let mut taken = body.identification.iter().map(|row| row.id.clone()).collect();
                body.identification.extend(rows.iter().map(|row| tables::identification(row, &mut taken)));
            }
            TableKind::Assurance => {
                let read = rows.iter().filter_map(|row| mapping::assurance(row, self.ledger));
                body.assurance.extend(read);
            }
            TableKind::Mapping => self.mapping(&head, &rows),
        }
    }

    fn mapping(&mut self, head: &Row, rows: &[Row]) {
        let (mapped, other_names) = mapping::mapping(rows, &self.body.requirements, self.ledger);
        self.body.mapping.extend(mapped);
        self.body.mapped_in = self.body.sections.len().checked_sub(1);
        self.body.facts.other_names.extend(other_names);
        let cited = without_marks(head.cell(0));
        self.body.mapped = Some(cited.trim_matches(['[', ']', ' ']).to_owned());
    }

    fn section(&mut self, section: &RawSection, role: Role, blocks: Vec<Block>) {
        let mut threat = Vec::new();
        // What a list that follows belongs to.
        let mut lead: Option<String> = None;
        let mut notes: Option<NoteKind> = None;
        for block in blocks {
            let place = match (&block.kind, role) {
                (BlockKind::Paragraph(paragraph), _) => {
                    notes = None;
                    lead = None;
                    match (label(paragraph), instruction(paragraph)) {
                        (Some((Label::Note(kind), "")), _) => {
                            notes = Some(kind);
                            Place::Note
                        }
                        (Some((Label::Note(kind), text)), _) => {
                            self.note(section, kind, without_marks(text));
                            Place::Note
                        }
                        (_, Some(text)) => {
                            self.instruction(text);
                            Place::Instruction
                        }
                        _ if role == Role::Threat => {
                            threat.push(without_marks(paragraph));
                            Place::Threat
                        }
                        _ => self.paragraph(paragraph, role, &block, &mut lead),
                    }
                }
                (BlockKind::List(items), _) if notes.is_some() => {
                    let kind = notes.unwrap_or(NoteKind::Application);
                    items.iter().for_each(|item| self.note(section, kind, without_marks(&item.whole())));
                    Place::Note
                }
                (BlockKind::List(items), Role::Features) => {
                    self.body.features.extend(items.iter().map(|item| without_marks(&item.whole())));
                    Place::Feature
                }
                (BlockKind::List(items), Role::Objectives) => {
                    items.iter().for_each(|item| self.objective(section, item, lead.as_deref()));
                    Place::Objective
                }
                (BlockKind::List(items), Role::Threat) => {
                    threat.extend(items.iter().map(|item| format!("- {}", without_marks(&item.whole()))));
                    Place::Threat
                }
                (BlockKind::List(items), _) => {
                    let text = items.iter().map(|item| format!("- {}", without_marks(&item.whole())));
                    let text = text.collect::<Vec<_>>().join("\n");
                    self.text(text);
                    Place::Text
                }
                (BlockKind::Caption(text) | BlockKind::Footnote(text), _) => {
                    self.text(without_marks(text));
                    Place::Text
                }
                (BlockKind::Table(_), _) => continue,
            };
            self.ledger.place_all(&block.lines, place);
        }
        if role == Role::Threat {
            self.threat(section, threat.join("\n\n"));
        }
    }

    /// A paragraph that is neither note nor instruction.
    fn paragraph(&mut self, text: &str, role: Role, block: &Block, lead: &mut Option<String>) -> Place {
        if role == Role::Assurance {
            self.level(text);
        }
        // `… in <Reference>:` leads each item of the list behind it; it is no paragraph of its own.
        let read = statement::read(text, &Known::default());
        if read.unclosed {
            self.ledger.fail(
                block.line(),
                text,
                "an angle bracket opens here and never closes; it is kept as text",
            );
        }
        let asks = operations(&read.statement).any(|operation| operation.id().is_some());
        if role == Role::Objectives && text.ends_with(':') && asks {
            *lead = Some(text.to_owned());
            return Place::Objective;
        }
        self.text(without_marks(text));
        Place::Text
    }

    fn level(&mut self, text: &str) {
        let mut named = Level::ALL.into_iter().filter(|level| text.contains(level.name()));
        self.body.level = self.body.level.or(named.next_back());
    }

    fn note(&mut self, section: &RawSection, kind: NoteKind, text: String) {
        let owner = slug(&section.title);
        let start = format!("{owner}-");
        let number = |id: &str| id.strip_prefix(&start).and_then(|number| number.parse::<usize>().ok());
        let last = self.body.notes.iter().filter_map(|note| number(&note.id)).max().unwrap_or(0);
        let known = self.known.and_then(|known| {
            let mut of_section = known.notes.iter().filter(|note| number(&note.id).is_some());
            of_section.nth(last).filter(|note| note.kind == kind)
        });
        let id = known.map_or_else(|| format!("{owner}-{}", last + 1), |known| known.id.clone());
        self.body.notes.push(Note { id, kind, text });
    }

    fn threat(&mut self, section: &RawSection, text: String) {
        let (title, name) = threat_name(&section.title).unwrap_or((&section.title, ""));
        let Some(id) = Threat::ALL.into_iter().find(|threat| threat.name() == name) else {
            let names = Threat::ALL.map(Threat::name).join(", ");
            let why = format!("a threat other than {names}: it is kept as text of its section");
            self.ledger.fail(section.line, &section.title, &why);
            self.text(text);
            return;
        };
        if text.is_empty() {
            self.ledger.fail(section.line, &section.title, "the threat is named and not described");
        }
        self.body.threats.push(ProfileThreat { id, title: title.into(), section: section.dotted(), text });
    }

    fn objective(&mut self, section: &RawSection, item: &Item, lead: Option<&str>) {
        let text = lead.map_or_else(|| item.whole(), |lead| format!("{lead} {}", item.whole()));
        let place = self.body.objectives.len();
        let candidate = self.known.and_then(|known| known.objectives.get(place));
        let prompts = |statement: &[_]| -> Vec<String> {
            operations(statement)
                .filter(|op| op.id().is_some())
                .map(|op| plain(statement::prompt(op)))
                .collect()
        };
        let alone = statement::read(&text, &Known::default());
        let same = candidate.filter(|known| prompts(&known.statement) == prompts(&alone.statement));
        if candidate.is_some() && same.is_none() {
            let what = "an objective that the built-in profile does not have here: it has an id of its own";
            self.ledger.assume(item.line, what.into());
        }
        let known = Known { statement: same.map_or(&[], |known| &known.statement[..]), parameters: &[] };
        let mut read = statement::read(&text, &known);
        if same.is_none() {
            name_references(&mut read.statement);
        }
        if read.unclosed {
            self.ledger.fail(item.line, &item.text, "an angle bracket opens here and never closes");
        }
        // Guidance has to be named: there is no objective without its place (ASE_OBJ.1).
        statement::forbid_none(&mut read.statement);
        self.body.facts.roman(section, &read.roman);
        let id = match same {
            Some(known) => known.id.clone(),
            None => {
                let words: Vec<&str> = item.text.split_whitespace().take(8).collect();
                let mut taken = self.body.objectives.iter().map(|objective| objective.id.clone()).collect();
                unique(slug(&words.join(" ")), &mut taken)
            }
        };
        let applies = same.map_or_else(|| applies(&item.text), |known| known.applies);
        self.body.objectives.push(ProfileObjective { id, statement: read.statement, applies });
    }

    fn requirement(&mut self, section: &RawSection, obligation: requirements::Obliged, blocks: Vec<Block>) {
        let owner = Owner { section, obligation, profile: self.known };
        let taken = self.body.requirements.iter().map(|requirement| requirement.id.clone()).collect();
        let read = requirements::read(&owner, &blocks, taken, self.ledger);
        self.body.facts.roman(section, &read.roman);
        read.text.into_iter().for_each(|text| self.text(text));
        self.body.requirements.push(read.requirement);
    }
}

/// Where guidance is asked for, the operation is called so.
fn name_references(statement: &mut dtsec_model::operations::Statement) {
    let mut taken = HashSet::new();
    for segment in statement {
        let dtsec_model::operations::Segment::Operation(Operation::Assignment(assignment)) = segment else {
            continue;
        };
        let asks = assignment.prompt.to_lowercase();
        let id = if asks.starts_with("reference") {
            "guidance".into()
        } else {
            std::mem::take(&mut assignment.id)
        };
        assignment.id = unique(id, &mut taken);
    }
}

/// When an objective applies, by its words.
fn applies(text: &str) -> ObjectiveApplies {
    let text = text.to_lowercase();
    let physical = text.contains("physical");
    if physical && (text.contains("if no ") || text.contains("is not claimed")) {
        ObjectiveApplies::WithoutPhysicalResistance
    } else if physical && text.contains("resistance") && text.contains("if ") {
        ObjectiveApplies::WithPhysicalResistance
    } else {
        ObjectiveApplies::Always
    }
}

fn role(section: &RawSection, all: &[RawSection]) -> Role {
    let title = section.title.to_lowercase();
    let above = |depth: usize| {
        all.iter().find(|other| other.number[..] == section.number[..depth.min(section.number.len())])
    };
    let parents: Vec<&RawSection> = (1..section.number.len()).filter_map(above).collect();
    let under = |what: &str| parents.iter().any(|parent| plain(&parent.title) == what);
    if under("threats") {
        return Role::Threat;
    }
    if parents.last().is_some_and(|parent| is_list_of_requirements(&parent.title)) {
        return Role::Requirement;
    }
    if title.contains("security features") {
        Role::Features
    } else if title.contains("objectives") && title.contains("environment") {
        Role::Objectives
    } else if title.contains("assurance requirements") {
        Role::Assurance
    } else {
        Role::Other
    }
}

/// `Network Attack (T.NETWORK)`
fn threat_name(title: &str) -> Option<(&str, &str)> {
    let (title, name) = title.rsplit_once('(')?;
    Some((title.trim(), name.trim_end_matches(')').trim()))
}

/// The chapters of which the section says that they may go in a Security Target.
fn removable_chapters(section: &RawSection) -> Vec<u32> {
    let mut chapters = Vec::new();
    for block in &section.blocks {
        let BlockKind::Paragraph(text) = &block.kind else { continue };
        let may_go = ["can be removed", "may be removed", "can be left out", "may be left out"];
        if !may_go.iter().any(|words| text.contains(words)) {
            continue;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = words.windows(2).find(|pair| pair[0].eq_ignore_ascii_case("chapter"));
        chapters.extend(
            number.and_then(|pair| pair[1].trim_matches(|c: char| !c.is_ascii_digit()).parse::<u32>().ok()),
        );
    }
    chapters
}

/// What is told the writer may take several paragraphs: they are joined, where the bracket closes at all.
fn join_instructions(blocks: Vec<Block>, ledger: &mut Ledger) -> Vec<Block> {
    let mut joined: Vec<Block> = Vec::new();
    let mut rest = blocks.into_iter().peekable();
    while let Some(mut block) = rest.next() {
        if let BlockKind::Paragraph(text) = &block.kind
            && begins_instruction(text)
        {
            let mut whole = text.clone();
            let mut taken = Vec::new();
            while taken.len() < MAX_JOINED
                && begins_instruction(&whole)
                && let Some(next) = rest.next_if(|next| matches!(next.kind, BlockKind::Paragraph(_)))
            {
                if let BlockKind::Paragraph(more) = &next.kind {
                    whole = format!("{whole} {more}");
                }
                taken.push(next);
            }
            if instruction(&whole).is_some() {
                let lines = taken.iter().flat_map(|next| &next.lines);
                block.lines.extend(lines);
                let what = "what is told the writer here takes several paragraphs; they are one instruction";
                ledger.assume(block.line(), what.into());
                joined.push(Block { lines: block.lines, kind: BlockKind::Paragraph(whole) });
            } else {
                joined.push(block);
                joined.extend(taken);
            }
            continue;
        }
        joined.push(block);
    }
    joined
}
