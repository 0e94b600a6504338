//! What handlers take: who asks, paths, queries, JSON and forms. What does not fit is answered with field and reason.

use super::problem::WebError;
use crate::access::table::Route;
use crate::access::{SignedIn, Visitor};
use crate::registry::Failure;
use axum::RequestExt as _;
use axum::body::{Bytes, HttpBody as _};
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WebError> {
        let found = parts.extensions.get::<Visitor>().cloned();
        found.ok_or_else(|| Failure::Bug("a route without its guard".to_owned()).into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        Ok(Visitor::from_request_parts(parts, state).await?.known()?.clone())
    }
}

/// The parts of a path.
#[derive(Debug, Clone)]
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let found: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        found.map(|Path(value)| Self(value)).map_err(|error| Failure::unfit("path", error.body_text()).into())
    }
}

/// A query.
#[derive(Debug, Clone)]
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let found: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        found
            .map(|Query(value)| Self(value))
            .map_err(|error| Failure::unfit("query", error.body_text()).into())
    }
}

/// A form. Its mark was checked by the guard.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let found: Result<axum::Form<T>, FormRejection> = axum::Form::from_request(request, state).await;
        found
            .map(|axum::Form(value)| Self(value))
            .map_err(|error| Failure::unfit("form", error.body_text()).into())
    }
}

/// Bytes as they come, no more than the route takes.
#[derive(Debug, Clone)]
pub struct Body {
    /// What `Content-Type` says.
    pub media: String,
    /// The bytes.
    pub bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = WebError;

    async fn from_request(request: Request, _: &S) -> Result<Self, WebError> {
        let most = request.extensions().get::<Route>().map_or(0, |route| route.most);
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().to_owned();
        Ok(Self { media, bytes: whole(request, most).await? })
    }
}

/// A body, if it is not longer than this.
pub(super) async fn whole(request: Request, most: usize) -> Result<Bytes, Failure> {
    let body = request.into_limited_body();
    // Who announces too much hears it before he sends: a body that is asked for is what `Expect: 100-continue` waits for.
    if body.size_hint().lower() > most as u64 {
        return Err(Failure::TooLarge { most });
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Failure::TooLarge { most }),
        Err(error) => Err(Failure::unfit("body", error)),
    }
}

/// JSON. The field that does not fit is named.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let Body { media, bytes } = Body::from_request(request, state).await?;
        if media.split(';').next().map(str::trim) != Some("application/json") {
            return Err(Failure::Media { found: media, wanted: "application/json" }.into());
        }
        Ok(Self(json(&bytes)?))
    }
}

/// Reads JSON to its end.
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        Failure::unfit(if path == "." { "body".to_owned() } else { path }, error.inner())
    })?;
    reader.end().map_err(|error| Failure::unfit("body", error))?;
    Ok(value)
}
