//! What an honest list gives.

use crate::desk::{Desk, Watching, event, now, part, signer};
use crate::{mirror, sync};
use dtsec_log::Kind;
use dtsec_mirror::{Mirror, MirrorError, Source};
use dtsec_publish::publisher::PublishError;
use dtsec_publish::tree::Tree;
use jiff::SignedDuration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;

fn three(desk: &mut Desk) {
    desk.set("entry/a", "listed");
    desk.set("lab/l", "accepted");
    desk.publish(&[event(1, "lab-accepted", &["lab/l"]), event(2, "certified", &["entry/a"])]).unwrap();
}

#[tokio::test]
async fn to_follow_one_change_only_what_is_new_is_fetched() {
    let mut desk = Desk::new();
    (0..100).for_each(|number| desk.set(&format!("entry/e{number}"), &format!("listed as {number}")));
    desk.publish(&[event(1, "certified", &["entry/e1"])]).unwrap();
    let copy = mirror(&desk, "copy");
    let look = async || {
        let source = Source::new(desk.path().to_str().unwrap()).unwrap();
        copy.sync(&source, false, now()).await.unwrap();
        source.fetched()
    };
    let first = look().await.files;
    assert!(first > 100, "every part: {first}");
    let nothing = look().await;
    desk.set("entry/e7", "removed");
    desk.publish(&[event(2, "entry-removed", &["entry/e7"])]).unwrap();
    let look = async || {
        let source = Source::new(desk.path().to_str().unwrap()).unwrap();
        copy.sync(&source, false, now()).await.unwrap();
        source.fetched()
    };
    let one = look().await;
    // Checkpoint, last entries of the log, root, and twice the three documents that say what there is.
    assert_eq!(nothing.files, 9, "{nothing:?}");
    // Besides, the manifest and the part.
    assert_eq!(one.files, nothing.files + 2, "{one:?} after {nothing:?}");
    assert_eq!(look().await.files, nothing.files, "the control: nothing is new again");
}

