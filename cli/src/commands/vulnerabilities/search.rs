//! `dtsec vulnerabilities search`.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use dtsec_toe::sbom::Sbom;
use dtsec_toe::vulnerabilities::{self, Database, Findings, Hit, Query, Standing};
use jiff::civil::Date;
use serde::Serialize;

use crate::files;
use crate::output::{Answer, Exit};

/// Search databases on disk for every component of an SBOM. Needs no network; the same inputs give the same record.
///
/// Every hit is shown, also those that do not apply, each with its reason. The status is 1 while one is open or
/// confirmed. A hit is closed by a finding: `{"findings": [{"advisory", "package", "version", "applicable", "reason",
/// "by", "date"}]}`.
#[derive(Args)]
pub(crate) struct Search {
    /// The SBOM: CycloneDX in JSON.
    #[arg(long, value_name = "FILE")]
    sbom: PathBuf,
    /// A checkout of RustSec's advisory-db, or OSV's JSON files for crates.io; may be repeated.
    #[arg(long, value_name = "PATH", required = true)]
    database: Vec<PathBuf>,
    /// A word to look for in titles as well, such as the product's name; may be repeated.
    #[arg(long, value_name = "TEXT")]
    term: Vec<String>,
    /// What was found out about hits.
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// The date of the record [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<Date>,
    /// File for the record, in JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Report {
    search: vulnerabilities::Search,
}

impl Search {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let sbom = Sbom::from_json(&read(&self.sbom)?).with_context(|| self.sbom.display().to_string())?;
        let databases =
            self.database.iter().map(|path| Database::read(path)).collect::<Result<Vec<_>, _>>()?;
        let findings = self.findings.as_deref().map(findings).transpose()?.unwrap_or_default();
        let date =
            self.date.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
        let search = vulnerabilities::search(&Query {
            sbom: &sbom,
            databases: &databases,
            terms: &self.term,
            findings: &findings,
            date: &date.to_string(),
        });
        if let Some(out) = &self.out {
            let mut text = serde_json::to_string_pretty(&search)?;
            text.push('\n');
            files::write(out, text.as_bytes())?;
        }
        let exit = if search.to_be_done().next().is_none() { Exit::Success } else { Exit::No };
        Answer::new(Report { search }, exit)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn findings(path: &Path) -> anyhow::Result<Findings> {
    serde_json::from_str(&read(path)?).with_context(|| format!("{} holds no findings", path.display()))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let search = &self.search;
        writeln!(
            f,
            "search of {} for {}",
            search.date,
            search.product.as_deref().unwrap_or("a product without a name")
        )?;
        for source in &search.sources {
            let commit = source.commit.as_ref().map_or(String::new(), |commit| format!(", commit {commit}"));
            let newest = source.newest.as_deref().unwrap_or("-");
            writeln!(
                f,
                "in {} ({}{commit}): {} advisories, the newest of {newest}",
                source.path, source.format, source.advisories
            )?;
        }
        writeln!(f, "{} terms\n", search.terms.len())?;
        search.hits.iter().try_for_each(|hit| show(f, hit))?;
        search
            .unversioned
            .iter()
            .try_for_each(|name| writeln!(f, "warning: {name} has no version that could be compared"))?;
        for finding in &search.idle_findings {
            writeln!(
                f,
                "warning: the finding on {} for {} {} fits no hit",
                finding.advisory, finding.package, finding.version
            )?;
        }
        let count = |standing| search.hits.iter().filter(|hit| hit.standing == standing).count();
        let [open, confirmed, not] =
            [Standing::Open, Standing::Confirmed, Standing::NotApplicable].map(count);
        writeln!(f, "{} hits: {open} open, {confirmed} confirmed, {not} not applicable", search.hits.len())
    }
}

fn show(f: &mut fmt::Formatter<'_>, hit: &Hit) -> fmt::Result {
    let what = match (&hit.package, &hit.version) {
        (Some(package), Some(version)) => format!("{package} {version}"),
        (Some(package), None) => package.clone(),
        (None, _) => format!("by the term `{}`", hit.term),
    };
    writeln!(f, "{:<14} {} {what}: {}\n{:15}{}", hit.standing.name(), hit.advisory, hit.title, "", hit.reason)
}
