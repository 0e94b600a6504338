//! The lines of the text as title page, contents, sections and their blocks.

use super::report::{Ledger, Place};
use crate::words::{collapse, plain};

/// A heading is shorter than this.
const MAX_HEADING: usize = 120;
/// No profile has as many sections.
const MAX_SECTIONS: usize = 1000;

/// The text, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The title page: number and text of each line that holds something.
    pub(crate) front: Vec<(usize, String)>,
    /// The sections, in their order.
    pub(crate) sections: Vec<RawSection>,
}

/// A section as it stands.
#[derive(Debug)]
pub(crate) struct RawSection {
    pub(crate) number: Vec<u32>,
    pub(crate) title: String,
    pub(crate) line: usize,
    pub(crate) blocks: Vec<Block>,
}

impl RawSection {
    /// `5.2.1`
    pub(crate) fn dotted(&self) -> String {
        dotted(&self.number)
    }
}

/// Lines that belong together.
#[derive(Debug)]
pub(crate) struct Block {
    /// The numbers of its lines.
    pub(crate) lines: Vec<usize>,
    pub(crate) kind: BlockKind,
}

impl Block {
    pub(crate) fn line(&self) -> usize {
        self.lines.first().copied().unwrap_or(0)
    }
}

/// What a block is.
#[derive(Debug)]
pub(crate) enum BlockKind {
    Paragraph(String),
    List(Vec<Item>),
    Table(Vec<Row>),
    /// Of a table or a figure.
    Caption(String),
    Footnote(String),
}

/// An item of a list, with the items below it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) below: Vec<String>,
}

impl Item {
    /// In one text: the items below stand in lines of their own.
    pub(crate) fn whole(&self) -> String {
        self.below.iter().fold(self.text.clone(), |text, item| format!("{text}\n- {item}"))
    }
}

/// A row of a table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) cells: Vec<String>,
}

impl Row {
    /// A cell; empty where there is none.
    pub(crate) fn cell(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", String::as_str)
    }
}

/// An entry of the table of contents.
struct Entry {
    number: Vec<u32>,
    title: String,
    line: usize,
}

/// Takes the text apart.
pub(crate) fn layout(text: &str, ledger: &mut Ledger) -> Layout {
    // A tab at the end is an empty cell.
    let lines: Vec<&str> = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(|line| line.trim_end_matches([' ', '\r', '\u{a0}']))
        .collect();
    let numbered = || lines.iter().enumerate().map(|(index, line)| (index + 1, *line));
    let contents_at = numbered().find(|(_, line)| is_contents_heading(line)).map(|(number, _)| number);
    let after = contents_at.unwrap_or(0);
    let body_at = numbered()
        .skip(after)
        .find(|(_, line)| heading(line).is_some_and(|(number, _)| number == [1]) && !is_entry(line))
        .map_or(lines.len() + 1, |(number, _)| number);
    let front_end = contents_at.unwrap_or(body_at);
    let front = numbered()
        .take(front_end - 1)
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| (number, line.trim().to_owned()))
        .collect();
    let mut entries = Vec::new();
    if let Some(contents_at) = contents_at {
        ledger.place(contents_at, Place::Contents);
        for (number, line) in numbered().take(body_at - 1).skip(contents_at) {
            ledger.place(number, Place::Contents);
            entries.extend(entry(line, number).filter(|_| entries.len() < MAX_SECTIONS));
        }
    }
    let body = numbered().skip(body_at - 1);
    let mut builder = Builder { entries, sections: Vec::new(), open: true, ledger };
    for (number, line) in body {
        builder.line(number, line);
    }
    let sections = builder.finish();
    Layout { front, sections }
}

struct Builder<'l> {
    entries: Vec<Entry>,
    sections: Vec<RawSection>,
    /// Whether the last block may still grow.
    open: bool,
    ledger: &'l mut Ledger,
}

