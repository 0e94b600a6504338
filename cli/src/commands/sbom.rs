//! `dtsec sbom`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;
use dtsec_toe::sbom::{Product, Sbom as Document};
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Write the bill of materials of the platform: CycloneDX 1.6, from Cargo.lock and what cargo resolves. Needs no network.
#[derive(Args)]
pub(crate) struct Sbom {
    /// File for it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Root of the workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// A package that the product is made from; may be repeated.
    #[arg(long, value_name = "NAME", default_values = PLATFORM.0)]
    package: Vec<String>,
    /// What it is compiled for.
    #[arg(long, value_name = "TRIPLE", default_value = PLATFORM.1)]
    target: String,
    /// Name of the product.
    #[arg(long, value_name = "TEXT", default_value = "cdd-platform")]
    name: String,
    /// Version of the product, as the device answers it.
    #[arg(long, value_name = "TEXT", default_value = "0.1.0+0")]
    product_version: String,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    components: usize,
    /// Linked into the product.
    required: usize,
    serial_number: Option<String>,
}

impl Sbom {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let product = Product { name: self.name, version: self.product_version, packages: self.package };
        let sbom = of(&self.root, &self.target, &product)?;
        files::write(&self.out, sbom.to_json().as_bytes())?;
        let required =
            sbom.components.iter().filter(|component| component.scope.as_deref() == Some("required"));
        let report = Report {
            file: self.out.into(),
            components: sbom.components.len(),
            required: required.count(),
            serial_number: sbom.serial_number,
        };
        Answer::new(report, Exit::Success)
    }
}

/// The packages that the platform of this repository is made from, and what they are compiled for.
pub(super) const PLATFORM: ([&str; 2], &str) =
    (["mps2-an505-boot", "mps2-an505-platform"], "thumbv8m.main-none-eabi");

/// The bill of materials of a product of the workspace in `root`.
pub(super) fn of(root: &Path, target: &str, product: &Product) -> anyhow::Result<Document> {
    let lock = root.join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    Ok(Document::make(product, &metadata(root, target)?, &lock)?)
}

fn metadata(root: &Path, target: &str) -> anyhow::Result<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root).args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        target,
    ]);
    let output = cargo.output().context("cannot start cargo, which knows the packages; is it in PATH?")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "cargo metadata failed: {}; where packages are missing, `cargo fetch` brings them",
            said.trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { file, components, required, .. } = self;
        writeln!(
            f,
            "wrote {file}: {components} components, {required} of them linked, the others only to build"
        )
    }
}
