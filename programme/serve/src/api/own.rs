//! What is one's own: who one is, tokens, passkeys, sessions.

use super::lists::{Onward, Paged};
use crate::access::links;
use crate::access::passkeys::Opened;
use crate::access::tokens::{self, Scope};
use crate::access::{By, SignedIn, Visitor, drafts};
use crate::registry::Failure;
use crate::web::guard::cookie_header;
use crate::web::{App, Json, PathOf, QueryOf, WebError};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use dtsec_registry::domain::{OrganisationId, Time};
use dtsec_store::AccessChange;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use webauthn_rs::prelude::{
    CreationChallengeResponse, PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse,
};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Me {
    person: String,
    name: String,
    organisation: String,
    roles: Vec<&'static str>,
    interests: Vec<String>,
    /// The scopes of the token with which is asked.
    scopes: Option<Vec<&'static str>>,
}

/// Who asks.
#[utoipa::path(get, path = "/api/v1/me", tag = "own access", responses((status = 200, description = "Who", body = Me)))]
pub(super) async fn me(who: SignedIn) -> axum::Json<Me> {
    let scopes = match &who.by {
        By::Session(_) => None,
        By::Token { scopes, .. } => Some(scopes.iter().map(|scope| scope.name()).collect()),
    };
    axum::Json(Me {
        person: who.actor.person.to_string(),
        name: who.person.name.clone(),
        organisation: who.actor.organisation.to_string(),
        roles: who.actor.roles.iter().map(|role| role.name()).collect(),
        interests: who.actor.interests.iter().map(ToString::to_string).collect(),
        scopes,
    })
}

/// An interest to declare.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Interest {
    #[schema(value_type = String)]
    organisation: OrganisationId,
    /// Which interest it is.
    reason: String,
}

/// Declares an interest in an organisation: one does not decide on its cases from then on.
#[utoipa::path(
    post, path = "/api/v1/me/interests", tag = "own access", request_body = Interest,
    responses((status = 204, description = "It is declared"))
)]
pub(super) async fn interest(
    State(app): State<App>,
    who: SignedIn,
    Json(interest): Json<Interest>,
) -> Result<StatusCode, WebError> {
    app.registry.declare_interest(&who.actor, &interest.organisation, &interest.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenRow {
    id: String,
    name: String,
    scopes: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    #[schema(value_type = String, format = DateTime)]
    expires: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    used: Option<Time>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Time>,
}

fn token_row(one: dtsec_store::Token) -> TokenRow {
    let dtsec_store::Token { id, name, scopes, created, expires, used, revoked, .. } = one;
    TokenRow { id, name, scopes, created, expires, used, revoked }
}

/// One's tokens.
#[utoipa::path(
    get, path = "/api/v1/me/tokens", tag = "own access", params(Onward),
    responses((status = 200, description = "A page", body = Paged<TokenRow>))
)]
pub(super) async fn tokens(
    State(app): State<App>,
    who: SignedIn,
    QueryOf(from): QueryOf<Onward>,
) -> Result<axum::Json<Paged<TokenRow>>, WebError> {
    let after = from.after.as_deref().unwrap_or_default();
    let page = app.registry.tokens(who.actor.person.as_str(), after, from.size()).await?;
    Ok(axum::Json(Paged { items: page.items.into_iter().map(token_row).collect(), next: page.next }))
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for.
    name: String,
    /// What it may do.
    scopes: BTreeSet<Scope>,
    /// For how many days, 365 at most.
    days: u32,
}

/// A token with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    /// It is shown only now.
    token: String,
    #[serde(flatten)]
    row: TokenRow,
}

/// Makes a token.
#[utoipa::path(
    post, path = "/api/v1/me/tokens", tag = "own access", request_body = NewToken,
    responses((status = 201, description = "It is made", body = MadeToken))
)]
pub(super) async fn make_token(
    State(app): State<App>,
    who: SignedIn,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, axum::Json<MadeToken>), WebError> {
    let person = who.actor.person.as_str();
    let (token, row) = tokens::make(&app.registry, person, &new.name, &new.scopes, new.days).await?;
    Ok((StatusCode::CREATED, axum::Json(MadeToken { token, row: token_row(row) })))
}

/// A sign-in link to be used for a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkUsed {
    /// The secret of the link: what stands in it behind `token=`.
    link: String,
    /// The token to make.
    token: NewToken,
}

/// A token with its secret, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkToken {
    /// Whose it is.
    person: String,
    #[serde(flatten)]
    made: MadeToken,
}

/// Uses a sign-in link up for a token, without a browser: for the command line. No session begins.
#[utoipa::path(
    post, path = "/api/v1/sign-in/link/token", tag = "own access", request_body = LinkUsed,
    responses((status = 201, description = "It is made", body = LinkToken))
)]
pub(super) async fn link_token(
    State(app): State<App>,
    Json(used): Json<LinkUsed>,
) -> Result<(StatusCode, axum::Json<LinkToken>), WebError> {
    let new = used.token;
    let (token, row) = links::make_token(&app.registry, &used.link, &new.name, &new.scopes, new.days).await?;
    let person = row.person.clone();
    Ok((
        StatusCode::CREATED,
        axum::Json(LinkToken { person, made: MadeToken { token, row: token_row(row) } }),
    ))
}

