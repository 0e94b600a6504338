//! `dtsec publish sign|release|refresh`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dtsec_log::Kind;
use dtsec_publish::publisher::{PublishError, Review};
use dtsec_publish::witness::{LocalWitness, Witness};
use dtsec_publish::{Publisher, RoleKey, Signers};
use dtsec_witness::HttpWitness;
use jiff::Timestamp;
use serde::Serialize;

use super::{Place, read_key};
use crate::output::{Answer, Exit};

/// Sign the list that is staged, as a member of the working group.
///
/// What is staged is found to fit together first – the log continues the one that was signed, list and log say the same – and what is new in
/// it is shown. Without a key that is all that happens: look at it before you sign. A member who is elsewhere signs a copy of
/// the tree and of the folder beside it; what he sends back is his `metadata/N.targets.json`, for `--signed`.
#[derive(Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    place: Place,
    /// The member's private key.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Targets that a member signed elsewhere: his signatures are taken over.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    signed: Option<PathBuf>,
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

    pub(super) fn read(&self, publisher: &Publisher) -> anyhow::Result<Keys> {
        let policy = publisher.log().policy()?;
        // One whose place another takes signs a last time.
        let before = publisher.released_log()?.map(|log| log.policy()).transpose()?;
        let known = || policy.witnesses.iter().chain(before.iter().flat_map(|policy| &policy.witnesses));
        let witness = |text: &String| {
            let (key, state) = text.rsplit_once(':').context("a witness is KEY:STATE, two files")?;
            let key = read_key(key.as_ref())?;
            let own = known().find_map(|one| {
                let signer = key.note_signer(one.name(), Kind::Cosignature).ok()?;
                (signer.public() == one).then_some(signer)
            });
            let signer = own.context("the log's file names no witness with this key")?;
            Ok(Box::new(LocalWitness::new(signer, policy.log.clone(), state.into())) as Box<dyn Witness>)
        };
        let elsewhere = |url: &url::Url| -> Box<dyn Witness> {
            let witnesses = known().cloned().collect();
            Box::new(HttpWitness::new(dtsec_serve::web_client(), url, witnesses))
        };
        let local = self.witness.iter().map(witness).collect::<anyhow::Result<Vec<_>>>()?;
        let key = |path: &Option<PathBuf>| {
            let missing = "give the publisher's keys: --snapshot-key, --timestamp-key and --log-key";
            read_key(path.as_deref().context(missing)?)
        };
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
        let reviewed = match (&self.key, &self.signed) {
            (Some(key), _) => publisher.sign(&read_key(key)?),
            (None, Some(path)) => {
                let signed =
                    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
                publisher.take_signatures(&signed)
            }
            (None, None) => publisher.review(),
        };
        match reviewed {
            Ok(review) => Answer::new(Reviewed(review), Exit::Success),
            Err(error) => refused(error),
        }
    }
}

#[derive(Serialize)]
struct Reviewed(Review);

impl fmt::Display for Reviewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Review { version, changed, files, leaves, signed: (have, need) } = &self.0;
        writeln!(f, "version {version}")?;
        changed.iter().try_for_each(|part| writeln!(f, "~ {part}"))?;
        for leaf in leaves {
            writeln!(f, "  {}  {:<28} {}", leaf.at, leaf.event, leaf.part)?;
        }
        write!(
            f,
            "{} parts and {} pages are new or changed, {} entries in the log; {have} of {need} signatures",
            changed.len(),
            files.len(),
            leaves.len()
        )?;
        if have >= need { write!(f, ": it can be released") } else { Ok(()) }
    }
}

impl Release {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let publisher = self.place.publisher()?;
        let mut keys = self.online.read(&publisher)?;
        match publisher.release(&mut keys.signers(), Timestamp::now()) {
            Ok(_) => Answer::new(Released::new(&publisher)?, Exit::Success),
            Err(error) => refused(error),
        }
    }
}

impl Refresh {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let publisher = self.place.publisher()?;
        let mut keys = self.online.read(&publisher)?;
        match publisher.refresh(&mut keys.signers(), Timestamp::now()) {
            Ok(()) => Answer::new(Released::new(&publisher)?, Exit::Success),
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
        | PublishError::OtherLog
        | PublishError::OtherTargets
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
    pub(super) fn new(publisher: &Publisher) -> anyhow::Result<Self> {
        let version = publisher.released_version()?;
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
