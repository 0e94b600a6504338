//! What the published list costs: its publisher, who follows it, and who loads a million endorsements from it.

#![forbid(unsafe_code)]

mod desk;
mod follow;
mod keys;

use anyhow::Context;
use clap::Parser;
use desk::Desk;
use serde::Serialize;

/// What a publication writes and how long it takes; what following the list fetches; how fast endorsements are loaded.
#[derive(Parser)]
struct Arguments {
    /// Entries in the list.
    #[arg(long, default_value_t = 10_000)]
    entries: usize,
    /// Changes in the year.
    #[arg(long, default_value_t = 500)]
    changes: usize,
    /// Endorsed keys.
    #[arg(long, default_value_t = 1_000_000)]
    keys: usize,
    /// JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// File for the same as JSON.
    #[arg(long)]
    save: Option<std::path::PathBuf>,
}

#[derive(Serialize)]
struct Figures {
    entries: usize,
    first: desk::Figure,
    one: desk::Figure,
    year: follow::Figure,
    keys: keys::Figure,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let mut desk = Desk::new(folder.path())?;
    let first = desk.publish(0..arguments.entries, "listed")?;
    eprintln!("{} entries are published", arguments.entries);
    let one = desk.publish(7..8, "changed")?;
    let year = follow::year(&mut desk, folder.path(), arguments.entries, arguments.changes)?;
    eprintln!("a year has gone by");
    let keys = keys::load(arguments.keys)?;
    let figures = Figures { entries: arguments.entries, first, one, year, keys };
    let json = serde_json::to_string_pretty(&figures)?;
    if let Some(path) = &arguments.save {
        std::fs::write(path, &json).with_context(|| path.display().to_string())?;
    }
    if arguments.json {
        println!("{json}");
        return Ok(());
    }
    println!("Publishing                   look ms  stage ms  release ms  all ms    files     bytes   syncs");
    for (what, one) in
        [(format!("{} entries", arguments.entries), &figures.first), ("one change".into(), &figures.one)]
    {
        println!(
            "{what:<28} {:>7} {:>9} {:>11} {:>7} {:>8} {:>9} {:>7}",
            one.look_ms,
            one.stage_ms,
            one.release_ms,
            one.look_ms + one.stage_ms + one.release_ms,
            one.written.files,
            one.written.bytes,
            one.written.syncs
        );
    }
    let year = &figures.year;
    println!("\nFollowing            files      bytes");
    println!("at first          {:>8} {:>10}", year.first.files, year.first.bytes);
    println!("a week, nothing   {:>8} {:>10}", year.idle.files, year.idle.bytes);
    println!(
        "a year            {:>8} {:>10}   {} changes in {} weeks; of it manifests {}, parts that changed {}",
        year.year.files, year.year.bytes, year.changes, year.weeks, year.manifests, year.parts
    );
    let keys = &figures.keys;
    println!(
        "\n{} keys in {} parts, {} bytes: assembled in {} ms",
        keys.keys, keys.parts, keys.bytes, keys.assembled_ms
    );
    Ok(())
}
