//! A server with a small programme, a clock of the test's own, and whoever asks it.

#![allow(unreachable_pub, reason = "it is a part of a test programme")]

use crate::fixtures;
use crate::programme;
pub use crate::programme::{Place, TestClock, grant};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use dtsec_registry::domain::{Command, Decision};
use dtsec_serve::Registry;
use dtsec_serve::access::oidc::{Provider, ProviderConfig};
use dtsec_serve::access::session;
use dtsec_serve::registry::Lists;
use dtsec_serve::web::router::router;
use dtsec_serve::web::state::{App, Site as Set};
use dtsec_store::Store;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// Each test twice: on SQLite, and on PostgreSQL, which has to be installed.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::site::Place::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL"]
            async fn $name() {
                super::$name(crate::site::Place::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_both;

pub struct Site {
    pub router: Router,
    pub registry: Registry,
    pub clock: Arc<TestClock>,
    pub first: (String, String),
    _folder: tempfile::TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The cookie that it sets.
    pub fn cookie(&self) -> String {
        let header = self.headers[header::SET_COOKIE].to_str().unwrap();
        header.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// Who asks.
#[derive(Clone)]
pub enum As {
    Nobody,
    Cookie(String),
    Token(String),
}

impl Place {
    /// An empty registry with its first member.
    pub async fn empty(self) -> Site {
        Site::at(self, |_| {}, None).await
    }

    /// With everybody of the fixtures.
    pub async fn with_people(self) -> Site {
        let site = self.empty().await;
        site.people().await;
        site
    }

    /// With a listed product.
    pub async fn with_entry(self) -> Site {
        let site = self.with_people().await;
        site.listed().await;
        site
    }
}

impl Site {
    /// An empty registry with its first member.
    pub async fn empty() -> Self {
        Place::Sqlite.empty().await
    }

    pub async fn with(change: impl FnOnce(&mut Set), provider: Option<ProviderConfig>) -> Self {
        Self::at(Place::Sqlite, change, provider).await
    }

    async fn at(place: Place, change: impl FnOnce(&mut Set), provider: Option<ProviderConfig>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&place.settings(folder.path()), Arc::new(Lists)).await.unwrap();
        let clock = Arc::new(TestClock::at(fixtures::at(0)));
        let registry = Registry::new(store, clock.clone());
        let (first, secret) = registry.first_member().await.unwrap().unwrap();
        let mut set = Set::new("http://localhost:8417".parse().unwrap());
        change(&mut set);
        let back = set.link("/sign-in/oidc/back");
        let provider = provider.map(|config| Provider::new(config, back).unwrap());
        let app = App::new(registry.clone(), set, provider).unwrap();
        let router = router(app);
        Self { router, registry, clock, first: (first.to_string(), secret), _folder: folder }
    }

    /// With everybody of the fixtures.
    pub async fn with_people() -> Self {
        Place::Sqlite.with_people().await
    }

    pub async fn people(&self) {
        programme::people(&self.registry).await;
    }

    /// Signs in, and gives the cookie.
    pub async fn cookie(&self, person: &str) -> As {
        As::Cookie(session::start(&self.registry, person, "test").await.unwrap())
    }

    pub async fn ask(&self, who: &As, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request = signed(request, who);
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, who: &As, path: &str) -> Answer {
        self.ask(who, "GET", path, None).await
    }

    pub async fn post(&self, who: &As, path: &str, body: &Value) -> Answer {
        self.ask(who, "POST", path, Some(body)).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Gives a command by the interface.
    pub async fn give(&self, who: &As, command: &Command) -> Answer {
        let body = json!({ "command": command, "reason": "as the test needs it" });
        self.post(who, "/api/v1/commands", &body).await
    }

    /// Carries a command out, or fails the test.
    pub async fn does(&self, name: &str, command: Command) {
        programme::does(&self.registry, name, command).await;
    }

    pub async fn decided(&self, decision: Decision) {
        programme::decided(&self.registry, decision).await;
    }

    /// A listed product, by all the steps that lead to it.
    pub async fn with_entry() -> Self {
        Place::Sqlite.with_entry().await
    }

    pub async fn listed(&self) {
        programme::listed(&self.registry, &self.clock).await;
    }

    /// Where the log ends.
    pub async fn head(&self) -> i64 {
        self.registry.store().head().await.unwrap().seq
    }
}

pub fn signed(request: axum::http::request::Builder, who: &As) -> axum::http::request::Builder {
    match who {
        As::Nobody => request,
        As::Token(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        As::Cookie(cookie) => request
            .header(header::COOKIE, format!("dtsec={cookie}"))
            .header("origin", "http://localhost:8417")
            .header("x-csrf-token", session::mark(cookie)),
    }
}
