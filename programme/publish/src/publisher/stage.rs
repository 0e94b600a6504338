//! Before anybody sees it: what is staged, looked at and signed.

use super::manifest::{LogState, Manifest, is_own, object_path, sha256};
use super::{
    Content, Event, File, LOG, MANIFEST, PublishError, Publisher, RESTATED, Review, Staged, Version,
    continues, damaged, told,
};
use crate::history::{Leaf, PartName};
use crate::key::{KeyError, RoleKey};
use crate::root::{self, SPEC_VERSION};
use crate::tree::{TreeError, Writing};
use dtsec_log::{Tiles, tile, tree as merkle};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;
use tough::TargetName;
use tough::schema::{self, Hashes, Root, Signed, Target, Targets};

impl Publisher {
    /// Stages what follows from events: those that the log has already are passed over. `render` makes pages and feeds, given the
    /// parts that are not what everybody sees; what it leaves out stays as it is. What was staged before and not released is gone.
    ///
    /// # Errors
    /// [`PublishError`]; then nothing that anybody sees has changed.
    pub fn stage<E: std::error::Error + Send + Sync + 'static>(
        &self,
        events: &[Event],
        content: &Content,
        render: impl FnOnce(&BTreeSet<PartName>) -> Result<Vec<File>, E>,
        by: &[&RoleKey],
        now: Timestamp,
    ) -> Result<Staged, PublishError> {
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
        for (path, bytes) in render(&unseen).map_err(|error| PublishError::Render(Box::new(error)))? {
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
        let own = [(MANIFEST, json(&manifest)?), (LOG, json(&self.log)?)];
        for (name, bytes) in own {
            let target = self.target(name, &bytes)?;
            let name = TargetName::new(name).map_err(|_| PublishError::Name(name.to_owned()))?;
            targets.targets.insert(name, target);
        }
        let mut targets = Signed { signed: targets, signatures: Vec::new() };
        for key in by {
            if !root::holds(&root.signed, root::RoleName::Targets, key) {
                return Err(PublishError::NoRole("targets"));
            }
            key.sign(&mut targets)?;
        }
        self.staging.put(&format!("metadata/{version}.targets.json"), &root::bytes(&targets)?)?;
        Ok(Staged {
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

    fn target(&self, name: &str, bytes: &[u8]) -> Result<Target, PublishError> {
        let digest = sha256(bytes);
        self.staging.put(&format!("targets/{digest}.{name}"), bytes)?;
        let sha256 = Sha256::digest(bytes).to_vec().into();
        let hashes = Hashes { sha256, _extra: HashMap::new() };
        Ok(Target { length: bytes.len() as u64, hashes, custom: HashMap::new(), _extra: HashMap::new() })
    }

    pub(super) fn staged(&self) -> Result<Version, PublishError> {
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
}

/// What is not the same there, or not at all.
fn differing<K: Ord + Clone>(new: &BTreeMap<K, String>, old: &BTreeMap<K, String>) -> Vec<K> {
    new.iter().filter(|(name, digest)| old.get(name) != Some(digest)).map(|(name, _)| name.clone()).collect()
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
pub(super) fn quorum(root: &Root, targets: &Signed<Targets>) -> (u64, u64) {
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
