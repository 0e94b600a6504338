//! A document for word processors: OOXML, with real styles and headings, a table of contents, cross references as links
//! to bookmarks, header rows that repeat, and mark, version and digest on every page.
//!
//! Headings carry their numbers as text: they are those of the profile's sections, and a word processor that counted by
//! itself would renumber what a requirement that is not claimed leaves out.

mod package;
mod styles;

use crate::RenderError;
use crate::doc::{
    Block, Change, Content, Definition, Doc, Heading, Item, Line, NoteBox, Role, Run, Table, Tone,
};
use crate::text::Anchor;
use docx_rs::{
    AlignmentType, Docx, FieldCharType, Footer, Header, Hyperlink, HyperlinkType, IndentLevel, InstrPAGEREF,
    InstrText, InstrToC, NumPages, NumberingId, PageMargin, PageNum, Paragraph, ParagraphBorder,
    ParagraphBorderPosition, Run as WordRun, Shading, Tab, TabLeaderType, TabValueType, Table as WordTable,
    TableBorder, TableBorderPosition, TableBorders, TableCell, TableCellBorder, TableCellBorderPosition,
    TableCellBorders, TableCellMargins, TableLayoutType, TableRow, WidthType,
};
use std::collections::BTreeMap;

/// A4, in twentieths of a point.
const PAGE: (u32, u32) = (11906, 16838);
const MARGIN: i32 = 1134;
/// Between the margins.
const WIDTH: usize = 11906 - 2 * 1134;
const BULLETS: usize = 7;
/// The colours of the page in daylight.
const LINE: &str = "D8DDE3";
const TINT: &str = "F5F7F9";
const ADDED: &str = "0B6B3A";
const REMOVED: &str = "A3161F";
const BAR: &str = "6B3FA0";

/// The file.
///
/// # Errors
/// Where the package cannot be put together.
pub fn write(doc: &Doc) -> Result<Vec<u8>, RenderError> {
    let writer = Writer { bookmarks: bookmarks(doc) };
    let mut docx = styles::put(Docx::new())
        .page_size(PAGE.0, PAGE.1)
        .page_margin(PageMargin {
            top: 1500,
            left: MARGIN,
            bottom: 1400,
            right: MARGIN,
            header: 600,
            footer: 500,
            gutter: 0,
        })
        .custom_property("Digest", doc.digest.as_str())
        .header(header(doc))
        .footer(footer(doc));
    docx = writer.title_page(docx, doc);
    docx = writer.contents(docx, doc);
    for block in &doc.body {
        docx = writer.block(docx, block);
    }
    let tables =
        doc.front.iter().chain(&doc.body).filter(|block| matches!(block.content, Content::Table(_))).count();
    package::pack(docx, doc, tables)
}

/// Bookmarks of Word: at most 40 letters, digits and underscores, each with a number.
fn bookmarks(doc: &Doc) -> BTreeMap<Anchor, (usize, String)> {
    let named = |(number, anchor): (usize, Anchor)| {
        let short: String =
            anchor.as_str().chars().take(30).map(|c| if c == '-' { '_' } else { c }).collect();
        (anchor, (number + 1, format!("_{}_{short}", number + 1)))
    };
    doc.anchors().into_iter().enumerate().map(named).collect()
}

fn header(doc: &Doc) -> Header {
    let right = match &doc.banner {
        Some(banner) => WordRun::new().add_text(banner.as_str()).bold().color(REMOVED),
        None => WordRun::new().add_text(doc.title.as_str()),
    };
    let mark = WordRun::new().add_text(doc.mark.as_str()).bold();
    // On lines of their own: both may be long.
    Header::new()
        .add_paragraph(Paragraph::new().style("Header").add_run(mark))
        .add_paragraph(Paragraph::new().style("Header").add_run(right))
}

