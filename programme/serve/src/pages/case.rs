//! A case for the people of the programme: what it is now, what they may do, what happened, what it holds.

use super::act::{About, FormView};
use super::facts::{Fact, facts};
use super::offers::{Standing, of_part, standing};
use super::{Layout, Notice, page, words};
use crate::access::Visitor;
use crate::registry::{Case, Failure, HistoryLine, ProposalRow, Query, is_dwg, parts};
use crate::web::{App, PathOf, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dtsec_registry::domain::{Actor, Ref};
use dtsec_store::{Listed, Size};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that cannot be done yet.
struct Later {
    label: &'static str,
    why: String,
    remedy: &'static str,
}

/// A line of a history.
pub(super) struct HistoryView {
    pub(super) line: HistoryLine,
    pub(super) what: String,
    pub(super) at: String,
    pub(super) capacity: String,
}

impl From<HistoryLine> for HistoryView {
    fn from(line: HistoryLine) -> Self {
        Self {
            what: words::event(&line.event),
            at: super::facts::moment(&line.at.to_string()),
            capacity: line.capacity.as_deref().map(words::role).unwrap_or_default(),
            line,
        }
    }
}

/// A comment of a public review.
pub(super) struct CommentView {
    pub(super) id: String,
    pub(super) place: String,
    pub(super) text: String,
    pub(super) at: String,
    pub(super) outcome: Option<String>,
    pub(super) answer: String,
}

/// The comments of a profile, the oldest first.
pub(super) fn comments(state: &Value) -> Vec<CommentView> {
    let text = |value: &Value, path: &str| {
        value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let all = state.get("comments").and_then(Value::as_object);
    let mut all: Vec<CommentView> = all
        .into_iter()
        .flatten()
        .map(|(id, one)| CommentView {
            id: id.clone(),
            place: text(one, "/place"),
            text: text(one, "/text"),
            at: super::facts::moment(&text(one, "/at")),
            outcome: one.pointer("/disposition/outcome").and_then(Value::as_str).map(words::plain),
            answer: text(one, "/disposition/answer"),
        })
        .collect();
    all.sort_by(|one, other| (&one.at, &one.id).cmp(&(&other.at, &other.id)));
    all
}

/// A view on a vulnerability.
struct ViewView {
    stakeholder: String,
    at: String,
    text: String,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    layout: Layout,
    notice: Option<Notice>,
    id: String,
    state: Option<words::State>,
    list: &'static str,
    list_name: String,
    forms: Vec<FormView>,
    later: Vec<Later>,
    waiting: Vec<ProposalRow>,
    facts: Vec<Fact>,
    comments: Vec<CommentView>,
    views: Vec<ViewView>,
    documents: Vec<Listed>,
    case: String,
    history: Vec<HistoryView>,
    more: Option<String>,
    public: Option<String>,
}

/// What a case is called.
fn heading(kind: &str, id: &str, state: &Value) -> String {
    let text = |path: &str| state.pointer(path).and_then(Value::as_str);
    let name = match kind {
        "st" => text("/text/product")
            .zip(text("/text/version"))
            .map(|(product, version)| format!("{product} {version}")),
        "pp" => text("/title").zip(text("/version")).map(|(title, version)| format!("{title} {version}")),
        "lab" => text("/application/name").map(str::to_owned),
        "entry" => text("/product").map(str::to_owned),
        "class" => text("/name").map(str::to_owned),
        "proposal" => text("/decision/decision").map(words::label),
        "request" => text("/entry")
            .zip(text("/form/version"))
            .map(|(entry, version)| format!("{entry}, version {version}")),
        _ => None,
    };
    match name {
        Some(name) => format!("{}: {name}", words::kind(kind)),
        None => format!("{} {id}", words::kind(kind)),
    }
}

fn state_of(kind: &str, state: &Value) -> Option<words::State> {
    let tag = match kind {
        "vulnerability" if state.get("triaged") == Some(&Value::Bool(true)) => "triaged",
        "vulnerability" => "reported",
        "agreement" if state.get("ended") == Some(&Value::Bool(true)) => "ended",
        "agreement" if state.get("signed").and_then(Value::as_array).is_some_and(|all| all.len() == 2) => {
            "in-force"
        }
        "agreement" | "proposal" => "proposed",
        _ => state.pointer("/state/state").and_then(Value::as_str)?,
    };
    Some(words::state(tag))
}

/// Decisions that wait and are about a case: a page of all that wait.
async fn proposals_about(
    app: &App,
    actor: &Actor,
    kind: &str,
    id: &str,
) -> Result<Vec<ProposalRow>, Failure> {
    if !is_dwg(actor) || kind == "proposal" {
        return Ok(Vec::new());
    }
    let query = Query { size: Size::new(100), ..Query::default() };
    let rows = app.registry.list::<ProposalRow>(actor, "proposals", &query).await?.items;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = rows.iter().filter_map(|row| row.id.parse().ok().map(Ref::Proposal));
    let view = app.registry.view(wanted).await?;
    let about = |row: &ProposalRow| {
        let found = view.proposals.values().find(|one| one.id.as_str() == row.id);
        let decision = found.and_then(|one| serde_json::to_value(&one.decision).ok()).unwrap_or_default();
        names(&decision, kind, id)
    };
    Ok(rows.into_iter().filter(about).collect())
}

/// Whether a decision names a case: by a member of the kind's name, at any depth.
fn names(value: &Value, kind: &str, id: &str) -> bool {
    match value {
        Value::Object(all) => {
            all.get(kind).and_then(Value::as_str) == Some(id) || all.values().any(|one| names(one, kind, id))
        }
        _ => false,
    }
}

/// What this person may do with a case now, and what he may do later.
async fn open(
    app: &App,
    visitor: &Visitor,
    about: &About,
    state: &Value,
    but: &[&str],
) -> Result<(Vec<FormView>, Vec<Later>), Failure> {
    let actor = visitor.actor()?;
    let (mut forms, mut later) = (Vec::new(), Vec::new());
    for offer in of_part(&app.registry, &actor, &about.kind, &about.id, state).await? {
        if but.contains(&offer.tag) {
            continue;
        }
        match standing(&app.registry, &actor, &offer).await? {
            Standing::Now => forms.extend(FormView::new(&offer, Some(about), visitor)?),
            Standing::Later { why, remedy } => {
                let label = words::action(offer.tag).map_or("", |one| one.label);
                later.push(Later { label, why, remedy });
            }
            Standing::Never => {}
        }
    }
    Ok((forms, later))
}

/// The forms of these tags only, for public pages.
pub(super) async fn public_forms(
    app: &App,
    visitor: &Visitor,
    about: &About,
    state: &Value,
    tags: &[&str],
) -> Result<Vec<FormView>, Failure> {
    let others: Vec<&str> =
        words::ACTIONS.iter().map(|one| one.tag).filter(|tag| !tags.contains(tag)).collect();
    Ok(open(app, visitor, about, state, &others).await?.0)
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    PathOf((kind, id)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<BTreeMap<String, String>>,
) -> Result<Response, WebError> {
    let actor = visitor.actor()?;
    let found = app.registry.part(&actor, &kind, &id).await;
    let (state, version) = found.map_err(|failure| super::act::for_a_guest(&visitor, failure))?;
    let about = About { kind: kind.clone(), id: id.clone(), version };
    let (forms, later) = open(&app, &visitor, &about, &state, &[]).await?;
    let case = format!("{kind}/{id}");
    let documents = match parts::part(&kind, &id) {
        Some(part) => {
            app.registry.documents(&actor, &Case::Of(part), "", Size::new(100)).await.map(|page| page.items)
        }
        None => Ok(Vec::new()),
    };
    let after = query.get("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let history = app.registry.history(&actor, &kind, &id, after, Size::new(50)).await?;
    let title = heading(&kind, &id, &state);
    let views = state.get("views").and_then(Value::as_array).into_iter().flatten();
    let views = views.map(|one| {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        ViewView {
            stakeholder: words::plain(text("stakeholder")),
            at: super::facts::moment(text("at")),
            text: text("text").to_owned(),
        }
    });
    let public = match kind.as_str() {
        "entry" => Some(format!("/entries/{id}")),
        "pp" => Some(format!("/profiles/{id}")),
        "lab" => Some(format!("/labs/{id}")),
        _ => None,
    };
    let list = words::list_of_kind(&kind);
    page(&CasePage {
        layout: Layout::new(&app, &visitor, title),
        notice: Notice::of(&query),
        state: state_of(&kind, &state),
        list,
        list_name: words::list(list),
        forms,
        later,
        waiting: proposals_about(&app, &actor, &kind, &id).await?,
        facts: facts(&case, &state),
        comments: comments(&state),
        views: views.collect(),
        // Who may see a case and not its documents has none here.
        documents: documents.unwrap_or_default(),
        case,
        history: history.items.into_iter().map(HistoryView::from).collect(),
        more: history.next,
        public,
        id,
    })
}
