//! Formats of others: CSAF, CycloneDX, OSV, CVE; and documents that commands take over.

use crate::fixtures::{self, id};
use crate::site::{As, Place, on_both};
use dtsec_registry::domain::Command;
use dtsec_registry::domain::vulnerability::{Report, Severity};
use serde_json::{Value, json};

on_both! {
    an_osv_record_becomes_a_report_on_the_entries_that_hold_the_component
    an_advisory_says_for_each_state_what_the_entry_has_to_do_with_it
    a_list_of_components_says_which_of_them_others_hold
    a_security_target_is_checked_when_it_is_handed_in_and_goes_with_the_command_that_names_it
    the_public_does_not_learn_from_an_entry_which_vulnerabilities_are_open_in_it
}

fn osv(component: &str, version: &str) -> Value {
    json!({
        "id": "GHSA-aaaa-bbbb-cccc", "modified": "2030-01-01T00:00:00Z",
        "affected": [{ "package": { "name": component, "ecosystem": "x" }, "versions": [version] }],
        "database_specific": { "severity": "LOW" },
    })
}

async fn an_osv_record_becomes_a_report_on_the_entries_that_hold_the_component(place: Place) {
    let site = place.with_entry().await;
    let path = "/api/v1/reports/osv?reason=published";
    site.post(&As::Nobody, path, &osv("stack", "9")).await.is(422);
    let done = site.post(&As::Nobody, path, &osv("radio", "1.0")).await.is(200).json();
    assert_eq!(done["events"], json!(["vulnerability-reported"]));
    let dora = site.cookie("dora").await;
    let part = site.get(&dora, "/api/v1/parts/vulnerability/GHSA-aaaa-bbbb-cccc").await.is(200).json();
    assert_eq!(part["state"]["entries"], json!(["entry"]));
    assert_eq!(part["state"]["report"]["severity"], "low");
    // The record itself is kept with it, and is not for everybody.
    let path = "/api/v1/documents/vulnerability/GHSA-aaaa-bbbb-cccc";
    let listed = site.get(&dora, path).await.is(200).json();
    assert_eq!(listed["items"][0]["digest"], part["state"]["report"]["document"]);
    site.get(&As::Nobody, path).await.is(403);
}

/// What CSAF 2.0 wants of every document, and VEX of this one: no field that is needed is missing, every product that is named
/// is in the tree and stands once, and each status has what it must come with.
fn is_csaf(advisory: &Value) {
    for needed in [
        "/document/category",
        "/document/csaf_version",
        "/document/title",
        "/document/publisher/category",
        "/document/publisher/name",
        "/document/publisher/namespace",
        "/document/tracking/id",
        "/document/tracking/status",
        "/document/tracking/version",
        "/document/tracking/initial_release_date",
        "/document/tracking/current_release_date",
        "/document/tracking/revision_history/0/date",
        "/document/tracking/revision_history/0/number",
        "/document/tracking/revision_history/0/summary",
        "/product_tree",
        "/vulnerabilities/0/notes/0/text",
        "/vulnerabilities/0/product_status",
    ] {
        assert!(advisory.pointer(needed).is_some_and(|value| !value.is_null()), "{needed}: {advisory:#}");
    }
    let tracking = &advisory["document"]["tracking"];
    let last = tracking["revision_history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["number"], tracking["version"]);
    assert_eq!(last["date"], tracking["current_release_date"]);
    let branches = advisory["product_tree"]["branches"][0]["branches"][0]["branches"].as_array().unwrap();
    let mut known: Vec<_> = branches.iter().map(|branch| branch["product"]["product_id"].clone()).collect();
    let of = &advisory["vulnerabilities"][0];
    assert!(of.get("cve").is_some() != of.get("ids").is_some());
    for (status, with) in [("known_affected", "remediations"), ("known_not_affected", "threats")] {
        assert!(of["product_status"].get(status).is_none() || of.get(with).is_some(), "{status}: {of:#}");
    }
    for id in of["product_status"].as_object().unwrap().values().flat_map(|ids| ids.as_array().unwrap()) {
        let place = known
            .iter()
            .position(|known| known == id)
            .unwrap_or_else(|| panic!("{id} is unknown or named twice"));
        known.remove(place);
    }
}

async fn an_advisory_says_for_each_state_what_the_entry_has_to_do_with_it(place: Place) {
    let site = place.with_entry().await;
    let path = "/api/v1/advisories/CVE-2030-1000";
    let report = Report {
        document: fixtures::hash("finding"),
        severity: Severity::High,
        entries: fixtures::set(&["entry"]),
        component: None,
        plan: None,
    };
    site.does("pat", Command::ReportVulnerability { vulnerability: id("CVE-2030-1000"), report }).await;
    let (dora, ann, bob) = (site.cookie("dora").await, site.cookie("ann").await, site.cookie("bob").await);
    let status = async |who: &As| {
        let advisory = site.get(who, path).await.is(200).json();
        is_csaf(&advisory);
        let status = advisory["vulnerabilities"][0]["product_status"].as_object().unwrap().clone();
        status.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(status(&dora).await, ["under_investigation"]);
    let found = [(id("entry"), ["requirement-1".to_owned()].into())].into();
    site.does("dora", Command::TriageVulnerability { vulnerability: id("CVE-2030-1000"), found }).await;
    assert_eq!(status(&ann).await, ["known_affected"]);
    // While it is open, it is for the parties.
    for who in [&bob, &As::Nobody] {
        site.get(who, path).await.is(404);
    }
    let evidence = fixtures::hash("fix");
    let (vulnerability, entry) = (id("CVE-2030-1000"), id("entry"));
    site.does(
        "ann",
        Command::ReportMitigation { vulnerability, entry, evidence: evidence.clone(), fixed_in: None },
    )
    .await;
    let (vulnerability, entry) = (id("CVE-2030-1000"), id("entry"));
    site.does("dora", Command::VerifyMitigation { vulnerability, entry, evidence }).await;
    assert_eq!(status(&As::Nobody).await, ["fixed"]);
}

async fn a_list_of_components_says_which_of_them_others_hold(place: Place) {
    let site = place.with_entry().await;
    let ann = site.cookie("ann").await;
    let bom = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            { "type": "library", "name": "radio", "version": "1.0" },
            { "type": "library", "name": "own", "version": "7" },
        ],
    });
    let taken = site.post(&ann, "/api/v1/entries/entry/components", &bom).await.is(200).json();
    assert_eq!(taken["components"], 2);
    assert_eq!(taken["shared"], json!([{ "id": "radio-1.0", "entries": ["entry"], "named": true }]));
    let listed = site.get(&ann, "/api/v1/documents/entry/entry").await.is(200).json();
    assert_eq!(listed["items"][0]["digest"], taken["digest"]);
    site.post(&site.cookie("bob").await, "/api/v1/entries/entry/components", &bom).await.is(403);
}

