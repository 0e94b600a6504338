//! Lists that lie, each found by its name; and what was there before stays.

use crate::desk::{Desk, event, now, part};
use crate::{copy, mirror, sync};
use dtsec_list::PublicKey;
use dtsec_list::batch::{Batch, EndorsedKey};
use dtsec_log::CheckpointError;
use dtsec_log::witness::Remembered;
use dtsec_mirror::{Mirror, MirrorError, Source};
use dtsec_publish::RoleKey;
use dtsec_publish::publisher::{Manifest, sha256};
use jiff::SignedDuration;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::Path;
use tough::TargetName;
use tough::schema::{Hashes, Metafile, Role, Signed, Snapshot, Targets, Timestamp};

/// A list with one entry, one that follows, and a copy of each that has seen it.
struct Scene {
    desk: Desk,
    old: std::path::PathBuf,
    follower: Mirror,
}

impl Scene {
    async fn new() -> Self {
        let mut desk = Desk::new();
        desk.set("entry/a", "listed");
        desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
        let old = desk.folder.path().join("old");
        copy(&desk.path(), &old);
        desk.set("entry/a", "removed");
        desk.publish(&[event(2, "entry-removed", &["entry/a"])]).unwrap();
        let follower = mirror(&desk, "follower");
        sync(&follower, &desk.path()).await.unwrap();
        Self { desk, old, follower }
    }

    /// What the follower says to a tree; he keeps what he had.
    async fn says(&self, tree: &Path) -> MirrorError {
        let error = sync(&self.follower, tree).await.expect_err("it lies");
        assert_eq!(self.follower.part(&part("entry/a")).unwrap().unwrap()["state"], "removed");
        self.follower.check(None).await.unwrap();
        sync(&self.follower, &self.desk.path()).await.expect("the honest list is still followed");
        error
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.desk.path().join(name)
    }

    /// The next list, signed by everybody who can sign and without the publisher's care: with a manifest that was changed.
    fn forged(&self, change: impl FnOnce(&mut Manifest)) -> std::path::PathBuf {
        let tree = self.desk.folder.path().join("forged");
        copy(&self.desk.path(), &tree);
        let read = |name: &str| std::fs::read(tree.join(name)).unwrap();
        let last = self.desk.publisher(self.desk.tree()).unwrap().released_version().unwrap();
        let next = NonZeroU64::new(last + 1).unwrap();
        let mut targets: Signed<Targets> =
            serde_json::from_slice(&read(&format!("metadata/{last}.targets.json"))).unwrap();
        let name = TargetName::new("manifest.json").unwrap();
        let digest = hex::encode(&*targets.signed.targets[&name].hashes.sha256);
        let mut manifest: Manifest =
            serde_json::from_slice(&read(&format!("targets/{digest}.manifest.json"))).unwrap();
        change(&mut manifest);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let digest = sha256(&bytes);
        std::fs::write(tree.join(format!("targets/{digest}.manifest.json")), &bytes).unwrap();
        let target = targets.signed.targets.get_mut(&name).unwrap();
        target.length = bytes.len() as u64;
        target.hashes.sha256 = hex::decode(digest).unwrap().into();
        targets.signed.version = next;
        self.desk.keys.targets[..2].iter().for_each(|key| key.sign(&mut targets).unwrap());
        let targets = put(&tree, &format!("{next}.targets.json"), &targets);
        let mut snapshot: Signed<Snapshot> =
            serde_json::from_slice(&read(&format!("metadata/{last}.snapshot.json"))).unwrap();
        snapshot.signed.version = next;
        snapshot.signed.meta.insert("targets.json".to_owned(), targets);
        self.desk.keys.snapshot.sign(&mut snapshot).unwrap();
        let snapshot = put(&tree, &format!("{next}.snapshot.json"), &snapshot);
        let mut timestamp: Signed<Timestamp> =
            serde_json::from_slice(&read("metadata/timestamp.json")).unwrap();
        timestamp.signed.version = NonZeroU64::new(9).unwrap();
        timestamp.signed.meta.insert("snapshot.json".to_owned(), snapshot);
        self.desk.keys.timestamp.sign(&mut timestamp).unwrap();
        put(&tree, "timestamp.json", &timestamp);
        tree
    }
}

