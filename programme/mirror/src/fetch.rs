//! One look at a published tree: everything that is signed, held against each other and against what was seen before.

use crate::source::{Source, SourceError};
use dtsec_log::{CheckpointError, Hash, Note, Sink, TileError, Tiles, tile, tree as merkle};
use dtsec_publish::history::{Leaf, PartName};
use dtsec_publish::publisher::{
    CHECKPOINT, LOG, LogPolicy, MANIFEST, Manifest, checkpoint_path, is_file_name, sha256,
};
use dtsec_publish::root;
use dtsec_publish::tree::{Tree, TreeError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use tough::error::Error as TufError;
use tough::schema::{Root, Signed};
use tough::{ExpirationEnforcement, IntoVec as _, Repository, RepositoryLoader, TargetName};

/// As of when a list is, and until when it is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fresh {
    /// As of when.
    pub as_of: Timestamp,
    /// Until when its publisher stands by it.
    pub until: Timestamp,
}

impl Fresh {
    /// Since when it is stale, if it is.
    pub fn stale_at(&self, now: Timestamp) -> Option<Timestamp> {
        (now >= self.until).then_some(self.until)
    }
}

/// Why a list is not believed, each by its name. What was there before is kept.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// It could not be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The copy cannot be read or written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Somebody else fills the copy.
    #[error("somebody else is filling this copy; wait until that has ended")]
    Busy,
    /// Signatures are missing or wrong.
    #[error("not signed by those who hold the role: {0}")]
    Signature(String),
    /// An older list than one that was seen.
    #[error("rollback: {0}; a newer list was seen before")]
    Rollback(String),
    /// The list is not renewed any more: somebody may be holding back a newer one.
    #[error("frozen: it was good until {since}, and nothing newer is shown")]
    Frozen {
        /// Since when.
        since: Timestamp,
    },
    /// Files of two lists.
    #[error("a mixture of two lists: {0}")]
    Mixture(String),
    /// Something else is wrong with what is signed.
    #[error("{0}")]
    Tuf(String),
    /// A checkpoint that is not to be believed.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log has other keys, and those who watched it have not seen that it is the same one.
    #[error(
        "the log was {before}, and is {now}; of the witnesses from before too few have signed that it is the same one. Ask the \
         working group, and begin a new copy if it confirms it"
    )]
    OtherLog {
        /// What was remembered.
        before: String,
        /// What is there.
        now: String,
    },
    /// The log shows one past here, and showed another one before.
    #[error(
        "split view: the log with {now} entries does not continue the one with {seen} that was seen before; \
         keep this copy as evidence"
    )]
    SplitView {
        /// The size that was seen.
        seen: u64,
        /// The size that is shown.
        now: u64,
    },
    /// The log is shorter than it was.
    #[error("the log went back from {seen} entries to {now}")]
    LogWentBack {
        /// The size that was seen.
        seen: u64,
        /// The size that is shown.
        now: u64,
    },
    /// A tile is missing, or of the wrong size.
    #[error("the log: {0}")]
    Tile(String),
    /// An entry of the log is none.
    #[error("entry {number} of the log is damaged: {problem}")]
    Leaf {
        /// Which.
        number: u64,
        /// What is wrong.
        problem: String,
    },
    /// Taken off the list, and the log says nothing of it.
    #[error("quietly removed: {0} is in the log and not in the list")]
    QuietRemoval(PartName),
    /// On the list, and the log has never heard of it.
    #[error("quietly listed: {0} is in the list and not in the log")]
    QuietListing(PartName),
    /// It is not what the log says that it is: it was changed, or put back on the list.
    #[error("quietly changed: {0} is not what the log says last of it")]
    QuietChange(PartName),
    /// A file does not have the digest that was signed.
    #[error("{path} is not the file that was signed")]
    Digest {
        /// Which.
        path: String,
    },
    /// Another root than the one that the copy began with.
    #[error("this copy follows a list from another root; begin a new copy, in another folder")]
    OtherRoot,
    /// There is no root to begin with.
    #[error(
        "this folder does not follow a list yet: give the first root (--root), from a source that you trust"
    )]
    NoRoot,
    /// What the copy remembers is damaged.
    #[error("{path} is damaged: {problem}; begin a new copy")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// What a copy remembers of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Remembered {
    /// The log's keys.
    pub(crate) policy: LogPolicy,
    /// Its size.
    pub(crate) size: u64,
    /// What it said last of each part.
    pub(crate) last: BTreeMap<PartName, String>,
    /// The list's freshness.
    pub(crate) fresh: Fresh,
    /// The version of the targets.
    pub(crate) version: u64,
}

