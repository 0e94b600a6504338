//! Tables: known by their heads, joined where a page broke them.

use super::inline::without_marks;
use super::layout::Row;
use crate::words::{collapse, plain, slug, unique};
use dtsec_model::profile::{IdentificationRow, Reference, Revision, Term};
use std::collections::HashSet;

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    References,
    /// Terms or abbreviations.
    Terms,
    Revisions,
    Identification,
    Assurance,
    Mapping,
}

/// What a table with this head holds.
pub(crate) fn kind(head: &Row) -> Option<TableKind> {
    let cells: Vec<String> = head.cells.iter().map(|cell| plain(cell)).collect();
    let has = |name: &str| cells.iter().any(|cell| cell == name);
    let first = cells.first().map_or("", String::as_str);
    if has("coveredby") && first.contains("assurance") {
        return Some(TableKind::Assurance);
    }
    if cells.get(1).is_some_and(|cell| cell.starts_with("coveredby")) {
        return Some(TableKind::Mapping);
    }
    if has("date") && has("version") && has("description") {
        return Some(TableKind::Revisions);
    }
    if first == "reference" && cells.get(1).is_some_and(|cell| cell == "value") {
        return Some(TableKind::Identification);
    }
    let terms = ["term", "abbreviation", "acronym"].contains(&first);
    if terms && (has("definition") || has("meaning") || has("description")) {
        return Some(TableKind::Terms);
    }
    if has("ref") && has("description") {
        return Some(TableKind::References);
    }
    None
}

/// A table that may go on behind a page break.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) kind: TableKind,
    pub(crate) head: Row,
    pub(crate) rows: Vec<Row>,
}

impl Table {
    /// A table with a known head.
    pub(crate) fn new(mut rows: Vec<Row>) -> Result<Table, Vec<Row>> {
        match rows.first().and_then(kind) {
            Some(kind) => {
                let head = rows.remove(0);
                Ok(Table { kind, head, rows })
            }
            None => Err(rows),
        }
    }

    /// Takes on what stands behind a page break: rows under the same head, or as many columns without one.
    pub(crate) fn goes_on(&mut self, rows: Vec<Row>) -> Result<Continued, Vec<Row>> {
        let Some(first) = rows.first() else { return Err(rows) };
        let names = |row: &Row| row.cells.iter().map(|cell| plain(cell)).collect::<Vec<_>>();
        if names(first) == names(&self.head) {
            self.rows.extend(rows.into_iter().skip(1));
            return Ok(Continued::UnderTheSameHead);
        }
        if kind(first).is_none() && first.cells.len() == self.head.cells.len() {
            self.rows.extend(rows);
            return Ok(Continued::WithoutHead);
        }
        Err(rows)
    }
}

/// How a table goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continued {
    UnderTheSameHead,
    WithoutHead,
}

/// A row of a table of references.
pub(crate) fn reference(row: &Row) -> Reference {
    let description = without_marks(row.cell(1));
    Reference {
        id: row.cells.last().map_or("", String::as_str).trim_matches(['[', ']', ' ']).into(),
        title: without_marks(row.cell(0)),
        edition: edition(&description),
        description,
    }
}

/// The edition that a description says: a version to its end, or `… edition`.
fn edition(description: &str) -> Option<String> {
    let parts = description.split([',', '–', ';', '(', ')']).map(str::trim);
    let mut at = 0;
    for part in parts {
        let start = at + description[at..].find(part)?;
        at = start + part.len();
        let lower = part.to_lowercase();
        let number = lower.strip_prefix("version ").or_else(|| lower.strip_prefix('v'));
        if number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit())) {
            return Some(description[start..].trim_matches([' ', ')', '.']).into());
        }
        if lower.ends_with(" edition") {
            return Some(part.into());
        }
    }
    None
}

/// A row of a table of terms.
pub(crate) fn term(row: &Row) -> Term {
    Term { term: without_marks(row.cell(0)), meaning: without_marks(row.cell(1)) }
}

/// A row of the history.
pub(crate) fn revision(row: &Row, head: &Row) -> Revision {
    let column = |name: &str| head.cells.iter().position(|cell| plain(cell) == name).unwrap_or(usize::MAX);
    let cell = |name: &str| without_marks(row.cell(column(name)));
    Revision { date: cell("date"), version: cell("version"), description: cell("description") }
}

/// A row of the table that identifies a platform.
pub(crate) fn identification(row: &Row, taken: &mut HashSet<String>) -> IdentificationRow {
    let title = without_marks(row.cell(0));
    IdentificationRow { id: unique(slug(&title), taken), title }
}

/// The items of a list in a cell, and what stands before it.
pub(crate) fn list_in_cell(cell: &str) -> (String, Vec<String>) {
    let start =
        cell.find("<ul").or_else(|| cell.find("<ol")).or_else(|| cell.find('•')).unwrap_or(cell.len());
    let (before, list) = cell.split_at(start);
    let list = list.replace("<li>", "•");
    let items =
        list.split('•').skip(1).map(|item| collapse(&without_marks(item))).filter(|item| !item.is_empty());
    (collapse(&without_marks(before)), items.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Row {
        Row { line: 1, cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    #[test]
    fn a_table_goes_on_under_its_own_head_and_not_under_another() {
        let head = || row(&["Term", "Definition"]);
        let mut table = Table::new(vec![head(), row(&["a", "b"])]).unwrap();
        assert_eq!(table.goes_on(vec![head(), row(&["c", "d"])]).unwrap(), Continued::UnderTheSameHead);
        assert_eq!(table.goes_on(vec![row(&["e", "f"])]).unwrap(), Continued::WithoutHead);
        assert!(table.goes_on(vec![row(&["Abbreviation", "Meaning"])]).is_err());
        assert!(table.goes_on(vec![row(&["x", "y", "z"])]).is_err());
        assert_eq!(table.rows.len(), 3);
        assert!(Table::new(vec![row(&["Colour", "Price"])]).is_err());
    }

    #[test]
    fn editions_are_read_and_not_made_up() {
        assert_eq!(edition("A profile, v2.0, 1 May 2020").as_deref(), Some("v2.0, 1 May 2020"));
        assert_eq!(edition("Life cycle – Second edition").as_deref(), Some("Second edition"));
        assert_eq!(edition("Some standard, Version 3").as_deref(), Some("Version 3"));
        assert_eq!(edition("A standard on various things, violets among them"), None);
    }

    #[test]
    fn a_list_in_a_cell_is_read_with_or_without_its_tags() {
        let (before, items) =
            list_in_cell("Operation, iterated for: <ul style=\"x\"> • One • Two, and more ");
        assert_eq!(
            (&*before, items),
            ("Operation, iterated for:", vec!["One".into(), "Two, and more".into()])
        );
        assert_eq!(list_in_cell("for: <ul><li>a</li><li>b</li></ul>").1, ["a", "b"]);
        assert_eq!(list_in_cell("No list"), ("No list".into(), vec![]));
    }
}
