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

use crate::history::{Leaf, PartName};
use crate::key::{KeyError, RoleKey};
use crate::root::{self, RootError, SPEC_VERSION};
use crate::tree::{Layers, Lock, Tree, TreeError, Writing};
use crate::witness::Witness;
use dtsec_log::{
    Checkpoint, CheckpointError, Frontier, Hash, Key, Kind, Note, NoteError, NoteSigner, Policy, TileError,
    Tiles, tile, tree as merkle,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;
use tough::TargetName;
use tough::schema::{self, Hashes, Metafile, Root, Signed, Snapshot, Target, Targets};

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
    /// What TUF names itself: the whole list for whoever begins.
    pub targets: BTreeMap<String, Vec<u8>>,
}

/// Everything that lies in the tree, each with its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this document: 1.
    pub format: u32,
    /// The list is as of this moment.
    pub at: Timestamp,
    /// The number of the last event that is in it.
    pub seq: i64,
    /// The log over everything that led here.
    pub log: LogState,
    /// The parts.
    pub parts: BTreeMap<PartName, String>,
    /// Pages and feeds, by their paths.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// From its bytes: every path leads to where such a file may lie, and every digest is one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if manifest.format != 1 {
            return Err(format!("its form is {}, and not 1", manifest.format));
        }
        if let Some(path) = manifest.files.keys().find(|path| !is_own(path)) {
            return Err(format!("`{path}` is no path of a page"));
        }
        let named = manifest.parts.values().chain(manifest.files.values());
        if let Some(digest) = named.chain([&manifest.log.root]).find(|digest| !is_digest(digest)) {
            return Err(format!("`{digest}` is no SHA-256"));
        }
        Ok(manifest)
    }
}

/// A log of a size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// How many leaves.
    pub size: u64,
    /// Their root, in hexadecimal digits.
    pub root: String,
}

/// Whose signatures a checkpoint needs, as the targets say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPolicy {
    /// The log's key: `NAME+ID+BASE64`.
    pub log: String,
    /// The witnesses' keys.
    pub witnesses: Vec<String>,
    /// How many of them must have seen it.
    pub quorum: usize,
}

impl LogPolicy {
    /// As keys.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn policy(&self) -> Result<Policy, NoteError> {
        let key = |text: &str, kind| match Key::parse(text)? {
            key if key.kind() == kind => Ok(key),
            _ => Err(NoteError::Key("it is of the other kind: the log's is no witness's")),
        };
        let witnesses = self.witnesses.iter().map(|text| key(text, Kind::Cosignature));
        let (log, witnesses) = (key(&self.log, Kind::Note)?, witnesses.collect::<Result<_, _>>()?);
        Ok(Policy { log, witnesses, quorum: self.quorum })
    }
}

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