/// What was fetched and fits together.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) manifest: Manifest,
    pub(crate) targets: BTreeMap<String, Vec<u8>>,
    pub(crate) checkpoint: Vec<u8>,
    /// Tiles that are new.
    pub(crate) tiles: BTreeMap<String, Vec<u8>>,
    /// Leaves that are new.
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) remembered: Remembered,
    /// The version of the root.
    pub(crate) root: u64,
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
}

/// Tiles that were there, and those that are new, in memory until they are known to be right.
struct Overlay<'a> {
    below: &'a Tree,
    above: BTreeMap<String, Vec<u8>>,
}

impl dtsec_log::Source for &mut Overlay<'_> {
    type Error = TreeError;

    fn read(&mut self, path: &str) -> Result<Vec<u8>, TreeError> {
        match self.above.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => dtsec_log::Source::read(&mut self.below, path),
        }
    }
}

impl Sink for &mut Overlay<'_> {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), TreeError> {
        self.above.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// Looks at a source as somebody who trusts a root, remembers a list, and has the tiles of its log.
pub(crate) async fn fetch(
    source: &Source,
    root: &[u8],
    datastore: &Path,
    had: Option<&Remembered>,
    copy: &Tree,
) -> Result<Fetched, MirrorError> {
    let repository = RepositoryLoader::new(&root, source.join("metadata/")?, source.join("targets/")?)
        .transport(source.clone())
        .datastore(datastore)
        // How fresh it is, is said and not decided here.
        .expiration_enforcement(ExpirationEnforcement::Unsafe)
        .load()
        .await
        .map_err(told)?;
    let version = repository.targets().signed.version.get();
    if let Some(had) = had.filter(|had| had.version > version) {
        return Err(MirrorError::Rollback(format!(
            "the list has version {version}, and {} was seen",
            had.version
        )));
    }
    // A target's name is where it lies here: it must lead nowhere else.
    if let Some(name) = repository.targets().signed.targets.keys().find(|name| !is_file_name(name.raw())) {
        return Err(MirrorError::Tuf(format!("it names `{}`, which is no name of a file", name.raw())));
    }
    let mut targets = BTreeMap::new();
    for (name, target) in &repository.targets().signed.targets {
        let digest = hex::encode(&*target.hashes.sha256);
        // What is in the copy already need not come again.
        let had = copy.get(&format!("targets/{digest}.{}", name.raw()))?;
        let bytes = match had.filter(|had| sha256(had) == digest) {
            Some(had) => had,
            None => fetched(&repository, name).await?,
        };
        targets.insert(name.raw().to_owned(), bytes);
    }
    let manifest = targets.get(MANIFEST).map_or(&[][..], Vec::as_slice);
    let manifest =
        Manifest::parse(manifest).map_err(|problem| MirrorError::Tuf(format!("{MANIFEST}: {problem}")))?;
    let policy: LogPolicy = read(&targets, LOG)?;
    // The one of the list that was signed: a newer list may be on its way.
    let checkpoint = match source.get(&checkpoint_path(manifest.log.size)).await {
        Err(SourceError::Missing(_)) => source.get(CHECKPOINT).await?,
        found => found?,
    };
    let note = Note::parse(&checkpoint).map_err(CheckpointError::from)?;
    let believed = policy.policy().map(|policy| policy.believe(&note));
    let shown = believed.map_err(CheckpointError::from)??;
    if let Some(had) = had.filter(|had| had.policy != policy) {
        // Members may replace keys. That nobody is shown another log on this occasion is for the earlier witnesses to say.
        let log = policy.policy().map_err(CheckpointError::from)?.log;
        let before = had.policy.policy().map_err(CheckpointError::from)?;
        if (dtsec_log::Policy { log, ..before }).believe(&note).is_err() {
            let shown =
                |policy: &LogPolicy| format!("{} with {} witnesses", policy.log, policy.witnesses.len());
            return Err(MirrorError::OtherLog { before: shown(&had.policy), now: shown(&policy) });
        }
    }
    if (shown.size, hex::encode(shown.root)) != (manifest.log.size, manifest.log.root.clone()) {
        return Err(MirrorError::Mixture(format!(
            "the checkpoint has {} entries, the list rests on {}; while something is being published, try again",
            shown.size, manifest.log.size
        )));
    }
    let seen = had.map_or(0, |had| had.size);
    if shown.size < seen {
        return Err(MirrorError::LogWentBack { seen, now: shown.size });
    }
    let (tiles, leaves) = continued(source, copy, seen, shown.size, &shown.root).await?;
    let mut last = had.map(|had| had.last.clone()).unwrap_or_default();
    for leaf in &leaves {
        if let Some(state) = &leaf.state {
            last.insert(leaf.part.clone(), state.clone());
        }
    }
    agree(&last, &manifest.parts)?;
    let (metadata, until) = signed(source, root, &repository).await?;
    let fresh = Fresh { as_of: manifest.at, until };
    let remembered = Remembered { policy, size: shown.size, last, fresh, version };
    let root = repository.root().signed.version.get();
    Ok(Fetched { manifest, targets, checkpoint, tiles, leaves, remembered, root, metadata })
}

