//! Bad input of every kind gets a clear error and changes nothing.

use crate::fixtures::{self, id};
use crate::site::{As, Place, on_both};
use axum::body::Body;
use axum::http::{Request, header};
use dtsec_registry::domain::{Command, Decision};
use dtsec_serve::access::session;
use dtsec_serve::access::table::SMALL;
use serde_json::{Value, json};

on_both! {
    bad_input_of_every_kind_gets_a_clear_error_and_changes_nothing
    bad_questions_are_answered_with_what_is_wrong
    a_list_is_walked_page_by_page
}

struct Bad {
    what: &'static str,
    who: &'static str,
    body: String,
    media: &'static str,
    status: u16,
    number: u64,
    field: Option<&'static str>,
}

fn bad(what: &'static str, who: &'static str, body: impl ToString, status: u16, number: u64) -> Bad {
    Bad { what, who, body: body.to_string(), media: "application/json", status, number, field: None }
}

fn give(command: Value) -> Value {
    json!({ "command": command, "reason": "as the test needs it" })
}

fn known(command: &Command) -> Value {
    give(json!(command))
}

async fn bad_input_of_every_kind_gets_a_clear_error_and_changes_nothing(place: Place) {
    let site = place.with_entry().await;
    site.clock.set(fixtures::at(60));
    let review = known(&Command::ReviewEntry { entry: id("entry"), searched: fixtures::date(50) });
    let wrong_type = give(json!({ "command": "review-entry", "entry": 7, "searched": "2030-02-01" }));
    let stale = json!({ "command": review["command"], "reason": "why", "seen": { "entry/entry": 9 } });
    let form = fixtures::form("3.0");
    let foreign = known(&Command::RequestMaintenance { request: id("r"), entry: id("entry"), form });
    let double = Command::SubmitSt { st: id("st"), text: Box::new(fixtures::target("other")) };
    let other_text = Decision::RejectSt { st: id("st"), document: fixtures::hash("another") };
    let other_text = Command::Propose { proposal: id("q"), decision: Box::new(other_text) };
    let field = |field: &'static str, bad: Bad| Bad { field: Some(field), ..bad };
    let cases = [
        bad("no JSON", "dora", "{", 422, 13),
        field("body", bad("two values", "dora", format!("{review} {review}"), 422, 13)),
        bad("not UTF-8, as good as it gets", "dora", "\"\\ud800\"", 422, 13),
        Bad { media: "text/plain", ..bad("another media type", "dora", &review, 415, 15) },
        bad("oversized", "dora", format!("\"{}\"", "x".repeat(SMALL)), 413, 14),
        field("command", bad("wrong type of a field", "dora", &wrong_type, 422, 13)),
        field("command", bad("no such command", "dora", give(json!({ "command": "reboot" })), 422, 13)),
        field(
            "command",
            bad(
                "a field too few",
                "dora",
                give(json!({ "command": "review-entry", "entry": "entry" })),
                422,
                13,
            ),
        ),
        bad(
            "a field too many",
            "dora",
            json!({ "command": review["command"], "reason": "why", "because": 1 }),
            422,
            13,
        ),
        field(
            "command",
            bad("not an id", "dora", give(json!({ "command": "review-st", "st": "../etc" })), 422, 13),
        ),
        field(
            "command",
            bad(
                "not a digest",
                "dora",
                give(json!({ "command": "join-audit", "audit": "a", "commitment": "00" })),
                422,
                13,
            ),
        ),
        field(
            "reason",
            bad("no reason", "dora", json!({ "command": review["command"], "reason": "  " }), 422, 105),
        ),
        bad("stale", "dora", stale, 409, 21),
        field(
            "seen",
            bad(
                "not a version's name",
                "dora",
                json!({ "command": review["command"], "reason": "why", "seen": { "x": 1 } }),
                422,
                13,
            ),
        ),
        bad("what is not there", "ann", known(&Command::WithdrawRequest { request: id("none") }), 404, 106),
        bad("wrong state", "dora", known(&Command::ReviewSt { st: id("st") }), 409, 108),
        bad("another text", "dora", known(&other_text), 409, 108),
        bad("double", "ann", known(&double), 409, 107),
        bad("another organisation's", "bob", foreign, 403, 102),
        bad("a role missing", "ann", &review, 403, 101),
        bad("nobody", "", &review, 403, 101),
        bad("one's own interest", "dina", &review, 403, 103),
    ];
    for case in cases {
        let before = site.head().await;
        let mut request = Request::builder().method("POST").uri("/api/v1/commands");
        request = request.header(header::CONTENT_TYPE, case.media);
        let before = match case.who {
            "" => before,
            who => {
                let As::Cookie(cookie) = site.cookie(who).await else { panic!("a cookie") };
                request = request.header(header::COOKIE, format!("dtsec={cookie}"));
                request =
                    request.header("x-csrf-token", session::mark(&cookie)).header("sec-fetch-site", "none");
                site.head().await
            }
        };
        let answer = site.send(request.body(Body::from(case.body)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), case.status, "{}: {}", case.what, answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json", "{}", case.what);
        let problem = answer.json();
        assert_eq!(problem["number"], case.number, "{}: {problem}", case.what);
        for said in ["detail", "remedy", "title", "type"] {
            assert!(problem[said].as_str().is_some_and(|text| !text.is_empty()), "{}: no {said}", case.what);
        }
        if let Some(field) = case.field {
            let named = problem["field"].as_str().unwrap_or_default();
            assert!(named.starts_with(field), "{}: {problem}", case.what);
        }
        assert_eq!(site.head().await, before, "{} changed something", case.what);
    }
    // The same command, as it should be.
    site.post(&site.cookie("dora").await, "/api/v1/commands", &review).await.is(200);
}

async fn bad_questions_are_answered_with_what_is_wrong(place: Place) {
    let site = place.with_entry().await;
    let cases = [
        ("/api/v1/lists/nothing", 404, ""),
        ("/api/v1/lists/waiting", 404, ""),
        ("/api/v1/lists/entries?colour=red", 422, "colour"),
        ("/api/v1/lists/entries?size=many", 422, "size"),
        ("/api/v1/lists/entries?order=random", 422, "order"),
        ("/api/v1/lists/entries?after=nowhere", 422, ""),
        ("/api/v1/parts/entry/none", 404, ""),
        ("/api/v1/parts/person/ann", 404, ""),
        ("/api/v1/parts/entry/%2e%2e%2f", 404, ""),
        ("/api/v1/entries/entry/status?at=yesterday", 422, "at"),
        ("/api/v1/entries/entry/status", 422, "query"),
        ("/api/v1/entries/none/status?at=2030-01-01", 404, ""),
        ("/api/v1/compare?ids=entry,entry", 422, "ids"),
        ("/api/v1/parts/entry/entry/history?after=x", 422, "after"),
        ("/api/v1/documents/st/st/00", 422, "digest"),
        ("/api/v1/documents/nothing/st", 422, "case"),
        ("/api/nothing", 404, ""),
    ];
    for (path, status, field) in cases {
        let answer = site.get(&As::Nobody, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        assert_eq!(answer.json()["field"].as_str().unwrap_or_default(), field, "{path}");
    }
    let refused = site.ask(&As::Nobody, "DELETE", "/api/v1/commands", None).await.is(405);
    assert_eq!(refused.json()["number"], 17);
    site.get(&As::Nobody, "/api/v1/lists/entries?state=listed&q=pump").await.is(200);
}

async fn a_list_is_walked_page_by_page(place: Place) {
    let site = place.with_people().await;
    let dora = site.cookie("dora").await;
    let mut found = Vec::new();
    let mut path = "/api/v1/lists/persons?size=4".to_owned();
    loop {
        let page = site.get(&dora, &path).await.is(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 4);
        found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/lists/persons?size=4&after={next}");
    }
    assert_eq!(found.len(), 10, "nine, and the first member: {found:?}");
}
