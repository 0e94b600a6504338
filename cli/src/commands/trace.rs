//! `dtsec trace`.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use dtsec_model::Document;
use dtsec_model::security_target::SecurityTarget;
use dtsec_toe::sources::Configuration;
use dtsec_toe::trace::{Inputs, Results, Test, TestedBy, Trace as Map, trace};
use serde::Serialize;

use crate::output::{Answer, Exit};

/// Map requirements to interfaces, sources, tests and last results, and show every gap.
///
/// The status is 1 where there is one: a requirement that is claimed and has no source or no test, a name that nobody
/// knows or claims, a source that says nothing of itself.
#[derive(Args)]
pub(crate) struct Trace {
    /// Root of the repository with the sources.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// The Security Target [default: ROOT/toe/security-target.json]
    #[arg(long, value_name = "FILE")]
    security_target: Option<PathBuf>,
    /// What belongs to the platform [default: ROOT/toe/trace.json]
    #[arg(long, value_name = "FILE")]
    configuration: Option<PathBuf>,
    /// An evaluation's evidence.json; the last one of each target counts.
    #[arg(long, value_name = "FILE")]
    results: Vec<PathBuf>,
    /// Pass over what the Security Target itself says is not met yet.
    #[arg(long)]
    allow_not_yet_met: bool,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    map: Map,
    allow_not_yet_met: bool,
    complete: bool,
}

impl Trace {
    pub(crate) fn run(self) -> anyhow::Result<Answer> {
        let beside = |file: &Option<PathBuf>, name: &str| {
            file.clone().unwrap_or_else(|| self.root.join("toe").join(name))
        };
        let path = beside(&self.security_target, "security-target.json");
        let target = SecurityTarget::from_json(&read(&path)?).with_context(|| path.display().to_string())?;
        let configuration = Configuration::read(&beside(&self.configuration, "trace.json"))?;
        let map = map(&self.root, &target, &configuration, &self.results)?;
        let complete = map.gaps.iter().all(|gap| self.allow_not_yet_met && gap.is_admitted());
        let report = Report { map, allow_not_yet_met: self.allow_not_yet_met, complete };
        Answer::new(report, if complete { Exit::Success } else { Exit::No })
    }
}

/// The map of the sources under `root`; `results` are evaluations.
pub(super) fn map(
    root: &Path,
    target: &SecurityTarget,
    configuration: &Configuration,
    results: &[PathBuf],
) -> anyhow::Result<Map> {
    let sources = configuration.sources(root)?;
    let tests: Vec<Test> = dtsec_evaluate::all_tests().into_iter().map(test).collect();
    let results = results.iter().map(|path| self::results(path)).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(trace(&Inputs { target, configuration, sources: &sources, tests: &tests, results: &results }))
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn results(path: &Path) -> anyhow::Result<Results> {
    let wrong = || format!("{} is no evidence.json of `dtsec evaluate`", path.display());
    serde_json::from_str(&read(path)?).with_context(wrong)
}

fn test(test: dtsec_evaluate::Test) -> Test {
    Test { id: test.id.to_owned(), title: test.title.to_owned(), requirement: test.sfr.to_owned() }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.map.requirements {
            writeln!(f, "{}", row.requirement)?;
            if let Some(missing) = &row.not_yet_met {
                writeln!(f, "  not met yet: {missing}")?;
            }
            let interfaces: Vec<String> =
                row.interfaces.iter().map(|found| format!("{}:{}", found.at, found.name)).collect();
            line(f, "interfaces", &interfaces)?;
            line(f, "sources", &row.sources)?;
            line(f, "tests", &row.tests.iter().map(shown).collect::<Vec<_>>())?;
        }
        writeln!(f)?;
        let (admitted, gaps): (Vec<_>, Vec<_>) = self.map.gaps.iter().partition(|gap| gap.is_admitted());
        admitted.iter().try_for_each(|gap| writeln!(f, "not yet: {gap}"))?;
        gaps.iter().try_for_each(|gap| writeln!(f, "gap: {gap}"))?;
        let requirements = self.map.requirements.len();
        writeln!(
            f,
            "{requirements} requirements; {} not met yet by the Security Target's own word; {} gaps",
            admitted.len(),
            gaps.len()
        )?;
        if !self.complete && gaps.is_empty() {
            writeln!(f, "add --allow-not-yet-met to pass over what the Security Target admits")?;
        }
        Ok(())
    }
}

fn shown(test: &TestedBy) -> String {
    let results: Vec<String> =
        test.results.iter().map(|result| format!("{} {}", result.target, result.verdict)).collect();
    if results.is_empty() { test.id.clone() } else { format!("{} ({})", test.id, results.join(", ")) }
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, items: &[String]) -> fmt::Result {
    if items.is_empty() {
        return writeln!(f, "  {what:<11} none");
    }
    items
        .iter()
        .zip(std::iter::once(what).chain(std::iter::repeat("")))
        .try_for_each(|(item, what)| writeln!(f, "  {what:<11} {item}"))
}
