//! `dtsec evidence merge`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::Args;
use dtsec_evidence::{Collection, Combined};
use dtsec_model::etr::Verdict;
use serde::Serialize;

use super::{Trusted, read_evidence};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// Join the evidence of several runs, such as the shards of a campaign.
///
/// A run that comes twice counts once; two different runs of one id are refused, and so are runs on different images
/// unless --different-images says that this is meant. Of a fault campaign that ran in shards every one must be there,
/// and none twice. What is signed is checked first.
#[derive(Args)]
pub(crate) struct Merge {
    /// Evidence: bundles, collections, evidence.json of evaluations, records of fault campaigns, envelopes.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
    /// Join runs on different images.
    #[arg(long)]
    different_images: bool,
    /// File for the collection.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    out: ShownPath,
    runs: Vec<String>,
    tests: BTreeMap<String, Combined>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |verdict| self.tests.values().filter(|test| test.verdict == verdict).count();
        writeln!(
            f,
            "{} runs, {} tests: {} passed, {} failed, {} inconclusive",
            self.runs.len(),
            self.tests.len(),
            count(Verdict::Pass),
            count(Verdict::Fail),
            count(Verdict::Inconclusive)
        )?;
        for (test, combined) in self.tests.iter().filter(|(_, test)| test.verdict != Verdict::Pass) {
            writeln!(f, "{:<12} {test} ({})", combined.verdict.name(), combined.results.join(", "))?;
        }
        write!(f, "wrote {}", self.out)
    }
}

impl Merge {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let mut runs = Vec::new();
        for file in &self.files {
            runs.extend(read_evidence(file, &self.trusted)?.into_iter().map(|evidence| evidence.bundle));
        }
        let collection = Collection::merge(runs, self.different_images)?;
        files::write(&self.out, collection.to_json().as_bytes())?;
        let tests = collection.combined().into_iter().map(|(id, test)| (id.to_owned(), test)).collect();
        let runs = collection.runs.iter().map(|bundle| bundle.run.id.clone()).collect();
        Answer::new(Report { out: self.out.into(), runs, tests }, Exit::Success)
    }
}
