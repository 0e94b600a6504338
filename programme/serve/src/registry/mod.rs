//! The application service: what is asked of the programme, in one transaction each.

mod access;
mod case;
mod documents;
mod failure;
mod lists;
pub mod parts;
mod published;
mod queries;
mod replay;
mod rows;
mod waiting;

pub use access::{DWG, Grant, Pending, PersonData, may_grant};
pub(crate) use access::{LINK, MOST_CREDENTIALS};
pub use case::{Case, may_read_case};
pub use documents::{Checked, Kind, Stored, Upload, checked};
pub use failure::Failure;
pub use lists::{LISTS, ListOf, Lists, Seen};
pub use published::{OpenVulnerability, PublicEvent};
pub(crate) use queries::is_dwg;
pub use queries::*;
pub use replay::Replayed;
pub use rows::*;
pub use waiting::terms_of;

use crate::Clock;
use dtsec_registry::domain::{Actor, Change, Command, Event, Programme, Ref, apply_all, decide};
use dtsec_store::{Digest, Key, Loaded, NewEvent, Request, Store, Time, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How often something is decided anew when somebody else was faster.
const TRIES: u32 = 5;

/// More rounds of loading than any command needs.
const ROUNDS: usize = 16;

/// The outbox' topic for whoever publishes the list.
pub const TOPIC_PUBLIC: &str = "public-list";

/// The programme, kept in a store. Clones share it.
#[derive(Clone)]
pub struct Registry {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    /// The number of its first event in the log.
    pub first: i64,
    /// The number of its last event.
    pub last: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// It had been carried out before, by the same request: nothing happened now.
    pub repeated: bool,
    /// The tags of what happened; empty where it is repeated.
    pub events: Vec<String>,
    /// What changed, as `KIND/ID`; empty where it is repeated.
    pub changed: Vec<String>,
}

/// What goes with a command.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The number of the form, or the `Idempotency-Key`: the command is carried out once under it.
    pub request: Option<String>,
    /// The versions that the caller saw, by `KIND/ID`: if one has moved on, the command is refused.
    pub seen: BTreeMap<String, i64>,
    /// Documents that come with it. Those that the command names are kept in its case.
    pub attached: Vec<Upload>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.store.fmt(out)
    }
}

impl Registry {
    /// Over a store that was opened with [`Lists`].
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Where it is kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Carries a command out.
    ///
    /// # Errors
    /// A [`Failure`]; then nothing was changed.
    pub async fn execute(&self, actor: &Actor, command: &Command, reason: &str) -> Result<Outcome, Failure> {
        self.execute_with(actor, command, reason, &Terms::default()).await
    }

    /// Carries a command out, once, and only on what the caller saw.
    ///
    /// # Errors
    /// A [`Failure`]; then nothing was changed.
    pub async fn execute_with(
        &self,
        actor: &Actor,
        command: &Command,
        reason: &str,
        terms: &Terms,
    ) -> Result<Outcome, Failure> {
        let request = terms.request.as_deref().map(|id| request(actor, id, command, reason)).transpose()?;
        if let Some(request) = &request
            && let Some(done) = self.store.repeated(request).await?
        {
            return Ok(Outcome::repeated(&done));
        }
        for _ in 0..TRIES {
            match self.try_once(actor, command, reason, request.clone(), terms).await {
                Err(Failure::Store(dtsec_store::Error::Conflict { key, expected, found })) => {
                    tracing::debug!(%key, expected, found, "decided anew");
                }
                other => return other,
            }
        }
        Err(Failure::Overtaken { tries: TRIES })
    }

    /// Whether a command would be carried out now; nothing is changed. Pages ask it before they show a form.
    ///
    /// # Errors
    /// The [`Failure`] that carrying it out would give.
    pub async fn rehearse(&self, actor: &Actor, command: &Command) -> Result<(), Failure> {
        let (programme, _) = self.case(command).await?;
        decide(&programme, actor, command, "rehearsal", self.now())?;
        Ok(())
    }

    async fn try_once(
        &self,
        actor: &Actor,
        command: &Command,
        reason: &str,
        request: Option<Request>,
        terms: &Terms,
    ) -> Result<Outcome, Failure> {
        let (before, loaded) = self.case(command).await?;
        for (name, seen) in &terms.seen {
            let Some((kind, id)) = name.split_once('/') else {
                return Err(Failure::unfit("seen", format!("`{name}` is not of the form KIND/ID")));
            };
            let key = Key::new(kind, id);
            let found = if loaded.has(&key) {
                loaded.version(&key)
            } else {
                self.store.load([key.clone()]).await?.version(&key)
            };
            if found != *seen {
                return Err(Failure::Stale { what: name.clone(), found, seen: *seen });
            }
        }
        let now = self.now();
        let events = decide(&before, actor, command, reason, now)?;
        let mut transaction = transaction_of(before, &loaded, actor.person.as_str(), now, &events)?;
        transaction.request = request;
        transaction.documents = self.handed_in(actor, command, &terms.attached).await?;
        let changed =
            transaction.changes.iter().map(|one| format!("{}/{}", one.key.kind, one.key.id)).collect();
        let done = self.store.commit(transaction).await?;
        if done.repeated {
            return Ok(Outcome::repeated(&done));
        }
        Ok(Outcome {
            first: done.first,
            last: done.last,
            at: done.at,
            repeated: false,
            events: events.iter().map(|event| event.change.name().to_owned()).collect(),
            changed,
        })
    }

