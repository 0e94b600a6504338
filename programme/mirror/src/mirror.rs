//! A copy of the list in a folder.

use crate::fetch::{Fetched, Fresh, MirrorError, Remembered, fetch};
use crate::source::Source;
use dtsec_log::{CheckpointError, Hash, Note, Tiles, tile, tree as merkle};
use dtsec_publish::history::{Leaf, PartName};
use dtsec_publish::publisher::{CHECKPOINT, MANIFEST, Manifest, checkpoint_path, object_path, sha256};
use dtsec_publish::tree::{Tree, TreeError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// The root that was trusted first.
const ROOT: &str = ".mirror/root.json";
/// The newest root that was believed: nobody leads back behind it.
const NEWEST_ROOT: &str = ".mirror/newest-root.json";
/// What is remembered. It is written last.
const STATE: &str = ".mirror/state.json";
/// What TUF's client remembers.
const DATASTORE: &str = ".mirror/tuf";
/// The same while a list is looked at.
const TRIAL: &str = ".mirror/trial";

/// A copy of the list. Any web server can serve it on.
#[derive(Debug, Clone)]
pub struct Mirror {
    tree: Tree,
}

/// What a look at the source brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Synced {
    /// As of when the copy is now.
    pub fresh: Fresh,
    /// The version of the list.
    pub version: u64,
    /// Leaves that are new.
    pub leaves: Vec<Leaf>,
    /// How many parts it has.
    pub parts: usize,
    /// Bytes that were fetched as parts, pages and files of the list; without what is signed.
    pub bytes: u64,
}

/// A leaf, and that it is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proven {
    /// Its number in the log.
    pub number: u64,
    /// The leaf.
    pub leaf: Leaf,
    /// The path from it to the root that is signed, in hexadecimal digits.
    pub proof: Vec<String>,
}

/// What two copies have different.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// In the second only.
    pub added: BTreeSet<PartName>,
    /// In both, and not the same.
    pub changed: BTreeSet<PartName>,
    /// In the first only.
    pub gone: BTreeSet<PartName>,
    /// What the log of the second says that happened since.
    pub leaves: Vec<Leaf>,
}

