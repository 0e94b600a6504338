//! What goes wrong at a browser: sent twice, overtaken, signed out in between, somebody else's. Nothing typed is lost, and
//! nothing is done twice.

use crate::house::{House, Visitor};
use crate::programme::Place;

const REVIEW: &str = "/do/review-entry?about=entry/entry";

fn head(house: &House) -> i64 {
    house.wait(house.registry.store().head()).unwrap().seq
}

/// What stands in a field.
fn stands(visitor: &Visitor, css: &str) -> String {
    let field = visitor.browser.find(css);
    visitor.browser.property(&field, "value").as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs a browser"]
fn a_form_that_is_sent_twice_counts_once() {
    let house = House::with_entry(Place::Sqlite);
    let dora = house.at("dora");
    dora.open(REVIEW);
    dora.fills("review-entry", &[]);
    let before = head(&house);
    // What an impatient double click sends first; then the button is pressed.
    let first = "const done = arguments[0]; const form = document.querySelector('form.act'); \
        fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' }).then(() => done())";
    dora.browser.run_async(first);
    let after = head(&house);
    assert!(after > before, "the first one did not arrive");
    dora.sends("review-entry");
    assert!(dora.text().contains("this form had been sent before"), "{}", dora.text());
    assert_eq!(head(&house), after);
    dora.is_calm();
}

#[test]
#[ignore = "needs a browser"]
fn of_two_tabs_the_second_one_is_told_that_the_case_moved_on_and_keeps_what_was_typed() {
    let house = House::with_entry(Place::Sqlite);
    let dora = house.at("dora");
    dora.open(REVIEW);
    let old = dora.browser.another_tab();
    house.walks("dora", "/cases/entry/entry", "review-entry", &[]);
    dora.browser.turn_to(&old);
    dora.fills("review-entry", &[("_reason", "I looked through all of it")]);
    let before = head(&house);
    dora.sends("review-entry");
    assert!(dora.text().contains("It has moved on since you opened this form."), "{}", dora.text());
    assert_eq!(stands(&dora, "form.act [name='_reason']"), "I looked through all of it");
    assert_eq!(head(&house), before);
    dora.is_refused(409);
    // Looked through, it is sent again.
    dora.sends("review-entry");
    assert!(dora.browser.has(".notice"), "{}", dora.text());
}

#[test]
#[ignore = "needs a browser"]
fn who_is_signed_out_in_between_finds_what_he_typed_when_he_is_back() {
    let house = House::with_entry(Place::Sqlite);
    let dora = house.at("dora");
    dora.open(REVIEW);
    dora.fills("review-entry", &[("_reason", "I looked through all of it")]);
    let before = head(&house);
    house.clock.forward(jiff::SignedDuration::from_hours(2));
    dora.sends("review-entry");
    assert_eq!(dora.path(), "/sign-in");
    assert!(dora.text().contains("What you typed is kept"), "{}", dora.text());
    assert_eq!(head(&house), before);
    dora.sign_in(&house.link("dora"));
    assert_eq!(dora.path(), REVIEW);
    assert_eq!(stands(&dora, "form.act [name='_reason']"), "I looked through all of it");
    dora.sends("review-entry");
    assert!(dora.browser.has(".notice"), "{}", dora.text());
    // It is forgotten then.
    dora.open(REVIEW);
    assert_eq!(stands(&dora, "form.act [name='_reason']"), "");
}

/// A profile in public review.
fn in_review() -> House {
    let house = House::with_people(Place::Sqlite);
    house.wait(crate::programme::in_review(&house.registry));
    house
}

const WORDS: [(&str, &str); 2] = [("place", "section 2"), ("text", "What of radio?")];

fn comes_back(guest: &Visitor) {
    assert_eq!(guest.path(), "/do/comment-pp?about=pp/pp");
    assert_eq!(stands(guest, "form.act [name='text']"), "What of radio?");
    assert_eq!(stands(guest, "form.act [name='place']"), "section 2");
    guest.sends("comment-pp");
    assert!(guest.browser.has(".notice"), "{}", guest.text());
}

#[test]
#[ignore = "needs a browser"]
fn a_guest_who_signs_in_before_he_sends_a_comment_loses_nothing_of_it() {
    let house = in_review();
    for way in ["form[action^='/do/comment-pp'] button[name='_sign_in']", ".account a[href='/sign-in']"] {
        let guest = house.guest();
        guest.open("/profiles/pp");
        guest.fills("comment-pp", &WORDS);
        guest.press(way);
        assert_eq!(guest.path(), "/sign-in");
        assert!(guest.text().contains("What you typed is kept"), "{}", guest.text());
        guest.sign_in(&house.link("ann"));
        comes_back(&guest);
        guest.is_calm();
    }
    let history = house.wait(house.registry.part(&crate::fixtures::who("dora"), "pp", "pp")).unwrap().0;
    assert_eq!(history["comments"].as_object().unwrap().len(), 2);
    // Without a word typed, signing in is signing in.
    let guest = house.guest();
    guest.open("/profiles/pp");
    guest.press(".account a[href='/sign-in']");
    assert!(!guest.text().contains("What you typed is kept"));
}

#[test]
#[ignore = "needs a browser"]
fn a_form_from_before_the_sign_in_in_another_tab_comes_back_with_what_was_typed() {
    let house = in_review();
    let guest = house.guest();
    guest.open("/profiles/pp");
    guest.fills("comment-pp", &WORDS);
    let old = guest.browser.another_tab();
    guest.sign_in(&house.link("ann"));
    guest.browser.turn_to(&old);
    let before = head(&house);
    guest.sends("comment-pp");
    assert!(
        guest.text().contains("somebody signed in or out since this form was opened"),
        "{}",
        guest.text()
    );
    guest.is_refused(409);
    assert_eq!(head(&house), before, "it was carried out");
    comes_back(&guest);
}

#[test]
#[ignore = "needs a browser"]
fn a_case_of_another_organisation_is_not_there() {
    let house = House::with_entry(Place::Sqlite);
    let bob = house.at("bob");
    for path in ["/cases/evaluation/ev", "/do/start-evaluation?about=evaluation/ev"] {
        bob.open(path);
        bob.is_refused(404);
        assert!(bob.browser.has("main h1") && bob.browser.has(".top"), "{path}: no page of ours");
    }
    house.at("nora").open("/cases/evaluation/ev");
    house.at("nora").is_calm();
}
