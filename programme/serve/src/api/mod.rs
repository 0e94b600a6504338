//! The interface for programs: JSON over HTTP, described by OpenAPI 3.1 at `/api/openapi.json`.
//!
//! Who asks says so with a token (`Authorization: Bearer …`), or with the cookie of a browser and its mark in `X-CSRF-Token`.
//! What was not done is answered with problem details (RFC 9457).

mod access;
mod commands;
pub mod csaf;
mod documents;
mod exchange;
mod lists;
mod own;
pub mod reports;
pub mod sbom;
pub mod shapes;

use crate::registry::Kind;
use crate::web::{App, Problem};
use axum::Router;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use std::sync::OnceLock;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The description's head.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "DTSec assurance programme",
        description = "Everything that the pages do. Lists come in pages: `next` of one is `after` of the next one.",
        version = "1"
    ),
    components(schemas(Problem, Kind))
)]
struct Head;

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(description))
        .routes(routes!(commands::give))
        .routes(routes!(commands::rehearse))
        .routes(routes!(lists::list))
        .routes(routes!(lists::waiting))
        .routes(routes!(lists::part))
        .routes(routes!(lists::history))
        .routes(routes!(lists::status))
        .routes(routes!(lists::compare))
        .routes(routes!(lists::log))
        .routes(routes!(lists::rules))
        .routes(routes!(documents::hand_in))
        .routes(routes!(documents::of_case))
        .routes(routes!(documents::open))
        .routes(routes!(documents::readings))
        .routes(routes!(access::organisations, access::put_organisation))
        .routes(routes!(access::grant))
        .routes(routes!(access::one))
        .routes(routes!(access::confirm))
        .routes(routes!(access::disable))
        .routes(routes!(access::link))
        .routes(routes!(own::me))
        .routes(routes!(own::interest))
        .routes(routes!(own::tokens, own::make_token))
        .routes(routes!(own::revoke_token))
        .routes(routes!(own::sessions))
        .routes(routes!(own::end_sessions))
        .routes(routes!(own::passkeys))
        .routes(routes!(own::passkey_begin))
        .routes(routes!(own::passkey_finish))
        .routes(routes!(own::passkey_remove))
        .routes(routes!(own::link_token))
        .routes(routes!(own::sign_in_begin))
        .routes(routes!(own::sign_in_finish))
        .routes(routes!(exchange::advisory))
        .routes(routes!(exchange::components))
        .routes(routes!(exchange::report))
}

/// Its routes.
pub fn routes() -> Router<App> {
    described().split_for_parts().0
}

/// Its description.
pub fn openapi() -> &'static Value {
    static MADE: OnceLock<Value> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut made = serde_json::to_value(described().into_openapi()).unwrap_or_default();
        let components = &mut made["components"];
        for (name, schema) in shapes::schemas() {
            components["schemas"][name] = schema;
        }
        components["schemas"]["CommandRequest"]["properties"]["command"] =
            json!({ "$ref": "#/components/schemas/Command" });
        components["securitySchemes"] = json!({
            "token": { "type": "http", "scheme": "bearer", "description": "A token made under one's own access." },
        });
        made["security"] = json!([{}, { "token": [] }]);
        // Every answer may be a problem instead.
        let problem = json!({
            "description": "It was not done, and nothing was changed.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        for path in made["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
            for operation in path.as_object_mut().into_iter().flat_map(|path| path.values_mut()) {
                operation["responses"]["default"] = problem.clone();
            }
        }
        made
    })
}

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "description", responses((status = 200, description = "OpenAPI 3.1")))]
async fn description() -> Response {
    axum::Json(openapi()).into_response()
}
