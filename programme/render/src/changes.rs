//! Change marks between two versions of a document.
//!
//! What is compared is what is laid out: blocks, rows and items by their keys, and within them the words. So a mark stands
//! wherever a reader would see a difference, also where the profile's wording changed and not the Security Target, and every
//! document and format has marks alike. What a Security Target says differently as data is `dtsec st diff`.

use crate::doc::{
    Block, Change, Content, Definition, Doc, Heading, Item, Line, NoteBox, Role, Row, Run, Table,
};
use crate::text::Text;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// How many marks there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Blocks, rows and items that are new.
    pub added: usize,
    /// Those that are gone.
    pub removed: usize,
    /// Those that say something else.
    pub changed: usize,
}

impl Changes {
    fn count(&mut self, change: Option<Change>) {
        match change {
            Some(Change::Added) => self.added += 1,
            Some(Change::Removed) => self.removed += 1,
            Some(Change::Changed) => self.changed += 1,
            None => {}
        }
    }
}

/// The new version with marks for what changed since the old one, and how many there are.
pub fn mark(old: &Doc, new: Doc) -> (Doc, Changes) {
    let body = merge(&old.body, &new.body);
    let mut changes = Changes::default();
    for block in &body {
        match &block.content {
            // Only what changed in them counts, unless they are new or gone as a whole.
            Content::Table(table) if block.change == Some(Change::Changed) => {
                table.rows.iter().for_each(|row| changes.count(row.change));
            }
            Content::List(items) if block.change == Some(Change::Changed) => {
                items.iter().for_each(|item| changes.count(item.change));
            }
            Content::Definitions(all) if block.change == Some(Change::Changed) => {
                all.iter().for_each(|one| changes.count(one.change));
            }
            _ => changes.count(block.change),
        }
    }
    let mut marked = Doc { body, ..new };
    let said = format!(
        "Since version {}: {} added, {} removed, {} changed. New words are underlined, words that are gone are struck through, \
         and a bar stands beside each place.",
        old.version, changes.added, changes.removed, changes.changed
    );
    let note = NoteBox {
        tone: crate::doc::Tone::Note,
        title: "Change marks".into(),
        lines: vec![vec![crate::doc::plain(said)]],
    };
    marked.front.push(Block { key: "changes".to_owned(), change: None, content: Content::Box(note) });
    (marked.without_dangling_links(), changes)
}

/// Something with a key that may be new, gone, or changed.
trait Keyed: Clone + PartialEq {
    fn key(&self) -> &str;
    /// As new or gone as a whole.
    fn whole(self, change: Change) -> Self;
    /// What became of the first: the second, with marks. None where the two cannot stand in one place.
    fn against(&self, new: &Self) -> Option<Self>;
}

fn merge<K: Keyed>(old: &[K], new: &[K]) -> Vec<K> {
    let keys = |all: &[K]| -> Vec<String> { all.iter().map(|one| one.key().to_owned()).collect() };
    let mut merged = Vec::with_capacity(new.len());
    for operation in capture_diff_slices(Algorithm::Myers, &keys(old), &keys(new)) {
        let (tag, before, after) = operation.as_tag_tuple();
        if tag == DiffTag::Equal {
            for (before, after) in old[before].iter().zip(&new[after]) {
                if before == after {
                    merged.push(after.clone());
                } else if let Some(both) = before.against(after) {
                    merged.push(both);
                } else {
                    merged.push(before.clone().whole(Change::Removed));
                    merged.push(after.clone().whole(Change::Added));
                }
            }
            continue;
        }
        merged.extend(old[before].iter().map(|one| one.clone().whole(Change::Removed)));
        merged.extend(new[after].iter().map(|one| one.clone().whole(Change::Added)));
    }
    merged
}

impl Keyed for Block {
    fn key(&self) -> &str {
        &self.key
    }

    fn whole(mut self, change: Change) -> Block {
        self.change = Some(change);
        if change == Change::Removed {
            match &mut self.content {
                Content::Heading(heading) => heading.anchor = None,
                Content::Table(table) => table.rows.iter_mut().for_each(|row| row.anchor = None),
                _ => {}
            }
        }
        self.content.lines_mut().into_iter().for_each(|line| all(line, change));
        self
    }

