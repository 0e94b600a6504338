//! `cargo xtask build`: `target/firmware/`.

use crate::{Answer, counter::Counter, elf::Program, firmware, layout, needs, shell, toolchain::Toolchain};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// Builds the firmware and the virtual device.
#[derive(clap::Args)]
pub struct Build {
    /// Build the sources a second time in another folder and compare every byte
    #[arg(long)]
    check_reproducible: bool,
    /// Leave out the virtual device and the command line
    #[arg(long)]
    firmware_only: bool,
}

impl Build {
    pub(super) fn run(self) -> Result<Answer> {
        let toolchain = needs::toolchain()?;
        let out = if self.firmware_only { firmware_alone(&toolchain)? } else { everything(&toolchain)? };
        if self.check_reproducible {
            return check_reproducible(&toolchain, &out);
        }
        Ok(Answer::Yes)
    }
}

/// The firmware, the virtual device and the command line.
pub(super) fn everything(toolchain: &Toolchain) -> Result<PathBuf> {
    // First, for the variants of the firmware take it along.
    shell::step("build the plugin that counts in QEMU", || Counter::build()?.put_into(&layout::firmware()))?;
    let out = firmware_alone(toolchain)?;
    firmware::build_host()?;
    Ok(out)
}

fn firmware_alone(toolchain: &Toolchain) -> Result<PathBuf> {
    shell::note(&format!("firmware by {}", toolchain.name()));
    let out = firmware::build(toolchain)?;
    print_sizes(&out)?;
    Ok(out)
}

fn print_sizes(out: &Path) -> Result<()> {
    for package in &firmware::PACKAGES {
        let sizes = Program::read(&out.join(format!("{}.elf", package.product)))?.sizes()?;
        shell::note(&format!(
            "  {:9}{:7} B code and constants, {:7} B variables",
            package.product,
            sizes.code(),
            sizes.ram()
        ));
    }
    shell::note(&format!("products in {}", out.strip_prefix(layout::root()).unwrap_or(out).display()));
    Ok(())
}

/// Copies the sources elsewhere, builds them there, and compares the images.
fn check_reproducible(toolchain: &Toolchain, out: &Path) -> Result<Answer> {
    let folder = tempfile::Builder::new().prefix("cdd-reproducible-").tempdir()?;
    let copy = folder.path().join("another/place");
    std::fs::create_dir_all(&copy)?;
    shell::step("copy the sources", || {
        let mut tar = std::process::Command::new("sh");
        tar.current_dir(layout::root())
            .args([
                "-c",
                "tar -cf - --exclude=./target --exclude=./.git --exclude=./out . | tar -xf - -C \"$0\"",
            ])
            .arg(&copy);
        shell::quietly(&mut tar)
    })?;
    let second = folder.path().join("out");
    firmware::build_in(toolchain, &copy, &folder.path().join("build"), &second)?;
    let mut same = true;
    for package in &firmware::PACKAGES {
        let name = format!("{}.{}", package.product, if package.flat { "bin" } else { "elf" });
        let [first, other] = [out.join(&name), second.join(&name)].map(|p| {
            Program::read(&p.with_extension("elf"))
                .and_then(|p| p.loaded())
                .with_context(|| p.display().to_string())
        });
        let equal = first? == other?;
        same &= equal;
        println!("{name:14}{}", if equal { "the same bytes" } else { "DIFFERS between two folders" });
    }
    Ok(Answer::from_bool(same))
}
