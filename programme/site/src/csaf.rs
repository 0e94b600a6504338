//! Advisories as CSAF 2.0 distributes them (§7): files by year with their hashes, an index, a list of changes, and – where the
//! list's address is known – provider metadata and a ROLIE feed (RFC 8322), which need whole addresses.
//!
//! A provider is found by `/.well-known/csaf/provider-metadata.json`, a `CSAF` line in security.txt, or the host name
//! `csaf.data.security.DOMAIN` (§7.1.8–10): whoever serves the tree lets one of them lead to `csaf/provider-metadata.json`.

use crate::parts::{All, Tracking};
use crate::{File, Input, SiteError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use std::collections::BTreeSet;

/// Where public advisories lie: TLP:WHITE.
const WHITE: &str = "csaf/white/";

/// An ID as the name of a file, without its ending (§5.1).
pub(crate) fn name(id: &str) -> String {
    let lower = id.to_lowercase();
    let mut name = String::with_capacity(lower.len());
    for c in lower.chars() {
        match c {
            'a'..='z' | '0'..='9' | '-' => name.push(c),
            // One for a whole run of them.
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    name
}

/// Below [`WHITE`].
fn short(tracking: &Tracking<'_>) -> String {
    format!("{}/{}.json", tracking.initial_release_date.strftime("%Y"), name(tracking.id))
}

/// Where an advisory lies in the tree.
pub(crate) fn path(tracking: &Tracking<'_>) -> String {
    format!("{WHITE}{}", short(tracking))
}

pub(crate) fn files(input: &Input<'_>, all: &All<'_>) -> Result<Vec<File>, SiteError> {
    let mut files = Vec::new();
    let mut taken = BTreeSet::new();
    let (mut index, mut changes) = (BTreeSet::new(), String::new());
    for advisory in &all.advisories {
        let tracking = &advisory.document.tracking;
        let path = path(tracking);
        // The pages have these names without the year.
        if !taken.insert(name(tracking.id)) {
            return Err(SiteError::SameName(path));
        }
        let bytes = serde_json::to_vec_pretty(advisory.whole)?;
        let file = format!("{}.json", name(tracking.id));
        let hash = |hash: String| format!("{hash}  {file}\n").into_bytes();
        files.push((format!("{path}.sha256"), hash(hex::encode(Sha256::digest(&bytes)))));
        files.push((format!("{path}.sha512"), hash(hex::encode(Sha512::digest(&bytes)))));
        index.insert(short(tracking));
        // The newest comes first: so they are sorted.
        changes.push_str(&format!("\"{}\",\"{}\"\n", short(tracking), tracking.current_release_date));
        files.push((path, bytes));
    }
    let index: String = index.into_iter().map(|path| path + "\n").collect();
    files.push((format!("{WHITE}index.txt"), index.into_bytes()));
    files.push((format!("{WHITE}changes.csv"), changes.into_bytes()));
    // CSAF wants addresses that begin so.
    if let Some(base) = input.base.filter(|base| base.starts_with("https://")) {
        files.push((format!("{WHITE}feed.json"), serde_json::to_vec_pretty(&feed(input, base, all))?));
        let metadata = serde_json::to_vec_pretty(&metadata(input, base, all))?;
        files.push(("csaf/provider-metadata.json".to_owned(), metadata));
    }
    Ok(files)
}

/// The ROLIE feed (§7.1.15).
fn feed(input: &Input<'_>, base: &str, all: &All<'_>) -> Value {
    let entries: Vec<Value> = all
        .advisories
        .iter()
        .map(|advisory| {
            let tracking = &advisory.document.tracking;
            let address = format!("{base}{}", path(tracking));
            json!({
                "id": tracking.id,
                "title": advisory.document.title,
                "link": [
                    { "rel": "self", "href": address },
                    { "rel": "hash", "href": format!("{address}.sha256") },
                    { "rel": "hash", "href": format!("{address}.sha512") },
                ],
                "published": tracking.initial_release_date,
                "updated": tracking.current_release_date,
                "content": { "type": "application/json", "src": address },
                "format": { "schema": "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json", "version": "2.0" },
            })
        })
        .collect();
    let updated =
        all.advisories.first().map_or(input.as_of, |one| one.document.tracking.current_release_date);
    json!({ "feed": {
        "id": "csaf-feed-tlp-white",
        "title": format!("{}: advisories (TLP:WHITE)", input.name),
        "link": [{ "rel": "self", "href": format!("{base}{WHITE}feed.json") }],
        "category": [{ "scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf" }],
        "updated": updated,
        "entry": entries,
    } })
}

/// Who provides, and where (§7.1.7).
fn metadata(input: &Input<'_>, base: &str, all: &All<'_>) -> Value {
    let publisher = all.advisories.first().map(|one| &one.document.publisher);
    let publisher = publisher.map_or_else(
        || json!({ "category": "coordinator", "name": input.name, "namespace": base }),
        |one| json!({ "category": one.category, "name": one.name, "namespace": one.namespace }),
    );
    json!({
        "canonical_url": format!("{base}csaf/provider-metadata.json"),
        "distributions": [
            { "rolie": { "feeds": [{
                "summary": "All advisories of the programme", "tlp_label": "WHITE", "url": format!("{base}{WHITE}feed.json"),
            }] } },
            { "directory_url": format!("{base}{WHITE}") },
        ],
        "last_updated": input.as_of,
        "list_on_CSAF_aggregators": true,
        "metadata_version": "2.0",
        "mirror_on_CSAF_aggregators": true,
        "publisher": publisher,
        "role": "csaf_provider",
    })
}
