//! One's own access: passkeys, tokens, sessions, links, interests.

use super::act::{Sent, sent};
use super::facts::moment;
use super::{Layout, Notice, page, words};
use crate::access::tokens::{self, Scope};
use crate::access::{By, SignedIn, Visitor};
use crate::registry::Failure;
use crate::web::{App, PathOf, Problem, QueryOf, WebError};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use dtsec_store::{AccessChange, Size};
use std::collections::{BTreeMap, BTreeSet};

struct Credential {
    id: String,
    name: String,
    created: String,
    used: String,
}

struct Token {
    id: String,
    name: String,
    scopes: String,
    expires: String,
    used: String,
    revoked: bool,
}

struct Session {
    by: String,
    this: bool,
    created: String,
    seen: String,
}

/// Something that is shown once.
struct Once {
    what: &'static str,
    secret: String,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    layout: Layout,
    notice: Option<Notice>,
    problem: Option<Problem>,
    once: Option<Once>,
    person: String,
    organisation: String,
    roles: Vec<String>,
    interests: Vec<String>,
    credentials: Vec<Credential>,
    tokens: Vec<Token>,
    sessions: Vec<Session>,
    scopes: [(&'static str, &'static str); 4],
}

fn when(time: Option<dtsec_store::Time>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| moment(&time.to_string()))
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    who: &SignedIn,
    notice: Option<Notice>,
    problem: Option<Problem>,
    once: Option<Once>,
) -> Result<Response, WebError> {
    let person = who.actor.person.as_str();
    let credential = |one: dtsec_store::Credential| Credential {
        name: one.data.get("name").and_then(serde_json::Value::as_str).unwrap_or(&one.kind).to_owned(),
        created: when(Some(one.created)),
        used: when(one.used),
        id: one.id,
    };
    let token = |one: dtsec_store::Token| Token {
        scopes: one.scopes.join(", "),
        expires: when(Some(one.expires)),
        used: when(one.used),
        revoked: one.revoked.is_some(),
        id: one.id,
        name: one.name,
    };
    let session = |one: dtsec_store::Session| Session {
        by: words::plain(one.data.get("by").and_then(serde_json::Value::as_str).unwrap_or_default()),
        this: who.by == By::Session(one.hash),
        created: when(Some(one.created)),
        seen: when(Some(one.seen)),
    };
    let tokens = app.registry.tokens(person, "", Size::new(100)).await?.items;
    let sessions = app.registry.store().sessions(person, "", Size::new(100)).await?.items;
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let mut response = page(&MePage {
        layout: Layout::new(app, visitor, "My access").at("me"),
        notice,
        problem,
        once,
        person: person.to_owned(),
        organisation: who.actor.organisation.to_string(),
        roles: who.actor.roles.iter().map(|role| words::role(role.name())).collect(),
        interests: who.actor.interests.iter().map(ToString::to_string).collect(),
        credentials: app.registry.credentials(person).await?.into_iter().map(credential).collect(),
        tokens: tokens.into_iter().map(token).collect(),
        sessions: sessions.into_iter().map(session).collect(),
        scopes: [
            ("read", "look at what you may see"),
            ("write", "give commands"),
            ("documents", "open confidential documents"),
            ("persons", "enter organisations and persons"),
        ],
    })?;
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(response)
}

pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    who: SignedIn,
    QueryOf(query): QueryOf<BTreeMap<String, String>>,
) -> Result<Response, WebError> {
    shown(&app, &visitor, &who, Notice::of(&query), None, None).await
}

/// Does one of the things on the page.
pub(super) async fn change(
    State(app): State<App>,
    visitor: Visitor,
    who: SignedIn,
    PathOf(what): PathOf<String>,
    request: Request,
) -> Result<Response, WebError> {
    let sent = sent(&app, request).await?;
    match changed(&app, &who, &what, &sent).await {
        Ok(Some(once)) => shown(&app, &visitor, &who, None, None, Some(once)).await,
        Ok(None) => Ok(Redirect::to(&format!("/me?done={what}")).into_response()),
        Err(failure @ Failure::NotFound(_)) => Err(failure.into()),
        Err(failure) => shown(&app, &visitor, &who, None, Some(Problem::of(&failure)), None).await,
    }
}

async fn changed(app: &App, who: &SignedIn, what: &str, sent: &Sent) -> Result<Option<Once>, Failure> {
    let (registry, person) = (&app.registry, who.actor.person.as_str());
    match what {
        "token" => {
            let known = [Scope::Read, Scope::Write, Scope::Documents, Scope::Persons];
            let wanted = |scope: &Scope| {
                sent.texts.iter().any(|(name, value)| name == "scope" && value == scope.name())
            };
            let scopes: BTreeSet<Scope> = known.into_iter().filter(wanted).collect();
            let days =
                sent.text("days").parse().map_err(|_| Failure::unfit("days", "a whole number is needed"))?;
            let (secret, _) = tokens::make(registry, person, sent.text("name"), &scopes, days).await?;
            Ok(Some(Once { what: "Your new token", secret }))
        }
        "revoke" => tokens::revoke(registry, person, sent.text("id")).await.map(|()| None),
        "passkey" => app.passkeys.remove(registry, who, sent.text("id")).await.map(|()| None),
        "sessions" => {
            let change = AccessChange::EndSessions { person: person.to_owned() };
            registry.own_access(person, "signed-out-everywhere", serde_json::json!({}), vec![change]).await?;
            Ok(None)
        }
        "link" => {
            let secret = registry.sign_in_link(&who.actor, &who.actor.person).await?;
            let secret = app.site.link(&format!("/sign-in/link?token={secret}"));
            Ok(Some(Once { what: "A sign-in link for another device", secret }))
        }
        "interest" => {
            let organisation = sent
                .text("organisation")
                .trim()
                .parse()
                .map_err(|error| Failure::unfit("organisation", error))?;
            registry.declare_interest(&who.actor, &organisation, sent.text("reason")).await.map(|()| None)
        }
        _ => Err(Failure::NotFound(format!("way `{what}` to change one's access"))),
    }
}
