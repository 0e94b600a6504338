//! What is kept, by whom, and what is refused.

use crate::support::{Place, at, everything, key, on_both, set};
use dtsec_store::{
    AccessChange, Change, Digest, Error, Events, Key, NewDocument, NewEvent, Organisation, Person, Request,
    Size, Store, Transaction,
};
use serde_json::json;

on_both! {
    a_transaction_is_kept_whole
    of_two_who_decide_on_the_same_version_one_wins
    what_a_decision_rests_on_must_not_have_changed
    a_refused_transaction_changes_nothing
    a_request_is_carried_out_once
    many_writers_queue_and_none_is_lost
    two_programs_may_open_a_new_database_at_once
    a_database_that_is_not_ours_is_left_alone
}

async fn a_transaction_is_kept_whole(place: Place) {
    let store = place.open().await;
    let document = NewDocument {
        case: "case-1".to_owned(),
        digest: Digest::of(b"text"),
        confidential: false,
        media: "text/plain".to_owned(),
        name: String::new(),
        bytes: b"text".to_vec(),
    };
    let mut both = set("a", 0, json!({"name": "Pump"}));
    both.changes.push(Change { key: key("b"), expected: 0, state: json!({"name": "Meter"}) });
    both.events[0].reason = "because".to_owned();
    both.events[0].document = Some(document.digest.clone());
    both.events[0].publish.push(("list".to_owned(), json!({"entry": "a"})));
    both.events.push(NewEvent::new(key("b"), "set", json!({"state": {"name": "Meter"}})));
    both.documents.push(document.clone());
    let organisation =
        Organisation { id: "dwg".into(), name: "DWG".into(), kind: "dwg".into(), data: json!({}) };
    both.access.push(AccessChange::PutOrganisation(organisation.clone()));
    let committed = store.commit(both).await.unwrap();
    assert_eq!((committed.first, committed.last, committed.repeated), (1, 2, false));

    let loaded = store.load([key("a"), key("b"), key("c")]).await.unwrap();
    assert_eq!(loaded.state(&key("a")), Some(&json!({"name": "Pump"})));
    assert_eq!((loaded.version(&key("b")), loaded.version(&key("c"))), (1, 0));
    assert!(loaded.has(&key("c")) && loaded.aggregates().count() == 2);
    let history = store.history(&key("a"), 0, Size::default()).await.unwrap().items;
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].actor.as_str(), history[0].reason.as_str()), ("ann", "because"));
    assert_eq!((history[0].at, history[0].document.clone()), (at(1), Some(document.digest.clone())));
    assert_eq!(store.row("entries", "b").await.unwrap().unwrap().data, json!({"name": "Meter"}));
    assert_eq!(store.take("list", "w", at(1), at(9), 10).await.unwrap().unwrap()[0].seq, 1);
    let read = store.public_document("case-1", &document.digest).await.unwrap().unwrap();
    assert_eq!(*read.bytes, b"text");
    assert_eq!(store.organisation("dwg").await.unwrap(), Some(organisation));
    assert_eq!(store.head().await.unwrap().seq, 2);

    let by = store.events_before(None, Events::By("ann"), Size::new(1)).await.unwrap();
    assert_eq!((by.items[0].seq, by.next.as_deref()), (2, Some("2")));
    let tagged = store.events_before(Some(2), Events::Tagged("set"), Size::new(9)).await.unwrap();
    assert_eq!((tagged.items[0].seq, tagged.next), (1, None));
    assert_eq!(store.events_after(1, Size::default()).await.unwrap().items[0].key, key("b"));
    assert_eq!(store.aggregates("entry", "a", Size::default()).await.unwrap().items[0].key, key("b"));
    assert_eq!(store.verify_chain(None).await.unwrap().events, store.head().await.unwrap());
}

