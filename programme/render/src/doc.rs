//! A document as blocks: what every writer writes.
//!
//! Blocks, rows and items have keys, by which two versions of a document are compared. A key is an id of the programme's
//! documents with the place in it, and is never shown.

use crate::text::{Anchor, Text};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// What it is: "Security Target".
    pub kind: Text,
    /// Its title.
    pub title: Text,
    /// Who answers for it; nobody where that is not told.
    pub author: Text,
    /// Its date, where it has one.
    pub date: Option<Date>,
    /// Its version, as it stands on every page.
    pub version: Text,
    /// The SHA-256 of the canonical bytes of what it was made from.
    pub digest: Text,
    /// Who may read it: stands on every page.
    pub mark: Text,
    /// What nobody must overlook, on every page: that a draft is one.
    pub banner: Option<Text>,
    /// The facts of the title page.
    pub facts: Vec<(Text, Line)>,
    /// What stands on the title page below them.
    pub front: Vec<Block>,
    /// The rest.
    pub body: Vec<Block>,
}

/// Runs of text that make a paragraph.
pub type Line = Vec<Run>;

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is known by.
    pub key: String,
    /// What became of it since the previous version.
    pub change: Option<Change>,
    /// What it is.
    pub content: Content,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A heading.
    Heading(Heading),
    /// A paragraph.
    Paragraph(Line),
    /// A list.
    List(Vec<Item>),
    /// A table.
    Table(Table),
    /// A box: a note, a warning.
    Box(NoteBox),
    /// Terms and what is said of each.
    Definitions(Vec<Definition>),
}

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// From 1, the chapters.
    pub level: u8,
    /// Its number. It is the profile's, and so is text and never counted.
    pub number: Option<Text>,
    /// The place that it is.
    pub anchor: Option<Anchor>,
    /// What it says.
    pub line: Line,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is known by.
    pub key: String,
    /// What became of it.
    pub change: Option<Change>,
    /// What it says.
    pub line: Line,
}

/// A table. Its first column is the rows' heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: Text,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has as many cells as there are columns.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub title: Text,
    /// Its share of the width.
    pub share: u16,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is known by.
    pub key: String,
    /// What became of it.
    pub change: Option<Change>,
    /// The place that it is.
    pub anchor: Option<Anchor>,
    /// Its cells, each of lines.
    pub cells: Vec<Vec<Line>>,
}

/// How a box is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// To be known: an application note.
    Note,
    /// To be looked at.
    Warning,
    /// Nobody must overlook it: a claim that is not met.
    Alert,
}

impl Tone {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Tone::Note => "note",
            Tone::Warning => "warning",
            Tone::Alert => "alert",
        }
    }
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteBox {
    /// How it is meant.
    pub tone: Tone,
    /// Its title.
    pub title: Text,
    /// What it says.
    pub lines: Vec<Line>,
}

/// A term, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// What it is known by.
    pub key: String,
    /// What became of it.
    pub change: Option<Change>,
    /// The term.
    pub term: Text,
    /// What is said.
    pub lines: Vec<Line>,
}

/// A run of text of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// What it says.
    pub text: Text,
    /// What it is.
    pub role: Role,
    /// Struck through: it stands there, and is not claimed.
    pub struck: bool,
    /// What became of it.
    pub change: Option<Change>,
}

/// What a run is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// Text.
    Plain,
    /// To be stressed.
    Strong,
    /// Fixed by the profile: bold there and here.
    Fixed,
    /// Given by the Security Target: italic.
    Given,
    /// To be filled in, and not there.
    Missing,
    /// An id, a digest, a name in a program.
    Code,
    /// A cross reference.
    Link(Anchor),
}

/// What became of something since the previous version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// New.
    Added,
    /// Gone.
    Removed,
    /// Says something else; what, its runs tell.
    Changed,
}

impl Change {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Removed => "removed",
            Change::Changed => "changed",
        }
    }
}

