//! What was not done, as an answer: problem details (RFC 9457) for programs, a page for people.

use crate::registry::Failure;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A problem, as RFC 9457 has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// What kind of problem: `urn:dtsec:problem:NUMBER`.
    pub r#type: String,
    /// In a few words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is wrong, and where.
    pub detail: String,
    /// The number of the refusal, which stays.
    pub number: u16,
    /// The rule of the programme for which it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The field that is not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do.
    pub remedy: String,
    /// Seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// Of a failure. Of what is our own fault only the log says more.
    pub fn of(failure: &Failure) -> Self {
        let status = failure.status();
        let detail = if failure.is_ours() {
            tracing::error!(number = failure.number(), "{failure}");
            "something is wrong with this server".to_owned()
        } else {
            failure.to_string()
        };
        let retry_after = match failure {
            Failure::TooOften { seconds } => Some(*seconds),
            _ if status == 503 => Some(1),
            _ => None,
        };
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            r#type: format!("urn:dtsec:problem:{}", failure.number()),
            title: code.canonical_reason().unwrap_or("Problem").to_owned(),
            status,
            detail,
            number: failure.number(),
            rule: failure.rule().map(|rule| rule.number().to_owned()),
            field: failure.field().map(str::to_owned),
            remedy: failure.remedy().to_owned(),
            retry_after,
        }
    }
}

/// A failure as a handler's answer. For pages, the guard makes a page of it.
#[derive(Debug)]
pub struct WebError(pub Failure);

impl<E: Into<Failure>> From<E> for WebError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        Problem::of(&self.0).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
