//! A crash at any write: what clients see is the old list or the new one, and nothing is lost or told twice.

use crate::desk::{Desk, event, page_of};
use dtsec_publish::publisher::PublishError;

#[tokio::test]
async fn a_disk_that_is_full_after_any_write_loses_and_repeats_nothing() {
    for fails_at in 0.. {
        let mut desk = Desk::new();
        desk.set("entry/a", "listed");
        desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
        let memory = tempfile::tempdir().unwrap();
        desk.client(memory.path()).await.unwrap();
        desk.set("entry/a", "removed");
        desk.set("entry/b", "listed");
        let mut events = vec![event(2, "entry-removed", &["entry/a"]), event(3, "certified", &["entry/b"])];
        let whole = match desk.publish_to(desk.tree().with_room(fails_at), &events) {
            Ok(_) => true,
            Err(PublishError::Tree(error)) => {
                assert_eq!(error.error.kind(), std::io::ErrorKind::StorageFull);
                false
            }
            Err(PublishError::Tile(_)) => false,
            Err(error) => panic!("{fails_at}: {error}"),
        };
        // The registry goes on; the publisher is told again what was not acknowledged, and more.
        assert!(
            desk.client(memory.path()).await.is_ok(),
            "{fails_at}: a client sees the old list or the new one"
        );
        if !whole {
            desk.set("entry/a", "listed again");
            events.push(event(4, "entry-restored", &["entry/a"]));
            desk.publish(&events).unwrap();
        }
        let (manifest, leaves) = desk.read().await;
        let told: Vec<i64> = leaves.iter().map(|leaf| leaf.seq).collect();
        assert_eq!(told, if whole { vec![1, 2, 3] } else { vec![1, 2, 3, 4] }, "{fails_at}");
        assert_eq!(manifest.seq, *told.last().unwrap());
        for name in manifest.parts.keys() {
            let page = desk.tree().get(&page_of(name)).unwrap().unwrap_or_default();
            assert_eq!(page, desk.content.parts[name].to_string().into_bytes(), "{fails_at}: {name}");
        }
        desk.client(memory.path()).await.unwrap();
        if whole {
            assert!(fails_at > 12, "a publication has more writes than {fails_at}");
            return;
        }
    }
}

#[tokio::test]
async fn a_page_follows_its_part_although_the_log_knew_of_the_change_before_the_disk_was_full() {
    for fails_at in 0.. {
        let mut desk = Desk::new();
        desk.set("entry/a", "listed");
        desk.publish(&[event(1, "certified", &["entry/a"])]).unwrap();
        // A change that no event tells of; and then a publication that names nothing.
        desk.set("entry/a", "listed, in a new form");
        let whole = desk.publish_to(desk.tree().with_room(fails_at), &[]).is_ok();
        desk.content.parts.clear();
        desk.content.whole.clear();
        desk.publish(&[]).unwrap();
        let (manifest, _) = desk.read().await;
        for name in manifest.parts.keys() {
            let part = desk.tree().get(&name.path()).unwrap();
            assert_eq!(desk.tree().get(&page_of(name)).unwrap(), part, "{fails_at}: {name}");
        }
        if whole {
            assert!(fails_at > 12, "a publication has more writes than {fails_at}");
            return;
        }
    }
}
