//! `dtsec store change-key`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Place;
use crate::output::{Answer, Exit, ShownPath};

/// Seal the documents under a new key, in a new file. End the server first: it would go on with the old key.
///
/// Backups that were made before open with the old key only: keep it as long as them.
#[derive(Args)]
pub(crate) struct ChangeKey {
    #[command(flatten)]
    place: Place,
    /// The key file to make; it must not be there yet.
    #[arg(value_name = "FILE")]
    new: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    key_file: ShownPath,
    before: ShownPath,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the documents are sealed under the key in {}", self.key_file)?;
        write!(f, "start the server with --key {}, or put it in the place of {}", self.key_file, self.before)
    }
}

impl ChangeKey {
    pub(super) async fn run(self) -> anyhow::Result<Answer> {
        let mut store = self.place.open().await?;
        store.change_key(&self.new).await?;
        store.close().await;
        let before = self.place.settings()?.key_path().into();
        Answer::new(Report { key_file: self.new.into(), before }, Exit::Success)
    }
}