fn footer(doc: &Doc) -> Footer {
    let what = format!("{} · version {}", doc.kind, doc.version);
    let line = Paragraph::new()
        .style("Footer")
        .add_tab(Tab::new().val(TabValueType::Right).pos(WIDTH))
        .add_run(WordRun::new().add_text(what))
        .add_run(WordRun::new().add_tab().add_text("Page "))
        .add_page_num(PageNum::new())
        .add_run(WordRun::new().add_text(" of "))
        .add_num_pages(NumPages::new());
    let digest = WordRun::new().add_text(format!("SHA-256 {}", doc.digest)).style("CodeText");
    Footer::new().add_paragraph(line).add_paragraph(Paragraph::new().style("Footer").add_run(digest))
}

struct Writer {
    bookmarks: BTreeMap<Anchor, (usize, String)>,
}

impl Writer {
    fn title_page(&self, mut docx: Docx, doc: &Doc) -> Docx {
        let styled =
            |style: &str, text: &str| Paragraph::new().style(style).add_run(WordRun::new().add_text(text));
        if let Some(banner) = &doc.banner {
            docx = docx.add_paragraph(styled("Banner", banner.as_str()).align(AlignmentType::Center));
        }
        docx = docx.add_paragraph(styled("Subtitle", doc.kind.as_str()));
        docx = docx.add_paragraph(styled("Title", doc.title.as_str()));
        let rows = doc.facts.iter().map(|(term, line)| {
            let term = Paragraph::new().style("TableHead").add_run(WordRun::new().add_text(term.as_str()));
            let value = self.fill(Paragraph::new().style("TableText"), line);
            TableRow::new(vec![
                width(TableCell::new(), WIDTH / 3).add_paragraph(term),
                width(TableCell::new(), WIDTH - WIDTH / 3).add_paragraph(value),
            ])
        });
        let facts = table(rows.collect(), vec![WIDTH / 3, WIDTH - WIDTH / 3]);
        docx = docx.add_table(facts).add_paragraph(Paragraph::new().style("Gap"));
        for block in &doc.front {
            docx = self.block(docx, block);
        }
        docx
    }

    /// A field that the word processor fills in: entries with links stand in it already, pages come when it is opened.
    fn contents(&self, docx: Docx, doc: &Doc) -> Docx {
        let title = Paragraph::new().style("ContentsTitle").page_break_before(true);
        let mut docx = docx.add_paragraph(title.add_run(WordRun::new().add_text("Contents")));
        let entries: Vec<&Heading> = doc.contents(3).collect();
        let instruction = InstrText::TOC(InstrToC::new().heading_styles_range(1, 3).hyperlink());
        let begin = WordRun::new()
            .add_field_char(FieldCharType::Begin, true)
            .add_instr_text(instruction)
            .add_field_char(FieldCharType::Separate, false);
        let mut begin = Some(begin);
        for heading in entries {
            let Some((_, name)) = heading.anchor.as_ref().and_then(|anchor| self.bookmarks.get(anchor))
            else {
                continue;
            };
            let mut paragraph = Paragraph::new()
                .style(&format!("TOC{}", heading.level))
                .add_tab(Tab::new().val(TabValueType::Right).leader(TabLeaderType::Dot).pos(WIDTH));
            if let Some(begin) = begin.take() {
                paragraph = paragraph.add_run(begin);
            }
            let page = WordRun::new()
                .add_field_char(FieldCharType::Begin, true)
                .add_instr_text(InstrText::PAGEREF(InstrPAGEREF::new(name).hyperlink()))
                .add_field_char(FieldCharType::Separate, false)
                .add_text("…")
                .add_field_char(FieldCharType::End, false);
            let entry = Hyperlink::new(name, HyperlinkType::Anchor)
                .add_run(WordRun::new().add_text(heading_text(heading)))
                .add_run(WordRun::new().add_tab())
                .add_run(page);
            docx = docx.add_paragraph(paragraph.add_hyperlink(entry));
        }
        let mut end = Paragraph::new().style("Gap");
        // Without an entry the field still has its beginning.
        if let Some(begin) = begin {
            end = end.add_run(begin);
        }
        docx.add_paragraph(end.add_run(WordRun::new().add_field_char(FieldCharType::End, false)))
    }

