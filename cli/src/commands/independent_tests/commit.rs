//! `dtsec independent-tests commit`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_model::Date;
use dtsec_workunits::independent::{Commitment, Seed};
use serde::Serialize;

use super::Catalogue;
use crate::files::write_new;
use crate::output::{Answer, Exit, ShownPath};

/// Draw a seed, keep it, and print what is handed out before the tests: its SHA-256, the digest of the catalogue and the
/// number of tests. Neither file is ever overwritten.
#[derive(Args)]
pub(crate) struct Commit {
    #[command(flatten)]
    catalogue: Catalogue,
    /// How many tests to draw.
    #[arg(long, value_name = "N")]
    count: usize,
    /// The day.
    #[arg(long, value_name = "DATE")]
    date: Date,
    /// File for the seed, readable by its owner only: show it to nobody before the tests.
    #[arg(long, value_name = "FILE")]
    seed_out: PathBuf,
    /// File for the commitment, to be handed out.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    commitment: Commitment,
    tests: usize,
    seed: ShownPath,
    out: ShownPath,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {} tests will be drawn", self.commitment.count, self.tests)?;
        writeln!(f, "SHA-256 of the seed  {}", self.commitment.seed_sha256)?;
        writeln!(f, "catalogue            {}", self.commitment.catalogue)?;
        writeln!(f, "wrote {} (secret until the tests are over)", self.seed)?;
        write!(f, "wrote {} (to be handed out now)", self.out)
    }
}

impl Commit {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let catalogue = self.catalogue.read()?;
        let seed = Seed::generate()?;
        let commitment = Commitment::new(&seed, &catalogue, self.count, self.date)?;
        let json = format!("{}\n", serde_json::to_string_pretty(&commitment)?);
        // The commitment first: a seed that nobody was committed to is of no use.
        write_new(&self.out, json.as_bytes(), 0o644)?;
        let written = write_new(&self.seed_out, format!("{}\n", seed.to_hex()).as_bytes(), 0o600);
        if written.is_err() {
            std::fs::remove_file(&self.out)
                .with_context(|| format!("cannot take back {}", self.out.display()))?;
        }
        written?;
        let report =
            Report { commitment, tests: catalogue.len(), seed: self.seed_out.into(), out: self.out.into() };
        Answer::new(report, Exit::Success)
    }
}
