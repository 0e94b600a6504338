//! `cargo xtask check`: everything that is not a test.

use crate::{
    Answer, firmware, layout,
    needs::{self, Need},
    shell,
    toolchain::Toolchain,
};
use anyhow::{Result, bail};
use std::{process::Command, time::Duration};

/// Checks format, lints, documentation and dependencies.
#[derive(clap::Args)]
pub struct Check {
    /// Leave out the check of licences and advisories
    #[arg(long)]
    no_deny: bool,
    /// Format and lints only
    #[arg(long)]
    fast: bool,
}

/// A check: its name, and whether it is content.
type Step<'a> = (&'a str, &'a dyn Fn() -> Result<bool>);

impl Check {
    pub(super) fn run(self) -> Result<Answer> {
        let toolchain = needs::toolchain()?;
        let on_board = || clippy_on_the_board(&toolchain);
        let mut steps: Vec<Step<'_>> =
            vec![("format", &format), ("clippy on the host", &clippy), ("clippy for the board", &on_board)];
        if !self.fast {
            steps.push(("documentation", &documentation));
        }
        if !self.fast && !self.no_deny {
            steps.push(("licences, bans, sources", &deny));
            steps.push(("advisories", &advisories));
        }
        let mut failed = Vec::new();
        for (name, check) in steps {
            let good = shell::step(name, || if check()? { Ok(()) } else { bail!("{name}") });
            if good.is_err() {
                failed.push(name);
            }
        }
        if failed.is_empty() {
            shell::note("all checks passed");
        } else {
            shell::note(&format!("not in order: {}", failed.join("; ")));
        }
        Ok(Answer::from_bool(failed.is_empty()))
    }
}

/// A cargo of the plugin's workspace beside that of the main one.
fn plugin(verb: &str) -> Command {
    let mut cargo = shell::cargo();
    cargo.arg(verb).arg("--manifest-path").arg(layout::root().join("benches/qemu-plugin/Cargo.toml"));
    cargo
}

fn format() -> Result<bool> {
    let main = shell::succeeds(shell::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(shell::succeeds(plugin("fmt").arg("--check"))? && main)
}

fn clippy() -> Result<bool> {
    let deny = ["--", "-D", "warnings"];
    let main = shell::succeeds(
        shell::cargo().args(["clippy", "--quiet", "--workspace", "--all-targets"]).args(deny),
    )?;
    let mut counter = plugin("clippy");
    counter
        .args(["--quiet", "--release", "--target-dir"])
        .arg(layout::host_target().join("qemu-plugin"))
        .args(deny);
    Ok(shell::succeeds(&mut counter)? && main)
}

/// What is compiled only for the board is linted there.
fn clippy_on_the_board(toolchain: &Toolchain) -> Result<bool> {
    if *toolchain != Toolchain::Rustup {
        shell::note("    skipped: Debian's compiler has no clippy");
        return Ok(true);
    }
    let mut good = true;
    for package in &firmware::PACKAGES {
        let target = layout::products().join("firmware-build/clippy");
        let mut cargo = toolchain.cargo("clippy", &layout::root(), &target, &[]);
        cargo.args([
            "--quiet",
            // Its macros and build scripts are not optimised, those of the `dev` profile are.
            "--profile",
            "firmware",
            "--package",
            package.package,
            "--bin",
            package.package,
            "--",
            "-D",
            "warnings",
        ]);
        good &= shell::succeeds(&mut cargo)?;
    }
    Ok(good)
}

fn documentation() -> Result<bool> {
    let mut cargo = shell::cargo();
    cargo.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--quiet", "--workspace", "--no-deps"]);
    shell::succeeds(&mut cargo)
}

fn deny() -> Result<bool> {
    needs::ensure(&[Need::CargoDeny])?;
    shell::succeeds(cargo_deny().args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))
}

/// Known vulnerabilities, where their database can be had.
fn advisories() -> Result<bool> {
    let mut fetch = cargo_deny();
    fetch.args(["fetch", "db"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    if !shell::within(&mut fetch, Duration::from_secs(60))? {
        shell::note(
            "    skipped: the advisory database (github.com/RustSec/advisory-db) cannot be reached from here",
        );
        return Ok(true);
    }
    shell::succeeds(cargo_deny().args(["check", "--hide-inclusion-graph", "--disable-fetch", "advisories"]))
}

fn cargo_deny() -> Command {
    let mut command =
        Command::new(shell::which("cargo-deny").unwrap_or_else(|| shell::cargo_home("bin/cargo-deny")));
    shell::forget_package(&mut command);
    command.current_dir(layout::root()).args(["--log-level", "error"]);
    command
}
