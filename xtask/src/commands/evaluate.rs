//! `cargo xtask evaluate`: builds everything, then has `dtsec evaluate` judge it.

use super::build;
use crate::{
    Answer, layout,
    needs::{self, Need},
    shell,
};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The targets, in the order in which they are evaluated.
pub(super) const TARGETS: [&str; 2] = [layout::BOARD, "virtual"];

/// Evaluates the board's firmware and then the virtual device. Reports go to out/evaluate, those of a part of the tests
/// (--sfr, --test, --quick) to out/evaluate-selection.
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
        let call = Call::of(&self.arguments);
        let (mut answer, mut object) = call.run(&layout::dtsec())?;
        if call.is_whole() && !matches!(answer, Answer::NotDone(_)) {
            let (refused, campaigns) = fault_campaigns(&layout::dtsec(), &call.folder("faults"))?;
            let evidence = [call.records(), campaigns].concat();
            let (packed, printed) =
                package(&layout::dtsec(), &call.package(), &evidence, call.has("--json"))?;
            answer = answer.and(refused).and(packed);
            if let (Some(object), Some(printed)) = (&mut object, printed) {
                object["package"] = printed;
            }
        }
        if let Some(object) = object {
            println!("{object:#}");
        }
        Ok(answer)
    }
}

/// What is to be evaluated, from the arguments.
struct Call {
    /// The one target that was asked for; `None` for all that there are.
    target: Option<String>,
    out: Option<PathBuf>,
    /// Everything else, to be handed on.
    rest: Vec<String>,
}

impl Call {
    fn of(arguments: &[String]) -> Self {
        Self {
            target: value_of(arguments, "--target"),
            out: value_of(arguments, "--out").map(PathBuf::from),
            rest: without(arguments, &["--target", "--out"]),
        }
    }

    fn has(&self, flag: &str) -> bool {
        self.rest.iter().any(|argument| argument == flag)
    }

    /// Which tests were asked for.
    fn selection(&self) -> Vec<String> {
        let mut selection = Vec::new();
        let mut rest = self.rest.as_slice();
        while let Some((argument, others)) = rest.split_first() {
            rest = others;
            for name in ["--sfr", "--test"] {
                if argument == name {
                    selection.extend([argument, others.first().unwrap_or(argument)].map(String::clone));
                    rest = others.get(1..).unwrap_or_default();
                } else if argument.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')) {
                    selection.push(argument.clone());
                }
            }
        }
        selection
    }

    /// Where the reports of a target go. The evidence of a part of the tests never takes the place of all of it.
    fn folder(&self, target: &str) -> PathBuf {
        match &self.out {
            Some(out) if self.target.is_some() => out.clone(),
            Some(out) => out.join(target),
            None if self.selection().is_empty() && !self.has("--quick") => {
                layout::root().join("out/evaluate").join(target)
            }
            None => layout::root().join("out/evaluate-selection").join(target),
        }
    }

    /// Whether all tests of all targets are run: a lab is given nothing less.
    fn is_whole(&self) -> bool {
        self.target.is_none()
            && self.selection().is_empty()
            && !["--quick", "--list"].iter().any(|flag| self.has(flag))
    }

    /// Where the package for a lab goes.
    fn package(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| layout::root().join("out/evaluate")).join("package")
    }

    /// What each target's evaluation leaves.
    fn records(&self) -> Vec<PathBuf> {
        TARGETS.iter().map(|target| self.folder(target).join("evidence.json")).collect()
    }

    /// Evaluates; the object to print, when JSON is wanted of several targets.
    fn run(&self, dtsec: &Path) -> Result<(Answer, Option<Value>)> {
        let combined = self.has("--json") && self.target.is_none();
        let targets = match &self.target {
            Some(target) => vec![target.clone()],
            None => match self.targets(dtsec)? {
                Ok(targets) => targets,
                Err(error) if combined => return Ok((Answer::NotDone(2), Some(json!({ "error": error })))),
                Err(error) => bail!(error),
            },
        };
        let mut answer = Answer::Yes;
        let mut objects = Vec::new();
        let mut places = Vec::new();
        for target in &targets {
            let folder = self.folder(target);
            let mut command = command_of(dtsec, target, &folder, &self.rest);
            if combined {
                command.stdout(Stdio::piped());
            }
            let output = shell::attended(&mut command)?;
            objects.extend(combined.then(|| object(&output.stdout)).flatten());
            answer = answer.and(match output.status.code() {
                Some(0) => Answer::Yes,
                Some(1) => Answer::No,
                Some(status) => Answer::NotDone(status.try_into().unwrap_or(2)),
                None => bail!("the evaluation of {target} was ended from outside ({})", output.status),
            });
            if matches!(answer, Answer::NotDone(_)) {
                break;
            }
            places.push(folder);
        }
        if !self.has("--list") {
            for file in
                places.iter().flat_map(|place| ["report.html", "evidence.json"].map(|name| place.join(name)))
            {
                if file.is_file() {
                    shell::note(&file.display().to_string());
                }
            }
        }
        Ok((answer, combined.then(|| together(objects))))
    }

    /// The targets on which the selection has tests; the inner error is what is wrong with the selection.
    fn targets(&self, dtsec: &Path) -> Result<Result<Vec<String>, String>> {
        let all = TARGETS.map(str::to_owned).to_vec();
        let selection = self.selection();
        if selection.is_empty() || self.has("--list") {
            return Ok(Ok(all));
        }
        let mut targets = Vec::new();
        for target in all {
            let mut command = Command::new(dtsec);
            command.current_dir(layout::root()).args(["evaluate", "--target", &target, "--list", "--json"]);
            let output = command
                .args(&selection)
                .output()
                .with_context(|| format!("cannot start {}", dtsec.display()))?;
            let list = object(&output.stdout).unwrap_or_default();
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return Ok(Err(list["error"].as_str().unwrap_or(said.trim()).to_owned()));
            }
            if list["tests"].as_array().is_some_and(|tests| !tests.is_empty()) {
                targets.push(target);
                continue;
            }
            let reason = list["not_applicable"][0]["reason"].as_str().unwrap_or("no test fits");
            shell::note(&format!("nothing to run on {target}: {reason}"));
        }
        if targets.is_empty() {
            return Ok(Err("no test for this selection runs on any target".to_owned()));
        }
        Ok(Ok(targets))
    }
}

