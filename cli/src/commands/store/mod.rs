//! `dtsec store`: the data of `dtsec serve`, for whoever runs it.

mod backup;
mod change_key;
mod copy;
mod restore;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use dtsec_serve::registry::Lists;
use dtsec_store::{Engine, Head, Location, Settings, Store};

use crate::output::Answer;

/// Back up, restore and check the data of `dtsec serve`.
#[derive(Subcommand)]
pub(crate) enum Command {
    Backup(backup::Backup),
    Restore(restore::Restore),
    Verify(verify::Verify),
    Copy(copy::Copy),
    ChangeKey(change_key::ChangeKey),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            match self {
                Command::Backup(command) => command.run().await,
                Command::Restore(command) => command.run().await,
                Command::Verify(command) => command.run().await,
                Command::Copy(command) => command.run().await,
                Command::ChangeKey(command) => command.run().await,
            }
        })
    }
}

/// Where the data of a registry are.
#[derive(Args)]
pub(crate) struct Data {
    /// The folder of the data.
    #[arg(long, value_name = "DIR", default_value = "dtsec-data")]
    data: PathBuf,
    /// The database, where it is not in the folder: postgres://USER@HOST/NAME or sqlite://PATH. One with a
    /// password is better given in DTSEC_DATABASE, where other processes do not see it.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Data {
    pub(crate) fn settings(&self, key: Option<&Path>) -> anyhow::Result<Settings> {
        let mut settings = Settings::new(&self.data);
        if let Some(url) = self.database.clone().or_else(|| std::env::var("DTSEC_DATABASE").ok()) {
            settings = settings.database(Location::from_url(&url)?);
        }
        if let Some(key) = key {
            settings = settings.key(key);
        }
        Ok(settings)
    }

    /// Opens what is there, and makes nothing.
    pub(crate) async fn open(&self, key: Option<&Path>) -> anyhow::Result<Store> {
        let opened = Store::open_as_it_is(&self.settings(key)?, Arc::new(Lists)).await;
        opened.context(
            "the data cannot be opened; name their folder with --data, or their database with --database",
        )
    }
}

/// Where the data are, and the key to their documents.
#[derive(Args)]
pub(crate) struct Place {
    #[command(flatten)]
    data: Data,
    /// The file with the key of the documents, where it is not in the folder.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Place {
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        self.data.settings(self.key.as_deref())
    }

    async fn open(&self) -> anyhow::Result<Store> {
        self.data.open(self.key.as_deref()).await
    }
}

/// Where a log ends, as it is noted: NUMBER:HASH.
fn noted(head: &Head) -> String {
    format!("{}:{}", head.seq, head.hash)
}

/// Reads what [`noted`] wrote.
fn from_noted(text: &str) -> anyhow::Result<Head> {
    let read = || {
        let (seq, hash) = text.split_once(':')?;
        Some((seq.parse().ok()?, hash.parse().ok()?))
    };
    match read() {
        Some((seq, hash)) => Ok(Head { seq, hash }),
        None => bail!("`{text}` is not of the form NUMBER:HASH, as `dtsec store verify` prints it"),
    }
}

/// What the database is called in reports.
fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_noted() {
        let head = Head { seq: 7, hash: "0a".repeat(32).parse().unwrap() };
        assert_eq!(from_noted(&noted(&head)).unwrap(), head);
        for wrong in ["", "7", "7:", "x:00", &noted(&head)[..20]] {
            assert!(from_noted(wrong).is_err(), "{wrong}");
        }
    }
}
