//! The outbox: in order, at least once, by one worker at a time.

use crate::support::{Place, at, on_both, set};
use dtsec_store::{Store, Transaction};
use serde_json::json;

on_both! {
    messages_come_in_order_and_go_when_acknowledged
    a_topic_has_one_worker_at_a_time
    what_a_dead_worker_did_not_acknowledge_is_told_again
}

fn told(id: &str, version: i64) -> Transaction {
    let mut transaction = set(id, version, json!({"version": version}));
    transaction.events[0].publish.push(("publisher".to_owned(), json!({"version": version})));
    transaction
}

async fn numbers(store: &Store, worker: &str, now: i64, until: i64) -> Option<Vec<i64>> {
    let taken = store.take("publisher", worker, at(now), at(until), 10).await.unwrap();
    taken.map(|all| all.into_iter().map(|one| one.seq).collect())
}

async fn messages_come_in_order_and_go_when_acknowledged(place: Place) {
    let store = place.open().await;
    for version in 0..5 {
        store.commit(told("a", version)).await.unwrap();
    }
    assert_eq!(numbers(&store, "w", 0, 10).await.unwrap(), [1, 2, 3, 4, 5]);
    assert!(store.acknowledge("publisher", "w", 3).await.unwrap());
    assert!(store.acknowledge("publisher", "w", 3).await.unwrap());
    assert_eq!(numbers(&store, "w", 0, 10).await.unwrap(), [4, 5]);
    assert!(store.acknowledge("publisher", "w", 5).await.unwrap());
    assert_eq!(numbers(&store, "w", 0, 10).await.unwrap(), [0; 0]);
    assert_eq!(store.take("other", "w", at(0), at(10), 10).await.unwrap(), Some(vec![]));
}

async fn a_topic_has_one_worker_at_a_time(place: Place) {
    let (one, two) = (place.open().await, place.open().await);
    one.commit(told("a", 0)).await.unwrap();
    let (first, second) = tokio::join!(numbers(&one, "w1", 0, 10), numbers(&two, "w2", 0, 10));
    assert!(first.is_some() != second.is_some());
    let (holder, other) = if first.is_some() { ("w1", "w2") } else { ("w2", "w1") };
    assert_eq!(one.worker("publisher").await.unwrap().as_deref(), Some(holder));
    assert!(!one.acknowledge("publisher", other, 1).await.unwrap());
    one.give_back("publisher", other).await.unwrap();
    assert_eq!(numbers(&one, other, 5, 15).await, None);
    one.give_back("publisher", holder).await.unwrap();
    assert_eq!(numbers(&one, other, 5, 15).await.unwrap(), [1]);
}

async fn what_a_dead_worker_did_not_acknowledge_is_told_again(place: Place) {
    let store = place.open().await;
    store.commit(told("a", 0)).await.unwrap();
    assert_eq!(numbers(&store, "dead", 0, 10).await.unwrap(), [1]);
    assert_eq!(numbers(&store, "next", 9, 19).await, None);
    assert_eq!(numbers(&store, "next", 10, 20).await.unwrap(), [1]);
    assert!(!store.acknowledge("publisher", "dead", 1).await.unwrap());
    assert_eq!(numbers(&store, "next", 11, 21).await.unwrap(), [1]);
    assert!(store.acknowledge("publisher", "next", 1).await.unwrap());
}