    fn block(&self, docx: Docx, block: &Block) -> Docx {
        match &block.content {
            Content::Heading(heading) => {
                let paragraph = bar(self.heading(heading), block.change);
                // A chapter begins on a page of its own.
                docx.add_paragraph(paragraph.page_break_before(heading.level == 1))
            }
            Content::Paragraph(line) => {
                docx.add_paragraph(bar(self.fill(Paragraph::new().style("BodyText"), line), block.change))
            }
            Content::List(items) => items.iter().fold(docx, |docx, item| docx.add_paragraph(self.item(item))),
            Content::Table(all) => {
                let caption = Paragraph::new().style("Caption").keep_next(true);
                let caption = caption.add_run(WordRun::new().add_text(all.caption.as_str()));
                // Two tables that touch become one: a small gap keeps them apart.
                docx.add_paragraph(bar(caption, block.change))
                    .add_table(self.table(all))
                    .add_paragraph(Paragraph::new().style("Gap"))
            }
            Content::Box(note) => {
                docx.add_table(self.note(note)).add_paragraph(Paragraph::new().style("Gap"))
            }
            Content::Definitions(all) => all.iter().fold(docx, |docx, one| self.definition(docx, one)),
        }
    }

    fn heading(&self, heading: &Heading) -> Paragraph {
        let mut paragraph = Paragraph::new().style(&format!("Heading{}", heading.level.clamp(1, 4)));
        let bookmark = heading.anchor.as_ref().and_then(|anchor| self.bookmarks.get(anchor));
        if let Some((id, name)) = bookmark {
            paragraph = paragraph.add_bookmark_start(*id, name);
        }
        if let Some(number) = &heading.number {
            paragraph = paragraph.add_run(WordRun::new().add_text(format!("{number} ")));
        }
        paragraph = self.fill(paragraph, &heading.line);
        match bookmark {
            Some((id, _)) => paragraph.add_bookmark_end(*id),
            None => paragraph,
        }
    }

    fn item(&self, item: &Item) -> Paragraph {
        let paragraph =
            Paragraph::new().style("ListBullet").numbering(NumberingId::new(BULLETS), IndentLevel::new(0));
        bar(self.fill(paragraph, &item.line), item.change)
    }

    fn definition(&self, docx: Docx, one: &Definition) -> Docx {
        let term = Paragraph::new()
            .style("Term")
            .keep_next(true)
            .add_run(WordRun::new().add_text(one.term.as_str()));
        let docx = docx.add_paragraph(bar(term, one.change));
        one.lines.iter().fold(docx, |docx, line| {
            docx.add_paragraph(bar(self.fill(Paragraph::new().style("Definition"), line), one.change))
        })
    }

    fn table(&self, all: &Table) -> WordTable {
        let shares: usize = all.columns.iter().map(|column| usize::from(column.share)).sum();
        let widths: Vec<usize> =
            all.columns.iter().map(|column| WIDTH * usize::from(column.share) / shares.max(1)).collect();
        let heads = all.columns.iter().zip(&widths).map(|(column, wide)| {
            let head =
                Paragraph::new().style("TableHead").add_run(WordRun::new().add_text(column.title.as_str()));
            width(TableCell::new(), *wide).shading(Shading::new().fill(TINT)).add_paragraph(head)
        });
        // The row that must not be split is the one that repeats on every page: see `package`.
        let head = TableRow::new(heads.collect()).cant_split();
        let rows = all.rows.iter().map(|row| {
            let cells = row.cells.iter().zip(&widths).enumerate().map(|(column, (lines, wide))| {
                let cell = width(TableCell::new(), *wide);
                let bookmark = row.anchor.as_ref().and_then(|anchor| self.bookmarks.get(anchor));
                lines.iter().enumerate().fold(cell, |cell, (number, line)| {
                    let mut paragraph = Paragraph::new().style("TableText");
                    let bookmark = bookmark.filter(|_| column == 0 && number == 0);
                    if let Some((id, name)) = bookmark {
                        paragraph = paragraph.add_bookmark_start(*id, name);
                    }
                    paragraph = self.fill(paragraph, line);
                    if let Some((id, _)) = bookmark {
                        paragraph = paragraph.add_bookmark_end(*id);
                    }
                    cell.add_paragraph(if column == 0 { bar(paragraph, row.change) } else { paragraph })
                })
            });
            TableRow::new(cells.collect())
        });
        table(std::iter::once(head).chain(rows).collect(), widths)
    }

