//! `dtsec publish sign|release|refresh`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dtsec_log::Kind;
use dtsec_publish::publisher::{LogPolicy, PublishError};
use dtsec_publish::witness::{LocalWitness, Witness};
use dtsec_publish::{Publisher, RoleKey, Signers};
use dtsec_witness::HttpWitness;
use jiff::Timestamp;
use serde::Serialize;

use super::{Place, read_key};
use crate::output::{Answer, Exit};

/// Sign the list that is staged, as a member of the working group.
#[derive(Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    place: Place,
    /// The member's private key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// The keys of the publisher: all of them, or none.
#[derive(Args)]
pub(super) struct Online {
    /// Private key for snapshots.
    #[arg(long, value_name = "FILE", requires_all = ["timestamp_key", "log_key"])]
    snapshot_key: Option<PathBuf>,
    /// Private key for timestamps.
    #[arg(long, value_name = "FILE", requires_all = ["snapshot_key", "log_key"])]
    timestamp_key: Option<PathBuf>,
    /// The log's private key.
    #[arg(long, value_name = "FILE", requires_all = ["snapshot_key", "timestamp_key"])]
    log_key: Option<PathBuf>,
    /// A witness that is run here: its private key, and the file in which it remembers; may be repeated.
    #[arg(long, value_name = "KEY:STATE", requires = "log_key")]
    witness: Vec<String>,
    /// Address of a witness that somebody else runs (`dtsec publish witness serve`); may be repeated.
    #[arg(long, value_name = "URL", requires_all = ["snapshot_key", "timestamp_key", "log_key"])]
    witness_url: Vec<url::Url>,
}

/// Release the list that is staged and signed by enough members. The status is 1 where it is not.
#[derive(Args)]
pub(crate) struct Release {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    online: Online,
}

/// Sign anew how fresh the list is: daily, or it is taken for frozen.
#[derive(Args)]
pub(crate) struct Refresh {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    online: Online,
}

/// The keys, read.
pub(super) struct Keys {
    snapshot: RoleKey,
    timestamp: RoleKey,
    log: dtsec_log::NoteSigner,
    witnesses: Vec<Box<dyn Witness>>,
}

impl Online {
    /// Whether the keys are there.
    pub(super) fn is_given(&self) -> bool {
        self.log_key.is_some()
    }

    pub(super) fn read(&self, policy: &LogPolicy) -> anyhow::Result<Keys> {
        let policy = policy.policy()?;
        let witness = |text: &String| {
            let (key, state) = text.rsplit_once(':').context("a witness is KEY:STATE, two files")?;
            let key = read_key(key.as_ref())?;
            let own = policy.witnesses.iter().find_map(|one| {
                let signer = key.note_signer(one.name(), Kind::Cosignature).ok()?;
                (signer.public() == one).then_some(signer)
            });
            let signer = own.context("the log's file names no witness with this key")?;
            Ok(Box::new(LocalWitness::new(signer, policy.log.clone(), state.into())) as Box<dyn Witness>)
        };
        let key = |path: &Option<PathBuf>| {
            let missing = "give the publisher's keys: --snapshot-key, --timestamp-key and --log-key";
            read_key(path.as_deref().context(missing)?)
        };
        let elsewhere = |url: &url::Url| -> Box<dyn Witness> {
            Box::new(HttpWitness::new(dtsec_serve::web_client(), url, policy.witnesses.clone()))
        };
        let local = self.witness.iter().map(witness).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Keys {
            snapshot: key(&self.snapshot_key)?,
            timestamp: key(&self.timestamp_key)?,
            log: key(&self.log_key)?.note_signer(policy.log.name(), Kind::Note)?,
            witnesses: local.into_iter().chain(self.witness_url.iter().map(elsewhere)).collect(),
        })
    }
}

impl Keys {
    pub(super) fn signers(&mut self) -> Signers<'_> {
        Signers {
            snapshot: &self.snapshot,
            timestamp: &self.timestamp,
            log: &self.log,
            witnesses: self.witnesses.iter_mut().map(|one| &mut **one as &mut dyn Witness).collect(),
        }
    }
}

impl Sign {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let publisher = self.place.publisher()?;
        match publisher.sign(&read_key(&self.key)?) {
            Ok((have, need)) => Answer::new(Signed { have, need }, Exit::Success),
            Err(error) => refused(error),
        }
    }
}

#[derive(Serialize)]
struct Signed {
    have: u64,
    need: u64,
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { have, need } = self;
        write!(f, "{have} of {need} signatures")?;
        if have >= need { write!(f, ": it can be released") } else { Ok(()) }
    }
}

impl Release {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let publisher = self.place.publisher()?;
        let mut keys = self.online.read(publisher.log())?;
        match publisher.release(&mut keys.signers(), Timestamp::now()) {
            Ok(done) => Answer::new(Released::new(&publisher, done.version)?, Exit::Success),
            Err(error) => refused(error),
        }
    }
}

impl Refresh {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let publisher = self.place.publisher()?;
        let mut keys = self.online.read(publisher.log())?;
        match publisher.refresh(&mut keys.signers(), Timestamp::now()) {
            Ok(()) => Answer::new(Released::new(&publisher, publisher.released_version()?)?, Exit::Success),
            Err(error) => refused(error),
        }
    }
}

/// That something is missing is an answer; that a file cannot be read is not.
pub(super) fn refused(error: PublishError) -> anyhow::Result<Answer> {
    match error {
        PublishError::Quorum { .. }
        | PublishError::NoRole(_)
        | PublishError::NothingStaged(_)
        | PublishError::Witnesses { .. }
        | PublishError::Vanished(_) => Answer::new(Refused { refused: error.to_string() }, Exit::No),
        error => Err(error.into()),
    }
}

#[derive(Serialize)]
struct Refused {
    refused: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.refused)
    }
}

/// What everybody sees now.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Released {
    version: u64,
    seq: i64,
    parts: usize,
    log_size: u64,
    as_of: Timestamp,
}

impl Released {
    pub(super) fn new(publisher: &Publisher, version: u64) -> anyhow::Result<Self> {
        let manifest = publisher.manifest()?.context("nothing is released")?;
        let (parts, log_size) = (manifest.parts.len(), manifest.log.size);
        Ok(Self { version, seq: manifest.seq, parts, log_size, as_of: manifest.at })
    }
}

impl fmt::Display for Released {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, seq, parts, log_size, as_of } = self;
        write!(
            f,
            "released: version {version}, as of {as_of}, {parts} parts, event {seq}, {log_size} entries in the log"
        )
    }
}
