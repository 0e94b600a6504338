//! `dtsec store copy`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Place;
use crate::output::{Answer, Exit, ShownPath};

/// Copy SQLite's file while the server works: a database that can be opened at once. PostgreSQL has `backup`, and its own
/// programs.
#[derive(Args)]
pub(crate) struct Copy {
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
    key_file: ShownPath,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "wrote {}; its documents open with the key in {}: keep that apart",
            self.written, self.key_file
        )
    }
}

impl Copy {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let store = self.place.open().await?;
        store.copy(&self.out).await?;
        store.close().await;
        let key_file = self.place.settings()?.key_path().into();
        Answer::new(Report { written: self.out.into(), key_file }, Exit::Success)
    }
}
