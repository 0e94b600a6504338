//! What people read.

use crate::made::{BASE, Made, PERSON, advisory, entry, fingerprint, part, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The values of an attribute.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(&start).skip(1).filter_map(|rest| rest.split_once('"').map(|(value, _)| value)).collect()
}

/// Where a link leads, from a file.
fn resolved(from: &str, link: &str) -> String {
    let mut place: Vec<&str> = from.split('/').collect();
    place.pop();
    for step in link.split('/') {
        match step {
            ".." => assert!(place.pop().is_some(), "{link} in {from} leaves the tree"),
            step => place.push(step),
        }
    }
    place.join("/")
}

fn every_link_resolves(files: &BTreeMap<String, Vec<u8>>) -> usize {
    let mut count = 0;
    for path in files.keys().filter(|path| path.ends_with(".html") || path.ends_with(".atom")) {
        let html = text(files, path);
        for link in values(html, "href").into_iter().chain(values(html, "src")) {
            assert!(!link.starts_with("http") && !link.starts_with('/'), "{link} in {path} needs a server");
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { resolved(path, file) };
            assert!(files.contains_key(&target), "{link} in {path} leads nowhere");
            if !anchor.is_empty() {
                let id = format!("id=\"{anchor}\"");
                assert!(text(files, &target).contains(&id), "{link} in {path}: there is no such place");
            }
            count += 1;
        }
    }
    count
}

fn story() -> Made {
    let mut removed = entry("beta", "Beta Sensor");
    removed["state"] =
        json!({ "state": "removed", "since": "2030-03-05T12:00:00Z", "because": "developer's request" });
    let mut warned = entry("gamma", "Gamma Pump");
    warned["known"] = json!({ "1.1.0": [{ "id": "undisclosed", "severity": "high" }] });
    let mut de_facto = entry("delta", "Delta Pump");
    de_facto["kind"] = json!({ "kind": "de-facto", "base": "alpha", "assertion": "00".repeat(32) });
    let mut made = Made::new([entry("alpha", "Alpha Pump"), removed, warned, de_facto]);
    made.advisories.push(advisory("CVE-2030-1000", "alpha"));
    made
}

#[test]
fn every_link_leads_to_a_file_and_a_place_in_the_tree() {
    let count = every_link_resolves(&story().files());
    assert!(count > 150, "only {count} links were looked at");
    let mut offline = story();
    offline.base = None;
    every_link_resolves(&offline.files());
}

#[test]
fn every_path_fits_the_tree() {
    for path in story().files().keys() {
        let fits = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        assert!(path.split('/').all(fits), "{path}");
        let first = path.split('/').next().unwrap();
        assert!(
            !["metadata", "targets", "objects", "parts", "tile", "checkpoint"].contains(&first),
            "{path}"
        );
    }
}

#[test]
fn nobody_who_took_part_is_named() {
    let made = story();
    let named = |text: &str| text.contains(PERSON);
    assert!(named(&made.parts[&part("pp/pp-1")].to_string()), "the control: the part names him");
    for (path, bytes) in &made.files() {
        assert!(!named(&String::from_utf8_lossy(bytes)), "{path} names a person");
    }
}

#[test]
fn an_entry_says_whether_it_is_listed_which_versions_what_is_known_and_what_to_do() {
    let files = story().files();
    let alpha = text(&files, "entries/alpha.html");
    for said in [
        "Certified and listed",
        "List as of <time data-as-of>2030-04-01 12:00 UTC</time>",
        "Alpha Pump/1.0.0",
        "evaluated by the lab",
        "North Lab",
        "Connected diabetes devices 1.0",
        "AVA_VAN.4",
        "Update to version 1.1.0, which mends it.",
        "../advisories/cve-2030-1000.html",
        "do not stop a therapy without asking",
        "dtsec list show MIRROR entry/alpha",
    ] {
        assert!(alpha.contains(said), "`{said}` is not there");
    }
    // The affected version and the one that mends it, each with its own word.
    assert!(alpha.contains("▲") || alpha.contains("state warn\">Affected"));
    assert!(alpha.contains("state good\">Solved"));
    let sfr = dtsec_model::catalogue::sfr("secure-update-of-platform").unwrap();
    assert!(alpha.contains(&sfr.title) && alpha.contains("Requirement of its own"));
    assert!(
        text(&files, "entries/beta.html").contains("taken off the list for good: developer&#39;s request")
    );
    let gamma = text(&files, "entries/gamma.html");
    assert!(
        gamma.contains("Listed, with an open vulnerability") && gamma.contains("details are not public yet")
    );
    assert!(text(&files, "entries/delta.html").contains("No lab has evaluated this product"));
    for path in files.keys().filter(|path| path.ends_with(".html")) {
        assert!(!text(&files, path).to_lowercase().contains("stop using"), "{path}");
    }
}

