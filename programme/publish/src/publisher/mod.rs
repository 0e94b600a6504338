//! A publication: from events of the registry to a new timestamp.
//!
//! It is done in two steps, so that the working group's members can sign where they are, and so that a crash anywhere
//! loses and repeats nothing:
//!
//! 1. [`Publisher::stage`] writes parts and pages under their digests, tiles, manifest and an unreleased version of the targets into a
//!    folder beside the tree, which nobody serves.
//! 2. [`Publisher::release`] – once enough members have signed the targets – brings that into the tree, signs the checkpoint, has it
//!    seen by the witnesses, puts everything in its place, and writes snapshot and timestamp. The log's key signs nothing but what the
//!    quorum has signed before.

mod error;
mod manifest;
mod release;
mod stage;

pub use error::PublishError;
pub use manifest::{LogPolicy, LogState, Manifest, checkpoint_path, is_file_name, object_path, sha256};
pub use stage::canonical;

pub(crate) use manifest::is_digest;

use crate::history::{Leaf, PartName};
use crate::key::RoleKey;
use crate::root;
use crate::tree::{Layers, Lock, Tree, TreeError};
use crate::witness::Witness;
use dtsec_log::{Checkpoint, Hash, Note, NoteSigner, Policy, Tiles, tile, tree as merkle};
use error::damaged;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tough::schema::{self, Root, Signed, Snapshot, Targets};

/// The manifest's name among the targets.
pub const MANIFEST: &str = "manifest.json";
/// The log's keys and witnesses.
pub const LOG: &str = "log.json";
/// Where the log's newest checkpoint lies.
pub const CHECKPOINT: &str = "checkpoint";
/// What is added to the tree's name for the folder of what is staged.
const STAGING: &str = ".staging";
/// The checkpoint that the log's key signed last, whether anybody has seen it or not: the next one continues it.
const SIGNED: &str = ".signed-checkpoint";
/// There while files are put in their places: what lies there may be of this version or of the one before.
const PLACING: &str = ".placing";
const TIMESTAMP: &str = "metadata/timestamp.json";
/// The tag of a part that changed, where nothing is said of the event. Where it did not change, nothing is said at all.
pub const RESTATED: &str = "restated";

/// What happened in the registry to parts that everybody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What, by its tag.
    pub tag: String,
    /// To which parts.
    pub parts: BTreeSet<PartName>,
}

/// What the list is after the events.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// Public parts: those that the events touched, or more. Others stay as they were published.
    pub parts: BTreeMap<PartName, Value>,
    /// The kinds of which `parts` has every one: none that was published may be missing.
    pub whole: BTreeSet<String>,
}

/// A page or a feed: its path below the tree, and its content.
pub type File = (String, Vec<u8>);

/// The keys that are there for a release.
pub struct Signers<'a> {
    /// Of the snapshot.
    pub snapshot: &'a RoleKey,
    /// Of the timestamp.
    pub timestamp: &'a RoleKey,
    /// The log's.
    pub log: &'a NoteSigner,
    /// Who watches it.
    pub witnesses: Vec<&'a mut dyn Witness>,
}

/// For how long what is signed is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Targets: until the working group has to sign anew.
    pub targets: SignedDuration,
    /// Snapshot.
    pub snapshot: SignedDuration,
    /// Timestamp: how old a list may look fresh.
    pub timestamp: SignedDuration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            targets: SignedDuration::from_hours(24 * 90),
            snapshot: SignedDuration::from_hours(24 * 7),
            timestamp: SignedDuration::from_hours(24),
        }
    }
}

/// What was staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Staged {
    /// The version of the targets.
    pub version: u64,
    /// The number of the last event in it.
    pub seq: i64,
    /// Leaves that are new in the log.
    pub leaves: u64,
    /// The log's size.
    pub log_size: u64,
    /// Parts that are not what everybody sees.
    pub changed: Vec<PartName>,
    /// Signatures that are there, and that are needed.
    pub signed: (u64, u64),
}

/// What is staged, in so far as it is new, and found to fit together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Review {
    /// The version of the targets.
    pub version: u64,
    /// Parts that are new or changed.
    pub changed: Vec<PartName>,
    /// Pages and feeds that are new or changed.
    pub files: Vec<String>,
    /// What the log will say.
    pub leaves: Vec<Leaf>,
    /// Signatures that are there, and that are needed.
    pub signed: (u64, u64),
}

/// Publishes into a tree.
#[derive(Debug)]
pub struct Publisher {
    tree: Tree,
    /// What is staged, beside it.
    staging: Tree,
    lifetimes: Lifetimes,
    log: LogPolicy,
    _lock: Lock,
}

/// The timestamp, and the snapshot that it names.
type Released = (Signed<schema::Timestamp>, Signed<Snapshot>);

