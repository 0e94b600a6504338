//! Pages: rendered here. The only script is the one that talks to passkeys.

mod entries;
mod sign_in;

use crate::access::Visitor;
use crate::registry::Failure;
use crate::web::router::Routes;
use crate::web::{App, Problem, WebError};
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};

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
        }
    }
}

/// Every page's route. Each has its row in [`crate::access::table`].
pub fn routes() -> Routes {
    Routes::default()
        .get("/", entries::list)
        .get("/style.css", style)
        .get("/passkeys.js", passkeys_script)
        .get("/health", health)
        .get("/sign-in", sign_in::page)
        .get("/sign-in/link", sign_in::link_page)
        .post("/sign-in/link", sign_in::link)
        .get("/sign-in/oidc", sign_in::provider)
        .get("/sign-in/oidc/back", sign_in::provider_back)
        .post("/sign-out", sign_in::out)
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