/// Revokes a token.
#[utoipa::path(
    post, path = "/api/v1/me/tokens/{id}/revoke", tag = "own access",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "It is revoked"))
)]
pub(super) async fn revoke_token(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, WebError> {
    tokens::revoke(&app.registry, who.actor.person.as_str(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where one is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionRow {
    /// By what: `link`, `passkey`, `oidc`.
    by: String,
    /// Whether it is this one.
    this: bool,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    #[schema(value_type = String, format = DateTime)]
    seen: Time,
}

/// Where one is signed in.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "own access", params(Onward),
    responses((status = 200, description = "A page", body = Paged<SessionRow>))
)]
pub(super) async fn sessions(
    State(app): State<App>,
    who: SignedIn,
    QueryOf(from): QueryOf<Onward>,
) -> Result<axum::Json<Paged<SessionRow>>, WebError> {
    let after = from.after.as_deref().unwrap_or_default();
    let page = app.registry.store().sessions(who.actor.person.as_str(), after, from.size()).await?;
    let row = |one: dtsec_store::Session| SessionRow {
        by: one.data.get("by").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(),
        this: who.by == By::Session(one.hash),
        created: one.created,
        seen: one.seen,
    };
    // What goes on from a hash is no secret: a cookie cannot be made from it.
    Ok(axum::Json(Paged { items: page.items.into_iter().map(row).collect(), next: page.next }))
}

/// Signs out everywhere, here too.
#[utoipa::path(
    post, path = "/api/v1/me/sessions/end", tag = "own access",
    responses((status = 204, description = "It is done"))
)]
pub(super) async fn end_sessions(State(app): State<App>, who: SignedIn) -> Result<StatusCode, WebError> {
    let person = who.actor.person.to_string();
    let change = AccessChange::EndSessions { person: person.clone() };
    app.registry.own_access(&person, "signed-out-everywhere", serde_json::json!({}), vec![change]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A passkey, or an account elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CredentialRow {
    id: String,
    kind: String,
    name: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    used: Option<Time>,
}

/// One's passkeys and accounts: no more than fifty.
#[utoipa::path(
    get, path = "/api/v1/me/passkeys", tag = "own access",
    responses((status = 200, description = "All of them", body = Vec<CredentialRow>))
)]
pub(super) async fn passkeys(
    State(app): State<App>,
    who: SignedIn,
) -> Result<axum::Json<Vec<CredentialRow>>, WebError> {
    let all = app.registry.credentials(who.actor.person.as_str()).await?;
    let row = |one: dtsec_store::Credential| CredentialRow {
        id: one.id,
        kind: one.kind,
        name: one.data.get("name").and_then(serde_json::Value::as_str).map(str::to_owned),
        created: one.created,
        used: one.used,
    };
    Ok(axum::Json(all.into_iter().map(row).collect()))
}

/// Begins a new passkey.
#[utoipa::path(
    post, path = "/api/v1/me/passkeys/begin", tag = "own access",
    responses((status = 200, description = "What the authenticator is asked, and a number for the answer", body = Object))
)]
pub(super) async fn passkey_begin(
    State(app): State<App>,
    who: SignedIn,
) -> Result<axum::Json<Opened<CreationChallengeResponse>>, WebError> {
    Ok(axum::Json(app.passkeys.begin(&app.registry, &who).await?))
}

/// The authenticator's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPasskey {
    /// The number of the first half.
    number: String,
    /// What the person calls it.
    name: String,
    /// As `navigator.credentials.create` gives it.
    #[schema(value_type = Object)]
    answer: RegisterPublicKeyCredential,
}

/// Ends a new passkey.
#[utoipa::path(
    post, path = "/api/v1/me/passkeys/finish", tag = "own access", request_body = NewPasskey,
    responses((status = 204, description = "It can be used"))
)]
pub(super) async fn passkey_finish(
    State(app): State<App>,
    who: SignedIn,
    Json(new): Json<NewPasskey>,
) -> Result<StatusCode, WebError> {
    app.passkeys.finish(&app.registry, &who, &new.number, &new.name, &new.answer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a passkey or an account away.
#[utoipa::path(
    post, path = "/api/v1/me/passkeys/{id}/remove", tag = "own access",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn passkey_remove(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, WebError> {
    app.passkeys.remove(&app.registry, &who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a sign-in by passkey.
#[utoipa::path(
    post, path = "/api/v1/sign-in/passkey/begin", tag = "own access",
    responses((status = 200, description = "What the authenticator is asked, and a number for the answer", body = Object))
)]
pub(super) async fn sign_in_begin(
    State(app): State<App>,
) -> Result<axum::Json<Opened<RequestChallengeResponse>>, WebError> {
    Ok(axum::Json(app.passkeys.ask(&app.registry).await?))
}

/// The authenticator's answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyUsed {
    /// The number of the first half.
    number: String,
    /// As `navigator.credentials.get` gives it.
    #[schema(value_type = Object)]
    answer: PublicKeyCredential,
}

/// Ends a sign-in by passkey: the answer sets the cookie.
#[utoipa::path(
    post, path = "/api/v1/sign-in/passkey/finish", tag = "own access", request_body = PasskeyUsed,
    responses((status = 204, description = "Signed in"))
)]
pub(super) async fn sign_in_finish(
    State(app): State<App>,
    visitor: Visitor,
    Json(used): Json<PasskeyUsed>,
) -> Result<Response, WebError> {
    let cookie = app.passkeys.sign_in(&app.registry, &used.number, &used.answer).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    // A form that waits is where to go on.
    if let Some(to) = drafts::carry(&app.registry, &visitor.csrf, &cookie).await? {
        let to = HeaderValue::from_str(&to).map_err(|error| Failure::Bug(error.to_string()))?;
        response.headers_mut().insert(header::LOCATION, to);
    }
    response.headers_mut().insert(header::SET_COOKIE, cookie_header(&app.site, &cookie)?);
    Ok(response)
}
