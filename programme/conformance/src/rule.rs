//! A rule: a row of the table.

use crate::context::Context;
use crate::finding::Found;
use serde::Serialize;
use std::fmt;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To be known.
    Note,
    /// To be looked at by a person: the Security Target may be right.
    Warning,
    /// The Security Target does not conform.
    Error,
}

impl Severity {
    /// The word for it; SARIF's as well.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A rule for Security Targets.
#[derive(Serialize)]
pub struct Rule {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// Document and section that it follows from.
    pub clause: &'static str,
    /// What holds where the rule is kept.
    pub title: &'static str,
    /// Why.
    pub explanation: &'static str,
    /// What to do about a finding.
    pub remedy: &'static str,
    /// How much a finding weighs.
    pub severity: Severity,
    /// Looks for what does not conform.
    #[serde(skip)]
    pub(crate) check: fn(&Context<'_>, &mut Found),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}
