//! Whether a Security Target conforms: to the SESIP profile that it claims, and to SESIP's own rules.
//!
//! Every rule is a row of a table ([`rules`]): id, clause, title, explanation, remedy, severity, and the function that looks.
//! [`check`] gives the findings, each with the rule, the JSON pointer, the offending value and what to do; [`Report`] adds file
//! and lines, and prints for people, as JSON and as SARIF 2.1.0. [`template`] writes a Security Target to be filled in, in which
//! exactly the places to fill in are findings. [`diff`] compares two by what they say, not by their lines.
//!
//! A place with a `<` in it is not filled in yet: that alone is found there, and no other rule looks at it.
//!
//! May use `dtsec-model`; used by the command line and by whoever makes or evaluates a Security Target.

#![forbid(unsafe_code)]

mod context;
mod diff;
mod documents;
mod finding;
mod place;
mod report;
mod rule;
mod rules;
mod sarif;
mod strength;
mod template;

pub use diff::{Change, diff};
pub use documents::Documents;
pub use finding::Finding;
pub use place::Lines;
pub use report::Report;
pub use rule::{Rule, Severity};
pub use strength::{Strength, strength};
pub use template::template;

use context::Context;
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use finding::Found;

/// Every rule, in the order of the Security Target's chapters.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    rules::TABLES.iter().copied().flatten()
}

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// Everything in which a Security Target does not conform.
///
/// `documents`: what is at hand of the documents that it lists; a section is looked for only in those.
pub fn check(target: &SecurityTarget, profile: &SesipProfile, documents: &Documents) -> Vec<Finding> {
    let context = Context::new(target, profile, documents);
    let mut findings = Vec::new();
    for rule in rules() {
        let mut found = Found::new(rule);
        (rule.check)(&context, &mut found);
        findings.append(&mut found.into_findings());
    }
    findings
}