/// What is released, or staged.
struct Version {
    targets: Signed<Targets>,
    manifest: Manifest,
    log: LogPolicy,
}

impl Publisher {
    /// Into a tree, with a log under these keys. One at a time.
    ///
    /// # Errors
    /// [`PublishError::Busy`], [`PublishError::Tree`].
    pub fn new(tree: Tree, log: LogPolicy, lifetimes: Lifetimes) -> Result<Self, PublishError> {
        log.policy()?;
        let lock = tree.lock()?.ok_or_else(|| PublishError::Busy(tree.root().display().to_string()))?;
        Ok(Self { staging: tree.beside(STAGING), tree, lifetimes, log, _lock: lock })
    }

    /// Puts a root into the tree: the first one, or one that follows. The same one again changes nothing.
    ///
    /// # Errors
    /// [`PublishError::Root`] for one that does not follow.
    pub fn install_root(&self, root: &Signed<Root>) -> Result<(), PublishError> {
        let before = self.newest_root()?;
        if before.as_ref() == Some(root) {
            return Ok(());
        }
        root::follows(before.as_ref(), root)?;
        let path = format!("metadata/{}.root.json", root::version(root));
        Ok(self.tree.put(&path, &root::bytes(root)?)?)
    }

    /// The newest root in the tree, if there is one: the chain from the first one is whole.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn newest_root(&self) -> Result<Option<Signed<Root>>, PublishError> {
        let mut newest: Option<Signed<Root>> = None;
        for version in 1u64.. {
            let path = format!("metadata/{version}.root.json");
            let Some(root) = self.document::<Signed<Root>>(&path)? else { break };
            root::follows(newest.as_ref(), &root)?;
            newest = Some(root);
        }
        Ok(newest)
    }

    fn root(&self) -> Result<Signed<Root>, PublishError> {
        self.newest_root()?.ok_or_else(|| PublishError::NoRoot(self.tree.root().display().to_string()))
    }

    fn document<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Option<T>, PublishError> {
        let Some(bytes) = self.tree.get(path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(path, error))
    }

    /// What is staged over what is released.
    fn layers(&self) -> Layers<'_> {
        Layers { above: &self.staging, below: &self.tree }
    }

    /// A version of the targets with its manifest and the log's keys, if it is there and whole.
    fn version(&self, from: Layers<'_>, version: u64) -> Result<Option<Version>, PublishError> {
        let path = format!("metadata/{version}.targets.json");
        let Some(bytes) = from.get(&path)? else { return Ok(None) };
        let targets: Signed<Targets> =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&path, error))?;
        let named = |name: &str| {
            let found = targets.signed.targets.iter().find(|(one, _)| one.raw() == name);
            let (_, target) = found.ok_or_else(|| damaged(&path, format!("it does not name {name}")))?;
            let digest = hex::encode(&*target.hashes.sha256);
            let place = format!("targets/{digest}.{name}");
            let bytes = from.get(&place)?.ok_or_else(|| damaged(&place, "it is not there"))?;
            if sha256(&bytes) != digest {
                return Err(damaged(&place, "its digest is not the one that was signed"));
            }
            Ok((place, bytes))
        };
        let (place, bytes) = named(MANIFEST)?;
        let manifest = Manifest::parse(&bytes).map_err(|problem| damaged(&place, problem))?;
        let (place, bytes) = named(LOG)?;
        let log = serde_json::from_slice(&bytes).map_err(|error| damaged(&place, error))?;
        Ok(Some(Version { targets, manifest, log }))
    }

    /// The version that everybody sees.
    fn released_whole(&self) -> Result<Option<Version>, PublishError> {
        let released = Layers { above: &self.tree, below: &self.tree };
        self.version(released, self.released_version()?)
    }

    /// The timestamp and the snapshot that it names.
    fn released(&self) -> Result<Option<Released>, PublishError> {
        let Some(timestamp) = self.document::<Signed<schema::Timestamp>>(TIMESTAMP)? else { return Ok(None) };
        let meta = timestamp.signed.meta.get("snapshot.json");
        let version = meta.ok_or_else(|| damaged(TIMESTAMP, "it names no snapshot"))?.version;
        let path = format!("metadata/{version}.snapshot.json");
        let snapshot = self.document(&path)?.ok_or_else(|| damaged(&path, "it is not there"))?;
        Ok(Some((timestamp, snapshot)))
    }

    /// Where it publishes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The log's keys.
    pub fn log(&self) -> &LogPolicy {
        &self.log
    }

    /// The version that everybody sees: 0 where there is none.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn released_version(&self) -> Result<u64, PublishError> {
        let Some((_, snapshot)) = self.released()? else { return Ok(0) };
        let meta = snapshot.signed.meta.get("targets.json");
        Ok(meta.ok_or_else(|| damaged("metadata", "the snapshot names no targets"))?.version.get())
    }

    /// The manifest that everybody sees.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn manifest(&self) -> Result<Option<Manifest>, PublishError> {
        Ok(self.released_whole()?.map(|version| version.manifest))
    }

    /// Every part of these kinds as it was published last: its canonical JSON.
    ///
    /// # Errors
    /// [`PublishError::Damaged`] where one is not what was signed.
    pub fn parts_of(&self, kinds: &[&str]) -> Result<BTreeMap<PartName, Vec<u8>>, PublishError> {
        let read = |(name, digest): (PartName, String)| {
            let object = object_path(&digest);
            let bytes = self.tree.get(&object)?.ok_or_else(|| damaged(&object, "it is not there"))?;
            if sha256(&bytes) != digest {
                return Err(damaged(&object, "its digest is not the one that was signed"));
            }
            Ok((name, bytes))
        };
        self.known()?.parts.into_iter().filter(|(name, _)| kinds.contains(&name.kind())).map(read).collect()
    }

    /// The log's keys as everybody sees them.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn released_log(&self) -> Result<Option<LogPolicy>, PublishError> {
        Ok(self.released_whole()?.map(|version| version.log))
    }

    /// The checkpoint that was signed last.
    fn checkpoint(&self) -> Result<Checkpoint, PublishError> {
        let policy = Policy { quorum: 0, ..self.log.policy()? };
        let signed = match self.tree.get(SIGNED)? {
            None => self.tree.get(CHECKPOINT)?,
            signed => signed,
        };
        match signed {
            Some(bytes) => {
                let note = Note::parse(&bytes)?;
                let refused = match policy.believe(&note) {
                    Ok(checkpoint) => return Ok(checkpoint),
                    Err(refused) => refused,
                };
                // The first publication under a new key continues what the old one signed.
                match self.released_log()? {
                    Some(before) if before != self.log => {
                        Ok(Policy { quorum: 0, ..before.policy()? }.believe(&note)?)
                    }
                    _ => Err(refused.into()),
                }
            }
            None => {
                Ok(Checkpoint { origin: policy.log.name().to_owned(), size: 0, root: merkle::empty_root() })
            }
        }
    }

    /// What the log holds about parts: from the manifest, and from leaves after it that a crash kept from being released.
    fn known(&self) -> Result<Known, PublishError> {
        let checkpoint = self.checkpoint()?;
        let manifest = self.manifest()?;
        let mut known = Known {
            parts: manifest.as_ref().map(|manifest| manifest.parts.clone()).unwrap_or_default(),
            files: manifest.as_ref().map(|manifest| manifest.files.clone()).unwrap_or_default(),
            seq: manifest.as_ref().map_or(0, |manifest| manifest.seq),
            size: checkpoint.size,
        };
        let from = manifest.map_or(0, |manifest| manifest.log.size);
        if from < checkpoint.size {
            for leaf in told(&mut Tiles::new(&self.tree, checkpoint.size), from, checkpoint.size)? {
                known.seq = known.seq.max(leaf.seq);
                if let Some(state) = leaf.state {
                    known.parts.insert(leaf.part, state);
                }
            }
        }
        Ok(known)
    }
}

