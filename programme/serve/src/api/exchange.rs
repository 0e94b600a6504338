//! Formats of others: advisories out, lists of components and reports in.

use super::commands::key;
use super::{csaf, reports, sbom};
use crate::access::{SignedIn, Visitor};
use crate::registry::{Case, Failure, Kind, Outcome, Terms, Upload};
use crate::web::{App, Body, PathOf, QueryOf, WebError};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use dtsec_registry::domain::vulnerability::Report;
use dtsec_registry::domain::{Command, ComponentId, EntryId, Ref, VulnerabilityId};
use dtsec_store::{Digest, Key, NewDocument, NewEvent, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

/// The advisory on a vulnerability: CSAF 2.0 with VEX. Its parties see it at once, everybody when nobody is endangered by it.
#[utoipa::path(
    get, path = "/api/v1/advisories/{vulnerability}", tag = "exchange",
    params(("vulnerability" = String, Path, description = "The vulnerability")),
    responses((status = 200, description = "CSAF 2.0, profile VEX", body = Object))
)]
pub(super) async fn advisory(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(id): PathOf<String>,
) -> Result<Response, WebError> {
    let unknown = || Failure::NotFound(format!("advisory on `{id}`"));
    let id: VulnerabilityId = id.parse().map_err(|_| unknown())?;
    let part = Ref::Vulnerability(id.clone());
    let view = app.registry.view([part.clone()]).await?;
    let vulnerability = view.vulnerabilities.get(&id).ok_or_else(unknown)?;
    let view = app.registry.view(vulnerability.entries.iter().cloned().map(Ref::Entry)).await?;
    let entries: Vec<_> = view.entries.values().cloned().collect();
    let party = app.registry.may_read(&visitor.actor()?, &Case::Of(part)).await.is_ok();
    if !party && !csaf::is_public(vulnerability, &entries) {
        return Err(unknown().into());
    }
    let made = app.registry.advisory(&app.site.name, &app.site.origin, vulnerability, &entries).await?;
    let mut response = Json(made).into_response();
    let name = format!("attachment; filename=\"{}.json\"", id.as_str().to_lowercase());
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// What the programme knows of a list of components.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct TakenIn {
    /// The list's SHA-256.
    digest: String,
    /// How many components it has.
    components: usize,
    /// Those that other entries hold as well, as the programme calls them.
    shared: Vec<SharedComponent>,
}

/// A component that entries share.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SharedComponent {
    /// Its id.
    id: String,
    /// The entries that hold it.
    entries: Vec<String>,
    /// Whether the entry says so as well: a component that it does not name was not in what was certified.
    named: bool,
}

/// Takes in the list of components (CycloneDX, JSON) of an entry, from its developer.
#[utoipa::path(
    post, path = "/api/v1/entries/{id}/components", tag = "exchange",
    params(("id" = String, Path, description = "The entry")),
    request_body(content = Object, content_type = "application/vnd.cyclonedx+json"),
    responses((status = 200, description = "It is kept", body = TakenIn))
)]
pub(super) async fn components(
    State(app): State<App>,
    who: SignedIn,
    PathOf(id): PathOf<String>,
    Body { bytes, .. }: Body,
) -> Result<Json<TakenIn>, WebError> {
    let registry = &app.registry;
    let unknown = || Failure::NotFound(format!("entry of the id `{id}`"));
    let id: EntryId = id.parse().map_err(|_| unknown())?;
    let view = registry.view([Ref::Entry(id.clone())]).await?;
    let entry = view.entries.get(&id).ok_or_else(unknown)?;
    let own =
        entry.developer == who.actor.organisation && who.actor.is(dtsec_registry::domain::Role::Developer);
    if !own {
        let refusal = dtsec_registry::domain::Refusal::NotYours {
            what: format!("entry {id}"),
            owner: entry.developer.to_string(),
        };
        return Err(refusal.into());
    }
    let all = sbom::components(&bytes)?;
    let candidates: BTreeSet<ComponentId> = all.iter().filter_map(|one| one.shared().parse().ok()).collect();
    let known = registry.view(candidates.into_iter().map(Ref::Component)).await?;
    let shared = known.components.iter().map(|(component, entries)| SharedComponent {
        id: component.to_string(),
        entries: entries.iter().map(ToString::to_string).collect(),
        named: entry.contains.contains(component),
    });
    let shared: Vec<_> = shared.collect();
    let digest = Digest::of(&bytes);
    let mut transaction = Transaction::new(who.actor.person.as_str(), registry.now());
    let data = json!({ "components": all.len(), "shared": shared.len() });
    let mut event = NewEvent::new(Key::new("sbom", id.as_str()), "components-taken-in", data);
    event.document = Some(digest.clone());
    transaction.events.push(event);
    transaction.documents.push(NewDocument {
        case: Case::Of(Ref::Entry(id)).to_string(),
        digest: digest.clone(),
        confidential: true,
        media: "application/vnd.cyclonedx+json".to_owned(),
        name: "components.cdx.json".to_owned(),
        bytes: bytes.to_vec(),
    });
    registry.store().commit(transaction).await?;
    Ok(Json(TakenIn { digest: digest.to_string(), components: all.len(), shared }))
}

