//! The Evaluated Products List.

use super::{Layout, page};
use crate::access::Visitor;
use crate::registry::{EntryRow, Query};
use crate::web::{App, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// What is asked of the list.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "entries.html")]
struct Entries {
    layout: Layout,
    asked: Asked,
    entries: Vec<EntryRow>,
    next: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Response, WebError> {
    let mut query = Query { words: asked.q.clone(), after: asked.after.clone(), ..Query::default() };
    if !asked.state.is_empty() {
        query.facets.insert("state".to_owned(), asked.state.clone());
    }
    let found = app.registry.list::<EntryRow>(&visitor.actor()?, "entries", &query).await?;
    let layout = Layout::new(&app, &visitor, "Evaluated Products List");
    page(&Entries { layout, asked, entries: found.items, next: found.next })
}
