//! `dtsec pp import`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_import::niap;
use dtsec_model::Document;
use dtsec_model::protection_profile::ProtectionProfile;
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Read a protection profile in NIAP's XML (https://niap-ccevs.org/cc/v1).
///
/// What of the document has no place in the programme's profile – evaluation activities, terms, appendices – is listed.
#[derive(Args)]
pub(crate) struct Import {
    /// The document.
    file: PathBuf,
    /// File for the profile, in JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    file: ShownPath,
    out: Option<ShownPath>,
    left_out: Vec<niap::LeftOut>,
    assumed: Vec<String>,
    profile: ProtectionProfile,
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let text = files::text(&self.file)?;
        let niap::Imported { profile, left_out, assumed } =
            niap::read(&text).with_context(|| format!("{} cannot be imported", self.file.display()))?;
        if let Some(out) = &self.out {
            files::write(out, profile.to_json().as_bytes())?;
        }
        let (file, out) = (self.file.into(), self.out.map(ShownPath::from));
        Answer::new(Report { file, out, left_out, assumed, profile }, Exit::Success)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = &self.profile;
        writeln!(f, "{}, version {} of {}, id {}", profile.title, profile.version, profile.date, profile.id)?;
        if let Some(out) = &self.out {
            writeln!(f, "wrote {out}")?;
        }
        let (threats, objectives) = (profile.threats.len(), profile.objectives.len());
        writeln!(
            f,
            "{threats} threats, {objectives} objectives, {} requirements:",
            profile.requirements.len()
        )?;
        for requirement in &profile.requirements {
            let optional = if requirement.optional { ", optional" } else { "" };
            let elements = requirement.elements.len();
            writeln!(f, "  {} {} ({elements} elements{optional})", requirement.id, requirement.title)?;
        }
        for package in &profile.packages {
            writeln!(f, "package {}: {}", package.id, package.components.join(", "))?;
        }
        self.assumed.iter().try_for_each(|assumed| writeln!(f, "could be read otherwise: {assumed}"))?;
        for out in &self.left_out {
            writeln!(f, "left out: {} × <{}>, first in line {}", out.count, out.element, out.line)?;
        }
        Ok(())
    }
}
