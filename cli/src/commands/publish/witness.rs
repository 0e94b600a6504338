//! `dtsec publish witness`: watch the log of a list that somebody else publishes.

use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dtsec_log::{Key, Kind};
use dtsec_publish::witness::LocalWitness;
use dtsec_witness::Service;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::read_key;
use crate::output::{Answer, Exit};

/// Watch a log.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign over HTTP what continues the log that was seen.
    Serve(Serve),
}

impl Command {
    pub(super) fn run(self, json: bool) -> anyhow::Result<Answer> {
        match self {
            Command::Serve(call) => call.run(json),
        }
    }
}

/// Sign over HTTP every checkpoint that continues the log that was seen, and no other: POST /add-checkpoint, as C2SP's
/// tlog-witness has it. It ends on Ctrl-C or SIGTERM.
///
/// Its file must not be lost or set back: without it the witness would sign a log that forgot something. Then make another
/// witness, with a key of its own.
#[derive(Args)]
pub(crate) struct Serve {
    /// The witness's private key (`dtsec publish keygen --witness NAME`).
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Its name, as with keygen.
    #[arg(long)]
    name: String,
    /// The log's public key, as its publisher says it: NAME+ID+BASE64.
    #[arg(long, value_name = "KEY")]
    log: String,
    /// The file in which it remembers the log.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8419")]
    listen: SocketAddr,
}

/// What is said when it listens, and when it has ended.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Says {
    address: String,
    public_key: String,
    log: String,
    /// How many entries of it were seen.
    seen: u64,
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, public_key, log, seen } = self;
        write!(f, "{address}: {public_key} watches {log}, of which it has seen {seen} entries")
    }
}

impl Serve {
    fn run(self, json: bool) -> anyhow::Result<Answer> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve(json))
    }

    fn witness(&self) -> anyhow::Result<LocalWitness> {
        let log = Key::parse(&self.log).context("--log")?;
        let signer = read_key(&self.key)?.note_signer(&self.name, Kind::Cosignature)?;
        Ok(LocalWitness::new(signer, log, self.state.clone()))
    }

    async fn serve(self, json: bool) -> anyhow::Result<Answer> {
        let says = |address: &str| -> anyhow::Result<Says> {
            let witness = self.witness()?;
            Ok(Says {
                address: address.to_owned(),
                public_key: witness.public().to_string(),
                log: witness.log().name().to_owned(),
                seen: witness.remembered()?.size,
            })
        };
        let service = Arc::new(Service::new(self.witness()?));
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = format!("http://{}", listener.local_addr()?);
        let begun = says(&address)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut out = std::io::stdout();
        if json {
            writeln!(out, "{}", serde_json::to_string(&begun)?)?;
        } else {
            writeln!(out, "{begun}")?;
        }
        out.flush()?;
        let ended = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        service.run(listener, ended).await?;
        Answer::new(says(&address)?, Exit::Success)
    }
}