/// Appends what is new to the log that is there, and holds the root of that against the one that is shown.
async fn continued(
    source: &Source,
    copy: &Tree,
    seen: u64,
    now: u64,
    root: &Hash,
) -> Result<(BTreeMap<String, Vec<u8>>, Vec<Leaf>), MirrorError> {
    let mut entries = Vec::new();
    for index in seen / tile::WIDTH..now.div_ceil(tile::WIDTH) {
        let width = (now - index * tile::WIDTH).min(tile::WIDTH);
        let path = tile::entries_path(index, width);
        let bytes = source.get(&path).await?;
        let mut one = Tiles::new(One { path, bytes }, now);
        let bundle = one.bundle(index).map_err(|error| MirrorError::Tile(error.to_string()))?;
        let skip = seen.saturating_sub(index * tile::WIDTH) as usize;
        if skip > 0 {
            let had =
                Tiles::new(copy, seen).bundle(index).map_err(|error| MirrorError::Tile(error.to_string()))?;
            if !bundle.starts_with(&had) {
                return Err(MirrorError::SplitView { seen, now });
            }
        }
        entries.extend(bundle.into_iter().skip(skip));
    }
    let mut overlay = Overlay { below: copy, above: BTreeMap::new() };
    let tiles = |error: TileError<TreeError>| MirrorError::Tile(error.to_string());
    let mut grown = tile::append(&mut overlay, seen, &entries).map_err(tiles)?;
    if merkle::root(&mut grown, now).map_err(tiles)? != *root {
        return Err(MirrorError::SplitView { seen, now });
    }
    let leaf = |(at, entry): (usize, &Vec<u8>)| {
        Leaf::parse(entry).map_err(|problem| MirrorError::Leaf { number: seen + at as u64, problem })
    };
    let leaves = entries.iter().enumerate().map(leaf).collect::<Result<_, _>>()?;
    Ok((overlay.above, leaves))
}

/// One file as a source of tiles.
struct One {
    path: String,
    bytes: Vec<u8>,
}

impl dtsec_log::Source for One {
    type Error = std::convert::Infallible;

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Self::Error> {
        debug_assert_eq!(path, self.path);
        Ok(std::mem::take(&mut self.bytes))
    }
}

/// Whether list and log say the same of each part.
fn agree(log: &BTreeMap<PartName, String>, list: &BTreeMap<PartName, String>) -> Result<(), MirrorError> {
    for (name, digest) in list {
        match log.get(name) {
            None => return Err(MirrorError::QuietListing(name.clone())),
            Some(last) if last != digest => return Err(MirrorError::QuietChange(name.clone())),
            Some(_) => {}
        }
    }
    match log.keys().find(|name| !list.contains_key(*name)) {
        Some(gone) => Err(MirrorError::QuietRemoval(gone.clone())),
        None => Ok(()),
    }
}

async fn fetched(repository: &Repository, name: &TargetName) -> Result<Vec<u8>, MirrorError> {
    let missing = || MirrorError::Mixture(format!("{} is named and not there", name.raw()));
    let stream = repository.read_target(name).await.map_err(told)?.ok_or_else(missing)?;
    stream.into_vec().await.map_err(told)
}

fn read<T: serde::de::DeserializeOwned>(
    targets: &BTreeMap<String, Vec<u8>>,
    name: &str,
) -> Result<T, MirrorError> {
    let missing = || MirrorError::Mixture(format!("{name} is not among the targets"));
    let bytes = targets.get(name).ok_or_else(missing)?;
    serde_json::from_slice(bytes).map_err(|error| MirrorError::Tuf(format!("{name}: {error}")))
}

