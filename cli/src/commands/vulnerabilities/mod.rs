//! `dtsec vulnerabilities`: what is published about the parts of a product.

mod search;

use clap::Subcommand;

use crate::output::Answer;

/// What can be done.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Search databases on disk for every component of an SBOM.
    Search(search::Search),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Search(command) => command.run(),
        }
    }
}
