//! `dtsec fault device`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_fault::Scenario;
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Write the device that one of boot's scenarios attacks, as files for QEMU: flash, fuses, factory data.
#[derive(Args)]
pub(crate) struct Device {
    /// The scenario.
    #[arg(long, value_name = "NAME")]
    scenario: String,
    /// The device of the positive control instead, which starts.
    #[arg(long)]
    control: bool,
    /// The folder.
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    scenario: &'static str,
    files: Vec<ShownPath>,
}

impl Device {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let scenario = Scenario::named(&self.scenario)?;
        let content = scenario.content(!self.control)?;
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;
        let mut files = Vec::new();
        for (name, bytes) in [
            ("flash.bin", content.flash_file()),
            ("fuses.bin", content.fuses),
            ("factory.bin", content.secret.to_vec()),
        ] {
            let path = self.out.join(name);
            files::write(&path, &bytes)?;
            files.push(path.into());
        }
        Answer::new(Report { scenario: scenario.name(), files }, Exit::Success)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| writeln!(f, "wrote {file}"))
    }
}
