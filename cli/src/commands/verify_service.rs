//! `dtsec verify-service`.

use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use dtsec_verify::{EarSigner, Verifier};
use dtsec_verify_service::Service;
use jiff::Timestamp;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::MissedTickBehavior;
use zeroize::Zeroizing;

use super::list;
use super::list_source::{ListArgs, ListSource, Voucher};
use crate::output::{Answer, Exit};

/// Give verdicts over HTTP: GET /challenge, POST /verify. Without a database; as many replicas as wanted.
///
/// A published tree is followed, and a copy or a folder read again, every so many minutes and on SIGHUP. The new list takes the place of
/// the old one as a whole; one that is refused, or does not hold together, leaves the old one in place, until that is stale and
/// affirms nothing any more. It ends on Ctrl-C or SIGTERM, when what is under way is done.
#[derive(Args)]
pub(crate) struct VerifyService {
    #[command(flatten)]
    list: ListArgs,
    /// After how many minutes to ask for a newer list.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    every: u64,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8418")]
    listen: SocketAddr,
    /// File with the key of the challenges: 32 bytes in hex, the same for all replicas. A new one unless given.
    #[arg(long, value_name = "FILE")]
    challenge_key: Option<PathBuf>,
    /// File with the private key of the results: P-256, PKCS #8 in DER. A new one unless given.
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

/// What is said when it listens, and when the list was read again.
#[derive(Serialize)]
struct Says {
    address: String,
    serial: u64,
    as_of: Timestamp,
    fresh_until: Timestamp,
    entries: usize,
    keys: usize,
    refused: usize,
    list_source: Voucher,
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Says { address, serial, as_of, fresh_until, entries, keys, refused, list_source } = self;
        write!(f, "{address}: list {serial} as of {as_of}, fresh until {fresh_until}; ")?;
        write!(f, "{entries} entries, {keys} keys, {refused} lines refused\n  from {list_source}")
    }
}

#[derive(Serialize)]
struct Ended {
    address: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has ended", self.address)
    }
}

impl VerifyService {
    pub(crate) fn run(self, json: bool) -> anyhow::Result<Answer> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(self.serve(json))
    }

    async fn serve(self, json: bool) -> anyhow::Result<Answer> {
        let mut challenge_key = Zeroizing::new([0; 32]);
        match &self.challenge_key {
            Some(path) => read_key(path, &mut challenge_key)?,
            None => getrandom::fill(&mut *challenge_key)
                .map_err(|error| anyhow!("the operating system gives no random bytes: {error}"))?,
        }
        let signer = match &self.signing_key {
            Some(path) => {
                let pkcs8 = Zeroizing::new(std::fs::read(path).with_context(|| path.display().to_string())?);
                EarSigner::new(&pkcs8).with_context(|| path.display().to_string())?
            }
            None => EarSigner::generate()?.0,
        };
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = format!("http://{}", listener.local_addr()?);
        let source = Arc::new(self.list.open()?);
        if let Err(error) = source.sync(Timestamp::now()).await {
            if !source.is_filled()? {
                return list::refused(error.into());
            }
            eprintln!("warning: the list was not read again: {error}; going on with the copy that was kept");
        }
        let (verifier, says) = load(&source, &address)?;
        let service = Arc::new(Service::new(verifier, &challenge_key, signer));
        let (mut again, mut terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn({
            let service = Arc::clone(&service);
            async move {
                let ended = async {
                    let _ = ended.await;
                };
                service.run(listener, ended).await
            }
        });
        say(&says, json)?;
        let mut every = tokio::time::interval(Duration::from_secs(60 * self.every));
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        every.tick().await;
        loop {
            tokio::select! {
                _ = again.recv() => {}
                _ = every.tick() => {}
                _ = terminate.recv() => break,
                _ = tokio::signal::ctrl_c() => break,
            }
            match renewed(&source, &address).await {
                Ok((verifier, says)) => {
                    service.replace(verifier);
                    say(&says, json)?;
                }
                Err(error) => {
                    let by = service.list_time(Timestamp::now());
                    eprintln!("warning: the list was not read again: {error:#}; going on by {by}");
                }
            }
        }
        let _ = end.send(());
        running.await??;
        Answer::new(Ended { address }, Exit::Success)
    }
}

/// A newer list. What is signed is verified, and the list put together, beside the threads that answer.
async fn renewed(source: &Arc<ListSource>, address: &str) -> anyhow::Result<(Verifier, Says)> {
    source.sync(Timestamp::now()).await?;
    let (source, address) = (Arc::clone(source), address.to_owned());
    tokio::task::spawn_blocking(move || load(&source, &address)).await?
}

fn load(source: &ListSource, address: &str) -> anyhow::Result<(Verifier, Says)> {
    let loaded = source.load(Timestamp::now())?;
    let list = loaded.verifier.list();
    let says = Says {
        address: address.to_owned(),
        serial: list.serial,
        as_of: list.as_of,
        fresh_until: list.fresh_until,
        entries: list.entries.len(),
        keys: loaded.keys,
        refused: loaded.refused.len(),
        list_source: source.voucher(),
    };
    Ok((loaded.verifier, says))
}

fn read_key(path: &Path, key: &mut [u8; 32]) -> anyhow::Result<()> {
    let text = Zeroizing::new(std::fs::read_to_string(path).with_context(|| path.display().to_string())?);
    if hex::decode_to_slice(text.trim(), key).is_err() {
        bail!("{}: the key of the challenges is 32 bytes in hex", path.display());
    }
    Ok(())
}

/// Says it at once: the answer comes only when it has ended.
fn say(says: &Says, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(says)?)?;
    } else {
        writeln!(out, "{says}")?;
    }
    Ok(out.flush()?)
}
