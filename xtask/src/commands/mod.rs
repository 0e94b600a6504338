//! The commands, one a file.

mod bench;
mod build;
mod check;
mod evaluate;
mod run;
mod setup;
mod story;
mod test;

use crate::Answer;
use anyhow::Result;

/// What can be asked for.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Installs what is missing on this machine
    Setup(setup::Setup),
    /// Builds the firmware and the virtual device into target/firmware/
    Build(build::Build),
    /// Boots a development device with an interactive console
    Run(run::Run),
    /// Builds everything and evaluates it: table, report.html, evidence.json
    Evaluate(evaluate::Evaluate),
    /// Tells the whole story: a device is evaluated, listed, verified, found vulnerable, removed, mended, listed again
    Story(story::Story),
    /// Runs every test, the evaluation of both targets among them
    Test(test::Test),
    /// Counts instructions and bytes, beside the figures of others, and holds them against the budgets
    Bench(bench::Bench),
    /// Format, lints, documentation, dependencies
    Check(check::Check),
}

impl Command {
    /// Does it.
    pub fn run(self) -> Result<Answer> {
        match self {
            Self::Setup(command) => command.run(),
            Self::Build(command) => command.run(),
            Self::Run(command) => command.run(),
            Self::Evaluate(command) => command.run(),
            Self::Story(command) => command.run(),
            Self::Test(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Check(command) => command.run(),
        }
    }
}
