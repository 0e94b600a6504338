//! Databases to test with, a small domain, and a PostgreSQL server that lives as long as the test program.

use dtsec_store::{
    Aggregate, Change, Event, Key, Location, NewEvent, Replay, Row, Settings, Store, Time, Transaction,
};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
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
                super::$name(crate::support::Place::postgres().await).await;
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

    pub(crate) async fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        static SERVER: OnceLock<Server> = OnceLock::new();
        let server = SERVER.get_or_init(Server::start);
        let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self::on(server, &name).await
    }

    pub(crate) async fn on(server: &Server, name: &str) -> Self {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&server.url("postgres")).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        Self { folder: tempfile::tempdir().unwrap(), server: Some(server.url(name)) }
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

/// A PostgreSQL server in a folder of its own, reached by a socket in it. It ends when this program does, however that is.
pub(crate) struct Server {
    folder: PathBuf,
    bin: PathBuf,
    keeper: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        let bin = newest_postgres();
        let folder = tempfile::Builder::new().prefix("dtsec-pg-").tempdir_in("/tmp").unwrap().keep();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        // The end of the keeper's input is the end of whoever started it.
        let script = r#"
            set -e
            "$BIN/initdb" -D "$DIR/data" -U dtsec --auth=trust -E UTF8 --locale=C --no-sync > "$DIR/log" 2>&1
            cat >> "$DIR/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$DIR'
fsync = on
full_page_writes = on
max_connections = 200
shared_buffers = 16MB
END
            "$BIN/pg_ctl" -D "$DIR/data" -w -l "$DIR/log" start >> "$DIR/log" 2>&1 < /dev/null
            echo ready
            cat > /dev/null
            "$BIN/pg_ctl" -D "$DIR/data" -m immediate stop > /dev/null 2>&1 || true
            rm -rf "$DIR"
        "#;
        let mut command = Command::new("sh");
        command.args(["-c", script]).env("BIN", &bin).env("DIR", &folder).current_dir("/");
        // Not the test runner's group: its interrupt is not to kill what cleans up.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
        let mut keeper = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert_eq!(line, "ready\n", "PostgreSQL does not start: {}", log());
        Self { folder, bin, keeper }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://dtsec@{}/{database}", self.folder.to_str().unwrap().replace('/', "%2F"))
    }

    fn control(&self, arguments: &[&str]) {
        let mut command = Command::new(self.bin.join("pg_ctl"));
        command.arg("-D").arg(self.folder.join("data")).args(arguments).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = unprivileged() {
            command.uid(uid).gid(gid);
        }
        assert!(command.status().unwrap().success(), "pg_ctl {arguments:?}");
    }

    /// Kills the server and all its processes, as a power cut would, and starts it again.
    pub(crate) fn crash_and_recover(&self) {
        self.control(&["-m", "immediate", "-w", "stop"]);
        let log = self.folder.join("log");
        self.control(&["-w", "-l", log.to_str().unwrap(), "start"]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn newest_postgres() -> PathBuf {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed.map(|entry| entry.path()).max_by_key(|path| version(path));
    newest.expect("PostgreSQL is not installed: `apt-get install postgresql`").join("bin")
}

/// PostgreSQL does not run as root.
fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with("postgres:")).expect("a user `postgres`");
    let fields: Vec<&str> = line.split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}

/// The states of all entries, as a test expects them.
pub(crate) type Expected = BTreeMap<String, Value>;
