//! Forms filled in from the document that is uploaded with them, and what its check found.

use super::form::Given;
use crate::registry::{Checked, Kind};
use dtsec_model::etr::EvaluationTechnicalReport;
use dtsec_model::security_target::{Confidentiality, SecurityTarget};
use std::collections::BTreeSet;

/// Which field of a form is read, and as what.
pub(super) fn reads(tag: &str) -> Option<(&'static str, Kind)> {
    match tag {
        "submit-st" | "revise-st" => Some(("text/document", Kind::SecurityTarget)),
        "submit-etr" => Some(("etr/document", Kind::Etr)),
        _ => None,
    }
}

/// What the check of a document found, as a page shows it.
pub(super) struct Findings {
    pub(super) file: String,
    pub(super) problem: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) conforms: bool,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) rows: Vec<Finding>,
    /// So many more were found.
    pub(super) more: usize,
}

/// A finding.
pub(super) struct Finding {
    pub(super) severity: String,
    pub(super) place: String,
    pub(super) message: String,
    pub(super) remedy: String,
    pub(super) rule: String,
}

/// No page shows more findings.
const MOST: usize = 200;

impl Findings {
    /// Of a check.
    pub(super) fn new(file: &str, checked: Checked) -> Self {
        let text = |row: &serde_json::Value, name: &str| match row.get(name) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let rows: Vec<Finding> = checked
            .findings
            .iter()
            .take(MOST)
            .map(|row| Finding {
                severity: text(row, "severity"),
                place: format!("line {}, {}", text(row, "line"), text(row, "pointer")),
                message: text(row, "message"),
                remedy: text(row, "remedy"),
                rule: format!("{}, {}", text(row, "rule"), text(row, "clause")),
            })
            .collect();
        Self {
            file: file.to_owned(),
            problem: checked.problem,
            profile: checked.profile,
            conforms: checked.conforms,
            errors: checked.errors,
            warnings: checked.warnings,
            more: checked.findings.len() - rows.len(),
            rows,
        }
    }
}

/// Fills in what a document says itself. What was typed before gives way to it: the form is about this document.
pub(super) fn fill(kind: Kind, bytes: &[u8], path: &str, given: &mut Given) {
    let Some((at, _)) = path.rsplit_once('/') else { return };
    match kind {
        Kind::SecurityTarget => {
            if let Ok(target) = serde_json::from_slice::<SecurityTarget>(bytes) {
                security_target(&target, at, given);
            }
        }
        Kind::Etr => {
            if let Ok(report) = serde_json::from_slice::<EvaluationTechnicalReport>(bytes) {
                etr(&report, at, given);
            }
        }
        Kind::Other => {}
    }
}

/// The value of a row of identification.
fn identified<'a>(target: &'a SecurityTarget, row: &str) -> Option<&'a str> {
    target.platform.identification.iter().find(|one| one.row == row).map(|one| one.value.as_str())
}

fn security_target(target: &SecurityTarget, at: &str, given: &mut Given) {
    let mut set = |name: &str, text: &str| given.set(format!("{at}/{name}"), text);
    set("st-version", &target.version);
    if let Some(name) = identified(target, "commercial-name") {
        set("product", name);
    }
    if let Some(version) = identified(target, "sw-version") {
        set("version", version);
        if let Some(name) = identified(target, "sw-name") {
            set("identity", &format!("{name} {version}"));
        }
    }
    set(
        "confidentiality",
        if target.confidentiality == Confidentiality::Public { "public" } else { "confidential" },
    );
    let claims: BTreeSet<&str> = target.requirements.iter().map(|claim| claim.id.as_str()).collect();
    let levels = &target.assurance.levels;
    let components: BTreeSet<&str> =
        levels.iter().flat_map(|claim| &claim.components).map(String::as_str).collect();
    set("claims", &claims.into_iter().collect::<Vec<_>>().join("\n"));
    set("components", &components.into_iter().collect::<Vec<_>>().join("\n"));
}

fn etr(report: &EvaluationTechnicalReport, at: &str, given: &mut Given) {
    if let Some(digest) = &report.security_target.digest {
        given.set(format!("{at}/st-document"), digest.as_str());
    }
    given.clear(&format!("{at}/units"));
    for (number, unit) in report.work_units.iter().enumerate() {
        let inside = format!("{at}/units/{number}");
        given.set(format!("{inside}/id"), unit.id.as_str());
        given.set(format!("{inside}/component"), unit.component.as_str());
        given.set(format!("{inside}/verdict"), unit.verdict().name().to_lowercase());
        let reasoned = unit.decision.as_ref().is_some_and(|decision| !decision.reason.trim().is_empty());
        given.set(format!("{inside}/has-rationale"), reasoned.to_string());
        let observed = report.observations.iter().any(|one| one.work_unit == unit.id);
        given.set(format!("{inside}/has-observation"), observed.to_string());
    }
    given.set(format!("{at}/units/#"), report.work_units.len().to_string());
}
