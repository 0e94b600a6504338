//! Dumps, restored into either database; copies of SQLite's file.

use crate::support::{Place, at, everything, key, on_both, set};
use dtsec_store::{
    AccessChange, Credential, Digest, Error, NewDocument, Organisation, Person, Reader, Request, Search,
    SecretHash, Store, Token, Transaction, inspect,
};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

on_both! {
    a_dump_restored_is_the_same_store
    a_dump_that_is_not_whole_is_refused_and_nothing_is_kept
    a_dump_goes_into_a_new_store_with_its_key_only
}

/// Something in every table.
async fn full(place: &Place) -> Store {
    let store = place.open().await;
    for number in 0..3 {
        let mut one =
            set(&format!("e{number}"), 0, json!({"name": format!("Pump {number}"), "status": "listed"}));
        one.events[0].publish.push(("publisher".to_owned(), json!({"n": number})));
        one.request = Some(Request { id: format!("form-{number}"), fingerprint: Digest::of(b"x") });
        store.commit(one).await.unwrap();
    }
    let bytes = b"the text of a Security Target".to_vec();
    let document = NewDocument {
        case: "c".into(),
        digest: Digest::of(&bytes),
        confidential: true,
        media: "text/plain".into(),
        name: "st".into(),
        bytes,
    };
    let digest = document.digest.clone();
    let person = Person {
        id: "ann".into(),
        name: "Ann".into(),
        email: Some("a@b".into()),
        organisation: "dwg".into(),
        data: json!({"roles": ["dwg-scope"]}),
        disabled: Some(at(9)),
    };
    let credential = Credential {
        id: "k".into(),
        person: "ann".into(),
        kind: "passkey".into(),
        data: json!({}),
        created: at(1),
        used: Some(at(2)),
    };
    let token = Token {
        hash: SecretHash::of("t"),
        id: "t".into(),
        person: "ann".into(),
        name: "t".into(),
        scopes: vec!["a".into()],
        created: at(1),
        expires: at(2),
        used: None,
        revoked: Some(at(2)),
    };
    let organisation =
        Organisation { id: "dwg".into(), name: "DWG".into(), kind: "dwg".into(), data: json!({}) };
    let access = vec![
        AccessChange::PutOrganisation(organisation),
        AccessChange::PutPerson(person),
        AccessChange::AddCredential(credential),
        AccessChange::AddToken(token),
    ];
    let state = json!({"name": "Meter ä\u{0}\"", "half": 0.5});
    store.commit(Transaction { documents: vec![document], access, ..set("e0", 1, state) }).await.unwrap();
    let reader = Reader { person: "ann".into(), purpose: "review".into(), at: at(3) };
    store.read_document("c", &digest, &reader).await.unwrap().unwrap();
    store
}

async fn dumped(store: &Store) -> Vec<u8> {
    let mut dump = Vec::new();
    store.dump(&mut dump).await.unwrap();
    dump
}

async fn a_dump_restored_is_the_same_store(place: Place) {
    let store = full(&place).await;
    let dump = dumped(&store).await;
    let mut targets = vec![Place::sqlite()];
    if !place.is_sqlite() {
        targets.push(Place::postgres());
        // And from there to PostgreSQL.
        let middle = Place::sqlite();
        share_key(&place, &middle);
        middle.open().await.restore(&mut dump.as_slice()).await.unwrap();
        let target = Place::postgres();
        share_key(&place, &target);
        let store = target.open().await;
        store.restore(&mut dumped(&middle.open().await).await.as_slice()).await.unwrap();
        assert!(dumped(&store).await == dump);
    }
    for target in targets {
        share_key(&place, &target);
        let restored = target.open().await;
        let report = restored.restore(&mut dump.as_slice()).await.unwrap();
        assert_eq!((report.events, report.readings), (4, 1));
        assert_eq!(everything(&restored).await, everything(&store).await);
        assert_eq!(restored.verify_chain(None).await.unwrap(), store.verify_chain(None).await.unwrap());
        let found =
            restored.search(&Search::all("entries").words("pump").facet("status", "listed")).await.unwrap();
        assert_eq!(found.items.len(), 2);
        let reader = Reader { person: "ben".into(), purpose: "review".into(), at: at(4) };
        let digest = Digest::of(b"the text of a Security Target");
        assert!(restored.read_document("c", &digest, &reader).await.unwrap().is_some());
        restored.commit(set("e1", 1, json!({}))).await.unwrap();
    }
}

