//! The store: opened, loaded from, looked through.

use crate::database::{self, Database, Engine, Head, Location, query};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::list::Projection;
use crate::names::{self, Key};
use crate::page::{Page, Size};
use crate::vault::{KeyFile, Vault};
use crate::{migrate, sql};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where things are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the data.
    pub data: PathBuf,
    /// The database, where it is not in the folder.
    pub database: Option<Location>,
    /// The file with the key of the documents, where it is not in the folder. It is then never made, only read.
    pub key: Option<PathBuf>,
    /// How many readers at once.
    pub readers: u32,
}

impl Settings {
    /// SQLite and the key in a folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), database: None, key: None, readers: 4 }
    }

    /// Another database.
    #[must_use]
    pub fn database(mut self, location: Location) -> Self {
        self.database = Some(location);
        self
    }

    /// Another key file.
    #[must_use]
    pub fn key(mut self, path: impl Into<PathBuf>) -> Self {
        self.key = Some(path.into());
        self
    }

    fn location(&self) -> Location {
        self.database.clone().unwrap_or_else(|| Location::File(self.data.join("registry.sqlite")))
    }

    /// The id of the documents' key, if its file is there.
    ///
    /// # Errors
    /// Where the file holds no key, or others can read it.
    pub fn key_id(&self) -> Result<Option<String>> {
        self.key_file().id()
    }

    /// Where the documents' key is, or would be made.
    pub fn key_path(&self) -> PathBuf {
        self.key_file().path
    }

    fn key_file(&self) -> KeyFile {
        match &self.key {
            Some(path) => KeyFile { path: path.clone(), may_be_made: false },
            None => KeyFile { path: self.data.join("documents.key"), may_be_made: true },
        }
    }
}

/// An aggregate as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub key: Key,
    /// How often it changed.
    pub version: i64,
    /// What it is.
    pub state: Value,
}

/// Aggregates that a decision is to rest on, with their versions, those that do not exist included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    all: BTreeMap<Key, Option<Aggregate>>,
}

impl Loaded {
    /// The state of one.
    pub fn state(&self, key: &Key) -> Option<&Value> {
        self.all.get(key)?.as_ref().map(|one| &one.state)
    }

    /// The version of one; 0 where it does not exist.
    pub fn version(&self, key: &Key) -> i64 {
        self.all.get(key).and_then(Option::as_ref).map_or(0, |one| one.version)
    }

    /// Whether it was looked for.
    pub fn has(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    /// Those that exist.
    pub fn aggregates(&self) -> impl Iterator<Item = &Aggregate> {
        self.all.values().flatten()
    }

    /// Takes in what was loaded later.
    pub fn extend(&mut self, other: Self) {
        self.all.extend(other.all);
    }

    /// What changes and what only carries the decision: the two lists that a [`Transaction`](crate::Transaction) needs.
    pub fn decided(&self, states: BTreeMap<Key, Value>) -> (Vec<crate::Change>, Vec<(Key, i64)>) {
        let unchanged = self.all.keys().filter(|key| !states.contains_key(key));
        let rests_on = unchanged.map(|key| (key.clone(), self.version(key))).collect();
        let changes = states
            .into_iter()
            .map(|(key, state)| crate::Change { expected: self.version(&key), key, state })
            .collect();
        (changes, rests_on)
    }
}

/// Keeps everything. Clones share one set of connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) vault: Arc<Vault>,
    pub(crate) projection: Arc<dyn Projection>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").field("location", &self.database.location).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store, and makes one where there is none: folder, database, schema, key.
    ///
    /// # Errors
    /// Where the database does not answer, is none of ours or made by a later version, or the key does not fit.
    pub async fn open(settings: &Settings, projection: Arc<dyn Projection>) -> Result<Self> {
        let database = Database::open(settings.location(), settings.readers.max(1)).await?;
        migrate::migrate(&database).await?;
        Self::with(database, settings, projection).await
    }

    /// Opens a store that is there, with the schema that is needed, and changes nothing.
    ///
    /// # Errors
    /// As for [`Store::open`], and [`Error::NotMigrated`].
    pub async fn open_as_it_is(settings: &Settings, projection: Arc<dyn Projection>) -> Result<Self> {
        let location = settings.location();
        if let Location::File(path) = &location {
            std::fs::metadata(path).map_err(Error::file(path))?;
        }
        let database = Database::open(location, settings.readers.max(1)).await?;
        migrate::check(&database).await?;
        Self::with(database, settings, projection).await
    }

