//! The programme's server under load, by `benches/registry`.

use crate::{
    layout,
    needs::{self, Need},
    shell,
};
use anyhow::{Context as _, Result};

/// What it says.
pub struct Served {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: serde_json::Value,
}

/// Measures on both databases, for half a minute or so besides the build.
pub fn measure() -> Result<Served> {
    needs::ensure(&[Need::Postgres])?;
    let folder = tempfile::tempdir().context("cannot make a folder for the server's figures")?;
    let file = folder.path().join("server.json");
    let mut cargo = shell::cargo();
    cargo.current_dir(layout::root());
    cargo.args(["run", "--quiet", "--release", "--package", "bench-registry", "--", "--save"]).arg(&file);
    let text = shell::output(&mut cargo)?;
    let saved = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let json = serde_json::from_slice(&saved).context("bench-registry has saved something else")?;
    Ok(Served { text, json })
}
