//! `cargo xtask setup`: everything that any command needs.

use crate::{
    Answer,
    needs::{self, Need},
    shell,
};
use anyhow::Result;

/// Installs what is missing.
#[derive(clap::Args)]
pub struct Setup {
    /// Only say what is missing
    #[arg(long)]
    dry_run: bool,
}

impl Setup {
    pub(super) fn run(self) -> Result<Answer> {
        if self.dry_run {
            let mut complete = true;
            for need in Need::ALL {
                let met = need.is_met()?;
                complete &= met;
                let state = if met { "there" } else { "missing" };
                println!("{state:8}{}", need.name());
            }
            return Ok(Answer::from_bool(complete));
        }
        needs::ensure(&Need::ALL)?;
        shell::note("everything is there");
        Ok(Answer::Yes)
    }
}