fn put<T: Role>(tree: &Path, name: &str, document: &Signed<T>) -> Metafile {
    let bytes = serde_json::to_vec(document).unwrap();
    std::fs::write(tree.join("metadata").join(name), &bytes).unwrap();
    let hashes = Hashes { sha256: hex::decode(sha256(&bytes)).unwrap().into(), _extra: HashMap::new() };
    let version = document.signed.version();
    Metafile { length: Some(bytes.len() as u64), hashes: Some(hashes), version, _extra: HashMap::new() }
}

#[tokio::test]
async fn an_older_list_is_a_rollback() {
    let scene = Scene::new().await;
    assert!(matches!(scene.says(&scene.old.clone()).await, MirrorError::Rollback(_)));
}

#[tokio::test]
async fn a_list_that_nobody_renews_is_frozen_and_the_copy_says_since_when() {
    let scene = Scene::new().await;
    let later = now() + SignedDuration::from_hours(25);
    let source = Source::new(scene.desk.path().to_str().unwrap()).unwrap();
    let told = scene.follower.sync(&source, true, later).await.unwrap_err();
    let fresh = scene.follower.fresh().unwrap().unwrap();
    assert!(matches!(told, MirrorError::Frozen { since } if since == fresh.until));
    assert_eq!(fresh.stale_at(later), Some(fresh.until));
    assert!(scene.follower.sync(&source, true, now()).await.is_ok());
}

#[tokio::test]
async fn files_of_two_lists_are_a_mixture() {
    let scene = Scene::new().await;
    let mixed = scene.desk.folder.path().join("mixed");
    for name in ["metadata/2.snapshot.json", "metadata/2.targets.json", "checkpoints/2"] {
        copy(&scene.desk.path(), &mixed);
        std::fs::copy(scene.old.join(name.replace("/2", "/1")), mixed.join(name)).unwrap();
        let told = scene.says(&mixed).await;
        assert!(matches!(told, MirrorError::Mixture(_)), "{name}: {told}");
    }
}

#[tokio::test]
async fn a_file_that_was_changed_on_the_way_is_found() {
    let mut scene = Scene::new().await;
    scene.desk.set("entry/b", "listed since today");
    scene.desk.set("entry/c", "listed as well");
    scene.desk.publish(&[event(3, "certified", &["entry/b", "entry/c"])]).unwrap();
    let changed = scene.desk.folder.path().join("changed");
    let mut tried = 0;
    let mut folders = vec![scene.desk.path()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(scene.desk.path()).unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // What a follower fetches: not the plain files beside the objects, nor what he has or what is hidden.
            let text = name.to_str().unwrap();
            let fetched = text.starts_with("metadata/3.")
                || text.ends_with("timestamp.json")
                || text == "checkpoints/4"
                || text == "tile/entries/000.p/4";
            let fresh_object = (text.starts_with("objects/") || text.starts_with("targets/"))
                && !scene.follower.tree().has(text).unwrap()
                && !scene.old.join(text).exists();
            if !fetched && !fresh_object {
                continue;
            }
            copy(&scene.desk.path(), &changed);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(changed.join(&name), bytes).unwrap();
            // A fresh follower each time, who saw what the first one did.
            let place = scene.desk.folder.path().join("fresh");
            copy(scene.follower.tree().root(), &place);
            let fresh = Mirror::new(&place);
            assert!(sync(&fresh, &changed).await.is_err(), "{text}");
            assert_eq!(fresh.manifest().unwrap().seq, 2, "{text}");
            assert_eq!(sync(&fresh, &scene.desk.path()).await.unwrap().leaves.len(), 2);
            tried += 1;
        }
    }
    assert!(tried >= 8, "only {tried} files were changed");
}

