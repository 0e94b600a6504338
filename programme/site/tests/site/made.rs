//! Parts and advisories as they are published.

use dtsec_publish::PartName;
use dtsec_site::{File, Input, render};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const BASE: &str = "https://list.example.org/";
/// Somebody whom no page may name: he commented on the profile.
pub(crate) const PERSON: &str = "petra.person";

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn part(name: &str) -> PartName {
    name.parse().unwrap()
}

/// An entry that is listed, with two versions.
pub(crate) fn entry(id: &str, product: &str) -> Value {
    let version = |version: &str, since: &str, by: Value| json!({ "version": version, "identity": format!("{product}/{version}"), "since": since, "basis": by, "standing": "in-force" });
    json!({
        "id": id, "product": product, "developer": "alpha", "class": "pump", "st": format!("{id}-st"),
        "st-document": "ab".repeat(32), "profile": "pp-1",
        "kind": { "kind": "certified", "certificate": format!("{id}-certificate"), "evaluation": "ev", "lab": "north", "etr": "cd".repeat(32) },
        "editions": { "criteria": "ISO/IEC 15408:2009", "methodology": "ISO/IEC 18045:2005" },
        "components": ["ADV_FSP.4", "AVA_VAN.4"], "claims": ["secure-update-of-platform", "requirement-of-its-own"],
        "contains": [], "certified-parts": [], "revalidates": null,
        "versions": [
            version("1.0.0", "2030-01-01T12:00:00Z", json!({ "by": "evaluated" })),
            version("1.1.0", "2030-03-01T12:00:00Z", json!({ "by": "maintained", "request": "r" })),
        ],
        "state": { "state": "listed" },
        "history": [{ "at": "2030-01-01T12:00:00Z", "is": "listed", "because": "" }],
        "last-reviewed": "2030-02-01", "searched": "2030-02-02", "open": [], "conflicted": [], "de-facto": [], "requests": [],
        "attestation": { "id": id, "versions": [
            { "version": "1.0.0", "fingerprint": fingerprint(id, 0), "open": [] },
            { "version": "1.1.0", "fingerprint": fingerprint(id, 1), "open": [] },
        ] },
    })
}

pub(crate) fn fingerprint(id: &str, version: u8) -> String {
    let first = id.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
    format!("{first:016x}{version:048x}")
}

pub(crate) fn lab() -> Value {
    json!({
        "id": "north", "organisation": "north",
        "application": {
            "name": "North Lab", "affiliates": [],
            "accreditation": { "body": "Accreditor", "scope": "it-security-testing", "expires": "2033-01-01", "document": "ef".repeat(32) },
            "competence": { "wireless-protocol": { "van": 4, "shown-by": null } }, "documents-its-work": true, "open-to-audit": true,
        },
        "state": { "state": "accepted", "since": "2029-12-01T12:00:00Z", "factors": {} },
    })
}

pub(crate) fn profile() -> Value {
    json!({
        "id": "pp-1", "kind": "protection-profile", "title": "Connected diabetes devices", "version": "1.0", "class": "pump",
        "document": "12".repeat(32), "editions": { "criteria": "ISO/IEC 15408:2009", "methodology": "ISO/IEC 18045:2005" },
        "packages": [{ "id": "base", "components": ["AVA_VAN.4"] }], "requirements": ["secure-update-of-platform"],
        "supersedes": null, "state": { "state": "accepted", "at": "2029-11-01T12:00:00Z", "determination": null },
        "comments": { "c": { "id": "c", "by": PERSON, "at": "2029-10-01T12:00:00Z", "text": "a comment" } },
    })
}

/// An advisory that is public: version 1.0.0 is affected, 1.1.0 is not any more.
pub(crate) fn advisory(id: &str, entry: &str) -> Value {
    json!({
        "document": {
            "category": "csaf_vex", "csaf_version": "2.0", "title": format!("{id}: what the listed products have to do with it"),
            "aggregate_severity": { "text": "Important" }, "distribution": { "tlp": { "label": "WHITE" } },
            "publisher": { "category": "coordinator", "name": "Programme", "namespace": BASE },
            "tracking": {
                "id": id, "status": "final", "version": "1", "initial_release_date": "2030-02-01T00:00:00Z",
                "current_release_date": "2030-03-02T00:00:00Z",
                "revision_history": [{ "date": "2030-03-02T00:00:00Z", "number": "1", "summary": "first" }],
            },
        },
        "product_tree": { "full_product_names": [] },
        "vulnerabilities": [{
            "product_status": { "known_affected": [format!("{entry}:1.0.0")], "fixed": [format!("{entry}:1.1.0")] },
            "remediations": [{
                "category": "vendor_fix", "details": "Update to version 1.1.0, which mends it.", "product_ids": [format!("{entry}:1.0.0")],
            }],
        }],
    })
}

/// What is published.
pub(crate) struct Made {
    pub(crate) parts: BTreeMap<PartName, Value>,
    pub(crate) advisories: Vec<Value>,
    pub(crate) base: Option<&'static str>,
}

impl Made {
    pub(crate) fn new(entries: impl IntoIterator<Item = Value>) -> Self {
        let mut parts = BTreeMap::from([(part("lab/north"), lab()), (part("pp/pp-1"), profile())]);
        for entry in entries {
            parts.insert(part(&format!("entry/{}", entry["id"].as_str().unwrap())), entry);
        }
        Self { parts, advisories: Vec::new(), base: Some(BASE) }
    }

    fn input(&self) -> Input<'_> {
        Input {
            name: "Diabetes device list",
            base: self.base,
            serial: 7,
            as_of: time("2030-04-01T12:00:00Z"),
            fresh_until: time("2030-04-02T12:00:00Z"),
            parts: &self.parts,
            advisories: &self.advisories,
        }
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        unique(render(&self.input(), None).unwrap())
    }

    pub(crate) fn changed(&self, parts: &[&str]) -> BTreeMap<String, Vec<u8>> {
        let parts: BTreeSet<PartName> = parts.iter().map(|name| part(name)).collect();
        unique(render(&self.input(), Some(&parts)).unwrap())
    }

    pub(crate) fn fails(&self) -> String {
        render(&self.input(), None).unwrap_err().to_string()
    }
}

fn unique(files: Vec<File>) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for (path, bytes) in files {
        assert!(all.insert(path.clone(), bytes).is_none(), "{path} is written twice");
    }
    all
}

pub(crate) fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, path: &str) -> &'a str {
    let bytes = files.get(path).unwrap_or_else(|| panic!("there is no {path}"));
    std::str::from_utf8(bytes).unwrap()
}
