//! A verdict as a page: each kind of finding in its own words.

use dtsec_list::{Format, PublishedList};
use dtsec_site::verdict::{Form, form, page, problem};
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

fn shown(finding: Finding, freshness: Freshness) -> String {
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

#[test]
fn every_finding_has_a_page_that_names_it_and_the_list_and_nothing_is_loaded() {
    for finding in Finding::ALL {
        let html = shown(*finding, Freshness::Fresh);
        assert!(html.contains(&format!("{}: {}", finding.number(), finding.name())), "{finding:?}");
        assert!(
            html.contains("By list 7 as of 2030-04-01 12:00 UTC, fresh until 2030-04-02 12:00 UTC."),
            "{finding:?}"
        );
        assert!(!html.contains("<script") && !html.contains("src="), "{finding:?}");
        assert!(!html.contains("<detail>") && html.contains("a &#60;detail&#62;"), "{finding:?}");
        assert!(!html.to_lowercase().contains("stop using"), "{finding:?}");
        // Only what is well goes without the advice to talk first.
        let well = *finding == Finding::ListedAndClean;
        assert_eq!(html.contains("verdict good"), well, "{finding:?}");
        assert_eq!(html.contains("talk to the care team"), !well, "{finding:?}");
    }
}

#[test]
fn what_is_open_is_shown_for_the_version_that_runs_and_for_no_other() {
    let exact = shown(Finding::OpenVulnerability, Freshness::Fresh);
    assert!(
        exact.contains("CVE-2030-1000") && exact.contains("severity: high") && exact.contains("What runs")
    );
    assert!(exact.contains("<h1>Alpha &#60;Pump&#62; 1.0.0</h1>"));
    let near = shown(Finding::MixedRelease, Freshness::Fresh);
    assert!(!near.contains("CVE-2030-1000") && near.contains("it is not what runs"));
}

#[test]
fn a_list_that_is_out_of_date_is_said_above_everything_else() {
    let stale = shown(Finding::StaleList, Freshness::Stale);
    assert!(stale.contains("as-of stale") && stale.contains("out of date since 2030-04-02 12:00 UTC"));
    assert!(!shown(Finding::ListedAndClean, Freshness::Fresh).contains("as-of stale"), "the control");
}

#[test]
fn the_form_brings_its_challenge_and_a_problem_says_what_was_wrong() {
    let made = form(&Form {
        challenge: "AQID",
        challenge_hex: "010203",
        expires: time("2030-04-01T13:05:00Z"),
        list: list_time(Freshness::Fresh),
    });
    let made = made.unwrap();
    assert!(made.contains("name=\"challenge\" value=\"AQID\"") && made.contains(">010203<"));
    for field in ["file", "token", "nonce", "chain"] {
        assert!(made.contains(&format!("<label for=\"{field}\">")), "{field} has no label");
    }
    assert!(problem("token: <b>").unwrap().contains("token: &#60;b&#62;"));
}
