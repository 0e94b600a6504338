//! Every route: it has a row in the table of who may use it, somebody who may not is refused, somebody who may is not, and
//! what changes something is in the log.

use crate::fixtures::{self, id};
use crate::site::{As, Place, Site, on_both};
use axum::body::Body;
use axum::http::{Request, header};
use dtsec_registry::domain::{Command, Decision};
use dtsec_serve::access::session;
use dtsec_serve::access::table::{Gate, ROUTES, Route, Trace};
use dtsec_serve::access::tokens::{self, Scope};
use dtsec_serve::web::router::page_routes;
use dtsec_store::{Digest, Readings, Size};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    each_route_refuses_who_may_not_lets_in_who_may_and_leaves_its_trace
    a_token_without_the_scope_of_a_route_is_refused_on_every_route
    the_bytes_of_a_document_come_back_as_they_were
}

fn described() -> BTreeSet<(String, String)> {
    let description = dtsec_serve::api::openapi();
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[test]
fn every_route_of_the_description_and_of_the_router_has_a_row_and_every_row_its_route() {
    let pages = page_routes().into_iter().map(|(method, path)| (method.to_string(), path.to_owned()));
    let there: BTreeSet<_> = described().into_iter().chain(pages).collect();
    let rows: BTreeSet<_> = ROUTES.iter().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
    assert_eq!(rows.len(), ROUTES.len(), "a route has two rows");
    assert_eq!(there, rows);
}

#[test]
fn what_changes_something_is_no_get_but_the_two_halves_of_a_provider_s_sign_in() {
    for row in ROUTES.iter().filter(|row| row.method == "GET") {
        let half = row.path.starts_with("/sign-in/oidc");
        assert!(half || matches!(row.trace, Trace::None | Trace::Reading), "{}", row.path);
    }
    for row in ROUTES.iter().filter(|row| row.method != "GET") {
        assert!(row.trace != Trace::None || row.path == "/api/v1/rehearsals", "{} leaves no trace", row.path);
    }
}

#[test]
fn the_description_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let description = dtsec_serve::api::openapi();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut open = vec![description];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(all) => {
                if let Some(Value::String(reference)) = all.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                open.extend(all.values());
            }
            Value::Array(all) => open.extend(all),
            _ => {}
        }
    }
}

#[test]
fn every_command_and_decision_is_described_with_what_it_asks_for_and_who_may_give_it() {
    let all = &dtsec_serve::api::openapi()["components"]["schemas"];
    let names = Command::NAMES.iter().map(|name| format!("Command.{name}"));
    for name in names.chain(Decision::NAMES.iter().map(|name| format!("Decision.{name}"))) {
        let about = all[&name]["description"].as_str().unwrap();
        assert!(about.ends_with('.') && about.trim() == about, "{name}: {about}");
        assert!(!all[&name]["x-roles"].as_array().unwrap().is_empty(), "{name}");
    }
    assert!(all["Plan"].get("x-roles").is_none(), "what is no command has no roles");
}

