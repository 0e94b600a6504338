//! Verdicts a second, by size of the list and number of endorsed keys: on one core in this process, and over HTTP on loopback.
//!
//! Every token is of another device, so that neither a key nor an entry lies in the cache because it has just been
//! used. Beside the verdict: the same with a signed result, and the verification of a signature alone, which is what
//! no verdict can be faster than.

#![forbid(unsafe_code)]

mod http;
mod made;

use anyhow::{Context, ensure};
use clap::Parser;
use dtsec_verify::{Ear, EarSigner, Evidence, Expected, Finding, VerifierId};
use dtsec_verify_service::Service;
use jiff::SignedDuration;
use made::{Fleet, NONCE};
use serde::Serialize;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Verdicts a second, by size of the list and number of endorsed keys.
#[derive(Parser)]
struct Arguments {
    /// Verdicts in each measurement.
    #[arg(long, default_value_t = 20_000)]
    verdicts: usize,
    /// Devices that send tokens, each its own.
    #[arg(long, default_value_t = 500)]
    devices: usize,
    /// Connections that ask at once over HTTP.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// One of the two.
    #[arg(long, value_enum)]
    only: Option<Way>,
    /// JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// File for the same as JSON.
    #[arg(long)]
    save: Option<std::path::PathBuf>,
}

/// How verdicts are asked for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    InProcess,
    Http,
}

/// Everything.
#[derive(Default, Serialize)]
struct Figures {
    in_process: Vec<Figure>,
    http: Vec<http::Figure>,
}

/// What a measurement was of, and what it gave.
#[derive(Serialize)]
struct Figure {
    what: &'static str,
    entries: usize,
    keys: usize,
    per_second: f64,
    p1_us: f64,
    p50_us: f64,
    p95_us: f64,
    p99_us: f64,
    signature_p1_us: f64,
    signature_p50_us: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut all = Figures::default();
    let wanted = |way| arguments.only.is_none_or(|only| only == way);
    let fleet = Fleet::make(arguments.devices)?;
    // As many keys as devices: what a million others cost beyond that is the cost of the look-up.
    let few = arguments.devices;
    let sizes = [10, 1_000, 100_000];
    for (keys, entries) in
        [1, few, 1_000_000].into_iter().flat_map(|keys| sizes.map(|entries| (keys, entries)))
    {
        let started = Instant::now();
        let verifier = fleet.verifier(entries, keys)?;
        eprintln!("{entries} entries, {keys} keys: ready in {:.1} s", started.elapsed().as_secs_f64());
        let now = made::now();
        // With one key there is one device.
        let devices = if keys == 1 { 1 } else { arguments.devices };
        let device = |at: usize| at % devices;
        let tokens = &fleet.tokens;
        let figures = &mut all.in_process;
        if wanted(Way::InProcess) {
            figures.push(measured("verdict", (entries, keys), &arguments, &fleet, |at| {
                let verdict =
                    verifier.verify(&Evidence::new(&tokens[device(at)]), Expected::Nonce(&NONCE), now);
                ensure!(
                    verdict.finding == Finding::ListedAndClean,
                    "{:?} {}",
                    verdict.finding,
                    verdict.detail
                );
                black_box(&verdict);
                Ok(())
            })?);
            let (signer, _) = EarSigner::generate()?;
            let id = VerifierId::default();
            figures.push(measured("verdict, signed result", (entries, keys), &arguments, &fleet, |at| {
                let verdict =
                    verifier.verify(&Evidence::new(&tokens[device(at)]), Expected::Nonce(&NONCE), now);
                black_box(signer.sign(&Ear::new(&verdict, &id, SignedDuration::from_mins(5)))?);
                Ok(())
            })?);
        }
        if wanted(Way::Http) {
            let requests = Arc::new(http::requests(&fleet, devices));
            let service = Arc::new(Service::new(verifier, &[7; 32], EarSigner::generate()?.0));
            let load = http::Load { verdicts: arguments.verdicts, connections: arguments.connections };
            for cores in [1, 2] {
                all.http.push(load.measured(&service, cores, (entries, keys), &requests)?);
            }
        }
    }
    if let Some(path) = &arguments.save {
        std::fs::write(path, serde_json::to_vec_pretty(&all)?).with_context(|| path.display().to_string())?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    if wanted(Way::InProcess) {
        print(&all.in_process);
    }
    if wanted(Way::Http) {
        http::print(&all.http);
    }
    Ok(())
}

fn print(figures: &[Figure]) {
    println!(
        "                                                           µs                          signature alone, µs"
    );
    println!(
        "                          entries      keys         /s       p1      p50      p95      p99       p1      p50"
    );
    for one in figures {
        println!(
            "{:<24} {:>8} {:>9} {:>10.0} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>8.1}",
            one.what,
            one.entries,
            one.keys,
            one.per_second,
            one.p1_us,
            one.p50_us,
            one.p95_us,
            one.p99_us,
            one.signature_p1_us,
            one.signature_p50_us
        );
    }
}

/// Does it so many times, after a tenth of that to get warm; in turn with the signature alone, so that both see
/// the same machine, whatever else it does.
fn measured(
    what: &'static str,
    (entries, keys): (usize, usize),
    arguments: &Arguments,
    fleet: &Fleet,
    mut once: impl FnMut(usize) -> anyhow::Result<()>,
) -> anyhow::Result<Figure> {
    for at in 0..arguments.verdicts / 10 {
        once(at)?;
    }
    let (mut times, mut signatures) = (Vec::new(), Vec::new());
    for at in 0..arguments.verdicts {
        let started = Instant::now();
        once(at)?;
        times.push(started.elapsed());
        let started = Instant::now();
        ensure!(fleet.signature_alone(at), "a signature does not verify");
        signatures.push(started.elapsed());
    }
    let total: Duration = times.iter().sum();
    let per_second = times.len() as f64 / total.as_secs_f64();
    times.sort_unstable();
    signatures.sort_unstable();
    Ok(Figure {
        what,
        entries,
        keys,
        per_second,
        p1_us: part(&times, 1)?,
        p50_us: part(&times, 50)?,
        p95_us: part(&times, 95)?,
        p99_us: part(&times, 99)?,
        signature_p1_us: part(&signatures, 1)?,
        signature_p50_us: part(&signatures, 50)?,
    })
}

/// So many hundredths of the times are shorter.
fn part(sorted: &[Duration], hundredths: usize) -> anyhow::Result<f64> {
    let at = (sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map(|time| time.as_secs_f64() * 1e6).context("no verdicts were asked for")
}
