//! Profiles: those that may be used, those in public review, and what is said about them.

use super::act::{About, FormView};
use super::case::{CommentView, comments, public_forms};
use super::{Facet, Layout, Next, Notice, page, words};
use crate::access::Visitor;
use crate::registry::{Failure, PpRow, Query};
use crate::web::{App, PathOf, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::pp::{Pp, PpState};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is asked of the list.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    after: Option<String>,
}

struct Line {
    row: PpRow,
    state: words::State,
}

#[derive(Template)]
#[template(path = "profiles.html")]
struct Profiles {
    layout: Layout,
    asked: Asked,
    facet: Facet,
    lines: Vec<Line>,
    next: Option<Next>,
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
    let found = app.registry.list::<PpRow>(&visitor.actor()?, "pps", &query).await?;
    page(&Profiles {
        layout: Layout::new(&app, &visitor, "Profiles").at("profiles").feed("/profiles/reviews.atom"),
        facet: Facet::states("pps", &asked.state),
        next: found
            .next
            .as_deref()
            .map(|next| Next::new("/profiles", &[("q", &asked.q), ("state", &asked.state)], next)),
        lines: found.items.into_iter().map(|row| Line { state: words::state(&row.state), row }).collect(),
        asked,
    })
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    layout: Layout,
    notice: Option<Notice>,
    id: String,
    pp: Pp,
    state: words::State,
    closes: Option<String>,
    text_is_here: bool,
    forms: Vec<FormView>,
    comments: Vec<CommentView>,
    is_party: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<BTreeMap<String, String>>,
) -> Result<Response, WebError> {
    let actor = visitor.actor()?;
    let (state, version) = app.registry.part(&actor, "pp", &id).await?;
    let pp = Pp::deserialize(&state)
        .map_err(|error| Failure::Damaged { what: format!("profile {id}"), problem: error.to_string() })?;
    let about = About { kind: "pp".to_owned(), id: id.clone(), version };
    let closes = match &pp.state {
        PpState::PublicReview { closes, .. } => Some(closes.to_string()),
        _ => None,
    };
    // Comments of others do not make a comment stale.
    let mut forms = public_forms(&app, &visitor, &about, &state, &["comment-pp"]).await?;
    for form in &mut forms {
        form.seen.clear();
    }
    let documents =
        app.registry.store().documents(&format!("pp/{id}"), "", dtsec_store::Size::new(100)).await?;
    page(&ProfilePage {
        layout: Layout::new(&app, &visitor, format!("{} {}", pp.title, pp.version)).at("profiles"),
        notice: Notice::of(&query),
        state: words::state(&super::tag_of(&pp.state)),
        text_is_here: documents.items.iter().any(|one| one.digest.as_str() == pp.document.as_str()),
        closes,
        forms,
        comments: comments(&state),
        is_party: !actor.roles.is_empty(),
        id,
        pp,
    })
}
