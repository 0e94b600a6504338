//! Commands: everything that changes the programme.

use crate::access::Visitor;
use crate::registry::{Failure, Outcome, Terms};
use crate::web::{App, Json, WebError};
use axum::extract::State;
use axum::http::HeaderMap;
use dtsec_registry::domain::Command;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A command with its reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CommandRequest {
    /// What is asked for.
    #[schema(value_type = Object)]
    command: Command,
    /// Why, in a sentence.
    reason: String,
    /// The versions that the caller saw, by `KIND/ID`: if one has moved on, it is refused.
    #[serde(default)]
    seen: BTreeMap<String, i64>,
}

/// Gives a command. With an `Idempotency-Key` it is carried out once, however often it is sent.
#[utoipa::path(
    post, path = "/api/v1/commands", tag = "commands", request_body = CommandRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "A number of the caller's own")),
    responses((status = 200, description = "It is done", body = Outcome))
)]
pub(super) async fn give(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Json(asked): Json<CommandRequest>,
) -> Result<axum::Json<Outcome>, WebError> {
    let request = key(&headers)?;
    let terms = Terms { request, seen: asked.seen, attached: Vec::new() };
    let actor = visitor.actor()?;
    Ok(axum::Json(app.registry.execute_with(&actor, &asked.command, &asked.reason, &terms).await?))
}

/// The `Idempotency-Key`, if there is one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map_err(|_| Failure::unfit("Idempotency-Key", "visible ASCII is needed"))?;
    Ok(Some(text.to_owned()))
}

/// Whether a command would be carried out now. Nothing is changed.
#[utoipa::path(
    post, path = "/api/v1/rehearsals", tag = "commands", request_body = CommandRequest,
    responses((status = 204, description = "It would be"))
)]
pub(super) async fn rehearse(
    State(app): State<App>,
    visitor: Visitor,
    Json(asked): Json<CommandRequest>,
) -> Result<axum::http::StatusCode, WebError> {
    app.registry.rehearse(&visitor.actor()?, &asked.command).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
