//! Atom, as a reader of feeds sees it.

use crate::made::{Made, advisory, entry, text};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::json;
use std::collections::BTreeSet;

/// The texts of all elements of this name.
fn texts(feed: &str, name: &str) -> Vec<String> {
    let mut reader = Reader::from_str(feed);
    let (mut found, mut inside) = (Vec::new(), false);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {feed}")) {
            Event::Start(start) if start.name().as_ref() == name => {
                inside = true;
                found.push(String::new());
            }
            Event::End(end) if end.name().as_ref() == name => inside = false,
            Event::Text(text) if inside => found.last_mut().unwrap().push_str(&text),
            Event::GeneralRef(entity) if inside => {
                let named = entity.resolve_char_ref().unwrap();
                let other = || match &*entity {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    name => panic!("XML knows no &{name};"),
                };
                found.last_mut().unwrap().push(named.unwrap_or_else(other));
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn made() -> Made {
    let mut removed = entry("beta", "Beta <Sensor> & more\u{1}");
    removed["state"] =
        json!({ "state": "removed", "since": "2030-03-05T12:00:00Z", "because": "vulnerability" });
    removed["history"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "at": "2030-03-05T12:00:00Z", "is": "removed", "because": "vulnerability" }));
    let mut made = Made::new([entry("alpha", "Alpha Pump"), removed]);
    made.advisories.push(advisory("CVE-2030-1000", "alpha"));
    made
}

#[test]
fn changes_are_told_the_newest_first_each_with_an_id_of_its_own() {
    let files = made().files();
    let feed = text(&files, "changes.atom");
    let titles = texts(feed, "title");
    assert_eq!(titles[1], "Beta <Sensor> & more: Taken off the list: vulnerability");
    assert!(
        titles
            .iter()
            .any(|title| title == "Alpha Pump: Version 1.1.0 added: added after a check of its changes")
    );
    assert!(titles.iter().any(|title| title.contains("Advisory CVE-2030-1000")));
    let ids = texts(feed, "id");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert!(ids.iter().all(|id| id.starts_with("urn:uuid:") && id.len() == 45), "{ids:?}");
    let updated = texts(feed, "updated");
    assert!(
        updated[1..].windows(2).all(|pair| pair[0] >= pair[1]) && updated[0] == updated[1],
        "{updated:?}"
    );
}

#[test]
fn a_product_s_feed_has_its_own_changes_and_ids_stay_when_there_are_new_ones() {
    let mut made = made();
    let before = texts(text(&made.files(), "entries/beta.atom"), "id");
    assert_eq!(before.len(), 4, "the feed, twice in the list's history, and a version");
    let name = crate::made::part("entry/beta");
    made.parts.get_mut(&name).unwrap()["history"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "at": "2030-03-09T12:00:00Z", "is": "listed", "because": "" }));
    let after = texts(text(&made.files(), "entries/beta.atom"), "id");
    assert_eq!((after.len(), &after[0], &after[2..]), (5, &before[0], &before[1..]));
}