/// The root of a log, if it is the one that is said and continues the one of a checkpoint.
fn continues<S: dtsec_log::Source<Error = TreeError>>(
    tiles: &mut Tiles<S>,
    before: &Checkpoint,
    size: u64,
    said: &str,
) -> Result<Hash, PublishError> {
    let root = merkle::root(tiles, size)?;
    if hex::encode(root) != said {
        return Err(damaged("tile", "its root is not the one that the manifest says"));
    }
    let path = if before.size <= size { merkle::consistency(tiles, before.size, size)? } else { Vec::new() };
    if !merkle::is_consistent(before.size, &before.root, size, &root, &path) {
        return Err(damaged(CHECKPOINT, "what is staged does not continue it; stage again"));
    }
    Ok(root)
}

/// What a log says from an entry to another.
fn told<S: dtsec_log::Source<Error = TreeError>>(
    tiles: &mut Tiles<S>,
    from: u64,
    to: u64,
) -> Result<Vec<Leaf>, PublishError> {
    let mut leaves = Vec::new();
    for index in from / tile::WIDTH..to.div_ceil(tile::WIDTH) {
        for (at, entry) in (index * tile::WIDTH..).zip(tiles.bundle(index)?) {
            if (from..to).contains(&at) {
                leaves.push(Leaf::parse(&entry).map_err(|problem| damaged("tile/entries", problem))?);
            }
        }
    }
    Ok(leaves)
}

struct Known {
    parts: BTreeMap<PartName, String>,
    files: BTreeMap<String, String>,
    seq: i64,
    size: u64,
}