impl Mirror {
    /// A folder.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { tree: Tree::new(folder.as_ref()) }
    }

    /// A tree.
    pub fn over(tree: Tree) -> Self {
        Self { tree }
    }

    /// The folder as a tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Trusts a root, from which all others follow. A copy that follows a list already keeps its own.
    ///
    /// # Errors
    /// [`MirrorError::Tree`]; [`MirrorError::Damaged`] for one that is none.
    pub fn trust(&self, root: &[u8]) -> Result<(), MirrorError> {
        for path in [ROOT, NEWEST_ROOT] {
            if let Some(before) = self.tree.get(path)?
                && is_same(&before, root)
            {
                return Ok(());
            }
        }
        if self.tree.has(ROOT)? {
            return Err(MirrorError::OtherRoot);
        }
        let parsed = serde_json::from_slice::<tough::schema::Signed<tough::schema::Root>>(root);
        let whole = parsed
            .map_err(|error| error.to_string())
            .and_then(|root| root.signed.verify_role(&root).map_err(|error| error.to_string()));
        whole.map_err(|problem| MirrorError::Damaged { path: "the root".to_owned(), problem })?;
        Ok(self.tree.put(ROOT, root)?)
    }

    fn remembered(&self) -> Result<Option<Remembered>, MirrorError> {
        let Some(bytes) = self.tree.get(STATE)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| MirrorError::Damaged {
            path: STATE.to_owned(),
            problem: error.to_string(),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// How fresh the copy is; none where it has never been filled.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn fresh(&self) -> Result<Option<Fresh>, MirrorError> {
        Ok(self.remembered()?.map(|remembered| remembered.fresh))
    }

    /// The version of the list that the copy has; none where it has never been filled.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn version(&self) -> Result<Option<u64>, MirrorError> {
        Ok(self.remembered()?.map(|remembered| remembered.version))
    }

    /// Fetches what is new. With `pages`, pages and feeds as well: then the copy can be served and read offline.
    ///
    /// # Errors
    /// [`MirrorError`], each attack by its name; then the copy is what it was.
    pub async fn sync(&self, source: &Source, pages: bool, now: Timestamp) -> Result<Synced, MirrorError> {
        let first = self.tree.get(ROOT)?.ok_or(MirrorError::NoRoot)?;
        let _lock = self.tree.lock()?.ok_or(MirrorError::Busy)?;
        let root = self.tree.get(NEWEST_ROOT)?.unwrap_or(first);
        let had = self.remembered()?;
        // TUF's client notes what it believes at once; here it is believed only when the log agrees.
        let trial = self.tree.place(TRIAL);
        let told = |error| TreeError { path: trial.clone(), error };
        emptied(&trial).map_err(told)?;
        for name in names(&self.tree.place(DATASTORE)).map_err(told)? {
            std::fs::copy(self.tree.place(DATASTORE).join(&name), trial.join(&name)).map_err(told)?;
        }
        let got = fetch(source, &root, &trial, had.as_ref(), &self.tree).await?;
        if let Some(since) = got.remembered.fresh.stale_at(now) {
            return Err(MirrorError::Frozen { since });
        }
        let mut bytes = got.targets.values().map(|target| target.len() as u64).sum();
        // Everything under its digest first: nobody looks there who was not told.
        let parts = got.manifest.parts.iter().map(|(name, digest)| (name.path(), digest.clone()));
        let files =
            got.manifest.files.iter().filter(|_| pages).map(|(path, digest)| (path.clone(), digest.clone()));
        let wanted: Vec<(String, String)> = parts.chain(files).collect();
        let (mut writing, mut waiting) = (self.tree.writing(), BTreeSet::new());
        for (path, digest) in &wanted {
            let object = object_path(digest);
            if !waiting.insert(digest) || self.tree.has(&object)? {
                continue;
            }
            let content = source.get(&object).await?;
            if &sha256(&content) != digest {
                return Err(MirrorError::Digest { path: path.clone() });
            }
            bytes += content.len() as u64;
            writing.put(&object, &content)?;
        }
        writing.done()?;
        self.keep(&got, &wanted)?;
        for name in names(&trial).map_err(told)? {
            let bytes = std::fs::read(trial.join(&name)).map_err(told)?;
            self.tree.put_changed(&format!("{DATASTORE}/{name}"), &bytes)?;
        }
        let Fetched { remembered, leaves, manifest, .. } = got;
        let (fresh, version) = (remembered.fresh, remembered.version);
        Ok(Synced { fresh, version, leaves, parts: manifest.parts.len(), bytes })
    }

    /// Keeps what was fetched; what it remembers last, so that a crash leaves a copy that syncs again.
    fn keep(&self, got: &Fetched, wanted: &[(String, String)]) -> Result<(), MirrorError> {
        for (path, tile) in &got.tiles {
            self.tree.put_changed(path, tile)?;
        }
        for (name, content) in &got.targets {
            self.tree.put_changed(&format!("targets/{}.{name}", sha256(content)), content)?;
        }
        let mut writing = self.tree.writing();
        for (path, digest) in wanted {
            let content = self.object(digest)?;
            writing.put_changed(path, &content)?;
        }
        writing.done()?;
        for (path, document) in got.metadata.iter().filter(|(path, _)| !path.ends_with("timestamp.json")) {
            self.tree.put_changed(path, document)?;
        }
        self.tree.put_changed(&checkpoint_path(got.manifest.log.size), &got.checkpoint)?;
        self.tree.put_changed(CHECKPOINT, &got.checkpoint)?;
        if let Some(document) = got.metadata.get("metadata/timestamp.json") {
            self.tree.put_changed("metadata/timestamp.json", document)?;
        }
        let name = format!(".mirror/{MANIFEST}");
        self.tree.put_changed(&name, got.targets.get(MANIFEST).map_or(&[][..], Vec::as_slice))?;
        if let Some(newest) = got.metadata.get(&format!("metadata/{}.root.json", got.root)) {
            self.tree.put_changed(NEWEST_ROOT, newest)?;
        }
        let state = serde_json::to_vec(&got.remembered)
            .map_err(|error| MirrorError::Damaged { path: STATE.to_owned(), problem: error.to_string() })?;
        self.tree.put_changed(STATE, &state)?;
        Ok(())
    }

    fn object(&self, digest: &str) -> Result<Vec<u8>, MirrorError> {
        let path = object_path(digest);
        let damaged =
            |problem: &str| MirrorError::Damaged { path: path.clone(), problem: problem.to_owned() };
        let content = self.tree.get(&path)?.ok_or_else(|| damaged("it is not there"))?;
        if sha256(&content) != digest {
            return Err(damaged("it is not what was signed"));
        }
        Ok(content)
    }

    /// Looks at the copy itself as a stranger would who has the first root: every signature, the whole log, every part, and what the
    /// copy says of itself. For a copy that others made, `root` is one that they did not bring.
    ///
    /// # Errors
    /// [`MirrorError`]. That it is stale is no error: it is said.
    pub async fn check(&self, root: Option<&[u8]>) -> Result<(Fresh, u64), MirrorError> {
        let root = match root {
            Some(root) => root.to_vec(),
            None => self.tree.get(ROOT)?.ok_or(MirrorError::NoRoot)?,
        };
        let source = Source::new(&self.tree.root().display().to_string())?;
        // Elsewhere: a copy may lie on what cannot be written.
        let told = |error| TreeError { path: std::env::temp_dir(), error };
        let empty = tempfile::tempdir().map_err(told)?;
        let no_tiles = Tree::new(empty.path().join("no-tiles"));
        let got = fetch(&source, &root, empty.path(), None, &no_tiles).await?;
        for (name, digest) in &got.manifest.parts {
            self.object(digest)?;
            if self.tree.get(&name.path())?.is_none_or(|content| &sha256(&content) != digest) {
                return Err(MirrorError::Digest { path: name.path() });
            }
        }
        let had = self.remembered()?.ok_or(MirrorError::NoRoot)?;
        if had.size > got.remembered.size {
            return Err(MirrorError::LogWentBack { seen: had.size, now: got.remembered.size });
        }
        let other = |path: &str| MirrorError::Damaged {
            path: path.to_owned(),
            problem: "it is not what was signed".to_owned(),
        };
        if had != got.remembered {
            return Err(other(STATE));
        }
        if self.manifest()? != got.manifest {
            return Err(other(MANIFEST));
        }
        let (size, root) = self.checkpoint()?;
        if (size, hex::encode(root)) != (got.manifest.log.size, got.manifest.log.root) {
            return Err(other(CHECKPOINT));
        }
        Ok((got.remembered.fresh, got.remembered.size))
    }

    /// The manifest of the copy.
    ///
    /// # Errors
    /// [`MirrorError::NoRoot`] where the copy has never been filled.
    pub fn manifest(&self) -> Result<Manifest, MirrorError> {
        let path = format!(".mirror/{MANIFEST}");
        let bytes = self.tree.get(&path)?.ok_or(MirrorError::NoRoot)?;
        Manifest::parse(&bytes).map_err(|problem| MirrorError::Damaged { path, problem })
    }

    /// A part as it is in the copy; none where there is no such part.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn part(&self, name: &PartName) -> Result<Option<Value>, MirrorError> {
        let manifest = self.manifest()?;
        let Some(digest) = manifest.parts.get(name) else { return Ok(None) };
        let content = self.object(digest)?;
        let damaged =
            |error: serde_json::Error| MirrorError::Damaged { path: name.path(), problem: error.to_string() };
        serde_json::from_slice(&content).map(Some).map_err(damaged)
    }

    /// Every part of these kinds, as it was signed, in the order of their names.
    ///
    /// # Errors
    /// [`MirrorError`]; also for each part that is not what was signed.
    pub fn parts_of(
        &self,
        kinds: &[&str],
    ) -> Result<impl Iterator<Item = Result<(PartName, Vec<u8>), MirrorError>>, MirrorError> {
        let mut parts = self.manifest()?.parts;
        parts.retain(|name, _| kinds.contains(&name.kind()));
        Ok(parts.into_iter().map(|(name, digest)| Ok((name, self.object(&digest)?))))
    }

    /// What the log says of a part, or of all, each with the proof that it does.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub fn history(&self, of: Option<&PartName>) -> Result<Vec<Proven>, MirrorError> {
        let size = self.remembered()?.ok_or(MirrorError::NoRoot)?.size;
        let mut tiles = Tiles::new(&self.tree, size);
        let told = |error: dtsec_log::TileError<_>| MirrorError::Tile(ToString::to_string(&error));
        let root = merkle::root(&mut tiles, size).map_err(told)?;
        if self.checkpoint()? != (size, root) {
            let problem = "it is not that of the log's tiles".to_owned();
            return Err(MirrorError::Damaged { path: CHECKPOINT.to_owned(), problem });
        }
        let mut history = Vec::new();
        for index in 0..size.div_ceil(tile::WIDTH) {
            for (number, entry) in (index * tile::WIDTH..).zip(tiles.bundle(index).map_err(told)?) {
                let leaf = Leaf::parse(&entry).map_err(|problem| MirrorError::Leaf { number, problem })?;
                if of.is_some_and(|name| name != &leaf.part) {
                    continue;
                }
                let path: Vec<Hash> = merkle::inclusion(&mut tiles, number, size).map_err(told)?;
                if !merkle::is_included(&merkle::leaf_hash(&entry), number, size, &path, &root) {
                    let problem = "its tiles do not lead to the root".to_owned();
                    return Err(MirrorError::Leaf { number, problem });
                }
                history.push(Proven { number, leaf, proof: path.iter().map(hex::encode).collect() });
            }
        }
        Ok(history)
    }

    /// The checkpoint of the copy, signed by those who were to sign it.
    fn checkpoint(&self) -> Result<(u64, Hash), MirrorError> {
        let policy = self.remembered()?.ok_or(MirrorError::NoRoot)?.policy;
        let damaged =
            |problem: &str| MirrorError::Damaged { path: CHECKPOINT.to_owned(), problem: problem.to_owned() };
        let bytes = self.tree.get(CHECKPOINT)?.ok_or_else(|| damaged("it is not there"))?;
        let note = Note::parse(&bytes).map_err(CheckpointError::from)?;
        let shown = policy.policy().map_err(CheckpointError::from)?.believe(&note)?;
        Ok((shown.size, shown.root))
    }

    /// What another copy has that this one has not: the other one is the later one.
    ///
    /// # Errors
    /// [`MirrorError::SplitView`] where their logs are not one; [`MirrorError::LogWentBack`] where the other is the earlier one.
    pub fn diff(&self, later: &Self) -> Result<Difference, MirrorError> {
        let (old, new) = (self.manifest()?, later.manifest()?);
        let (seen, now) = (old.log.size, new.log.size);
        if now < seen {
            return Err(MirrorError::LogWentBack { seen, now });
        }
        let told = |error: dtsec_log::TileError<_>| MirrorError::Tile(ToString::to_string(&error));
        let before = merkle::root(&mut Tiles::new(&self.tree, seen), seen).map_err(told)?;
        let same = merkle::root(&mut Tiles::new(&later.tree, now), seen).map_err(told)?;
        if before != same {
            return Err(MirrorError::SplitView { seen, now });
        }
        let mut difference = Difference::default();
        for (name, digest) in &new.parts {
            match old.parts.get(name) {
                None => _ = difference.added.insert(name.clone()),
                Some(before) if before != digest => _ = difference.changed.insert(name.clone()),
                Some(_) => {}
            }
        }
        difference.gone = old.parts.keys().filter(|name| !new.parts.contains_key(*name)).cloned().collect();
        let since = later.history(None)?.into_iter().filter(|one| one.number >= seen);
        difference.leaves = since.map(|one| one.leaf).collect();
        Ok(difference)
    }
}

/// An empty folder in that place.
fn emptied(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::create_dir_all(folder),
    }
}

/// The names of the files in a folder; none where it is not there.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
    }
}

/// Whether two documents are one, however they are written.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    read(one).is_some_and(|one| read(other) == Some(one))
}
