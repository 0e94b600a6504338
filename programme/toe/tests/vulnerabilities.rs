//! The search for published vulnerabilities: what is found, what it comes to, and what is not passed over.

#![forbid(unsafe_code)]

use dtsec_toe::sbom::Sbom;
use dtsec_toe::vulnerabilities::{
    Database, DatabaseError, Finding, Findings, Query, Search, Standing, search,
};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn rustsec(folder: &Path, id: &str, package: &str, more: &str, title: &str) {
    let place = folder.join("crates").join(package);
    fs::create_dir_all(&place).unwrap();
    let text = format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-05-01\"\naliases = [\"CVE-{id}\"]\n{more}\n```\n\n# {title}\n\nText.\n"
    );
    fs::write(place.join(format!("{id}.md")), text).unwrap();
}

fn database() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    rustsec(
        at,
        "RUSTSEC-2026-0001",
        "aes",
        "[versions]\npatched = [\">= 0.9.2\"]\nunaffected = [\"< 0.5.0\"]",
        "Leak in a key schedule",
    );
    rustsec(at, "RUSTSEC-2026-0002", "sha2", "[versions]\npatched = [\">= 0.10.0\"]", "Wrong hash");
    rustsec(
        at,
        "RUSTSEC-2026-0003",
        "aes",
        "withdrawn = \"2026-06-01\"\n[versions]\npatched = []",
        "A mistake",
    );
    rustsec(at, "RUSTSEC-2026-0004", "elsewhere", "[versions]\npatched = []", "Breaks the glucose meter");
    folder
}

fn sbom(aes: &str) -> Sbom {
    let component =
        |name: &str, version: &str| serde_json::json!({"type": "library", "name": name, "version": version});
    let value = serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "firmware", "name": "my-platform", "version": "0.1.0"}},
        "components": [component("aes", aes), component("sha2", "0.11.0")]});
    Sbom::from_json(&value.to_string()).unwrap()
}

fn run(sbom: &Sbom, database: &Path, terms: &[&str], findings: &Findings) -> Search {
    let databases = [Database::read(database).unwrap()];
    let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
    search(&Query { sbom, databases: &databases, terms: &terms, findings, date: "2026-11-22" })
}

fn standings(search: &Search) -> Vec<(&str, Standing)> {
    search.hits.iter().map(|hit| (&*hit.advisory, hit.standing)).collect()
}

fn finding(version: &str, applicable: bool, reason: &str) -> Findings {
    let text = |text: &str| text.to_owned();
    Findings {
        findings: vec![Finding {
            advisory: text("CVE-RUSTSEC-2026-0001"),
            package: text("aes"),
            version: text(version),
            applicable,
            reason: text(reason),
            by: text("A. Person"),
            date: text("2026-11-20"),
        }],
    }
}

#[test]
fn every_hit_is_on_record_also_those_that_do_not_apply_each_with_its_reason() {
    let database = database();
    let search = run(&sbom("0.9.1"), database.path(), &[], &Findings::default());
    assert_eq!(
        standings(&search),
        [
            ("RUSTSEC-2026-0001", Standing::Open),
            ("RUSTSEC-2026-0002", Standing::NotApplicable),
            ("RUSTSEC-2026-0003", Standing::NotApplicable)
        ]
    );
    assert!(search.hits.iter().all(|hit| !hit.reason.is_empty()));
    assert_eq!(search.to_be_done().count(), 1);
    assert_eq!((&*search.date, &*search.sources[0].newest.clone().unwrap()), ("2026-11-22", "2026-05-01"));
    assert_eq!((search.sources[0].format, search.sources[0].advisories), ("rustsec", 4));
    assert_eq!(search.terms, ["aes", "sha2"]);
    let corrected = run(&sbom("0.9.2"), database.path(), &[], &Findings::default());
    assert_eq!(corrected.to_be_done().count(), 0);
    assert_eq!(run(&sbom("0.4.0"), database.path(), &[], &Findings::default()).to_be_done().count(), 0);
}

