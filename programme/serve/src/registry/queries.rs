//! What is read: every list in pages, and nothing to whom it does not concern.

use super::lists::{Seen, list_of};
use super::rows::WaitingRow;
use super::{Case, Failure, Registry, may_read_case, parts};
use dtsec_registry::domain::entry::{Entry, EntryState};
use dtsec_registry::domain::{Actor, EntryId, Programme, Ref, Refusal, Role, Time};
use dtsec_store::{Page, Search, Size};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// What is asked of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words, or their beginnings, that must all be there.
    pub words: String,
    /// Facets that must all be there.
    pub facets: BTreeMap<String, String>,
    /// From the last to the first.
    pub backwards: bool,
    /// The page before's `next`.
    pub after: Option<String>,
    /// How many at once.
    pub size: Size,
}

/// A line of a history.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HistoryLine {
    /// Its number in the log.
    pub number: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// What happened.
    pub event: String,
    /// Who did it.
    pub by: String,
    /// Of a decision: who proposed it.
    pub proposed_by: Option<String>,
    /// In which role.
    pub capacity: Option<String>,
    /// Why.
    pub reason: String,
    /// The document that it was about.
    pub document: Option<String>,
    /// Its hash, by which the log is chained.
    pub hash: String,
}

/// What an entry was at a time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StatusAt {
    /// The entry.
    pub entry: String,
    /// The moment that was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// What it was; nothing before it came into being.
    pub is: Option<String>,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Time>,
    /// Why, in a word.
    pub because: Option<String>,
    /// The versions that were in the entry.
    pub versions: Vec<String>,
}

/// Entries side by side.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Compared {
    /// The entries, in the order in which they were asked for.
    pub entries: Vec<String>,
    /// Each property with its value for each entry.
    pub rows: Vec<ComparedRow>,
}

/// A property of entries side by side.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ComparedRow {
    /// The property.
    pub property: String,
    /// Its values, in the order of the entries.
    pub values: Vec<String>,
    /// Whether they differ.
    pub differs: bool,
}

/// Most entries that are compared at once.
pub const MOST_COMPARED: usize = 6;

pub(crate) fn is_dwg(actor: &Actor) -> bool {
    [Role::DwgScope, Role::DwgProfiles, Role::DwgAssurance].into_iter().any(|role| actor.is(role))
}

impl Registry {
    /// A page of a list, as far as an actor may see it.
    ///
    /// # Errors
    /// For a list or facet that there is not, one that is not for this actor, and a cursor that no page gave.
    pub async fn list<T: DeserializeOwned>(
        &self,
        actor: &Actor,
        name: &str,
        query: &Query,
    ) -> Result<Page<T>, Failure> {
        let list = list_of(name).ok_or_else(|| Failure::NotFound(format!("list `{name}`")))?;
        let mut search =
            Search::all(list.name).words(&query.words).after(query.after.clone()).size(query.size);
        if query.backwards {
            search = search.backwards();
        }
        for (facet, value) in &query.facets {
            if !list.facets.contains(&facet.as_str()) {
                let problem = format!("`{name}` is filtered by {}", list.facets.join(", "));
                return Err(Failure::unfit(facet, problem));
            }
            search = search.facet(facet, value);
        }
        let denied = || Failure::from(Refusal::ReadDenied { what: format!("the list `{name}`") });
        match list.seen {
            Seen::Publicly => {}
            Seen::ByDwg if is_dwg(actor) => {}
            Seen::ByParties if is_dwg(actor) || actor.is(Role::Auditor) => {}
            Seen::ByParties if !actor.roles.is_empty() => {
                search = search.facet("party", actor.organisation.as_str());
            }
            Seen::ByDwg | Seen::ByParties => return Err(denied()),
            Seen::ByOneself => return Err(Failure::NotFound(format!("list `{name}`"))),
        }
        self.typed(self.store.search(&search).await?)
    }

    /// What waits for an actor.
    ///
    /// # Errors
    /// For a cursor that no page gave.
    pub async fn waiting(
        &self,
        actor: &Actor,
        after: Option<String>,
        size: Size,
    ) -> Result<Page<WaitingRow>, Failure> {
        let search = super::terms_of(actor).after(after).size(size);
        if search.terms.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        self.typed(self.store.search_any(&search).await?)
    }

