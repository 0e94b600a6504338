//! The labs that may evaluate.

use super::facts::moment;
use super::{Facet, Layout, Next, page, words};
use crate::access::Visitor;
use crate::registry::{EntryRow, Failure, LabRow, Query};
use crate::web::{App, PathOf, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::lab::{Lab, LabState, Scope};
use dtsec_registry::domain::{LabId, Ref};
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

struct Line {
    row: LabRow,
    state: words::State,
    expired: bool,
}

#[derive(Template)]
#[template(path = "labs.html")]
struct Labs {
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
    let found = app.registry.list::<LabRow>(&visitor.actor()?, "labs", &query).await?;
    let today = dtsec_registry::domain::day(app.registry.now()).to_string();
    let line =
        |row: LabRow| Line { state: words::state(&row.state), expired: row.accredited_until < today, row };
    page(&Labs {
        layout: Layout::new(&app, &visitor, "Labs").at("labs"),
        facet: Facet::states("labs", &asked.state),
        next: found
            .next
            .as_deref()
            .map(|next| Next::new("/labs", &[("q", &asked.q), ("state", &asked.state)], next)),
        lines: found.items.into_iter().map(line).collect(),
        asked,
    })
}

struct Competence {
    class: String,
    van: u8,
}

#[derive(Template)]
#[template(path = "lab.html")]
struct LabPage {
    layout: Layout,
    id: String,
    lab: Lab,
    state: words::State,
    since: String,
    scope: String,
    expired: bool,
    competence: Vec<Competence>,
    entries: Vec<EntryRow>,
    more: bool,
    is_party: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(id): PathOf<String>,
) -> Result<Response, WebError> {
    let actor = visitor.actor()?;
    // Who may not see it learns nothing of it. The page shows nothing that is not public.
    app.registry.part(&actor, "lab", &id).await?;
    let unknown = || Failure::NotFound(format!("lab of the id `{id}`"));
    let key: LabId = id.parse().map_err(|_| unknown())?;
    let view = app.registry.view([Ref::Lab(key.clone())]).await?;
    let lab: Lab = view.labs.get(&key).cloned().ok_or_else(unknown)?;
    let mut query = Query::default();
    query.facets.insert("lab".to_owned(), id.clone());
    let entries = app.registry.list::<EntryRow>(&actor, "entries", &query).await?;
    let since = match &lab.state {
        LabState::Accepted { since, .. } | LabState::Suspended { since, .. } => moment(&since.to_string()),
        LabState::Removed { at, .. } => moment(&at.to_string()),
        LabState::Applied | LabState::Rejected { .. } => String::new(),
    };
    let scope = match &lab.application.accreditation.scope {
        Scope::ItSecurityTesting => "security testing of information technology".to_owned(),
        Scope::Similar(scope) | Scope::Other(scope) => scope.clone(),
    };
    let competence = lab.application.competence.iter();
    page(&LabPage {
        layout: Layout::new(&app, &visitor, lab.application.name.clone()).at("labs"),
        state: words::state(&super::tag_of(&lab.state)),
        since,
        scope,
        expired: lab.application.accreditation.expires < dtsec_registry::domain::day(app.registry.now()),
        competence: competence
            .map(|(class, one)| Competence { class: words::plain(class.name()), van: one.van })
            .collect(),
        more: entries.next.is_some(),
        entries: entries.items,
        is_party: !actor.roles.is_empty(),
        id,
        lab,
    })
}
