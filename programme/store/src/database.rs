//! One way to both databases: where they are, how connections are set up, and what a transaction is.
//!
//! SQLite has one connection for writing, on which writers queue, and several for reading, which never wait (WAL). On
//! PostgreSQL writers queue for the row in `chain` that says where the log ends.

use crate::error::{Error, Result};
use crate::names::Digest;
use crate::sql::{self, Statement};
use sqlx::any::{Any, AnyArguments, AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use std::fmt::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, in a file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite's.
    File(PathBuf),
    /// A PostgreSQL server, by its URL.
    Server(String),
}

impl Location {
    /// From a URL: `postgres://USER@HOST/NAME` or `sqlite://PATH`.
    ///
    /// # Errors
    /// Where it has another scheme.
    pub fn from_url(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
            return Ok(Self::File(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(url.to_owned()));
        }
        Err(Error::Url("`postgres://USER@HOST/NAME` or `sqlite://PATH`"))
    }
}

impl fmt::Debug for Location {
    /// A URL may hold a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "sqlite://{}", path.display()),
            Self::Server(_) => out.write_str("postgres://…"),
        }
    }
}

/// The connections.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) engine: Engine,
    pub(crate) location: Location,
    writers: AnyPool,
    readers: AnyPool,
}

/// A transaction that writes.
pub(crate) type Write = sqlx::Transaction<'static, Any>;

impl Database {
    /// Opens it; a file of SQLite's is made where there is none.
    pub(crate) async fn open(location: Location, readers: u32) -> Result<Self> {
        sqlx::any::install_default_drivers();
        match &location {
            Location::File(path) => {
                create_file(path)?;
                let options = options(&sqlite_url(path)?)?;
                probe(&options, SQLITE_WRITER).await?;
                let writers = pool(1, SQLITE_WRITER).connect_with(options.clone()).await?;
                let readers = pool(readers, SQLITE_READER).connect_with(options).await?;
                Ok(Self { engine: Engine::Sqlite, location, writers, readers })
            }
            Location::Server(url) => {
                let options = options(&guarded(url))?;
                probe(&options, POSTGRES_WRITER).await?;
                let writers = pool(readers.max(2), POSTGRES_WRITER).connect_with(options.clone()).await?;
                let readers = pool(readers, POSTGRES_READER).connect_with(options).await?;
                Ok(Self { engine: Engine::Postgres, location, writers, readers })
            }
        }
    }

    pub(crate) fn readers(&self) -> &AnyPool {
        &self.readers
    }

    /// Begins to write, without a place in the queue on PostgreSQL: see [`lock`].
    pub(crate) async fn write(&self) -> Result<Write> {
        Ok(self.writers.begin_with(self.begin()).await?)
    }

    /// A view of one moment.
    pub(crate) async fn snapshot(&self) -> Result<Write> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Ok(self.readers.begin_with(begin).await?)
    }

    /// A connection of its own, outside the pools.
    pub(crate) async fn connect(&self) -> Result<AnyConnection> {
        let url = match &self.location {
            Location::File(path) => sqlite_url(path)?,
            Location::Server(url) => guarded(url),
        };
        Ok(options(&url)?.connect().await?)
    }

    fn begin(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

const SQLITE_WRITER: &[&str] = &[
    "PRAGMA busy_timeout = 15000",
    "PRAGMA journal_mode = WAL",
    // An acknowledged transaction survives a power cut, not only a crash.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
];
const SQLITE_READER: &[&str] =
    &["PRAGMA busy_timeout = 15000", "PRAGMA query_only = ON", "PRAGMA trusted_schema = OFF"];
const POSTGRES_WRITER: &[&str] = &[
    "SET lock_timeout = '15s'",
    "SET synchronous_commit = on",
    "SET idle_in_transaction_session_timeout = '60s'",
];
const POSTGRES_READER: &[&str] = &["SET default_transaction_read_only = on"];

fn pool(connections: u32, settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for setting in settings {
                    connection.execute(*setting).await?;
                }
                Ok(())
            })
        })
}

