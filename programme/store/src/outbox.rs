//! The outbox: what is to be told outside follows from a transaction that was kept, and is told at least once, in order.
//!
//! One worker at a time has a topic, for as long as its lease lasts. It tells the messages in order and acknowledges them.
//! One that dies is followed by another, which tells again what was not acknowledged: who is told has to overlook a message
//! that he has, by its topic and number.

use crate::database::{moment, query};
use crate::error::Result;
use crate::names::{self, Time, micros};
use crate::sql;
use crate::store::Store;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// What is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// To whom.
    pub topic: String,
    /// The number of the event from which it follows; unique in the topic.
    pub seq: i64,
    /// What.
    pub data: Value,
    /// When it happened.
    pub at: Time,
}

impl Message {
    fn from_row(row: &AnyRow) -> Result<Self> {
        let (topic, seq): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let data = names::parse(format_args!("message {seq} of `{topic}`"), &row.try_get::<String, _>(2)?)?;
        Ok(Self { topic, seq, data, at: moment(row, 3)? })
    }
}

impl Store {
    /// The oldest messages of a topic, for a worker; `None` where another one has the topic. Taking again prolongs the
    /// lease.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take(
        &self,
        topic: &str,
        worker: &str,
        now: Time,
        until: Time,
        most: u16,
    ) -> Result<Option<Vec<Message>>> {
        names::name("topic of a message", topic)?;
        names::name("name of a worker", worker)?;
        let mut write = self.database.write().await?;
        let taken = query(&sql::TAKE_LEASE)
            .bind(topic)
            .bind(worker)
            .bind(micros(until))
            .bind(micros(now))
            .execute(&mut *write)
            .await?
            .rows_affected();
        if taken == 0 {
            return Ok(None);
        }
        let rows = query(&sql::MESSAGES).bind(topic).bind(i64::from(most)).fetch_all(&mut *write).await?;
        write.commit().await?;
        rows.iter().map(Message::from_row).collect::<Result<_>>().map(Some)
    }

    /// Notes that everything up to a message was told. `false` where another worker has the topic by now: it tells them
    /// again.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn acknowledge(&self, topic: &str, worker: &str, up_to: i64) -> Result<bool> {
        let mut write = self.database.write().await?;
        let held =
            query(&sql::HOLD_LEASE).bind(topic).bind(worker).execute(&mut *write).await?.rows_affected();
        if held == 0 {
            return Ok(false);
        }
        query(&sql::DELETE_MESSAGES).bind(topic).bind(up_to).execute(&mut *write).await?;
        write.commit().await?;
        Ok(true)
    }

    /// Gives a topic back before the lease ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn give_back(&self, topic: &str, worker: &str) -> Result<()> {
        let mut write = self.database.write().await?;
        query(&sql::END_LEASE).bind(topic).bind(worker).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// Who has a topic, if anybody ever took it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn worker(&self, topic: &str) -> Result<Option<String>> {
        let row = query(&sql::LEASE).bind(topic).fetch_optional(self.database.readers()).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}
