//! The Evaluated Products List: found, filtered, compared.

use super::{Facet, Layout, Next, Notice, page, words};
use crate::access::Visitor;
use crate::registry::{EntryRow, Query};
use crate::web::{App, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is asked of the list.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    /// What was done before, where a form leads here.
    #[serde(default)]
    done: Option<String>,
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    developer: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    profile: String,
    #[serde(default)]
    van: String,
    #[serde(default)]
    lab: String,
    #[serde(default)]
    kind: String,
    after: Option<String>,
}

impl Asked {
    fn pairs(&self) -> [(&'static str, &str); 8] {
        [
            ("q", &self.q),
            ("state", &self.state),
            ("developer", &self.developer),
            ("class", &self.class),
            ("profile", &self.profile),
            ("van", &self.van),
            ("lab", &self.lab),
            ("kind", &self.kind),
        ]
    }
}

/// A line of the list.
struct Line {
    row: EntryRow,
    state: words::State,
}

#[derive(Template)]
#[template(path = "entries.html")]
struct Entries {
    layout: Layout,
    notice: Option<Notice>,
    asked: Asked,
    facets: Vec<Facet>,
    filtered: bool,
    lines: Vec<Line>,
    next: Option<Next>,
    first: bool,
}

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Response, WebError> {
    let actor = visitor.actor()?;
    let chosen = asked.pairs().into_iter().filter(|(name, value)| *name != "q" && !value.is_empty());
    let facets: BTreeMap<String, String> =
        chosen.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let filtered = !facets.is_empty();
    let query = Query { words: asked.q.clone(), facets, after: asked.after.clone(), ..Query::default() };
    let found = app.registry.list::<EntryRow>(&actor, "entries", &query).await?;
    let offered = app.filters.offered(&app.registry).await?;
    let state = |tag: &&str| ((*tag).to_owned(), words::state(tag).text);
    let facets = vec![
        Facet::new("state", "State", &asked.state, words::states_of("entries").iter().map(state).collect()),
        Facet::new("developer", "Developer", &asked.developer, offered.developers.clone()),
        Facet::new("class", "Class of devices", &asked.class, offered.classes.clone()),
        Facet::new("profile", "Profile", &asked.profile, offered.profiles.clone()),
        Facet::new(
            "van",
            "Level",
            &asked.van,
            (1..=5).map(|van| (van.to_string(), format!("AVA_VAN.{van}"))).collect(),
        ),
        Facet::new("lab", "Lab", &asked.lab, offered.labs.clone()),
        Facet::new(
            "kind",
            "Basis",
            &asked.kind,
            vec![
                ("certified".to_owned(), "Certified".to_owned()),
                ("de-facto".to_owned(), "De facto".to_owned()),
            ],
        ),
    ];
    let layout = Layout::new(&app, &visitor, "Evaluated products").at("products");
    let next = found.next.as_deref().map(|next| Next::new("/", &asked.pairs(), next));
    let lines = found.items.into_iter().map(|row| Line { state: words::state(&row.state), row }).collect();
    let notice = asked.done.as_deref().map(Notice::done);
    page(&Entries { layout, notice, first: asked.after.is_none(), facets, filtered, lines, next, asked })
}
