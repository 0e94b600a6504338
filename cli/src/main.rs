//! `dtsec`: one command line for those who make, evaluate and certify connected diabetes devices.
//!
//! Exit status: 0 success, 1 the answer is no, 2 the call or the machine is at fault.

#![forbid(unsafe_code)]

mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;

/// Make, evaluate and check connected diabetes devices.
#[derive(Parser)]
#[command(name = "dtsec", version)]
struct Arguments {
    /// Print one JSON object instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    output::print(arguments.command.run(arguments.json), arguments.json)
}
