//! Puts blocks one under the other: keys and anchors that no two have, paragraphs, values that may be missing.

use crate::doc::{
    Block, Column, Content, Definition, Heading, Item, Line, NoteBox, Role, Row, Run, Table, Tone, missing,
    plain,
};
use crate::text::{Anchor, Text};
use std::collections::HashSet;

/// Blocks in the making.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    blocks: Vec<Block>,
    keys: HashSet<String>,
    anchors: HashSet<Anchor>,
}

impl Layout {
    pub(crate) fn new() -> Layout {
        Layout::default()
    }

    pub(crate) fn into_blocks(self) -> Vec<Block> {
        self.blocks
    }

    fn put(&mut self, key: String, content: Content) {
        let again = (2..).map(|count| format!("{key}#{count}"));
        let free = std::iter::once(key.clone()).chain(again).find(|key| !self.keys.contains(key));
        let key = free.unwrap_or(key);
        self.keys.insert(key.clone());
        self.blocks.push(Block { key, change: None, content });
    }

    fn free(&mut self, anchor: Anchor) -> Anchor {
        let again = (2..).map(|count| anchor.numbered(count));
        let free = std::iter::once(anchor.clone()).chain(again).find(|one| !self.anchors.contains(one));
        let anchor = free.unwrap_or(anchor);
        self.anchors.insert(anchor.clone());
        anchor
    }

    pub(crate) fn heading(&mut self, level: u8, number: Option<&str>, title: &str, anchor: Anchor) {
        let anchor = self.free(anchor);
        let heading = Heading {
            level,
            number: number.map(Text::new),
            anchor: Some(anchor.clone()),
            line: vec![plain(title)],
        };
        self.put(format!("heading {anchor}"), Content::Heading(heading));
    }

    pub(crate) fn line(&mut self, key: impl Into<String>, line: Line) {
        self.put(key.into(), Content::Paragraph(line));
    }

    /// A text of one or more paragraphs, which must be there.
    pub(crate) fn text(&mut self, key: &str, text: &str, what: &str) {
        for (number, line) in paragraphs(text, what).into_iter().enumerate() {
            self.put(format!("{key}/{number}"), Content::Paragraph(line));
        }
    }

    pub(crate) fn list<'t>(&mut self, key: &str, items: impl IntoIterator<Item = &'t str>) {
        let items: Vec<Line> = items.into_iter().map(|item| said(item, "not given")).collect();
        self.lines(key, items);
    }

    pub(crate) fn lines(&mut self, key: &str, items: Vec<Line>) {
        if items.is_empty() {
            return;
        }
        let item = |(number, line): (usize, Line)| Item { key: number.to_string(), change: None, line };
        // What an item says is what it is known by, so that a new one does not change all behind it.
        let keyed = |mut item: Item| {
            item.key = item.line.iter().map(|run| run.text.as_str()).collect();
            item
        };
        let items = items.into_iter().enumerate().map(item).map(keyed).collect();
        self.put(key.to_owned(), Content::List(items));
    }

    pub(crate) fn note(&mut self, key: impl Into<String>, tone: Tone, title: &str, lines: Vec<Line>) {
        self.put(key.into(), Content::Box(NoteBox { tone, title: title.into(), lines }));
    }

    pub(crate) fn definitions(&mut self, key: &str, all: Vec<(&str, Vec<Line>)>) {
        let one = |(term, lines): (&str, Vec<Line>)| Definition {
            key: term.to_owned(),
            change: None,
            term: term.into(),
            lines,
        };
        if !all.is_empty() {
            self.put(key.to_owned(), Content::Definitions(all.into_iter().map(one).collect()));
        }
    }

    /// A table; nothing where it has no rows.
    pub(crate) fn table(&mut self, key: &str, caption: &str, columns: &[(&str, u16)], rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        let columns = columns.iter().map(|(title, share)| Column { title: (*title).into(), share: *share });
        let rows = rows.into_iter().map(|mut row| {
            row.anchor = row.anchor.map(|anchor| self.free(anchor));
            row
        });
        let rows = rows.collect();
        let table = Table { caption: caption.into(), columns: columns.collect(), rows };
        self.put(key.to_owned(), Content::Table(table));
    }
}

/// A row; its first cell is its head.
pub(crate) fn row(key: impl Into<String>, cells: Vec<Vec<Line>>) -> Row {
    Row { key: key.into(), change: None, anchor: None, cells }
}

/// A row that can be referred to.
pub(crate) fn anchored(anchor: Anchor, key: impl Into<String>, cells: Vec<Vec<Line>>) -> Row {
    Row { anchor: Some(anchor), ..row(key, cells) }
}

/// A cell of one line.
pub(crate) fn cell(run: Run) -> Vec<Line> {
    vec![vec![run]]
}

/// A text that must be there; a place to be filled in is shown as one.
pub(crate) fn said(text: &str, what: &str) -> Line {
    let role = match text {
        text if text.trim().is_empty() => return vec![missing(what)],
        text if text.contains('<') => Role::Missing,
        _ => Role::Plain,
    };
    vec![Run::new(role, text)]
}

/// A text that may be there, in its paragraphs.
pub(crate) fn paragraphs(text: &str, what: &str) -> Vec<Line> {
    let unix = text.replace("\r\n", "\n");
    let each: Vec<Line> = unix
        .split("\n\n")
        .filter(|part| !part.trim().is_empty())
        .map(|part| said(part.trim(), what))
        .collect();
    if each.is_empty() { vec![vec![missing(what)]] } else { each }
}

/// Lines joined into one, with something between.
pub(crate) fn joined(lines: impl IntoIterator<Item = Line>, between: &str) -> Line {
    let mut all = Line::new();
    for line in lines {
        if !all.is_empty() {
            all.push(plain(between));
        }
        all.extend(line);
    }
    all
}
