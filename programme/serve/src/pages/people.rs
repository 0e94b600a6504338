//! Persons and organisations: for the working group, and for those who answer for their own organisation.

use super::act::{Sent, sent};
use super::{Layout, Notice, page, words};
use crate::access::{SignedIn, Visitor};
use crate::registry::{Failure, Grant, PersonRow, Query, is_dwg};
use crate::web::{App, PathOf, Problem, QueryOf, WebError};
use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use dtsec_registry::domain::Role;
use dtsec_store::{Organisation, Size};
use std::collections::BTreeMap;

struct Line {
    row: PersonRow,
    roles: String,
    pending: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    layout: Layout,
    notice: Option<Notice>,
    problem: Option<Problem>,
    link: Option<String>,
    lines: Vec<Line>,
    next: Option<super::Next>,
    organisations: Vec<Organisation>,
    roles: Vec<(&'static str, String)>,
    is_dwg: bool,
    kept: BTreeMap<String, String>,
}

impl PeoplePage {
    /// What was typed.
    fn kept(&self, name: &str) -> &str {
        self.kept.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// What stands above the page.
#[derive(Default)]
struct Said {
    notice: Option<Notice>,
    problem: Option<Problem>,
    link: Option<String>,
    kept: BTreeMap<String, String>,
    after: Option<String>,
}

async fn shown(app: &App, visitor: &Visitor, who: &SignedIn, said: Said) -> Result<Response, WebError> {
    let query = Query { after: said.after, ..Query::default() };
    let found = app.registry.list::<PersonRow>(&who.actor, "persons", &query).await?;
    let names = |all: &[String]| all.iter().map(|role| words::role(role)).collect::<Vec<_>>().join("; ");
    let line = |row: PersonRow| Line { roles: names(&row.roles), pending: names(&row.pending), row };
    let organisations = app.registry.store().organisations("", Size::new(500)).await?.items;
    let status = said.problem.as_ref().map_or(200, |problem| problem.status);
    let roles = Role::ALL.into_iter().filter(|role| *role != Role::Public);
    let mut response = page(&PeoplePage {
        layout: Layout::new(app, visitor, "People").at("people"),
        notice: said.notice,
        problem: said.problem,
        link: said.link,
        next: found.next.as_deref().map(|next| super::Next::new("/people", &[], next)),
        lines: found.items.into_iter().map(line).collect(),
        organisations,
        roles: roles.map(|role| (role.name(), words::role(role.name()))).collect(),
        is_dwg: is_dwg(&who.actor),
        kept: said.kept,
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
    let said = Said { notice: Notice::of(&query), after: query.get("after").cloned(), ..Said::default() };
    shown(&app, &visitor, &who, said).await
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
        Ok(None) => Ok(Redirect::to(&format!("/people?done={what}")).into_response()),
        Ok(link) => shown(&app, &visitor, &who, Said { link, ..Said::default() }).await,
        Err(failure @ Failure::NotFound(_)) => Err(failure.into()),
        Err(failure) => {
            let kept = sent.texts.into_iter().filter(|(name, _)| name != "csrf").collect();
            shown(
                &app,
                &visitor,
                &who,
                Said { problem: Some(Problem::of(&failure)), kept, ..Said::default() },
            )
            .await
        }
    }
}

async fn changed(app: &App, who: &SignedIn, what: &str, sent: &Sent) -> Result<Option<String>, Failure> {
    let registry = &app.registry;
    let unfit =
        |field: &'static str| move |error: dtsec_registry::domain::IdError| Failure::unfit(field, error);
    let person = || sent.text("person").trim().parse().map_err(unfit("person"));
    match what {
        "organisation" => {
            let id = sent.text("id").trim().parse().map_err(unfit("id"))?;
            let (name, kind) = (sent.text("name"), sent.text("kind"));
            registry.put_organisation(&who.actor, &id, name, kind, sent.text("reason")).await?;
        }
        "person" => {
            let chosen =
                |role: &Role| sent.texts.iter().any(|(name, value)| name == "role" && value == role.name());
            let grant = Grant {
                person: person()?,
                name: sent.text("name").to_owned(),
                email: Some(sent.text("email").trim().to_owned()).filter(|email| !email.is_empty()),
                organisation: sent.text("organisation").parse().map_err(unfit("organisation"))?,
                roles: Role::ALL.into_iter().filter(chosen).collect(),
                reason: sent.text("reason").to_owned(),
            };
            registry.grant(&who.actor, &grant).await?;
        }
        "confirm" => {
            registry.confirm_roles(&who.actor, &person()?, sent.text("reason")).await?;
        }
        "disable" => registry.disable(&who.actor, &person()?, sent.text("reason")).await?,
        "link" => {
            let secret = registry.sign_in_link(&who.actor, &person()?).await?;
            return Ok(Some(app.site.link(&format!("/sign-in/link?token={secret}"))));
        }
        _ => return Err(Failure::NotFound(format!("way `{what}` to change persons"))),
    }
    Ok(None)
}
