//! `dtsec independent-tests reveal`.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use dtsec_evidence::evaluation::Record;
use dtsec_model::etr::Verdict;
use dtsec_workunits::independent::{Coverage, ITEMS, IndependentTests, TestDocumentation};
use serde::Serialize;

use super::choose::Covered;
use super::{Drawn, text};
use crate::files;
use crate::output::{Answer, Exit, ShownPath};

/// After the tests: show the seed, and document the drawn tests with the eight items that ATE_IND.1 asks for.
///
/// The status is 1 where a test lacks one of the items or did not pass.
#[derive(Args)]
pub(crate) struct Reveal {
    #[command(flatten)]
    drawn: Drawn,
    /// The evidence.json of the evaluation that ran them.
    #[arg(long, value_name = "FILE")]
    evaluation: PathBuf,
    /// File for the documentation.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Report {
    seed: String,
    tests: Vec<Row>,
    coverage: Coverage,
    out: ShownPath,
}

#[derive(Serialize)]
struct Row {
    id: String,
    verdict: Option<Verdict>,
    /// Items that are not there.
    missing: Vec<&'static str>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for row in &self.tests {
            let verdict = row.verdict.map_or("no verdict", Verdict::name);
            write!(f, "{verdict:<12} {}", row.id)?;
            match row.missing.is_empty() {
                true => writeln!(f)?,
                false => writeln!(f, ": lacks {}", row.missing.join(", "))?,
            }
        }
        writeln!(f, "{}", Covered(&self.coverage))?;
        write!(f, "wrote {}", self.out)
    }
}

impl Reveal {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let (commitment, seed, catalogue) = self.drawn.read()?;
        let json = text(&self.evaluation)?;
        let context = || format!("cannot use {}", self.evaluation.display());
        let record = Record::from_json(&json).with_context(context)?;
        let run = record.evidence(&json, &Default::default()).with_context(context)?.run.id;
        let documented = TestDocumentation::all(&record, &run);
        let tests = IndependentTests::new(commitment, &seed, &catalogue, &documented)?;
        files::write(&self.out, format!("{}\n", serde_json::to_string_pretty(&tests)?).as_bytes())?;
        let rows: Vec<Row> = tests
            .tests
            .iter()
            .map(|test| Row {
                id: test.id.clone(),
                verdict: test.verdict,
                missing: test.missing().into_iter().map(|item| ITEMS[item]).collect(),
            })
            .collect();
        let good = rows.iter().all(|row| row.missing.is_empty() && row.verdict == Some(Verdict::Pass));
        let report = Report {
            seed: tests.seed.clone(),
            coverage: tests.coverage(),
            tests: rows,
            out: self.out.into(),
        };
        Answer::new(report, if good { Exit::Success } else { Exit::No })
    }
}
