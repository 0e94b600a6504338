//! `dtsec st rules`.

use std::fmt;

use anyhow::bail;
use clap::Args;
use dtsec_conformance::{Rule, rule, rules};
use serde::Serialize;

use crate::output::{Answer, Exit};

/// Show the rules that a Security Target is held against.
#[derive(Args)]
pub(crate) struct Rules {
    /// Only this rule, with all that is said about it.
    id: Option<String>,
}

#[derive(Serialize)]
struct Report {
    rules: Vec<&'static Rule>,
    /// Whether one was asked for.
    #[serde(skip)]
    in_full: bool,
}

impl Rules {
    pub(super) fn run(self) -> anyhow::Result<Answer> {
        let Some(id) = self.id else {
            return Answer::new(Report { rules: rules().collect(), in_full: false }, Exit::Success);
        };
        let Some(rule) = rule(&id) else {
            bail!("there is no rule `{id}`: `dtsec st rules` shows all of them");
        };
        Answer::new(Report { rules: vec![rule], in_full: true }, Exit::Success)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
        for rule in &self.rules {
            writeln!(f, "{:<width$}  {:<7}  {}", rule.id, rule.severity, rule.title)?;
            if self.in_full {
                writeln!(f, "\n{}\n\nclause: {}\nremedy: {}", rule.explanation, rule.clause, rule.remedy)?;
            } else {
                writeln!(f, "{:<width$}           {}", "", rule.clause)?;
            }
        }
        Ok(())
    }
}
