//! A transaction: what happened, what became of the aggregates, what lists show, what is to be told, in one.

use crate::access::AccessChange;
use crate::database::{Head, lock, move_head, query};
use crate::document::NewDocument;
use crate::error::{Error, Result};
use crate::event::{NewEvent, Written};
use crate::names::{self, Digest, Key, Time, canonical, micros};
use crate::store::{Aggregate, Store};
use crate::{list, sql};
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::Row as _;
use std::collections::BTreeMap;

/// What a command makes of what was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Who.
    pub actor: String,
    /// When.
    pub at: Time,
    /// For a command that must not be carried out twice: a form's own number.
    pub request: Option<Request>,
    /// The versions of everything that the decision rests on and that does not change: 0 where it did not exist.
    pub rests_on: Vec<(Key, i64)>,
    /// What changes.
    pub changes: Vec<Change>,
    /// What happened; at least one.
    pub events: Vec<NewEvent>,
    /// Documents that come with it.
    pub documents: Vec<NewDocument>,
    /// Persons, organisations, ways to sign in.
    pub access: Vec<AccessChange>,
}

impl Transaction {
    /// An empty one. It needs an event at least.
    pub fn new(actor: impl Into<String>, at: Time) -> Self {
        Self {
            actor: actor.into(),
            at,
            request: None,
            rests_on: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
            documents: Vec::new(),
            access: Vec::new(),
        }
    }
}

/// An aggregate's next state.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// The version that it was decided on; 0 for a new one.
    pub expected: i64,
    /// What it is now.
    pub state: Value,
}

/// A request that is carried out once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number, given by the caller: the number of a form, an `Idempotency-Key`.
    pub id: String,
    /// The digest of what it asks for.
    pub fingerprint: Digest,
}

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The number of its first event.
    pub first: i64,
    /// The number of its last event.
    pub last: i64,
    /// When it was carried out.
    pub at: Time,
    /// It was carried out before, by the same request: nothing was written now.
    pub repeated: bool,
}

impl Store {
    /// Keeps a transaction: all of it, or nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] where somebody else changed what it rests on; load and decide again. Others say what is wrong
    /// with it or with the machine.
    pub async fn commit(&self, transaction: Transaction) -> Result<Committed> {
        let prepared = Prepared::new(self, &transaction)?;
        let mut write = self.database.write().await?;
        let mut head = lock(&mut write, "event").await?;
        if let Some(request) = &transaction.request
            && let Some(done) = done(&mut write, request).await?
        {
            return Ok(done);
        }
        let versions = versions(&mut write, &transaction).await?;
        let (first, at) = (head.seq + 1, micros(transaction.at));
        for (event, (data, messages)) in transaction.events.iter().zip(&prepared.events) {
            let version = match versions.get(&event.key) {
                Some(version) => *version,
                None => version(&mut write, &event.key).await?,
            };
            head = append(&mut write, &head, event, data, version, first, at, &transaction.actor).await?;
            for ((topic, _), message) in event.publish.iter().zip(messages) {
                query(&sql::ADD_MESSAGE)
                    .bind(topic.as_str())
                    .bind(head.seq)
                    .bind(message.as_str())
                    .bind(at)
                    .execute(&mut *write)
                    .await?;
            }
        }
        move_head(&mut write, "event", &head).await?;
        for (change, state) in transaction.changes.iter().zip(&prepared.states) {
            self.put_aggregate(&mut write, change, state, versions[&change.key]).await?;
        }
        for document in &prepared.documents {
            document.insert(&mut write).await?;
        }
        for change in &transaction.access {
            change.carry_out(&mut write).await?;
        }
        if let Some(request) = &transaction.request {
            query(&sql::ADD_REQUEST)
                .bind(request.id.as_str())
                .bind(request.fingerprint.as_str())
                .bind(first)
                .bind(head.seq)
                .bind(at)
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(Committed { first, last: head.seq, at: names::time(at)?, repeated: false })
    }

    /// What became of an earlier request, so that its repetition need not be decided.
    ///
    /// # Errors
    /// [`Error::RequestReused`] where it asked for something else.
    pub async fn repeated(&self, request: &Request) -> Result<Option<Committed>> {
        done(&mut *self.database.readers().acquire().await?, request).await
    }

    async fn put_aggregate(
        &self,
        write: &mut AnyConnection,
        change: &Change,
        state: &str,
        version: i64,
    ) -> Result<()> {
        let statement = if version == 1 { &sql::ADD_AGGREGATE } else { &sql::CHANGE_AGGREGATE };
        query(statement)
            .bind(change.key.kind.as_str())
            .bind(change.key.id.as_str())
            .bind(version)
            .bind(state)
            .execute(&mut *write)
            .await?;
        let aggregate = Aggregate { key: change.key.clone(), version, state: change.state.clone() };
        list::replace(write, &aggregate.key, self.projection.rows(&aggregate)).await
    }
}

/// What can be made ready before anybody else has to wait.
struct Prepared {
    /// Each event's text, and those of its messages.
    events: Vec<(String, Vec<String>)>,
    states: Vec<String>,
    documents: Vec<crate::document::Sealed>,
}

impl Prepared {
    fn new(store: &Store, transaction: &Transaction) -> Result<Self> {
        names::name("actor", &transaction.actor)?;
        if transaction.events.is_empty() {
            return Err(Error::NoEvent);
        }
        let mut keys: Vec<_> = transaction.changes.iter().map(|change| &change.key).collect();
        keys.extend(transaction.rests_on.iter().map(|(key, _)| key));
        keys.sort();
        if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::NamedTwice(twice[0].clone()));
        }
        keys.iter().try_for_each(|key| key.check())?;
        if let Some(request) = &transaction.request {
            names::name("id of a request", &request.id)?;
        }
        for event in &transaction.events {
            event.check()?;
        }
        Ok(Self {
            events: transaction.events.iter().map(texts).collect::<Result<_>>()?,
            states: transaction
                .changes
                .iter()
                .map(|change| canonical("a state", &change.state))
                .collect::<Result<_>>()?,
            documents: transaction
                .documents
                .iter()
                .map(|document| store.vault.seal(document, transaction.at))
                .collect::<Result<_>>()?,
        })
    }
}

