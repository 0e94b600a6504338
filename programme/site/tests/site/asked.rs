//! Verdicts as pages, and the form.

use dtsec_list::{Format, PublishedList};
use dtsec_site::verdict::{Form, form, page};
use dtsec_verify::{Finding, Freshness, ListTime, Verdict};
use jiff::Timestamp;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn list_time(freshness: Freshness) -> ListTime {
    ListTime {
        serial: 7,
        as_of: time("2030-04-01T12:00:00Z"),
        fresh_until: time("2030-04-02T12:00:00Z"),
        freshness,
    }
}

fn list() -> PublishedList {
    let set = serde_json::json!({ "implementation_id": "00".repeat(32), "components": [] });
    let made = serde_json::json!({
        "format": Format::V1, "serial": 7, "as-of": "2030-04-01T12:00:00Z", "fresh-until": "2030-04-02T12:00:00Z",
        "entries": [{
            "id": "alpha", "kind": { "is": "certified", "certificate": "c", "lab": "north" }, "developer": "alpha",
            "product": "Alpha <Pump>", "class": "pump", "status": { "is": "listed" },
            "last-reviewed": "2030-02-01", "searched": "2030-02-02",
            "versions": [{
                "version": "1.0.0", "identity": "Alpha/1.0.0", "since": "2030-01-01T12:00:00Z", "standing": "in-force",
                "fingerprint": "11".repeat(32), "set": set, "open": [{ "id": "CVE-2030-1000", "severity": "high" }],
            }],
        }],
    });
    serde_json::from_value(made).unwrap()
}

pub(crate) fn shown(finding: Finding, freshness: Freshness) -> String {
    let list = list();
    let entry = &list.entries[0];
    let verdict = Verdict {
        finding,
        detail: "a <detail>".to_owned(),
        token: None,
        fingerprint: None,
        listed: Some(dtsec_verify::Listed { entry, version: &entry.versions[0] }),
        manufacturer: Some("alpha".to_owned()),
        list: list_time(freshness),
        at: time("2030-04-01T13:00:00Z"),
    };
    page(&verdict, true).unwrap()
}

pub(crate) fn asked() -> String {
    form(&Form {
        challenge: "AQID",
        challenge_hex: "010203",
        expires: time("2030-04-01T13:05:00Z"),
        list: list_time(Freshness::Fresh),
    })
    .unwrap()
}