#[test]
fn a_recorded_reason_closes_a_hit_for_the_version_that_was_looked_at_and_for_no_other() {
    let database = database();
    let closed = run(&sbom("0.9.1"), database.path(), &[], &finding("0.9.1", false, "Not linked."));
    assert_eq!(closed.to_be_done().count(), 0);
    assert!(closed.hits[0].reason.contains("Not linked.") && closed.hits[0].reason.contains("A. Person"));
    for (other, standing) in [
        (finding("0.9.0", false, "Not linked."), Standing::Open),
        (finding("0.9.1", false, " "), Standing::Open),
        (finding("0.9.1", true, "We use it."), Standing::Confirmed),
    ] {
        let search = run(&sbom("0.9.1"), database.path(), &[], &other);
        assert_eq!(search.hits[0].standing, standing, "{other:?}");
        assert_eq!(search.idle_findings.is_empty(), standing == Standing::Confirmed);
    }
}

#[test]
fn a_term_finds_what_no_component_is_called() {
    let search = run(&sbom("0.9.2"), database().path(), &["glucose meter", "pump"], &Findings::default());
    let hit = search.hits.iter().find(|hit| hit.advisory == "RUSTSEC-2026-0004").unwrap();
    assert_eq!((hit.standing, &*hit.term), (Standing::NotApplicable, "glucose meter"));
    assert!(hit.reason.contains("not in the SBOM"));
    assert_eq!(search.terms, ["aes", "sha2", "glucose meter", "pump"]);
}

#[test]
fn a_component_without_a_version_is_never_taken_for_safe() {
    let search = run(&sbom("unknown"), database().path(), &[], &Findings::default());
    assert_eq!(search.unversioned, ["aes"]);
    assert_eq!(search.hits[0].standing, Standing::Open);
}

#[test]
fn osv_entries_are_read_and_only_those_of_crates_count() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |id: &str, ecosystem: &str, events: serde_json::Value| {
        serde_json::json!({"id": id, "summary": "Something", "published": "2026-02-03T04:05:06Z", "affected": [
            {"package": {"ecosystem": ecosystem, "name": "aes"}, "ranges": [{"type": "SEMVER", "events": events}]}]})
    };
    let two = serde_json::json!([{"introduced": "0.0.0-0"}, {"fixed": "0.8.0"}, {"introduced": "0.9.0"}, {"fixed": "0.9.2"}]);
    fs::write(folder.path().join("a.json"), entry("OSV-1", "crates.io", two.clone()).to_string()).unwrap();
    let more = serde_json::json!([
        entry("OSV-2", "PyPI", two),
        entry("OSV-3", "crates.io", serde_json::json!([{"introduced": "0"}]))
    ]);
    fs::write(folder.path().join("b.json"), more.to_string()).unwrap();
    let of = |version: &str| {
        let search = run(&sbom(version), folder.path(), &[], &Findings::default());
        standings(&search).into_iter().map(|(id, standing)| (id.to_owned(), standing)).collect::<Vec<_>>()
    };
    let (open, not) = (Standing::Open, Standing::NotApplicable);
    assert_eq!(of("0.9.1"), [("OSV-1".to_owned(), open), ("OSV-3".to_owned(), open)]);
    assert_eq!(of("0.8.5"), [("OSV-1".to_owned(), not), ("OSV-3".to_owned(), open)]);
    assert_eq!(of("0.7.0")[0].1, open);
}

#[test]
fn a_database_that_cannot_be_read_as_a_whole_is_refused() {
    let folder = database();
    fs::write(folder.path().join("crates/aes/RUSTSEC-2026-0009.md"), "no advisory").unwrap();
    assert!(
        matches!(Database::read(folder.path()), Err(DatabaseError::Advisory { path, .. }) if path.ends_with("RUSTSEC-2026-0009.md"))
    );
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Database::read(empty.path()), Err(DatabaseError::Empty { .. })));
    assert!(matches!(Database::read(&empty.path().join("gone")), Err(DatabaseError::Read { .. })));
}

#[test]
fn the_commit_of_a_checkout_stands_in_the_record() {
    let folder = database();
    let git = folder.path().join(".git/refs/heads");
    fs::create_dir_all(&git).unwrap();
    fs::write(folder.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(git.join("main"), "0123abcd\n").unwrap();
    assert_eq!(Database::read(folder.path()).unwrap().origin().commit.as_deref(), Some("0123abcd"));
}
