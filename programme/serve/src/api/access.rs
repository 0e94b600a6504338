//! Organisations and persons.

use super::lists::{Onward, Paged};
use crate::access::SignedIn;
use crate::registry::{Failure, Grant, PersonData};
use crate::web::{App, Json, PathOf, QueryOf, WebError};
use axum::extract::State;
use axum::http::StatusCode;
use dtsec_registry::domain::{OrganisationId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganisationRow {
    id: String,
    name: String,
    kind: String,
}

/// Every organisation.
#[utoipa::path(
    get, path = "/api/v1/organisations", tag = "persons", params(Onward),
    responses((status = 200, description = "A page", body = Paged<OrganisationRow>))
)]
pub(super) async fn organisations(
    State(app): State<App>,
    _: SignedIn,
    QueryOf(from): QueryOf<Onward>,
) -> Result<axum::Json<Paged<OrganisationRow>>, WebError> {
    let page =
        app.registry.store().organisations(from.after.as_deref().unwrap_or_default(), from.size()).await?;
    let row = |one: dtsec_store::Organisation| OrganisationRow { id: one.id, name: one.name, kind: one.kind };
    Ok(axum::Json(Paged { items: page.items.into_iter().map(row).collect(), next: page.next }))
}

/// An organisation to enter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct NewOrganisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    /// `lab`, `developer`, `dwg`, `other`.
    kind: String,
    /// Why.
    reason: String,
}

/// Enters an organisation, or gives it another name.
#[utoipa::path(
    post, path = "/api/v1/organisations", tag = "persons", request_body = NewOrganisation,
    responses((status = 204, description = "It is done"))
)]
pub(super) async fn put_organisation(
    State(app): State<App>,
    who: SignedIn,
    Json(new): Json<NewOrganisation>,
) -> Result<StatusCode, WebError> {
    app.registry.put_organisation(&who.actor, &new.id, &new.name, &new.kind, &new.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person, as he is now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Granted {
    person: String,
    /// What the person may be now.
    roles: Vec<&'static str>,
    /// What a second member of the working group has to confirm.
    pending: Vec<&'static str>,
}

fn granted(id: &PersonId, person: &PersonData) -> axum::Json<Granted> {
    let pending = person.pending.iter().flat_map(|pending| &pending.roles);
    axum::Json(Granted {
        person: id.to_string(),
        roles: person.roles.iter().map(|role| role.name()).collect(),
        pending: pending.map(|role| role.name()).collect(),
    })
}

/// Enters a person, or gives a person other roles.
#[utoipa::path(
    post, path = "/api/v1/persons", tag = "persons", request_body = Grant,
    responses((status = 200, description = "It is done", body = Granted))
)]
pub(super) async fn grant(
    State(app): State<App>,
    who: SignedIn,
    Json(new): Json<Grant>,
) -> Result<axum::Json<Granted>, WebError> {
    let person = app.registry.grant(&who.actor, &new).await?;
    Ok(granted(&new.person, &person))
}

/// A person, for who may enter others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PersonShown {
    person: String,
    name: String,
    email: Option<String>,
    organisation: String,
    roles: Vec<&'static str>,
    /// What a second member of the working group has to confirm.
    pending: Vec<&'static str>,
    interests: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled: Option<dtsec_store::Time>,
}

/// A person: for the working group, and for members of the same organisation.
#[utoipa::path(
    get, path = "/api/v1/persons/{id}", tag = "persons",
    params(("id" = String, Path, description = "The person")),
    responses((status = 200, description = "The person", body = PersonShown))
)]
pub(super) async fn one(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
) -> Result<axum::Json<PersonShown>, WebError> {
    let person = app.registry.person_for(&who.actor, &id).await?;
    let pending = person.pending.iter().flat_map(|pending| &pending.roles);
    Ok(axum::Json(PersonShown {
        pending: pending.map(|role| role.name()).collect(),
        roles: person.roles.iter().map(|role| role.name()).collect(),
        interests: person.interests.iter().map(ToString::to_string).collect(),
        organisation: person.organisation.to_string(),
        name: person.name,
        email: person.email,
        disabled: person.disabled,
        person: id,
    }))
}

/// A reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// Why.
    reason: String,
}

fn person(id: &str) -> Result<PersonId, Failure> {
    id.parse().map_err(|error| Failure::unfit("id", error))
}

/// Confirms the working group's roles of a person, as its second member.
#[utoipa::path(
    post, path = "/api/v1/persons/{id}/confirm", tag = "persons", request_body = Because,
    params(("id" = String, Path, description = "The person")),
    responses((status = 200, description = "It is done", body = Granted))
)]
pub(super) async fn confirm(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
    Json(because): Json<Because>,
) -> Result<axum::Json<Granted>, WebError> {
    let id = person(&id)?;
    let person = app.registry.confirm_roles(&who.actor, &id, &because.reason).await?;
    Ok(granted(&id, &person))
}

/// Keeps a person out from now on.
#[utoipa::path(
    post, path = "/api/v1/persons/{id}/disable", tag = "persons", request_body = Because,
    params(("id" = String, Path, description = "The person")),
    responses((status = 204, description = "It is done"))
)]
pub(super) async fn disable(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
    Json(because): Json<Because>,
) -> Result<StatusCode, WebError> {
    app.registry.disable(&who.actor, &person(&id)?, &because.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A sign-in link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Link {
    /// It works once, and for a day.
    url: String,
}

/// Makes a sign-in link for a person.
#[utoipa::path(
    post, path = "/api/v1/persons/{id}/link", tag = "persons",
    params(("id" = String, Path, description = "The person")),
    responses((status = 201, description = "It is made, and shown only now", body = Link))
)]
pub(super) async fn link(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
) -> Result<(StatusCode, axum::Json<Link>), WebError> {
    let secret = app.registry.sign_in_link(&who.actor, &person(&id)?).await?;
    let url = app.site.link(&format!("/sign-in/link?token={secret}"));
    Ok((StatusCode::CREATED, axum::Json(Link { url })))
}
