//! A programme with keys, a tree, and clients that read it. The mirror's tests use it as well.

#![allow(dead_code, reason = "each of the two uses what it needs")]

use dtsec_log::witness::{Remembered, cosign};
use dtsec_log::{Checkpoint, Hash, Key, Kind, Note, NoteSigner, Policy, Signature, Tiles, tree as merkle};
use dtsec_publish::key::RoleKey;
use dtsec_publish::publisher::{File, LogPolicy, PublishError, object_path, sha256};
use dtsec_publish::tree::Tree;
use dtsec_publish::witness::Witness;
use dtsec_publish::{Content, Event, Holders, Leaf, Manifest, PartName, Publisher, Roles, Signers, Staged};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tempfile::TempDir;
use tough::schema::{Root, Signed};
use tough::{
    ExpirationEnforcement, FilesystemTransport, IntoVec as _, Repository, RepositoryLoader, TargetName,
};
use url::Url;

pub(crate) use std::convert::Infallible as Never;

/// No page at all.
pub(crate) fn no_pages(_: &BTreeSet<PartName>) -> Result<Vec<File>, Never> {
    Ok(Vec::new())
}

/// Where a part's page lies.
pub(crate) fn page_of(name: &PartName) -> String {
    format!("pages/{}.html", name.as_str().replace('/', "-"))
}

/// A log's or a witness's key.
pub(crate) fn signer(name: &str, kind: Kind) -> NoteSigner {
    RoleKey::generate().unwrap().note_signer(name, kind).unwrap()
}

/// A witness with his memory.
pub(crate) struct Watching {
    pub(crate) signer: NoteSigner,
    pub(crate) log: Key,
    pub(crate) remembered: Remembered,
}

impl Watching {
    pub(crate) fn new(name: &str, log: &NoteSigner) -> Self {
        let (log, remembered) = (log.public().clone(), Remembered::nothing());
        Self { signer: signer(name, Kind::Cosignature), log, remembered }
    }
}

impl Witness for Watching {
    fn cosign(
        &mut self,
        note: &Note,
        prove: &mut dyn FnMut(u64) -> Option<Vec<Hash>>,
    ) -> Result<Signature, String> {
        let old = self.remembered.size;
        let proof = prove(old).unwrap_or_default();
        let (remembered, signature) =
            cosign(&self.signer, &self.log, self.remembered, (old, &proof), note, 1)
                .map_err(|error| error.to_string())?;
        self.remembered = remembered;
        Ok(signature)
    }
}

pub(crate) struct Keys {
    pub(crate) root: Vec<RoleKey>,
    pub(crate) targets: Vec<RoleKey>,
    pub(crate) snapshot: RoleKey,
    pub(crate) timestamp: RoleKey,
    pub(crate) log: NoteSigner,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let key = || RoleKey::generate().unwrap();
        let three = || (0..3).map(|_| key()).collect();
        let log = key().note_signer("list.example", Kind::Note).unwrap();
        Self { root: three(), targets: three(), snapshot: key(), timestamp: key(), log }
    }

    pub(crate) fn roles(&self) -> Roles {
        let held = |keys: &[RoleKey], threshold| Holders {
            keys: keys.iter().map(RoleKey::public).collect(),
            threshold,
        };
        Roles {
            root: held(&self.root, 2),
            targets: held(&self.targets, 2),
            snapshot: held(std::slice::from_ref(&self.snapshot), 1),
            timestamp: held(std::slice::from_ref(&self.timestamp), 1),
        }
    }
}

pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) keys: Keys,
    pub(crate) witness: Watching,
    /// One whose place another has taken, and who signs a last time.
    pub(crate) leaving: Option<Watching>,
    pub(crate) first: Signed<Root>,
    pub(crate) content: Content,
    /// What each part is, whether the next publication names it or not.
    states: BTreeMap<PartName, serde_json::Value>,
}

pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

pub(crate) fn part(name: &str) -> PartName {
    name.parse().unwrap()
}

