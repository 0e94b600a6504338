//! States and lists made anew from the events, and compared with those that are kept: they must be equal.

use crate::database::{lock, query};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::names::{Key, canonical};
use crate::store::{Aggregate, Store, aggregate};
use crate::{list, sql};
use serde_json::Value;
use sqlx::AnyConnection;
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: i64 = 500;

/// Applies events, one after the other, from the first one.
pub trait Replay: Send {
    /// Applies one, and says which aggregates it changes and to what: the same that the transaction changed.
    ///
    /// # Errors
    /// Where it does not apply, and why.
    fn apply(&mut self, event: &Event) -> Result<Vec<(Key, Value)>, String>;
}

/// Something that is kept otherwise than the events say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: String,
    /// As it is kept.
    pub kept: Option<String>,
    /// As it follows from the events.
    pub follows: Option<String>,
}

type Texts = BTreeMap<String, String>;

impl Store {
    /// Verifies the chain, replays the events, and compares.
    ///
    /// # Errors
    /// Where the chain does not verify, or an event does not apply.
    pub async fn check(&self, replay: &mut dyn Replay) -> Result<Vec<Difference>> {
        self.verify_chain(None).await?;
        let mut read = self.database.snapshot().await?;
        let follows = replayed(&mut read, replay).await?;
        let follows = self.texts(&follows)?;
        let kept = kept(&mut read).await?;
        let all: BTreeSet<&String> = follows.keys().chain(kept.keys()).collect();
        Ok(all
            .into_iter()
            .filter(|what| follows.get(*what) != kept.get(*what))
            .map(|what| Difference {
                what: what.clone(),
                kept: kept.get(what).cloned(),
                follows: follows.get(what).cloned(),
            })
            .collect())
    }

    /// Puts what follows from the events in the place of what is kept; for a new projection, too. Says how many aggregates
    /// there are.
    ///
    /// # Errors
    /// Where the chain does not verify, or an event does not apply: then nothing is changed.
    pub async fn rebuild(&self, replay: &mut dyn Replay) -> Result<usize> {
        self.verify_chain(None).await?;
        let mut write = self.database.write().await?;
        lock(&mut write, "event").await?;
        let follows = replayed(&mut write, replay).await?;
        // Everything, for what was changed from outside may stand in the way.
        for statement in [&sql::CLEAR_TERMS, &sql::CLEAR_ROWS, &sql::CLEAR_AGGREGATES] {
            query(statement).execute(&mut *write).await?;
        }
        for (key, (version, state)) in &follows {
            query(&sql::ADD_AGGREGATE)
                .bind(key.kind.as_str())
                .bind(key.id.as_str())
                .bind(*version)
                .bind(canonical("a state", state)?)
                .execute(&mut *write)
                .await?;
        }
        for aggregate in each(&follows) {
            list::replace(&mut write, &aggregate.key, self.projection.rows(&aggregate)).await?;
        }
        write.commit().await?;
        Ok(follows.len())
    }

    /// What there should be, as texts to compare.
    fn texts(&self, follows: &States) -> Result<Texts> {
        let mut texts = Texts::new();
        for aggregate in each(follows) {
            let state = canonical("a state", &aggregate.state)?;
            texts.insert(aggregate.key.to_string(), format!("version {}: {state}", aggregate.version));
            for ((list, id), row) in list::kept(&aggregate.key, self.projection.rows(&aggregate))? {
                for term in &row.terms {
                    texts.insert(format!("term `{term}` of row `{id}` of list `{list}`"), row.sort.clone());
                }
                let text = format!("of {}, at `{}`: {}, {:?}", aggregate.key, row.sort, row.data, row.terms);
                texts.insert(format!("row `{id}` of list `{list}`"), text);
            }
        }
        Ok(texts)
    }
}

type States = BTreeMap<Key, (i64, Value)>;

fn each(states: &States) -> impl Iterator<Item = Aggregate> {
    states.iter().map(|(key, (version, state))| Aggregate {
        key: key.clone(),
        version: *version,
        state: state.clone(),
    })
}

async fn replayed(read: &mut AnyConnection, replay: &mut dyn Replay) -> Result<States> {
    let mut states = States::new();
    let mut touched = BTreeSet::new();
    let (mut seq, mut batch) = (0, 0);
    loop {
        let rows = query(&sql::EVENTS).bind(seq).bind(PAGE).fetch_all(&mut *read).await?;
        for row in &rows {
            let event = Event::from_row(row)?;
            seq = event.seq;
            // A version counts transactions, not events.
            if event.batch != batch {
                batch = event.batch;
                touched.clear();
            }
            let changed = replay.apply(&event).map_err(|problem| Error::Replay { seq, problem })?;
            for (key, state) in changed {
                let version = states.get(&key).map_or(0, |(version, _)| *version);
                let version = version + i64::from(touched.insert(key.clone()));
                states.insert(key, (version, state));
            }
        }
        if rows.is_empty() {
            return Ok(states);
        }
    }
}

async fn aggregates(read: &mut AnyConnection, after: &Key) -> Result<Vec<Aggregate>> {
    let rows = query(&sql::ALL_AGGREGATES)
        .bind(after.kind.as_str())
        .bind(after.id.as_str())
        .bind(PAGE)
        .fetch_all(read)
        .await?;
    rows.iter().map(aggregate).collect()
}

/// What there is, as texts to compare.
async fn kept(read: &mut AnyConnection) -> Result<Texts> {
    let mut texts = Texts::new();
    let mut last = Key::new("", "");
    loop {
        let some = aggregates(read, &last).await?;
        let Some(end) = some.last() else { break };
        last = end.key.clone();
        for one in some {
            let text = format!("version {}: {}", one.version, canonical("a state", &one.state)?);
            texts.insert(one.key.to_string(), text);
        }
    }
    let (mut list, mut id) = (String::new(), String::new());
    loop {
        let query = query(&sql::ALL_ROWS).bind(list.as_str()).bind(id.as_str()).bind(PAGE);
        let rows = query.fetch_all(&mut *read).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            (list, id) = (row.try_get(0)?, row.try_get(1)?);
            let owner = Key { kind: row.try_get(3)?, id: row.try_get(4)? };
            let terms: BTreeSet<String> = crate::names::parse("terms", &row.try_get::<String, _>(5)?)?;
            let (sort, data): (String, String) = (row.try_get(2)?, row.try_get(6)?);
            texts.insert(
                format!("row `{id}` of list `{list}`"),
                format!("of {owner}, at `{sort}`: {data}, {terms:?}"),
            );
        }
    }
    let mut last: [String; 4] = Default::default();
    loop {
        let mut query = query(&sql::ALL_TERMS);
        for part in &last {
            query = query.bind(part.as_str());
        }
        let rows = query.bind(PAGE).fetch_all(&mut *read).await?;
        if rows.is_empty() {
            return Ok(texts);
        }
        for row in rows {
            last = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
            let [list, term, sort, id] = &last;
            texts.insert(format!("term `{term}` of row `{id}` of list `{list}`"), sort.clone());
        }
    }
}
