//! A dump: everything that lasts as lines of JSON, which either database takes in. Documents stay sealed; the key file is
//! kept apart. Sessions and links that work once are left out: after a restore everybody signs in anew. Lists are left
//! out: they follow.
//!
//! The first line says what it is, the last one how many there are and the SHA-256 of all before it.

use crate::access::{Credential, Organisation, Person, Token};
use crate::database::{lock, move_head, query};
use crate::document::{Sealed, WrittenReading};
use crate::dump_reader::Reader;
use crate::error::{Error, Result};
use crate::event::Written;
use crate::names::{self, Digest, Key};
use crate::sql::{self, Statement};
use crate::store::{Aggregate, Store};
use crate::{list, migrate};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::io::{BufRead, Write};

const PAGE: i64 = 200;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line {
    Dump(Header),
    Event(Written),
    Aggregate(AggregateLine),
    Request(RequestLine),
    Message(MessageLine),
    Organisation(Organisation),
    Person(Person),
    Credential(Credential),
    Token(Token),
    Document(Sealed),
    Reading(WrittenReading),
    End(End),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) format: u32,
    pub(crate) schema: i64,
    pub(crate) key: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AggregateLine {
    kind: String,
    id: String,
    version: i64,
    #[serde(with = "verbatim")]
    state: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestLine {
    id: String,
    fingerprint: String,
    first: i64,
    last: i64,
    at: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageLine {
    topic: String,
    seq: i64,
    #[serde(with = "verbatim")]
    data: String,
    at: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    pub(crate) lines: u64,
    pub(crate) sha256: Digest,
}

pub(crate) const FORMAT: u32 = 1;

/// What a dump holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dumped {
    /// How many lines, the last one not counted.
    pub lines: u64,
    /// Where the log of events ends.
    pub events: i64,
    /// Where the log of readings ends.
    pub readings: i64,
}

struct Out<'a> {
    to: &'a mut (dyn Write + Send),
    hash: Sha256,
    lines: u64,
}

impl Out<'_> {
    fn line(&mut self, line: &Line) -> Result<()> {
        let damaged = |problem: serde_json::Error| Error::Damaged {
            what: "a row".to_owned(),
            problem: problem.to_string(),
        };
        let mut text = serde_json::to_vec(line).map_err(damaged)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.lines += 1;
        self.to.write_all(&text).map_err(Error::file("the dump"))
    }
}

impl Store {
    /// Writes everything out, as it is at one moment. Others go on working.
    ///
    /// # Errors
    /// Where it cannot be written, or the database fails.
    pub async fn dump(&self, to: &mut (dyn Write + Send)) -> Result<Dumped> {
        let mut read = self.database.snapshot().await?;
        let mut out = Out { to, hash: Sha256::new(), lines: 0 };
        let key = self.vault.key_id().to_owned();
        out.line(&Line::Dump(Header { format: FORMAT, schema: migrate::SCHEMA, key }))?;
        for (statement, cursor, line) in SECTIONS {
            section(&mut read, &mut out, statement, *cursor, *line).await?;
        }
        let (events, readings) = (
            crate::database::head(&mut read, "event").await?,
            crate::database::head(&mut read, "reading").await?,
        );
        let (lines, sha256) = (out.lines, Digest::of_hash(out.hash.clone()));
        out.line(&Line::End(End { lines, sha256 }))?;
        out.to.flush().map_err(Error::file("the dump"))?;
        Ok(Dumped { lines, events: events.seq, readings: readings.seq })
    }

    /// Takes a dump in, of either database. The store must be new, and have the dump's key.
    ///
    /// # Errors
    /// Where the store holds something, the dump is not whole, or its logs do not verify: then nothing is kept.
    pub async fn restore(&self, from: &mut (dyn BufRead + Send)) -> Result<Dumped> {
        let mut write = self.database.write().await?;
        let [events, readings] = [lock(&mut write, "event").await?, lock(&mut write, "reading").await?];
        if events.seq + readings.seq > 0 || !is_empty(&mut write).await? {
            return Err(Error::NotEmpty);
        }
        let mut reader = Reader::new(from);
        while let Some(line) = reader.next()? {
            if let Line::Dump(header) = &line {
                self.vault.needs(&header.key)?;
            }
            self.take_in(&mut write, line).await.map_err(|error| match error {
                // These say more than the line.
                Error::NoSpace(_) | Error::Unreachable(_) => error,
                other => reader.wrong(other.to_string()),
            })?;
        }
        let read = reader.end()?;
        move_head(&mut write, "event", &read.events).await?;
        move_head(&mut write, "reading", &read.readings).await?;
        write.commit().await?;
        Ok(Dumped { lines: read.lines, events: read.events.seq, readings: read.readings.seq })
    }