fn texts(event: &NewEvent) -> Result<(String, Vec<String>)> {
    let messages = event.publish.iter().map(|(_, data)| canonical("a message", data));
    Ok((canonical("an event", &event.data)?, messages.collect::<Result<_>>()?))
}

async fn done(connection: &mut AnyConnection, request: &Request) -> Result<Option<Committed>> {
    let Some(row) = query(&sql::REQUEST).bind(request.id.as_str()).fetch_optional(connection).await? else {
        return Ok(None);
    };
    if row.try_get::<String, _>(0)? != request.fingerprint.as_str() {
        return Err(Error::RequestReused(request.id.clone()));
    }
    Ok(Some(Committed {
        first: row.try_get(1)?,
        last: row.try_get(2)?,
        at: crate::database::moment(&row, 3)?,
        repeated: true,
    }))
}

async fn version(connection: &mut AnyConnection, key: &Key) -> Result<i64> {
    let row = query(&sql::AGGREGATE_VERSION)
        .bind(key.kind.as_str())
        .bind(key.id.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
}

/// Holds every version against what there is, and says what those that change become.
async fn versions(write: &mut AnyConnection, transaction: &Transaction) -> Result<BTreeMap<Key, i64>> {
    for (key, expected) in &transaction.rests_on {
        check(&mut *write, key, *expected).await?;
    }
    let mut next = BTreeMap::new();
    for change in &transaction.changes {
        check(&mut *write, &change.key, change.expected).await?;
        next.insert(change.key.clone(), change.expected + 1);
    }
    Ok(next)
}

async fn check(write: &mut AnyConnection, key: &Key, expected: i64) -> Result<()> {
    let found = version(write, key).await?;
    if found == expected { Ok(()) } else { Err(Error::Conflict { key: key.clone(), expected, found }) }
}

#[allow(clippy::too_many_arguments, reason = "they are the fields of one row")]
async fn append(
    write: &mut AnyConnection,
    head: &Head,
    event: &NewEvent,
    data: &str,
    version: i64,
    batch: i64,
    at: i64,
    actor: &str,
) -> Result<Head> {
    let mut written = Written {
        seq: head.seq + 1,
        batch,
        kind: event.key.kind.clone(),
        id: event.key.id.clone(),
        version,
        tag: event.tag.clone(),
        data: data.to_owned(),
        actor: actor.to_owned(),
        reason: event.reason.clone(),
        at,
        document: event.document.as_ref().map(|digest| digest.as_str().to_owned()),
        previous: head.hash.clone(),
        hash: Digest::zero(),
    };
    written.hash = written.computed();
    written.insert(write).await?;
    Ok(written.head())
}
