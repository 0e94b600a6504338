//! What a publication brings, and what is refused.

use crate::desk::{Desk, Never, event, no_pages, now, part};
use dtsec_log::{Kind, NoteSigner};
use dtsec_publish::key::RoleKey;
use dtsec_publish::publisher::PublishError;
use dtsec_publish::{Signers, root};
use jiff::SignedDuration;
use tough::schema::{Signed, Targets};

#[tokio::test]
async fn what_happened_is_in_the_log_once_and_the_list_is_what_the_log_says_last() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.set("lab/l", "accepted");
    let first = [event(3, "lab-accepted", &["lab/l"]), event(5, "certified", &["entry/a", "entry/hidden"])];
    let done = desk.publish(&first).unwrap();
    assert_eq!((done.version, done.seq, done.leaves, done.log_size), (1, 5, 2, 2));
    let (manifest, leaves) = desk.read().await;
    assert_eq!((manifest.seq, leaves.len()), (5, 2));
    assert_eq!(
        (leaves[1].seq, leaves[1].event.as_str(), &leaves[1].part),
        (5, "certified", &part("entry/a"))
    );

    // The same messages again, and more: what is there already is passed over.
    desk.set("entry/a", "removed pending remediation");
    let more = [
        &first[..],
        &[event(7, "vulnerability-triaged", &["entry/a"]), event(8, "entry-removed", &["entry/a"])],
    ]
    .concat();
    let done = desk.publish(&more).unwrap();
    assert_eq!((done.version, done.leaves, done.changed), (2, 2, vec![part("entry/a")]));
    let (manifest, leaves) = desk.read().await;
    assert_eq!(leaves.iter().map(|leaf| leaf.seq).collect::<Vec<_>>(), [3, 5, 7, 8]);
    assert_eq!(leaves.iter().map(|leaf| leaf.state.is_some()).collect::<Vec<_>>(), [true, true, false, true]);
    assert!(manifest.files.contains_key("pages/entry-a.html"));
}

#[tokio::test]
async fn a_part_that_changes_without_an_event_leaves_a_trace_and_one_that_vanishes_is_not_published() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    desk.set("entry/a", "listed, in a new form");
    assert_eq!(desk.publish(&[]).unwrap().leaves, 1);
    let (_, leaves) = desk.read().await;
    assert_eq!((leaves[1].event.as_str(), leaves[1].seq), ("restated", 1));
    assert_eq!(desk.publish(&[]).unwrap().leaves, 0, "nothing happened");
    let before = desk.read().await;
    let all = std::mem::take(&mut desk.content.parts);
    assert!(
        matches!(desk.publish(&[event(2, "x", &[])]), Err(PublishError::Vanished(name)) if name == part("entry/a"))
    );
    desk.content.parts = all;
    assert_eq!(desk.read().await, before);
}

#[tokio::test]
async fn one_member_alone_releases_nothing_and_two_do_one_after_the_other() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    let publisher = desk.publisher(desk.tree()).unwrap();
    let [one, other, _] = &desk.keys.targets[..] else { panic!() };
    let stage = |by: &[&RoleKey]| {
        publisher.stage(&[event(1, "certified", &["entry/a"])], &desk.content, no_pages, by, now())
    };
    assert!(matches!(stage(&[&desk.keys.snapshot]), Err(PublishError::NoRole("targets"))));
    assert_eq!(stage(&[one]).unwrap().signed, (1, 2));
    let mut signers = Signers {
        snapshot: &desk.keys.snapshot,
        timestamp: &desk.keys.timestamp,
        log: &desk.keys.log,
        witnesses: vec![&mut desk.witness],
    };
    assert!(matches!(publisher.release(&mut signers, now()), Err(PublishError::Quorum { have: 1, need: 2 })));
    assert_eq!(publisher.sign(one).unwrap().signed, (1, 2), "twice the same one is one");
    assert!(matches!(publisher.release(&mut signers, now()), Err(PublishError::Quorum { have: 1, need: 2 })));
    assert!(matches!(publisher.sign(&desk.keys.root[0]), Err(PublishError::NoRole("targets"))));
    assert_eq!(publisher.tree().files().unwrap(), ["metadata/1.root.json"], "nobody sees what is staged");
    // The second member looks at it first.
    let review = publisher.review().unwrap();
    assert_eq!((review.version, review.changed), (1, vec![part("entry/a")]));
    assert_eq!(review.leaves.iter().map(|leaf| leaf.event.as_str()).collect::<Vec<_>>(), ["certified"]);
    assert_eq!(publisher.sign(other).unwrap().signed, (2, 2));
    publisher.release(&mut signers, now()).unwrap();
    assert!(matches!(publisher.release(&mut signers, now()), Err(PublishError::NothingStaged(1))));
    drop(publisher);
    desk.read().await;
}

