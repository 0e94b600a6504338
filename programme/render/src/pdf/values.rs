//! A document as the values that the template lays out.

use super::fit::{CODE, Face, is_right_to_left, pieces, shown, width};
use crate::doc::{
    Block, Change, Content, Definition, Doc, Heading, Item, Line, NoteBox, Role, Row, Run, Table, plain,
};
use crate::text::Anchor;
use jiff::civil::Date;
use std::collections::BTreeSet;
use typst::foundations::{Array, Datetime, Dict, IntoValue, Value, dict};
use typst::layout::{Abs, Length};

/// In points: A4 between the margins, the sizes of text, and what stands around it.
const WIDTH: f64 = 595.28 - 2.0 * MARGIN;
const MARGIN: f64 = 62.0;
const BODY: f64 = 10.5;
const SMALL: f64 = 9.0;
const RUNNING: f64 = 7.5;
const TITLE: f64 = 24.0;
const HEADINGS: [f64; 4] = [17.0, 13.5, 11.5, 10.5];
const INSET: f64 = 5.0;
const TERM: f64 = 110.0;
const INDENT: f64 = 12.0;
/// A row or a box with more lines may be broken over two pages: kept together it might be higher than one.
const KEPT_LINES: f64 = 24.0;
/// A head with more lines stands once, and not on every page of its table.
const HEAD_LINES: f64 = 8.0;
/// On every page; what is longer is cut, for the page is of the text.
const RUNNING_TEXT: usize = 110;
const RUNNING_VERSION: usize = 40;

/// What the template finds as `sys.inputs`.
pub(super) fn of(doc: &Doc) -> Dict {
    let mut writer = Writer { known: doc.anchors(), put: BTreeSet::new(), level: 0 };
    let half = Column { width: WIDTH / 2.0 - INSET, size: RUNNING };
    let running = |text: &str| half.plain(&cut(text, RUNNING_TEXT));
    let facts_value = Column { width: WIDTH * 0.66 - 2.0 * INSET, size: BODY };
    let facts_term = Column { width: WIDTH * 0.34 - 2.0 * INSET, size: BODY };
    let facts: Array = doc
        .facts
        .iter()
        .map(|(term, line)| {
            dict! { "term" => facts_term.plain(term.as_str()), "value" => writer.line(line, facts_value) }
                .into_value()
        })
        .collect();
    let version = cut(doc.version.as_str(), RUNNING_VERSION);
    let banner = |column: Column| doc.banner.as_ref().map(|banner| column.plain(banner.as_str()));
    let title = Column { width: WIDTH, size: TITLE };
    let front = writer.blocks(&doc.front);
    let body = writer.blocks(&doc.body);
    let author = if doc.author.is_blank() { None } else { Some(shown(doc.author.as_str())) };
    dict! {
        "name" => shown(&format!("{} – {}", doc.title, doc.kind)),
        "author" => author,
        "date" => doc.date.and_then(date),
        "keywords" => shown(&format!("version {}, SHA-256 {}", doc.version, doc.digest)),
        "mark" => running(doc.mark.as_str()),
        "running" => running(doc.banner.as_ref().unwrap_or(&doc.title).as_str()),
        "alert" => doc.banner.is_some(),
        "edition" => half.plain(&format!("{} · version {version}", doc.kind)),
        "digest" => Column { width: WIDTH, size: RUNNING }.code(&format!("SHA-256 {}", doc.digest)),
        "banner" => banner(Column { width: WIDTH - 24.0, size: 15.0 }),
        "kind" => Column { width: WIDTH, size: 13.0 }.plain(doc.kind.as_str()),
        "title" => title.plain(doc.title.as_str()),
        "classification" => Column { width: WIDTH, size: 13.0 }.plain(doc.mark.as_str()),
        "facts" => facts,
        "front" => front,
        "body" => body,
        "page" => dict! {
            "margin" => points(MARGIN), "body" => points(BODY), "small" => points(SMALL), "running" => points(RUNNING),
            "title" => points(TITLE), "inset" => points(INSET), "term" => points(TERM), "indent" => points(INDENT),
            "code" => Length::from(typst::layout::Em::new(CODE)),
            "headings" => HEADINGS.into_iter().map(|size| points(size).into_value()).collect::<Array>(),
        },
    }
}