    fn typed<T: DeserializeOwned>(&self, page: Page<dtsec_store::Found>) -> Result<Page<T>, Failure> {
        let read = |row: dtsec_store::Found| {
            T::deserialize(&row.data).map_err(|error| Failure::Damaged {
                what: format!("row `{}`", row.id),
                problem: error.to_string(),
            })
        };
        let items = page.items.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// A part as the programme has it, with its version, for an actor who may see it.
    ///
    /// # Errors
    /// Where it is not there, or is not to be seen by this actor: both look the same to who is no party.
    pub async fn part(&self, actor: &Actor, kind: &str, id: &str) -> Result<(Value, i64), Failure> {
        let part =
            parts::part(kind, id).ok_or_else(|| Failure::NotFound(format!("{kind} of the id `{id}`")))?;
        let key = parts::key(&part);
        let loaded = self.store.load([key.clone()]).await?;
        let unknown = || Failure::NotFound(key.to_string());
        let state = loaded.state(&key).filter(|state| !state.is_null()).ok_or_else(unknown)?.clone();
        let view = self.view_of_case(&Case::Of(part.clone())).await?;
        if !is_seen(&view, actor, &part) {
            return Err(unknown());
        }
        let party = may_read_case(&view, actor, &Case::Of(part.clone())).is_ok();
        let state = if party { state } else { public(&part, state) };
        Ok((state, loaded.version(&key)))
    }

    /// An entry that anybody may see.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn entry(&self, id: &str) -> Result<Entry, Failure> {
        let unknown = || Failure::NotFound(format!("entry of the id `{id}`"));
        let id: EntryId = id.parse().map_err(|_| unknown())?;
        let view = self.view([Ref::Entry(id.clone())]).await?;
        let entry = view.entries.get(&id).filter(|entry| entry.state != EntryState::Claimed);
        entry.cloned().ok_or_else(unknown)
    }

    /// What an entry was at a time.
    ///
    /// # Errors
    /// Where there is no such entry.
    pub async fn status_at(&self, id: &str, at: Time) -> Result<StatusAt, Failure> {
        let entry = self.entry(id).await?;
        let trace = entry.status_at(at);
        let versions = entry.versions.iter().filter(|version| version.since <= at);
        Ok(StatusAt {
            entry: entry.id.to_string(),
            at,
            is: trace.map(|trace| trace.is.clone()),
            since: trace.map(|trace| trace.at),
            because: trace.map(|trace| trace.because.clone()),
            versions: versions.map(|version| version.version.clone()).collect(),
        })
    }

    /// Entries side by side.
    ///
    /// # Errors
    /// For fewer than two or more than [`MOST_COMPARED`], and for one that there is not.
    pub async fn compare(&self, ids: &[String]) -> Result<Compared, Failure> {
        let distinct: BTreeSet<&String> = ids.iter().collect();
        if distinct.len() != ids.len() || !(2..=MOST_COMPARED).contains(&ids.len()) {
            return Err(Failure::unfit(
                "ids",
                format!("2 to {MOST_COMPARED} different entries are compared"),
            ));
        }
        let mut entries = Vec::new();
        for id in ids {
            entries.push(self.entry(id).await?);
        }
        Ok(Compared { entries: ids.to_vec(), rows: compared(&entries) })
    }

    /// What happened to a part, oldest first. The parties see all of it; of what is public, others see it without names
    /// and reasons.
    ///
    /// # Errors
    /// As [`Registry::part`].
    pub async fn history(
        &self,
        actor: &Actor,
        kind: &str,
        id: &str,
        after: i64,
        size: Size,
    ) -> Result<Page<HistoryLine>, Failure> {
        self.part(actor, kind, id).await?;
        let part =
            parts::part(kind, id).ok_or_else(|| Failure::NotFound(format!("{kind} of the id `{id}`")))?;
        let view = self.view_of_case(&Case::Of(part.clone())).await?;
        let case = Case::Of(part.clone());
        let party = !super::case::is_public(&view, &case) && may_read_case(&view, actor, &case).is_ok();
        let whole = party || is_dwg(actor) || actor.is(Role::Auditor);
        let page = self.store.history(&parts::key(&part), after, size).await?;
        let items = page.items.into_iter().map(|event| line(event, whole)).collect();
        Ok(Page { items, next: page.next })
    }

