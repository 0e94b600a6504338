//! What is read: lists, parts, histories.

use crate::access::{SignedIn, Visitor};
use crate::registry::{Compared, Failure, HistoryLine, Query, StatusAt, WaitingRow};
use crate::web::{App, PathOf, QueryOf, WebError};
use axum::Json;
use axum::extract::State;
use dtsec_registry::domain::{RULES, Time};
use dtsec_store::{Page, Size};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// A page of something.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Paged<T> {
    /// The things.
    pub(super) items: Vec<T>,
    /// What to give as `after` for the next page; nothing on the last one.
    pub(super) next: Option<String>,
}

impl<T> From<Page<T>> for Paged<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next: page.next }
    }
}

/// Where to go on, and how much at once.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Onward {
    /// The page before's `next`.
    pub(super) after: Option<String>,
    /// How many at once, 500 at most.
    pub(super) size: Option<u16>,
}

impl Onward {
    pub(super) fn size(&self) -> Size {
        self.size.map(Size::new).unwrap_or_default()
    }

    /// Where the cursor is a number.
    pub(super) fn number(&self) -> Result<Option<i64>, Failure> {
        let parse =
            |text: &String| text.parse().map_err(|_| Failure::unfit("after", "this is no page's `next`"));
        self.after.as_ref().map(parse).transpose()
    }
}

/// A page of a list. Besides `q`, `after`, `size` and `order`, every facet of the list is a parameter.
#[utoipa::path(
    get, path = "/api/v1/lists/{list}", tag = "lists",
    params(
        ("list" = String, Path, description = "entries, labs, pps, classes, public-sts, claims, drafts, lab-applications, sts, evaluations, requests, vulnerabilities, audits, agreements, proposals, persons"),
        ("q" = Option<String>, Query, description = "Words, or their beginnings"),
        ("order" = Option<String>, Query, description = "`backwards` begins at the end"),
        Onward,
    ),
    responses((status = 200, description = "A page", body = Paged<Object>))
)]
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    PathOf(name): PathOf<String>,
    QueryOf(mut facets): QueryOf<BTreeMap<String, String>>,
) -> Result<Json<Paged<Value>>, WebError> {
    let words = facets.remove("q").unwrap_or_default();
    let after = facets.remove("after");
    let backwards = match facets.remove("order").as_deref() {
        None | Some("forwards") => false,
        Some("backwards") => true,
        Some(_) => return Err(Failure::unfit("order", "`forwards` or `backwards`").into()),
    };
    let size = match facets.remove("size") {
        None => Size::default(),
        Some(size) => Size::new(size.parse().map_err(|error| Failure::unfit("size", error))?),
    };
    let query = Query { words, facets, backwards, after, size };
    Ok(Json(app.registry.list(&visitor.actor()?, &name, &query).await?.into()))
}

/// What waits for who asks.
#[utoipa::path(
    get, path = "/api/v1/waiting", tag = "lists", params(Onward),
    responses((status = 200, description = "A page", body = Paged<WaitingRow>))
)]
pub(super) async fn waiting(
    State(app): State<App>,
    who: SignedIn,
    QueryOf(from): QueryOf<Onward>,
) -> Result<Json<Paged<WaitingRow>>, WebError> {
    let size = from.size();
    Ok(Json(app.registry.waiting(&who.actor, from.after, size).await?.into()))
}

/// A part of the programme as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Part {
    /// What it is.
    kind: String,
    /// Which one.
    id: String,
    /// How often it changed: for `seen` of a command.
    version: i64,
    /// What it is now.
    #[schema(value_type = Object)]
    state: Value,
}

/// A part: an entry, a lab, a profile, a Security Target, an evaluation, …
#[utoipa::path(
    get, path = "/api/v1/parts/{kind}/{id}", tag = "parts",
    params(
        ("kind" = String, Path, description = "entry, lab, pp, st, evaluation, request, vulnerability, audit, agreement, proposal, class, certificate, component"),
        ("id" = String, Path, description = "Its id"),
    ),
    responses((status = 200, description = "The part", body = Part))
)]
pub(super) async fn part(
    State(app): State<App>,
    visitor: Visitor,
    PathOf((kind, id)): PathOf<(String, String)>,
) -> Result<Json<Part>, WebError> {
    let (state, version) = app.registry.part(&visitor.actor()?, &kind, &id).await?;
    Ok(Json(Part { kind, id, version, state }))
}

