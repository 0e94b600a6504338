//! `cargo run -p bench-storage --release [-- --json]`, see the library. `cargo xtask bench` runs it too.

#![forbid(unsafe_code)]

use anyhow::Context;
use clap::Parser;
use std::path::PathBuf;

/// What trusted storage costs in flash, beside two plain stores.
#[derive(Parser)]
struct Arguments {
    /// Prints JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Saves what has budgets here.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let figures = bench_storage::measure(bench_storage::SETS)?;
    if let Some(path) = arguments.save {
        std::fs::write(&path, serde_json::to_vec_pretty(&figures.budgeted())?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        print!("{figures}");
    }
    Ok(())
}