    /// The parts that a command concerns, as the domain names them.
    async fn case(&self, command: &Command) -> Result<(Programme, Loaded), Failure> {
        let mut programme = Programme::partial();
        let mut loaded = Loaded::default();
        for _ in 0..ROUNDS {
            let missing = programme.missing(command);
            if missing.is_empty() {
                return Ok((programme, loaded));
            }
            self.load_into(&mut programme, &mut loaded, missing).await?;
        }
        Err(Failure::Bug(format!("`{}` names ever more parts", command.name())))
    }

    async fn load_into(
        &self,
        programme: &mut Programme,
        loaded: &mut Loaded,
        wanted: BTreeSet<Ref>,
    ) -> Result<(), Failure> {
        let found = self.store.load(wanted.iter().map(parts::key)).await?;
        for part in &wanted {
            parts::insert(programme, part, found.state(&parts::key(part)))?;
        }
        loaded.extend(found);
        Ok(())
    }

    /// A view of the programme with these parts.
    pub(crate) async fn view(&self, wanted: impl IntoIterator<Item = Ref>) -> Result<Programme, Failure> {
        let mut programme = Programme::partial();
        self.load_into(&mut programme, &mut Loaded::default(), wanted.into_iter().collect()).await?;
        Ok(programme)
    }
}

impl Outcome {
    fn repeated(done: &dtsec_store::Committed) -> Self {
        let (first, last, at) = (done.first, done.last, done.at);
        Self { first, last, at, repeated: true, events: Vec::new(), changed: Vec::new() }
    }
}

/// A request's number is its person's own: two persons may use the same one.
fn request(actor: &Actor, id: &str, command: &Command, reason: &str) -> Result<Request, Failure> {
    let fits = |byte: u8| byte.is_ascii_graphic();
    if id.is_empty() || id.len() > 100 || !id.bytes().all(fits) {
        return Err(Failure::unfit("Idempotency-Key", "1 to 100 visible ASCII characters are needed"));
    }
    let asked = serde_json::to_vec(&(command, reason)).map_err(|error| Failure::Bug(error.to_string()))?;
    Ok(Request { id: format!("{}:{id}", actor.person), fingerprint: Digest::of(&asked) })
}

/// Events as one transaction: each with the part that it is about, and every part that they change. For those of one decision,
/// and for who brings over a list that was decided on elsewhere. `loaded` has the versions of what was there before.
///
/// # Errors
/// Where an event does not fit what was before.
pub fn transaction_of(
    before: Programme,
    loaded: &Loaded,
    by: &str,
    now: Time,
    events: &[Event],
) -> Result<Transaction, Failure> {
    let bug = |error: serde_json::Error| Failure::Bug(error.to_string());
    let mut after = before;
    let mut changed: BTreeSet<Ref> = BTreeSet::new();
    let mut transaction = Transaction::new(by, now);
    for event in events {
        let touched = event.touches(&after);
        let mut new = NewEvent::new(
            parts::key(
                about(&event.change, &touched)
                    .ok_or_else(|| Failure::Bug("an event about nothing".to_owned()))?,
            ),
            event.change.name(),
            serde_json::to_value(event).map_err(bug)?,
        );
        new.reason.clone_from(&event.reason);
        new.document = event.document.as_ref().and_then(|digest| digest.as_str().parse().ok());
        // What everybody may see of it: what changed, and nothing of what it changed by.
        let public: Vec<String> = touched.iter().filter(|part| is_public(part)).map(name_of).collect();
        if !public.is_empty() {
            let data = serde_json::json!({ "tag": published::public_tag(&new.tag), "parts": public });
            new.publish.push((TOPIC_PUBLIC.to_owned(), data));
        }
        transaction.events.push(new);
        changed.extend(touched);
        after = apply_all(after, [event]).map_err(|error| Failure::Bug(error.to_string()))?;
    }
    let states = changed
        .iter()
        .map(|part| Ok((parts::key(part), parts::state(&after, part).map_err(bug)?)))
        .collect::<Result<BTreeMap<Key, Value>, Failure>>()?;
    (transaction.changes, transaction.rests_on) = loaded.decided(states);
    Ok(transaction)
}

/// What an event of several parts is about: the first, or the entry whose history it is.
fn about<'a>(change: &Change, touched: &'a [Ref]) -> Option<&'a Ref> {
    let entry = touched.iter().find(|part| matches!(part, Ref::Entry(_)));
    match change {
        Change::Certified { .. } | Change::VersionAppended { .. } => entry,
        _ => touched.first(),
    }
}

/// Whether everybody may see it.
fn is_public(part: &Ref) -> bool {
    matches!(part, Ref::Entry(_) | Ref::Lab(_) | Ref::Pp(_))
}

/// A part's name outside: `KIND/ID`.
fn name_of(part: &Ref) -> String {
    let key = parts::key(part);
    format!("{}/{}", key.kind, key.id)
}
