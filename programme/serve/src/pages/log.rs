//! The log of everything, and the rules by which things are refused.

use super::case::HistoryView;
use super::{Layout, Next, page};
use crate::access::{SignedIn, Visitor};
use crate::registry::Failure;
use crate::web::{App, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::{RULES, Row};
use dtsec_store::Size;
use serde::Deserialize;

/// Where to go on.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    layout: Layout,
    history: Vec<HistoryView>,
    next: Option<Next>,
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    who: SignedIn,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Response, WebError> {
    let parse = |text: &String| text.parse().map_err(|_| Failure::unfit("after", "this is no page's `next`"));
    let before = asked.after.as_ref().map(parse).transpose()?;
    let found = app.registry.log(&who.actor, before, Size::new(100)).await?;
    page(&LogPage {
        layout: Layout::new(&app, &visitor, "Log").at("log"),
        next: found.next.as_deref().map(|next| Next::new("/log", &[], next)),
        history: found.items.into_iter().map(HistoryView::from).collect(),
    })
}

#[derive(Template)]
#[template(path = "rules.html")]
struct RulesPage {
    layout: Layout,
    rules: &'static [Row],
}

pub(super) async fn rules(State(app): State<App>, visitor: Visitor) -> Result<Response, WebError> {
    page(&RulesPage { layout: Layout::new(&app, &visitor, "Rules of the programme"), rules: RULES })
}
