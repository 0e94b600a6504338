//! Documents as people read them: Security Targets and reports as pages of their own, with change marks; others as text, or
//! as a file.

use super::{Layout, page, words};
use crate::access::Visitor;
use crate::registry::{Case, Failure};
use crate::web::{App, PathOf, QueryOf, WebError};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse as _, Response};
use dtsec_model::etr::EvaluationTechnicalReport;
use dtsec_model::security_target::SecurityTarget;
use dtsec_registry::domain::Actor;
use dtsec_render::{Doc, Options, Variant, changes, etr, html, security_target};
use dtsec_store::{Digest, Document};
use serde::Deserialize;

/// What is asked besides.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    /// The earlier text that changes are marked against.
    #[serde(default)]
    since: String,
}

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    layout: Layout,
    case: String,
    back: String,
    digest: String,
    name: String,
    media: String,
    size: i64,
    text: Option<String>,
    why: Option<String>,
}

/// A rendered page brings its own style and no script; nothing else may run or be loaded.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Longer texts are files.
const LONGEST_TEXT: usize = 512 * 1024;

/// A document laid out; nothing where it is none of ours.
fn laid_out(bytes: &[u8]) -> Option<Result<Doc, String>> {
    if let Ok(target) = serde_json::from_slice::<SecurityTarget>(bytes) {
        let profile = dtsec_model::builtin::profile(&target.profile.id);
        let profile = profile.unwrap_or_else(dtsec_model::builtin::sesip_profile);
        return Some(
            security_target(&target, profile, Options::default()).map_err(|error| error.to_string()),
        );
    }
    let report = serde_json::from_slice::<EvaluationTechnicalReport>(bytes).ok()?;
    Some(etr::report(&report, Variant::Confidential).map_err(|error| error.to_string()))
}

async fn opened(
    app: &App,
    actor: &Actor,
    case: &Case,
    digest: &str,
    purpose: &str,
) -> Result<Document, Failure> {
    let digest: Digest = digest.parse().map_err(|error| Failure::unfit("digest", error))?;
    app.registry.read(actor, case, &digest, purpose).await
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    PathOf((kind, id, digest)): PathOf<(String, String, String)>,
    QueryOf(asked): QueryOf<Asked>,
) -> Result<Response, WebError> {
    let actor = visitor.actor()?;
    let case: Case = format!("{kind}/{id}").parse()?;
    let document = opened(&app, &actor, &case, &digest, "read in the browser").await?;
    let back = if actor.roles.is_empty() && kind == "pp" {
        format!("/profiles/{id}")
    } else {
        format!("/cases/{kind}/{id}")
    };
    let mut why = None;
    match laid_out(&document.bytes) {
        Some(Ok(mut doc)) => {
            if !asked.since.is_empty() {
                let older = opened(&app, &actor, &case, &asked.since, "compared in the browser").await?;
                match laid_out(&older.bytes) {
                    Some(Ok(older)) => doc = changes::mark(&older, doc).0,
                    _ => {
                        return Err(Failure::unfit(
                            "since",
                            "this document cannot be compared with that one",
                        )
                        .into());
                    }
                }
            }
            let text = html::write(&doc).map_err(|error| Failure::Bug(error.to_string()))?;
            let way = format!(
                "<body>\n<p style=\"margin:.6rem 1.25rem\"><a href=\"{back}\">← Back to the case</a></p>"
            );
            let mut response = Html(text.replacen("<body>", &way, 1)).into_response();
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            return Ok(response);
        }
        Some(Err(problem)) => why = Some(problem),
        None => {}
    }
    let is_text = document.listed.media.starts_with("text/") || document.listed.media.contains("json");
    let text = (is_text && document.bytes.len() <= LONGEST_TEXT)
        .then(|| std::str::from_utf8(&document.bytes).ok().map(str::to_owned))
        .flatten();
    page(&DocumentPage {
        layout: Layout::new(&app, &visitor, words::kind(&kind)),
        case: case.to_string(),
        back,
        digest,
        name: document.listed.name.clone(),
        media: document.listed.media.clone(),
        size: document.listed.size,
        text,
        why,
    })
}
