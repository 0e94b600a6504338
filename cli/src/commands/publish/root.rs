//! `dtsec publish root`: the ceremony.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dtsec_publish::key::PublicKey;
use dtsec_publish::root::{self, RootError};
use dtsec_publish::{Holders, Roles};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tough::schema::{Root, Signed};

use super::{Place, read_key};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Say who holds the roles. Done offline, by the holders of the root.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write down who holds which role: the first root, or the one after another.
    New(New),
    /// Sign a root, as one of its holders or of those of the root before.
    Sign(Sign),
    /// Whether a root has all signatures that it needs.
    Check(Check),
    /// Put a root into the tree: from then on clients go along.
    Install(Install),
}

/// Write down who holds which role.
///
/// The working group's members hold `targets`; at least two of them sign each list, and at least two holders each root. The root's
/// keys are offline and hold nothing else. To replace a key, give all keys again with the new one in the place of the old,
/// and `--after` the root that holds now.
#[derive(Args)]
pub(crate) struct New {
    /// A public key of the root; may be repeated.
    #[arg(long, value_name = "KEY", required = true)]
    root: Vec<PublicKey>,
    /// How many of them have to sign.
    #[arg(long, value_name = "N", default_value_t = 2)]
    root_threshold: u64,
    /// A member's public key; may be repeated.
    #[arg(long, value_name = "KEY", required = true)]
    targets: Vec<PublicKey>,
    /// How many members have to sign a list.
    #[arg(long, value_name = "N", default_value_t = 2)]
    targets_threshold: u64,
    /// The publisher's public key for snapshots.
    #[arg(long, value_name = "KEY")]
    snapshot: PublicKey,
    /// The publisher's public key for timestamps.
    #[arg(long, value_name = "KEY")]
    timestamp: PublicKey,
    /// For how many days it is good.
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    days: u16,
    /// The root that holds now.
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    /// File for the new root.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Sign a root.
#[derive(Args)]
pub(crate) struct Sign {
    /// The root.
    root: PathBuf,
    /// The private key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Whether a root has all signatures that it needs. The status is 1 where it has not.
#[derive(Args)]
pub(crate) struct Check {
    /// The root.
    root: PathBuf,
    /// The root before.
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
}

/// Put a root into the tree.
#[derive(Args)]
pub(crate) struct Install {
    /// The root.
    root: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl Command {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::New(call) => call.run(),
            Command::Sign(call) => {
                let mut document = read(&call.root)?;
                read_key(&call.key)?.sign(&mut document)?;
                files::write(&call.root, &root::bytes(&document)?)?;
                Answer::new(Report::new(&call.root, &document, None), Exit::Success)
            }
            Command::Check(call) => {
                let before = call.after.as_deref().map(read).transpose()?;
                let document = read(&call.root)?;
                let missing = root::follows(before.as_ref(), &document).err();
                let exit = if missing.is_none() { Exit::Success } else { Exit::No };
                Answer::new(Report::new(&call.root, &document, Some(missing)), exit)
            }
            Command::Install(call) => {
                let document = read(&call.root)?;
                match call.place.publisher()?.install_root(&document) {
                    Ok(()) => Answer::new(Report::new(&call.root, &document, Some(None)), Exit::Success),
                    Err(dtsec_publish::publisher::PublishError::Root(error)) => {
                        Answer::new(Report::new(&call.root, &document, Some(Some(error))), Exit::No)
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

impl New {
    fn run(self) -> anyhow::Result<Answer> {
        let roles = Roles {
            root: Holders { keys: self.root.into_iter().collect(), threshold: self.root_threshold },
            targets: Holders { keys: self.targets.into_iter().collect(), threshold: self.targets_threshold },
            snapshot: Holders { keys: [self.snapshot].into(), threshold: 1 },
            timestamp: Holders { keys: [self.timestamp].into(), threshold: 1 },
        };
        let before = self.after.as_deref().map(read).transpose()?;
        let now = Timestamp::now();
        let expires = now + SignedDuration::from_hours(24 * i64::from(self.days));
        let document = roles.root(before.as_ref(), now, expires)?;
        files::write_new(&self.out, &root::bytes(&document)?, 0o644)?;
        Answer::new(Report::new(&self.out, &document, None), Exit::Success)
    }
}

fn read(path: &Path) -> anyhow::Result<Signed<Root>> {
    let text = files::text(path)?;
    serde_json::from_str(&text).with_context(|| format!("{} is no root", path.display()))
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    root: ShownPath,
    version: u64,
    expires: Timestamp,
    signatures: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

impl Report {
    fn new(path: &Path, document: &Signed<Root>, looked: Option<Option<RootError>>) -> Self {
        Self {
            root: path.into(),
            version: root::version(document),
            expires: document.signed.expires,
            signatures: document.signatures.len(),
            whole: looked.as_ref().map(Option::is_none),
            missing: looked.flatten().map(|error| error.to_string()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, version, expires, signatures, .. } = self;
        write!(f, "{root}: version {version}, good until {expires}, {signatures} signatures")?;
        match (self.whole, &self.missing) {
            (Some(true), _) => write!(f, "\nall that it needs are there"),
            (_, Some(missing)) => write!(f, "\nrefused: {missing}"),
            _ => Ok(()),
        }
    }
}
