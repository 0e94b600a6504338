//! The pages in a real browser, opened from a folder without a server.

#[path = "../site/asked.rs"]
mod asked;
#[path = "../../../serve/tests/browser/driver.rs"]
#[allow(dead_code, reason = "the registry's own tests use more of it")]
mod driver;
#[path = "../site/made.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod made;

use driver::Browser;
use dtsec_verify::{Finding, Freshness};
use made::{Made, advisory, entry};
use serde_json::json;
use std::path::Path;

/// What is wrong with a page for somebody who sees little, hears it, or uses keys.
const STUMBLES: &str = include_str!("../../../serve/tests/browser/stumbles.js");

fn made() -> Made {
    let mut removed = entry("beta", "Beta <b>Sensor</b>");
    removed["state"] =
        json!({ "state": "removed", "since": "2030-03-05T12:00:00Z", "because": "vulnerability" });
    let mut warned = entry("gamma", "Gämma Pump");
    warned["known"] = json!({ "1.1.0": [{ "id": "undisclosed", "severity": "high" }] });
    // Whoever is looked for by name is not to be found by developer.
    (removed["developer"], warned["developer"]) = (json!("betacare"), json!("sugarless"));
    let mut made = Made::new([entry("alpha", "Alpha Pump"), removed, warned]);
    made.advisories.push(advisory("CVE-2030-1000", "alpha"));
    made
}

fn written(made: &Made) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in made.files() {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bytes).unwrap();
    }
    folder
}

fn open(browser: &Browser, folder: &Path, path: &str) {
    browser.go(&format!("file://{}/{path}", folder.display()));
}

#[test]
#[ignore = "needs a browser"]
fn a_product_is_looked_up_by_name_version_and_developer_without_a_server() {
    let folder = written(&made());
    let browser = Browser::open();
    open(&browser, folder.path(), "index.html");
    let field = browser.find("#q");
    let found = |words: &str| {
        browser.clear(&field);
        browser.type_in(&field, words);
        let rows = browser.run(
            "return [...document.querySelectorAll('#found tbody th')].map((one) => one.textContent)",
            &[],
        );
        serde_json::from_value::<Vec<String>>(rows).unwrap()
    };
    assert_eq!(found("alpha pump 1.1"), ["Alpha Pump"]);
    assert_eq!(found("gamma"), ["Gämma Pump"], "accents are not asked for");
    assert_eq!(found("sensor"), ["Beta <b>Sensor</b>"], "a name stays text");
    assert_eq!(found("SUGARLESS"), ["Gämma Pump"], "by its developer");
    assert_eq!(found("1.0.0").len(), 3);
    assert!(found("omega").is_empty() && browser.text().contains("Nothing is found"));
    found("beta");
    browser.follow(&browser.find("#found tbody a"));
    assert!(browser.text().contains("Do not stop") || browser.text().contains("do not stop a therapy"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs a browser"]
fn every_page_is_for_everybody_in_the_light_in_the_dark_on_a_telephone_and_on_paper() {
    let made = made();
    let folder = written(&made);
    let browser = Browser::open();
    let mut count = 0;
    for path in made.files().keys().filter(|path| path.ends_with(".html")) {
        open(&browser, folder.path(), path);
        for scheme in ["light", "dark"] {
            browser.media(scheme, "");
            assert_eq!(browser.run(STUMBLES, &[]), json!([]), "{path}, {scheme}");
        }
        browser.resize(320, 800);
        let wide = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        assert_eq!(browser.run(wide, &[]), false, "{path} scrolls sideways on a telephone");
        browser.resize(1280, 900);
        browser.media("light", "print");
        let printed = "const shown = (css) => [...document.querySelectorAll(css)].some((one) => one.checkVisibility()); \
            return [shown('nav, .top, footer'), shown('h1')]";
        assert_eq!(browser.run(printed, &[]), json!([false, true]), "{path} on paper");
        browser.media("light", "");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{path}");
        count += 1;
    }
    assert!(count > 12, "only {count} pages were looked at");
}

#[test]
#[ignore = "needs a browser"]
fn a_page_says_how_fresh_the_list_is_by_the_clock_and_warns_when_it_is_not() {
    let folder = written(&made());
    let browser = Browser::open();
    let warned = || browser.has("#status.stale [data-stale]");
    // The list of the test is of 2030: not over before then.
    open(&browser, folder.path(), "entries/alpha.html");
    assert!(!warned(), "the control");
    std::fs::write(
        folder.path().join("status.js"),
        "window.dtsecStatus = { \"asOf\": \"2020-01-01T00:00:00Z\", \"freshUntil\": \"2020-01-02T00:00:00Z\" };",
    )
    .unwrap();
    // The page itself is as it was.
    open(&browser, folder.path(), "entries/alpha.html");
    assert!(warned());
    assert!(browser.text().contains("List as of 2020-01-01 00:00 UTC, fresh until 2020-01-02 00:00 UTC."));
}

#[test]
#[ignore = "needs a browser"]
fn a_verdict_and_the_form_are_for_everybody_and_load_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let browser = Browser::open();
    let fresh = |finding| asked::shown(finding, Freshness::Fresh);
    for (name, html, says) in [
        ("listed", fresh(Finding::ListedAndClean), "A certified version runs on this device"),
        ("open", fresh(Finding::OpenVulnerability), "CVE-2030-1000"),
        ("removed", fresh(Finding::Removed), "taken off the list"),
        ("unlisted", fresh(Finding::NotListed), "not on the list"),
        ("stale", asked::shown(Finding::StaleList, Freshness::Stale), "The list is out of date"),
        ("form", asked::asked(), "1. Ask the device"),
    ] {
        std::fs::write(folder.path().join(format!("{name}.html")), html).unwrap();
        open(&browser, folder.path(), &format!("{name}.html"));
        assert!(browser.text().contains(says), "{name}: {}", browser.text());
        for scheme in ["light", "dark"] {
            browser.media(scheme, "");
            assert_eq!(browser.run(STUMBLES, &[]), json!([]), "{name}, {scheme}");
        }
        let loaded = "return performance.getEntriesByType('resource').length";
        assert_eq!(browser.run(loaded, &[]), 0, "{name} loads something");
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
    }
}
