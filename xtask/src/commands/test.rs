//! `cargo xtask test`: every test there is, and one line that says how many passed.

use super::{build, evaluate};
use crate::{
    Answer, firmware, layout,
    measure::{self, Figures},
    needs::{self, Need},
    shell,
    tally::{Runner, Tally},
};
use anyhow::{Context as _, Result, bail};
use std::{
    process::{Command, Stdio},
    time::Instant,
};

/// Runs every test.
#[derive(clap::Args)]
pub struct Test {
    /// Leave out the evaluation of the two targets
    #[arg(long)]
    no_evaluate: bool,
    /// Leave out the budgets
    #[arg(long)]
    no_bench: bool,
}

impl Test {
    pub(super) fn run(self) -> Result<Answer> {
        needs::ensure(&Need::ALL)?;
        let toolchain = needs::toolchain()?;
        build::everything(&toolchain)?;
        shell::step("build boot without countermeasures", || firmware::unhardened(&toolchain))?;
        let mut total = Tally::default();
        add(&mut total, "tests of the workspace", workspace)?;
        add(&mut total, "examples in the documentation", documentation)?;
        if !self.no_evaluate {
            for target in evaluate::TARGETS {
                add(&mut total, &format!("evaluation of {target}"), || evaluated(target))?;
            }
            add(&mut total, "package for a lab", packed)?;
        }
        if !self.no_bench {
            add(&mut total, "budgets", budgets)?;
        }
        println!("{total}");
        Ok(Answer::from_bool(total.failed == 0))
    }
}

fn add(total: &mut Tally, name: &str, run: impl FnOnce() -> Result<Tally>) -> Result<()> {
    shell::note(&format!("  … {name}"));
    let start = Instant::now();
    let tally = run().with_context(|| name.to_owned())?;
    shell::note(&format!("  {tally}: {name} ({:.1} s)", start.elapsed().as_secs_f32()));
    if tally == Tally::default() {
        bail!("{name}: nothing was run, so nothing was shown");
    }
    *total += tally;
    Ok(())
}

/// Where the tests find what set-up has made.
fn surroundings(cargo: &mut Command) -> &mut Command {
    cargo
        .env("DTSEC_IMGTOOL", layout::imgtool())
        .env("DTSEC_VENV_PYTHON", layout::venv().join("bin/python"))
        .env("DTSEC_CSAF_VALIDATOR", layout::csaf_validator())
}

/// All tests of the workspace, on one PostgreSQL server. Tests marked `#[ignore]` are those that need firmware, QEMU, imgtool, pycose, PostgreSQL or a browser: here they run.
fn workspace() -> Result<Tally> {
    let postgres = dtsec_scratch::Server::start();
    let mut cargo = shell::cargo();
    surroundings(&mut cargo).env(dtsec_scratch::SHARED, postgres.folder());
    if shell::which("cargo-nextest").is_some() {
        cargo.args(["nextest", "run", "--workspace", "--run-ignored", "all", "--no-fail-fast"]);
        cargo.args(["--color", "never", "--status-level", "fail"]);
        watched(&mut cargo, Runner::Nextest)
    } else {
        cargo.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
        cargo.args(["--", "--include-ignored"]);
        watched(&mut cargo, Runner::Libtest)
    }
}

fn documentation() -> Result<Tally> {
    let mut cargo = shell::cargo();
    surroundings(&mut cargo).args(["test", "--quiet", "--workspace", "--doc", "--no-fail-fast"]);
    watched(&mut cargo, Runner::Libtest)
}

/// Runs a test program, and adds up its summaries. One that fails without a failed test – because it does not
/// compile – is an error.
fn watched(cargo: &mut Command, runner: Runner) -> Result<Tally> {
    let (tally, success) = Tally::of(cargo, runner)?;
    if !success && tally.failed == 0 {
        bail!("`{}` failed without a failed test; its own message is above", shell::shown(cargo));
    }
    Ok(tally)
}

/// The evaluation's own tests, counted by its own summary.
fn evaluated(target: &str) -> Result<Tally> {
    let out = layout::root().join("out/evaluate").join(target);
    let mut command = evaluate::command(target, &out, &["--json".to_owned()]);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", layout::dtsec().display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let values = text.find('{').map_or("", |start| &text[start..]);
    let last =
        serde_json::Deserializer::from_str(values).into_iter::<Summary>().filter_map(Result::ok).last();
    let summary = last.with_context(|| {
        format!("`{}` ended with {} and without its summary", shell::shown(&command), output.status)
    })?;
    if !output.status.success() {
        shell::note(&format!("    see {}", out.join("report.html").display()));
        if summary.failed == 0 {
            bail!("the evaluation of {target} failed without a failed test");
        }
    }
    Ok(Tally { passed: summary.passed, failed: summary.failed })
}

/// The package is one test: it is made of what the evaluations left and of fault campaigns in which nothing was accepted,
/// and its Security Target conforms.
fn packed() -> Result<Tally> {
    let folder = layout::root().join("out/evaluate");
    let (refused, campaigns) = evaluate::fault_campaigns(&layout::dtsec(), &folder.join("faults"))?;
    let records = evaluate::TARGETS.map(|target| folder.join(target).join("evidence.json"));
    let evidence = [&records[..], &campaigns].concat();
    let (answer, printed) = evaluate::package(&layout::dtsec(), &folder.join("package"), &evidence, true)?;
    if let Some(printed) = &printed {
        shell::note(&format!("    {}", printed["counts"]));
    }
    match answer.and(refused) {
        Answer::Yes => Ok(Tally { passed: 1, failed: 0 }),
        Answer::No => Ok(Tally { passed: 0, failed: 1 }),
        Answer::NotDone(_) => bail!("the package could not be made; its own message is above"),
    }
}

/// The last object that `dtsec evaluate --json` prints.
#[derive(serde::Deserialize)]
struct Summary {
    passed: u64,
    failed: u64,
}

fn budgets() -> Result<Tally> {
    let kept = measure::measure()?.against(&Figures::budgets()?)?;
    let mut tally = Tally::default();
    for figure in kept {
        if figure.holds() {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            shell::note(&format!(
                "    {} is {}, beyond its budget of {}",
                figure.name, figure.value, figure.budget
            ));
        }
    }
    Ok(tally)
}