async fn of_two_who_decide_on_the_same_version_one_wins(place: Place) {
    let store = place.open().await;
    store.commit(set("a", 0, json!({"name": "0"}))).await.unwrap();
    let other = place.open().await;
    let (one, two) = tokio::join!(
        store.commit(set("a", 1, json!({"name": "1"}))),
        other.commit(set("a", 1, json!({"name": "2"})))
    );
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(won.unwrap().first, 2);
    match lost.unwrap_err() {
        Error::Conflict { key: which, expected: 1, found: 2 } => assert_eq!(which, key("a")),
        other => panic!("{other}"),
    }
    assert_eq!(store.head().await.unwrap().seq, 2);
    other.commit(set("a", 2, json!({"name": "3"}))).await.unwrap();
}

async fn what_a_decision_rests_on_must_not_have_changed(place: Place) {
    let store = place.open().await;
    store.commit(set("lab", 0, json!({}))).await.unwrap();
    let loaded = store.load([key("lab"), key("product")]).await.unwrap();
    let decided = |state| {
        let (changes, rests_on) = loaded.decided([(key("product"), state)].into());
        Transaction { changes, rests_on, ..set("product", 0, json!({})) }
    };
    store.commit(set("lab", 1, json!({"suspended": true}))).await.unwrap();
    let refused = store.commit(decided(json!({"certified": true}))).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { expected: 1, found: 2, .. }), "{refused}");
    assert!(refused.is_callers());
    assert_eq!(store.load([key("product")]).await.unwrap().version(&key("product")), 0);

    let loaded = store.load([key("lab"), key("product")]).await.unwrap();
    let (changes, rests_on) = loaded.decided([(key("product"), json!({}))].into());
    store.commit(Transaction { changes, rests_on, ..set("product", 0, json!({})) }).await.unwrap();
}

async fn a_refused_transaction_changes_nothing(place: Place) {
    let store = place.open().await;
    store.commit(set("a", 0, json!({"name": "Pump"}))).await.unwrap();
    let before = everything(&store).await;
    let good = || set("b", 0, json!({"name": "Meter"}));
    let document = NewDocument {
        case: "c".to_owned(),
        digest: Digest::of(b"other"),
        confidential: true,
        media: "text/plain".to_owned(),
        name: String::new(),
        bytes: b"text".to_vec(),
    };
    let person = Person {
        id: "p".into(),
        name: "P".into(),
        email: None,
        organisation: "nobody".into(),
        data: json!({}),
        disabled: None,
    };
    type Spoil<'a> = Box<dyn Fn(&mut Transaction) + 'a>;
    type Is = fn(&Error) -> bool;
    let cases: Vec<(Spoil<'_>, Is)> = vec![
        (Box::new(|one| one.events.clear()), |error| matches!(error, Error::NoEvent)),
        (Box::new(|one| one.rests_on.push((key("b"), 0))), |error| matches!(error, Error::NamedTwice(_))),
        (Box::new(|one| one.changes[0].expected = 1), |error| {
            matches!(error, Error::Conflict { found: 0, .. })
        }),
        (Box::new(|one| one.changes[0].key = key("a")), |error| {
            matches!(error, Error::Conflict { found: 1, .. })
        }),
        (Box::new(|one| one.changes[0].state = json!({"takes": "a"})), |error| {
            matches!(error, Error::RowTaken { .. })
        }),
        (
            Box::new(|one| one.events[0].publish = vec![("t".into(), json!(1)), ("t".into(), json!(2))]),
            |error| matches!(error, Error::Refused { what: "message", .. }),
        ),
        (Box::new(|one| one.actor.clear()), |error| matches!(error, Error::Name(_))),
        (Box::new(|one| one.events[0].tag = "a\0b".to_owned()), |error| matches!(error, Error::Name(_))),
        (Box::new(|one| one.events[0].key = Key::new("x".repeat(201), "a")), |error| {
            matches!(error, Error::Name(_))
        }),
        (Box::new(|one| one.events[0].data = json!(u64::MAX)), |error| matches!(error, Error::Number { .. })),
        (Box::new(|one| one.documents.push(document.clone())), |error| {
            matches!(error, Error::OtherBytes { .. })
        }),
        (Box::new(|one| one.access.push(AccessChange::PutPerson(person.clone()))), |error| {
            matches!(error, Error::Refused { .. })
        }),
        (
            Box::new(|one| {
                let (id, person) = ("none".to_owned(), "p".to_owned());
                one.access.push(AccessChange::RemoveCredential { id, person });
            }),
            |error| matches!(error, Error::Refused { .. }),
        ),
    ];
    for (number, (spoil, is)) in cases.iter().enumerate() {
        let mut bad = good();
        spoil(&mut bad);
        let error = store.commit(bad).await.unwrap_err();
        assert!(is(&error), "{number}: {error}");
        assert_eq!(everything(&store).await, before, "{number}");
    }
    store.commit(good()).await.unwrap();
    assert_ne!(everything(&store).await, before);
}

