//! The router: pages and API behind one guard.

use super::guard::guard;
use super::problem::{Problem, WebError};
use super::state::App;
use crate::registry::Failure;
use crate::{api, pages};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use tower_http::catch_panic::CatchPanicLayer;

/// Routes, with a list of them.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    listed: Vec<(Method, &'static str)>,
}

impl Routes {
    /// Adds what `GET` answers.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, path, axum::routing::get(handler))
    }

    /// Adds what `POST` does.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, path, axum::routing::post(handler))
    }

    fn add(mut self, method: Method, path: &'static str, handler: MethodRouter<App>) -> Self {
        self.router = self.router.route(path, handler);
        self.listed.push((method, path));
        self
    }
}

/// Every route that is no part of the API: method and path.
pub fn page_routes() -> Vec<(Method, &'static str)> {
    pages::routes().listed
}

/// Everything.
pub fn router(app: App) -> Router {
    let interface = api::routes();
    pages::routes()
        .router
        .merge(interface)
        .fallback(nothing)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn_with_state(app.clone(), guard))
        // The guard and the extractors know the limit of each route.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

async fn nothing() -> WebError {
    WebError(Failure::NotFound("such page".to_owned()))
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    // What it says may be anything; it went to standard error.
    Problem::of(&Failure::Bug("a handler panicked".to_owned())).into_response()
}