#[tokio::test]
async fn without_its_witnesses_or_with_another_log_s_key_nothing_is_released() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    let publisher = desk.publisher(desk.tree()).unwrap();
    let by: Vec<&RoleKey> = desk.keys.targets[..2].iter().collect();
    publisher.stage(&[event(1, "certified", &["entry/a"])], &desk.content, no_pages, &by, now()).unwrap();
    let stranger: NoteSigner = RoleKey::generate().unwrap().note_signer("list.example", Kind::Note).unwrap();
    let mut signers = Signers {
        snapshot: &desk.keys.snapshot,
        timestamp: &desk.keys.timestamp,
        log: &stranger,
        witnesses: Vec::new(),
    };
    assert!(matches!(publisher.release(&mut signers, now()), Err(PublishError::NoRole("log"))));
    signers.log = &desk.keys.log;
    assert!(matches!(
        publisher.release(&mut signers, now()),
        Err(PublishError::Witnesses { found: 0, quorum: 1, .. })
    ));
    signers.timestamp = &desk.keys.snapshot;
    signers.witnesses.push(&mut desk.witness);
    assert!(matches!(publisher.release(&mut signers, now()), Err(PublishError::NoRole("timestamp"))));
    signers.timestamp = &desk.keys.timestamp;
    publisher.release(&mut signers, now()).unwrap();
}

#[tokio::test]
async fn keys_are_replaced_after_a_ceremony_and_clients_go_along() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    let memory = tempfile::tempdir().unwrap();
    assert_eq!(desk.client(memory.path()).await.unwrap().root().signed.version.get(), 1);
    // The snapshot's key is lost, one of the working group's as well.
    let (lost, fresh) = (
        std::mem::replace(&mut desk.keys.snapshot, RoleKey::generate().unwrap()),
        RoleKey::generate().unwrap(),
    );
    desk.keys.targets[2] = fresh;
    let mut second =
        desk.keys.roles().root(Some(&desk.first), now(), now() + SignedDuration::from_hours(24)).unwrap();
    desk.keys.root[0].sign(&mut second).unwrap();
    let publisher = desk.publisher(desk.tree()).unwrap();
    assert!(matches!(
        publisher.install_root(&second),
        Err(PublishError::Root(root::RootError::Unsigned { .. }))
    ));
    desk.keys.root[1].sign(&mut second).unwrap();
    publisher.install_root(&second).unwrap();
    publisher.install_root(&second).unwrap();
    let mut signers = Signers {
        snapshot: &lost,
        timestamp: &desk.keys.timestamp,
        log: &desk.keys.log,
        witnesses: Vec::new(),
    };
    assert!(matches!(publisher.refresh(&mut signers, now()), Err(PublishError::NoRole("snapshot"))));
    signers.snapshot = &desk.keys.snapshot;
    publisher.refresh(&mut signers, now()).unwrap();
    drop(publisher);
    assert_eq!(desk.client(memory.path()).await.unwrap().root().signed.version.get(), 2);
    desk.set("entry/a", "removed");
    desk.keys.targets.swap(0, 2);
    desk.publish(&[event(2, "entry-removed", &["entry/a"])]).unwrap();
    desk.client(memory.path()).await.unwrap();
    desk.read().await;
}

#[tokio::test]
async fn a_page_cannot_lie_where_something_else_does_and_one_publishes_at_a_time() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    let publisher = desk.publisher(desk.tree()).unwrap();
    assert!(matches!(desk.publisher(desk.tree()), Err(PublishError::Busy(_))));
    let by: Vec<&RoleKey> = desk.keys.targets[..2].iter().collect();
    for path in [
        "metadata/1.root.json",
        "parts/entry/a.json",
        "../x",
        "/x",
        "a//b",
        ".lock",
        "checkpoint",
        "a/.b",
        "",
    ] {
        let render = |_: &_| Ok::<_, Never>(vec![(path.to_owned(), b"x".to_vec())]);
        let told = publisher.stage(&[], &desk.content, render, &by, now());
        assert!(matches!(told, Err(PublishError::Name(_))), "{path}");
    }
    let broken = |_: &_| Err(std::fmt::Error);
    assert!(matches!(publisher.stage(&[], &desk.content, broken, &by, now()), Err(PublishError::Render(_))));
    assert!(
        publisher
            .stage(
                &[],
                &desk.content,
                |_: &_| Ok::<_, Never>(vec![("pages/a.html".to_owned(), Vec::new())]),
                &by,
                now()
            )
            .is_ok()
    );
}

#[tokio::test]
async fn an_old_list_that_is_served_again_is_noticed_by_who_saw_a_newer_one() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    let copy = desk.folder.path().join("copy");
    let run = |from: &std::path::Path, to: &std::path::Path| {
        assert!(std::process::Command::new("cp").arg("-RT").args([from, to]).status().unwrap().success());
    };
    run(&desk.path(), &copy);
    desk.set("entry/a", "removed");
    desk.publish(&[event(2, "entry-removed", &["entry/a"])]).unwrap();
    let (memory, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    desk.client(memory.path()).await.unwrap();
    std::fs::remove_dir_all(desk.path()).unwrap();
    run(&copy, &desk.path());
    let told = desk.client(memory.path()).await.unwrap_err();
    assert!(matches!(told, tough::error::Error::OlderMetadata { .. }), "{told}");
    assert!(
        desk.client(new.path()).await.is_ok(),
        "who comes for the first time cannot know; the timestamp ends within a day"
    );
}

