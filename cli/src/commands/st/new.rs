//! `dtsec st new`.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use dtsec_conformance::{Documents, check, template};
use dtsec_model::Document;
use dtsec_model::security_target::SecurityTarget;
use serde::{Serialize, Serializer};

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Write a Security Target to be filled in: every place to fill in is marked `<…>`, null or false.
///
/// `dtsec st check` finds exactly those places, so it tells at any time what is left to do.
#[derive(Args)]
pub(crate) struct New {
    /// The profile: the id of a built-in one, or a file.
    #[arg(long, value_name = "ID|FILE")]
    profile: String,
    /// File to write; it must not be there yet. Without it the Security Target goes to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

enum Report {
    /// To standard output: the document is the answer.
    Shown(Box<SecurityTarget>),
    Written(Written),
}

#[derive(Serialize)]
struct Written {
    out: ShownPath,
    profile: String,
    /// How many places there are to fill in.
    places: usize,
}

impl New {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let profile = super::profile(&self.profile)?;
        let target = template(&profile);
        let Some(out) = self.out else {
            return Answer::new(Report::Shown(Box::new(target)), Exit::Success);
        };
        // Somebody's work may be in it.
        match std::fs::symlink_metadata(&out) {
            Ok(_) => bail!("{} is there already and is not overwritten: choose another name", out.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot look at {}", out.display())),
        }
        files::write(&out, target.to_json().as_bytes())?;
        let places = check(&target, &profile, &Documents::none()).len();
        let written = Written { out: out.into(), profile: profile.id.clone(), places };
        Answer::new(Report::Written(written), Exit::Success)
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Report::Shown(target) => target.serialize(serializer),
            Report::Written(written) => written.serialize(serializer),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Shown(target) => f.write_str(&target.to_json()),
            Report::Written(Written { out, profile, places }) => {
                writeln!(f, "wrote {out}: a Security Target for {profile} with {places} places to fill in")?;
                writeln!(f, "`dtsec st check {out} --profile {profile}` shows what is left")
            }
        }
    }
}