    /// The log of all events, newest first: for the working group and auditors.
    ///
    /// # Errors
    /// For others.
    pub async fn log(
        &self,
        actor: &Actor,
        before: Option<i64>,
        size: Size,
    ) -> Result<Page<HistoryLine>, Failure> {
        if !is_dwg(actor) && !actor.is(Role::Auditor) {
            return Err(Refusal::ReadDenied { what: "the log".to_owned() }.into());
        }
        let page = self.store.events_before(before, dtsec_store::Events::All, size).await?;
        let items = page.items.into_iter().map(|event| line(event, true)).collect();
        Ok(Page { items, next: page.next })
    }
}

fn line(event: dtsec_store::Event, whole: bool) -> HistoryLine {
    let text = |field: &str| event.data.get(field).and_then(Value::as_str).map(str::to_owned);
    let private = |value: Option<String>| if whole { value } else { None };
    HistoryLine {
        number: event.seq,
        at: event.at,
        proposed_by: private(text("proposed-by")),
        capacity: text("capacity"),
        event: event.tag,
        by: private(Some(event.actor)).unwrap_or_default(),
        reason: private(Some(event.reason)).unwrap_or_default(),
        document: private(event.document.map(|digest| digest.to_string())),
        hash: event.hash.to_string(),
    }
}

/// Whether an actor may see a part as it is.
fn is_seen(view: &Programme, actor: &Actor, part: &Ref) -> bool {
    match part {
        Ref::Class(_) | Ref::Certificate(_) | Ref::Component(_) => true,
        Ref::Proposal(_) => is_dwg(actor),
        Ref::Entry(id) if view.entries.get(id).is_some_and(|entry| entry.state != EntryState::Claimed) => {
            true
        }
        Ref::Lab(id) if view.labs.get(id).is_some_and(super::rows::is_public_lab) => true,
        _ => may_read_case(view, actor, &Case::Of(part.clone())).is_ok(),
    }
}

/// A part without what only its parties may know: which vulnerabilities are open in an entry, what was weighed about a lab. It
/// is emptied and not left out, so that it can still be read as that part; how many are open stands in the list of entries.
fn public(part: &Ref, mut state: Value) -> Value {
    let hidden: &[&str] = match part {
        Ref::Entry(_) => &["/open", "/conflicted", "/requests"],
        Ref::Lab(_) => &["/state/factors", "/application/affiliates"],
        _ => &[],
    };
    if let (Ref::Lab(_), Some(lab)) = (part, state.as_object_mut()) {
        lab.remove("extension");
    }
    if let (Ref::Entry(_), Some(entry)) = (part, state.as_object_mut()) {
        entry.remove("affected");
    }
    for place in hidden {
        match state.pointer_mut(place) {
            Some(Value::Array(all)) => all.clear(),
            Some(Value::Object(all)) => all.values_mut().for_each(|one| *one = Value::String(String::new())),
            _ => {}
        }
    }
    state
}

/// How a property of an entry is shown.
type Shown = Box<dyn Fn(&Entry) -> String>;

fn compared(entries: &[Entry]) -> Vec<ComparedRow> {
    let list = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    let shown: Vec<(&str, Shown)> = vec![
        ("product", Box::new(|entry| entry.product.clone())),
        ("developer", Box::new(|entry| entry.developer.to_string())),
        ("class", Box::new(|entry| entry.class.to_string())),
        ("state", Box::new(|entry| super::rows::tag(&entry.state))),
        ("kind", Box::new(|entry| super::EntryRow::from(entry).kind)),
        ("profile", Box::new(|entry| entry.profile.as_ref().map(ToString::to_string).unwrap_or_default())),
        ("assurance", Box::new(move |entry| list(&entry.components))),
        ("claims", Box::new(move |entry| list(&entry.claims))),
        ("version", Box::new(|entry| super::EntryRow::from(entry).version.unwrap_or_default())),
        ("identity", Box::new(|entry| super::EntryRow::from(entry).identity.unwrap_or_default())),
        ("lab", Box::new(|entry| entry.lab().map(ToString::to_string).unwrap_or_default())),
        ("last-reviewed", Box::new(|entry| entry.last_reviewed.to_string())),
        ("open-vulnerabilities", Box::new(|entry| entry.open.len().to_string())),
    ];
    let row = |(property, value): &(&str, Shown)| {
        let values: Vec<String> = entries.iter().map(value).collect();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        ComparedRow { property: (*property).to_owned(), values, differs }
    };
    shown.iter().map(row).collect()
}