impl Builder<'_> {
    fn line(&mut self, number: usize, line: &str) {
        if line.trim().is_empty() {
            self.open = false;
            return;
        }
        if let Some(section) = self.heading(number, line) {
            self.ledger.place(number, Place::Heading);
            self.sections.push(section);
            self.open = false;
            return;
        }
        // The body begins with a heading.
        let Some(section) = self.sections.last_mut() else { return };
        let last = section.blocks.last_mut().filter(|_| self.open);
        if let Some(block) = grown(last, number, line) {
            section.blocks.push(block);
        }
        self.open = true;
    }

    fn heading(&mut self, line_number: usize, line: &str) -> Option<RawSection> {
        let (number, title) = heading(line)?;
        let entry = self.entries.iter().find(|entry| entry.number == number);
        let follows = match self.sections.last() {
            Some(last) => is_successor(&last.number, &number),
            None => true,
        };
        let same_title = entry.is_some_and(|entry| plain(&entry.title) == plain(&title));
        if self.sections.len() >= MAX_SECTIONS && follows {
            self.ledger.fail(line_number, line, "there are too many sections: this one is read as text");
            return None;
        }
        if !(follows || same_title) || self.sections.iter().any(|section| section.number == number) {
            return None;
        }
        if !self.entries.is_empty() && !same_title {
            let listed =
                entry.map_or("does not list it".into(), |entry| format!("calls it “{}”", entry.title));
            let what =
                format!("{} “{title}” is a heading, though the table of contents {listed}", dotted(&number));
            self.ledger.assume(line_number, what);
        }
        // Headings of chapters stand in capitals.
        let title = entry.filter(|_| same_title).map_or(title, |entry| entry.title.clone());
        Some(RawSection { number, title, line: line_number, blocks: Vec::new() })
    }

    fn finish(self) -> Vec<RawSection> {
        for entry in &self.entries {
            if !self.sections.iter().any(|section| section.number == entry.number) {
                let why = "the table of contents lists this section, and the text has none of that number";
                self.ledger.fail(entry.line, &format!("{} {}", dotted(&entry.number), entry.title), why);
            }
        }
        self.sections
    }
}

/// Lets the last block take the line, or makes a new one of it.
fn grown(last: Option<&mut Block>, number: usize, line: &str) -> Option<Block> {
    if line.contains('\t') {
        let row = Row { line: number, cells: line.split('\t').map(collapse).collect() };
        if let Some(Block { lines, kind: BlockKind::Table(rows) }) = last {
            lines.push(number);
            rows.push(row);
            return None;
        }
        return Some(Block { lines: vec![number], kind: BlockKind::Table(vec![row]) });
    }
    if let Some((depth, text)) = list_item(line) {
        if let Some(Block { lines, kind: BlockKind::List(items) }) = last {
            lines.push(number);
            match items.last_mut() {
                Some(item) if depth > 0 => item.below.push(text),
                _ => items.push(Item { line: number, text, below: Vec::new() }),
            }
            return None;
        }
        let items = vec![Item { line: number, text, below: Vec::new() }];
        return Some(Block { lines: vec![number], kind: BlockKind::List(items) });
    }
    let text = collapse(line);
    if is_caption(&text) {
        return Some(Block { lines: vec![number], kind: BlockKind::Caption(text) });
    }
    if text.starts_with(is_mark) {
        return Some(Block { lines: vec![number], kind: BlockKind::Footnote(text) });
    }
    let starts_anew = super::inline::label(&text).is_some();
    if let Some(block) = last.filter(|_| !starts_anew) {
        // A line that was wrapped.
        let place = match &mut block.kind {
            BlockKind::Paragraph(paragraph) | BlockKind::Footnote(paragraph) => Some(paragraph),
            BlockKind::List(items) => {
                items.last_mut().map(|item| item.below.last_mut().unwrap_or(&mut item.text))
            }
            BlockKind::Table(rows) => rows.last_mut().and_then(|row| row.cells.last_mut()),
            BlockKind::Caption(_) => None,
        };
        if let Some(place) = place {
            *place = format!("{place} {text}").trim_start().to_owned();
            block.lines.push(number);
            return None;
        }
    }
    Some(Block { lines: vec![number], kind: BlockKind::Paragraph(text) })
}

fn is_contents_heading(line: &str) -> bool {
    matches!(&*plain(line), "contents" | "tableofcontents")
}

