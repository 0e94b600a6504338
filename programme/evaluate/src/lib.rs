//! Evaluates a device from outside: functional tests and attacks, evidence and report.
//!
//! [`evaluate`] runs the tests of a [`Selection`] against a target and returns the [`Evidence`]: for each test the
//! requirement, the threats, what was done, what had to be seen, what was seen, and a verdict. A [`Folder`] takes it
//! as `evidence.json` and `report.html`.
//!
//! Rules that every test here keeps:
//!
//! - An attack has a positive control: the same thing where it must succeed. If the control fails, the harness is
//!   blind and the test fails.
//! - A campaign is judged by code that also looks at a device with a planted defect, and must find it.
//! - Sampling follows from a seed that stands in the evidence.
//! - No fixed waits: a test waits for what a device says; deadlines only find devices that hang.
//!
//! This crate meets a device through `dtsec-target` only – its files, wires and power – and shares with the device
//! nothing but the image format (`cdd-image`). `dtsec evaluate` and `cargo xtask evaluate` use it.

#![forbid(unsafe_code)]

mod attack;
mod bench;
mod evidence;
mod folder;
mod images;
mod model;
mod monitor;
mod mutation;
mod observations;
mod oracle;
mod probe;
mod reference;
mod report;
mod rom;
mod runner;
mod seed;
pub mod sfr;
mod statistics;
mod tests;
mod work;

pub use evidence::{
    Applicable, Evidence, NotApplicable, Provenance, SfrRow, Standing, Summary, TestRecord, TestedFile,
};
pub use folder::Folder;
pub use model::{Kind, Target, Test, Threat, Verdict};
pub use observations::{Control, Entry, Observations};
pub use runner::{Progress, Selection, SelectionError};
pub use tests::all as all_tests;
pub use work::Work;

use anyhow::{Context, Result, bail};
use bench::Bench;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// What to evaluate, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// What.
    pub target: Target,
    /// Folder of the built firmware.
    pub firmware: PathBuf,
    /// Which tests.
    pub selection: Selection,
    /// Where samples come from.
    pub seed: u64,
    /// Whether to cut samples down, for development.
    pub quick: bool,
}

/// Whether the evaluation can be made: the selection makes sense, the firmware is there, and so is what it runs on.
pub fn check(options: &Options) -> Result<()> {
    let (selected, _) = options.selection.resolve(options.target)?;
    if selected.is_empty() {
        return Err(SelectionError::Nothing { target: options.target.name() }.into());
    }
    check_firmware(options)?;
    device_host(options.target).map(drop)
}

/// Runs the tests, with their devices in `work`, and returns the evidence.
///
/// An error means that nothing could be evaluated: an unknown name, missing firmware; see [`check()`]. Whatever a
/// device does is evidence and no error.
pub fn evaluate(options: &Options, work: &Arc<Work>, progress: &dyn Progress) -> Result<Evidence> {
    check(options)?;
    let (selected, not_applicable) = options.selection.resolve(options.target)?;
    let date = jiff::Timestamp::now();
    let bench = Bench::new(options, work)?;
    let files = bench.files()?;
    let tests = runner::run(&bench, &selected, progress);
    Ok(Evidence {
        schema: evidence::SCHEMA,
        target: options.target,
        provenance: Provenance {
            tool: format!("dtsec-evaluate {}", env!("CARGO_PKG_VERSION")),
            date: format!("{date:.0}"),
            finished: format!("{:.0}", jiff::Timestamp::now()),
            host: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            device_host: device_host(options.target)?,
        },
        seed: options.seed,
        quick: options.quick,
        board: board(&bench),
        files,
        sfrs: Evidence::rows(&tests),
        tests,
        not_applicable,
        limits: evidence::limits(options.target),
    })
}

fn check_firmware(options: &Options) -> Result<()> {
    let board =
        dtsec_target::Board::named(options.target.name()).context("the target has no board description")?;
    let firmware = dtsec_target::Firmware::new(&options.firmware, &board);
    // The virtual device brings its own code; its payloads are made by the bench.
    let missing = match options.target {
        Target::Mps2An505 => firmware.missing(),
        Target::Virtual => Some(firmware.boot()).filter(|path| !path.is_file()),
    };
    if let Some(path) = missing {
        bail!("{} is missing; run `cargo xtask build`, or name the folder with --firmware", path.display());
    }
    Ok(())
}

/// What carries the device, as far as it says so.
fn device_host(target: Target) -> Result<String> {
    match target {
        Target::Virtual => Ok("host process".into()),
        Target::Mps2An505 => {
            let version = Command::new("qemu-system-arm").arg("--version").output();
            let version = version.context(
                "cannot start qemu-system-arm, on which the board runs; run `cargo xtask setup`, or install the \
                 Debian package qemu-system-arm",
            )?;
            let text = String::from_utf8_lossy(&version.stdout).into_owned();
            Ok(text.lines().next().unwrap_or("QEMU of unknown version").to_owned())
        }
    }
}

fn board(bench: &Bench) -> serde_json::Value {
    let flash = bench.board.flash();
    let slot = |(name, slot): (&str, &dtsec_target::Slot)| {
        (name.to_owned(), serde_json::json!({ "part": slot.part, "offset": slot.offset, "size": slot.size }))
    };
    serde_json::json!({
        "target": bench.board.target(),
        "flash": { "size": flash.size, "erase": flash.erase, "write": flash.write },
        "slots": bench.board.slots().map(slot).collect::<serde_json::Map<_, _>>(),
    })
}
