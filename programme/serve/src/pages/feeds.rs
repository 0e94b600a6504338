//! Atom feeds (RFC 4287): changes of the list, profiles in public review, one product.

use super::words;
use crate::registry::{Failure, PpRow, Query};
use crate::web::{App, PathOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use dtsec_registry::domain::Ref;
use dtsec_store::{Event, Events, Size};
use std::collections::BTreeMap;

/// An item of a feed.
struct Item {
    /// Stays the same for ever.
    id: String,
    title: String,
    updated: String,
    link: String,
    text: String,
}

#[derive(Template)]
#[template(path = "feed.xml", escape = "html")]
struct Feed {
    title: String,
    /// The address of the feed itself.
    own: String,
    link: String,
    author: String,
    updated: String,
    items: Vec<Item>,
}

/// So many items a feed has at most.
const MOST: usize = 50;

fn answer(feed: &Feed) -> Result<Response, WebError> {
    let text = feed.render().map_err(|error| Failure::Bug(error.to_string()))?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/atom+xml; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(response)
}

fn feed(app: &App, title: String, path: &str, link: &str, items: Vec<Item>) -> Feed {
    // A feed without items has never changed.
    let updated =
        items.first().map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), |item| item.updated.clone());
    Feed {
        title,
        own: app.site.link(path),
        link: app.site.link(link),
        author: app.site.name.clone(),
        updated,
        items,
    }
}

/// What happens to the list and is public.
const CHANGES: &[&str] =
    &["certified", "version-appended", "entry-removed", "entry-restored", "de-facto-admitted"];

/// The newest events of these tags, newest first: a page of each.
async fn newest(app: &App, tags: &[&str]) -> Result<Vec<Event>, Failure> {
    let mut all = Vec::new();
    for tag in tags {
        all.extend(app.registry.store().events_before(None, Events::Tagged(tag), Size::new(50)).await?.items);
    }
    all.sort_by_key(|event| std::cmp::Reverse(event.seq));
    all.truncate(MOST);
    Ok(all)
}

/// Changes of the list.
pub(super) async fn changes(State(app): State<App>) -> Result<Response, WebError> {
    let events = newest(&app, CHANGES).await?;
    let ids = events.iter().filter_map(|event| event.key.id.parse().ok().map(Ref::Entry));
    let view = app.registry.view(ids.collect::<Vec<_>>()).await?;
    let products: BTreeMap<&str, &str> =
        view.entries.values().map(|entry| (entry.id.as_str(), entry.product.as_str())).collect();
    let item = |event: &Event| {
        let id = event.key.id.as_str();
        let product = products.get(id).copied().unwrap_or(id);
        let what = words::event(&event.tag);
        Item {
            id: format!("urn:dtsec:event:{}", event.hash),
            title: format!("{product}: {}", what.to_lowercase()),
            updated: event.at.to_string(),
            link: app.site.link(&format!("/entries/{id}")),
            text: format!("{what}. Entry {id}."),
        }
    };
    let items = events.iter().map(item).collect();
    answer(&feed(&app, format!("{}: changes of the list", app.site.name), "/changes.atom", "/", items))
}

/// Profiles in public review.
pub(super) async fn reviews(State(app): State<App>) -> Result<Response, WebError> {
    let events = newest(&app, &["pp-review-opened", "pp-accepted", "pp-withdrawn"]).await?;
    let query = Query { size: Size::new(200), ..Query::default() };
    let rows = app.registry.list::<PpRow>(&crate::access::guest()?, "pps", &query).await?.items;
    let item = |event: &Event| {
        let row = rows.iter().find(|row| row.id == event.key.id)?;
        let closes =
            row.closes.as_ref().map(|day| format!(" Comments are taken until {day}.")).unwrap_or_default();
        let what = words::event(&event.tag);
        Some(Item {
            id: format!("urn:dtsec:event:{}", event.hash),
            title: format!("{} {}: {}", row.title, row.version, what.to_lowercase()),
            updated: event.at.to_string(),
            link: app.site.link(&format!("/profiles/{}", row.id)),
            text: format!("{what}.{closes}"),
        })
    };
    let items = events.iter().filter_map(item).collect();
    answer(&feed(&app, format!("{}: profiles", app.site.name), "/profiles/reviews.atom", "/profiles", items))
}

/// What happens to a product.
pub(super) async fn entry(State(app): State<App>, PathOf(id): PathOf<String>) -> Result<Response, WebError> {
    let entry = app.registry.entry(&id).await?;
    let page = format!("/entries/{id}");
    let item = |(at, text): (String, String)| Item {
        id: format!("urn:dtsec:entry:{id}:{at}:{}", dtsec_store::Digest::of(text.as_bytes())),
        title: text.clone(),
        updated: at,
        link: app.site.link(&page),
        text,
    };
    let items = super::entry::feed_lines(&entry).into_iter().take(MOST).map(item).collect();
    answer(&feed(
        &app,
        format!("{}: {}", app.site.name, entry.product),
        &format!("{page}/changes.atom"),
        &page,
        items,
    ))
}
