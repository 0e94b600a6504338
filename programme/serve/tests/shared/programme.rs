//! What both test programs begin with: a place for the store, a clock that the test sets, and people.

#![allow(dead_code, reason = "each test program uses what it needs")]
#![allow(unreachable_pub, reason = "it is a part of test programs")]

use crate::fixtures;
use dtsec_registry::domain::{Actor, Command, Decision, Role};
use dtsec_scratch::Server;
use dtsec_serve::registry::Grant;
use dtsec_serve::{Clock, Registry};
use dtsec_store::{Digest, Key, Location, NewDocument, NewEvent, Settings, Time, Transaction};
use serde_json::json;
use std::path::Path;
use std::sync::Mutex;

/// Where a store is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Sqlite,
    Postgres,
}

impl Place {
    /// For a store of its own: its other files lie in the folder.
    pub fn settings(self, folder: &Path) -> Settings {
        match self {
            Self::Sqlite => Settings::new(folder),
            Self::Postgres => {
                let url = Server::shared().database();
                Settings::new(folder).database(Location::from_url(&url).unwrap())
            }
        }
    }
}

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

/// Who begins in an empty registry.
pub async fn root(registry: &Registry) -> Actor {
    registry.actor("first-member").await.unwrap().unwrap().0
}

/// Enters everybody of the fixtures.
pub async fn people(registry: &Registry) {
    let root = root(registry).await;
    let organisations = [
        ("dts", "dwg"),
        ("clinic", "dwg"),
        ("alpha", "developer"),
        ("beta", "developer"),
        ("north", "lab"),
        ("south", "lab"),
        ("home", "other"),
    ];
    for (id, kind) in organisations {
        let id = fixtures::id(id);
        registry.put_organisation(&root, &id, "An organisation", kind, "as planned").await.unwrap();
    }
    for name in PEOPLE {
        let actor = fixtures::who(name);
        let person = registry.grant(&root, &grant(&actor)).await.unwrap();
        if person.pending.is_some() {
            registry.confirm_roles(&fixtures::who("dora"), &actor.person, "as planned").await.unwrap();
        }
        for interest in &actor.interests {
            registry.declare_interest(&actor, interest, "I work for them").await.unwrap();
        }
    }
    documents(registry).await;
}

/// Every organisation has handed in every document of the fixtures.
async fn documents(registry: &Registry) {
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
    registry.store().commit(all).await.unwrap();
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

/// Carries a command out, or fails the test.
pub async fn does(registry: &Registry, name: &str, command: Command) {
    let done = registry.execute(&fixtures::who(name), &command, "as the test needs it").await;
    done.unwrap_or_else(|failure| panic!("{name}: {}: {failure}", command.name()));
}

/// Proposed by one member of the working group, confirmed by another.
pub async fn decided(registry: &Registry, decision: Decision) {
    let proposal = || fixtures::id("p");
    does(registry, "dora", Command::Propose { proposal: proposal(), decision: Box::new(decision) }).await;
    does(registry, "dirk", Command::Confirm { proposal: proposal() }).await;
}

/// A profile in public review until day 30.
pub async fn in_review(registry: &Registry) {
    decided(registry, Decision::DefineClass { class: fixtures::pump() }).await;
    let (pp, text) = (fixtures::id("pp"), Box::new(fixtures::profile("pp")));
    does(registry, "dora", Command::DraftPp { pp, text }).await;
    let closes = fixtures::date(30);
    let (pp, document) = (fixtures::id("pp"), fixtures::hash("pp"));
    does(registry, "dora", Command::OpenPpReview { pp, document, closes }).await;
}

/// A listed product, by all the steps that lead to it. It is day 31 then.
pub async fn listed(registry: &Registry, clock: &TestClock) {
    let mut world = fixtures::World::empty();
    in_review(registry).await;
    world.today = 31;
    clock.set(fixtures::at(31));
    decided(registry, fixtures::World::accept_pp()).await;
    let application = Box::new(fixtures::application("north"));
    does(registry, "nora", Command::ApplyLab { lab: fixtures::id("north"), application }).await;
    let factors = fixtures::factors();
    decided(registry, Decision::AcceptLab { lab: fixtures::id("north"), factors }).await;
    let text = Box::new(fixtures::target("st"));
    does(registry, "ann", Command::SubmitSt { st: fixtures::id("st"), text }).await;
    does(registry, "dora", Command::ReviewSt { st: fixtures::id("st") }).await;
    decided(registry, fixtures::World::approve_st()).await;
    does(registry, "nora", fixtures::World::plan("north")).await;
    does(registry, "nora", Command::StartEvaluation { evaluation: fixtures::id("ev") }).await;
    does(registry, "nora", world.deliver()).await;
    decided(registry, world.certify()).await;
}
