//! The commands, one a file.

mod image;

use clap::Subcommand;

use crate::output::Answer;

/// What `dtsec` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign firmware images and look into them.
    #[command(subcommand)]
    Image(image::Command),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Image(command) => command.run(),
        }
    }
}
