//! The pages for people who use a keyboard, a screen reader, a telephone, or paper.

use crate::house::{House, Visitor};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const SPACE: &str = " ";

/// Every page that links lead to, as somebody, but no more than a few of each shape; what is done on each is given.
fn walk_everywhere(house: &House, visitor: &Visitor, from: &[&str], each: impl Fn(&Visitor, &str)) -> usize {
    let mut open: Vec<String> = from.iter().map(|path| (*path).to_owned()).collect();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut known: Vec<String> = open.clone();
    let mut count = 0;
    while let Some(path) = open.pop() {
        // So that nobody asks too often.
        house.clock.forward(jiff::SignedDuration::from_secs(1));
        visitor.open(&path);
        each(visitor, &path);
        count += 1;
        let links = "return [...document.querySelectorAll('a[href^=\"/\"]:not([download])')].map((one) => one.getAttribute('href'))";
        let links: Vec<String> = serde_json::from_value(visitor.browser.run(links, &[])).unwrap();
        for link in links {
            let link = link.split('#').next().unwrap().to_owned();
            let skip = link.starts_with("/api/") || link.ends_with(".atom") || known.contains(&link);
            let shape: String =
                link.split('?').next().unwrap().split('/').take(3).collect::<Vec<_>>().join("/");
            let shape = if link.starts_with("/cases/") {
                shape
            } else {
                shape.rsplit_once('/').unwrap().0.to_owned()
            };
            let so_far = seen.entry(shape.clone()).or_default();
            let most = if matches!(shape.as_str(), "" | "/do" | "/work") { 30 } else { 3 };
            if !skip && *so_far < most {
                *so_far += 1;
                known.push(link.clone());
                open.push(link);
            }
        }
    }
    count
}

/// Nobody stumbles on this page, in the light and in the dark, and it fits on a telephone and on paper.
fn is_for_everybody(visitor: &Visitor, path: &str) {
    let browser = &visitor.browser;
    for scheme in ["light", "dark"] {
        browser.media(scheme, "");
        let found = browser.run(include_str!("stumbles.js"), &[]);
        assert_eq!(found, json!([]), "{path}, {scheme}");
    }
    browser.media("light", "");
    browser.resize(320, 800);
    let wide = "const width = document.documentElement.clientWidth; \
        if (document.documentElement.scrollWidth <= width) return []; \
        return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > width + 1) \
            .slice(0, 5).map((one) => one.outerHTML.slice(0, 160))";
    assert_eq!(browser.run(wide, &[]), json!([]), "{path} scrolls sideways on a telephone");
    browser.resize(1280, 900);
    // A document's hash is for everybody, its text may not be: a page of ours says so.
    if path.starts_with("/documents/") && visitor.text().contains("Forbidden") {
        return visitor.is_refused(403);
    }
    // A case of others is named where it belongs to something public, and is not there for who opens it.
    if path.starts_with("/cases/") && visitor.text().contains("Not Found") {
        return visitor.is_refused(404);
    }
    visitor.is_calm();
}

/// A document as the evaluators' own renderer lays it out has a sheet of its own.
fn is_ours(visitor: &Visitor) -> bool {
    visitor.browser.has("header.top")
}

fn everywhere(who: &str, from: &[&str], least: usize) {
    let house = House::of_the_demonstration();
    let visitor = house.at(who);
    let count = walk_everywhere(&house, &visitor, from, |visitor, path| {
        is_for_everybody(visitor, path);
        if !is_ours(visitor) {
            return;
        }
        visitor.browser.media("light", "print");
        let printed = "const shown = (css) => [...document.querySelectorAll(css)].some((one) => one.checkVisibility()); \
            return [shown('nav, .top, footer, form.act'), shown('h1')]";
        assert_eq!(visitor.browser.run(printed, &[]), json!([false, true]), "{path} on paper");
        visitor.browser.media("light", "");
    });
    assert!(count >= least, "only {count} pages were found");
}

#[test]
#[ignore = "needs a browser"]
fn public_pages_are_for_everybody() {
    everywhere("guest", &["/", "/do/report-vulnerability", "/sign-in"], 15);
}

#[test]
#[ignore = "needs a browser"]
fn pages_of_the_working_group_are_for_everybody() {
    everywhere("dana", &["/work", "/me", "/people", "/log"], 40);
}

#[test]
#[ignore = "needs a browser"]
fn pages_of_developers_are_for_everybody() {
    everywhere("ann", &["/work", "/me"], 20);
}

#[test]
#[ignore = "needs a browser"]
fn pages_of_labs_are_for_everybody() {
    everywhere("nora", &["/work"], 20);
}

/// Goes on with Tab until what has the focus fits, and sees where it is on the way.
fn tab_to(visitor: &Visitor, css: &str) {
    for _ in 0..200 {
        visitor.browser.press(TAB);
        let look = "const one = document.activeElement; const style = getComputedStyle(one); \
            return [one.matches(arguments[0]), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, one.outerHTML.slice(0, 120)]";
        let found = visitor.browser.run(look, &[json!(css)]);
        if found[2].as_str().is_some_and(|text| !text.starts_with("<body")) {
            assert_eq!(found[1], true, "the focus is not seen on {}", found[2]);
        }
        if found[0] == Value::Bool(true) {
            return;
        }
    }
    panic!("the keyboard does not reach `{css}` at {}", visitor.path());
}

fn enter(visitor: &Visitor) {
    visitor.browser.mark();
    visitor.browser.press(ENTER);
    visitor.browser.arrived();
}

#[test]
#[ignore = "needs a browser"]
fn a_keyboard_alone_leads_from_the_search_to_an_entry_and_to_a_comparison() {
    let house = House::of_the_demonstration();
    let guest = house.guest();
    guest.open("/");
    // The first stop leads past the navigation.
    guest.browser.press(TAB);
    assert_eq!(guest.browser.run("return document.activeElement.className", &[]), "skip");
    tab_to(&guest, "#q");
    guest.browser.press("alpha");
    enter(&guest);
    assert!(guest.path().contains("q=alpha"), "{}", guest.path());
    assert_eq!(
        guest.browser.run("return document.querySelectorAll('table.list tbody tr').length > 1", &[]),
        true
    );
    tab_to(&guest, "table.list tbody th a");
    enter(&guest);
    assert!(guest.path().starts_with("/entries/alpha"), "{}", guest.path());
    tab_to(&guest, ".way a[href='/']");
    enter(&guest);
    for row in [1, 2] {
        tab_to(&guest, &format!("table.list tbody tr:nth-child({row}) input[type=checkbox]"));
        guest.browser.press(SPACE);
    }
    tab_to(&guest, "form[action='/compare'] button");
    enter(&guest);
    assert!(guest.path().starts_with("/compare?id="), "{}", guest.path());
    assert!(guest.browser.has("table.compare .differs"), "{}", guest.text());
    guest.is_calm();
}
