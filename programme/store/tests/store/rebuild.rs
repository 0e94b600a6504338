//! What is kept follows from the events, always.

use crate::support::{Expected, Place, Setter, key, on_both, set};
use dtsec_store::{Change, Error, Store};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

on_both! {
    what_is_kept_follows_from_the_events_whatever_happens
    a_changed_row_is_found_and_mended
    an_event_that_does_not_apply_changes_nothing
}

/// One transaction: which aggregates, set to what, in one event or two.
#[derive(Debug, Clone)]
struct Step {
    id: u8,
    state: Value,
    other: Option<(u8, Value)>,
    in_one_event: bool,
}

fn state() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["Pump", "pump two", "Meter", "meter two three", ""]);
    let status = prop::sample::select(vec!["listed", "removed"]);
    (name, status, any::<bool>(), prop::option::of(prop::sample::select(vec!["dwg", "lab"]))).prop_map(
        |(name, status, hidden, waits)| json!({"name": name, "status": status, "hidden": hidden, "waits-for": waits}),
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..5_u8, state(), prop::option::of((5..8_u8, state())), any::<bool>())
        .prop_map(|(id, state, other, in_one_event)| Step { id, state, other, in_one_event });
    prop::collection::vec(step, 1..12)
}

async fn carry_out(store: &Store, step: &Step, expected: &mut Expected) {
    let loaded = store.load((0..8).map(|id| key(&id.to_string()))).await.unwrap();
    let id = step.id.to_string();
    let mut transaction = set(&id, loaded.version(&key(&id)), step.state.clone());
    expected.insert(id, step.state.clone());
    if let Some((other, state)) = &step.other {
        let other = other.to_string();
        let change =
            Change { key: key(&other), expected: loaded.version(&key(&other)), state: state.clone() };
        transaction.changes.push(change);
        if step.in_one_event {
            transaction.events[0].data["other"] = json!(other);
            transaction.events[0].data["other-state"] = state.clone();
        } else {
            transaction.events.extend(set(&other, 0, state.clone()).events);
        }
        expected.insert(other, state.clone());
    }
    store.commit(transaction).await.unwrap();
}

async fn what_is_kept_follows_from_the_events_whatever_happens(place: Place) {
    let store = place.open().await;
    let mut expected = Expected::new();
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for _ in 0..12 {
        for step in steps().new_tree(&mut runner).unwrap().current() {
            carry_out(&store, &step, &mut expected).await;
        }
        assert_eq!(store.check(&mut Setter).await.unwrap(), []);
    }
    for (id, state) in &expected {
        assert_eq!(store.load([key(id)]).await.unwrap().state(&key(id)), Some(state));
    }
    assert_eq!(store.rebuild(&mut Setter).await.unwrap(), expected.len());
    assert_eq!(store.check(&mut Setter).await.unwrap(), []);
}

async fn a_changed_row_is_found_and_mended(place: Place) {
    let store = place.open().await;
    for id in ["a", "b"] {
        store.commit(set(id, 0, json!({"name": format!("Pump {id}"), "status": "listed"}))).await.unwrap();
    }
    let changes = [
        "UPDATE aggregate SET version = 7 WHERE id = 'a'",
        "UPDATE aggregate SET state = '{}' WHERE id = 'a'",
        "DELETE FROM aggregate WHERE id = 'b'",
        "INSERT INTO aggregate (kind, id, version, state) VALUES ('entry', 'c', 1, '{}')",
        "UPDATE list_row SET data = '{}' WHERE id = 'a'",
        "UPDATE list_row SET sort = 'x' WHERE id = 'a'",
        "UPDATE list_row SET owner_id = 'b' WHERE id = 'a'",
    ];
    for change in changes {
        assert_eq!(store.check(&mut Setter).await.unwrap(), [], "{change}");
        assert_eq!(place.sql(change).await.unwrap(), 1, "{change}");
        assert_ne!(store.check(&mut Setter).await.unwrap(), [], "{change}");
        if let Err(error) = store.rebuild(&mut Setter).await {
            panic!("{change}: {error}");
        }
    }
    assert_eq!(store.check(&mut Setter).await.unwrap(), []);
}

async fn an_event_that_does_not_apply_changes_nothing(place: Place) {
    let store = place.open().await;
    store.commit(set("a", 0, json!({"name": "Pump"}))).await.unwrap();
    let mut odd = set("a", 1, json!({"name": "Meter"}));
    odd.events[0].data = json!({});
    store.commit(odd).await.unwrap();
    for failed in [store.check(&mut Setter).await.map(|_| ()), store.rebuild(&mut Setter).await.map(|_| ())] {
        assert!(matches!(failed, Err(Error::Replay { seq: 2, .. })));
    }
    assert_eq!(store.load([key("a")]).await.unwrap().state(&key("a")), Some(&json!({"name": "Meter"})));
}
