//! What waits for somebody, his cases, and what he may begin.

use super::facts::moment;
use super::offers::beginnings;
use super::{Facet, Layout, Next, Notice, page, words};
use crate::access::{SignedIn, Visitor};
use crate::registry::{LISTS, Query, Seen, WaitingRow, is_dwg};
use crate::web::{App, PathOf, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::Actor;
use dtsec_store::Size;
use serde_json::Value;
use std::collections::BTreeMap;

struct Todo {
    to: String,
    title: String,
    kind: String,
    id: String,
    todo: String,
    state: words::State,
}

/// A link to a list, or to something that may be begun.
struct Way {
    to: String,
    name: String,
    help: &'static str,
}

#[derive(Template)]
#[template(path = "work.html")]
struct WorkPage {
    layout: Layout,
    notice: Option<Notice>,
    roles: Vec<String>,
    organisation: String,
    todos: Vec<Todo>,
    next: Option<Next>,
    lists: Vec<Way>,
    begin: Vec<Way>,
}

/// Whether a list is for somebody's work.
fn is_for(actor: &Actor, list: &crate::registry::ListOf) -> bool {
    match list.seen {
        Seen::Publicly => !matches!(list.name, "public-sts"),
        Seen::ByParties => list.name != "persons" || is_dwg(actor),
        Seen::ByDwg => is_dwg(actor),
        Seen::ByOneself => false,
    }
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    who: SignedIn,
    QueryOf(query): QueryOf<BTreeMap<String, String>>,
) -> Result<Response, WebError> {
    let waiting = app.registry.waiting(&who.actor, query.get("after").cloned(), Size::new(50)).await?;
    let mut todos: Vec<Todo> = Vec::new();
    for WaitingRow { what, title, todo, state, .. } in waiting.items {
        let Some((kind, id)) = what.split_once('/') else { continue };
        // Who has two roles is asked once.
        if todos
            .iter()
            .any(|one| one.kind == words::kind(kind) && one.id == id && one.todo == words::label(&todo))
        {
            continue;
        }
        let title = if kind == "proposal" { words::label(&title) } else { title };
        todos.push(Todo {
            to: format!("/cases/{what}#do-{todo}"),
            title,
            kind: words::kind(kind),
            id: id.to_owned(),
            todo: words::label(&todo),
            state: words::state(&state),
        });
    }
    let lists = LISTS.iter().filter(|list| is_for(&who.actor, list));
    let begin = beginnings(&app.registry, &who.actor).await?;
    let begin = begin.iter().filter_map(|offer| words::action(offer.tag));
    page(&WorkPage {
        layout: Layout::new(&app, &visitor, "My work").at("work"),
        notice: Notice::of(&query),
        roles: who.actor.roles.iter().map(|role| words::role(role.name())).collect(),
        organisation: who.actor.organisation.to_string(),
        todos,
        next: waiting.next.as_deref().map(|next| Next::new("/work", &[], next)),
        lists: lists
            .map(|list| Way { to: format!("/work/{}", list.name), name: words::list(list.name), help: "" })
            .collect(),
        begin: begin
            .map(|one| Way { to: format!("/do/{}", one.tag), name: one.label.to_owned(), help: one.help })
            .collect(),
    })
}

/// A cell of a list.
struct Cell {
    text: String,
    to: Option<String>,
    tone: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    layout: Layout,
    name: String,
    q: String,
    facet: Option<Facet>,
    head: Vec<String>,
    rows: Vec<Vec<Cell>>,
    next: Option<Next>,
}

/// What each list shows of its rows, the first with the way to the case.
fn columns(list: &str) -> &'static [&'static str] {
    match list {
        "entries" | "claims" => {
            &["id", "product", "developer", "class", "van", "state", "open-vulnerabilities", "last-reviewed"]
        }
        "labs" | "lab-applications" => &["id", "name", "state", "accreditor", "accredited-until"],
        "pps" | "drafts" => &["id", "title", "version", "class", "state", "closes", "comments", "unanswered"],
        "classes" => &["id", "name", "criticality", "minimum-van"],
        "sts" | "public-sts" => &["id", "product", "version", "developer", "class", "state"],
        "evaluations" => &["id", "st", "developer", "lab", "state"],
        "requests" => &["id", "entry", "developer", "version", "differences", "state"],
        "vulnerabilities" => &["id", "severity", "reported", "entries", "conflicts", "triaged"],
        "audits" => &["id", "developer", "conductor", "state", "due", "sample"],
        "agreements" => &["id", "lab", "developer", "signed"],
        "proposals" => &["id", "decision", "by", "at", "reason"],
        _ => &["id", "name", "organisation", "roles"],
    }
}

fn kind_of(list: &str) -> Option<&'static str> {
    Some(match list {
        "entries" | "claims" => "entry",
        "labs" | "lab-applications" => "lab",
        "pps" | "drafts" => "pp",
        "classes" => "class",
        "sts" | "public-sts" => "st",
        "evaluations" => "evaluation",
        "requests" => "request",
        "vulnerabilities" => "vulnerability",
        "audits" => "audit",
        "agreements" => "agreement",
        "proposals" => "proposal",
        _ => return None,
    })
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => moment(text),
        Some(Value::Array(all)) => all.iter().map(|one| text(Some(one))).collect::<Vec<_>>().join(", "),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Null) | None => "–".to_owned(),
        Some(other) => other.to_string(),
    }
}

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    who: SignedIn,
    PathOf(name): PathOf<String>,
    QueryOf(asked): QueryOf<BTreeMap<String, String>>,
) -> Result<Response, WebError> {
    let q = asked.get("q").cloned().unwrap_or_default();
    let state = asked.get("state").cloned().unwrap_or_default();
    let mut query = Query { words: q.clone(), after: asked.get("after").cloned(), ..Query::default() };
    // The newest reports first.
    query.backwards = name == "vulnerabilities";
    if !state.is_empty() {
        query.facets.insert("state".to_owned(), state.clone());
    }
    let found = app.registry.list::<Value>(&who.actor, &name, &query).await?;
    let kind = kind_of(&name);
    let row = |row: Value| {
        let cell = |(at, column): (usize, &&str)| {
            let value = row.get(*column);
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
            let state = (matches!(*column, "state" | "severity"))
                .then(|| words::state(value.and_then(Value::as_str).unwrap_or_default()));
            Cell {
                text: match (&state, *column) {
                    (Some(state), _) => state.text.clone(),
                    (None, "decision") => words::label(value.and_then(Value::as_str).unwrap_or_default()),
                    _ => text(value),
                },
                to: kind.filter(|_| at == 0).map(|kind| super::act::address_of(kind, id)),
                tone: state.map(|state| state.tone),
            }
        };
        columns(&name).iter().enumerate().map(cell).collect()
    };
    let head = |column: &&str| match *column {
        "id" => "Case".to_owned(),
        "van" | "minimum-van" => "AVA_VAN".to_owned(),
        column => words::plain(column),
    };
    let has_states = !words::states_of(&name).is_empty();
    let title = words::list(&name);
    page(&CasesPage {
        layout: Layout::new(&app, &visitor, title).at("work"),
        facet: has_states.then(|| Facet::states(&name, &state)),
        head: columns(&name).iter().map(head).collect(),
        rows: found.items.into_iter().map(row).collect(),
        next: found
            .next
            .as_deref()
            .map(|next| Next::new(&format!("/work/{name}"), &[("q", &q), ("state", &state)], next)),
        name,
        q,
    })
}