#[test]
fn a_hostile_name_stays_text() {
    let hostile = "</script><script>alert(1)</script>\"'&\u{1}\u{2028}";
    let made = Made::new([entry("evil", hostile)]);
    let files = made.files();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = String::from_utf8_lossy(bytes);
        assert!(!html.contains("<script>"), "{path}");
        // The control: it is there, as text.
        if path.starts_with("entries/") {
            assert!(html.contains("&lt;/script&gt;") || html.contains("&#60;/script&#62;"), "{path}");
        }
    }
    let index = text(&files, "products.js").trim().strip_prefix("window.dtsecProducts = ").unwrap();
    let index: Value = serde_json::from_str(index.strip_suffix(';').unwrap()).unwrap();
    assert_eq!(index[0][1], hostile);
    // A name goes nowhere near a path.
    assert!(files.contains_key("letters/other.html"));
}

#[test]
fn each_version_has_a_code_for_its_box_where_the_address_is_known() {
    let files = story().files();
    let page = text(&files, "entries/alpha.html");
    assert_eq!(page.matches("<svg class=\"qr\"").count(), 2);
    for version in [1, 2] {
        assert!(page.contains(&format!("{BASE}entries/alpha.html#version-{version}")));
    }
    let mut offline = story();
    offline.base = None;
    assert!(!text(&offline.files(), "entries/alpha.html").contains("<svg"));
    // An address that no code holds is an error and not a page without one.
    let mut long = story();
    let base: &'static str = Box::leak(format!("https://{}.example/", "a".repeat(3000)).into_boxed_str());
    long.base = Some(base);
    assert!(long.fails().contains("too long for a QR code"));
}

#[test]
fn a_change_writes_what_it_touches_and_nothing_else() {
    let mut made =
        Made::new((0..500).map(|n| entry(&format!("entry-{n:03}"), &format!("{} {n}", letter(n)))));
    let whole = made.files();
    let name = part("entry/entry-007");
    made.parts.get_mut(&name).unwrap()["last-reviewed"] = json!("2030-03-31");
    let some = made.changed(&["entry/entry-007"]);
    let of = |folder: &str| some.keys().filter(|path| path.starts_with(folder)).collect::<Vec<_>>();
    assert_eq!(of("entries/").len(), 3, "{:?}", of("entries/"));
    assert_eq!(of("letters/").len(), 1);
    assert_eq!((of("labs/").len(), of("profiles/").len()), (2, 2));
    assert!(some.len() < 30, "{:?}", some.keys());
    // What is left out would be as it was, and what is written is what the whole would be.
    let after = made.files();
    for (path, bytes) in &after {
        let written = some.get(path).or_else(|| whole.get(path)).unwrap();
        assert_eq!(written, bytes, "{path} would be out of date");
    }
    // A name that stands on other pages changes them.
    made.parts.get_mut(&part("lab/north")).unwrap()["application"]["name"] = json!("North-West Lab");
    let some = made.changed(&["lab/north"]);
    assert!(text(&some, "entries/entry-444.html").contains("North-West Lab"));
}

fn letter(n: usize) -> char {
    char::from(b'A' + u8::try_from(n % 26).unwrap())
}

#[test]
fn without_scripts_every_product_is_reached_however_many_there_are() {
    let few = story().files();
    for id in ["alpha", "beta", "gamma", "delta"] {
        assert!(text(&few, "index.html").contains(&format!("entries/{id}.html")));
    }
    let many = Made::new((0..500).map(|n| entry(&format!("entry-{n:03}"), &format!("{} {n}", letter(n)))));
    let files = many.files();
    let letters: BTreeSet<&str> = values(text(&files, "index.html"), "href")
        .into_iter()
        .filter(|link| link.starts_with("letters/"))
        .collect();
    assert_eq!(letters.len(), 26);
    let reached: BTreeSet<&str> = letters
        .iter()
        .flat_map(|path| values(text(&files, path), "href"))
        .filter(|link| link.contains("entries/"))
        .collect();
    assert_eq!(reached.len(), 500);
}

#[test]
fn a_fingerprint_leads_to_its_entry_and_the_list_is_there_as_a_whole() {
    let files = story().files();
    let fingerprints: Value = serde_json::from_str(text(&files, "fingerprints.json")).unwrap();
    assert_eq!(fingerprints[fingerprint("alpha", 1)], json!({ "entry": "alpha", "version": "1.1.0" }));
    assert_eq!(fingerprints.as_object().unwrap().len(), 8);
    let list: Value = serde_json::from_str(text(&files, "list.json")).unwrap();
    assert_eq!((list["serial"].as_u64(), list["entries"].as_array().unwrap().len()), (Some(7), 4));
    assert_eq!(list["format"], dtsec_list::FORMAT);
    assert_eq!(list["fresh-until"], "2030-04-02T12:00:00Z");
    let entries: Value = serde_json::from_str(text(&files, "entries.json")).unwrap();
    assert_eq!(entries[0]["page"], "entries/alpha.html");
    let own: Value = serde_json::from_str(text(&files, "entries/alpha.json")).unwrap();
    assert_eq!(own, story().parts[&part("entry/alpha")]);
}

#[test]
fn a_part_of_another_form_is_refused_by_its_name() {
    let mut odd = story();
    odd.parts.get_mut(&part("entry/alpha")).unwrap()["product"] = json!(7);
    assert!(odd.fails().contains("part entry/alpha cannot be shown"), "{}", odd.fails());
    let mut odd = story();
    odd.advisories.push(json!({ "document": {} }));
    assert!(odd.fails().contains("advisory 1 cannot be shown"), "{}", odd.fails());
}
