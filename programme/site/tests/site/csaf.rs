//! Advisories as CSAF 2.0 distributes them (§7).

use crate::made::{BASE, Made, advisory, entry, text};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

fn made() -> Made {
    let mut made = Made::new([entry("alpha", "Alpha Pump")]);
    made.advisories.push(advisory("CVE-2030-1000", "alpha"));
    let mut newer = advisory("GHSA-Aaaa..1", "alpha");
    newer["document"]["tracking"]["current_release_date"] = json!("2030-03-09T00:00:00Z");
    made.advisories.push(newer);
    made
}

#[test]
fn an_advisory_lies_in_its_year_with_both_hashes_of_its_bytes() {
    let files = made().files();
    let path = "csaf/white/2030/ghsa-aaaa_1.json";
    let bytes = &files[path];
    assert_eq!(
        text(&files, &format!("{path}.sha256")),
        format!("{}  ghsa-aaaa_1.json\n", hex::encode(Sha256::digest(bytes)))
    );
    assert_eq!(
        text(&files, &format!("{path}.sha512")),
        format!("{}  ghsa-aaaa_1.json\n", hex::encode(Sha512::digest(bytes)))
    );
    assert_eq!(text(&files, "csaf/white/index.txt"), "2030/cve-2030-1000.json\n2030/ghsa-aaaa_1.json\n");
    let changes = "\"2030/ghsa-aaaa_1.json\",\"2030-03-09T00:00:00Z\"\n\"2030/cve-2030-1000.json\",\"2030-03-02T00:00:00Z\"\n";
    assert_eq!(text(&files, "csaf/white/changes.csv"), changes);
}

#[test]
fn every_address_in_metadata_and_feed_is_that_of_a_file_and_without_an_address_there_are_none() {
    let files = made().files();
    let metadata: Value = serde_json::from_str(text(&files, "csaf/provider-metadata.json")).unwrap();
    assert_eq!(metadata["canonical_url"], format!("{BASE}csaf/provider-metadata.json"));
    assert_eq!(metadata["role"], "csaf_provider");
    let feed = metadata["distributions"][0]["rolie"]["feeds"][0]["url"].as_str().unwrap();
    let feed: Value = serde_json::from_str(text(&files, feed.strip_prefix(BASE).unwrap())).unwrap();
    let entries = feed["feed"]["entry"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        for link in entry["link"].as_array().unwrap() {
            let path = link["href"].as_str().unwrap().strip_prefix(BASE).unwrap();
            assert!(files.contains_key(path), "{path}");
        }
        assert_eq!(entry["content"]["src"], entry["link"][0]["href"]);
    }
    for base in [None, Some("http://127.0.0.1:8000/")] {
        let mut made = made();
        made.base = base;
        let files = made.files();
        assert!(
            !files.contains_key("csaf/provider-metadata.json") && !files.contains_key("csaf/white/feed.json")
        );
        assert!(files.contains_key("csaf/white/2030/cve-2030-1000.json"));
    }
}

#[test]
fn two_advisories_never_share_a_file() {
    let mut made = made();
    made.advisories.push(advisory("cve-2030-1000", "alpha"));
    assert!(made.fails().contains("csaf/white/2030/cve-2030-1000.json"), "{}", made.fails());
}
