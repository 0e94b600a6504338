//! Atom feeds (RFC 4287): what happened to the list, and to one product.

use crate::parts::{All, Entry};
use crate::words::Moment;
use crate::{File, Input, SiteError, words};
use askama::Template;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// So many items a feed has at most.
const MOST: usize = 50;

/// An item of a feed.
struct Item {
    /// Stays the same for ever.
    id: String,
    title: String,
    updated: Timestamp,
    link: String,
    text: String,
}

#[derive(Template)]
#[template(path = "feed.xml", escape = "html")]
struct Feed {
    title: String,
    id: String,
    /// The feed, and what it is about, from where it lies.
    own: String,
    link: String,
    author: String,
    updated: Timestamp,
    items: Vec<Item>,
}

/// What XML cannot say at all is left out.
fn said(text: &str) -> String {
    let fits = |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().filter(fits).collect()
}

/// An ID that is made of what cannot change.
fn urn(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let hex = hex::encode(&hash.finalize()[..16]);
    // A UUID of version 8 (RFC 9562): a hash of one's own.
    let variant = b"89ab"[usize::from(hex.as_bytes()[16] & 3)] as char;
    format!(
        "urn:uuid:{}-{}-8{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

fn item(entry: &Entry<'_>, one: &Moment, link: String, title: String) -> Item {
    Item {
        id: urn(&["entry", entry.id, &one.at.to_string(), &one.text]),
        title: said(&title),
        updated: one.at,
        link,
        text: said(&format!("{} {}: {}", entry.developer, entry.product, one.text)),
    }
}

fn written(feed: &Feed) -> Result<Vec<u8>, SiteError> {
    Ok(feed.render()?.into_bytes())
}

/// What happened to a product.
pub(crate) fn entry(input: &Input<'_>, entry: &Entry<'_>) -> Result<Vec<u8>, SiteError> {
    let page = format!("{}.html", entry.id);
    let all = words::history(entry);
    written(&Feed {
        title: said(&format!("{}: {}", input.name, entry.product)),
        id: urn(&["feed", input.name, entry.id]),
        own: format!("{}.atom", entry.id),
        link: page.clone(),
        author: said(input.name),
        updated: all.first().map_or(Timestamp::UNIX_EPOCH, |one| one.at),
        items: all.iter().take(MOST).map(|one| item(entry, one, page.clone(), one.text.clone())).collect(),
    })
}

/// What happened to the list: products and advisories.
pub(crate) fn files(input: &Input<'_>, all: &All<'_>) -> Result<Vec<File>, SiteError> {
    // When something last happened to each, so that only the newest are written.
    let mut newest: Vec<(Timestamp, &Entry<'_>)> = all
        .entries
        .values()
        .map(|entry| {
            let traces = entry.history.iter().map(|one| one.at);
            let versions = entry.versions.iter().skip(1).map(|one| one.since);
            (traces.chain(versions).max().unwrap_or(Timestamp::UNIX_EPOCH), entry)
        })
        .collect();
    newest.sort_by_key(|(at, entry)| (std::cmp::Reverse(*at), entry.id));
    let mut items = Vec::new();
    for (_, entry) in newest.into_iter().take(MOST) {
        for one in words::history(entry).iter().take(MOST) {
            let title = format!("{}: {}", entry.product, one.text);
            items.push(item(entry, one, format!("entries/{}.html", entry.id), title));
        }
    }
    for advisory in all.advisories.iter().take(MOST) {
        let tracking = &advisory.document.tracking;
        items.push(Item {
            id: urn(&["advisory", tracking.id, tracking.version]),
            title: said(&format!("Advisory {}, revision {}", tracking.id, tracking.version)),
            updated: tracking.current_release_date,
            link: crate::advisory_page(tracking.id),
            text: said(advisory.document.title),
        });
    }
    items.sort_by(|a, b| (b.updated, &b.id).cmp(&(a.updated, &a.id)));
    items.truncate(MOST);
    let feed = Feed {
        title: said(&format!("{}: changes of the list", input.name)),
        id: urn(&["feed", input.name]),
        own: "changes.atom".to_owned(),
        link: "index.html".to_owned(),
        author: said(input.name),
        updated: items.first().map_or(Timestamp::UNIX_EPOCH, |one| one.updated),
        items,
    };
    Ok(vec![("changes.atom".to_owned(), written(&feed)?)])
}
