//! Lists: rows that follow from aggregates, found by terms, in order, page by page.
//!
//! There is one table of rows and one of terms for all lists, so a new list needs no change of the schema, and every list is
//! as fast as the first. A row has terms: words, each with all its beginnings, and facets such as `status=listed`.
//! What has all of some terms is found by walking through the rarest one in the list's order and looking up the others.

use crate::database::query;
use crate::error::{Error, Result};
use crate::names::{self, Key, canonical};
use crate::page::{Page, Size, cursor, read_cursor};
use crate::store::{Aggregate, Store};
use crate::{search, sql};
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

/// Says what lists show of an aggregate. It depends on nothing else, so what is shown can be made anew at any time.
pub trait Projection: Send + Sync {
    /// All its rows.
    fn rows(&self, aggregate: &Aggregate) -> Vec<Row>;
}

impl<F: Fn(&Aggregate) -> Vec<Row> + Send + Sync> Projection for F {
    fn rows(&self, aggregate: &Aggregate) -> Vec<Row> {
        self(aggregate)
    }
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    list: String,
    id: String,
    sort: String,
    terms: BTreeSet<String>,
    data: Value,
}

impl Row {
    /// A row: of which list, its id in it, what it is sorted by, and what is shown.
    pub fn new(list: impl Into<String>, id: impl Into<String>, sort: &str, data: Value) -> Self {
        Self { list: list.into(), id: id.into(), sort: search::sort_key(sort), terms: BTreeSet::new(), data }
    }

    /// Makes it found by a facet.
    #[must_use]
    pub fn facet(mut self, name: &str, value: &str) -> Self {
        self.terms.insert(search::facet(name, value));
        self
    }

    /// Makes it found by the words of a text, and by their beginnings.
    #[must_use]
    pub fn words(mut self, text: &str) -> Self {
        self.terms.extend(search::beginnings(text));
        self
    }

    fn check(&self) -> Result<()> {
        names::name("name of a list", &self.list)?;
        names::name("id of a row", &self.id)?;
        self.terms.iter().try_for_each(|term| names::name("term of a row", term))?;
        Ok(())
    }
}

/// A row as it is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its id in the list.
    pub id: String,
    /// What it is sorted by.
    pub sort: String,
    /// What is shown.
    pub data: Value,
}

/// What is looked for in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The list.
    pub list: String,
    /// Every one of them must be there: see [`Search::facet`] and [`Search::words`].
    pub terms: BTreeSet<String>,
    /// From the last row to the first.
    pub backwards: bool,
    /// The page before's [`Page::next`].
    pub after: Option<String>,
    /// How many at once.
    pub size: Size,
}

impl Search {
    /// Most terms at once.
    pub const MOST_TERMS: usize = sql::ROWS_WITH.len() - 1;

    /// Everything in a list.
    pub fn all(list: impl Into<String>) -> Self {
        Self { list: list.into(), ..Self::default() }
    }

    /// Only what has a facet.
    #[must_use]
    pub fn facet(mut self, name: &str, value: &str) -> Self {
        self.terms.insert(search::facet(name, value));
        self
    }

    /// Only what has every word of a text, or words that begin so.
    #[must_use]
    pub fn words(mut self, text: &str) -> Self {
        self.terms.extend(search::wanted(text));
        self
    }

    /// From the last row to the first.
    #[must_use]
    pub fn backwards(mut self) -> Self {
        self.backwards = true;
        self
    }

    /// Goes on after a page.
    #[must_use]
    pub fn after(mut self, cursor: Option<String>) -> Self {
        self.after = cursor;
        self
    }

    /// So many at once.
    #[must_use]
    pub fn size(mut self, size: Size) -> Self {
        self.size = size;
        self
    }

    fn start(&self) -> Result<(String, String)> {
        match &self.after {
            Some(text) => read_cursor(text),
            // Longer than any sort key, of the last character there is.
            None if self.backwards => Ok(("\u{10FFFF}".repeat(names::LONGEST_NAME), String::new())),
            None => Ok(<_>::default()),
        }
    }
}

/// Beyond so many rows two terms are equally frequent.
const FREQUENT: i64 = 200;

