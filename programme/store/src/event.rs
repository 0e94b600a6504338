//! Events, and the chain of hashes that they form.

use crate::database::{Head, digest, moment, query};
use crate::error::{Error, Result};
use crate::names::{self, Digest, Key, Time};
use crate::sql;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::collections::BTreeSet;

/// What happened, before it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// To what.
    pub key: Key,
    /// What kind of event: `pp-opened`.
    pub tag: String,
    /// The event itself.
    pub data: Value,
    /// Why, in the actor's words; may be empty.
    pub reason: String,
    /// The document that it is about.
    pub document: Option<Digest>,
    /// What is to be told to whom: topics of the outbox, each at most once.
    pub publish: Vec<(String, Value)>,
}

impl NewEvent {
    /// An event without reason, document or message.
    pub fn new(key: Key, tag: impl Into<String>, data: Value) -> Self {
        Self { key, tag: tag.into(), data, reason: String::new(), document: None, publish: Vec::new() }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.key.check()?;
        names::name("tag of an event", &self.tag)?;
        names::free_text("reason of an event", &self.reason)?;
        for (topic, _) in &self.publish {
            names::name("topic of a message", topic)?;
        }
        let topics: BTreeSet<_> = self.publish.iter().map(|(topic, _)| topic).collect();
        if topics.len() < self.publish.len() {
            let problem = "an event publishes to a topic at most once";
            return Err(Error::Refused { what: "message", problem });
        }
        Ok(())
    }
}

/// What happened, as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number: 1, 2, 3, … over all events.
    pub seq: i64,
    /// The number of the first event of its transaction.
    pub batch: i64,
    /// To what.
    pub key: Key,
    /// The version that this transaction made of it; 0 where it is no aggregate.
    pub version: i64,
    /// What kind of event.
    pub tag: String,
    /// The event itself.
    pub data: Value,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
    /// The document that it is about.
    pub document: Option<Digest>,
    /// The hash of the event before.
    pub previous: Digest,
    /// Its own hash, over all of the above.
    pub hash: Digest,
}

/// An event as its hash sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) seq: i64,
    pub(crate) batch: i64,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) tag: String,
    #[serde(with = "crate::dump::verbatim")]
    pub(crate) data: String,
    pub(crate) actor: String,
    pub(crate) reason: String,
    pub(crate) at: i64,
    pub(crate) document: Option<String>,
    pub(crate) previous: Digest,
    pub(crate) hash: Digest,
}

/// Feeds fields to a hash so that no two lists of fields look the same: each with its length before it.
pub(crate) struct Fields(Sha256);

impl Fields {
    pub(crate) fn new(domain: &str) -> Self {
        Self(Sha256::new()).text(domain)
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    pub(crate) fn number(mut self, number: i64) -> Self {
        self.0.update(number.to_be_bytes());
        self
    }

    pub(crate) fn optional(mut self, text: Option<&str>) -> Self {
        self.0.update([u8::from(text.is_some())]);
        text.into_iter().fold(self, Self::text)
    }

    pub(crate) fn digest(self) -> Digest {
        Digest::of_hash(self.0)
    }
}

impl Written {
    /// The hash over everything else.
    pub(crate) fn computed(&self) -> Digest {
        Fields::new("dtsec-store event 1")
            .number(self.seq)
            .number(self.batch)
            .text(&self.kind)
            .text(&self.id)
            .number(self.version)
            .text(&self.tag)
            .text(&self.data)
            .text(&self.actor)
            .text(&self.reason)
            .number(self.at)
            .optional(self.document.as_deref())
            .text(self.previous.as_str())
            .digest()
    }

    /// What is wrong with it as the next one after a head, if anything.
    pub(crate) fn fault(&self, after: &Head) -> Option<String> {
        fault(after, self.seq, &self.previous, &self.hash, || self.computed())
    }

    pub(crate) fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash.clone() }
    }

    pub(crate) async fn insert(&self, write: &mut AnyConnection) -> Result<()> {
        query(&sql::ADD_EVENT)
            .bind(self.seq)
            .bind(self.batch)
            .bind(self.kind.as_str())
            .bind(self.id.as_str())
            .bind(self.version)
            .bind(self.tag.as_str())
            .bind(self.data.as_str())
            .bind(self.actor.as_str())
            .bind(self.reason.as_str())
            .bind(self.at)
            .bind(self.document.as_deref())
            .bind(self.previous.as_str())
            .bind(self.hash.as_str())
            .execute(write)
            .await?;
        Ok(())
    }

    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            seq: row.try_get(0)?,
            batch: row.try_get(1)?,
            kind: row.try_get(2)?,
            id: row.try_get(3)?,
            version: row.try_get(4)?,
            tag: row.try_get(5)?,
            data: row.try_get(6)?,
            actor: row.try_get(7)?,
            reason: row.try_get(8)?,
            at: row.try_get(9)?,
            document: row.try_get(10)?,
            previous: digest(row, 11)?,
            hash: digest(row, 12)?,
        })
    }
}

impl Event {
    pub(crate) fn from_row(row: &AnyRow) -> Result<Self> {
        let seq: i64 = row.try_get(0)?;
        Ok(Self {
            seq,
            batch: row.try_get(1)?,
            key: Key { kind: row.try_get(2)?, id: row.try_get(3)? },
            version: row.try_get(4)?,
            tag: row.try_get(5)?,
            data: names::parse(format_args!("event {seq}"), &row.try_get::<String, _>(6)?)?,
            actor: row.try_get(7)?,
            reason: row.try_get(8)?,
            at: moment(row, 9)?,
            document: row.try_get::<Option<String>, _>(10)?.map(Digest::try_from).transpose()?,
            previous: digest(row, 11)?,
            hash: digest(row, 12)?,
        })
    }
}

/// What is wrong with a link of a chain, if anything.
pub(crate) fn fault(
    after: &Head,
    seq: i64,
    previous: &Digest,
    hash: &Digest,
    computed: impl FnOnce() -> Digest,
) -> Option<String> {
    if seq != after.seq + 1 {
        return Some(format!("number {} is missing, {seq} follows", after.seq + 1));
    }
    if *previous != after.hash {
        return Some("it does not follow from the one before".to_owned());
    }
    (computed() != *hash).then(|| "its content and its hash do not fit".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Written {
        let mut event = Written {
            seq: 1,
            batch: 1,
            kind: "pp".to_owned(),
            id: "a".to_owned(),
            version: 1,
            tag: "made".to_owned(),
            data: "{}".to_owned(),
            actor: "ann".to_owned(),
            reason: String::new(),
            at: 5,
            document: None,
            previous: Digest::zero(),
            hash: Digest::zero(),
        };
        event.hash = event.computed();
        event
    }

    #[test]
    fn an_event_that_follows_has_no_fault() {
        assert_eq!(written().fault(&Head::start()), None);
    }

    #[test]
    fn every_field_is_in_the_hash() {
        let changes: [fn(&mut Written); 11] = [
            |one| one.batch = 2,
            |one| one.kind.push('x'),
            |one| one.id.push('x'),
            |one| one.version = 2,
            |one| one.tag.push('x'),
            |one| one.data.push(' '),
            |one| one.actor.push('x'),
            |one| one.reason.push('x'),
            |one| one.at = 6,
            |one| one.document = Some(String::new()),
            |one| (one.kind, one.id) = ("p".to_owned(), "pa".to_owned()),
        ];
        for change in changes {
            let mut event = written();
            change(&mut event);
            assert!(event.fault(&Head::start()).is_some(), "{event:?}");
        }
    }
}