    async fn with(database: Database, settings: &Settings, projection: Arc<dyn Projection>) -> Result<Self> {
        let vault = Vault::open(&database, settings.key_file()).await?;
        Ok(Self { database, vault: Arc::new(vault), projection })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.database.engine
    }

    /// The file, on SQLite.
    pub fn file(&self) -> Option<&Path> {
        match &self.database.location {
            Location::File(path) => Some(path),
            Location::Server(_) => None,
        }
    }

    /// Ends all connections. What is under way is finished first.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Loads aggregates. They need not be of one moment: [`Store::commit`] holds all their versions against what there
    /// is then.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn load(&self, keys: impl IntoIterator<Item = Key>) -> Result<Loaded> {
        let mut read = self.database.readers().acquire().await?;
        let mut all = BTreeMap::new();
        for key in keys {
            key.check()?;
            let row = query(&sql::AGGREGATE)
                .bind(key.kind.as_str())
                .bind(key.id.as_str())
                .fetch_optional(&mut *read)
                .await?;
            let aggregate = match row {
                None => None,
                Some(row) => Some(Aggregate {
                    key: key.clone(),
                    version: row.try_get(0)?,
                    state: names::parse(&key, &row.try_get::<String, _>(1)?)?,
                }),
            };
            all.insert(key, aggregate);
        }
        Ok(Loaded { all })
    }

    /// All aggregates of a kind by id, after one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn aggregates(&self, kind: &str, after: &str, size: Size) -> Result<Page<Aggregate>> {
        let rows = query(&sql::AGGREGATES)
            .bind(kind)
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        let all = rows.iter().map(aggregate).collect::<Result<_>>()?;
        Ok(Page::cut(all, size, |last: &Aggregate| last.key.id.clone()))
    }

    /// Events after a number, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn events_after(&self, seq: i64, size: Size) -> Result<Page<Event>> {
        let rows =
            query(&sql::EVENTS).bind(seq).bind(size.and_one()).fetch_all(self.database.readers()).await?;
        events(&rows, size)
    }

    /// Events before a number, newest first: the audit log. `None` begins with the last one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn events_before(&self, seq: Option<i64>, of: Events<'_>, size: Size) -> Result<Page<Event>> {
        let before = seq.unwrap_or(i64::MAX);
        let query = match of {
            Events::All => query(&sql::EVENTS_BACK),
            Events::By(actor) => query(&sql::EVENTS_BY).bind(actor),
            Events::Tagged(tag) => query(&sql::EVENTS_TAGGED).bind(tag),
        };
        let rows = query.bind(before).bind(size.and_one()).fetch_all(self.database.readers()).await?;
        events(&rows, size)
    }

    /// Events of an aggregate after a number, oldest first: its history.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn history(&self, key: &Key, after: i64, size: Size) -> Result<Page<Event>> {
        let rows = query(&sql::EVENTS_OF)
            .bind(key.kind.as_str())
            .bind(key.id.as_str())
            .bind(after)
            .bind(size.and_one())
            .fetch_all(self.database.readers())
            .await?;
        events(&rows, size)
    }

    /// Where the log of events ends: what to publish, so that nobody can shorten it unseen.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn head(&self) -> Result<Head> {
        database::head(&mut *self.database.readers().acquire().await?, "event").await
    }
}

/// Which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events<'a> {
    /// All.
    All,
    /// Those of an actor.
    By(&'a str),
    /// Those of a kind.
    Tagged(&'a str),
}

fn events(rows: &[AnyRow], size: Size) -> Result<Page<Event>> {
    let all = rows.iter().map(Event::from_row).collect::<Result<_>>()?;
    Ok(Page::cut(all, size, |last: &Event| last.seq.to_string()))
}

pub(crate) fn aggregate(row: &AnyRow) -> Result<Aggregate> {
    let key = Key { kind: row.try_get(0)?, id: row.try_get(1)? };
    let state = names::parse(&key, &row.try_get::<String, _>(3)?)?;
    Ok(Aggregate { version: row.try_get(2)?, state, key })
}
