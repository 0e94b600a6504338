//! `dtsec profile`: SESIP profiles, built in and imported.

mod import;
mod show;

use clap::Subcommand;

use crate::output::Answer;

/// What can be done with SESIP profiles.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Read the text of a SESIP profile, and say what could not be placed and where the text contradicts itself.
    Import(import::Import),
    /// Show a profile.
    Show(show::Show),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Import(command) => command.run(),
            Command::Show(command) => command.run(),
        }
    }
}