pub(crate) fn event(seq: i64, tag: &str, parts: &[&str]) -> Event {
    Event {
        seq,
        at: "2026-11-22T10:00:00Z".parse().unwrap(),
        tag: tag.to_owned(),
        parts: parts.iter().map(|name| part(name)).collect(),
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let keys = Keys::new();
        let mut first = keys.roles().root(None, now(), now() + SignedDuration::from_hours(24 * 365)).unwrap();
        keys.root[..2].iter().for_each(|key| key.sign(&mut first).unwrap());
        let witness = Watching::new("witness.example", &keys.log);
        let whole = ["entry", "lab"].map(str::to_owned).into();
        let content = Content { whole, ..Content::default() };
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            keys,
            witness,
            leaving: None,
            first,
            content,
            states: BTreeMap::new(),
        };
        desk.publisher(desk.tree()).unwrap().install_root(&desk.first).unwrap();
        desk
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("tree")
    }

    pub(crate) fn tree(&self) -> Tree {
        Tree::new(self.path())
    }

    pub(crate) fn policy(&self) -> LogPolicy {
        LogPolicy {
            log: self.keys.log.public().to_string(),
            witnesses: vec![self.witness.signer.public().to_string()],
            quorum: 1,
        }
    }

    pub(crate) fn publisher(&self, tree: Tree) -> Result<Publisher, PublishError> {
        Publisher::new(tree, self.policy(), Default::default())
    }

    /// Sets what an entry is.
    pub(crate) fn set(&mut self, name: &str, state: &str) {
        let state = json!({ "state": state });
        self.states.insert(part(name), state.clone());
        self.content.parts.insert(part(name), state);
    }

    pub(crate) fn page(&self, changed: &BTreeSet<PartName>) -> Vec<(String, Vec<u8>)> {
        let page = |name: &PartName| {
            let state = self.content.parts.get(name).or_else(|| self.states.get(name));
            (page_of(name), state.expect("it was set").to_string().into_bytes())
        };
        changed.iter().map(page).collect()
    }

    pub(crate) fn publish(&mut self, events: &[Event]) -> Result<Staged, PublishError> {
        self.publish_to(self.tree(), events)
    }

    pub(crate) fn publish_to(&mut self, tree: Tree, events: &[Event]) -> Result<Staged, PublishError> {
        let publisher = self.publisher(tree)?;
        let by: Vec<&RoleKey> = self.keys.targets[..2].iter().collect();
        let staged = publisher.stage(
            events,
            &self.content,
            |changed| Ok::<_, Never>(self.page(changed)),
            &by,
            now(),
        )?;
        let mut signers = Signers {
            snapshot: &self.keys.snapshot,
            timestamp: &self.keys.timestamp,
            log: &self.keys.log,
            witnesses: std::iter::once(&mut self.witness)
                .chain(self.leaving.as_mut())
                .map(|one| one as &mut dyn Witness)
                .collect(),
        };
        publisher.release(&mut signers, now())?;
        Ok(staged)
    }

    /// What a client has that began with the first root and keeps what it saw in a folder.
    pub(crate) async fn client(&self, datastore: &Path) -> Result<Repository, tough::error::Error> {
        let url = |folder: &str| Url::from_directory_path(self.path().join(folder)).unwrap();
        let root = serde_json::to_vec(&self.first).unwrap();
        RepositoryLoader::new(&root, url("metadata"), url("targets"))
            .transport(FilesystemTransport)
            .datastore(datastore)
            .expiration_enforcement(ExpirationEnforcement::Safe)
            .load()
            .await
    }

    /// Reads everything as a new client, holds list and log against each other, and gives manifest and leaves.
    pub(crate) async fn read(&self) -> (Manifest, Vec<Leaf>) {
        let memory = tempfile::tempdir().unwrap();
        let repository = self.client(memory.path()).await.unwrap();
        let target = async |name: &str| {
            let stream = repository.read_target(&TargetName::new(name).unwrap()).await.unwrap().unwrap();
            stream.into_vec().await.unwrap()
        };
        let manifest: Manifest = serde_json::from_slice(&target("manifest.json").await).unwrap();
        let log: LogPolicy = serde_json::from_slice(&target("log.json").await).unwrap();
        let tree = self.tree();
        for (name, digest) in &manifest.parts {
            assert_eq!(&sha256(&tree.get(&name.path()).unwrap().unwrap()), digest, "{name}");
            assert!(tree.has(&object_path(digest)).unwrap());
        }
        for (path, digest) in &manifest.files {
            assert_eq!(&sha256(&tree.get(path).unwrap().unwrap()), digest, "{path}");
        }
        let note = Note::parse(&tree.get("checkpoint").unwrap().unwrap()).unwrap();
        let policy: Policy = log.policy().unwrap();
        let checkpoint: Checkpoint = policy.believe(&note).unwrap();
        assert_eq!(
            (checkpoint.size, hex::encode(checkpoint.root)),
            (manifest.log.size, manifest.log.root.clone())
        );
        let mut tiles = Tiles::new(&tree, checkpoint.size);
        assert_eq!(merkle::root(&mut tiles, checkpoint.size).unwrap(), checkpoint.root);
        let bundles = (0..checkpoint.size.div_ceil(256)).map(|index| tiles.bundle(index).unwrap());
        let leaves: Vec<Leaf> = bundles.flatten().map(|entry| Leaf::parse(&entry).unwrap()).collect();
        let mut last = BTreeMap::new();
        for leaf in &leaves {
            if let Some(state) = &leaf.state {
                last.insert(leaf.part.clone(), state.clone());
            }
        }
        assert_eq!(last, manifest.parts, "what the log says last of each part is what is published");
        (manifest, leaves)
    }
}
