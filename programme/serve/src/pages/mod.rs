//! Pages: rendered here. Scripts are two: one talks to passkeys, one keeps what a guest typed when he goes to sign in.

mod act;
mod advisories;
mod case;
mod compare;
mod entries;
mod entry;
mod facts;
mod feeds;
mod fill;
mod filters;
mod form;
mod labs;
mod log;
mod me;
mod offers;
mod people;
mod profiles;
mod sign_in;
mod viewer;
mod words;
mod work;

pub(crate) use filters::Filters;

use crate::access::Visitor;
use crate::registry::{Failure, is_dwg};
use crate::web::router::Routes;
use crate::web::{App, Problem, WebError};
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use dtsec_registry::domain::Role;
use std::collections::BTreeMap;

/// What the layout of every page shows.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The name of the programme.
    pub site: String,
    /// The page's title.
    pub title: String,
    /// Who is signed in.
    pub person: Option<String>,
    /// The mark that each form carries, in a field `csrf`.
    pub csrf: String,
    /// Whether `waiting`, workspaces and one's own access are shown.
    pub signed_in: bool,
    /// Whether the log is theirs to see.
    pub sees_log: bool,
    /// Where in the site it is, for the navigation.
    pub at: &'static str,
    /// The page's own feed.
    pub feed: Option<String>,
}

impl Layout {
    /// For a visitor.
    pub fn new(app: &App, visitor: &Visitor, title: impl Into<String>) -> Self {
        Self {
            site: app.site.name.clone(),
            title: title.into(),
            person: visitor.signed_in.as_ref().map(|one| one.person.name.clone()),
            csrf: visitor.csrf.clone(),
            signed_in: visitor.signed_in.is_some(),
            sees_log: visitor
                .signed_in
                .as_ref()
                .is_some_and(|one| is_dwg(&one.actor) || one.actor.is(Role::Auditor)),
            at: "",
            feed: None,
        }
    }

    /// Where in the site it is.
    #[must_use]
    fn at(mut self, at: &'static str) -> Self {
        self.at = at;
        self
    }

    /// With a feed of its own.
    #[must_use]
    fn feed(mut self, path: impl Into<String>) -> Self {
        self.feed = Some(path.into());
        self
    }
}

/// The way to the next page of a list.
struct Next {
    to: String,
}

impl Next {
    /// With the same search.
    fn new(path: &str, asked: &[(&str, &str)], next: &str) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(asked.iter().filter(|(_, value)| !value.is_empty())).append_pair("after", next);
        Self { to: format!("{path}?{}", query.finish()) }
    }
}

/// What a list is filtered by.
struct Facet {
    name: &'static str,
    label: &'static str,
    chosen: String,
    among: Vec<(String, String)>,
}

impl Facet {
    fn new(name: &'static str, label: &'static str, chosen: &str, among: Vec<(String, String)>) -> Self {
        let mut among = among;
        // What was asked for and is not offered is shown as it is.
        if !chosen.is_empty() && !among.iter().any(|(value, _)| value == chosen) {
            among.push((chosen.to_owned(), chosen.to_owned()));
        }
        Self { name, label, chosen: chosen.to_owned(), among }
    }

    /// By the states of a list.
    fn states(list: &str, chosen: &str) -> Self {
        let among = words::states_of(list).iter().map(|tag| ((*tag).to_owned(), words::state(tag).text));
        Self::new("state", "State", chosen, among.collect())
    }
}

/// What was done on the page before.
struct Notice {
    text: String,
}

impl Notice {
    /// As the address says it.
    fn of(query: &BTreeMap<String, String>) -> Option<Self> {
        if let Some(tag) = query.get("done") {
            return Some(Self::done(tag));
        }
        let text = |tag: &String| {
            format!(
                "{}: this form had been sent before, and counted the first time. Nothing happened now.",
                Self::label(tag)
            )
        };
        query.get("again").map(|tag| Self { text: text(tag) })
    }

    /// That something was done.
    fn done(tag: &str) -> Self {
        Self { text: format!("Done: {}.", Self::label(tag)) }
    }