#[tokio::test]
async fn a_product_that_is_quietly_removed_listed_or_changed_is_found_although_everybody_signed() {
    let scene = Scene::new().await;
    let listed = sha256(br#"{"state":"listed"}"#);
    let told = scene.says(&scene.forged(|manifest| manifest.parts.clear())).await;
    assert!(matches!(told, MirrorError::QuietRemoval(name) if name == part("entry/a")));
    let told = scene
        .says(&scene.forged(|manifest| _ = manifest.parts.insert(part("entry/x"), listed.clone())))
        .await;
    assert!(matches!(told, MirrorError::QuietListing(name) if name == part("entry/x")));
    let told = scene
        .says(&scene.forged(|manifest| _ = manifest.parts.insert(part("entry/a"), listed.clone())))
        .await;
    assert!(
        matches!(told, MirrorError::QuietChange(name) if name == part("entry/a")),
        "quietly listed again"
    );
    // The control: the same without a change is believed.
    sync(&scene.follower, &scene.forged(|_| ())).await.unwrap();
}

#[tokio::test]
async fn whose_keys_count_cannot_be_changed_unseen_either() {
    let mut scene = Scene::new().await;
    let batch = |key: u8| Batch {
        manufacturer: Some("ACME".to_owned()),
        keys: vec![EndorsedKey {
            instance_id: None,
            public_key: PublicKey::try_from(&[&[4][..], &[key; 64]].concat()[..]).unwrap(),
            implementation_id: None,
            certificates: Vec::new(),
        }],
        ..Batch::default()
    };
    let name = part("endorsements/ACME.1");
    let publish = |scene: &mut Scene, seq, key| {
        scene.desk.content.parts.insert(name.clone(), serde_json::to_value(batch(key)).unwrap());
        scene.desk.publish(&[event(seq, "restated", &[])]).unwrap().changed
    };
    // An attacker's key was published once, and taken back where everybody saw it.
    publish(&mut scene, 3, 7);
    let attackers = scene.desk.publisher(scene.desk.tree()).unwrap().manifest().unwrap().unwrap();
    assert_eq!(publish(&mut scene, 4, 8), [part("endorsements/ACME.1")]);
    let seen = sync(&scene.follower, &scene.desk.path()).await.unwrap().leaves;
    assert_eq!(seen.iter().filter(|leaf| leaf.part == part("endorsements/ACME.1")).count(), 2);
    let name = part("endorsements/ACME.1");
    let told = scene
        .says(
            &scene.forged(|manifest| _ = manifest.parts.insert(name.clone(), attackers.parts[&name].clone())),
        )
        .await;
    assert!(matches!(told, MirrorError::QuietChange(changed) if changed == name));
    let told = scene.says(&scene.forged(|manifest| _ = manifest.parts.remove(&name))).await;
    assert!(matches!(told, MirrorError::QuietRemoval(gone) if gone == name));
    let two = part("endorsements/ACME.2");
    let told = scene
        .says(
            &scene.forged(|manifest| _ = manifest.parts.insert(two.clone(), attackers.parts[&name].clone())),
        )
        .await;
    assert!(matches!(told, MirrorError::QuietListing(listed) if listed == two));
    sync(&scene.follower, &scene.forged(|_| ())).await.expect("the control");
}

#[tokio::test]
async fn a_publisher_who_shows_two_pasts_is_found_by_who_saw_the_other_one() {
    let mut scene = Scene::new().await;
    // Everybody conspires, the witness too: the old list goes on another way.
    copy(&scene.old, &scene.desk.path());
    scene.desk.witness.remembered = Remembered { size: 1, root: one_leaf(&scene.old) };
    scene.desk.set("entry/a", "listed, and never removed");
    scene.desk.publish(&[event(2, "entry-kept", &["entry/a"])]).unwrap();
    let told = sync(&scene.follower, &scene.desk.path()).await.unwrap_err();
    assert!(matches!(told, MirrorError::SplitView { seen: 2, now: 2 }), "{told}");
    let stranger = mirror(&scene.desk, "stranger");
    sync(&stranger, &scene.desk.path()).await.expect("who sees one past only cannot know");
    assert!(
        matches!(scene.follower.diff(&stranger), Err(MirrorError::SplitView { .. })),
        "until the two compare"
    );
}

fn one_leaf(tree: &Path) -> dtsec_log::Hash {
    let note = dtsec_log::Note::parse(&std::fs::read(tree.join("checkpoint")).unwrap()).unwrap();
    dtsec_log::Checkpoint::parse(note.text()).unwrap().root
}

#[tokio::test]
async fn a_checkpoint_that_no_witness_has_seen_is_not_believed() {
    let scene = Scene::new().await;
    let text = std::fs::read_to_string(scene.file("checkpoints/2")).unwrap();
    let unseen = scene.desk.folder.path().join("unseen");
    copy(&scene.desk.path(), &unseen);
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("witness.example")).collect();
    std::fs::write(unseen.join("checkpoints/2"), format!("{}\n", lines.join("\n"))).unwrap();
    let told = scene.says(&unseen).await;
    assert!(
        matches!(told, MirrorError::Checkpoint(CheckpointError::Witnesses { found: 0, quorum: 1 })),
        "{told}"
    );
}

