//! `dtsec device factory-reset`.

use std::path::PathBuf;

use clap::Args;
use dtsec_target::Transaction;

use super::transaction;
use crate::commands::supply::Supply;
use crate::output::Answer;

/// Destroy all that a device received since delivery, after showing it: readings, keys, records.
///
/// It needs no application that works. Identity, signing keys, counters and images stay.
#[derive(Args)]
pub(crate) struct FactoryReset {
    /// The device, switched off.
    dir: PathBuf,
    /// Go ahead without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    supply: Supply,
}

impl FactoryReset {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        transaction::run(Transaction::FactoryReset, &self.dir, &self.supply, self.yes)
    }
}
