//! `dtsec device decommission`.

use std::path::PathBuf;

use clap::Args;
use dtsec_target::Transaction;

use super::transaction;
use crate::commands::supply::Supply;
use crate::output::Answer;

/// Take a device out of service for good, after showing what is destroyed: it never starts again.
///
/// It needs no application that works. One that was begun and cut short is finished without asking again.
#[derive(Args)]
pub(crate) struct Decommission {
    /// The device, switched off.
    dir: PathBuf,
    /// Go ahead without asking.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    supply: Supply,
}

impl Decommission {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        transaction::run(Transaction::Decommission, &self.dir, &self.supply, self.yes)
    }
}
