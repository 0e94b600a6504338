//! Persons, credentials, sessions, tokens, links that work once.

use crate::support::{Place, at, on_both, set};
use dtsec_store::{
    AccessChange, Credential, Error, OneTime, Organisation, Person, Result, SecretHash, Session, Size, Store,
    Token, Transaction,
};
use serde_json::json;

on_both! {
    persons_belong_to_organisations_and_sign_in_with_credentials
    a_session_ends
    a_token_is_over_when_it_is_revoked_or_old
    what_works_once_works_once
    of_secrets_only_hashes_are_kept
}

fn person(id: &str, email: Option<&str>) -> Person {
    let email = email.map(str::to_owned);
    Person {
        id: id.into(),
        name: id.into(),
        email,
        organisation: "dwg".into(),
        data: json!({"roles": []}),
        disabled: None,
    }
}

async fn change(store: &Store, access: Vec<AccessChange>) -> Result<()> {
    let version = store.load([crate::support::key("access")]).await?.version(&crate::support::key("access"));
    store.commit(Transaction { access, ..set("access", version, json!({})) }).await.map(|_| ())
}

async fn opened(place: &Place) -> Store {
    let store = place.open().await;
    let organisation =
        Organisation { id: "dwg".into(), name: "DWG".into(), kind: "dwg".into(), data: json!({}) };
    let people = [person("ann", Some("ann@example.org")), person("ben", None)];
    let mut all = vec![AccessChange::PutOrganisation(organisation)];
    all.extend(people.map(AccessChange::PutPerson));
    change(&store, all).await.unwrap();
    store
}

async fn persons_belong_to_organisations_and_sign_in_with_credentials(place: Place) {
    let store = opened(&place).await;
    assert_eq!(store.person_by_email("ann@example.org").await.unwrap().unwrap().id, "ann");
    let taken = vec![AccessChange::PutPerson(person("cem", Some("ann@example.org")))];
    assert!(matches!(change(&store, taken).await, Err(Error::Refused { what: "person", .. })));
    assert_eq!(store.person("cem").await.unwrap(), None);
    let disabled = Person { disabled: Some(at(5)), ..person("ann", Some("ann@example.org")) };
    change(&store, vec![AccessChange::PutPerson(disabled.clone())]).await.unwrap();
    assert_eq!(store.person("ann").await.unwrap(), Some(disabled));
    assert_eq!(store.persons(Some("dwg"), "ann", Size::default()).await.unwrap().items.len(), 1);
    assert_eq!(store.persons(None, "", Size::new(1)).await.unwrap().next.as_deref(), Some("ann"));
    assert_eq!(store.organisations("", Size::default()).await.unwrap().items.len(), 1);

    let passkey = Credential {
        id: "k".repeat(400),
        person: "ann".into(),
        kind: "passkey".into(),
        data: json!({"counter": 1}),
        created: at(1),
        used: None,
    };
    change(&store, vec![AccessChange::AddCredential(passkey.clone())]).await.unwrap();
    let again = change(&store, vec![AccessChange::AddCredential(passkey.clone())]).await;
    assert!(matches!(again, Err(Error::Refused { .. })));
    store.credential_used(&passkey.id, &json!({"counter": 2}), at(3)).await.unwrap();
    let used = Credential { data: json!({"counter": 2}), used: Some(at(3)), ..passkey.clone() };
    assert_eq!(store.credential(&passkey.id).await.unwrap(), Some(used.clone()));
    assert_eq!(store.credentials("ann", "", Size::default()).await.unwrap().items, [used]);
    assert!(matches!(store.credential_used("none", &json!({}), at(3)).await, Err(Error::Refused { .. })));
    let remove = |person: &str| {
        vec![AccessChange::RemoveCredential { id: passkey.id.clone(), person: person.to_owned() }]
    };
    assert!(matches!(change(&store, remove("ben")).await, Err(Error::Refused { .. })));
    change(&store, remove("ann")).await.unwrap();
    assert_eq!(store.credential(&passkey.id).await.unwrap(), None);
}

