//! Who comes in, and who may enter whom.

use crate::fixtures::{self, id};
use crate::site::{As, Site, grant};
use dtsec_registry::domain::Role;
use dtsec_serve::Failure;
use dtsec_serve::access::limits::Rate;
use dtsec_serve::access::tokens::{self, Scope};
use dtsec_serve::access::{links, session};
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_in_the_end_anyway() {
    let site = Site::with_people().await;
    let ann = site.cookie("ann").await;
    site.get(&ann, "/api/v1/me").await.is(200);
    site.clock.forward(session::IDLE - SignedDuration::from_mins(1));
    site.get(&ann, "/api/v1/me").await.is(200);
    site.clock.forward(session::IDLE);
    site.get(&ann, "/api/v1/me").await.is(401);
    let ann = site.cookie("ann").await;
    for _ in 0..24 {
        site.get(&ann, "/api/v1/me").await.is(200);
        site.clock.forward(SignedDuration::from_mins(30));
    }
    site.get(&ann, "/api/v1/me").await.is(401);
}

#[tokio::test]
async fn who_signs_out_everywhere_is_out_everywhere_and_others_are_not() {
    let site = Site::with_people().await;
    let (here, there, bob) = (site.cookie("ann").await, site.cookie("ann").await, site.cookie("bob").await);
    let listed = site.get(&here, "/api/v1/me/sessions").await.is(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    site.post(&here, "/api/v1/me/sessions/end", &json!({})).await.is(204);
    for cookie in [&here, &there] {
        site.get(cookie, "/api/v1/me").await.is(401);
    }
    site.get(&bob, "/api/v1/me").await.is(200);
}

#[tokio::test]
async fn who_is_kept_out_is_out_with_every_session_token_and_link() {
    let site = Site::with_people().await;
    let bob = site.cookie("bob").await;
    let (token, _) = tokens::make(&site.registry, "bob", "t", &[Scope::Read].into(), 1).await.unwrap();
    let link = site.registry.link_by_operator(&id("bob")).await.unwrap();
    site.get(&As::Token(token.clone()), "/api/v1/me").await.is(200);
    site.registry.disable(&fixtures::who("dora"), &id("bob"), "left").await.unwrap();
    site.get(&bob, "/api/v1/me").await.is(401);
    site.get(&As::Token(token), "/api/v1/me").await.is(401);
    assert!(matches!(links::sign_in(&site.registry, &link).await, Err(Failure::Denied { .. })));
}

#[tokio::test]
async fn a_token_does_not_outlive_its_day_or_its_revocation() {
    let site = Site::with_people().await;
    let scopes = [Scope::Read].into();
    let (over, _) = tokens::make(&site.registry, "ann", "t", &scopes, 1).await.unwrap();
    let (revoked, made) = tokens::make(&site.registry, "ann", "t", &scopes, 9).await.unwrap();
    site.clock.forward(SignedDuration::from_hours(23));
    site.get(&As::Token(over.clone()), "/api/v1/me").await.is(200);
    site.clock.forward(SignedDuration::from_hours(2));
    site.get(&As::Token(over), "/api/v1/me").await.is(401);
    site.get(&As::Token(revoked.clone()), "/api/v1/me").await.is(200);
    tokens::revoke(&site.registry, "ann", &made.id).await.unwrap();
    site.get(&As::Token(revoked), "/api/v1/me").await.is(401);
    site.get(&As::Token("dtsec_nothing".to_owned()), "/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_link_works_once_and_for_a_day() {
    let site = Site::with_people().await;
    let link = site.registry.link_by_operator(&id("ann")).await.unwrap();
    links::sign_in(&site.registry, &link).await.unwrap();
    assert!(matches!(links::sign_in(&site.registry, &link).await, Err(Failure::Denied { .. })));
    let link = site.registry.link_by_operator(&id("ann")).await.unwrap();
    site.clock.forward(SignedDuration::from_hours(25));
    assert!(matches!(links::sign_in(&site.registry, &link).await, Err(Failure::Denied { .. })));
}

#[tokio::test]
async fn a_link_gives_a_token_instead_of_a_session_and_is_used_up_by_what_fits_only() {
    let site = Site::with_people().await;
    let link = site.registry.link_by_operator(&id("ann")).await.unwrap();
    let ask = async |days: u32, link: &str| {
        let body = json!({ "link": link, "token": { "name": "laptop", "scopes": ["read"], "days": days } });
        site.post(&As::Nobody, "/api/v1/sign-in/link/token", &body).await
    };
    let before = site.head().await;
    assert_eq!(ask(4000, &link).await.is(422).json()["field"], "days");
    assert_eq!(site.head().await, before, "and the link is as good as before");
    let made = ask(9, &link).await.is(201).json();
    assert_eq!(made["person"], "ann");
    let token = As::Token(made["token"].as_str().unwrap().to_owned());
    assert_eq!(site.get(&token, "/api/v1/me").await.is(200).json()["scopes"], json!(["read"]));
    let sessions = site.get(&token, "/api/v1/me/sessions").await.is(200).json();
    assert_eq!(sessions["items"], json!([]), "no session begins");
    ask(9, &link).await.is(403);
    // What makes a new way in is not done with a token.
    let new = json!({ "name": "a child", "scopes": ["read"], "days": 9 });
    site.post(&token, "/api/v1/me/tokens", &new).await.is(403);
}

#[tokio::test]
async fn nobody_gives_himself_roles_or_roles_that_are_not_his_to_give() {
    let site = Site::with_people().await;
    let new = |person: &str, organisation: &str, roles: &[Role]| {
        let mut new = grant(&fixtures::who("ann"));
        (new.person, new.organisation) = (id(person), id(organisation));
        new.email = None;
        new.roles = roles.iter().copied().collect();
        new
    };
    let may = async |name: &str, person: &str, organisation: &str, roles: &[Role]| {
        site.registry.grant(&fixtures::who(name), &new(person, organisation, roles)).await
    };
    let denied =
        |done: Result<_, Failure>| assert!(matches!(done, Err(Failure::Denied { .. })), "{:?}", done.err());
    denied(may("ann", "ann", "alpha", &[Role::Developer, Role::DwgScope]).await.map(drop));
    denied(may("ann", "eve", "beta", &[Role::Developer]).await.map(drop));
    denied(may("ann", "eve", "alpha", &[Role::LabQuality]).await.map(drop));
    denied(may("nora", "eve", "north", &[Role::DwgAssurance]).await.map(drop));
    denied(may("pat", "eve", "home", &[]).await.map(drop));
    denied(may("dora", "dora", "dts", &[Role::Developer]).await.map(drop));
    assert!(site.registry.person("eve").await.unwrap().is_none());
    may("ann", "eve", "alpha", &[Role::Developer]).await.unwrap();
    may("nora", "lee", "north", &[Role::LabEvaluator]).await.unwrap();
}

#[tokio::test]
async fn a_role_of_the_working_group_is_given_by_two_of_its_members() {
    let site = Site::with_people().await;
    let mut new = grant(&fixtures::who("otto"));
    (new.person, new.email, new.roles) = (id("dave"), None, [Role::DwgAssurance].into());
    let person = site.registry.grant(&fixtures::who("dora"), &new).await.unwrap();
    assert!(person.roles.is_empty() && person.pending.is_some());
    for name in ["dora", "ann", "otto"] {
        let done = site.registry.confirm_roles(&fixtures::who(name), &id("dave"), "known").await;
        assert!(matches!(done, Err(Failure::Denied { .. })), "{name}");
    }
    let person = site.registry.confirm_roles(&fixtures::who("dirk"), &id("dave"), "known").await.unwrap();
    assert_eq!(person.roles, [Role::DwgAssurance].into());
}

#[tokio::test]
async fn a_member_cannot_make_a_link_for_another_one_who_has_signed_in() {
    let site = Site::with_people().await;
    let dora = fixtures::who("dora");
    site.registry.sign_in_link(&dora, &id("dirk")).await.unwrap();
    site.cookie("dirk").await;
    let denied = site.registry.sign_in_link(&dora, &id("dirk")).await;
    assert!(matches!(denied, Err(Failure::Denied { .. })));
    site.cookie("ann").await;
    site.registry.sign_in_link(&dora, &id("ann")).await.unwrap();
}

#[tokio::test]
async fn who_asks_too_often_is_told_how_long_to_wait_and_others_are_not_held_up() {
    let rate = Rate { burst: 3, per_second: 0.1 };
    let site = Site::with(|set| set.account_rate = rate, None).await;
    site.people().await;
    let (ann, bob) = (site.cookie("ann").await, site.cookie("bob").await);
    for _ in 0..3 {
        site.get(&ann, "/api/v1/me").await.is(200);
    }
    let refused = site.get(&ann, "/api/v1/me").await.is(429);
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!(refused.json()["retry-after"], 10);
    site.get(&bob, "/api/v1/me").await.is(200);
    site.clock.forward(SignedDuration::from_secs(10));
    site.get(&ann, "/api/v1/me").await.is(200);
    let site = Site::with(|set| set.address_rate = rate, None).await;
    for _ in 0..3 {
        site.get(&As::Nobody, "/health").await.is(200);
    }
    let refused = site.get(&As::Nobody, "/").await.is(429);
    assert!(refused.header("content-type").starts_with("text/html") && refused.header("retry-after") == "10");
}

#[tokio::test]
async fn a_member_with_an_interest_reads_and_decides_nothing_of_it() {
    let site = Site::with_entry().await;
    let path = "/api/v1/documents/evaluation/ev";
    let dina = site.get(&site.cookie("dina").await, path).await.is(403).json();
    assert_eq!((dina["number"].as_u64(), dina["rule"].as_str()), (Some(103), Some("D3")));
    site.get(&site.cookie("dora").await, path).await.is(200);
}

#[tokio::test]
async fn the_address_with_which_somebody_signs_in_is_not_changed_by_others() {
    let site = Site::with_people().await;
    let mut new = grant(&fixtures::who("ann"));
    new.email = Some("new@example.org".to_owned());
    site.registry.grant(&fixtures::who("dora"), &new).await.unwrap();
    site.cookie("ann").await;
    new.email = Some("evil@example.org".to_owned());
    let refused = site.registry.grant(&fixtures::who("dora"), &new).await;
    assert!(matches!(refused, Err(Failure::Unfit { ref field, .. }) if field == "email"), "{refused:?}");
}
