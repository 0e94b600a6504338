//! Advisories: CSAF 2.0, profile VEX. What each entry has to do with a vulnerability, in words that scanners read.

use dtsec_registry::domain::Time;
use dtsec_registry::domain::entry::{Entry, EntryState};
use dtsec_registry::domain::vulnerability::{Conflict, ConflictState, Severity, Vulnerability};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

/// What an entry has to do with a vulnerability, as VEX has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    UnderInvestigation,
    NotAffected,
    Affected,
    Fixed,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Status::UnderInvestigation => "under_investigation",
            Status::NotAffected => "known_not_affected",
            Status::Affected => "known_affected",
            Status::Fixed => "fixed",
        }
    }
}

/// Whether anybody may see the advisory: it was judged, and nobody is warned before he can be helped – everything is mitigated,
/// or the product is off the list, which everybody sees anyway.
pub fn is_public(vulnerability: &Vulnerability, entries: &[Entry]) -> bool {
    let settled = |entry: &Entry| {
        let conflict = vulnerability.conflicts.get(&entry.id);
        conflict.is_none_or(|conflict| matches!(conflict.state, ConflictState::Mitigated { .. }))
            || !matches!(entry.state, EntryState::Listed | EntryState::Claimed)
    };
    vulnerability.triaged && entries.iter().all(settled)
}

/// The advisory on a vulnerability. `entries` are those that it may touch, `history` its events: when, and their tags.
pub fn advisory(
    publisher: &str,
    site: &Url,
    vulnerability: &Vulnerability,
    entries: &[Entry],
    history: &[(Time, String)],
) -> Value {
    let status = |entry: &Entry, version: &str| match vulnerability.conflicts.get(&entry.id) {
        _ if !vulnerability.triaged => Status::UnderInvestigation,
        None => Status::NotAffected,
        Some(_) if entry.is_affected(version, &vulnerability.id) => Status::Affected,
        Some(_) => Status::Fixed,
    };
    let mut by_status: BTreeMap<Status, Vec<String>> = BTreeMap::new();
    let mut products: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut remediations = Vec::new();
    let mut threats = Vec::new();
    for entry in entries {
        let mut of_entry: BTreeMap<Status, Vec<String>> = BTreeMap::new();
        let mut versions = Vec::new();
        for version in &entry.versions {
            let id = format!("{}:{}", entry.id, version.version);
            versions.push(json!({
                "category": "product_version", "name": version.version,
                "product": { "product_id": id, "name": format!("{} {} {}", entry.developer, entry.product, version.version) },
            }));
            of_entry.entry(status(entry, &version.version)).or_default().push(id);
        }
        let branch = json!({ "category": "product_name", "name": entry.product, "branches": versions });
        products.entry(entry.developer.as_str()).or_default().push(branch);
        let conflict = vulnerability.conflicts.get(&entry.id);
        for (status, ids) in of_entry {
            match status {
                Status::Affected => {
                    let (category, details) = remedy(conflict);
                    remediations
                        .push(json!({ "category": category, "details": details, "product_ids": ids }));
                }
                Status::Fixed => remediations.push(json!({
                    "category": "mitigation", "product_ids": ids,
                    "details": "The programme has verified the developer's mitigation.",
                })),
                Status::NotAffected => threats.push(json!({
                    "category": "impact", "product_ids": ids,
                    "details": "It does not conflict with what the product's Security Target claims.",
                })),
                Status::UnderInvestigation => {}
            }
            by_status.entry(status).or_default().extend(ids);
        }
    }
    let statuses: serde_json::Map<String, Value> =
        by_status.iter().map(|(status, ids)| (status.name().to_owned(), json!(ids))).collect();
    let revisions: Vec<Value> = history
        .iter()
        .enumerate()
        .map(|(number, (at, tag))| json!({ "date": at, "number": (number + 1).to_string(), "summary": tag }))
        .collect();
    let last = history.last().map_or(vulnerability.reported, |(at, _)| *at);
    let severity = match vulnerability.report.severity {
        Severity::Low => "Low",
        Severity::Medium => "Moderate",
        Severity::High => "Important",
    };
    let mut of = json!({
        "title": vulnerability.id,
        "notes": [{
            "category": "summary", "title": "Severity",
            "text": format!("The reporter finds the severity {}.", severity.to_lowercase()),
        }],
        "product_status": statuses,
    });
    match is_cve(vulnerability.id.as_str()) {
        true => of["cve"] = json!(vulnerability.id),
        false => of["ids"] = json!([{ "system_name": publisher, "text": vulnerability.id }]),
    }
    for (name, values) in [("remediations", remediations), ("threats", threats)] {
        if !values.is_empty() {
            of[name] = json!(values);
        }
    }
    let vendors: Vec<Value> = products
        .into_iter()
        .map(|(developer, products)| json!({ "category": "vendor", "name": developer, "branches": products }))
        .collect();
    let mut whole = json!({
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "lang": "en",
            "title": format!("{}: what the listed products have to do with it", vulnerability.id),
            "aggregate_severity": { "text": severity },
            "publisher": { "category": "coordinator", "name": publisher, "namespace": site },
            "tracking": {
                "id": vulnerability.id,
                "status": if vulnerability.triaged { "final" } else { "interim" },
                "version": revisions.len().max(1).to_string(),
                "initial_release_date": vulnerability.reported,
                "current_release_date": last,
                "revision_history": revisions,
                "generator": { "engine": { "name": "dtsec", "version": env!("CARGO_PKG_VERSION") }, "date": last },
            },
        },
        "product_tree": { "branches": vendors },
        "vulnerabilities": [of],
    });
    if is_public(vulnerability, entries) {
        whole["document"]["distribution"] = json!({ "tlp": { "label": "WHITE" } });
    }
    whole
}

/// What helps where it is not mitigated: the category, and in words.
fn remedy(conflict: Option<&Conflict>) -> (&'static str, String) {
    match conflict.map(|conflict| (&conflict.state, &conflict.plan)) {
        Some((ConflictState::Mitigated { fixed_in: Some(version), .. }, _)) => {
            ("vendor_fix", format!("Update to version {version}, which mends it."))
        }
        Some((_, Some(plan))) => ("none_available", format!("A mitigation is planned until {}.", plan.due)),
        _ => ("none_available", "No mitigation is planned yet.".to_owned()),
    }
}

fn is_cve(id: &str) -> bool {
    let mut parts = id.split('-');
    let digits = |part: Option<&str>, least: usize| {
        part.is_some_and(|part| part.len() >= least && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    parts.next() == Some("CVE")
        && digits(parts.next(), 4)
        && digits(parts.next(), 4)
        && parts.next().is_none()
}