    fn label(tag: &str) -> &'static str {
        words::action(tag).map_or_else(|| done(tag), |one| one.label)
    }
}

/// What was done that is no command. Nothing of the address itself is shown.
fn done(what: &str) -> &'static str {
    match what {
        "token" => "token made",
        "revoke" => "token revoked",
        "passkey" => "passkey removed",
        "sessions" => "signed out everywhere",
        "interest" => "interest declared",
        "organisation" => "organisation entered",
        "person" => "person entered",
        "confirm" => "confirmed",
        "disable" => "the person is kept out",
        _ => "it is done",
    }
}

/// The beginning of a hash, where its whole is beside it.
fn short(text: &str) -> &str {
    text.get(..12).unwrap_or(text)
}

/// The tag that a state is written with.
fn tag_of(state: &impl serde::Serialize) -> String {
    let tag =
        serde_json::to_value(state).ok().and_then(|value| Some(value.get("state")?.as_str()?.to_owned()));
    tag.unwrap_or_default()
}

/// Every page's route. Each has its row in [`crate::access::table`].
pub fn routes() -> Routes {
    Routes::default()
        .get("/", entries::list)
        .get("/style.css", style)
        .get("/icon.svg", icon)
        .get("/passkeys.js", passkeys_script)
        .get("/forms.js", forms_script)
        .get("/health", health)
        .get("/sign-in", sign_in::page)
        .get("/sign-in/link", sign_in::link_page)
        .post("/sign-in/link", sign_in::link)
        .get("/sign-in/oidc", sign_in::provider)
        .get("/sign-in/oidc/back", sign_in::provider_back)
        .post("/sign-out", sign_in::out)
        .get("/changes.atom", feeds::changes)
        .get("/compare", compare::show)
        .get("/entries/{id}", entry::show)
        .get("/entries/{id}/changes.atom", feeds::entry)
        .get("/labs", labs::list)
        .get("/labs/{id}", labs::show)
        .get("/profiles", profiles::list)
        .get("/profiles/reviews.atom", feeds::reviews)
        .get("/profiles/{id}", profiles::show)
        .get("/advisories", advisories::list)
        .get("/rules", log::rules)
        .get("/work", work::show)
        .get("/work/{list}", work::list)
        .get("/cases/{kind}/{id}", case::show)
        .get("/do/{tag}", act::show)
        .post("/do/{tag}", act::send)
        .get("/documents/{kind}/{id}/{digest}", viewer::show)
        .get("/me", me::show)
        .post("/me/{what}", me::change)
        .get("/people", people::show)
        .post("/people/{what}", people::change)
        .get("/log", log::show)
}

/// A page as an answer.
pub(crate) fn page(template: &impl Template) -> Result<Response, WebError> {
    let text = template.render().map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(Html(text).into_response())
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    layout: Layout,
    problem: &'a Problem,
}

/// What was not done, as a page. Who is not signed in is led to where he can.
pub(crate) fn problem(app: &App, visitor: Option<&Visitor>, problem: &Problem, old: Response) -> Response {
    if problem.status == 401 {
        return Redirect::to("/sign-in").into_response();
    }
    let layout = Layout {
        site: app.site.name.clone(),
        title: problem.title.clone(),
        person: visitor.and_then(|one| one.signed_in.as_ref()).map(|one| one.person.name.clone()),
        csrf: visitor.map(|one| one.csrf.clone()).unwrap_or_default(),
        signed_in: visitor.is_some_and(|one| one.signed_in.is_some()),
        sees_log: false,
        at: "",
        feed: None,
    };
    let Ok(text) = (ProblemPage { layout, problem }).render() else { return old };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Html(text)).into_response();
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = old.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../../templates/style.css"))
}

async fn passkeys_script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../../templates/passkeys.js"))
}

async fn forms_script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../../templates/forms.js"))
}

async fn icon() -> Response {
    file("image/svg+xml", include_str!("../../templates/icon.svg"))
}

fn file(media: &'static str, text: &'static str) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// Whether the server and its database answer.
async fn health(axum::extract::State(app): axum::extract::State<App>) -> Result<&'static str, WebError> {
    app.registry.store().head().await?;
    Ok("ok\n")
}