#[tokio::test]
async fn a_copy_follows_shows_proves_and_can_be_followed_itself() {
    let mut desk = Desk::new();
    three(&mut desk);
    let first = mirror(&desk, "first");
    assert!(first.fresh().unwrap().is_none());
    let done = sync(&first, &desk.path()).await.unwrap();
    assert_eq!((done.version, done.leaves.len(), done.parts), (1, 2, 2));
    assert_eq!(sync(&first, &desk.path()).await.unwrap().leaves, [], "nothing happened since");

    let before = mirror(&desk, "before");
    sync(&before, &desk.path()).await.unwrap();
    desk.set("entry/a", "removed");
    desk.set("entry/b", "listed");
    desk.publish(&[event(3, "entry-removed", &["entry/a"]), event(4, "certified", &["entry/b"])]).unwrap();
    let done = sync(&first, &desk.path()).await.unwrap();
    assert_eq!(done.leaves.iter().map(|leaf| leaf.seq).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(first.part(&part("entry/a")).unwrap().unwrap()["state"], "removed");
    assert!(first.part(&part("entry/c")).unwrap().is_none());
    let history = first.history(Some(&part("entry/a"))).unwrap();
    assert_eq!(
        history.iter().map(|one| (one.number, one.leaf.event.as_str())).collect::<Vec<_>>(),
        [(1, "certified"), (2, "entry-removed")]
    );
    assert!(history.iter().all(|one| one.proof.len() == 2));
    assert!(first.tree().get("pages/entry-b.html").unwrap().is_some());

    let difference = before.diff(&first).unwrap();
    assert_eq!((difference.added, difference.changed), ([part("entry/b")].into(), [part("entry/a")].into()));
    assert_eq!(difference.leaves.len(), 2);
    assert!(matches!(first.diff(&before), Err(MirrorError::LogWentBack { seen: 4, now: 2 })));

    // A copy of the copy, and an examination of each as a stranger would do it.
    let second = mirror(&desk, "second");
    sync(&second, first.tree().root()).await.unwrap();
    for one in [&first, &second] {
        let (fresh, size) = one.check(None).await.unwrap();
        assert_eq!((size, fresh.stale_at(now())), (4, None));
        assert_eq!(fresh.stale_at(now() + SignedDuration::from_hours(25)), Some(fresh.until));
    }
}

#[tokio::test]
async fn roots_that_follow_are_followed_and_handed_on() {
    let mut desk = Desk::new();
    three(&mut desk);
    let first = mirror(&desk, "first");
    sync(&first, &desk.path()).await.unwrap();
    for before in 1..3u64 {
        let path = desk.path().join(format!("metadata/{before}.root.json"));
        let old = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut next =
            desk.keys.roles().root(Some(&old), now(), now() + SignedDuration::from_hours(100)).unwrap();
        desk.keys.root[1..].iter().for_each(|key| key.sign(&mut next).unwrap());
        desk.publisher(desk.tree()).unwrap().install_root(&next).unwrap();
    }
    desk.set("entry/b", "listed");
    desk.publish(&[event(3, "certified", &["entry/b"])]).unwrap();
    sync(&first, &desk.path()).await.unwrap();
    let second = mirror(&desk, "second");
    sync(&second, first.tree().root()).await.unwrap();
    assert!(second.tree().has("metadata/3.root.json").unwrap());
}

#[tokio::test]
async fn a_disk_that_is_full_after_any_write_leaves_a_copy_that_syncs_again() {
    let mut desk = Desk::new();
    three(&mut desk);
    let whole = mirror(&desk, "whole");
    sync(&whole, &desk.path()).await.unwrap();
    desk.set("entry/a", "removed");
    desk.publish(&[event(3, "entry-removed", &["entry/a"])]).unwrap();
    for room in 0.. {
        let place = desk.folder.path().join("copy");
        crate::copy(whole.tree().root(), &place);
        let source = Source::new(desk.path().to_str().unwrap()).unwrap();
        let narrow = Mirror::over(Tree::new(&place).with_room(room));
        let done = narrow.sync(&source, true, now()).await;
        let copy = Mirror::new(&place);
        let state = copy.part(&part("entry/a")).unwrap().unwrap();
        match done {
            Ok(_) => {
                assert!(room > 5 && state["state"] == "removed");
                return;
            }
            Err(MirrorError::Tree(_)) => {}
            Err(error) => panic!("{room}: {error}"),
        }
        assert_eq!(sync(&copy, &desk.path()).await.unwrap().parts, 2);
        assert_eq!(copy.part(&part("entry/a")).unwrap().unwrap()["state"], "removed");
        copy.check(None).await.unwrap();
    }
}

/// Serves a folder as the simplest of web servers does, until the program ends.
fn served(folder: PathBuf) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, folder) = (stream.unwrap(), folder.clone());
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                while let Some(first) = lines.next() {
                    lines.by_ref().find(|line| line.is_empty());
                    let path = first.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
                    let (status, body) = match std::fs::read(folder.join(path)) {
                        Ok(body) => ("200 OK", body),
                        Err(_) => ("404 Not Found", Vec::new()),
                    };
                    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
                    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
                    if sent.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn any_web_server_serves_a_list() {
    let mut desk = Desk::new();
    three(&mut desk);
    let copy = mirror(&desk, "copy");
    let source = Source::new(&served(desk.path())).unwrap();
    assert_eq!(copy.sync(&source, true, now()).await.unwrap().parts, 2);
    copy.check(None).await.unwrap();
    let elsewhere = Source::new(&served(desk.folder.path().join("nowhere"))).unwrap();
    assert!(copy.sync(&elsewhere, true, now()).await.is_err());
    copy.check(None).await.unwrap();
    assert!(Source::new("ftp://list.example/").is_err() && Source::new("/no/such/folder").is_err());
}

/// The next list, after something was done at the desk.
fn goes_on(desk: &mut Desk, seq: i64) {
    desk.set("entry/a", &format!("after {seq}"));
    desk.publish(&[event(seq, "version-appended", &["entry/a"])]).unwrap();
}

#[tokio::test]
async fn the_log_s_key_and_its_witnesses_are_replaced_and_whoever_follows_goes_along() {
    let mut desk = Desk::new();
    goes_on(&mut desk, 1);
    let follower = mirror(&desk, "follower");
    sync(&follower, &desk.path()).await.unwrap();
    // The log's key was stolen. The witness is told the new one.
    desk.keys.log = signer("list.example", Kind::Note);
    desk.witness.log = desk.keys.log.public().clone();
    goes_on(&mut desk, 2);
    assert_eq!(sync(&follower, &desk.path()).await.unwrap().leaves.len(), 1);
    // Another witness takes the place of the one that was there, who signs a last time.
    let another = Watching::new("another.example", &desk.keys.log);
    desk.leaving = Some(std::mem::replace(&mut desk.witness, another));
    goes_on(&mut desk, 3);
    sync(&follower, &desk.path()).await.unwrap();
    desk.leaving = None;
    goes_on(&mut desk, 4);
    sync(&follower, &desk.path()).await.unwrap();
    follower.check(None).await.unwrap();
    // One that the earlier witness has not seen could be a log for us alone: it is not released, and not believed.
    let third = Watching::new("third.example", &desk.keys.log);
    let another = std::mem::replace(&mut desk.witness, third);
    desk.set("entry/a", "after 5");
    let refused = desk.publish(&[event(5, "version-appended", &["entry/a"])]).unwrap_err();
    assert!(matches!(refused, PublishError::Witnesses { found: 0, quorum: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("another.example did not sign"), "{refused}");
    desk.leaving = Some(another);
    goes_on(&mut desk, 5);
    let path = desk.path().join("checkpoints/5");
    let note = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = note.lines().filter(|line| !line.contains("another.example")).collect();
    std::fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    assert!(matches!(sync(&follower, &desk.path()).await, Err(MirrorError::OtherLog { .. })));
    std::fs::write(&path, note).unwrap();
    sync(&follower, &desk.path()).await.unwrap();
}

#[tokio::test]
async fn whoever_follows_while_a_publication_is_interrupted_anywhere_sees_the_old_list_or_the_new_one() {
    for fails_at in 0.. {
        let mut desk = Desk::new();
        goes_on(&mut desk, 1);
        let follower = mirror(&desk, "follower");
        sync(&follower, &desk.path()).await.unwrap();
        desk.set("entry/a", "after 2");
        let tree = desk.tree().with_room(fails_at);
        let whole = desk.publish_to(tree, &[event(2, "version-appended", &["entry/a"])]).is_ok();
        let synced = sync(&follower, &desk.path()).await;
        let leaves = synced.unwrap_or_else(|told| panic!("{fails_at}: {told}")).leaves.len();
        assert!(!whole || leaves == 1);
        follower.check(None).await.unwrap();
        if whole {
            assert!(fails_at > 12, "a publication has more writes than {fails_at}");
            return;
        }
    }
}

#[tokio::test]
async fn where_no_list_is_published_it_is_said_and_one_fills_a_copy_at_a_time() {
    let mut desk = Desk::new();
    goes_on(&mut desk, 1);
    let follower = mirror(&desk, "follower");
    let nothing = desk.folder.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let said = sync(&follower, &nothing).await.unwrap_err();
    assert!(matches!(&said, MirrorError::Source(_)) && said.to_string().contains("no list is published"));
    let lock = follower.tree().lock().unwrap().expect("nobody else");
    assert!(matches!(sync(&follower, &desk.path()).await, Err(MirrorError::Busy)));
    drop(lock);
    sync(&follower, &desk.path()).await.unwrap();
}