async fn a_security_target_is_checked_when_it_is_handed_in_and_goes_with_the_command_that_names_it(
    place: Place,
) {
    let site = place.with_entry().await;
    let ann = site.cookie("ann").await;
    let path = "/api/v1/documents?kind=security-target&name=st.json";
    let unreadable = site.post(&ann, path, &json!({ "kind": "security-target" })).await.is(201).json();
    assert_eq!(
        (unreadable["checked"]["readable"].as_bool(), unreadable["checked"]["conforms"].as_bool()),
        (Some(false), Some(false))
    );
    assert!(unreadable["checked"]["problem"].as_str().is_some_and(|problem| !problem.is_empty()));
    let ours: Value = serde_json::from_str(include_str!("../../../../toe/security-target.json")).unwrap();
    let checked = site.post(&ann, path, &ours).await.is(201).json();
    assert_eq!(checked["checked"]["readable"], true);
    assert_eq!(checked["checked"]["errors"], 0, "{checked:#}");
    let mut text = fixtures::target("st");
    text.document = checked["digest"].as_str().unwrap().parse().unwrap();
    text.confidentiality = dtsec_model::security_target::Confidentiality::Confidential;
    site.give(&ann, &Command::SubmitSt { st: id("new"), text: Box::new(text) }).await.is(200);
    let path = format!("/api/v1/documents/st/new/{}", checked["digest"].as_str().unwrap());
    for (who, status) in
        [("dora", 200), ("ann", 200), ("bob", 403), ("nora", 403), ("dina", 403), ("pat", 403)]
    {
        assert_eq!(site.get(&site.cookie(who).await, &path).await.status.as_u16(), status, "{who}");
    }
    let readings = site.get(&ann, "/api/v1/readings/st/new").await.is(200).json();
    let readers: Vec<_> =
        readings["items"].as_array().unwrap().iter().map(|one| one["reader"].clone()).collect();
    assert_eq!(readers, ["ann", "dora"], "each reading, the newest first, and nobody who was refused");
}

async fn the_public_does_not_learn_from_an_entry_which_vulnerabilities_are_open_in_it(place: Place) {
    let site = place.with_entry().await;
    let report = Report {
        document: fixtures::hash("finding"),
        severity: Severity::High,
        entries: fixtures::set(&["entry"]),
        component: None,
        plan: None,
    };
    site.does("pat", Command::ReportVulnerability { vulnerability: id("secret-flaw"), report }).await;
    let found = [(id("entry"), ["requirement-1".to_owned()].into())].into();
    site.does("dora", Command::TriageVulnerability { vulnerability: id("secret-flaw"), found }).await;
    let shown = async |who: &As| {
        let paths = [
            "parts/entry/entry",
            "parts/entry/entry/history",
            "lists/entries",
            "entries/entry/status?at=2031-01-01",
        ];
        let mut text = String::new();
        for path in paths {
            text += &site.get(who, &format!("/api/v1/{path}")).await.is(200).text();
        }
        text.contains("secret-flaw")
    };
    assert!(!shown(&As::Nobody).await);
    assert!(!shown(&site.cookie("bob").await).await);
    assert!(shown(&site.cookie("ann").await).await);
    let lab = site.get(&As::Nobody, "/api/v1/parts/lab/north").await.is(200).json();
    assert_eq!(lab["state"]["state"]["factors"]["costs"], "");
    assert!(lab["state"]["state"]["since"].is_string());
}
