//! Documents.

use super::lists::{Onward, Paged};
use crate::access::{SignedIn, Visitor};
use crate::registry::{Case, Failure, Kind, Stored, Upload};
use crate::web::{App, Body, PathOf, QueryOf, WebError};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use dtsec_registry::domain::{Refusal, Role};
use dtsec_store::{Digest, Readings, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// As what a document is handed in.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct As {
    /// `security-target`, `etr` or `other`.
    #[serde(default = "other")]
    kind: Kind,
    /// Its file name.
    #[serde(default)]
    name: String,
}

const fn other() -> Kind {
    Kind::Other
}

/// Hands a document in, so that a command can name it by its digest. A Security Target and an ETR are checked; what does not
/// conform is kept all the same.
#[utoipa::path(
    post, path = "/api/v1/documents", tag = "documents", params(As),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, description = "It is kept", body = Stored))
)]
pub(super) async fn hand_in(
    State(app): State<App>,
    who: SignedIn,
    QueryOf(given): QueryOf<As>,
    Body { media, bytes }: Body,
) -> Result<(StatusCode, Json<Stored>), WebError> {
    if bytes.is_empty() {
        return Err(Failure::unfit("body", "it is empty").into());
    }
    let media = if media.is_empty() { "application/octet-stream".to_owned() } else { media };
    let upload = Upload { kind: given.kind, media, name: given.name, bytes: bytes.to_vec() };
    Ok((StatusCode::CREATED, Json(app.registry.hand_in(&who.actor, upload).await?)))
}

/// A document of a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentRow {
    digest: String,
    media: String,
    name: String,
    size: i64,
    confidential: bool,
    #[schema(value_type = String, format = DateTime)]
    stored: Time,
}

fn case(kind: &str, id: &str) -> Result<Case, Failure> {
    format!("{kind}/{id}").parse()
}

/// The documents of a case.
#[utoipa::path(
    get, path = "/api/v1/documents/{kind}/{id}", tag = "documents",
    params(
        ("kind" = String, Path, description = "st, evaluation, pp, lab, request, vulnerability, audit, agreement, entry, upload"),
        ("id" = String, Path, description = "Its id"), Onward,
    ),
    responses((status = 200, description = "A page", body = Paged<DocumentRow>))
)]
pub(super) async fn of_case(
    State(app): State<App>,
    visitor: Visitor,
    PathOf((kind, id)): PathOf<(String, String)>,
    QueryOf(from): QueryOf<Onward>,
) -> Result<Json<Paged<DocumentRow>>, WebError> {
    let after = from.after.clone().unwrap_or_default();
    let page = app.registry.documents(&visitor.actor()?, &case(&kind, &id)?, &after, from.size()).await?;
    let row = |one: dtsec_store::Listed| DocumentRow {
        digest: one.digest.to_string(),
        media: one.media,
        name: one.name,
        size: one.size,
        confidential: one.confidential,
        stored: one.stored,
    };
    Ok(Json(Paged { items: page.items.into_iter().map(row).collect(), next: page.next }))
}

/// Opens a document. The reading of a confidential one is in the log before its first byte goes out.
#[utoipa::path(
    get, path = "/api/v1/documents/{kind}/{id}/{digest}", tag = "documents",
    params(
        ("kind" = String, Path, description = "As in the list of documents"), ("id" = String, Path, description = "Its id"),
        ("digest" = String, Path, description = "The document's SHA-256"),
    ),
    responses((status = 200, description = "The document", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(super) async fn open(
    State(app): State<App>,
    visitor: Visitor,
    PathOf((kind, id, digest)): PathOf<(String, String, String)>,
) -> Result<Response, WebError> {
    let digest: Digest = digest.parse().map_err(|error| Failure::unfit("digest", error))?;
    let document = app.registry.read(&visitor.actor()?, &case(&kind, &id)?, &digest, "api").await?;
    Ok(as_file(&document))
}

/// A document as a download: never shown as a page of ours.
pub(crate) fn as_file(document: &dtsec_store::Document) -> Response {
    let mut response = document.bytes.to_vec().into_response();
    let headers = response.headers_mut();
    let media = HeaderValue::from_str(&document.listed.media);
    headers
        .insert(header::CONTENT_TYPE, media.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    let safe = |one: char| if one.is_ascii_alphanumeric() || ".-_ ".contains(one) { one } else { '_' };
    let name: String = document.listed.name.chars().map(safe).collect();
    let name = if name.trim().is_empty() { document.listed.digest.to_string() } else { name };
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", document.listed.digest)) {
        headers.insert(header::ETAG, value);
    }
    response
}

/// A reading of a confidential document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadingRow {
    number: i64,
    digest: String,
    reader: String,
    purpose: String,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    hash: String,
}

/// Who read the documents of a case, newest first: for its parties and the working group.
#[utoipa::path(
    get, path = "/api/v1/readings/{kind}/{id}", tag = "documents",
    params(("kind" = String, Path, description = "As in the list of documents"), ("id" = String, Path, description = "Its id"), Onward),
    responses((status = 200, description = "A page", body = Paged<ReadingRow>))
)]
pub(super) async fn readings(
    State(app): State<App>,
    who: SignedIn,
    PathOf((kind, id)): PathOf<(String, String)>,
    QueryOf(from): QueryOf<Onward>,
) -> Result<Json<Paged<ReadingRow>>, WebError> {
    let case = case(&kind, &id)?;
    if [Role::Developer, Role::LabEvaluator, Role::LabQuality, Role::Auditor]
        .into_iter()
        .all(|role| !who.actor.is(role))
        && !crate::registry::is_dwg(&who.actor)
    {
        return Err(Refusal::ReadDenied { what: format!("the readings of {case}") }.into());
    }
    app.registry.may_read(&who.actor, &case).await?;
    let page =
        app.registry.store().readings(Readings::Of(&case.to_string()), from.number()?, from.size()).await?;
    let row = |one: dtsec_store::Reading| ReadingRow {
        number: one.seq,
        digest: one.digest.to_string(),
        reader: one.reader,
        purpose: one.purpose,
        at: one.at,
        hash: one.hash.to_string(),
    };
    Ok(Json(Paged { items: page.items.into_iter().map(row).collect(), next: page.next }))
}
