//! The logs are append-only, and a change from outside shows at its number.

use crate::support::{Place, at, key, on_both, set};
use dtsec_store::{Digest, Error, Head, NewDocument, Reader, Store, Transaction};
use serde_json::json;

on_both! {
    the_database_refuses_to_change_a_log
    a_changed_field_is_found_with_its_number
    a_missing_entry_is_found_with_its_number
    a_log_that_was_made_anew_does_not_run_through_a_noted_head
    a_changed_reading_is_found_with_its_number
}

async fn filled(place: &Place) -> Store {
    let store = place.open().await;
    for version in 0..5 {
        store.commit(set("a", version, json!({"name": format!("v{version}")}))).await.unwrap();
    }
    store
}

async fn tampered(store: &Store) -> (&'static str, i64) {
    match store.verify_chain(None).await.unwrap_err() {
        Error::Tampered { log, seq, .. } => (log, seq),
        other => panic!("{other}"),
    }
}

async fn the_database_refuses_to_change_a_log(place: Place) {
    let store = filled(&place).await;
    let mut statements =
        vec!["UPDATE event SET actor = 'eve' WHERE seq = 3", "DELETE FROM event WHERE seq = 3"];
    if place.is_sqlite() {
        statements.push("INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 3");
    } else {
        statements.push("TRUNCATE event");
    }
    for statement in statements {
        let error = place.sql(statement).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(store.verify_chain(None).await.unwrap().events.seq, 5);
    place.disarm().await;
    assert_eq!(place.sql("UPDATE event SET actor = 'eve' WHERE seq = 3").await.unwrap(), 1);
}

async fn a_changed_field_is_found_with_its_number(place: Place) {
    let store = filled(&place).await;
    place.disarm().await;
    assert_eq!(store.verify_chain(None).await.unwrap().events.seq, 5);
    let changes = [
        ("data", "replace(data, 'v2', 'v9')", "replace(data, 'v9', 'v2')"),
        ("actor", "'eve'", "'ann'"),
        ("at", "at + 1", "at - 1"),
        ("kind", "'entrx'", "'entry'"),
        ("id", "'b'", "'a'"),
        ("version", "version + 1", "version - 1"),
        ("batch", "batch - 1", "batch + 1"),
        ("tag", "'unset'", "'set'"),
        ("reason", "'x'", "''"),
        ("document", "hash", "NULL"),
    ];
    for (column, there, back) in changes {
        for (value, changed) in [(there, true), (back, false)] {
            let statement = format!("UPDATE event SET {column} = {value} WHERE seq = 3");
            assert_eq!(place.sql(&statement).await.unwrap(), 1);
            if changed {
                assert_eq!(tampered(&store).await, ("event", 3), "{column}");
            } else {
                store.verify_chain(None).await.unwrap();
            }
        }
    }
}

async fn a_missing_entry_is_found_with_its_number(place: Place) {
    let store = filled(&place).await;
    place.disarm().await;
    place.sql("UPDATE event SET seq = 50 WHERE seq = 5").await.unwrap();
    assert_eq!(tampered(&store).await, ("event", 5));
    place.sql("UPDATE event SET seq = 5 WHERE seq = 50").await.unwrap();
    store.verify_chain(None).await.unwrap();
    place.sql("UPDATE event SET seq = 0 WHERE seq = 1").await.unwrap();
    assert_eq!(tampered(&store).await, ("event", 1));
    place.sql("UPDATE event SET seq = 1 WHERE seq = 0").await.unwrap();
    place.sql("DELETE FROM event WHERE seq = 5").await.unwrap();
    assert_eq!(tampered(&store).await, ("event", 5));
    place.sql("DELETE FROM event WHERE seq = 2").await.unwrap();
    assert_eq!(tampered(&store).await, ("event", 2));
}

async fn a_log_that_was_made_anew_does_not_run_through_a_noted_head(place: Place) {
    let store = filled(&place).await;
    let noted = store.head().await.unwrap();
    store.commit(set("a", 5, json!({}))).await.unwrap();
    store.verify_chain(Some(&noted)).await.unwrap();
    let other = Head { seq: 5, hash: Digest::of(b"another past") };
    let error = store.verify_chain(Some(&other)).await.unwrap_err();
    assert!(matches!(error, Error::Tampered { seq: 5, .. }), "{error}");
}

async fn a_changed_reading_is_found_with_its_number(place: Place) {
    let store = place.open().await;
    let document = NewDocument {
        case: "c".to_owned(),
        digest: Digest::of(b"secret"),
        confidential: true,
        media: "text/plain".to_owned(),
        name: String::new(),
        bytes: b"secret".to_vec(),
    };
    let digest = document.digest.clone();
    let transaction = Transaction { documents: vec![document], ..set("a", 0, json!({})) };
    store.commit(transaction).await.unwrap();
    for person in ["ann", "ben", "cem"] {
        let reader = Reader { person: person.to_owned(), purpose: "review".to_owned(), at: at(1) };
        store.read_document("c", &digest, &reader).await.unwrap().unwrap();
    }
    assert_eq!(store.verify_chain(None).await.unwrap().readings.seq, 3);
    assert!(place.sql("UPDATE reading SET reader = 'ann' WHERE seq = 2").await.is_err());
    place.disarm().await;
    place.sql("UPDATE reading SET reader = 'ann' WHERE seq = 2").await.unwrap();
    assert_eq!(tampered(&store).await, ("reading", 2));
    assert_eq!(store.load([key("a")]).await.unwrap().version(&key("a")), 1);
}
