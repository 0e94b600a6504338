//! Verdicts a second on one core, in this process, by size of the list and number of endorsed keys.
//!
//! Every token is of another device, so that neither a key nor an entry lies in the cache because it has just been
//! used. Beside the verdict: the same with a signed result, and the verification of a signature alone, which is what
//! no verdict can be faster than.

#![forbid(unsafe_code)]

mod made;

use anyhow::{Context, ensure};
use clap::Parser;
use dtsec_verify::{Ear, EarSigner, Evidence, Expected, Finding, VerifierId};
use jiff::SignedDuration;
use made::{Fleet, NONCE};
use serde::Serialize;
use std::hint::black_box;
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
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
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
    let mut figures = Vec::new();
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
        let device = |at: usize| if keys == 1 { 0 } else { at % arguments.devices };
        let tokens = &fleet.tokens;
        figures.push(measured("verdict", (entries, keys), &arguments, &fleet, |at| {
            let verdict = verifier.verify(&Evidence::new(&tokens[device(at)]), Expected::Nonce(&NONCE), now);
            ensure!(verdict.finding == Finding::ListedAndClean, "{:?} {}", verdict.finding, verdict.detail);
            black_box(&verdict);
            Ok(())
        })?);
        let (signer, _) = EarSigner::generate()?;
        let id = VerifierId::default();
        figures.push(measured("verdict, signed result", (entries, keys), &arguments, &fleet, |at| {
            let verdict = verifier.verify(&Evidence::new(&tokens[device(at)]), Expected::Nonce(&NONCE), now);
            black_box(signer.sign(&Ear::new(&verdict, &id, SignedDuration::from_mins(5)))?);
            Ok(())
        })?);
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    println!(
        "                                                           µs                          signature alone, µs"
    );
    println!(
        "                          entries      keys         /s       p1      p50      p95      p99       p1      p50"
    );
    for one in &figures {
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
    Ok(())
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
