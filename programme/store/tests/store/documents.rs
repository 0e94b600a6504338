//! Documents: sealed at rest, bound to their case, every reading logged.

use crate::support::{Place, at, on_both, set};
use dtsec_store::{Digest, Error, LARGEST_DOCUMENT, NewDocument, Reader, Readings, Size, Store, Transaction};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

on_both! {
    a_reading_of_a_confidential_document_is_logged_before_it_is_opened
    a_document_does_not_open_where_it_does_not_belong
    nothing_of_a_document_is_in_the_database_in_the_clear
    without_the_key_nothing_opens_and_nothing_is_made
    the_key_can_be_changed
}

fn document(case: &str, bytes: &[u8], confidential: bool) -> NewDocument {
    NewDocument {
        case: case.to_owned(),
        digest: Digest::of(bytes),
        confidential,
        media: "application/json".to_owned(),
        name: "st.json".to_owned(),
        bytes: bytes.to_vec(),
    }
}

async fn keep(store: &Store, id: &str, documents: Vec<NewDocument>) {
    store.commit(Transaction { documents, ..set(id, 0, json!({})) }).await.unwrap();
}

fn reader(person: &str) -> Reader {
    Reader { person: person.to_owned(), purpose: "page of the case".to_owned(), at: at(7) }
}

async fn a_reading_of_a_confidential_document_is_logged_before_it_is_opened(place: Place) {
    let store = place.open().await;
    let (secret, public) = (Digest::of(b"secret"), Digest::of(b"public"));
    keep(&store, "a", vec![document("c", b"secret", true), document("c", b"public", false)]).await;
    let read = store.read_document("c", &secret, &reader("ann")).await.unwrap().unwrap();
    assert_eq!((&**read.bytes, read.listed.size, read.listed.name.as_str()), (&b"secret"[..], 6, "st.json"));
    assert!(!format!("{read:?}").contains("115, 101"));
    store.read_document("c", &public, &reader("ann")).await.unwrap().unwrap();
    assert_eq!(store.read_document("d", &secret, &reader("ann")).await.unwrap(), None);
    assert_eq!(store.read_document("c", &Digest::of(b""), &reader("ann")).await.unwrap(), None);
    let logged = store.readings(Readings::Of("c"), None, Size::default()).await.unwrap().items;
    assert_eq!(logged.len(), 1);
    assert_eq!((logged[0].reader.as_str(), &logged[0].digest, logged[0].at), ("ann", &secret, at(7)));
    assert_eq!(store.readings(Readings::By("ann"), None, Size::default()).await.unwrap().items, logged);
    assert_eq!(store.readings(Readings::By("ben"), None, Size::default()).await.unwrap().items, []);

    assert!(matches!(store.public_document("c", &secret).await, Err(Error::Confidential { .. })));
    assert_eq!(**store.public_document("c", &public).await.unwrap().unwrap().bytes, *b"public");
    assert_eq!(store.documents("c", "", Size::default()).await.unwrap().items.len(), 2);
    let large = document("c", &vec![0; LARGEST_DOCUMENT + 1], true);
    let refused = store.commit(Transaction { documents: vec![large], ..set("b", 0, json!({})) }).await;
    assert!(matches!(refused, Err(Error::TooLarge { .. })));
}

async fn a_document_does_not_open_where_it_does_not_belong(place: Place) {
    let store = place.open().await;
    let digest = Digest::of(b"secret");
    keep(&store, "a", vec![document("c", b"secret", true)]).await;
    let spoiled = [
        ("case_id = 'mine'", "case_id = 'c'", "mine"),
        ("confidential = 0", "confidential = 1", "c"),
        ("media = 'text/html'", "media = 'application/json'", "c"),
        ("key_id = 'another'", "", "c"),
    ];
    for (change, back, case) in spoiled {
        place.sql(&format!("UPDATE document SET {change}")).await.unwrap();
        let error = store.read_document(case, &digest, &reader("eve")).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. } | Error::OtherKey { .. }), "{change}: {error}");
        let public = store.public_document(case, &digest).await.unwrap_err();
        assert!(matches!(public, Error::Damaged { .. } | Error::OtherKey { .. }), "{change}: {public}");
        if !back.is_empty() {
            place.sql(&format!("UPDATE document SET {back}")).await.unwrap();
            store.read_document("c", &digest, &reader("ann")).await.unwrap().unwrap();
        }
    }
}

async fn nothing_of_a_document_is_in_the_database_in_the_clear(place: Place) {
    let store = place.open().await;
    let marker = b"a-sentence-of-the-security-target-that-stands-out";
    keep(&store, "a", vec![document("c", marker, true)]).await;
    let mut dump = Vec::new();
    store.dump(&mut dump).await.unwrap();
    let text = String::from_utf8(dump).unwrap();
    assert!(!text.contains(&hex::encode(&marker[..16])) && !text.contains("security-target-that"));
    assert!(text.contains("st.json"), "the dump does hold the document");
    store.close().await;
    if place.is_sqlite() {
        let file = std::fs::read(place.folder.path().join("registry.sqlite")).unwrap();
        assert!(!file.windows(16).any(|some| some == &marker[..16]));
        assert!(file.windows(7).any(|some| some == b"st.json"), "the file does hold the document");
    }
}

async fn without_the_key_nothing_opens_and_nothing_is_made(place: Place) {
    let store = place.open().await;
    keep(&store, "a", vec![document("c", b"secret", true)]).await;
    store.close().await;
    let file = place.folder.path().join("documents.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read(&file).unwrap();

    std::fs::remove_file(&file).unwrap();
    assert!(matches!(place.try_open().await, Err(Error::NoKey { .. })));
    assert!(!file.exists());
    let write = |text: &[u8], mode: u32| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    write("0".repeat(64).as_bytes(), 0o600);
    assert!(matches!(place.try_open().await, Err(Error::OtherKey { .. })));
    write(b"not a key", 0o600);
    assert!(matches!(place.try_open().await, Err(Error::NotAKey { .. })));
    write(&key, 0o644);
    assert!(matches!(place.try_open().await, Err(Error::KeyExposed { mode: 0o644, .. })));
    write(&key, 0o600);
    let store = place.open().await;
    store.read_document("c", &Digest::of(b"secret"), &reader("ann")).await.unwrap().unwrap();
}

async fn the_key_can_be_changed(place: Place) {
    let mut store = place.open().await;
    let all: Vec<_> = (0..20_u8).map(|number| document("c", &[number; 9], true)).collect();
    keep(&store, "a", all.clone()).await;
    let old = place.open().await;
    let new = place.folder.path().join("new.key");
    store.change_key(&new).await.unwrap();
    for one in &all {
        let read = store.read_document("c", &one.digest, &reader("ann")).await.unwrap().unwrap();
        assert_eq!(*read.bytes, one.bytes);
    }
    let error = old.read_document("c", &all[0].digest, &reader("ann")).await.unwrap_err();
    assert!(matches!(error, Error::OtherKey { .. }), "{error}");
    assert!(matches!(place.try_open().await, Err(Error::OtherKey { .. })));
    assert!(matches!(store.change_key(&new).await, Err(Error::File { .. })));
    let settings = place.settings().key(&new);
    let store = Store::open(&settings, std::sync::Arc::new(crate::support::rows)).await.unwrap();
    store.read_document("c", &all[7].digest, &reader("ann")).await.unwrap().unwrap();
}