impl Store {
    /// A page of what has all terms.
    ///
    /// # Errors
    /// For a cursor that no page gave, and for too many terms.
    pub async fn search(&self, search: &Search) -> Result<Page<Found>> {
        let mut read = self.database.readers().acquire().await?;
        let mut terms: Vec<&str> = search.terms.iter().map(String::as_str).collect();
        if terms.len() > Search::MOST_TERMS {
            return Err(Error::TooManyTerms { given: terms.len(), most: Search::MOST_TERMS });
        }
        let start = search.start()?;
        if terms.len() > 1 {
            let mut by_count = Vec::new();
            for term in terms {
                by_count.push((count(&mut read, &search.list, Some(term), FREQUENT).await?, term));
            }
            by_count.sort();
            if by_count[0].0 == 0 {
                return Ok(Page { items: Vec::new(), next: None });
            }
            terms = by_count.into_iter().map(|(_, term)| term).collect();
        }
        let found = page(&mut read, search, start, &terms).await?;
        Ok(Page::cut(found, search.size, |last| cursor(&last.sort, &last.id)))
    }

    /// A page of what has at least one of the terms: what waits for somebody who has several roles.
    ///
    /// # Errors
    /// For a cursor that no page gave.
    pub async fn search_any(&self, search: &Search) -> Result<Page<Found>> {
        let mut read = self.database.readers().acquire().await?;
        let start = search.start()?;
        let mut found = BTreeMap::new();
        for term in &search.terms {
            for one in page(&mut read, search, start.clone(), &[term.as_str()]).await? {
                found.insert((one.sort.clone(), one.id.clone()), one);
            }
        }
        let mut found: Vec<_> = found.into_values().collect();
        if search.backwards {
            found.reverse();
        }
        Ok(Page::cut(found, search.size, |last| cursor(&last.sort, &last.id)))
    }

    /// A row by its id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn row(&self, list: &str, id: &str) -> Result<Option<Found>> {
        let row = query(&sql::ROW).bind(list).bind(id).fetch_optional(self.database.readers()).await?;
        row.as_ref().map(found).transpose()
    }

    /// How many rows a list has, or how many with a facet; counted up to a number and no further.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count(&self, list: &str, facet: Option<(&str, &str)>, most: u32) -> Result<u32> {
        let mut read = self.database.readers().acquire().await?;
        let term = facet.map(|(name, value)| search::facet(name, value));
        let count = count(&mut read, list, term.as_deref(), i64::from(most)).await?;
        Ok(u32::try_from(count).unwrap_or(most))
    }
}

async fn count(read: &mut AnyConnection, list: &str, term: Option<&str>, most: i64) -> Result<i64> {
    let query = match term {
        None => query(&sql::COUNT_ROWS).bind(list),
        Some(term) => query(&sql::COUNT_TERM).bind(list).bind(term),
    };
    Ok(query.bind(most).fetch_one(read).await?.try_get(0)?)
}

async fn page(
    read: &mut AnyConnection,
    search: &Search,
    (sort, id): (String, String),
    terms: &[&str],
) -> Result<Vec<Found>> {
    let statement = sql::ROWS_WITH[terms.len()][usize::from(search.backwards)];
    let mut query =
        query(statement).bind(search.list.as_str()).bind(sort).bind(id).bind(search.size.and_one());
    for term in terms {
        query = query.bind(*term);
    }
    query.fetch_all(read).await?.iter().map(found).collect()
}

fn found(row: &AnyRow) -> Result<Found> {
    let id: String = row.try_get(0)?;
    let data = names::parse(format_args!("row `{id}`"), &row.try_get::<String, _>(2)?)?;
    Ok(Found { id, sort: row.try_get(1)?, data })
}

/// A row as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) sort: String,
    pub(crate) terms: BTreeSet<String>,
    pub(crate) data: String,
}

/// Rows as they are to be kept, by list and id.
pub(crate) fn kept(owner: &Key, rows: Vec<Row>) -> Result<BTreeMap<(String, String), Kept>> {
    let mut all = BTreeMap::new();
    for row in rows {
        row.check()?;
        let kept = Kept { data: canonical("a row", &row.data)?, sort: row.sort, terms: row.terms };
        if all.insert((row.list.clone(), row.id.clone()), kept).is_some() {
            return Err(Error::RowTaken { list: row.list, id: row.id, owner: owner.clone() });
        }
    }
    Ok(all)
}