/// What goes with a report.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct About {
    /// Entries that it touches, with commas between them.
    #[serde(default)]
    entries: String,
    /// The shared component in which it lies; where it is not given, the one that the record names and the programme knows.
    component: Option<String>,
    /// Why it is reported here.
    reason: String,
}

/// Reports a vulnerability with a record in OSV's or CVE's format.
#[utoipa::path(
    post, path = "/api/v1/reports/{format}", tag = "exchange",
    params(("format" = String, Path, description = "`osv` or `cve`"), About),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "It is reported", body = Outcome))
)]
pub(super) async fn report(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(format): PathOf<String>,
    QueryOf(about): QueryOf<About>,
    headers: HeaderMap,
    Body { media, bytes }: Body,
) -> Result<Json<Outcome>, WebError> {
    let imported = match format.as_str() {
        "osv" => reports::osv(&bytes)?,
        "cve" => reports::cve(&bytes)?,
        _ => return Err(Failure::NotFound(format!("format `{format}`: `osv` and `cve` are read")).into()),
    };
    let registry = &app.registry;
    let entries = about.entries.split(',').map(str::trim).filter(|id| !id.is_empty());
    let entries = entries
        .map(|id| id.parse::<EntryId>().map_err(|error| Failure::unfit("entries", error)))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let component = match about.component {
        Some(id) => Some(id.parse::<ComponentId>().map_err(|error| Failure::unfit("component", error))?),
        None => {
            let candidates = imported.components.iter().filter_map(|id| id.parse::<ComponentId>().ok());
            let known = registry.view(candidates.map(Ref::Component)).await?;
            known.components.keys().next().cloned()
        }
    };
    if entries.is_empty() && component.is_none() {
        let problem = "the record names no component that the programme knows; name entries or a component";
        return Err(Failure::unfit("entries", problem).into());
    }
    let vulnerability: VulnerabilityId = imported.id.parse().map_err(|error| Failure::unfit("id", error))?;
    let document = Digest::of(&bytes).as_str().parse().map_err(|error| Failure::unfit("body", error))?;
    let command = Command::ReportVulnerability {
        vulnerability,
        report: Report { document, severity: imported.severity, entries, component, plan: None },
    };
    let media = if media.is_empty() { "application/json".to_owned() } else { media };
    let attached = vec![Upload {
        kind: Kind::Other,
        media,
        name: format!("{}.json", imported.id),
        bytes: bytes.to_vec(),
    }];
    let terms = Terms { request: key(&headers)?, attached, ..Terms::default() };
    let actor = visitor.actor()?;
    Ok(Json(registry.execute_with(&actor, &command, &about.reason, &terms).await?))
}
