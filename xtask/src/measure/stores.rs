//! Trusted storage beside two plain stores, by `benches/storage`.

use super::Figures;
use crate::{layout, shell};
use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// What of its figures have budgets.
#[derive(Deserialize)]
struct Saved {
    permille: BTreeMap<String, u64>,
    bytes: BTreeMap<String, u64>,
}

pub(super) fn compare(figures: &mut Figures, work: &Path) -> Result<()> {
    let file = work.join("stores.json");
    let mut cargo = shell::cargo();
    cargo.current_dir(layout::root());
    cargo.args(["run", "--quiet", "--release", "--package", "bench-storage", "--", "--save"]).arg(&file);
    figures.stores = shell::output(&mut cargo)?;
    let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let saved: Saved = serde_json::from_slice(&text).context("bench-storage has saved something else")?;
    figures.permille.extend(saved.permille);
    figures.bytes.extend(saved.bytes);
    Ok(())
}
