//! Bad input of every kind: each is refused with what was wrong and what to do, changes nothing, and has beside it what is taken.

use serde_json::{Value, json};

use crate::papers::*;
use crate::place::{Place, on_both};
use crate::world::World;

on_both! {
    what_is_sent_twice_is_carried_out_once
    what_was_decided_on_an_older_version_is_refused
    what_is_too_large_or_of_another_type_is_refused
    a_foreign_organisation_s_things_are_not_there
    nobody_gives_himself_a_way_in
}

fn submit(document: &str) -> Value {
    json!({ "command": "apply-lab", "lab": "north", "application": application("north", document, "2999-01-01") })
}

fn what_is_sent_twice_is_carried_out_once(place: Place) {
    let world = World::with_people(place);
    let document = world.paper("nora", "accreditation");
    let first = world.give_with("nora", &submit(&document), &["--once", "form-1"]).ok();
    assert_eq!(first["repeated"], false);
    let head = world.head();
    let again = world.give_with("nora", &submit(&document), &["--once", "form-1"]).ok();
    assert_eq!((&again["repeated"], &again["first"]), (&json!(true), &first["first"]));
    assert_eq!(world.head(), head);
    // The number stands for what it was first given for.
    let other = world.paper("nora", "another accreditation");
    let head = world.head();
    world.give_with("nora", &submit(&other), &["--once", "form-1"]).refused(22);
    // Without a number the second one is refused, because the first one was carried out.
    world.give("nora", &submit(&document)).refused(107);
    assert_eq!(world.head(), head);
}

fn what_was_decided_on_an_older_version_is_refused(place: Place) {
    let world = World::with_people(place);
    let document = world.paper("root", "profile");
    world.give("root", &draft(&document)).refused(106);
    world.propose("root", &class(), "class").ok();
    world.confirm("dirk", "class").ok();
    world.give("root", &draft(&document)).ok();
    let seen = world.ask("dirk", &["show", "pp/pp"]).ok()["version"].as_i64().unwrap();
    let open = |world: &World, seen: i64| {
        let command =
            json!({ "command": "open-pp-review", "pp": "pp", "document": document, "closes": world.day(9) });
        let seen = format!("pp/pp={seen}");
        world.give_with("dirk", &command, &["--seen", &seen])
    };
    let mut text = draft(&document);
    (text["command"], text["text"]["title"]) = (json!("revise-pp"), json!("Connected pumps"));
    world.give("root", &text).ok();
    let head = world.head();
    open(&world, seen).refused(21);
    assert_eq!(world.head(), head);
    // A rehearsal says what would be, and does nothing.
    let confirm = json!({ "command": "confirm", "proposal": "none" });
    world.give_with("dirk", &confirm, &["--rehearse"]).refused(106);
    let review =
        json!({ "command": "open-pp-review", "pp": "pp", "document": document, "closes": world.day(9) });
    assert_eq!(world.give_with("dirk", &review, &["--rehearse"]).ok(), json!({ "rehearsed": true }));
    assert_eq!(world.head(), head);
    open(&world, seen + 1).ok();
}

fn what_is_too_large_or_of_another_type_is_refused(place: Place) {
    let world = World::with_people(place);
    let head = world.head();
    let long = "x".repeat(2 << 20);
    let lengthy = json!({ "command": "draft-pp", "pp": "pp", "text": { "title": long } });
    world.give("root", &lengthy).refused(14);
    // More than any route takes, and as much as a document may have.
    let large = world.place.path("large");
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(dtsec_store::LARGEST_DOCUMENT as u64 + 1).unwrap();
    world.ask("nora", &["hand-in", &large]).refused(14);
    world.refuses("root", &json!({ "command": "no-such-command" }), 13);
    world.refuses("root", &json!(["start-evaluation"]), 13);
    world.refuses("nora", &json!({ "command": "start-evaluation", "evaluation": 7 }), 13);
    world.refuses("nora", &json!({ "command": "start-evaluation", "evaluation": "../ev" }), 13);
    world.refuses("nora", &json!({ "command": "start-evaluation" }), 13);
    let said = world.give("nora", &submit("not a digest")).refused(13);
    assert_eq!(said["field"], "command");
    assert!(said["detail"].as_str().unwrap().contains("`not a digest` is not a SHA-256"), "{said:#}");
    world.ask("nora", &["list", "entries", "--filter", "colour=red"]).refused(13);
    world.ask("nora", &["list", "no-such-list"]).refused(16);
    world.ask("nora", &["list", "entries", "--after", "nowhere"]).refused(22);
    world.ask("nora", &["show", "entry/none"]).refused(16);

    let empty = world.place.path("empty");
    std::fs::write(&empty, "").unwrap();
    world.ask("nora", &["hand-in", &empty]).refused(13);
    let record = world.place.path("record.json");
    std::fs::write(&record, "no JSON").unwrap();
    world
        .ask("nora", &["report", &record, "--format", "osv", "--entry", "entry", "--reason", "found"])
        .refused(13);
    assert_eq!(world.head(), head);

    // What is checked is kept, and the answer is no all the same.
    std::fs::write(&record, "{}").unwrap();
    let found = world.ask("ann", &["hand-in", &record, "--kind", "security-target"]);
    assert_eq!((found.status, &found.value["checked"]["readable"]), (1, &json!(false)), "{:#}", found.value);
    world.ask("ann", &["hand-in", &record]).ok();
}

