//! `dtsec store restore`.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Seek as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use dtsec_serve::registry::Lists;
use dtsec_store::Store;
use serde::Serialize;

use super::{Place, name, noted};
use crate::output::{Answer, Exit, ShownPath};

/// Take a backup into an empty database, of either kind.
///
/// The backup is read to its end before anything is made. The key file must be in its place first: `documents.key` in the folder
/// of the data, or where --key says. Everybody signs in anew afterwards.
#[derive(Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    place: Place,
    /// The backup.
    #[arg(value_name = "FILE")]
    backup: PathBuf,
}

#[derive(Serialize)]
struct Report {
    restored: ShownPath,
    database: &'static str,
    lines: u64,
    events: i64,
    readings: i64,
    head: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "restored {} into {}: {} lines", self.restored, self.database, self.lines)?;
        write!(f, "{} events, {} readings; the log ends at {}", self.events, self.readings, self.head)
    }
}

impl Restore {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let context = || format!("{} is not restored", self.backup.display());
        let mut file =
            File::open(&self.backup).with_context(|| format!("cannot read {}", self.backup.display()))?;
        let inspected = dtsec_store::inspect(&mut BufReader::new(&file)).with_context(context)?;
        let settings = self.place.settings()?;
        let path = settings.key_path();
        match settings.key_id().with_context(context)? {
            None => bail!(
                "the key of the documents, {}, is not at {}; put its file there first, readable by you only",
                inspected.key,
                path.display()
            ),
            Some(found) if found != inspected.key => bail!(
                "{} holds the key {found}, and the backup needs {}; put that one's file there",
                path.display(),
                inspected.key
            ),
            Some(_) => {}
        }
        let store = Store::open(&settings, Arc::new(Lists)).await.with_context(context)?;
        file.rewind()?;
        let restored = store.restore(&mut BufReader::new(&file)).await.with_context(context)?;
        let report = Report {
            restored: self.backup.clone().into(),
            database: name(store.engine()),
            lines: restored.lines,
            events: restored.events,
            readings: restored.readings,
            head: noted(&inspected.events),
        };
        store.close().await;
        Answer::new(report, Exit::Success)
    }
}
