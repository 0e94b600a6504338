//! `dtsec store verify`.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use dtsec_serve::registry::Replayed;
use dtsec_store::{Error, Head};
use serde::Serialize;

use super::{Place, from_noted, name, noted};
use crate::output::{Answer, Exit};

/// Recompute every hash of the logs, replay all events, and compare with what is kept; or judge a backup.
///
/// The status is 1 where something was changed or is damaged.
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: Place,
    /// Judge this backup and no database.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "database", "key", "noted"])]
    backup: Option<PathBuf>,
    /// Where the log ended when that was noted, NUMBER:HASH: it must still run through there.
    #[arg(long, value_name = "HEAD")]
    noted: Option<String>,
}

#[derive(Serialize)]
struct Report {
    verified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    /// What is wrong; nothing where all is well.
    faults: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(events), Some(readings), Some(head)) = (self.events, self.readings, &self.head) {
            writeln!(f, "{}: {events} events, {readings} readings; the log ends at {head}", self.verified)?;
        }
        match self.faults.as_slice() {
            [] => f.write_str("everything verifies"),
            faults => {
                faults.iter().try_for_each(|fault| writeln!(f, "fault: {fault}"))?;
                write!(f, "{} does not verify", self.verified)
            }
        }
    }
}

impl Verify {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let report = match &self.backup {
            Some(backup) => judge(backup)?,
            None => self.database().await?,
        };
        let exit = if report.faults.is_empty() { Exit::Success } else { Exit::No };
        Answer::new(report, exit)
    }

    async fn database(&self) -> anyhow::Result<Report> {
        let before = self.noted.as_deref().map(from_noted).transpose()?;
        let store = self.place.open().await?;
        let verified = name(store.engine()).to_owned();
        let report = match store.verify_chain(before.as_ref()).await {
            Ok(logs) => {
                let (faults, heads) = match store.check(&mut Replayed::default()).await {
                    Ok(differences) => {
                        let said = |one: dtsec_store::Difference| {
                            format!("{} is kept otherwise than its events say", one.what)
                        };
                        (differences.into_iter().map(said).collect(), Some((logs.events, logs.readings)))
                    }
                    Err(error) => (vec![fault(error)?], None),
                };
                Report::new(verified, heads, faults)
            }
            Err(error) => Report::new(verified, None, vec![fault(error)?]),
        };
        store.close().await;
        Ok(report)
    }
}

impl Report {
    fn new(verified: String, heads: Option<(Head, Head)>, faults: Vec<String>) -> Self {
        let (events, readings) = heads.unzip();
        Self {
            verified,
            head: events.as_ref().map(noted),
            events: events.map(|head| head.seq),
            readings: readings.map(|head| head.seq),
            faults,
        }
    }
}

fn judge(backup: &Path) -> anyhow::Result<Report> {
    let file = File::open(backup).with_context(|| format!("cannot read {}", backup.display()))?;
    let verified = backup.display().to_string();
    Ok(match dtsec_store::inspect(&mut BufReader::new(file)) {
        Ok(found) => Report::new(verified, Some((found.events, found.readings)), Vec::new()),
        Err(error) => Report::new(verified, None, vec![fault(error)?]),
    })
}

/// What says that the data are not as they were written is an answer; what keeps from looking is none.
fn fault(error: Error) -> anyhow::Result<String> {
    match error {
        Error::Tampered { .. } | Error::Damaged { .. } | Error::Dump { .. } | Error::Replay { .. } => {
            Ok(error.to_string())
        }
        other => Err(other.into()),
    }
}
