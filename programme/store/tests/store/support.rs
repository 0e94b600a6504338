//! Databases to test with, and a small domain.

use dtsec_scratch::Server;
use dtsec_store::{
    Aggregate, Change, Event, Key, Location, NewEvent, Replay, Row, Settings, Store, Time, Transaction,
};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;

/// Each test twice: on SQLite, and on PostgreSQL, which has to be installed.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::Place::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL"]
            async fn $name() {
                super::$name(crate::support::Place::postgres()).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// A folder and a database of its own.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    server: Option<String>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    pub(crate) fn postgres() -> Self {
        Self::on(Server::shared())
    }

    pub(crate) fn on(server: &Server) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: Some(server.database()) }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn settings(&self) -> Settings {
        let settings = Settings::new(self.folder.path());
        match &self.server {
            None => settings,
            Some(url) => settings.database(Location::from_url(url).unwrap()),
        }
    }

    pub(crate) fn url(&self) -> String {
        match &self.server {
            None => format!("sqlite://{}", self.folder.path().join("registry.sqlite").display()),
            Some(url) => url.clone(),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> dtsec_store::Result<Store> {
        Store::open(&self.settings(), Arc::new(rows)).await
    }

    /// Beside the store, as an intruder or an administrator.
    pub(crate) async fn sql(&self, text: &str) -> Result<u64, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url()).await?;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned())).execute(&mut connection).await?;
        connection.close().await?;
        Ok(done.rows_affected())
    }

    /// Takes away what keeps the logs append-only.
    pub(crate) async fn disarm(&self) {
        let triggers = match self.is_sqlite() {
            true => {
                "DROP TRIGGER event_not_changed; DROP TRIGGER event_not_deleted; DROP TRIGGER event_not_replaced; \
                 DROP TRIGGER reading_not_changed; DROP TRIGGER reading_not_deleted; DROP TRIGGER reading_not_replaced;"
            }
            false => "DROP TRIGGER event_append_only ON event; DROP TRIGGER reading_append_only ON reading;",
        };
        self.sql(triggers).await.unwrap();
    }
}

/// A moment, so many seconds after some day.
pub(crate) fn at(seconds: i64) -> Time {
    Time::from_second(1_790_000_000 + seconds).unwrap()
}

pub(crate) fn key(id: &str) -> Key {
    Key::new("entry", id)
}

/// What the tests' aggregates show: entries by name, with their status; and what waits for whom.
pub(crate) fn rows(aggregate: &Aggregate) -> Vec<Row> {
    let text = |name: &str| aggregate.state[name].as_str().unwrap_or_default().to_owned();
    let (id, name) = (&aggregate.key.id, text("name"));
    let mut rows = Vec::new();
    if aggregate.state["hidden"] != json!(true) {
        let shown = json!({ "name": name });
        rows.push(Row::new("entries", id, &name, shown).facet("status", &text("status")).words(&name));
    }
    if let Some(waiting) = aggregate.state["waits-for"].as_str() {
        rows.push(Row::new("tasks", id, &name, json!({})).facet("for", waiting));
    }
    if let Some(taken) = aggregate.state["takes"].as_str() {
        rows.push(Row::new("entries", taken, &name, json!({})));
    }
    rows
}

/// Applies what the tests' events say: each sets the state of its aggregate, and of another one that it may name.
#[derive(Default)]
pub(crate) struct Setter;

impl Replay for Setter {
    fn apply(&mut self, event: &Event) -> Result<Vec<(Key, Value)>, String> {
        let state = event.data.get("state").ok_or("no state")?;
        let mut changed = vec![(event.key.clone(), state.clone())];
        if let Some(other) = event.data["other"].as_str() {
            changed.push((key(other), event.data["other-state"].clone()));
        }
        Ok(changed)
    }
}

/// A transaction that sets one aggregate.
pub(crate) fn set(id: &str, expected: i64, state: Value) -> Transaction {
    let mut transaction = Transaction::new("ann", at(1));
    transaction.changes.push(Change { key: key(id), expected, state: state.clone() });
    transaction.events.push(NewEvent::new(key(id), "set", json!({ "state": state })));
    transaction
}

/// Every table's rows, so that "nothing was changed" can be said.
pub(crate) async fn everything(store: &Store) -> String {
    let mut text = Vec::new();
    store.dump(&mut text).await.unwrap();
    let rows = store.search(&dtsec_store::Search::all("entries")).await.unwrap();
    format!("{}{rows:?}", String::from_utf8(text).unwrap())
}

/// The states of all entries, as a test expects them.
pub(crate) type Expected = BTreeMap<String, Value>;