/// What happened to a part, oldest first.
#[utoipa::path(
    get, path = "/api/v1/parts/{kind}/{id}/history", tag = "parts",
    params(("kind" = String, Path, description = "What it is"), ("id" = String, Path, description = "Its id"), Onward),
    responses((status = 200, description = "A page", body = Paged<HistoryLine>))
)]
pub(super) async fn history(
    State(app): State<App>,
    visitor: Visitor,
    PathOf((kind, id)): PathOf<(String, String)>,
    QueryOf(from): QueryOf<Onward>,
) -> Result<Json<Paged<HistoryLine>>, WebError> {
    let after = from.number()?.unwrap_or(0);
    Ok(Json(app.registry.history(&visitor.actor()?, &kind, &id, after, from.size()).await?.into()))
}

/// A moment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct At {
    /// A moment, or a day: then its end, in UTC.
    at: String,
}

impl At {
    fn time(&self) -> Result<Time, Failure> {
        if let Ok(time) = self.at.parse::<Time>() {
            return Ok(time);
        }
        let unfit = |_| Failure::unfit("at", "a moment such as 2030-01-31T12:00:00Z, or a day");
        let day: jiff::civil::Date = self.at.parse().map_err(unfit)?;
        let end = day.at(23, 59, 59, 999_999_000).to_zoned(jiff::tz::TimeZone::UTC).map_err(unfit)?;
        Ok(end.timestamp())
    }
}

/// What an entry was at a time.
#[utoipa::path(
    get, path = "/api/v1/entries/{id}/status", tag = "parts",
    params(("id" = String, Path, description = "The entry"), At),
    responses((status = 200, description = "What it was", body = StatusAt))
)]
pub(super) async fn status(
    State(app): State<App>,
    PathOf(id): PathOf<String>,
    QueryOf(at): QueryOf<At>,
) -> Result<Json<StatusAt>, WebError> {
    Ok(Json(app.registry.status_at(&id, at.time()?).await?))
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ids {
    /// Ids with commas between them.
    ids: String,
}

/// Entries side by side.
#[utoipa::path(
    get, path = "/api/v1/compare", tag = "parts", params(Ids),
    responses((status = 200, description = "The entries", body = Compared))
)]
pub(super) async fn compare(
    State(app): State<App>,
    QueryOf(ids): QueryOf<Ids>,
) -> Result<Json<Compared>, WebError> {
    let ids: Vec<String> = ids.ids.split(',').map(|id| id.trim().to_owned()).collect();
    Ok(Json(app.registry.compare(&ids).await?))
}

/// The log, newest first.
#[utoipa::path(
    get, path = "/api/v1/log", tag = "log", params(Onward),
    responses((status = 200, description = "A page", body = Paged<HistoryLine>))
)]
pub(super) async fn log(
    State(app): State<App>,
    who: SignedIn,
    QueryOf(from): QueryOf<Onward>,
) -> Result<Json<Paged<HistoryLine>>, WebError> {
    Ok(Json(app.registry.log(&who.actor, from.number()?, from.size()).await?.into()))
}

/// A rule of the programme.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RuleRow {
    number: &'static str,
    clause: &'static str,
    text: &'static str,
    obligations: &'static [&'static str],
    guards: &'static [&'static str],
}

/// The rules by which commands are refused.
#[utoipa::path(
    get, path = "/api/v1/rules", tag = "description",
    responses((status = 200, description = "Every rule", body = Vec<RuleRow>))
)]
pub(super) async fn rules() -> Json<Vec<RuleRow>> {
    let row = |row: &dtsec_registry::domain::Row| RuleRow {
        number: row.number,
        clause: row.clause,
        text: row.text,
        obligations: row.obligations,
        guards: row.guards,
    };
    Json(RULES.iter().map(row).collect())
}
