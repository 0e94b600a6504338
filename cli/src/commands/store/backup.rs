//! `dtsec store backup`.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::{Place, name, noted};
use crate::files::NewFile;
use crate::output::{Answer, Exit, ShownPath};

/// Write everything that lasts into a file, as it is at one moment. The server may go on.
///
/// The file is there when it is whole and was read back, and not before. Confidential documents stay sealed in it: keep the key
/// file too, and apart from it. Sessions and sign-in links are left out.
#[derive(Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    place: Place,
    /// The file to make; it must not be there yet.
    #[arg(value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    written: ShownPath,
    database: &'static str,
    lines: u64,
    events: i64,
    readings: i64,
    /// To be noted elsewhere: `verify --noted` sees then that nothing before it was changed.
    head: String,
    key: String,
    key_file: ShownPath,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "wrote {}: {} lines from {}", self.written, self.lines, self.database)?;
        writeln!(f, "{} events, {} readings; the log ends at {}", self.events, self.readings, self.head)?;
        write!(f, "its documents open with the key {} in {}: keep that apart", self.key, self.key_file)
    }
}

impl Backup {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let new = NewFile::begin(&self.out, 0o600)?;
        let store = self.place.open().await?;
        let database = name(store.engine());
        written(&store, new.file(), &self.out).await?;
        // What is on the disk is judged, not what was meant to be.
        let read = read_back(new.file())
            .with_context(|| format!("{} was not written as it should", self.out.display()))?;
        new.put()?;
        store.close().await;
        let key_file = self.place.settings()?.key_path().into();
        let report = Report {
            written: self.out.into(),
            database,
            lines: read.lines,
            events: read.events.seq,
            readings: read.readings.seq,
            head: noted(&read.events),
            key: read.key,
            key_file,
        };
        Answer::new(report, Exit::Success)
    }
}

async fn written(store: &dtsec_store::Store, file: &File, out: &Path) -> anyhow::Result<()> {
    let context = || format!("no backup was made: {} is not there", out.display());
    let mut to = BufWriter::new(file);
    store.dump(&mut to).await.with_context(context)?;
    to.flush().with_context(context)
}

fn read_back(mut file: &File) -> anyhow::Result<dtsec_store::Inspected> {
    file.rewind()?;
    Ok(dtsec_store::inspect(&mut BufReader::new(file))?)
}
