//! The findings of a check, for people and programs.

use crate::finding::Finding;
use crate::place::Lines;
use crate::rule::Severity;
use serde::Serialize;
use std::fmt;

/// What a check of one Security Target found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The Security Target's file.
    pub file: String,
    /// The profile, and its version.
    pub profile: String,
    /// Whether nothing is an error.
    pub conforms: bool,
    /// How many rules were looked at.
    pub rules: usize,
    /// How many findings are errors.
    pub errors: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// The findings, in the order of the rules.
    pub findings: Vec<Row>,
}

/// A finding, with all that is said about it.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The rule's id.
    pub rule: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The clause that the rule follows from.
    pub clause: &'static str,
    /// A JSON pointer into the Security Target.
    pub pointer: String,
    /// Its line, from 1.
    pub line: usize,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub remedy: &'static str,
}

impl Report {
    /// Of these findings in a Security Target with this text.
    pub fn new(file: &str, profile: &str, text: &str, findings: Vec<Finding>) -> Report {
        let lines = Lines::of(text);
        let row = |finding: Finding| Row {
            rule: finding.rule.id,
            severity: finding.rule.severity,
            clause: finding.rule.clause,
            line: lines.line(&finding.pointer),
            pointer: finding.pointer,
            value: finding.value,
            message: finding.message,
            remedy: finding.rule.remedy,
        };
        let findings: Vec<Row> = findings.into_iter().map(row).collect();
        let count = |severity| findings.iter().filter(|row| row.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        Report {
            file: file.to_owned(),
            profile: profile.to_owned(),
            conforms: errors == 0,
            rules: crate::rules().count(),
            errors,
            warnings,
            findings,
        }
    }
}

/// As much of a value as fits on a line.
const SHOWN: usize = 80;

fn shown(value: &str) -> String {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.findings {
            writeln!(f, "{}[{}]: {}", row.severity, row.rule, row.message)?;
            writeln!(f, "  --> {}:{}  {}", self.file, row.line, row.pointer)?;
            if !row.value.is_empty() {
                writeln!(f, "   |  {}", shown(&row.value))?;
            }
            writeln!(f, "   = clause: {}", row.clause)?;
            writeln!(f, "   = remedy: {}\n", row.remedy)?;
        }
        let counted = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let verdict = if self.conforms { "conforms" } else { "does NOT conform" };
        let found = format!("{}, {}", counted(self.errors, "error"), counted(self.warnings, "warning"));
        writeln!(f, "{} {verdict} to {}: {found} by {} rules", self.file, self.profile, self.rules)
    }
}