/// How a route is tried: as whom it is refused and with what status, as whom it is allowed.
struct Case {
    path: String,
    body: Value,
    denied: Option<(&'static str, u16)>,
    /// Nothing where another test does it, which is named then.
    allowed: Option<(&'static str, u16)>,
}

/// The case of each route. A route without one fails.
fn case(row: &Route, digest: &str, token: &str) -> Case {
    let case = |path: &str, denied, allowed| Case {
        path: path.to_owned(),
        body: json!({}),
        denied: Some(denied),
        allowed: Some(allowed),
    };
    let anybody = |path: &str| Case { denied: None, ..case(path, ("", 0), ("", 200)) };
    let with = |case: Case, body: Value| Case { body, ..case };
    let command = |command: Command| json!({ "command": command, "reason": "as the test needs it" });
    match (row.method, row.path) {
        ("GET", "/" | "/style.css" | "/icon.svg" | "/passkeys.js" | "/forms.js" | "/health" | "/sign-in") => {
            anybody(row.path)
        }
        ("GET", "/sign-in/link") => anybody("/sign-in/link?token=x"),
        // `first_use` signs in with a link, `provider` with a provider.
        ("POST", "/sign-in/link") => {
            Case { allowed: None, ..with(case(row.path, ("form", 403), ("", 0)), json!("token=x")) }
        }
        ("GET", "/sign-in/oidc" | "/sign-in/oidc/back") => {
            Case { allowed: None, ..case(row.path, ("", 404), ("", 0)) }
        }
        ("POST", "/sign-out") => with(case(row.path, ("guest form", 303), ("pat form", 303)), json!("")),
        (
            "GET",
            "/changes.atom" | "/labs" | "/profiles" | "/profiles/reviews.atom" | "/advisories" | "/rules",
        ) => anybody(row.path),
        ("GET", "/compare") => {
            Case { denied: Some(("", 422)), allowed: None, ..case("/compare?id=entry", ("", 0), ("", 0)) }
        }
        ("GET", "/entries/{id}") => anybody("/entries/entry?at=2030-02-10"),
        ("GET", "/entries/{id}/changes.atom") => anybody("/entries/entry/changes.atom"),
        ("GET", "/labs/{id}") => anybody("/labs/north"),
        ("GET", "/profiles/{id}") => anybody("/profiles/pp"),
        ("GET", "/work" | "/me" | "/people") => case(row.path, ("", 303), ("ann", 200)),
        ("GET", "/work/{list}") => case("/work/proposals", ("ann", 403), ("dora", 200)),
        ("GET", "/cases/{kind}/{id}") => case("/cases/evaluation/ev", ("bob", 404), ("nora", 200)),
        ("GET", "/do/{tag}") => case("/do/review-entry?about=entry/entry", ("ann", 404), ("dora", 200)),
        ("POST", "/do/{tag}") => with(
            case("/do/review-entry?about=entry/entry", ("ann form", 404), ("dora form", 303)),
            json!(format!("entry=entry&searched={}&_reason=searched", fixtures::date(45))),
        ),
        ("GET", "/documents/{kind}/{id}/{digest}") => {
            case(&format!("/documents/upload/alpha/{digest}"), ("bob", 403), ("ann", 200))
        }
        ("POST", "/me/{what}") => with(
            case("/me/interest", ("guest form", 303), ("ann form", 303)),
            json!("organisation=north&reason=shares"),
        ),
        ("POST", "/people/{what}") => with(
            case("/people/organisation", ("ann form", 403), ("dora form", 303)),
            json!("id=delta&name=Delta&kind=developer&reason=new"),
        ),
        ("GET", "/log") => case(row.path, ("ann", 403), ("otto", 200)),
        ("GET", "/api/openapi.json" | "/api/v1/rules") => anybody(row.path),
        ("POST", "/api/v1/commands") => with(
            case(row.path, ("ann", 403), ("dora", 200)),
            command(Command::ReviewEntry { entry: id("entry"), searched: fixtures::date(50) }),
        ),
        ("POST", "/api/v1/rehearsals") => with(
            case(row.path, ("ann", 403), ("dirk", 204)),
            command(Command::ReviewEntry { entry: id("entry"), searched: fixtures::date(55) }),
        ),
        ("GET", "/api/v1/lists/{list}") => case("/api/v1/lists/evaluations", ("", 403), ("nora", 200)),
        ("GET", "/api/v1/waiting") => case(row.path, ("", 401), ("dora", 200)),
        ("GET", "/api/v1/parts/{kind}/{id}") => {
            case("/api/v1/parts/evaluation/ev", ("bob", 404), ("nora", 200))
        }
        ("GET", "/api/v1/parts/{kind}/{id}/history") => {
            case("/api/v1/parts/evaluation/ev/history", ("", 404), ("nora", 200))
        }
        ("GET", "/api/v1/entries/{id}/status") => anybody("/api/v1/entries/entry/status?at=2030-06-01"),
        ("GET", "/api/v1/compare") => Case {
            denied: Some(("", 422)),
            allowed: None,
            ..case("/api/v1/compare?ids=entry", ("", 0), ("", 0))
        },
        ("GET", "/api/v1/log") => case(row.path, ("ann", 403), ("otto", 200)),
        ("POST", "/api/v1/documents") => {
            with(case(row.path, ("pat", 403), ("ann", 201)), json!({ "a": "document" }))
        }
        ("GET", "/api/v1/documents/{kind}/{id}") => {
            case("/api/v1/documents/upload/alpha", ("bob", 403), ("ann", 200))
        }
        ("GET", "/api/v1/documents/{kind}/{id}/{digest}") => {
            case(&format!("/api/v1/documents/upload/alpha/{digest}"), ("bob", 403), ("ann", 200))
        }
        ("GET", "/api/v1/readings/{kind}/{id}") => {
            case("/api/v1/readings/upload/alpha", ("pat", 403), ("ann", 200))
        }
        // `exchange` makes an advisory.
        ("GET", "/api/v1/advisories/{vulnerability}") => {
            Case { allowed: None, ..case("/api/v1/advisories/none", ("", 404), ("", 0)) }
        }
        ("POST", "/api/v1/entries/{id}/components") => with(
            case("/api/v1/entries/entry/components", ("bob", 403), ("ann", 200)),
            json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [] }),
        ),
        ("POST", "/api/v1/reports/{format}") => with(
            case("/api/v1/reports/osv?entries=entry&reason=found", ("", 200), ("pat", 200)),
            json!({ "id": "GHSA-1" }),
        ),
        ("GET", "/api/v1/organisations") => case(row.path, ("", 401), ("ann", 200)),
        ("POST", "/api/v1/organisations") => with(
            case(row.path, ("ann", 403), ("dora", 204)),
            json!({ "id": "gamma", "name": "Gamma", "kind": "developer", "reason": "new" }),
        ),
        ("POST", "/api/v1/persons") => with(
            case(row.path, ("bob", 403), ("ann", 200)),
            json!({ "person": "amy", "name": "Amy", "organisation": "alpha", "roles": ["developer"], "reason": "new" }),
        ),
        // Who is of another organisation is told what he would be told of nobody.
        ("GET", "/api/v1/persons/{id}") => case("/api/v1/persons/ann", ("bob", 404), ("ann", 200)),
        ("POST", "/api/v1/persons/{id}/confirm") => with(
            case("/api/v1/persons/waits/confirm", ("ann", 403), ("dirk", 200)),
            json!({ "reason": "known" }),
        ),
        ("POST", "/api/v1/persons/{id}/disable") => with(
            case("/api/v1/persons/saul/disable", ("ann", 403), ("dora", 204)),
            json!({ "reason": "left" }),
        ),
        ("POST", "/api/v1/persons/{id}/link") => {
            case("/api/v1/persons/bob/link", ("ann", 403), ("dora", 201))
        }
        ("GET", "/api/v1/me") => case(row.path, ("", 401), ("ann", 200)),
        ("POST", "/api/v1/me/interests") => with(
            case(row.path, ("", 401), ("dirk", 204)),
            json!({ "organisation": "beta", "reason": "my sister works there" }),
        ),
        ("GET", "/api/v1/me/tokens" | "/api/v1/me/sessions") => case(row.path, ("", 401), ("token", 200)),
        ("GET", "/api/v1/me/passkeys") => case(row.path, ("token", 403), ("ann", 200)),
        ("POST", "/api/v1/me/tokens") => with(
            case(row.path, ("token", 403), ("ann", 201)),
            json!({ "name": "a test", "scopes": ["read"], "days": 1 }),
        ),
        ("POST", "/api/v1/me/tokens/{id}/revoke") => {
            case(&format!("/api/v1/me/tokens/{token}/revoke"), ("bob", 404), ("ann", 204))
        }
        ("POST", "/api/v1/me/sessions/end") => case(row.path, ("", 401), ("otto", 204)),
        ("POST", "/api/v1/me/passkeys/begin") => case(row.path, ("", 401), ("ann", 200)),
        // `passkeys` has an authenticator.
        ("POST", "/api/v1/me/passkeys/finish") => {
            Case { allowed: None, ..case(row.path, ("", 401), ("", 0)) }
        }
        ("POST", "/api/v1/me/passkeys/{id}/remove") => {
            Case { allowed: None, ..case("/api/v1/me/passkeys/00/remove", ("ann", 404), ("", 0)) }
        }
        // `access` makes a token with a link.
        ("POST", "/api/v1/sign-in/link/token") => Case {
            allowed: None,
            ..with(
                case(row.path, ("", 403), ("", 0)),
                json!({ "link": "none", "token": { "name": "a test", "scopes": ["read"], "days": 1 } }),
            )
        },
        ("POST", "/api/v1/sign-in/passkey/begin") => {
            Case { denied: None, ..case(row.path, ("", 0), ("", 200)) }
        }
        ("POST", "/api/v1/sign-in/passkey/finish") => {
            Case { allowed: None, ..with(case(row.path, ("", 422), ("", 0)), json!({ "number": "x" })) }
        }
        (method, path) => panic!("{method} {path} has no case"),
    }
}

