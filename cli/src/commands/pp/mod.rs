//! `dtsec pp`: protection profiles, in the programme's JSON and in NIAP's XML.

mod export;
mod import;

use clap::Subcommand;

use crate::output::Answer;

/// What can be done with protection profiles.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Read a protection profile in NIAP's XML.
    Import(import::Import),
    /// Write a protection profile in NIAP's XML.
    Export(export::Export),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Import(command) => command.run(),
            Command::Export(command) => command.run(),
        }
    }
}