/// Puts an aggregate's rows in the place of those it had.
pub(crate) async fn replace(write: &mut AnyConnection, owner: &Key, rows: Vec<Row>) -> Result<()> {
    let mut wanted = kept(owner, rows)?;
    let had = query(&sql::ROWS_OF_OWNER)
        .bind(owner.kind.as_str())
        .bind(owner.id.as_str())
        .fetch_all(&mut *write)
        .await?;
    for row in &had {
        let (list, id): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let before = Kept {
            sort: row.try_get(2)?,
            terms: names::parse(format_args!("terms of row `{id}`"), &row.try_get::<String, _>(3)?)?,
            data: row.try_get(4)?,
        };
        match wanted.remove(&(list.clone(), id.clone())) {
            Some(now) if now == before => {}
            Some(now) => change(write, &list, &id, &before, &now).await?,
            None => {
                delete_terms(write, &list, &id, &before.sort, &before.terms).await?;
                query(&sql::DELETE_ROW).bind(list).bind(id).execute(&mut *write).await?;
            }
        }
    }
    for ((list, id), row) in wanted {
        add(write, owner, &list, &id, &row).await?;
    }
    Ok(())
}

async fn add(write: &mut AnyConnection, owner: &Key, list: &str, id: &str, row: &Kept) -> Result<()> {
    query(&sql::ADD_ROW)
        .bind(list)
        .bind(id)
        .bind(row.sort.as_str())
        .bind(owner.kind.as_str())
        .bind(owner.id.as_str())
        .bind(terms_text(&row.terms)?)
        .bind(row.data.as_str())
        .execute(&mut *write)
        .await
        .map_err(|error| match error.as_database_error() {
            Some(cause) if cause.is_unique_violation() => {
                Error::RowTaken { list: list.to_owned(), id: id.to_owned(), owner: owner.clone() }
            }
            _ => error.into(),
        })?;
    add_terms(write, list, id, &row.sort, &row.terms).await
}

async fn change(write: &mut AnyConnection, list: &str, id: &str, before: &Kept, now: &Kept) -> Result<()> {
    if before.sort == now.sort {
        let gone = before.terms.difference(&now.terms).cloned().collect();
        delete_terms(write, list, id, &before.sort, &gone).await?;
        let new = now.terms.difference(&before.terms).cloned().collect();
        add_terms(write, list, id, &now.sort, &new).await?;
    } else {
        delete_terms(write, list, id, &before.sort, &before.terms).await?;
        add_terms(write, list, id, &now.sort, &now.terms).await?;
    }
    query(&sql::CHANGE_ROW)
        .bind(list)
        .bind(id)
        .bind(now.sort.as_str())
        .bind(terms_text(&now.terms)?)
        .bind(now.data.as_str())
        .execute(write)
        .await?;
    Ok(())
}

fn terms_text(terms: &BTreeSet<String>) -> Result<String> {
    canonical("terms", &terms.iter().cloned().map(Value::String).collect())
}

async fn add_terms(
    write: &mut AnyConnection,
    list: &str,
    id: &str,
    sort: &str,
    terms: &BTreeSet<String>,
) -> Result<()> {
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    let (eights, rest) = terms.as_chunks::<8>();
    let one_each = rest.chunks(1).map(|one| (&sql::ADD_TERM, one));
    for (statement, some) in eights.iter().map(|some| (&sql::ADD_8_TERMS, some.as_slice())).chain(one_each) {
        let mut query = query(statement).bind(list).bind(sort).bind(id);
        for term in some {
            query = query.bind(*term);
        }
        query.execute(&mut *write).await?;
    }
    Ok(())
}

async fn delete_terms(
    write: &mut AnyConnection,
    list: &str,
    id: &str,
    sort: &str,
    terms: &BTreeSet<String>,
) -> Result<()> {
    for term in terms {
        query(&sql::DELETE_TERM)
            .bind(list)
            .bind(sort)
            .bind(id)
            .bind(term.as_str())
            .execute(&mut *write)
            .await?;
    }
    Ok(())
}
