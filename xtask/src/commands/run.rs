//! `cargo xtask run`: a development device with a console for a person.

use super::build;
use crate::{
    Answer,
    device::{Part, Workshop},
    layout,
    needs::{self, Need},
    shell,
};
use anyhow::{Context as _, Result};
use std::{os::unix::process::CommandExt as _, process::Command};

/// Boots a development device interactively. Keys and device are made at the first run and kept in target/run.
#[derive(clap::Args)]
pub struct Run {
    /// Throw the device and its keys away and make new ones
    #[arg(long)]
    fresh: bool,
    /// The application to run
    #[arg(long, default_value = "bgm", value_parser = ["bgm", "probe"])]
    application: String,
    /// Handed to `dtsec device run`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Run {
    pub(super) fn run(self) -> Result<Answer> {
        needs::ensure(&Need::RUN)?;
        build::everything(&needs::toolchain()?)?;
        let folder = layout::products().join("run");
        if self.fresh && folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let workshop = shell::step("make the device ready", || {
            let workshop = Workshop::open_or_make(&folder)?;
            workshop.install(Part::Platform, "cdd-platform", &layout::firmware().join("platform.bin"))?;
            let application = layout::firmware().join(format!("{}.bin", self.application));
            workshop.install(Part::Application, &self.application, &application)?;
            Ok(workshop)
        })?;
        let mut device = Command::new(layout::dtsec());
        device
            .current_dir(layout::root())
            .args(["device", "run"])
            .arg(workshop.device())
            .arg("--firmware")
            .arg(layout::firmware())
            .args(&self.arguments);
        // The terminal now belongs to the device.
        Err(device.exec()).with_context(|| format!("cannot start `{}`", shell::shown(&device)))
    }
}