/// What boot must refuse, with one simulated fault in each instruction that it executes.
const SCENARIOS: [&str; 6] =
    ["forged-signature", "altered-payload", "older-counter", "revoked-key", "unknown-key", "decommissioned"];

/// The campaigns that are short enough for every evaluation; docs/fault-campaigns.md has the others. No where something was
/// accepted.
pub(super) fn fault_campaigns(dtsec: &Path, out: &Path) -> Result<(Answer, Vec<PathBuf>)> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let mut answer = Answer::Yes;
    let mut records = Vec::new();
    for scenario in SCENARIOS {
        let record = out.join(format!("{scenario}.json"));
        let mut command = Command::new(dtsec);
        command.current_dir(layout::root()).args([
            "fault",
            "run",
            "--scenario",
            scenario,
            "--per-address",
            "1",
        ]);
        command.args(["--models", "skip-1,branch-inversion", "--json", "--firmware"]).arg(layout::firmware());
        command.arg("--out").arg(&record).stdin(Stdio::null()).stdout(Stdio::piped());
        let output = shell::step(&format!("faults: {scenario}"), || shell::attended(&mut command))?;
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                shell::note(&format!("    something was accepted that must not be: {}", record.display()));
                answer = answer.and(Answer::No);
            }
            _ => bail!("the campaign on {scenario} could not be run; its own message is above"),
        }
        records.push(record);
    }
    Ok((answer, records))
}

/// Puts everything together that a lab starts from, and gives what was printed where JSON is wanted.
pub(super) fn package(
    dtsec: &Path,
    out: &Path,
    evidence: &[PathBuf],
    json: bool,
) -> Result<(Answer, Option<Value>)> {
    let key = signing_key(dtsec)?;
    let mut command = Command::new(dtsec);
    command.current_dir(layout::root()).args(["package", "--root"]).arg(layout::root());
    for path in evidence {
        command.arg("--evidence").arg(path);
    }
    command.arg("--key").arg(key).arg("--out").arg(out).stdin(Stdio::null());
    if json {
        command.arg("--json").stdout(Stdio::piped());
    }
    let output = shell::attended(&mut command)?;
    let answer = match output.status.code() {
        Some(0) => Answer::Yes,
        Some(1) => Answer::No,
        Some(status) => Answer::NotDone(status.try_into().unwrap_or(2)),
        None => bail!("the package was ended from outside ({})", output.status),
    };
    Ok((answer, object(&output.stdout)))
}

/// The key that evidence is signed with here. Each clone has its own, made at its first evaluation; a lab uses its own.
fn signing_key(dtsec: &Path) -> Result<PathBuf> {
    let key = layout::products().join("evidence-key.pem");
    if !key.is_file() {
        let mut command = Command::new(dtsec);
        command.args(["evidence", "keygen", "--out"]).arg(&key);
        shell::quietly(&mut command)?;
    }
    Ok(key)
}

/// The object that `dtsec --json` printed.
fn object(printed: &[u8]) -> Option<Value> {
    serde_json::from_slice(printed).ok()
}

/// The objects of several targets in one, with what they come to together. An error stands for itself.
fn together(objects: Vec<Value>) -> Value {
    let (errors, targets): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| object.get("target").is_none());
    let mut whole = json!({});
    for count in ["tests", "passed", "failed"] {
        // A list has tests as well, but no number of them.
        let numbers: Option<Vec<u64>> = targets.iter().map(|target| target[count].as_u64()).collect();
        if let Some(numbers) = numbers {
            whole[count] = numbers.iter().sum::<u64>().into();
        }
    }
    whole["targets"] = targets.into();
    if let Some(error) = errors.iter().find_map(|object| object.get("error")) {
        whole["error"] = error.clone();
    }
    whole
}

/// `dtsec evaluate` for one target with the firmware as built.
pub(super) fn command(target: &str, out: &Path, rest: &[String]) -> Command {
    command_of(&layout::dtsec(), target, out, rest)
}

