//! Pages: every list comes in them, and a page says where the next one begins.

use crate::error::{Error, Result};

/// How many things a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(u16);

impl Size {
    /// The most.
    pub const MOST: u16 = 500;

    /// Between 1 and [`Size::MOST`]; what lies outside becomes the nearest.
    pub fn new(size: u16) -> Self {
        Self(size.clamp(1, Self::MOST))
    }

    /// One more is asked for, to see whether there is a next page.
    pub(crate) fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }

    pub(crate) fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Size {
    fn default() -> Self {
        Self(50)
    }
}

/// Some things, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// What to give for the next page; `None` on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn cut(mut items: Vec<T>, size: Size, cursor: impl FnOnce(&T) -> String) -> Self {
        if items.len() <= size.get() {
            return Self { items, next: None };
        }
        items.truncate(size.get());
        let next = items.last().map(cursor);
        Self { items, next }
    }
}

/// The cursor of a list: the sort key and the id of the last row.
pub(crate) fn cursor(sort: &str, id: &str) -> String {
    format!("{}.{}", hex::encode(sort), hex::encode(id))
}

/// Reads a cursor.
pub(crate) fn read_cursor(text: &str) -> Result<(String, String)> {
    let part = |part: &str| String::from_utf8(hex::decode(part).ok()?).ok();
    text.split_once('.')
        .and_then(|(sort, id)| Some((part(sort)?, part(id)?)))
        .filter(|(sort, id)| !sort.contains('\0') && !id.contains('\0'))
        .ok_or_else(|| Error::Cursor(text.chars().take(80).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_nothing_else_is_taken() {
        assert_eq!(read_cursor(&cursor("Ä.b", "c")).unwrap(), ("Ä.b".to_owned(), "c".to_owned()));
        for text in ["", ".zz", "61", "00.61", "c3.61"] {
            assert!(matches!(read_cursor(text), Err(Error::Cursor(_))), "{text}");
        }
    }
}