/// Whether a line has the form of an entry of the table of contents: a page at its end.
fn is_entry(line: &str) -> bool {
    let page = line.rsplit(|c: char| c.is_whitespace() || c == '.').next().unwrap_or("");
    line.contains('\t') || (!page.is_empty() && page.chars().all(|c| c.is_ascii_digit()))
}

fn entry(line: &str, line_number: usize) -> Option<Entry> {
    let words = line.replace('\t', " ");
    let without_page = words.trim_end_matches(|c: char| c.is_ascii_digit());
    let title_end = if is_entry(line) { without_page } else { &words };
    let (number, title) =
        numbered_title(title_end.trim_end_matches(|c: char| c == '.' || c.is_whitespace()))?;
    Some(Entry { number, title, line: line_number })
}

/// A number and what stands behind it.
fn numbered_title(line: &str) -> Option<(Vec<u32>, String)> {
    let line = line.trim().trim_start_matches('#').trim().trim_matches('*');
    let end = line.find(char::is_whitespace)?;
    let number = line[..end].strip_suffix('.').unwrap_or(&line[..end]);
    let number: Vec<u32> = number.split('.').map(part).collect::<Option<_>>()?;
    let title = collapse(&line[end..]);
    (number.len() <= 6 && !title.is_empty()).then_some((number, title))
}

fn part(text: &str) -> Option<u32> {
    let digits = (1..=3).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

/// A line that has the form of a heading.
fn heading(line: &str) -> Option<(Vec<u32>, String)> {
    if line.contains('\t') || line.len() > MAX_HEADING || line.starts_with(' ') {
        return None;
    }
    let (number, title) = numbered_title(line)?;
    let named = title.chars().next().is_some_and(|c| c.is_uppercase() || c == '“');
    (named && !title.ends_with(['.', ';', ',', ':'])).then_some((number, title))
}

/// Whether a section of this number can stand behind the other.
fn is_successor(last: &[u32], number: &[u32]) -> bool {
    let Some((end, above)) = number.split_last() else { return false };
    match last.len() {
        depth if depth + 1 == number.len() => above == last && *end == 1,
        depth if depth >= number.len() => {
            let (same, at) = (&last[..above.len()], last[above.len()]);
            same == above && at.checked_add(1) == Some(*end)
        }
        _ => false,
    }
}

fn dotted(number: &[u32]) -> String {
    number.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// How deep an item of a list stands (0 or 1), and its text.
fn list_item(line: &str) -> Option<(usize, String)> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let marks = ["- ", "• ", "– ", "* ", "· ", "▪ ", "○ "];
    let rest = marks.iter().find_map(|mark| text.strip_prefix(mark))?;
    Some((usize::from(indent > 0), collapse(rest)))
}

/// `Table 6-1: Assurance`, `Figure 3-1: …`
fn is_caption(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("Table ").or_else(|| text.strip_prefix("Figure ")) else {
        return false;
    };
    let end = rest.find(|c: char| !(c.is_ascii_digit() || "-–.".contains(c))).unwrap_or(rest.len());
    end > 0 && rest[end..].starts_with(':')
}

/// The mark of a footnote.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '¹' | '²' | '³' | '⁰' | '⁴'..='⁹')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_follows_the_one_before_and_a_number_in_a_sentence_does_not() {
        assert!(is_successor(&[3, 4], &[3, 4, 1]));
        assert!(is_successor(&[3, 4, 4], &[3, 5]));
        assert!(is_successor(&[3, 5], &[4]));
        assert!(!is_successor(&[3, 5], &[3, 7]));
        assert!(!is_successor(&[3], &[3, 2]));
        assert!(!is_successor(&[3, 5], &[3, 5]));
        assert_eq!(heading("5.2.1 Secure Update").map(|h| h.0), Some(vec![5, 2, 1]));
        assert_eq!(heading("2 of them are broken"), None);
        assert_eq!(heading("2 Valves are open."), None);
    }

    #[test]
    fn entries_of_the_contents_are_read_with_tabs_or_dots() {
        for line in ["1.2\tUse Case\t10", "1.2 Use Case ..... 10", "1.2\tUse Case.....10", "1.2 Use Case 10"]
        {
            let entry = entry(line, 1).unwrap();
            assert_eq!((entry.number, &*entry.title), (vec![1, 2], "Use Case"), "{line}");
        }
    }
}
