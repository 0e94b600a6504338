//! The programme's side, by benches of their own: times of this machine.

use crate::{
    layout,
    needs::{self, Need},
    shell,
};
use anyhow::{Context as _, Result};

/// What is measured by a program of its own, which prints tables and saves JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bench {
    /// The registry's server under load, on both databases: half a minute or so besides the build.
    Server,
    /// Verdicts in a process and over HTTP.
    Verdicts,
    /// What a publication writes, and what following the list fetches.
    Publication,
}

/// What it says.
pub struct Measured {
    /// Its name in JSON.
    pub name: &'static str,
    /// For people.
    pub text: String,
    /// For programs.
    pub json: serde_json::Value,
}

impl Bench {
    const fn name(self) -> &'static str {
        match self {
            Bench::Server => "server",
            Bench::Verdicts => "verdicts",
            Bench::Publication => "publication",
        }
    }

    const fn package(self) -> &'static str {
        match self {
            Bench::Server => "bench-registry",
            Bench::Verdicts => "bench-verify",
            Bench::Publication => "bench-publish",
        }
    }

    /// Builds and runs it.
    pub fn measure(self) -> Result<Measured> {
        if self == Bench::Server {
            needs::ensure(&[Need::Postgres])?;
        }
        let package = self.package();
        let folder = tempfile::tempdir().context("cannot make a folder for the figures")?;
        let file = folder.path().join("figures.json");
        let mut cargo = shell::cargo();
        cargo.current_dir(layout::root());
        cargo.args(["run", "--quiet", "--release", "--package", package, "--", "--save"]).arg(&file);
        let text = shell::output(&mut cargo)?;
        let saved = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let json =
            serde_json::from_slice(&saved).with_context(|| format!("{package} has saved something else"))?;
        Ok(Measured { name: self.name(), text, json })
    }
}