async fn attempt(site: &Site, row: &Route, case: &Case, who: &str, tokens: &str) -> u16 {
    let form = who.ends_with("form");
    let name = who.trim_end_matches("form").trim();
    let who = match name {
        "" => As::Nobody,
        "guest" => As::Cookie("0".repeat(64)),
        "token" => As::Token(tokens.to_owned()),
        name => site.cookie(name).await,
    };
    if !form {
        let body = (row.method == "POST").then_some(&case.body);
        return site.ask(&who, row.method, &case.path, body).await.status.as_u16();
    }
    let mut request = Request::builder().method(row.method).uri(&case.path);
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut body = case.body.as_str().unwrap().to_owned();
    if let As::Cookie(cookie) = &who {
        request = request.header(header::COOKIE, format!("dtsec={cookie}"));
        request = request.header("sec-fetch-site", "same-origin");
        body = format!("{body}&csrf={}", session::mark(cookie));
    }
    site.send(request.body(Body::from(body)).unwrap()).await.status.as_u16()
}

async fn each_route_refuses_who_may_not_lets_in_who_may_and_leaves_its_trace(place: Place) {
    let site = place.with_entry().await;
    site.clock.set(fixtures::at(60));
    let ann = site.cookie("ann").await;
    let scopes = [Scope::Read, Scope::Write, Scope::Documents, Scope::Persons].into();
    let (token, _) = tokens::make(&site.registry, "ann", "test", &scopes, 1).await.unwrap();
    let (_, made) = tokens::make(&site.registry, "ann", "to be revoked", &scopes, 1).await.unwrap();
    let waits = json!({ "person": "waits", "name": "W", "organisation": "dts", "roles": ["dwg-scope"], "reason": "new" });
    let dora = site.cookie("dora").await;
    let waits = site.post(&dora, "/api/v1/persons", &waits).await.is(200);
    assert_eq!(waits.json()["pending"], json!(["dwg-scope"]));
    let document = site.post(&ann, "/api/v1/documents", &json!({ "old": 1 })).await.is(201).json();
    let digest = document["digest"].as_str().unwrap().to_owned();
    for row in ROUTES {
        let case = case(row, &digest, &made.id);
        if let Some((who, status)) = case.denied {
            let before = log(&site).await;
            let found = attempt(&site, row, &case, who, &token).await;
            assert_eq!(found, status, "{} {} as `{who}`", row.method, case.path);
            if status >= 400 {
                assert_eq!(log(&site).await, before, "{} {}: refused, and in the log", row.method, case.path);
            }
        }
        let Some((who, status)) = case.allowed else { continue };
        if row.path == "/api/v1/reports/{format}" {
            // The vulnerability of the first try is there already.
            continue;
        }
        let before = log(&site).await;
        let readings = readings_now(&site).await;
        let found = attempt(&site, row, &case, who, &token).await;
        assert_eq!(found, status, "{} {} as `{who}`", row.method, case.path);
        let more = log(&site).await > before;
        assert_eq!(more, row.trace == Trace::Event, "{} {}: {:?}", row.method, case.path, row.trace);
        if row.trace == Trace::Reading {
            assert_eq!(readings_now(&site).await, readings + 1, "{}: not in the log of readings", case.path);
        }
    }
}