fn share_key(from: &Place, to: &Place) {
    let name = "documents.key";
    std::fs::copy(from.folder.path().join(name), to.folder.path().join(name)).unwrap();
}

async fn a_dump_that_is_not_whole_is_refused_and_nothing_is_kept(place: Place) {
    let source = Place::sqlite();
    let dump = String::from_utf8(dumped(&full(&source).await).await).unwrap();
    share_key(&source, &place);
    let target = place.open().await;
    let before = everything(&target).await;
    let lines: Vec<&str> = dump.split_inclusive('\n').collect();
    let refused = async |text: String, what: &str| {
        let error = target.restore(&mut text.as_bytes()).await.expect_err(what);
        assert!(matches!(error, Error::Dump { .. } | Error::Tampered { .. }), "{what}: {error}");
        assert!(everything(&target).await == before, "{what}");
        // And without a database, before anything is made.
        let error = inspect(&mut text.as_bytes()).expect_err(what);
        assert!(matches!(error, Error::Dump { .. } | Error::Tampered { .. }), "{what}: {error}");
    };
    for cut in 0..lines.len() {
        refused(lines[..cut].concat(), "cut off between two lines").await;
        let without = [&lines[..cut], &lines[cut + 1..]].concat().concat();
        refused(without, "without a line").await;
    }
    refused(dump[..dump.len() - 1].to_owned(), "cut off at the last byte").await;
    refused(format!("{dump}{}", lines[1]), "with a line after the end").await;
    refused(dump.replace("Pump 1", "Pump 7"), "with another name").await;
    refused(dump.replacen("\"ann\"", "\"eve\"", 1), "with another actor").await;
    refused("nothing of the kind\n".to_owned(), "not a dump").await;
    let inspected = inspect(&mut dump.as_bytes()).unwrap();
    let restored = target.restore(&mut dump.as_bytes()).await.unwrap();
    let seen = (inspected.lines, inspected.events.seq, inspected.readings.seq);
    assert_eq!(seen, (restored.lines, restored.events, restored.readings));
    assert_eq!(Some(inspected.key), source.settings().key_id().unwrap());
}

async fn a_dump_goes_into_a_new_store_with_its_key_only(place: Place) {
    let source = Place::sqlite();
    let dump = dumped(&full(&source).await).await;
    let other = Place::sqlite();
    let refused = other.open().await.restore(&mut dump.as_slice()).await;
    assert!(matches!(refused, Err(Error::OtherKey { .. })));
    share_key(&source, &place);
    let store = place.open().await;
    store.commit(set("a", 0, json!({}))).await.unwrap();
    assert!(matches!(store.restore(&mut dump.as_slice()).await, Err(Error::NotEmpty)));
    assert_eq!(store.head().await.unwrap().seq, 1);
}

#[tokio::test]
async fn a_copy_is_a_whole_database_and_overwrites_nothing() {
    let place = Place::sqlite();
    let store = full(&place).await;
    let target = Place::sqlite();
    let file = target.folder.path().join("registry.sqlite");
    store.copy(&file).await.unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(store.copy(&file).await, Err(Error::File { .. })));
    assert_eq!(std::fs::read_dir(target.folder.path()).unwrap().count(), 1);
    share_key(&place, &target);
    let copy = target.open().await;
    assert_eq!(everything(&copy).await, everything(&store).await);
    assert_eq!(copy.load([key("e0")]).await.unwrap().version(&key("e0")), 2);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn postgresql_is_not_copied_into_a_file() {
    let place = Place::postgres();
    let store = place.open().await;
    assert!(matches!(store.copy(&place.folder.path().join("copy")).await, Err(Error::NoCopy)));
}
