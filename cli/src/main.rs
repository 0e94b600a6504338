//! `dtsec`: one command line for those who make, evaluate and certify connected diabetes devices.
//!
//! Exit status: 0 success, 1 the answer is no, 2 the call or the machine is at fault.

#![forbid(unsafe_code)]

mod commands;
mod files;
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
    match Arguments::try_parse() {
        Ok(arguments) => output::print(arguments.command.run(arguments.json), arguments.json),
        Err(error) => output::refused(&error, json_asked_for()),
    }
}

/// Whether a call that could not be understood asks for JSON.
fn json_asked_for() -> bool {
    std::env::args_os().skip(1).take_while(|argument| argument != "--").any(|argument| argument == "--json")
}
