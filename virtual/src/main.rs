//! `cdd-virtual`: the platform as a host process. See `docs/wires.md` for what its wires carry.

#![deny(unsafe_code)]

use anyhow::{Context, Result};
use cdd_virtual::batch::{Batch, PlantedDefect};
use cdd_virtual::fds::Inherited;
use cdd_virtual::wire::{Receiver, Wire};
use cdd_virtual::{Device, Entropy, Wires, run};
use clap::Parser;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;

/// Runs a virtual device: boot, platform and the application (the glucose meter, or the probe where the image
/// is named so) in one process, on the files of a device's folder. Without wires the console is standard input
/// and output, management is standard error, and entropy comes from the operating system.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The device's folder: board.json, flash.bin, fuses.bin, factory.bin.
    #[arg(long, value_name = "DIR")]
    device: PathBuf,
    /// Inherited file descriptor of the management wire.
    #[arg(long, value_name = "N", conflicts_with = "batch")]
    management_fd: Option<RawFd>,
    /// Inherited file descriptor of the application's console.
    #[arg(long, value_name = "N", conflicts_with = "batch")]
    console_fd: Option<RawFd>,
    /// Inherited file descriptor of the noise source.
    #[arg(long, value_name = "N", conflicts_with = "batch")]
    entropy_fd: Option<RawFd>,
    /// Inherited file descriptor of the glucose sensor.
    #[arg(long, value_name = "N", conflicts_with = "batch")]
    sensor_fd: Option<RawFd>,
    /// Start the device once for each request on standard input; nothing is written back.
    #[arg(long)]
    batch: bool,
    /// In a batch: a defect that the campaign must find.
    #[arg(long, value_name = "DEFECT", requires = "batch")]
    planted_defect: Option<PlantedDefect>,
}

fn main() -> Result<()> {
    // SAFETY: the first thing that this process does; nothing has opened a descriptor yet.
    #[allow(unsafe_code)]
    let mut inherited = unsafe { Inherited::at_start() }.context("cannot list the open file descriptors")?;
    let arguments = Arguments::parse();
    let device = Device::new(&arguments.device);
    if arguments.batch {
        if let Some(defect) = arguments.planted_defect {
            eprintln!(
                "cdd-virtual: *** PLANTED DEFECT {defect:?}: nothing that this process accepts is genuine ***"
            );
        }
        let batch = Batch::new(device.copied_machine()?, arguments.planted_defect);
        return cdd_virtual::batch::serve(batch, io::stdin(), io::stdout()).context("batch");
    }
    let mut take = |name: &str, fd: Option<RawFd>| -> Result<Option<OwnedFd>> {
        fd.map(|fd| inherited.take(fd).with_context(|| format!("--{name}-fd"))).transpose()
    };
    let wires = Wires {
        management: match take("management", arguments.management_fd)? {
            Some(fd) => Wire::new(fd)?,
            None => Wire::standard_error()?,
        },
        console: match take("console", arguments.console_fd)? {
            Some(fd) => Wire::new(fd)?,
            None => Wire::standard()?,
        },
        entropy: match take("entropy", arguments.entropy_fd)? {
            Some(fd) => Entropy::Wire(Receiver::new(fd)),
            None => Entropy::OperatingSystem,
        },
        sensor: take("sensor", arguments.sensor_fd)?.map(Receiver::new),
    };
    run(|| device.machine(), wires)
}