    /// A box is a table of one cell: word processors keep that together.
    fn note(&self, note: &NoteBox) -> WordTable {
        let (colour, fill) = match note.tone {
            Tone::Note => ("5B6570", TINT),
            Tone::Warning => ("7A4D00", "FDF3DC"),
            Tone::Alert => (REMOVED, "FCE8E8"),
        };
        let title = WordRun::new().add_text(note.title.as_str()).bold().color(colour);
        let edge = TableCellBorder::new(TableCellBorderPosition::Left).size(32).color(colour);
        let cell = width(TableCell::new(), WIDTH)
            .shading(Shading::new().fill(fill))
            .set_borders(TableCellBorders::with_empty().set(edge))
            .add_paragraph(Paragraph::new().style("TableText").keep_next(true).add_run(title));
        let cell = note.lines.iter().fold(cell, |cell, line| {
            cell.add_paragraph(self.fill(Paragraph::new().style("TableText"), line))
        });
        table(vec![TableRow::new(vec![cell])], vec![WIDTH])
    }

    fn fill(&self, paragraph: Paragraph, line: &Line) -> Paragraph {
        line.iter().fold(paragraph, |paragraph, run| {
            let name = match &run.role {
                Role::Link(to) => self.bookmarks.get(to).map(|(_, name)| name),
                _ => None,
            };
            match name {
                Some(name) => {
                    paragraph.add_hyperlink(Hyperlink::new(name, HyperlinkType::Anchor).add_run(word(run)))
                }
                None => paragraph.add_run(word(run)),
            }
        })
    }
}

fn heading_text(heading: &Heading) -> String {
    let number = heading.number.iter().map(|number| format!("{number} "));
    number.chain(heading.line.iter().map(|run| run.text.to_string())).collect()
}

fn word(run: &Run) -> WordRun {
    let mut word = WordRun::new().add_text(run.text.as_str());
    word = match run.role {
        Role::Plain => word,
        Role::Strong => word.style("Strong"),
        Role::Fixed => word.style("FixedByProfile"),
        Role::Given => word.style("GivenByTarget"),
        Role::Missing => word.style("MissingText"),
        Role::Code => word.style("CodeText"),
        Role::Link(_) => word.style("CrossReference"),
    };
    if run.struck {
        word = word.strike();
    }
    match run.change {
        Some(Change::Added) => word.underline("double").color(ADDED),
        Some(Change::Removed) => word.dstrike().color(REMOVED),
        _ => word,
    }
}

/// A bar beside a paragraph that changed.
fn bar(mut paragraph: Paragraph, change: Option<Change>) -> Paragraph {
    if change.is_some() {
        let bar = ParagraphBorder::new(ParagraphBorderPosition::Left).size(24).space(4).color(BAR);
        paragraph.property = paragraph.property.set_border(bar);
    }
    paragraph
}

fn width(cell: TableCell, width: usize) -> TableCell {
    cell.width(width, WidthType::Dxa)
}

fn table(rows: Vec<TableRow>, widths: Vec<usize>) -> WordTable {
    let line = |position| TableBorder::new(position).color(LINE).size(4);
    let borders = TableBorders::with_empty()
        .set(line(TableBorderPosition::Top))
        .set(line(TableBorderPosition::Bottom))
        .set(line(TableBorderPosition::InsideH));
    WordTable::new(rows)
        .set_grid(widths)
        .width(WIDTH, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .set_borders(borders)
        .margins(TableCellMargins::new().margin(50, 90, 50, 90))
}