fn command_of(dtsec: &Path, target: &str, out: &Path, rest: &[String]) -> Command {
    let firmware = if target == layout::BOARD {
        layout::firmware()
    } else {
        layout::products().join("firmware").join(target)
    };
    let mut command = Command::new(dtsec);
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

    /// A `dtsec` that writes its arguments down and answers as `script` says.
    fn stage(script: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dtsec");
        let head = format!("#!/bin/sh\necho \"$*\" >>\"{}\"", folder.path().join("said").display());
        std::fs::write(&path, format!("{head}\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        (folder, path)
    }

    fn said(folder: &tempfile::TempDir) -> Vec<String> {
        let text = std::fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Has a test called `board` for the board and one called `both`; all others are unknown.
    const KNOWS_TWO_TESTS: &str = r#"
        case "$*" in
            *--list*--test\ both|*mps2-an505*--list*--test\ board) echo '{"tests":[{}],"not_applicable":[]}';;
            *--list*--test\ board) echo '{"tests":[],"not_applicable":[{"reason":"no such world"}]}';;
            *--list*) echo '{"error":"there is no test"}'; exit 2;;
            *mps2-an505*) echo '{"target":"mps2-an505","tests":3,"passed":2,"failed":1}'; exit 1;;
            *) echo '{"target":"virtual","tests":4,"passed":4,"failed":0}';;
        esac"#;

    fn call(line: &str) -> Call {
        Call::of(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_evidence_of_a_part_of_the_tests_goes_to_another_folder_than_all_of_it() {
        let folder = |line: &str| call(line).folder("virtual");
        let all = layout::root().join("out/evaluate/virtual");
        for line in ["", "--json", "--target virtual --seed 7"] {
            assert_eq!(folder(line), all, "{line}");
        }
        for line in ["--quick", "--sfr a", "--sfr=a", "--test a --json", "--test=a"] {
            assert_eq!(folder(line), layout::root().join("out/evaluate-selection/virtual"), "{line}");
        }
        assert_eq!(folder("--quick --out x"), PathBuf::from("x/virtual"));
        assert_eq!(folder("--out x --target virtual"), PathBuf::from("x"));
    }

    #[test]
    fn json_of_all_targets_is_one_object_with_the_counts_of_both() {
        let (_folder, dtsec) = stage(KNOWS_TWO_TESTS);
        let (answer, object) = call("--json --out x").run(&dtsec).unwrap();
        let object = object.unwrap();
        assert_eq!(answer, Answer::No);
        assert_eq!(
            (&object["tests"], &object["passed"], &object["failed"]),
            (&json!(7), &json!(6), &json!(1))
        );
        let names: Vec<_> =
            object["targets"].as_array().unwrap().iter().map(|t| t["target"].clone()).collect();
        assert_eq!(names, TARGETS);
    }

    #[test]
    fn json_of_one_target_is_the_object_of_dtsec_itself() {
        let (folder, dtsec) = stage(KNOWS_TWO_TESTS);
        let (answer, object) = call("--json --target virtual --out x").run(&dtsec).unwrap();
        assert_eq!((answer, object), (Answer::Yes, None));
        assert!(said(&folder)[0].ends_with("--out x --json"), "{:?}", said(&folder));
    }

    #[test]
    fn a_test_of_one_target_is_run_there_and_the_other_is_left_out() {
        let (folder, dtsec) = stage(KNOWS_TWO_TESTS);
        let (_, object) = call("--json --test board --out x").run(&dtsec).unwrap();
        let runs = |folder| said(folder).iter().filter(|line| !line.contains("--list")).count();
        assert_eq!((runs(&folder), object.unwrap()["tests"].clone()), (1, json!(3)));
        call("--json --test both --out x").run(&dtsec).unwrap();
        assert_eq!(runs(&folder), 3, "the control: a test of both targets");
    }

    #[test]
    fn a_selection_that_makes_no_sense_is_answered_once_and_runs_nothing() {
        let (folder, dtsec) = stage(KNOWS_TWO_TESTS);
        let error = call("--test nope").run(&dtsec).unwrap_err();
        assert_eq!(error.to_string(), "there is no test");
        let (answer, object) = call("--test nope --json").run(&dtsec).unwrap();
        assert_eq!((answer, object), (Answer::NotDone(2), Some(json!({ "error": "there is no test" }))));
        assert!(said(&folder).iter().all(|line| line.contains("--list")));
    }

    #[test]
    fn what_dtsec_could_not_do_has_its_own_status_and_is_not_explained_again() {
        let (folder, dtsec) = stage("exit 130");
        assert_eq!(call("--out x").run(&dtsec).unwrap(), (Answer::NotDone(130), None));
        assert_eq!(said(&folder).len(), 1, "the second target was evaluated after an interruption");
        let (_folder, dtsec) = stage(r#"echo '{"error":"no firmware"}'; exit 2"#);
        let (answer, object) = call("--json --out x").run(&dtsec).unwrap();
        assert_eq!((answer, object.unwrap()["error"].clone()), (Answer::NotDone(2), json!("no firmware")));
    }
}
