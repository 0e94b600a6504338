//! Advisories that everybody may see: vulnerabilities that are judged, and by which nobody is endangered any more.

use super::{Layout, Next, page, words};
use crate::access::Visitor;
use crate::api::csaf;
use crate::registry::Failure;
use crate::web::{App, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::vulnerability::ConflictState;
use dtsec_registry::domain::{Ref, VulnerabilityId, day};
use dtsec_store::{Search, Size};
use serde::Deserialize;

/// Where to go on.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

struct Product {
    id: String,
    name: String,
    what: &'static str,
    tone: &'static str,
}

struct Line {
    id: String,
    severity: String,
    reported: String,
    products: Vec<Product>,
}

#[derive(Template)]
#[template(path = "advisories.html")]
struct Advisories {
    layout: Layout,
    lines: Vec<Line>,
    next: Option<Next>,
}

/// So many vulnerabilities are looked at for a page.
const LOOKED_AT: u16 = 25;

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Response, WebError> {
    let registry = &app.registry;
    let search = Search::all("vulnerabilities")
        .facet("triaged", "yes")
        .backwards()
        .size(Size::new(LOOKED_AT))
        .after(asked.after);
    let found = registry.store().search(&search).await?;
    let ids: Vec<VulnerabilityId> = found.items.iter().filter_map(|row| row.id.parse().ok()).collect();
    let view = registry.view(ids.iter().cloned().map(Ref::Vulnerability)).await?;
    let named = view.vulnerabilities.values().flat_map(|one| one.entries.iter().cloned().map(Ref::Entry));
    let entries = registry.view(named.collect::<Vec<_>>()).await?;
    let mut lines = Vec::new();
    for id in &ids {
        let Some(one) = view.vulnerabilities.get(id) else { continue };
        let touched: Vec<_> =
            one.entries.iter().filter_map(|entry| entries.entries.get(entry).cloned()).collect();
        if !csaf::is_public(one, &touched) {
            continue;
        }
        let product = |entry: &dtsec_registry::domain::entry::Entry| {
            let (what, tone) = match one.conflicts.get(&entry.id).map(|conflict| &conflict.state) {
                None => ("not affected", "good"),
                Some(ConflictState::Mitigated { .. }) => ("mitigated", "good"),
                Some(_) => ("affected, and off the list", "bad"),
            };
            Product { id: entry.id.to_string(), name: entry.product.clone(), what, tone }
        };
        lines.push(Line {
            id: id.to_string(),
            severity: words::plain(
                serde_json::to_value(one.report.severity).map_err(bug)?.as_str().unwrap_or_default(),
            ),
            reported: day(one.reported).to_string(),
            products: touched.iter().map(product).collect(),
        });
    }
    let next = found.next.as_deref().map(|next| Next::new("/advisories", &[], next));
    page(&Advisories { layout: Layout::new(&app, &visitor, "Advisories").at("advisories"), lines, next })
}

fn bug(error: serde_json::Error) -> Failure {
    Failure::Bug(error.to_string())
}