fn points(points: f64) -> Length {
    Length::from(Abs::pt(points))
}

fn date(date: Date) -> Option<Datetime> {
    let part = |part: i8| u8::try_from(part).ok();
    Datetime::from_ymd(i32::from(date.year()), part(date.month())?, part(date.day())?)
}

/// A text of at most so many characters.
fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

/// Where text stands.
#[derive(Debug, Clone, Copy)]
struct Column {
    /// In points.
    width: f64,
    /// Of the text, in points.
    size: f64,
}

impl Column {
    fn room(self) -> f64 {
        self.width / self.size
    }

    fn pieces(self, text: &str, face: Face) -> Array {
        pieces(&shown(text), face, self.room()).into_iter().map(IntoValue::into_value).collect()
    }

    /// A line of one plain run.
    fn plain(self, text: &str) -> Array {
        self.one(text, "plain", Face::Serif)
    }

    fn code(self, text: &str) -> Array {
        self.one(text, "code", Face::Mono)
    }

    fn one(self, text: &str, role: &str, face: Face) -> Array {
        let run =
            dict! { "pieces" => self.pieces(text, face), "role" => role, "right" => is_right_to_left(text) };
        Array::from_iter([run.into_value()])
    }

    /// About how many lines these make.
    fn lines(self, lines: &[Line]) -> f64 {
        let wide = |line: &Line| line.iter().map(|run| width(run.text.as_str(), face(run))).sum::<f64>();
        lines.iter().map(|line| (wide(line) / self.room() * 1.1).ceil().max(1.0)).sum()
    }
}

fn face(run: &Run) -> Face {
    if run.role == Role::Code { Face::Mono } else { Face::Serif }
}

