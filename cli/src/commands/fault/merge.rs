//! `dtsec fault merge`.

use std::path::PathBuf;

use clap::Args;
use dtsec_fault::{Record, merge};

use super::Report;
use crate::files;
use crate::output::Answer;

/// Join the records of all shards of a campaign to the record of the whole.
///
/// Every shard must be there, once, and all of one campaign: the same scenario, images, models and version.
#[derive(Args)]
pub(crate) struct Merge {
    /// The records.
    #[arg(required = true)]
    records: Vec<PathBuf>,
    /// File for the record of the whole.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Merge {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let records = self.records.iter().map(|path| Record::read(path)).collect::<Result<_, _>>()?;
        let record = merge(records)?;
        if let Some(path) = &self.out {
            files::write(path, record.to_json().as_bytes())?;
        }
        Report { record, out: self.out.map(Into::into), runs_per_second: None }.answer()
    }
}