/// The documents that are signed, byte for byte, as they are to lie in the copy; and until when the first of them is good.
async fn signed(
    source: &Source,
    trusted: &[u8],
    repository: &Repository,
) -> Result<(BTreeMap<String, Vec<u8>>, Timestamp), MirrorError> {
    async fn same<T: serde::de::DeserializeOwned + PartialEq>(
        source: &Source,
        path: String,
        believed: &T,
    ) -> Result<(String, Vec<u8>), MirrorError> {
        let bytes = source.get(&path).await?;
        match serde_json::from_slice::<T>(&bytes) {
            Ok(read) if &read == believed => Ok((path, bytes)),
            _ => Err(MirrorError::Mixture(format!("{path} has changed while it was read; try again"))),
        }
    }
    let (root, targets) = (repository.root(), repository.targets());
    let (snapshot, timestamp) = (repository.snapshot(), repository.timestamp());
    let mut all = BTreeMap::new();
    let newest = root.signed.version.get();
    all.extend([same(source, format!("metadata/{newest}.root.json"), root).await?]);
    all.extend([same(source, format!("metadata/{}.targets.json", targets.signed.version), targets).await?]);
    all.extend(
        [same(source, format!("metadata/{}.snapshot.json", snapshot.signed.version), snapshot).await?],
    );
    all.extend([same(source, "metadata/timestamp.json".to_owned(), timestamp).await?]);
    // Whoever follows this copy begins with the root that was trusted here and needs each one after it.
    let damaged = |error: serde_json::Error| MirrorError::Tuf(format!("a root: {error}"));
    let mut before: Signed<Root> = serde_json::from_slice(trusted).map_err(damaged)?;
    let first = before.signed.version.get();
    if first < newest {
        all.insert(format!("metadata/{first}.root.json"), trusted.to_vec());
    }
    for version in first + 1..newest {
        let path = format!("metadata/{version}.root.json");
        let bytes = source.get(&path).await?;
        let root: Signed<Root> = serde_json::from_slice(&bytes).map_err(damaged)?;
        root::follows(Some(&before), &root).map_err(|error| MirrorError::Signature(error.to_string()))?;
        all.insert(path, bytes);
        before = root;
    }
    let ends =
        [root.signed.expires, targets.signed.expires, snapshot.signed.expires, timestamp.signed.expires];
    Ok((all, ends.into_iter().min().unwrap_or(Timestamp::MIN)))
}

/// What TUF's client says, by the name of the attack.
fn told(error: TufError) -> MirrorError {
    let text = error.to_string();
    match error {
        TufError::OlderMetadata { .. }
        | TufError::OlderSnapshotInTimestamp { .. }
        | TufError::SnapshotRoleRollback { .. } => MirrorError::Rollback(text),
        TufError::VerifyMetadata { .. }
        | TufError::VerifyTrustedMetadata { .. }
        | TufError::VerifyRoleMetadata { .. } => MirrorError::Signature(text),
        TufError::HashMismatch { .. }
        | TufError::VersionMismatch { .. }
        | TufError::SnapshotRoleMissing { .. } => MirrorError::Mixture(text),
        // Streams tell what is wrong with a file's digest as a failure of transport.
        TufError::Transport { ref source, .. } => {
            let mut cause: Option<&dyn std::error::Error> = Some(source);
            while let Some(one) = cause {
                if let Some(inner) = one.downcast_ref::<TufError>()
                    && matches!(inner, TufError::HashMismatch { .. } | TufError::MaxSizeExceeded { .. })
                {
                    return MirrorError::Mixture(inner.to_string());
                }
                match one.downcast_ref::<SourceError>() {
                    Some(SourceError::Missing(url)) if url.path().ends_with("/metadata/timestamp.json") => {
                        return SourceError::NoList(url.clone()).into();
                    }
                    Some(SourceError::Transport { url, problem }) => {
                        let (url, problem) = (url.clone(), problem.clone());
                        return SourceError::Transport { url, problem }.into();
                    }
                    _ => {}
                }
                cause = one.source();
            }
            MirrorError::Tuf(text)
        }
        _ => MirrorError::Tuf(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(all: &[(&str, &str)]) -> BTreeMap<PartName, String> {
        all.iter().map(|(name, digest)| (name.parse().unwrap(), (*digest).to_owned())).collect()
    }

    #[test]
    fn list_and_log_have_to_agree_on_every_part() {
        let log = parts(&[("entry/a", "1"), ("entry/b", "2")]);
        assert!(agree(&log, &log).is_ok());
        let told = |list: &[(&str, &str)]| agree(&log, &parts(list)).unwrap_err().to_string();
        assert!(told(&[("entry/a", "1")]).starts_with("quietly removed: entry/b"));
        assert!(
            told(&[("entry/a", "1"), ("entry/b", "2"), ("entry/c", "3")])
                .starts_with("quietly listed: entry/c")
        );
        assert!(told(&[("entry/a", "1"), ("entry/b", "1")]).starts_with("quietly changed: entry/b"));
    }

    #[test]
    fn a_list_is_stale_from_the_moment_at_which_it_ends() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let fresh = Fresh { as_of: at("2026-01-01T00:00:00Z"), until: at("2026-01-02T00:00:00Z") };
        assert_eq!(fresh.stale_at(at("2026-01-01T23:59:59Z")), None);
        assert_eq!(fresh.stale_at(at("2026-01-02T00:00:00Z")), Some(fresh.until));
    }
}