fn a_foreign_organisation_s_things_are_not_there(place: Place) {
    let world = World::with_people(place);
    let paper = world.paper("ann", "secret");
    let out = world.place.path("out");
    world.ask("bob", &["documents", "upload/alpha"]).refused(111);
    world.ask("bob", &["fetch", "upload/alpha", &paper, "--out", &out]).refused(111);
    world.ask("guest", &["fetch", "upload/alpha", &paper, "--out", &out]).refused(111);
    assert!(!std::path::Path::new(&out).exists());
    world.ask("ann", &["fetch", "upload/alpha", &paper, "--out", &out]).ok();
    world.ask("bob", &["person", "show", "ann"]).refused(16);
    world.ask("lea", &["person", "show", "ann"]).ok();
    world.ask("bob", &["person", "disable", "ann", "--reason", "a rival"]).refused(10);
    world.ask("bob", &["person", "link", "ann"]).refused(10);
    // Who hands in what another has handed in gets it from his own organisation only.
    let target = json!({ "command": "submit-st", "st": "st", "text": target(&paper, "1.0") });
    world.give("bob", &target).refused(106);
    world.ask("ann", &["log"]).refused(111);
    world.ask("otto", &["log"]).ok();
}

fn nobody_gives_himself_a_way_in(place: Place) {
    let world = World::with_people(place);
    let add = |who: &str, person: &str, organisation: &str, role: &str| {
        let arguments = ["person", "add", person, "--name", person, "--organisation", organisation];
        world.ask(who, &[&arguments[..], &["--role", role, "--reason", "because"]].concat())
    };
    add("ann", "amy", "alpha", "lab-quality").refused(10);
    add("ann", "amy", "beta", "developer").refused(10);
    add("ann", "amy", "alpha", "developer").ok();
    world.ask("dirk", &["person", "roles", "dirk", "--role", "auditor", "--reason", "me"]).refused(10);
    let link = world.ask("ann", &["person", "link", "amy"]).ok()["url"].as_str().unwrap().to_owned();
    world.signs_in("amy", &link);
    // Other roles keep name, organisation and address.
    let made = world.ask(
        "root",
        &["person", "roles", "amy", "--role", "developer", "--role", "lab-evaluator", "--reason", "both"],
    );
    assert_eq!(made.ok()["roles"], json!(["lab-evaluator", "developer"]));
    assert_eq!(world.ask("root", &["person", "show", "amy"]).ok()["name"], "amy");

    // Who has signed in gets no link from a member who could be his second.
    world.ask("root", &["person", "link", "dirk"]).refused(10);
    let tokens = world.ask("amy", &["tokens", "list"]).ok();
    let id = tokens["items"][0]["id"].as_str().unwrap();
    world.ask("ann", &["tokens", "revoke", id]).refused(16);
    assert_eq!(world.ask("amy", &["sessions", "list"]).ok()["items"], json!([]), "no session began");
    world.ask("amy", &["sessions", "end"]).ok();
    world.ask("amy", &["tokens", "revoke", id]).ok();
    let out = world.ask("amy", &["me"]).refused(11);
    assert!(out["remedy"].as_str().unwrap().contains("sign-in"), "{out:#}");

    world.ask("root", &["person", "disable", "bob", "--reason", "left"]).ok();
    world.ask("bob", &["me"]).refused(11);
    world.ask("ann", &["me"]).ok();
}
