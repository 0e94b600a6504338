//! `dtsec st`: Security Targets, from the template to the check.

mod check;
mod diff;
mod new;
mod rules;

use std::borrow::Cow;
use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Document, builtin};

use crate::output::Answer;

/// What can be done with Security Targets.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write a Security Target to be filled in: every place to fill in is marked `<…>`, null or false.
    New(new::New),
    /// Hold a Security Target against its profile and SESIP's rules.
    Check(check::Check),
    /// Show what two Security Targets say differently.
    Diff(diff::Diff),
    /// Show the rules that a Security Target is held against.
    Rules(rules::Rules),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        match self {
            Command::New(command) => command.run(),
            Command::Check(command) => command.run(),
            Command::Diff(command) => command.run(),
            Command::Rules(command) => command.run(),
        }
    }
}

/// The profile that is asked for: the id of a built-in one, or a file.
pub(in crate::commands) fn profile(asked: &str) -> anyhow::Result<Cow<'static, SesipProfile>> {
    if let Some(profile) = builtin::profile(asked) {
        return Ok(Cow::Borrowed(profile));
    }
    let text = std::fs::read_to_string(asked).with_context(|| {
        let known = &builtin::sesip_profile().id;
        format!("`{asked}` is neither a built-in profile (there is `{known}`) nor a file that can be read")
    })?;
    Ok(Cow::Owned(read(asked.as_ref(), &text)?))
}

fn target(path: &Path) -> anyhow::Result<(String, SecurityTarget)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let target = read(path, &text)?;
    Ok((text, target))
}

/// A document in this text; `path` is for what is said where it is none.
pub(in crate::commands) fn read<D: Document>(path: &Path, text: &str) -> anyhow::Result<D> {
    D::from_json(text).with_context(|| format!("{} is no document that can be used here", path.display()))
}