/// What was staged, or released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Published {
    /// The version of the targets.
    pub version: u64,
    /// The number of the last event in it.
    pub seq: i64,
    /// Leaves that are new in the log.
    pub leaves: u64,
    /// The log's size.
    pub log_size: u64,
    /// Parts that changed.
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

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Somebody else publishes there.
    #[error("somebody else is publishing to {0}; wait until that has ended")]
    Busy(String),
    /// A file could not be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A tile is missing or damaged.
    #[error("the log: {0}")]
    Tile(#[from] TileError<TreeError>),
    /// A key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A root is of no use.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A note cannot be made.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// What lies there is not what was signed.
    #[error("{path} is damaged: {problem}; publish into a copy that is whole")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no root yet.
    #[error("there is no root in {0}: hold the ceremony first (`dtsec publish root`)")]
    NoRoot(String),
    /// A part that was published is not in the registry any more.
    #[error(
        "{0} was published and is not in the registry any more; what is removed keeps its part, with its state"
    )]
    Vanished(PartName),
    /// Two files would have one name.
    #[error("`{0}` cannot be the name of a file in the tree, or is taken")]
    Name(String),
    /// Nothing waits for a release.
    #[error("nothing is staged after version {0}, which is released; stage first (`dtsec publish stage`)")]
    NothingStaged(u64),
    /// The log's keys are not those that the members sign.
    #[error("the log's keys are not those that were staged; stage again with these, or release with those")]
    OtherLog,
    /// Signatures under something else.
    #[error("those signatures are under another list than the one that is staged")]
    OtherTargets,
    /// Too few have signed.
    #[error(
        "{have} of the {need} signatures that the targets need are there; have others sign (`dtsec publish sign`)"
    )]
    Quorum {
        /// How many are there.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// The key holds no such role.
    #[error("this key does not hold the role {0}; the root says who does")]
    NoRole(&'static str),
    /// Witnesses did not sign.
    #[error("{found} of the {quorum} witnesses that are needed have signed: {said}")]
    Witnesses {
        /// How many.
        found: usize,
        /// How many it takes.
        quorum: usize,
        /// What the others said.
        said: String,
    },
    /// The log's checkpoint is not the log's.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
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

    /// Every part of a kind as it was published last: its canonical JSON.
    ///
    /// # Errors
    /// [`PublishError::Damaged`] where one is not what was signed.
    pub fn parts(&self, kind: &str) -> Result<BTreeMap<PartName, Vec<u8>>, PublishError> {
        let read = |(name, digest): (PartName, String)| {
            let object = object_path(&digest);
            let bytes = self.tree.get(&object)?.ok_or_else(|| damaged(&object, "it is not there"))?;
            if sha256(&bytes) != digest {
                return Err(damaged(&object, "its digest is not the one that was signed"));
            }
            Ok((name, bytes))
        };
        self.known()?.parts.into_iter().filter(|(name, _)| name.kind() == kind).map(read).collect()
    }

    /// The number of the last event that is in the log for good: events up to it need not be told again.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn seq(&self) -> Result<i64, PublishError> {
        Ok(self.known()?.seq)
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
                match (policy.believe(&note), self.released_log()?) {
                    // The first publication under a new key continues what the old one signed.
                    (Err(_), Some(before)) if before != self.log => {
                        Ok(Policy { quorum: 0, ..before.policy()? }.believe(&note)?)
                    }
                    (believed, _) => Ok(believed?),
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

    /// Stages what follows from events: those that the log has already are passed over. `render` makes pages and feeds, given the
    /// parts that are not what everybody sees; what it leaves out stays as it is. What was staged before and not released is gone.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing that anybody sees has changed.
    pub fn stage(
        &self,
        events: &[Event],
        content: &Content,
        render: impl FnOnce(&BTreeSet<PartName>) -> Vec<(String, Vec<u8>)>,
        by: &[&RoleKey],
        now: Timestamp,
    ) -> Result<Published, PublishError> {
        let root = self.root()?;
        self.staging.clear()?;
        let known = self.known()?;
        let released = self.manifest()?.map(|manifest| manifest.parts).unwrap_or_default();
        let states: BTreeMap<&PartName, Vec<u8>> = content
            .parts
            .iter()
            .map(|(name, state)| Ok((name, canonical(state)?)))
            .collect::<Result<_, KeyError>>()?;
        let missing =
            |name: &&PartName| content.whole.contains(name.kind()) && !content.parts.contains_key(*name);
        if let Some(gone) = known.parts.keys().find(missing) {
            return Err(PublishError::Vanished(gone.clone()));
        }
        let mut parts = known.parts;
        let mut changed = BTreeSet::new();
        for (name, bytes) in &states {
            let digest = sha256(bytes);
            if parts.get(*name) != Some(&digest) {
                changed.insert((*name).clone());
                parts.insert((*name).clone(), digest);
            }
        }
        let leaves = leaves(events, known.seq, &parts, &changed, now);
        let seq = events.iter().map(|event| event.seq).fold(known.seq, i64::max);

        let mut writing = self.staging.writing();
        for name in &changed {
            self.object(&mut writing, &parts[name], &states[name])?;
        }
        // Also those of which the log knows already, because a crash came between it and the pages.
        let unseen: BTreeSet<PartName> = parts
            .iter()
            .filter(|(name, digest)| released.get(*name) != Some(*digest))
            .map(|(name, _)| name.clone())
            .collect();
        let mut files = known.files;
        for (path, bytes) in render(&unseen) {
            if !is_own(&path) {
                return Err(PublishError::Name(path));
            }
            let digest = sha256(&bytes);
            self.object(&mut writing, &digest, &bytes)?;
            files.insert(path, digest);
        }
        writing.done()?;
        let entries: Vec<Vec<u8>> = leaves.iter().map(Leaf::bytes).collect();
        let mut tiles = tile::append(self.layers(), known.size, &entries)?;
        let size = tiles.size();
        let log = LogState { size, root: hex::encode(merkle::root(&mut tiles, size)?) };
        let manifest = Manifest { format: 1, at: now, seq, log, parts, files };

        let released = self.released_version()?;
        let version = released + 1;
        let number = NonZeroU64::new(version).expect("it is one more than another");
        let mut targets =
            Targets::new(SPEC_VERSION.to_owned(), number, root::whole(now + self.lifetimes.targets));
        let own = [(MANIFEST.to_owned(), json(&manifest)?), (LOG.to_owned(), json(&self.log)?)];
        let named = content.targets.iter().map(|(name, bytes)| (name.clone(), bytes.clone()));
        for (name, bytes) in own.into_iter().chain(named) {
            let target = self.target(&name, &bytes)?;
            let taken = || PublishError::Name(name.clone());
            if targets.targets.insert(TargetName::new(name.as_str()).map_err(|_| taken())?, target).is_some()
            {
                return Err(taken());
            }
        }
        let mut targets = Signed { signed: targets, signatures: Vec::new() };
        for key in by {
            if !root::holds(&root.signed, root::RoleName::Targets, key) {
                return Err(PublishError::NoRole("targets"));
            }
            key.sign(&mut targets)?;
        }
        self.staging.put(&format!("metadata/{version}.targets.json"), &root::bytes(&targets)?)?;
        Ok(Published {
            version,
            seq,
            leaves: leaves.len() as u64,
            log_size: size,
            changed: unseen.into_iter().collect(),
            signed: quorum(&root.signed, &targets),
        })
    }

    /// Puts a content under its digest, where nobody looks who was not told.
    fn object(&self, writing: &mut Writing<'_>, digest: &str, bytes: &[u8]) -> Result<(), TreeError> {
        let path = object_path(digest);
        if self.tree.has(&path)? { Ok(()) } else { writing.put(&path, bytes) }
    }

    /// Puts everything that is new in its place, where people and browsers look.
    fn place(&self, manifest: &Manifest) -> Result<(), PublishError> {
        let before = self.manifest()?;
        let interrupted = self.tree.has(PLACING)?;
        self.tree.put(PLACING, b"")?;
        let places = |manifest: &Manifest| -> BTreeMap<String, String> {
            let parts = manifest.parts.iter().map(|(name, digest)| (name.path(), digest.clone()));
            parts.chain(manifest.files.iter().map(|(path, digest)| (path.clone(), digest.clone()))).collect()
        };
        let before = before.as_ref().map(places).unwrap_or_default();
        let mut writing = self.tree.writing();
        for (path, digest) in places(manifest) {
            if !interrupted && before.get(&path) == Some(&digest) {
                continue;
            }
            let object = object_path(&digest);
            let bytes = self.tree.get(&object)?.ok_or_else(|| damaged(&object, "it is not there"))?;
            if sha256(&bytes) != digest {
                return Err(damaged(&object, "its digest is not the one that was signed"));
            }
            writing.put_changed(&path, &bytes)?;
        }
        Ok(writing.done()?)
    }

    fn target(&self, name: &str, bytes: &[u8]) -> Result<Target, PublishError> {
        if !is_file_name(name) {
            return Err(PublishError::Name(name.to_owned()));
        }
        let digest = sha256(bytes);
        self.staging.put(&format!("targets/{digest}.{name}"), bytes)?;
        let sha256 = Sha256::digest(bytes).to_vec().into();
        let hashes = Hashes { sha256, _extra: HashMap::new() };
        Ok(Target { length: bytes.len() as u64, hashes, custom: HashMap::new(), _extra: HashMap::new() })
    }

    fn staged(&self) -> Result<Version, PublishError> {
        let released = self.released_version()?;
        self.version(self.layers(), released + 1)?.ok_or(PublishError::NothingStaged(released))
    }

    /// What is new in what is staged, for whoever is to sign it; found to fit together: the log continues the one that was signed, says of
    /// each part what the list says, and everything that is named is there.
    ///
    /// # Errors
    /// [`PublishError::NothingStaged`], [`PublishError::Damaged`].
    pub fn review(&self) -> Result<Review, PublishError> {
        let root = self.root()?;
        let Version { targets, manifest, .. } = self.staged()?;
        let before = self.checkpoint()?;
        let LogState { size, root: log_root } = &manifest.log;
        let mut tiles = Tiles::new(self.layers(), *size);
        continues(&mut tiles, &before, *size, log_root)?;
        let mut known = self.known()?.parts;
        let released = self.manifest()?;
        let seen = released.as_ref().map_or(0, |manifest| manifest.log.size);
        let leaves = told(&mut tiles, seen, *size)?;
        for leaf in &leaves {
            if let Some(state) = &leaf.state {
                known.insert(leaf.part.clone(), state.clone());
            }
        }
        if known != manifest.parts {
            return Err(damaged(MANIFEST, "list and log do not say the same; stage again"));
        }
        let (parts, files) = released.map(|manifest| (manifest.parts, manifest.files)).unwrap_or_default();
        let changed: Vec<PartName> = differing(&manifest.parts, &parts);
        let files: Vec<String> = differing(&manifest.files, &files);
        let digests = changed.iter().map(|name| &manifest.parts[name]);
        for digest in digests.chain(files.iter().map(|path| &manifest.files[path])) {
            let object = object_path(digest);
            let bytes = self.layers().get(&object)?.ok_or_else(|| damaged(&object, "it is not there"))?;
            if sha256(&bytes) != *digest {
                return Err(damaged(&object, "it is not what is to be signed"));
            }
        }
        for (name, target) in &targets.signed.targets {
            let digest = hex::encode(&*target.hashes.sha256);
            let path = format!("targets/{digest}.{}", name.raw());
            let bytes = self.layers().get(&path)?.ok_or_else(|| damaged(&path, "it is not there"))?;
            if (sha256(&bytes), bytes.len() as u64) != (digest, target.length) {
                return Err(damaged(&path, "it is not what is to be signed"));
            }
        }
        let signed = quorum(&root.signed, &targets);
        Ok(Review { version: root::version(&targets), changed, files, leaves, signed })
    }

    /// Signs what is staged, as a member of the working group, after a [`Publisher::review`].
    ///
    /// # Errors
    /// [`PublishError::NothingStaged`], [`PublishError::NoRole`], [`PublishError::Damaged`].
    pub fn sign(&self, key: &RoleKey) -> Result<Review, PublishError> {
        let root = self.root()?;
        if !root::holds(&root.signed, root::RoleName::Targets, key) {
            return Err(PublishError::NoRole("targets"));
        }
        self.review()?;
        let Version { mut targets, .. } = self.staged()?;
        key.sign(&mut targets)?;
        self.keep_signed(&targets)?;
        self.review()
    }

    /// Takes signatures from a copy of the targets that a member signed elsewhere.
    ///
    /// # Errors
    /// [`PublishError::OtherTargets`] where something else was signed; [`PublishError::NoRole`] where none of them is a member's.
    pub fn take_signatures(&self, signed: &[u8]) -> Result<Review, PublishError> {
        let root = self.root()?;
        let brought: Signed<Targets> =
            serde_json::from_slice(signed).map_err(|error| damaged("the signed targets", error))?;
        let Version { mut targets, .. } = self.staged()?;
        if brought.signed != targets.signed {
            return Err(PublishError::OtherTargets);
        }
        let before = targets.signatures.len();
        let holders = root.signed.roles.get(&schema::RoleType::Targets);
        for signature in brought.signatures {
            let there = targets.signatures.iter().any(|one| one.keyid == signature.keyid);
            let is_holder = holders.is_some_and(|keys| keys.keyids.contains(&signature.keyid));
            if !there && is_holder && root::is_signed_by(&root.signed, &targets.signed, &signature) {
                targets.signatures.push(signature);
            }
        }
        if targets.signatures.len() == before {
            return Err(PublishError::NoRole("targets"));
        }
        self.keep_signed(&targets)?;
        self.review()
    }

    fn keep_signed(&self, targets: &Signed<Targets>) -> Result<(), PublishError> {
        let path = format!("metadata/{}.targets.json", root::version(targets));
        Ok(self.staging.put(&path, &root::bytes(targets)?)?)
    }

    /// Brings what is staged into the tree. Nothing leads there yet.
    fn bring(&self) -> Result<(), PublishError> {
        let mut writing = self.tree.writing();
        for path in self.staging.files()? {
            if let Some(bytes) = self.staging.get(&path)? {
                writing.put_changed(&path, &bytes)?;
            }
        }
        Ok(writing.done()?)
    }

    /// Releases what is staged: checkpoint, snapshot, timestamp, in this order.
    ///
    /// # Errors
    /// [`PublishError::Quorum`], [`PublishError::Witnesses`] and others; then what everybody sees is what it was.
    pub fn release(&self, signers: &mut Signers<'_>, now: Timestamp) -> Result<Published, PublishError> {
        let root = self.root()?;
        let Version { targets, manifest, log } = self.staged()?;
        let (have, need) = quorum(&root.signed, &targets);
        if root.signed.verify_role(&targets).is_err() {
            return Err(PublishError::Quorum { have, need });
        }
        if log != self.log {
            return Err(PublishError::OtherLog);
        }
        self.review()?;
        self.bring()?;
        let old = self.checkpoint()?;
        let note = self.note(&manifest, &old, signers, now)?;
        self.freshen(&root, signers, root::version(&targets), now, || {
            self.place(&manifest)?;
            // Under its size as well: who was led here by the old timestamp finds the old one.
            self.tree.put_changed(&checkpoint_path(manifest.log.size), note.to_string().as_bytes())?;
            Ok(self.tree.put_changed(CHECKPOINT, note.to_string().as_bytes()).map(|_| ())?)
        })?;
        self.tree.remove(PLACING)?;
        // It is published. What is left behind beside it harms nobody, and goes when something is staged.
        self.staging.clear().ok();
        Ok(Published {
            version: root::version(&targets),
            seq: manifest.seq,
            leaves: manifest.log.size.saturating_sub(old.size),
            log_size: manifest.log.size,
            changed: Vec::new(),
            signed: (have, need),
        })
    }

    /// Signs snapshot and timestamp anew, so that the list stays fresh although nothing happened.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn refresh(&self, signers: &mut Signers<'_>, now: Timestamp) -> Result<(), PublishError> {
        let root = self.root()?;
        let version = self.released_version()?;
        if version == 0 {
            return Err(PublishError::NothingStaged(0));
        }
        self.freshen(&root, signers, version, now, || Ok(()))
    }

    fn freshen(
        &self,
        root: &Signed<Root>,
        signers: &Signers<'_>,
        version: u64,
        now: Timestamp,
        before_timestamp: impl FnOnce() -> Result<(), PublishError>,
    ) -> Result<(), PublishError> {
        for (role, key) in
            [(root::RoleName::Snapshot, signers.snapshot), (root::RoleName::Timestamp, signers.timestamp)]
        {
            if !root::holds(&root.signed, role, key) {
                return Err(PublishError::NoRole(role.name()));
            }
        }
        let (timestamp, snapshot) = self.released()?.unzip();
        let next =
            |old: Option<u64>| NonZeroU64::new(old.unwrap_or(0) + 1).expect("it is one more than another");
        let snapshot_version = next(snapshot.as_ref().map(root::version));
        let mut made = Snapshot::new(
            SPEC_VERSION.to_owned(),
            snapshot_version,
            root::whole(now + self.lifetimes.snapshot),
        );
        let number = NonZeroU64::new(version).expect("released versions begin with 1");
        made.meta.insert(
            "targets.json".to_owned(),
            self.metafile(&format!("metadata/{version}.targets.json"), number)?,
        );
        let mut made = Signed { signed: made, signatures: Vec::new() };
        signers.snapshot.sign(&mut made)?;
        let path = format!("metadata/{snapshot_version}.snapshot.json");
        self.tree.put(&path, &root::bytes(&made)?)?;
        before_timestamp()?;
        let mut stamp = schema::Timestamp::new(
            SPEC_VERSION.to_owned(),
            next(timestamp.as_ref().map(root::version)),
            root::whole(now + self.lifetimes.timestamp),
        );
        stamp.meta.insert("snapshot.json".to_owned(), self.metafile(&path, snapshot_version)?);
        let mut stamp = Signed { signed: stamp, signatures: Vec::new() };
        signers.timestamp.sign(&mut stamp)?;
        Ok(self.tree.put(TIMESTAMP, &root::bytes(&stamp)?)?)
    }

    fn metafile(&self, path: &str, version: NonZeroU64) -> Result<Metafile, PublishError> {
        let bytes = self.tree.get(path)?.ok_or_else(|| damaged(path, "it is not there"))?;
        let hashes = Hashes { sha256: Sha256::digest(&bytes).to_vec().into(), _extra: HashMap::new() };
        Ok(Metafile {
            length: Some(bytes.len() as u64),
            hashes: Some(hashes),
            version,
            _extra: HashMap::new(),
        })
    }

    /// The checkpoint of a manifest, signed, and seen by the witnesses.
    fn note(
        &self,
        manifest: &Manifest,
        old: &Checkpoint,
        signers: &mut Signers<'_>,
        now: Timestamp,
    ) -> Result<Note, PublishError> {
        let policy = self.log.policy()?;
        if signers.log.public() != &policy.log {
            return Err(PublishError::NoRole("log"));
        }
        let size = manifest.log.size;
        let mut tiles = Tiles::new(&self.tree, size);
        // The log's key never signs two logs: what is signed now continues what was signed last.
        let root = continues(&mut tiles, old, size, &manifest.log.root)?;
        let mut note = Checkpoint { origin: policy.log.name().to_owned(), size, root }.note()?;
        note.add(signers.log.sign(note.text(), seconds(now)));
        // Before anybody sees it: a witness remembers what it was shown, so a crash must not let the log forget it.
        self.tree.put_changed(SIGNED, note.to_string().as_bytes())?;
        let mut said = Vec::new();
        for witness in &mut signers.witnesses {
            let mut prove = |from: u64| {
                (from <= size).then(|| merkle::consistency(&mut tiles, from, size).ok()).flatten()
            };
            match witness.cosign(&note, &mut prove) {
                Ok(signature) => note.add(signature),
                Err(problem) => said.push(problem),
            }
        }
        // Those who watched under the keys before have to say that it is the same log: followers ask for it.
        let before = self.released_log()?.filter(|before| before != &self.log);
        let before = before.map(|before| before.policy()).transpose()?;
        let before = before.map(|before| Policy { log: policy.log.clone(), ..before });
        for policy in [Some(policy), before].iter().flatten() {
            match policy.believe(&note) {
                Ok(_) => {}
                Err(CheckpointError::Witnesses { found, quorum }) => {
                    let said = said.join("; ");
                    return Err(PublishError::Witnesses { found, quorum, said });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(note)
    }

    /// The log's edge, for whoever keeps it.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn frontier(&self) -> Result<Frontier, PublishError> {
        let size = self.checkpoint()?.size;
        Ok(Frontier::of(&mut Tiles::new(&self.tree, size), size)?)
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

/// What is not the same there, or not at all.
fn differing<K: Ord + Clone>(new: &BTreeMap<K, String>, old: &BTreeMap<K, String>) -> Vec<K> {
    new.iter().filter(|(name, digest)| old.get(name) != Some(digest)).map(|(name, _)| name.clone()).collect()
}

struct Known {
    parts: BTreeMap<PartName, String>,
    files: BTreeMap<String, String>,
    seq: i64,
    size: u64,
}

/// The leaves of a publication: one for each new event and part. The last one of a part has its state. A part that changed
/// without an event – its form did, or its event comes with the next publication – is in the log all the same.
fn leaves(
    events: &[Event],
    known: i64,
    parts: &BTreeMap<PartName, String>,
    changed: &BTreeSet<PartName>,
    now: Timestamp,
) -> Vec<Leaf> {
    let mut events: Vec<&Event> = events.iter().filter(|event| event.seq > known).collect();
    events.sort_by_key(|event| event.seq);
    events.dedup_by_key(|event| event.seq);
    let leaf = |seq, at, event: &str, part: &PartName| Leaf {
        seq,
        at,
        event: event.to_owned(),
        part: part.clone(),
        state: None,
    };
    let mut leaves: Vec<Leaf> = events
        .iter()
        .flat_map(|event| {
            // A part that is not public – not yet – leaves no trace.
            let told = |part: &&PartName| event.tag != RESTATED || changed.contains(*part);
            let public = event.parts.iter().filter(|part| parts.contains_key(*part)).filter(told);
            public.map(|part| leaf(event.seq, event.at, &event.tag, part)).collect::<Vec<_>>()
        })
        .collect();
    let last = events.last().map_or(known, |event| event.seq);
    let told: BTreeSet<PartName> = leaves.iter().map(|leaf| leaf.part.clone()).collect();
    leaves.extend(changed.difference(&told).map(|part| leaf(last, now, RESTATED, part)));
    let mut seen = BTreeSet::new();
    for leaf in leaves.iter_mut().rev() {
        if seen.insert(leaf.part.clone()) {
            leaf.state = parts.get(&leaf.part).cloned();
        }
    }
    leaves
}

/// Signatures of holders that are there, and that are needed.
fn quorum(root: &Root, targets: &Signed<Targets>) -> (u64, u64) {
    let keys = root.roles.get(&schema::RoleType::Targets);
    let need = keys.map_or(u64::MAX, |keys| keys.threshold.get());
    let holds = |id| keys.is_some_and(|keys| keys.keyids.contains(id));
    (targets.signatures.iter().filter(|one| holds(&one.keyid)).count() as u64, need)
}

/// The canonical bytes of a part.
///
/// # Errors
/// [`KeyError::Encoding`].
pub fn canonical(state: &Value) -> Result<Vec<u8>, KeyError> {
    serde_json_canonicalizer::to_vec(state).map_err(|_| KeyError::Encoding)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, KeyError> {
    serde_json::to_vec(value).map_err(|_| KeyError::Encoding)
}

/// In hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}

fn damaged(path: &str, problem: impl ToString) -> PublishError {
    PublishError::Damaged { path: path.to_owned(), problem: problem.to_string() }
}

/// Whether something is 64 lower-case hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether something can be the name of a file, everywhere.
pub fn is_file_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.bytes().all(fits)
}

/// Where a content lies under its digest: whoever was told the digest gets exactly that, also while a publication goes on.
pub fn object_path(digest: &str) -> String {
    format!("objects/{}/{digest}", digest.get(..2).unwrap_or("--"))
}

/// Where the checkpoint of a log of that size lies.
pub fn checkpoint_path(size: u64) -> String {
    format!("checkpoints/{size}")
}

/// A page's or feed's path: below the tree, and not where something else lies.
fn is_own(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.split('/').all(is_file_name)
        && !["metadata", "targets", "objects", "parts", "tile", "checkpoints", CHECKPOINT].contains(&first)
}