/// How many events there are, those of signing in left out.
async fn log(site: &Site) -> usize {
    let page = site
        .registry
        .store()
        .events_before(None, dtsec_store::Events::All, Size::new(Size::MOST))
        .await
        .unwrap();
    page.items.into_iter().filter(|event| event.tag != "signed-in").count()
}

async fn readings_now(site: &Site) -> usize {
    let of = Readings::Of("upload/alpha");
    site.registry.store().readings(of, None, Size::new(Size::MOST)).await.unwrap().items.len()
}

async fn a_token_without_the_scope_of_a_route_is_refused_on_every_route(place: Place) {
    let site = place.with_people().await;
    let all = [Scope::Read, Scope::Write, Scope::Documents, Scope::Persons];
    for row in ROUTES {
        let Some(needed) = row.gate.scope().filter(|_| row.gate != Gate::Anybody) else { continue };
        let others: BTreeSet<Scope> = all.into_iter().filter(|scope| *scope != needed).collect();
        let (token, _) = tokens::make(&site.registry, "dora", "test", &others, 1).await.unwrap();
        let path = row.path.replace(['{', '}'], "");
        let answer = site.ask(&As::Token(token), row.method, &path, Some(&json!({}))).await;
        assert_eq!(answer.status.as_u16(), 403, "{} {path}: {}", row.method, answer.text());
        assert!(answer.text().contains(needed.name()));
    }
}

async fn the_bytes_of_a_document_come_back_as_they_were(place: Place) {
    let site = place.with_people().await;
    let ann = site.cookie("ann").await;
    let text = json!({ "b": 1, "a": [2] });
    let kept = site.post(&ann, "/api/v1/documents?name=a.json", &text).await.is(201).json();
    assert_eq!(kept["digest"], Digest::of(text.to_string().as_bytes()).as_str());
    let path = format!("/api/v1/documents/upload/alpha/{}", kept["digest"].as_str().unwrap());
    let read = site.get(&ann, &path).await.is(200);
    assert_eq!(read.bytes, text.to_string().as_bytes());
    assert!(read.header("content-disposition").starts_with("attachment"));
}
