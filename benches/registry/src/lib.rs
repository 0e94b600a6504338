//! How fast the programme's server answers: a registry of many products, the real server in a process of its own, requests at
//! a steady rate on loopback.
//!
//! Its times are those of this machine, with the one who asks on the same cores, and are no budgets. What may not grow with
//! the list – statements, rows and bytes of a page – is counted by `tests/counts.rs`, and does fail.
//!
//! May use the server and all below it; used by `cargo xtask bench`.
#![forbid(unsafe_code)]

pub mod ask;
pub mod fill;
pub mod http;
pub mod load;
mod report;
pub mod server;

pub use report::{Figures, Report};

use anyhow::{Context as _, Result};
use dtsec_serve::registry::Lists;
use dtsec_serve::{Registry, SystemClock};
use dtsec_store::Store;
use server::{Place, Process};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// A database that can be measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// In a file.
    Sqlite,
    /// A server of its own, started for this.
    Postgres,
}

impl On {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Fills a registry, serves it, and asks.
///
/// # Errors
/// Where something does not start, or a command is refused.
pub async fn measure(on: On, products: usize, plan: load::Plan) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let postgres = (on == On::Postgres).then(dtsec_scratch::Server::start);
    let url = postgres.as_ref().map(dtsec_scratch::Server::database);
    let place = Place { folder: folder.path(), database: url.as_deref() };

    let begin = Instant::now();
    let store = Store::open(&place.settings()?, Arc::new(Lists)).await?;
    let registry = Registry::new(store, Arc::new(SystemClock));
    registry.first_member().await?;
    fill::fill(&registry, products).await?;
    let events = registry.store().head().await?.seq;
    registry.store().close().await;
    let filling = begin.elapsed();

    let process = Process::start(&place).await?;
    let mut connection = http::Connection::open(process.address).await?;
    let asker = ask::Asker::new(&mut connection, products).await?;
    let before = process.usage()?;
    let outcome = load::send(process.address, asker, plan).await?;
    let after = process.usage()?;
    let sent = (plan.duration + plan.warm_up).as_secs_f64() * f64::from(plan.rate);
    let figures = Figures {
        on,
        products,
        events,
        filling: filling.as_secs_f64(),
        start: process.start.as_secs_f64() * 1000.0,
        most_memory: after.most_memory,
        cpu: (after.cpu - before.cpu).as_secs_f64() * 1000.0 / sent,
        database: match (&postgres, &url) {
            (Some(postgres), Some(url)) => database_bytes(postgres, url)?,
            _ => file_bytes(folder.path())?,
        },
        outcome,
    };
    process.end().await?;
    Ok(figures)
}

/// Everything in the folder: the database, what it has not folded in yet, the key.
fn file_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

fn database_bytes(postgres: &dtsec_scratch::Server, url: &str) -> Result<u64> {
    let mut command = std::process::Command::new(postgres.bin().join("psql"));
    command.args(["-X", "-A", "-t", "-c", "SELECT pg_database_size(current_database())"]).arg(url);
    let output = command.output().context("psql")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim().parse().with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
