//! What everybody sees: a release, and that it is fresh.

use super::manifest::{Manifest, checkpoint_path, object_path, sha256};
use super::stage::quorum;
use super::{
    CHECKPOINT, PLACING, PublishError, Publisher, SIGNED, Signers, TIMESTAMP, Version, continues, damaged,
};
use crate::root::{self, SPEC_VERSION};
use dtsec_log::{Checkpoint, CheckpointError, Key, Note, Policy, Tiles, tree as merkle};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use tough::schema::{self, Hashes, Metafile, Root, Signed, Snapshot};

impl Publisher {
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

    /// Releases what is staged: checkpoint, snapshot, timestamp, in this order. Answers with what everybody sees now.
    ///
    /// # Errors
    /// [`PublishError::Quorum`], [`PublishError::Witnesses`] and others; then what everybody sees is what it was.
    pub fn release(&self, signers: &mut Signers<'_>, now: Timestamp) -> Result<Manifest, PublishError> {
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
        Ok(manifest)
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
                    let silent = policy.witnesses.iter().filter(|one| note.verify(one).is_err());
                    let silent: Vec<&str> = silent.map(Key::name).collect();
                    said.push(format!("{} did not sign", silent.join(" and ")));
                    let said = said.join("; ");
                    return Err(PublishError::Witnesses { found, quorum, said });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(note)
    }
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}
