//! `cargo run -p bench-registry --release [-- --json]`, see the library. `cargo xtask bench` runs it too.

#![forbid(unsafe_code)]

use anyhow::Context as _;
use bench_registry::load::Plan;
use bench_registry::server::{self, Place};
use bench_registry::{On, Report};
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// How fast the programme's server answers.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    bench: Bench,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(clap::Args)]
struct Bench {
    /// The database; both without it
    #[arg(long)]
    on: Option<On>,
    /// Products in the list
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..))]
    products: u32,
    /// Requests a second
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Seconds of requests
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Save them as JSON here, too
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Role {
    /// Is the server that is measured
    #[command(name = server::ROLE, hide = true)]
    Serve {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        database: Option<String>,
    },
}

fn main() -> anyhow::Result<()> {
    let Arguments { bench, role } = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(Role::Serve { data, database }) = role {
        return runtime.block_on(server::serve(Place { folder: &data, database: database.as_deref() }));
    }
    let plan = Plan {
        rate: bench.rate,
        duration: Duration::from_secs(u64::from(bench.seconds)),
        warm_up: Duration::from_secs(1),
    };
    let mut measured = Vec::new();
    for on in bench.on.map_or(vec![On::Sqlite, On::Postgres], |on| vec![on]) {
        measured.push(runtime.block_on(bench_registry::measure(on, bench.products as usize, plan))?);
    }
    let report = Report::new(plan, measured);
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(path) = &bench.save {
        std::fs::write(path, &json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if bench.json {
        println!("{json}");
    } else {
        print!("{report}");
    }
    Ok(())
}
