//! `cargo xtask evaluate`: builds everything, then has `dtsec evaluate` judge it.

use super::build;
use crate::{
    Answer, layout,
    needs::{self, Need},
    shell,
};
use anyhow::{Context as _, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The targets, in the order in which they are evaluated.
pub(super) const TARGETS: [&str; 2] = [layout::BOARD, "virtual"];

/// Evaluates the board's firmware and then the virtual device.
#[derive(clap::Args)]
pub struct Evaluate {
    /// Handed to `dtsec evaluate`: --sfr ID, --target mps2-an505|virtual, --json, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

impl Evaluate {
    pub(super) fn run(self) -> Result<Answer> {
        needs::ensure(&Need::RUN)?;
        build::everything(&needs::toolchain()?)?;
        let one = value_of(&self.arguments, "--target");
        let targets = one.as_deref().map_or(TARGETS.to_vec(), |t| vec![t]);
        let out = value_of(&self.arguments, "--out").map(PathBuf::from);
        let rest = without(&self.arguments, &["--target", "--out"]);
        let mut answer = Answer::Yes;
        let mut places = Vec::new();
        for target in &targets {
            let folder = match &out {
                Some(out) if targets.len() == 1 => out.clone(),
                Some(out) => out.join(target),
                None => layout::root().join("out/evaluate").join(target),
            };
            let status = command(target, &folder, &rest)
                .status()
                .with_context(|| format!("cannot start {}", layout::dtsec().display()))?;
            answer = answer.and(match status.code() {
                Some(0) => Answer::Yes,
                Some(1) => Answer::No,
                _ => bail!("the evaluation of {target} did not end properly ({status})"),
            });
            places.push(folder);
        }
        for folder in places {
            for file in ["report.html", "evidence.json"] {
                if folder.join(file).is_file() {
                    shell::note(&folder.join(file).display().to_string());
                }
            }
        }
        Ok(answer)
    }
}

/// `dtsec evaluate` for one target with the firmware as built.
pub(super) fn command(target: &str, out: &Path, rest: &[String]) -> Command {
    let firmware = if target == layout::BOARD {
        layout::firmware()
    } else {
        layout::products().join("firmware").join(target)
    };
    let mut command = Command::new(layout::dtsec());
    command
        .current_dir(layout::root())
        .args(["evaluate", "--target", target, "--firmware"])
        .arg(firmware)
        .arg("--out")
        .arg(out)
        .args(rest)
        .stdin(Stdio::null());
    command
}

/// The value after `name`, or in `name=value`.
fn value_of(arguments: &[String], name: &str) -> Option<String> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == name {
            return arguments.next().cloned();
        }
        if let Some(value) = argument.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

/// The arguments less those options and their values.
fn without(arguments: &[String], names: &[&str]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if names.contains(&argument.as_str()) {
            arguments.next();
        } else if !names.iter().any(|n| argument.strip_prefix(n).is_some_and(|rest| rest.starts_with('='))) {
            kept.push(argument.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn an_option_is_found_in_both_spellings_and_taken_out() {
        for line in ["--json --target virtual --seed 7", "--json --target=virtual --seed 7"] {
            assert_eq!(value_of(&words(line), "--target").as_deref(), Some("virtual"));
            assert_eq!(without(&words(line), &["--target"]), words("--json --seed 7"));
        }
        assert_eq!(value_of(&words("--targets x"), "--target"), None);
    }
}
