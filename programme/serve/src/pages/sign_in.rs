//! Signing in and out.

use super::Layout;
use crate::access::{By, SignedIn, Visitor, drafts, links, session};
use crate::registry::Failure;
use crate::web::guard::cookie_header;
use crate::web::{App, Form, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    provider: bool,
    /// A form is kept for who signs in.
    kept: bool,
}

pub(super) async fn page_of(app: &App, visitor: &Visitor) -> Result<Response, WebError> {
    let layout = Layout::new(app, visitor, "Sign in");
    let kept = drafts::find(&app.registry, &visitor.csrf).await?.is_some();
    super::page(&SignInPage { layout, provider: app.provider.is_some(), kept })
}

pub(super) async fn page(State(app): State<App>, visitor: Visitor) -> Result<Response, WebError> {
    page_of(&app, &visitor).await
}

/// The secret of a link.
#[derive(Deserialize)]
pub(super) struct Secret {
    token: String,
}

#[derive(Template)]
#[template(path = "sign_in_link.html")]
struct LinkPage {
    layout: Layout,
    token: String,
}

/// A link is used up by a button and not by looking at it: mail programs look at links.
pub(super) async fn link_page(
    State(app): State<App>,
    visitor: Visitor,
    QueryOf(secret): QueryOf<Secret>,
) -> Result<Response, WebError> {
    let layout = Layout::new(&app, &visitor, "Sign in");
    super::page(&LinkPage { layout, token: secret.token })
}

pub(super) async fn link(
    State(app): State<App>,
    visitor: Visitor,
    Form(secret): Form<Secret>,
) -> Result<Response, WebError> {
    let cookie = links::sign_in(&app.registry, &secret.token).await?;
    signed_in(&app, &visitor, &cookie).await
}

/// Leads to the form that waits, or to the first page, with the cookie.
async fn signed_in(app: &App, visitor: &Visitor, cookie: &str) -> Result<Response, WebError> {
    let draft = drafts::carry(&app.registry, &visitor.csrf, cookie).await?;
    let mut response = Redirect::to(draft.as_deref().unwrap_or("/")).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie_header(&app.site, cookie)?);
    Ok(response)
}

pub(super) async fn out(State(app): State<App>, who: SignedIn) -> Result<Response, WebError> {
    let By::Session(hash) = &who.by else { return Err(Failure::SignIn.into()) };
    session::end(&app.registry, who.actor.person.as_str(), hash).await?;
    let mut response = Redirect::to("/").into_response();
    // Another number for what comes: the old one is worth nothing now.
    let fresh = cookie_header(&app.site, &crate::access::secret()?)?;
    response.headers_mut().insert(header::SET_COOKIE, fresh);
    Ok(response)
}

/// Leads to the provider.
pub(super) async fn provider(State(app): State<App>, visitor: Visitor) -> Result<Response, WebError> {
    let provider = app.provider.as_ref().ok_or_else(no_provider)?;
    Ok(Redirect::to(&provider.begin(&app.registry, &visitor.csrf).await?).into_response())
}

/// What the provider sends back.
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    error: Option<String>,
}

pub(super) async fn provider_back(
    State(app): State<App>,
    visitor: Visitor,
    QueryOf(back): QueryOf<Back>,
) -> Result<Response, WebError> {
    let provider = app.provider.as_ref().ok_or_else(no_provider)?;
    if let Some(error) = back.error {
        let error: String = error.chars().filter(char::is_ascii_graphic).take(100).collect();
        return Err(Failure::Elsewhere { who: "the OpenID provider", problem: error }.into());
    }
    let cookie = provider.finish(&app.registry, &visitor.csrf, &back.state, &back.code).await?;
    signed_in(&app, &visitor, &cookie).await
}

fn no_provider() -> Failure {
    Failure::NotFound("OpenID provider".to_owned())
}
