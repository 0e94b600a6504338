//! `cargo run -p bench-storage --release [-- --json]`, see the library.

#![forbid(unsafe_code)]

use clap::Parser;

/// What trusted storage costs in flash, beside two plain stores.
#[derive(Parser)]
struct Arguments {
    /// Prints JSON instead of tables.
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let figures = bench_storage::measure(bench_storage::SETS)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        print!("{figures}");
    }
    Ok(())
}
