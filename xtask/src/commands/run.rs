//! `cargo xtask run`: a development device with a console for a person.

use super::build;
use crate::{
    Answer,
    device::{Part, Workshop},
    layout,
    needs::{self, Need},
    shell,
};
use anyhow::{Context as _, Result, bail};
use std::{os::unix::process::CommandExt as _, path::Path, process::Command};

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
        let folder = layout::products().join("run");
        if Workshop::is_powered(&folder)? {
            bail!("the device in {} is powered on already; switch it off first (/quit)", folder.display());
        }
        needs::ensure(&Need::RUN)?;
        build::everything(&needs::toolchain()?)?;
        if self.fresh {
            Workshop::discard(&folder)?;
        }
        let workshop = shell::step("make the device ready", || {
            let workshop = Workshop::open_or_make(&folder)?;
            workshop.install(Part::Platform, "cdd-platform", &layout::firmware().join("platform.bin"))?;
            let application = layout::firmware().join(format!("{}.bin", self.application));
            workshop.install(Part::Application, &self.application, &application)?;
            Ok(workshop)
        });
        let workshop = workshop.or_else(|error| explained(error, &folder))?;
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

/// What to do about a device that cannot be used: it costs nothing to make another.
fn explained<T>(error: anyhow::Error, folder: &Path) -> Result<T> {
    if Workshop::is_powered(folder).unwrap_or(false) {
        return Err(error);
    }
    let hint = "the device cannot be made ready; if its folder is damaged, `cargo xtask run --fresh` makes a new one";
    Err(error.context(format!("{}: {hint}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_device_names_the_way_out_and_one_in_use_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let broken = || explained::<()>(anyhow::anyhow!("flash.bin is 3 bytes long"), folder.path());
        let said = format!("{:#}", broken().unwrap_err());
        assert!(said.contains("--fresh") && said.contains("3 bytes long"), "{said}");
        std::fs::create_dir(folder.path().join("device")).unwrap();
        let power = std::fs::File::create(folder.path().join("device/power.lock")).unwrap();
        power.lock().unwrap();
        assert!(!format!("{:#}", broken().unwrap_err()).contains("--fresh"));
    }
}
