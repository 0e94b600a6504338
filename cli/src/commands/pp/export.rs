//! `dtsec pp export`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_import::niap;
use dtsec_model::protection_profile::ProtectionProfile;
use dtsec_model::{Document, builtin};
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Write a protection profile in NIAP's XML (https://niap-ccevs.org/cc/v1), to be read back with `dtsec pp import`.
#[derive(Args)]
pub(crate) struct Export {
    /// The id of the built-in profile, or a file.
    profile: String,
    /// File for the document. Without it the document goes to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    profile: String,
    out: Option<ShownPath>,
    /// What the schema asks for and the profile does not have.
    lacking: Vec<String>,
    /// The document, unless it was written to a file.
    xml: Option<String>,
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let profile = profile(&self.profile)?;
        let niap::Exported { xml, lacking } =
            niap::write(&profile).with_context(|| format!("`{}` cannot be written", self.profile))?;
        let xml = match &self.out {
            Some(out) => {
                files::write(out, xml.as_bytes())?;
                None
            }
            None => Some(xml),
        };
        Answer::new(
            Report { profile: profile.id, out: self.out.map(ShownPath::from), lacking, xml },
            Exit::Success,
        )
    }
}

/// The profile that is asked for: the id of the built-in one, or a file.
fn profile(asked: &str) -> anyhow::Result<ProtectionProfile> {
    let ours = builtin::protection_profile();
    if asked == ours.id {
        return Ok(ours.clone());
    }
    let text = std::fs::read_to_string(asked).with_context(|| {
        format!("`{asked}` is neither the built-in profile (`{}`) nor a file that can be read", ours.id)
    })?;
    ProtectionProfile::from_json(&text).with_context(|| format!("{asked} is no protection profile"))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(xml) = &self.xml {
            return f.write_str(xml);
        }
        if let Some(out) = &self.out {
            writeln!(f, "wrote {} to {out}", self.profile)?;
        }
        self.lacking.iter().try_for_each(|lacking| writeln!(f, "lacking for NIAP's schema: {lacking}"))
    }
}