struct Writer {
    known: BTreeSet<Anchor>,
    /// Each place once, for a reference leads to one.
    put: BTreeSet<Anchor>,
    /// Of the last heading.
    level: u8,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) -> Array {
        blocks.iter().map(|block| self.block(block).into_value()).collect()
    }

    fn block(&mut self, block: &Block) -> Dict {
        let page = Column { width: WIDTH, size: BODY };
        let mut value = match &block.content {
            Content::Heading(heading) => self.heading(heading),
            Content::Paragraph(line) => dict! { "is" => "paragraph", "line" => self.line(line, page) },
            Content::List(items) => {
                let column = Column { width: WIDTH - INDENT, ..page };
                let one = |item: &Item| {
                    dict! { "line" => self.line(&item.line, column), "change" => change(item.change) }
                        .into_value()
                };
                dict! { "is" => "list", "items" => items.iter().map(one).collect::<Array>() }
            }
            Content::Table(table) => self.table(table),
            Content::Box(note) => self.note(note),
            Content::Definitions(all) => {
                let one = |one: &Definition| self.definition(one).into_value();
                dict! { "is" => "definitions", "all" => all.iter().map(one).collect::<Array>() }
            }
        };
        value.insert("change".into(), change(block.change));
        value
    }

    /// Chapters, and below each heading at most one level more: a reader that speaks counts them.
    fn heading(&mut self, heading: &Heading) -> Dict {
        self.level = heading.level.clamp(1, self.level.saturating_add(1));
        let size = HEADINGS[usize::from(self.level - 1).min(HEADINGS.len() - 1)];
        let column = Column { width: WIDTH, size };
        // A heading without a word cannot be found or said.
        let is_blank = heading.line.iter().all(|run| run.text.is_blank());
        let line = if is_blank { column.plain("–") } else { self.line(&heading.line, column) };
        dict! {
            "is" => "heading",
            "level" => i64::from(self.level),
            "size" => points(size),
            "number" => heading.number.as_ref().map(|number| column.plain(number.as_str())),
            "line" => line,
            "listed" => heading.anchor.is_some() && heading.level <= 3,
            "anchor" => self.place(heading.anchor.as_ref()),
        }
    }

    fn definition(&self, one: &Definition) -> Dict {
        let term = Column { width: TERM - INSET, size: BODY };
        let column = Column { width: WIDTH - TERM - INSET, size: BODY };
        dict! {
            "term" => term.plain(one.term.as_str()),
            "lines" => self.lines(&one.lines, column),
            "change" => change(one.change),
        }
    }

    fn table(&mut self, table: &Table) -> Dict {
        let all: u32 = table.columns.iter().map(|column| u32::from(column.share)).sum();
        let columns: Vec<Column> = table
            .columns
            .iter()
            .map(|column| {
                let width = WIDTH * f64::from(column.share) / f64::from(all.max(1)) - 2.0 * INSET;
                Column { width, size: SMALL }
            })
            .collect();
        let head = table.columns.iter().zip(&columns);
        let head: Array =
            head.map(|(column, place)| place.plain(column.title.as_str()).into_value()).collect();
        let titles = table.columns.iter().zip(&columns);
        let lines = titles.map(|(column, place)| place.lines(&[vec![plain(column.title.as_str())]]));
        // A head that fills a page leaves no place for rows.
        let repeats = lines.fold(0.0, f64::max) <= HEAD_LINES;
        dict! {
            "is" => "table",
            "repeats" => repeats,
            "caption" => Column { width: WIDTH, size: SMALL }.plain(table.caption.as_str()),
            "shares" => table.columns.iter().map(|column| i64::from(column.share).into_value()).collect::<Array>(),
            "head" => head,
            "rows" => table.rows.iter().map(|row| self.row(row, &columns).into_value()).collect::<Array>(),
        }
    }

    fn row(&mut self, row: &Row, columns: &[Column]) -> Dict {
        let lines = row.cells.iter().zip(columns).map(|(cell, column)| column.lines(cell));
        let kept = lines.fold(0.0, f64::max) <= KEPT_LINES;
        // Each row has a cell for each column, whatever it was given.
        let nothing = Vec::new();
        let cells = columns
            .iter()
            .enumerate()
            .map(|(at, column)| self.lines(row.cells.get(at).unwrap_or(&nothing), *column).into_value());
        let cells: Array = cells.collect();
        dict! {
            "cells" => cells,
            "kept" => kept,
            "change" => change(row.change),
            "anchor" => self.place(row.anchor.as_ref()),
        }
    }

    fn note(&self, note: &NoteBox) -> Dict {
        let column = Column { width: WIDTH - 24.0, size: BODY };
        dict! {
            "is" => "box",
            "tone" => note.tone.name(),
            "title" => column.plain(note.title.as_str()),
            "lines" => self.lines(&note.lines, column),
            "kept" => column.lines(&note.lines) <= KEPT_LINES,
        }
    }

    fn lines(&self, lines: &[Line], column: Column) -> Array {
        lines.iter().map(|line| self.line(line, column).into_value()).collect()
    }

    fn line(&self, line: &Line, column: Column) -> Array {
        line.iter().map(|run| self.run(run, column).into_value()).collect()
    }

    fn run(&self, run: &Run, column: Column) -> Dict {
        let (role, to) = match &run.role {
            Role::Plain => ("plain", None),
            Role::Strong => ("strong", None),
            Role::Fixed => ("fixed", None),
            Role::Given => ("given", None),
            Role::Missing => ("missing", None),
            Role::Code => ("code", None),
            Role::Link(to) if self.known.contains(to) => ("link", Some(to.as_str())),
            Role::Link(_) => ("plain", None),
        };
        dict! {
            "pieces" => column.pieces(run.text.as_str(), face(run)),
            "role" => role,
            "to" => to,
            "struck" => run.struck,
            "change" => change(run.change),
            "right" => is_right_to_left(run.text.as_str()),
        }
    }

    fn place(&mut self, anchor: Option<&Anchor>) -> Value {
        match anchor {
            Some(anchor) if self.put.insert(anchor.clone()) => anchor.as_str().into_value(),
            _ => Value::None,
        }
    }
}

fn change(change: Option<Change>) -> Value {
    change.map(Change::name).into_value()
}
