//! `dtsec evidence import-junit`.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use dtsec_evidence::junit::{MAX_BYTES, RunElsewhere, import};
use dtsec_evidence::sha256;
use dtsec_model::Document;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::Image;
use serde::Serialize;
use std::io::Read;

use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Take in a JUnit report of tests that ran elsewhere, as evidence.
///
/// A test names the requirement that it verifies by `<property name="verifies" value="ID"/>`, in its test case or in the
/// suite around it. The same report and options give the same bytes.
#[derive(Args)]
pub(crate) struct ImportJunit {
    /// The report.
    file: PathBuf,
    /// An image that was tested; may be repeated.
    #[arg(long = "image", value_name = "PART=VERSION=FILE", value_parser = image, required = true)]
    images: Vec<(String, String, PathBuf)>,
    /// The tool that ran the tests.
    #[arg(long, value_name = "NAME")]
    tool: String,
    /// Its version.
    #[arg(long, value_name = "VERSION")]
    tool_version: String,
    /// What was tested.
    #[arg(long, value_name = "NAME")]
    target: String,
    /// The machine that the tests ran on.
    #[arg(long, value_name = "TEXT")]
    host: String,
    /// When the tests began, RFC 3339; otherwise the report must say so.
    #[arg(long, value_name = "TIME")]
    started: Option<String>,
    /// When the tests ended, RFC 3339; otherwise their times are added up.
    #[arg(long, value_name = "TIME")]
    finished: Option<String>,
    /// File for the evidence.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    out: ShownPath,
    run: String,
    tests: usize,
    passed: usize,
    failed: usize,
    inconclusive: usize,
    /// Tests that serve no requirement.
    without_requirement: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "run {}: {} tests: {} passed, {} failed, {} inconclusive",
            self.run, self.tests, self.passed, self.failed, self.inconclusive
        )?;
        if !self.without_requirement.is_empty() {
            writeln!(f, "{} tests verify no requirement:", self.without_requirement.len())?;
        }
        for test in &self.without_requirement {
            writeln!(f, "  {test}")?;
        }
        write!(f, "wrote {}", self.out)
    }
}

impl ImportJunit {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let images = self.images.iter().map(|(part, version, path)| {
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(Image { part: part.clone(), version: version.clone(), sha256: sha256(&bytes) })
        });
        let run = RunElsewhere {
            tool: self.tool,
            tool_version: self.tool_version,
            target: self.target,
            images: images.collect::<anyhow::Result<_>>()?,
            host: self.host,
            started: self.started,
            finished: self.finished,
            // The name alone: where the file lay must not change the evidence.
            file: self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        };
        let mut bytes = Vec::new();
        std::fs::File::open(&self.file)
            .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let bundle =
            import(&bytes, &run).with_context(|| format!("cannot take in {}", self.file.display()))?;
        // What could not be signed later is refused now.
        if let Err(error) = dtsec_evidence::Statement::new(bundle.clone()) {
            bail!(error);
        }
        files::write(&self.out, bundle.to_json().as_bytes())?;
        let count = |verdict| bundle.results.iter().filter(|result| result.verdict == verdict).count();
        let without = bundle.results.iter().filter(|result| result.requirements.is_empty());
        let report = Report {
            out: self.out.into(),
            run: bundle.run.id.clone(),
            tests: bundle.results.len(),
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            inconclusive: count(Verdict::Inconclusive),
            without_requirement: without.map(|result| result.id.clone()).collect(),
        };
        Answer::new(report, Exit::Success)
    }
}

fn image(text: &str) -> Result<(String, String, PathBuf), String> {
    match text.splitn(3, '=').collect::<Vec<_>>()[..] {
        [part, version, file] if ![part, version, file].iter().any(|one| one.trim().is_empty()) => {
            Ok((part.trim().to_owned(), version.trim().to_owned(), file.into()))
        }
        _ => Err(format!("`{text}` is not of the form PART=VERSION=FILE")),
    }
}
