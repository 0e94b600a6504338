//! What programs read, and the index that the search on the first page uses.

use crate::parts::All;
use crate::{File, Input, SiteError, words};
use dtsec_list::FORMAT;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// An entry in short.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Short<'a> {
    id: &'a str,
    product: &'a str,
    developer: &'a str,
    class: &'a str,
    kind: &'a str,
    state: &'a str,
    versions: Vec<&'a str>,
    last_reviewed: &'a str,
    page: String,
    part: String,
}

/// Where a fingerprint leads.
#[derive(Serialize)]
struct Place<'a> {
    entry: &'a str,
    version: &'a str,
}

pub(crate) fn files(input: &Input<'_>, all: &All<'_>) -> Result<Vec<File>, SiteError> {
    let mut entries = Vec::new();
    let mut products = Vec::new();
    let mut fingerprints: BTreeMap<&str, Place<'_>> = BTreeMap::new();
    for entry in all.entries.values() {
        let state = words::entry(entry, newest_known(all, entry));
        let versions: Vec<&str> = entry.versions.iter().map(|one| one.version).collect();
        let identities: Vec<&str> = entry.versions.iter().map(|one| one.identity).collect();
        products.push(json!([
            entry.id,
            entry.product,
            entry.developer,
            entry.class,
            state.tone,
            state.text,
            versions,
            identities,
        ]));
        entries.push(Short {
            id: entry.id,
            product: entry.product,
            developer: entry.developer,
            class: entry.class,
            kind: entry.kind.kind,
            state: entry.state.state,
            versions,
            last_reviewed: entry.last_reviewed,
            page: format!("entries/{}.html", entry.id),
            part: format!("parts/entry/{}.json", entry.id),
        });
        for one in entry.attestation.iter().flat_map(|one| &one.versions) {
            fingerprints.insert(one.fingerprint, Place { entry: entry.id, version: one.version });
        }
    }
    let mut index = b"window.dtsecProducts = ".to_vec();
    serde_json::to_writer(&mut index, &products)?;
    index.extend(b";\n");
    Ok(vec![
        ("products.js".to_owned(), index),
        ("entries.json".to_owned(), serde_json::to_vec(&entries)?),
        ("fingerprints.json".to_owned(), serde_json::to_vec(&fingerprints)?),
        ("list.json".to_owned(), list(input)?),
    ])
}

/// The whole list as verifiers read it, written without taking it apart.
fn list(input: &Input<'_>) -> Result<Vec<u8>, SiteError> {
    let mut head = serde_json::to_string(&json!({
        "format": FORMAT, "serial": input.serial, "as-of": input.as_of, "fresh-until": input.fresh_until,
    }))?;
    head.truncate(head.len() - 1);
    head.push_str(",\"entries\":[");
    let mut bytes = head.into_bytes();
    let mut first = true;
    for (_, state) in input.parts.iter().filter(|(name, _)| name.kind() == "entry") {
        let Some(attestation) = state.get("attestation") else { continue };
        if !std::mem::take(&mut first) {
            bytes.push(b',');
        }
        serde_json::to_writer(&mut bytes, attestation)?;
    }
    bytes.extend(b"]}\n");
    Ok(bytes)
}

/// How much is known against the newest version of an entry that stands.
pub(crate) fn newest_known<'a>(all: &All<'a>, entry: &crate::parts::Entry<'a>) -> usize {
    let stands = entry.versions.iter().rev().find(|one| one.standing == "in-force");
    stands.map_or(0, |one| all.known(entry, one.version).len())
}
