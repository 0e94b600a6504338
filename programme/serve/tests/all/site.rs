//! A server with a small programme, a clock of the test's own, and whoever asks it.

#![allow(unreachable_pub, reason = "it is a part of a test programme")]

use crate::fixtures;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use dtsec_registry::domain::{Actor, Command, Decision, Role};
use dtsec_serve::access::oidc::{Provider, ProviderConfig};
use dtsec_serve::access::session;
use dtsec_serve::registry::{Grant, Lists};
use dtsec_serve::web::router::router;
use dtsec_serve::web::state::{App, Site as Set};
use dtsec_serve::{Clock, Registry};
use dtsec_store::{Digest, Key, NewDocument, NewEvent, Settings, Store, Time, Transaction};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;

/// A clock that the test sets.
pub struct TestClock(Mutex<Time>);

impl TestClock {
    pub fn at(now: Time) -> Self {
        Self(Mutex::new(now))
    }

    pub fn set(&self, now: Time) {
        *self.0.lock().unwrap() = now;
    }

    pub fn forward(&self, by: jiff::SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }
}

/// The members, labs and developers of the fixtures, each with his organisation and roles.
pub const PEOPLE: [&str; 9] = ["dora", "dirk", "dina", "ann", "bob", "nora", "saul", "otto", "pat"];

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

impl Site {
    /// An empty registry with its first member.
    pub async fn empty() -> Self {
        Self::with(|_| {}, None).await
    }

    pub async fn with(change: impl FnOnce(&mut Set), provider: Option<ProviderConfig>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Settings::new(folder.path()), Arc::new(Lists)).await.unwrap();
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
        let site = Self::empty().await;
        site.people().await;
        site
    }

    pub async fn people(&self) {
        let root = self.root().await;
        for (id, kind) in [("dts", "dwg"), ("clinic", "dwg"), ("alpha", "developer"), ("beta", "developer")] {
            self.organisation(&root, id, kind).await;
        }
        for id in ["north", "south", "home"] {
            self.organisation(&root, id, if id == "home" { "other" } else { "lab" }).await;
        }
        for name in PEOPLE {
            let actor = fixtures::who(name);
            let person = self.registry.grant(&root, &grant(&actor)).await.unwrap();
            if person.pending.is_some() {
                self.registry
                    .confirm_roles(&fixtures::who("dora"), &actor.person, "as planned")
                    .await
                    .unwrap();
            }
            for interest in &actor.interests {
                self.registry.declare_interest(&actor, interest, "I work for them").await.unwrap();
            }
        }
        self.documents().await;
    }

    /// Every organisation has handed in every document of the fixtures.
    async fn documents(&self) {
        let key = Key::new("upload", "everybody");
        let mut all = Transaction::new("test", fixtures::at(0));
        all.events.push(NewEvent::new(key, "documents-handed-in", json!({})));
        for organisation in ["dts", "clinic", "alpha", "beta", "north", "south", "home", "public"] {
            all.documents.extend(fixtures::DOCUMENTS.map(|name| NewDocument {
                case: format!("upload/{organisation}"),
                digest: Digest::of(name.as_bytes()),
                confidential: false,
                media: "text/plain; charset=utf-8".to_owned(),
                name: name.to_owned(),
                bytes: name.as_bytes().to_vec(),
            }));
        }
        self.registry.store().commit(all).await.unwrap();
    }

    pub async fn root(&self) -> Actor {
        self.registry.actor(&self.first.0).await.unwrap().unwrap().0
    }

    async fn organisation(&self, root: &Actor, id: &str, kind: &str) {
        let id = fixtures::id(id);
        self.registry.put_organisation(root, &id, "An organisation", kind, "as planned").await.unwrap();
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
        let done = self.registry.execute(&fixtures::who(name), &command, "as the test needs it").await;
        done.unwrap_or_else(|failure| panic!("{name}: {}: {failure}", command.name()));
    }

    pub async fn decided(&self, decision: Decision) {
        let proposal = || fixtures::id("p");
        self.does("dora", Command::Propose { proposal: proposal(), decision: Box::new(decision) }).await;
        self.does("dirk", Command::Confirm { proposal: proposal() }).await;
    }

    /// A listed product, by all the steps that lead to it.
    pub async fn with_entry() -> Self {
        let site = Self::with_people().await;
        site.listed().await;
        site
    }

    pub async fn listed(&self) {
        let mut world = fixtures::World::empty();
        self.decided(Decision::DefineClass { class: fixtures::pump() }).await;
        let (pp, text) = (fixtures::id("pp"), Box::new(fixtures::profile("pp")));
        self.does("dora", Command::DraftPp { pp, text }).await;
        let closes = fixtures::date(30);
        let (pp, document) = (fixtures::id("pp"), fixtures::hash("pp"));
        self.does("dora", Command::OpenPpReview { pp, document, closes }).await;
        world.today = 31;
        self.clock.set(fixtures::at(31));
        self.decided(fixtures::World::accept_pp()).await;
        let application = Box::new(fixtures::application("north"));
        self.does("nora", Command::ApplyLab { lab: fixtures::id("north"), application }).await;
        let factors = fixtures::factors();
        self.decided(Decision::AcceptLab { lab: fixtures::id("north"), factors }).await;
        let text = Box::new(fixtures::target("st"));
        self.does("ann", Command::SubmitSt { st: fixtures::id("st"), text }).await;
        self.does("dora", Command::ReviewSt { st: fixtures::id("st") }).await;
        self.decided(fixtures::World::approve_st()).await;
        self.does("nora", fixtures::World::plan("north")).await;
        self.does("nora", Command::StartEvaluation { evaluation: fixtures::id("ev") }).await;
        self.does("nora", world.deliver()).await;
        self.decided(world.certify()).await;
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

pub fn grant(actor: &Actor) -> Grant {
    Grant {
        person: actor.person.clone(),
        name: actor.person.to_string(),
        email: Some(format!("{}@example.org", actor.person)),
        organisation: actor.organisation.clone(),
        roles: actor.roles.iter().copied().filter(|role| *role != Role::Public).collect(),
        reason: "as planned".to_owned(),
    }
}
