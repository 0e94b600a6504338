//! `dtsec fault show`.

use std::path::PathBuf;

use clap::Args;
use dtsec_fault::Record;

use super::Report;
use crate::output::Answer;

/// Show the record of a campaign: how many runs ended how, and every one that was accepted.
#[derive(Args)]
pub(crate) struct Show {
    /// The record.
    record: PathBuf,
}

impl Show {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        Report { record: Record::read(&self.record)?, out: None, runs_per_second: None }.answer()
    }
}