async fn a_session_ends(place: Place) {
    let store = opened(&place).await;
    let session = |cookie: &str, person: &str| Session {
        hash: SecretHash::of(cookie),
        person: person.into(),
        data: json!({"csrf": "x"}),
        created: at(0),
        seen: at(0),
        expires: at(100),
    };
    for cookie in ["one", "two", "three"] {
        store.start_session(&session(cookie, "ann")).await.unwrap();
    }
    assert!(matches!(store.start_session(&session("four", "eve")).await, Err(Error::Refused { .. })));
    let live =
        async |cookie: &str, now| store.session(&SecretHash::of(cookie), at(now)).await.unwrap().is_some();
    assert!(live("one", 99).await && !live("one", 100).await && !live("none", 1).await);
    store.session_seen(&SecretHash::of("one"), at(50), at(150)).await.unwrap();
    assert!(live("one", 149).await);
    store.end_session(&SecretHash::of("two")).await.unwrap();
    assert!(!live("two", 1).await && live("three", 1).await);
    assert_eq!(store.sessions("ann", "", Size::default()).await.unwrap().items.len(), 2);
    assert_eq!(store.sweep(at(100)).await.unwrap(), 1);
    change(&store, vec![AccessChange::EndSessions { person: "ann".into() }]).await.unwrap();
    assert!(!live("one", 1).await);
}

fn token(secret: &str, id: &str) -> Token {
    Token {
        hash: SecretHash::of(secret),
        id: id.into(),
        person: "ann".into(),
        name: "build server".into(),
        scopes: vec!["entries:read".into()],
        created: at(0),
        expires: at(100),
        used: None,
        revoked: None,
    }
}

async fn a_token_is_over_when_it_is_revoked_or_old(place: Place) {
    let store = opened(&place).await;
    change(
        &store,
        vec![AccessChange::AddToken(token("one", "t1")), AccessChange::AddToken(token("two", "t2"))],
    )
    .await
    .unwrap();
    let live = async |secret: &str, now| store.token(&SecretHash::of(secret), at(now)).await.unwrap();
    assert_eq!(live("one", 99).await.unwrap().scopes, ["entries:read"]);
    assert_eq!(live("one", 100).await, None);
    store.token_used(&SecretHash::of("two"), at(4)).await.unwrap();
    assert_eq!(live("two", 5).await.unwrap().used, Some(at(4)));
    let revoke =
        |person: &str| vec![AccessChange::RevokeToken { id: "t1".into(), person: person.into(), at: at(5) }];
    assert!(matches!(change(&store, revoke("ben")).await, Err(Error::Refused { .. })));
    assert!(live("one", 6).await.is_some());
    change(&store, revoke("ann")).await.unwrap();
    assert_eq!(live("one", 6).await, None);
    assert!(live("two", 6).await.is_some());
    assert_eq!(store.tokens("ann", "", Size::default()).await.unwrap().items.len(), 2);
}

async fn what_works_once_works_once(place: Place) {
    let store = opened(&place).await;
    let link = |secret: &str| OneTime {
        hash: SecretHash::of(secret),
        purpose: "sign-in".into(),
        data: json!({"person": "ann"}),
        expires: at(100),
    };
    change(&store, vec![AccessChange::AddOneTime(link("one"))]).await.unwrap();
    store.add_one_time(&link("two")).await.unwrap();
    assert!(matches!(store.add_one_time(&link("two")).await, Err(Error::Refused { .. })));
    let (one, two) = (SecretHash::of("one"), SecretHash::of("two"));
    assert_eq!(store.take_one_time(&one, "passkey", at(1)).await.unwrap(), None);
    let (a, b) = tokio::join!(
        store.take_one_time(&one, "sign-in", at(1)),
        store.take_one_time(&one, "sign-in", at(1))
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.is_some() != b.is_some());
    assert_eq!(a.or(b), Some(json!({"person": "ann"})));
    assert_eq!(store.take_one_time(&two, "sign-in", at(100)).await.unwrap(), None);
}

async fn of_secrets_only_hashes_are_kept(place: Place) {
    let store = opened(&place).await;
    let secret = "a-token-that-stands-out";
    change(&store, vec![AccessChange::AddToken(token(secret, "t1"))]).await.unwrap();
    let mut dump = Vec::new();
    store.dump(&mut dump).await.unwrap();
    let text = String::from_utf8(dump).unwrap();
    assert!(!text.contains(secret) && text.contains(SecretHash::of(secret).as_str()));
}
