//! The commands, one a file.

mod attest;
mod consent;
mod device;
mod evaluate;
mod image;
mod supply;

use clap::Subcommand;

use crate::output::Answer;

/// What `dtsec` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Have a device attest who it is and what it runs, and check what it says.
    #[command(subcommand)]
    Attest(attest::Command),
    /// Make devices, put firmware on them, look at them, run them.
    #[command(subcommand)]
    Device(device::Command),
    /// Evaluate a target from outside: functional tests and attacks.
    Evaluate(evaluate::Evaluate),
    /// Sign firmware images and look into them.
    #[command(subcommand)]
    Image(image::Command),
}

impl Command {
    /// `json`: standard output is to hold the answer and nothing else.
    pub(crate) fn run(self, json: bool) -> anyhow::Result<Answer> {
        match self {
            Command::Attest(command) => command.run(),
            Command::Device(command) => command.run(json),
            Command::Evaluate(command) => command.run(),
            Command::Image(command) => command.run(),
        }
    }
}