impl Run {
    /// A run of a role.
    pub fn new(role: Role, text: impl Into<Text>) -> Run {
        Run { text: text.into(), role, struck: false, change: None }
    }
}

/// Text.
pub fn plain(text: impl Into<Text>) -> Run {
    Run::new(Role::Plain, text)
}

/// Stressed text.
pub fn strong(text: impl Into<Text>) -> Run {
    Run::new(Role::Strong, text)
}

/// An id or a digest.
pub fn code(text: impl Into<Text>) -> Run {
    Run::new(Role::Code, text)
}

/// What is not there; what should be.
pub fn missing(prompt: &str) -> Run {
    Run::new(Role::Missing, format!("<{prompt}>"))
}

/// A cross reference.
pub fn link(to: Anchor, text: impl Into<Text>) -> Run {
    Run::new(Role::Link(to), text)
}

impl Doc {
    /// Every line, from the title page to the end.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        let facts = self.facts.iter().map(|(_, line)| line);
        facts.chain(self.front.iter().chain(&self.body).flat_map(|block| block.content.lines()))
    }

    /// Every place that can be referred to.
    pub fn anchors(&self) -> BTreeSet<Anchor> {
        let of = |block: &Block| match &block.content {
            Content::Heading(heading) => heading.anchor.iter().cloned().collect::<Vec<_>>(),
            Content::Table(table) => table.rows.iter().filter_map(|row| row.anchor.clone()).collect(),
            _ => Vec::new(),
        };
        self.front.iter().chain(&self.body).flat_map(of).collect()
    }

    /// The headings down to a level, for a table of contents.
    pub fn contents(&self, deepest: u8) -> impl Iterator<Item = &Heading> {
        self.body.iter().filter_map(move |block| match &block.content {
            Content::Heading(heading) if heading.level <= deepest && heading.anchor.is_some() => {
                Some(heading)
            }
            _ => None,
        })
    }

    /// How many places are not filled in. The title page repeats what stands in the body.
    pub fn missing(&self) -> usize {
        let lines = self.body.iter().flat_map(|block| block.content.lines());
        lines.flatten().filter(|run| run.role == Role::Missing).count()
    }

    /// Makes plain text of the cross references that lead nowhere.
    pub(crate) fn without_dangling_links(mut self) -> Doc {
        let known = self.anchors();
        for line in self.lines_mut() {
            for run in line {
                if matches!(&run.role, Role::Link(to) if !known.contains(to)) {
                    run.role = Role::Plain;
                }
            }
        }
        self
    }

    fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        let facts = self.facts.iter_mut().map(|(_, line)| line);
        facts.chain(self.front.iter_mut().chain(&mut self.body).flat_map(|block| block.content.lines_mut()))
    }
}

impl Content {
    /// Its lines.
    pub fn lines(&self) -> Vec<&Line> {
        match self {
            Content::Heading(heading) => vec![&heading.line],
            Content::Paragraph(line) => vec![line],
            Content::List(items) => items.iter().map(|item| &item.line).collect(),
            Content::Table(table) => table.rows.iter().flat_map(|row| row.cells.iter().flatten()).collect(),
            Content::Box(note) => note.lines.iter().collect(),
            Content::Definitions(all) => all.iter().flat_map(|one| &one.lines).collect(),
        }
    }

    pub(crate) fn lines_mut(&mut self) -> Vec<&mut Line> {
        match self {
            Content::Heading(heading) => vec![&mut heading.line],
            Content::Paragraph(line) => vec![line],
            Content::List(items) => items.iter_mut().map(|item| &mut item.line).collect(),
            Content::Table(table) => {
                table.rows.iter_mut().flat_map(|row| row.cells.iter_mut().flatten()).collect()
            }
            Content::Box(note) => note.lines.iter_mut().collect(),
            Content::Definitions(all) => all.iter_mut().flat_map(|one| &mut one.lines).collect(),
        }
    }
}
