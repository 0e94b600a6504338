//! `dtsec independent-tests choose`.

use std::fmt;

use clap::Args;
use dtsec_workunits::independent::{Coverage, coverage};
use serde::Serialize;

use super::Drawn;
use crate::output::{Answer, Exit};

/// Show the tests that a seed gives, for those who run them: each is an argument of `dtsec evaluate --test`.
#[derive(Args)]
pub(crate) struct Choose {
    #[command(flatten)]
    drawn: Drawn,
}

#[derive(Serialize)]
struct Report {
    tests: Vec<String>,
    coverage: Coverage,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for test in &self.tests {
            writeln!(f, "{test}")?;
        }
        write!(f, "{}", Covered(&self.coverage))
    }
}

/// A coverage in words.
pub(super) struct Covered<'c>(pub(super) &'c Coverage);

impl fmt::Display for Covered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Coverage { requirements, kinds, interfaces } = self.0;
        write!(
            f,
            "covered: {} of {} requirements, {} of {} kinds, {} of {} interfaces",
            requirements.0, requirements.1, kinds.0, kinds.1, interfaces.0, interfaces.1
        )
    }
}

impl Choose {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let (commitment, seed, catalogue) = self.drawn.read()?;
        let tests = commitment.open(&seed, &catalogue)?;
        let coverage = coverage(&catalogue, &tests);
        Answer::new(Report { tests, coverage }, Exit::Success)
    }
}
