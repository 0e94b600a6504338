//! `dtsec device create`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_target::{Board, Device, Provisioning};
use serde::Serialize;

use crate::output::{Answer, Exit, ShownPath};

/// Make a blank device, as it leaves assembly: erased flash, blank fuses, a random device secret.
#[derive(Args)]
pub(crate) struct Create {
    /// What it is to be.
    #[arg(long, value_parser = ["mps2-an505", "virtual"])]
    target: String,
    /// Folder for it; must not hold a device yet.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    device: ShownPath,
    target: String,
    life_cycle: &'static str,
    slots: Vec<String>,
}

impl Create {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let board = Board::named(&self.target).context("no such target")?;
        Device::create(&self.out, &board, &Provisioning::blank().with_random_secret()?)?;
        let slots = board.slots().map(|(name, _)| name.to_owned()).collect();
        let report = Report { device: self.out.into(), target: self.target, life_cycle: "assembly", slots };
        Answer::new(report, Exit::Success)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dir = &self.device;
        writeln!(f, "made {dir}: {}, life cycle {}", self.target, self.life_cycle)?;
        writeln!(f, "slots: {}", self.slots.join(", "))?;
        writeln!(f, "next: dtsec device provision {dir} --platform-key PEM --application-key PEM …")
    }
}
