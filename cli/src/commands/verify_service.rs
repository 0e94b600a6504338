//! `dtsec verify-service`.

use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use dtsec_verify::EarSigner;
use dtsec_verify_service::{Service, folder};
use jiff::Timestamp;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use crate::output::{Answer, Exit};

/// Give verdicts over HTTP: GET /challenge, POST /verify. Without a database; as many replicas as wanted.
///
/// On SIGHUP the folder is read again and takes the place of the old one as a whole; where it does not hold together the old
/// one stays. It ends on Ctrl-C or SIGTERM, when what is under way is done.
#[derive(Args)]
pub(crate) struct VerifyService {
    /// The folder with list.json, endorsements/, authorities/ and revocations.json.
    #[arg(long, value_name = "DIR")]
    list: PathBuf,
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
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Says { address, serial, as_of, fresh_until, entries, keys, refused } = self;
        write!(f, "{address}: list {serial} as of {as_of}, fresh until {fresh_until}; ")?;
        write!(f, "{entries} entries, {keys} keys, {refused} lines refused")
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
        let (verifier, says) = load(&self.list, &address)?;
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
        loop {
            tokio::select! {
                _ = again.recv() => match load(&self.list, &address) {
                    Ok((verifier, says)) => {
                        service.replace(verifier);
                        say(&says, json)?;
                    }
                    Err(error) => eprintln!("warning: the list was not read again: {error:#}"),
                },
                _ = terminate.recv() => break,
                _ = tokio::signal::ctrl_c() => break,
            }
        }
        let _ = end.send(());
        running.await??;
        Answer::new(Ended { address }, Exit::Success)
    }
}

fn load(list: &Path, address: &str) -> anyhow::Result<(dtsec_verify::Verifier, Says)> {
    let loaded = folder::load(list, Timestamp::now())?;
    for (path, refused) in &loaded.refused {
        eprintln!("warning: {}:{}: {}", path.display(), refused.line, refused.why);
    }
    let list = loaded.verifier.list();
    let says = Says {
        address: address.to_owned(),
        serial: list.serial,
        as_of: list.as_of,
        fresh_until: list.fresh_until,
        entries: list.entries.len(),
        keys: loaded.keys,
        refused: loaded.refused.len(),
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
