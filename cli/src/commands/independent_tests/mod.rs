//! `dtsec independent-tests`: the tests of ATE_IND.1, drawn so that nobody knows them in advance and nobody can choose
//! them afterwards.

mod choose;
mod commit;
mod reveal;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use dtsec_evaluate::{Kind, Selection, Target};
use dtsec_model::evidence::TestKind;
use dtsec_workunits::independent::{CatalogueTest, Commitment, Seed};

use crate::output::Answer;

/// What can be done with independent tests.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Draw a seed, keep it, and print what is handed out: its SHA-256.
    Commit(commit::Commit),
    /// Show the tests that a seed gives, for those who run them.
    Choose(choose::Choose),
    /// After the tests: show the seed, and document the drawn tests with the eight items.
    Reveal(reveal::Reveal),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::Commit(command) => command.run(),
            Command::Choose(command) => command.run(),
            Command::Reveal(command) => command.run(),
        }
    }
}

/// What is drawn from.
#[derive(Args)]
struct Catalogue {
    /// The target whose tests are drawn from: mps2-an505 or virtual.
    #[arg(long, value_name = "TARGET")]
    target: String,
}

impl Catalogue {
    fn read(&self) -> anyhow::Result<Vec<CatalogueTest>> {
        let Some(target) = Target::by_name(&self.target) else {
            bail!(
                "there is no target `{}`; there are {}",
                self.target,
                Target::ALL.map(Target::name).join(" and ")
            );
        };
        let (tests, _) = Selection::default().resolve(target)?;
        let test = |test: &dtsec_evaluate::Test| CatalogueTest {
            id: test.id.to_owned(),
            requirement: test.sfr.to_owned(),
            kind: match test.kind {
                Kind::Functional => TestKind::Functional,
                Kind::Attack => TestKind::Attack,
            },
            interface: test.interface.to_owned(),
        };
        Ok(tests.iter().map(test).collect())
    }
}

/// A draw that was committed to.
#[derive(Args)]
struct Drawn {
    /// The commitment that was handed out.
    #[arg(long, value_name = "FILE")]
    commitment: PathBuf,
    /// The seed that was kept.
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    #[command(flatten)]
    catalogue: Catalogue,
}

impl Drawn {
    fn read(&self) -> anyhow::Result<(Commitment, Seed, Vec<CatalogueTest>)> {
        let commitment = serde_json::from_str(&text(&self.commitment)?)
            .with_context(|| format!("{} is no commitment", self.commitment.display()))?;
        let seed = Seed::from_hex(&text(&self.seed)?)
            .with_context(|| format!("{} is no seed", self.seed.display()))?;
        Ok((commitment, seed, self.catalogue.read()?))
    }
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
