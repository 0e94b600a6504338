//! `cargo xtask`, see the library.

use clap::Parser;
use std::process::ExitCode;
use xtask::{Answer, commands::Command, shell};

/// Sets up, builds, runs, evaluates, tests and measures the platform.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match Arguments::parse().command.run() {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Ok(Answer::NotDone(status)) => ExitCode::from(status),
        Err(error) => {
            shell::note(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