/// A pool tries again until its patience ends, and forgets why; one connection says what is wrong.
async fn probe(options: &AnyConnectOptions, settings: &[&'static str]) -> Result<()> {
    let mut connection = options.connect().await?;
    for setting in settings {
        connection.execute(*setting).await?;
    }
    Ok(connection.close().await?)
}

fn options(url: &str) -> Result<AnyConnectOptions> {
    // The cause is left out: it may repeat the password.
    AnyConnectOptions::from_str(url)
        .map(AnyConnectOptions::disable_statement_logging)
        .map_err(|_| Error::Url("`postgres://USER@HOST/NAME` or `sqlite://PATH`"))
}

/// Beyond this machine only with a verified certificate, unless the URL says otherwise.
fn guarded(url: &str) -> String {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = before.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
    let host = authority.rsplit('@').next().unwrap_or("");
    let local = host.is_empty()
        || host.to_ascii_lowercase().starts_with("%2f")
        || ["localhost", "127.", "[::1]"].iter().any(|one| host.starts_with(one));
    if local && !query.contains("host=") || query.contains("sslmode=") || query.contains("ssl-mode=") {
        return url.to_owned();
    }
    let joint = if query.is_empty() { "" } else { "&" };
    format!("{before}?{query}{joint}sslmode=verify-full")
}

/// SQLite would make the file readable by everybody.
fn create_file(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(Error::file(folder))?;
    }
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(Error::file(path)(error)),
        _ => Ok(()),
    }
}

fn sqlite_url(path: &Path) -> Result<String> {
    let path = path.canonicalize().map_err(Error::file(path))?;
    let mut url = "sqlite://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                url.push(char::from(*byte))
            }
            // Writing to a string cannot fail.
            _ => _ = write!(url, "%{byte:02X}"),
        }
    }
    Ok(url)
}

/// A statement, to be given its parameters.
pub(crate) fn query<'q>(statement: &'static Statement) -> sqlx::query::Query<'q, Any, AnyArguments> {
    sql::count_one();
    sqlx::query(statement.sql)
}

/// Where a log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last number; 0 where the log is empty.
    pub seq: i64,
    /// The last hash; zeros where the log is empty.
    pub hash: Digest,
}

impl Head {
    pub(crate) fn start() -> Self {
        Self { seq: 0, hash: Digest::zero() }
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self { seq: row.try_get(0)?, hash: digest(row, 1)? })
    }
}

/// Takes the place of the one who writes into a log, and says where it ends. Held until the transaction ends.
pub(crate) async fn lock(write: &mut AnyConnection, log: &'static str) -> Result<Head> {
    match query(&sql::LOCK_LOG).bind(log).fetch_optional(write).await? {
        Some(row) => Head::from_row(&row),
        None => Err(missing_head(log)),
    }
}

/// Where a log ends.
pub(crate) async fn head(read: &mut AnyConnection, log: &'static str) -> Result<Head> {
    match query(&sql::HEAD).bind(log).fetch_optional(read).await? {
        Some(row) => Head::from_row(&row),
        None => Err(missing_head(log)),
    }
}

fn missing_head(log: &'static str) -> Error {
    Error::Tampered { log, seq: 0, what: "the row that says where it ends is gone".to_owned() }
}

/// Notes where a log ends now.
pub(crate) async fn move_head(write: &mut AnyConnection, log: &'static str, head: &Head) -> Result<()> {
    query(&sql::MOVE_HEAD).bind(head.seq).bind(head.hash.as_str()).bind(log).execute(write).await?;
    Ok(())
}

/// A column with a digest.
pub(crate) fn digest(row: &AnyRow, column: usize) -> Result<Digest> {
    Ok(Digest::try_from(row.try_get::<String, _>(column)?)?)
}

/// A column with a moment.
pub(crate) fn moment(row: &AnyRow, column: usize) -> Result<crate::names::Time> {
    crate::names::time(row.try_get(column)?)
}

/// A column with a moment or nothing.
pub(crate) fn moment_or_none(row: &AnyRow, column: usize) -> Result<Option<crate::names::Time>> {
    row.try_get::<Option<i64>, _>(column)?.map(crate::names::time).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_is_asked_for_its_certificate() {
        assert_eq!(guarded("postgres://a:b@db.example/x"), "postgres://a:b@db.example/x?sslmode=verify-full");
        assert_eq!(
            guarded("postgres://a@db.example/x?port=1"),
            "postgres://a@db.example/x?port=1&sslmode=verify-full"
        );
        for same in [
            "postgres://a@localhost/x",
            "postgres://a@127.0.0.1:54/x",
            "postgres://a@%2Frun%2Fpostgresql/x",
            "postgres://db.example/x?sslmode=disable",
        ] {
            assert_eq!(guarded(same), same);
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let location = Location::from_url("postgres://a:secret@localhost/x").unwrap();
        assert!(!format!("{location:?}").contains("secret"));
        assert!(matches!(Location::from_url("mysql://a"), Err(Error::Url(_))));
    }
}