#[tokio::test]
async fn a_list_of_somebody_else_and_a_copy_without_a_root_are_refused() {
    let scene = Scene::new().await;
    let mut other = Desk::new();
    other.set("entry/a", "listed");
    other.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    let told = scene.says(&other.path()).await;
    assert!(matches!(told, MirrorError::Signature(_)), "{told}");
    let empty = Mirror::new(scene.desk.folder.path().join("empty"));
    assert!(matches!(sync(&empty, &scene.desk.path()).await, Err(MirrorError::NoRoot)));
    assert!(matches!(empty.trust(b"{}"), Err(MirrorError::Damaged { .. })));
    let mut unsigned = scene.desk.first.clone();
    unsigned.signatures.pop();
    assert!(matches!(empty.trust(&serde_json::to_vec(&unsigned).unwrap()), Err(MirrorError::Damaged { .. })));
    empty.trust(&serde_json::to_vec(&scene.desk.first).unwrap()).unwrap();
    sync(&empty, &scene.desk.path()).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_was_changed_is_found_by_its_own_check() {
    let scene = Scene::new().await;
    scene.follower.check(None).await.unwrap();
    let root = scene.follower.tree().root().to_owned();
    for name in ["parts/entry/a.json", "tile/entries/000.p/2", "metadata/timestamp.json", "checkpoint"] {
        let place = scene.desk.folder.path().join("harmed");
        copy(&root, &place);
        let mut bytes = std::fs::read(place.join(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(place.join(name), bytes).unwrap();
        assert!(Mirror::new(&place).check(None).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_copy_that_says_something_else_of_itself_than_was_signed_is_found_by_its_check() {
    let scene = Scene::new().await;
    let root = scene.follower.tree().root().to_owned();
    let before = scene.desk.folder.path().join("before");
    sync_into(&scene, &before, &scene.old).await;
    let place = scene.desk.folder.path().join("harmed");
    for name in [".mirror/manifest.json", ".mirror/state.json"] {
        copy(&root, &place);
        std::fs::copy(before.join(name), place.join(name)).unwrap();
        let told = Mirror::new(&place).check(None).await.unwrap_err();
        assert!(matches!(told, MirrorError::Damaged { .. }), "{name}: {told}");
    }
    copy(&root, &place);
    let state = std::fs::read_to_string(place.join(".mirror/state.json")).unwrap();
    let until = scene.follower.fresh().unwrap().unwrap().until.to_string();
    std::fs::write(place.join(".mirror/state.json"), state.replace(&until, "2099-01-01T00:00:00Z")).unwrap();
    assert!(matches!(Mirror::new(&place).check(None).await, Err(MirrorError::Damaged { .. })));
}

/// A copy that has only ever seen an older tree.
async fn sync_into(scene: &Scene, place: &Path, tree: &Path) {
    let mirror = Mirror::new(place);
    mirror.trust(&serde_json::to_vec(&scene.desk.first).unwrap()).unwrap();
    sync(&mirror, tree).await.unwrap();
}

#[tokio::test]
async fn a_copy_of_somebody_else_s_list_passes_its_own_check_and_not_one_with_our_root() {
    let scene = Scene::new().await;
    let mut other = Desk::new();
    other.set("entry/a", "listed");
    other.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    let theirs = mirror(&other, "theirs");
    sync(&theirs, &other.path()).await.unwrap();
    theirs.check(None).await.expect("it is whole");
    let ours = serde_json::to_vec(&scene.desk.first).unwrap();
    assert!(matches!(theirs.check(Some(&ours)).await, Err(MirrorError::Signature(_))));
    scene.follower.check(Some(&ours)).await.unwrap();
    // Nor is a copy led from one root to another.
    assert!(matches!(theirs.trust(&ours), Err(MirrorError::OtherRoot)));
    scene.follower.trust(&ours).unwrap();
}

#[tokio::test]
async fn a_list_that_leads_out_of_its_folder_or_names_what_is_no_digest_is_refused_although_everybody_signed()
{
    let scene = Scene::new().await;
    let digest = sha256(b"evil");
    for path in [
        "../evil",
        "/tmp/evil",
        ".mirror/root.json",
        "a/../../evil",
        "metadata/1.root.json",
        "checkpoints/9",
        "",
    ] {
        let tree = scene.forged(|manifest| _ = manifest.files.insert(path.to_owned(), digest.clone()));
        let told = scene.says(&tree).await;
        assert!(matches!(told, MirrorError::Tuf(_)), "{path}: {told}");
    }
    for digest in ["", "é", "../../etc/passwd", &"A".repeat(64)] {
        let tree = scene.forged(|manifest| _ = manifest.parts.insert(part("entry/a"), digest.to_owned()));
        let told = scene.says(&tree).await;
        assert!(matches!(told, MirrorError::Tuf(_)), "{digest}: {told}");
    }
    let page = sha256(br#"{"state":"removed"}"#);
    sync(
        &scene.follower,
        &scene.forged(|manifest| _ = manifest.files.insert("pages/b.html".to_owned(), page)),
    )
    .await
    .expect("a page may be anywhere else");
}

#[tokio::test]
async fn who_has_seen_a_key_replaced_is_not_led_back_behind_it() {
    let mut scene = Scene::new().await;
    // The timestamp's key was stolen; a root without it is made.
    let stolen = std::mem::replace(&mut scene.desk.keys.timestamp, RoleKey::generate().unwrap());
    let until = now() + SignedDuration::from_hours(24 * 365);
    let mut second = scene.desk.keys.roles().root(Some(&scene.desk.first), now(), until).unwrap();
    scene.desk.keys.root[..2].iter().for_each(|key| key.sign(&mut second).unwrap());
    let before = scene.desk.folder.path().join("before");
    copy(&scene.desk.path(), &before);
    scene.desk.publisher(scene.desk.tree()).unwrap().install_root(&second).unwrap();
    scene.desk.set("entry/a", "removed for good");
    scene.desk.publish(&[event(3, "entry-removed", &["entry/a"])]).unwrap();
    // The thief hides the second root, and says with the stolen key that the newest list is the new one – or the old one.
    let mut trees = Vec::new();
    for (name, from) in [("old", before), ("new", scene.desk.path())] {
        let tree = scene.desk.folder.path().join(name);
        copy(&from, &tree);
        std::fs::remove_file(tree.join("metadata/2.root.json")).ok();
        let read = std::fs::read(tree.join("metadata/timestamp.json")).unwrap();
        let mut timestamp: Signed<Timestamp> = serde_json::from_slice(&read).unwrap();
        timestamp.signed.version = NonZeroU64::new(99).unwrap();
        timestamp.signatures.clear();
        stolen.sign(&mut timestamp).unwrap();
        put(&tree, "timestamp.json", &timestamp);
        trees.push(tree);
    }
    for tree in &trees {
        let unwarned = scene.desk.folder.path().join("unwarned");
        if unwarned.exists() {
            std::fs::remove_dir_all(&unwarned).unwrap();
        }
        sync_into(&scene, &unwarned, tree).await;
    }
    sync(&scene.follower, &scene.desk.path()).await.unwrap();
    for tree in &trees {
        let told = sync(&scene.follower, tree).await.unwrap_err();
        assert!(matches!(told, MirrorError::Signature(_)), "{told}");
    }
    scene.follower.check(None).await.unwrap();
    sync(&scene.follower, &scene.desk.path()).await.unwrap();
}
