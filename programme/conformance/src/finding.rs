//! What a rule found, and where.

use crate::rule::Rule;
use std::fmt::Display;

/// Something that does not conform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The place: a JSON pointer (RFC 6901) into the Security Target. Where something is missing, what it is missing from.
    pub pointer: String,
    /// What stands there; empty where nothing does.
    pub value: String,
    /// What is wrong with it.
    pub message: String,
}

/// Collects what one rule finds.
pub(crate) struct Found {
    rule: &'static Rule,
    findings: Vec<Finding>,
}

impl Found {
    pub(crate) fn new(rule: &'static Rule) -> Found {
        Found { rule, findings: Vec::new() }
    }

    /// Something at this place.
    pub(crate) fn at(&mut self, pointer: impl Into<String>, value: impl Display, message: impl Into<String>) {
        let (pointer, value, message) = (pointer.into(), value.to_string(), message.into());
        self.findings.push(Finding { rule: self.rule, pointer, value, message });
    }

    /// A text that must not be empty; what it is for, in words.
    pub(crate) fn unless_said(&mut self, pointer: impl Into<String>, text: &str, what: &str) {
        if text.trim().is_empty() {
            self.at(pointer, "", format!("{what}: nothing is said"));
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
