//! Whether the logs are as they were written.
//!
//! Each entry's hash covers the one before, so that a change, a gap or an exchange shows at its number. Who can write to the
//! database can compute a whole new chain: it shows against a head that was published before, and [`Store::verify_chain`]
//! takes one.

use crate::database::{self, Head, query};
use crate::document::WrittenReading;
use crate::error::{Error, Result};
use crate::event::Written;
use crate::sql::{self, Statement};
use crate::store::Store;
use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

const PAGE: i64 = 500;

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where the log of events ends; its number is how many there are.
    pub events: Head,
    /// Where the log of readings ends.
    pub readings: Head,
}

impl Store {
    /// Reads both logs from their beginning and recomputes every hash; with a head that was noted earlier, sees that the
    /// log of events still runs through it.
    ///
    /// # Errors
    /// [`Error::Tampered`] with the first number that does not verify.
    pub async fn verify_chain(&self, noted: Option<&Head>) -> Result<Verified> {
        let mut read = self.database.snapshot().await?;
        let mut through = noted.is_none_or(|noted| *noted == Head::start());
        let events = walk(&mut read, "event", [&sql::EVENTS, &sql::LAST_EVENT], |row, after| {
            let event = Written::from_row(row)?;
            through |= noted.is_some_and(|noted| *noted == event.head());
            Ok((event.fault(after), event.head()))
        })
        .await?;
        if let (false, Some(noted)) = (through, noted) {
            let what = format!("the head noted there, {}, is not in the log", noted.hash);
            return Err(Error::Tampered { log: "event", seq: noted.seq, what });
        }
        let readings = walk(&mut read, "reading", [&sql::READINGS, &sql::LAST_READING], |row, after| {
            let reading = WrittenReading::from_row(row)?;
            Ok((reading.fault(after), reading.head()))
        })
        .await?;
        Ok(Verified { events, readings })
    }
}

async fn walk(
    read: &mut AnyConnection,
    log: &'static str,
    [page, last]: [&'static Statement; 2],
    mut entry: impl FnMut(&AnyRow, &Head) -> Result<(Option<String>, Head)>,
) -> Result<Head> {
    let mut head = Head::start();
    loop {
        let rows = query(page).bind(head.seq).bind(PAGE).fetch_all(&mut *read).await?;
        for row in &rows {
            let (fault, next) = entry(row, &head)?;
            if let Some(what) = fault {
                return Err(Error::Tampered { log, seq: head.seq + 1, what });
            }
            head = next;
        }
        if rows.is_empty() {
            break;
        }
    }
    // An entry below 1 would never have been read.
    let last: Option<i64> =
        query(last).fetch_optional(&mut *read).await?.map(|row| row.try_get(0)).transpose()?;
    let noted = database::head(read, log).await?;
    if noted != head || last.unwrap_or(0) != head.seq {
        let what = format!("the log should end at {} and ends at {}", noted.seq, head.seq);
        return Err(Error::Tampered { log, seq: head.seq.min(noted.seq) + 1, what });
    }
    Ok(head)
}