    async fn take_in(&self, write: &mut AnyConnection, line: Line) -> Result<()> {
        match line {
            // The reader judges both.
            Line::Dump(_) | Line::End(_) => Ok(()),
            Line::Event(event) => event.insert(write).await,
            Line::Reading(reading) => reading.insert(write).await,
            Line::Aggregate(one) => {
                let key = Key { kind: one.kind, id: one.id };
                key.check()?;
                query(&sql::ADD_AGGREGATE)
                    .bind(key.kind.as_str())
                    .bind(key.id.as_str())
                    .bind(one.version)
                    .bind(one.state.as_str())
                    .execute(&mut *write)
                    .await?;
                let aggregate =
                    Aggregate { state: names::parse(&key, &one.state)?, version: one.version, key };
                list::replace(write, &aggregate.key, self.projection.rows(&aggregate)).await
            }
            Line::Request(one) => {
                query(&sql::ADD_REQUEST)
                    .bind(one.id)
                    .bind(one.fingerprint)
                    .bind(one.first)
                    .bind(one.last)
                    .bind(one.at)
                    .execute(write)
                    .await?;
                Ok(())
            }
            Line::Message(one) => {
                let query =
                    query(&sql::ADD_MESSAGE).bind(one.topic).bind(one.seq).bind(one.data).bind(one.at);
                query.execute(write).await?;
                Ok(())
            }
            Line::Organisation(one) => one.put(write).await,
            Line::Person(one) => one.put(write).await,
            Line::Credential(one) => one.insert(write).await,
            Line::Token(one) => one.insert(write).await,
            Line::Document(one) => one.insert(write).await,
        }
    }
}

/// Logs apart, whether anything is kept.
async fn is_empty(write: &mut AnyConnection) -> Result<bool> {
    for (statement, cursor, _) in SECTIONS {
        let mut query = query(statement);
        for part in cursor.start() {
            query = part.bound(query);
        }
        if query.bind(1).fetch_optional(&mut *write).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What a page goes on after: the first columns of its last row, except where the key is another one.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    Number,
    Text,
    TextText,
    TextNumber,
}

enum Part {
    Number(i64),
    Text(String),
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

impl Part {
    fn bound(self, query: Query<'_>) -> Query<'_> {
        match self {
            Self::Number(number) => query.bind(number),
            Self::Text(text) => query.bind(text),
        }
    }
}

impl Cursor {
    fn start(self) -> Vec<Part> {
        let (text, number) = (|| Part::Text(String::new()), || Part::Number(0));
        match self {
            Self::Number => vec![number()],
            Self::Text => vec![text()],
            Self::TextText => vec![text(), text()],
            Self::TextNumber => vec![text(), number()],
        }
    }

    fn after(self, row: &AnyRow) -> Result<Vec<Part>> {
        let (text, number) = (
            |column: usize| Ok::<_, Error>(Part::Text(row.try_get(column)?)),
            |column: usize| Ok::<_, Error>(Part::Number(row.try_get(column)?)),
        );
        Ok(match self {
            Self::Number => vec![number(0)?],
            Self::Text => vec![text(0)?],
            Self::TextText => vec![text(0)?, text(1)?],
            Self::TextNumber => vec![text(0)?, number(1)?],
        })
    }
}

type Section = (&'static Statement, Cursor, fn(&AnyRow) -> Result<Line>);

/// In the order in which they can be taken in: organisations before persons, persons before what they sign in with.
static SECTIONS: &[Section] = &[
    (&sql::EVENTS, Cursor::Number, |row| Ok(Line::Event(Written::from_row(row)?))),
    (&sql::ALL_AGGREGATES, Cursor::TextText, |row| {
        let (kind, id, version, state) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok(Line::Aggregate(AggregateLine { kind, id, version, state }))
    }),
    (&sql::REQUESTS, Cursor::Text, |row| {
        let (id, fingerprint) = (row.try_get(0)?, row.try_get(1)?);
        let (first, last, at) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        Ok(Line::Request(RequestLine { id, fingerprint, first, last, at }))
    }),
    (&sql::ALL_MESSAGES, Cursor::TextNumber, |row| {
        let (topic, seq, data, at) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok(Line::Message(MessageLine { topic, seq, data, at }))
    }),
    (&sql::ORGANISATIONS, Cursor::Text, |row| Ok(Line::Organisation(Organisation::from_row(row)?))),
    (&sql::PERSONS, Cursor::Text, |row| Ok(Line::Person(Person::from_row(row)?))),
    (&sql::CREDENTIALS, Cursor::Text, |row| Ok(Line::Credential(Credential::from_row(row)?))),
    (&sql::TOKENS, Cursor::Text, |row| Ok(Line::Token(Token::from_row(row)?))),
    (&sql::ALL_DOCUMENTS, Cursor::TextText, |row| Ok(Line::Document(Sealed::from_row(row)?))),
    (&sql::READINGS, Cursor::Number, |row| Ok(Line::Reading(WrittenReading::from_row(row)?))),
];

async fn section(
    read: &mut AnyConnection,
    out: &mut Out<'_>,
    statement: &'static Statement,
    cursor: Cursor,
    line: fn(&AnyRow) -> Result<Line>,
) -> Result<()> {
    // A page of documents may be large.
    let page = if std::ptr::eq(statement, &sql::ALL_DOCUMENTS) { 4 } else { PAGE };
    let mut after = cursor.start();
    loop {
        let mut query = query(statement);
        for part in after {
            query = part.bound(query);
        }
        let rows = query.bind(page).fetch_all(&mut *read).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = cursor.after(last)?;
        for row in &rows {
            out.line(&line(row)?)?;
        }
    }
}

/// JSON that stays as it is written: its text is hashed.
pub(crate) mod verbatim {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use serde_json::value::RawValue;

    pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(text.to_owned()).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let value = Box::<RawValue>::deserialize(deserializer).map_err(D::Error::custom)?;
        Ok(value.get().to_owned())
    }
}

/// Bytes as hex.
pub(crate) mod hexadecimal {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