async fn a_request_is_carried_out_once(place: Place) {
    let store = place.open().await;
    let request = Request { id: "form-1".to_owned(), fingerprint: Digest::of(b"list it") };
    let form = || Transaction { request: Some(request.clone()), ..set("a", 0, json!({})) };
    assert_eq!(store.repeated(&request).await.unwrap(), None);
    let first = store.commit(form()).await.unwrap();
    let second = store.commit(form()).await.unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!((first.first, first.last), (second.first, second.last));
    assert_eq!(store.head().await.unwrap().seq, 1);
    assert_eq!(store.repeated(&request).await.unwrap(), Some(second));

    let other = Request { fingerprint: Digest::of(b"remove it"), ..request.clone() };
    let reused = Transaction { request: Some(other), ..set("b", 0, json!({})) };
    assert!(matches!(store.commit(reused).await, Err(Error::RequestReused(_))));
    let next = Request { id: "form-2".to_owned(), ..request };
    store.commit(Transaction { request: Some(next), ..set("b", 0, json!({})) }).await.unwrap();
}

async fn many_writers_queue_and_none_is_lost(place: Place) {
    let stores = [place.open().await, place.open().await];
    let mut all = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let store = stores[writer % 2].clone();
        all.spawn(async move {
            for version in 0..8 {
                store.commit(set(&format!("w{writer}"), version, json!({"name": version}))).await.unwrap();
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    assert_eq!(stores[0].verify_chain(None).await.unwrap().events.seq, 48);
}

async fn two_programs_may_open_a_new_database_at_once(place: Place) {
    let (one, two) = tokio::join!(place.try_open(), place.try_open());
    one.unwrap().commit(set("a", 0, json!({}))).await.unwrap();
    two.unwrap().commit(set("a", 1, json!({}))).await.unwrap();
}

async fn a_database_that_is_not_ours_is_left_alone(place: Place) {
    if place.is_sqlite() {
        std::fs::write(place.folder.path().join("registry.sqlite"), "").unwrap();
    }
    place.sql("CREATE TABLE theirs (x BIGINT)").await.unwrap();
    assert!(matches!(place.try_open().await, Err(Error::NotADatabase(_))));
    place.sql("DROP TABLE theirs").await.unwrap();
    let settings = place.settings();
    let as_it_is = Store::open_as_it_is(&settings, std::sync::Arc::new(crate::support::rows)).await;
    assert!(matches!(as_it_is, Err(Error::NotMigrated { found: 0, .. })));
    place.open().await.close().await;

    place.sql("UPDATE schema_step SET digest = 'x' WHERE step = 2").await.unwrap();
    assert!(matches!(place.try_open().await, Err(Error::OtherSchema(2))));
    place.sql("INSERT INTO schema_step (step, digest) VALUES (1000, 'x')").await.unwrap();
    assert!(matches!(place.try_open().await, Err(Error::Newer { found: 1000, .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let place = Place::sqlite();
    let file = place.folder.path().join("registry.sqlite");
    let text = "this is a letter, and no database at all; ".repeat(100);
    std::fs::write(&file, &text).unwrap();
    assert!(matches!(place.try_open().await, Err(Error::NotADatabase(_))));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_does_not_answer_is_named_so() {
    let server = dtsec_scratch::Server::start();
    let place = Place::on(&server);
    place.open().await.close().await;
    drop(server);
    let error = place.try_open().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)) && error.is_transient(), "{error}");
}