#[test]
fn what_a_publication_does_not_name_stays_as_it_was() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.set("entry/b", "listed");
    desk.publish(&[event(1, "certified", &["entry/a", "entry/b"])]).unwrap();
    let before = desk.publisher(desk.tree()).unwrap().parts_of(&["entry"]).unwrap();
    desk.content.whole.clear();
    desk.content.parts.clear();
    desk.set("entry/a", "listed, twice");
    let published = desk.publish(&[event(2, "version-appended", &["entry/a"])]).unwrap();
    assert_eq!((published.leaves, published.changed), (1, vec![part("entry/a")]));
    let after = desk.publisher(desk.tree()).unwrap().parts_of(&["entry"]).unwrap();
    assert_eq!(after.len(), 2);
    assert_eq!(after[&part("entry/b")], before[&part("entry/b")]);
    assert_ne!(after[&part("entry/a")], before[&part("entry/a")]);
    // A part that is not what was signed is not handed on.
    let digest =
        desk.publisher(desk.tree()).unwrap().manifest().unwrap().unwrap().parts[&part("entry/b")].clone();
    std::fs::write(desk.path().join(dtsec_publish::publisher::object_path(&digest)), "{}").unwrap();
    assert!(matches!(
        desk.publisher(desk.tree()).unwrap().parts_of(&["entry"]),
        Err(PublishError::Damaged { .. })
    ));
}

#[tokio::test]
async fn an_event_of_which_nothing_is_said_leaves_a_trace_only_where_it_changed_something() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
    assert_eq!(desk.publish(&[event(2, "restated", &["entry/a"])]).unwrap().leaves, 0);
    desk.set("entry/a", "listed, and open to something");
    assert_eq!(desk.publish(&[event(3, "restated", &["entry/a"])]).unwrap().leaves, 1);
    let (_, leaves) = desk.read().await;
    assert_eq!(leaves.iter().map(|leaf| leaf.seq).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test]
async fn a_member_who_is_elsewhere_sends_his_signature_and_no_other_counts() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    let publisher = desk.publisher(desk.tree()).unwrap();
    let [one, other, _] = &desk.keys.targets[..] else { panic!() };
    let events = [event(1, "certified", &["entry/a"])];
    publisher.stage(&events, &desk.content, no_pages, &[one], now()).unwrap();
    let staged = desk.tree().beside(".staging").get("metadata/1.targets.json").unwrap().unwrap();
    let signed = |by: &RoleKey, change: fn(&mut Signed<Targets>)| {
        let mut copy: Signed<Targets> = serde_json::from_slice(&staged).unwrap();
        change(&mut copy);
        by.sign(&mut copy).unwrap();
        serde_json::to_vec(&copy).unwrap()
    };
    let stranger = publisher.take_signatures(&signed(&desk.keys.snapshot, |_| ()));
    assert!(matches!(stranger, Err(PublishError::NoRole("targets"))));
    let longer = signed(other, |copy| copy.signed.expires += SignedDuration::from_hours(1));
    assert!(matches!(publisher.take_signatures(&longer), Err(PublishError::OtherTargets)));
    // A signature under his name that is not his.
    let mut forged: Signed<Targets> = serde_json::from_slice(&signed(&desk.keys.snapshot, |_| ())).unwrap();
    forged.signatures.last_mut().unwrap().keyid = other.public().id().unwrap();
    let forged = serde_json::to_vec(&forged).unwrap();
    assert!(matches!(publisher.take_signatures(&forged), Err(PublishError::NoRole("targets"))));
    assert!(matches!(publisher.take_signatures(b"{}"), Err(PublishError::Damaged { .. })));
    assert_eq!(publisher.review().unwrap().signed, (1, 2));
    assert_eq!(publisher.take_signatures(&signed(other, |_| ())).unwrap().signed, (2, 2));
}

#[tokio::test]
async fn what_does_not_fit_together_is_not_signed() {
    let mut desk = Desk::new();
    desk.set("entry/a", "listed");
    let publisher = desk.publisher(desk.tree()).unwrap();
    let [one, ..] = &desk.keys.targets[..] else { panic!() };
    let events = [event(1, "certified", &["entry/a"])];
    publisher.stage(&events, &desk.content, no_pages, &[], now()).unwrap();
    let staging = desk.tree().beside(".staging");
    let mut tried = 0;
    // Of the targets themselves the signature says what they are.
    for path in staging.files().unwrap().into_iter().filter(|path| !path.starts_with("metadata/")) {
        let whole = staging.get(&path).unwrap().unwrap();
        let mut harmed = whole.clone();
        let middle = harmed.len() / 2;
        harmed[middle] ^= 1;
        staging.put(&path, &harmed).unwrap();
        assert!(publisher.sign(one).is_err(), "{path}");
        staging.put(&path, &whole).unwrap();
        tried += 1;
    }
    assert!(tried >= 5, "only {tried} files");
    publisher.sign(one).unwrap();
}