    fn against(&self, new: &Block) -> Option<Block> {
        let content = match (&self.content, &new.content) {
            (Content::Heading(old), Content::Heading(new)) => {
                Content::Heading(Heading { line: words(&old.line, &new.line), ..new.clone() })
            }
            (Content::Paragraph(old), Content::Paragraph(new)) => Content::Paragraph(words(old, new)),
            (Content::List(old), Content::List(new)) => Content::List(merge(old, new)),
            (Content::Table(old), Content::Table(new)) if old.columns == new.columns => {
                Content::Table(Table { rows: merge(&old.rows, &new.rows), ..new.clone() })
            }
            (Content::Box(old), Content::Box(new)) => {
                Content::Box(NoteBox { lines: lines(&old.lines, &new.lines), ..new.clone() })
            }
            (Content::Definitions(old), Content::Definitions(new)) => Content::Definitions(merge(old, new)),
            _ => return None,
        };
        Some(Block { key: new.key.clone(), change: Some(Change::Changed), content })
    }
}

impl Keyed for Row {
    fn key(&self) -> &str {
        &self.key
    }

    fn whole(mut self, change: Change) -> Row {
        self.change = Some(change);
        if change == Change::Removed {
            self.anchor = None;
        }
        self.cells.iter_mut().flatten().for_each(|line| all(line, change));
        self
    }

    fn against(&self, new: &Row) -> Option<Row> {
        let cells = self.cells.iter().zip(&new.cells).map(|(old, new)| lines(old, new));
        Some(Row { change: Some(Change::Changed), cells: cells.collect(), ..new.clone() })
    }
}

impl Keyed for Item {
    fn key(&self) -> &str {
        &self.key
    }

    fn whole(mut self, change: Change) -> Item {
        self.change = Some(change);
        all(&mut self.line, change);
        self
    }

    fn against(&self, new: &Item) -> Option<Item> {
        Some(Item { change: Some(Change::Changed), line: words(&self.line, &new.line), ..new.clone() })
    }
}

impl Keyed for Definition {
    fn key(&self) -> &str {
        &self.key
    }

    fn whole(mut self, change: Change) -> Definition {
        self.change = Some(change);
        self.lines.iter_mut().for_each(|line| all(line, change));
        self
    }

    fn against(&self, new: &Definition) -> Option<Definition> {
        Some(Definition {
            change: Some(Change::Changed),
            lines: lines(&self.lines, &new.lines),
            ..new.clone()
        })
    }
}

fn all(line: &mut Line, change: Change) {
    for run in line {
        run.change = Some(change);
        // What is gone refers to nothing, and is not there to be filled in.
        if change == Change::Removed && matches!(run.role, Role::Link(_) | Role::Missing) {
            run.role = Role::Plain;
        }
    }
}

/// Lines side by side; where there are more or fewer, those at the end are new or gone.
fn lines(old: &[Line], new: &[Line]) -> Vec<Line> {
    let both = old.iter().zip(new).map(|(old, new)| words(old, new));
    let gone = old.iter().skip(new.len()).cloned().map(|line| whole(line, Change::Removed));
    let more = new.iter().skip(old.len()).cloned().map(|line| whole(line, Change::Added));
    both.chain(gone).chain(more).collect()
}

fn whole(mut line: Line, change: Change) -> Line {
    all(&mut line, change);
    line
}

/// A line with the words that are new and gone.
fn words(old: &[Run], new: &[Run]) -> Line {
    if old == new {
        return new.to_vec();
    }
    let (old, new) = (split(old), split(new));
    let mut line = Line::new();
    for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (tag, before, after) = operation.as_tag_tuple();
        if tag == DiffTag::Equal {
            new[after].iter().for_each(|run| push(&mut line, run.clone()));
            continue;
        }
        for run in whole(old[before].to_vec(), Change::Removed) {
            push(&mut line, run);
        }
        for run in whole(new[after].to_vec(), Change::Added) {
            push(&mut line, run);
        }
    }
    line
}

/// The runs word by word, each with the space before it: what is put behind a line leaves its last word alone.
fn split(line: &[Run]) -> Vec<Run> {
    line.iter()
        .flat_map(|run| words_of(run.text.as_str()).map(|word| Run { text: Text::new(word), ..run.clone() }))
        .collect()
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(|c: char| c != ' ').unwrap_or(rest.len());
        let end = rest[word..].find(' ').map_or(rest.len(), |end| word + end);
        let (first, more) = rest.split_at(end);
        rest = more;
        (!first.is_empty()).then_some(first)
    })
}

/// Puts a word behind a line, in its last run where that is of its kind.
fn push(line: &mut Line, word: Run) {
    match line.last_mut() {
        Some(last) if (&last.role, last.struck, last.change) == (&word.role, word.struck, word.change) => {
            last.text = Text::new(&format!("{}{}", last.text, word.text));
        }
        _ => line.push(word),
    }
}
