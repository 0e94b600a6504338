//! What an evaluation has to go by, as plain data.

use crate::independent::{IndependentTests, TestDocumentation};
use crate::vulnerability::{Analysis, StatedError};
use dtsec_model::Date;
use dtsec_model::assurance::Level;
use dtsec_model::canonical;
use dtsec_model::deliverable::{ConfigurationList, FunctionalSpecification, TraceMap};
use dtsec_model::evidence::EvidenceBundle;
use dtsec_model::security_target::SecurityTarget;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Everything at hand. What is absent was not handed over.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The day of the evaluation.
    pub date: Date,
    /// The Security Target.
    pub security_target: SecurityTarget,
    /// What the conformance check found in it.
    pub conformance: Option<Conformance>,
    /// The evidence of runs.
    pub evidence: Vec<SignedBundle>,
    /// The developer's documents.
    pub documents: Vec<DocumentPresent>,
    /// The table of interfaces.
    pub functional_specification: Option<FunctionalSpecification>,
    /// The map from requirements to sources.
    pub trace: Option<TraceMap>,
    /// The configuration list.
    pub configuration: Option<ConfigurationList>,
    /// The tests as they were carried out, each as ATE_IND.1 asks for it.
    pub records: Vec<TestDocumentation>,
    /// The independent tests.
    pub independent: Option<IndependentTests>,
    /// The vulnerability analysis.
    pub analysis: Option<Analysis>,
}

/// Why inputs do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The work units are those of SESIP3.
    #[error("the Security Target does not claim SESIP3, and the work units here are those of SESIP3")]
    Level,
    /// The check was made on another document.
    #[error(
        "the conformance check was made on the Security Target {checked}, and this one is {given}; check it again"
    )]
    OtherSecurityTarget {
        /// The digest that was checked.
        checked: String,
        /// The digest of the one given.
        given: String,
    },
    /// Two runs of one id.
    #[error("there are two runs of the id `{id}`; merge the evidence first (`dtsec evidence merge`)")]
    RepeatedRun {
        /// The id.
        id: String,
    },
    /// A vulnerability says too little.
    #[error(transparent)]
    Vulnerability(#[from] StatedError),
    /// No canonical form.
    #[error("the Security Target has no canonical form: {0}")]
    Canonical(#[from] serde_json::Error),
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To be known.
    Note,
    /// To be looked at by a person.
    Warning,
    /// It does not conform.
    Error,
}

/// What a conformance check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Conformance {
    /// Tool and version.
    pub tool: String,
    /// The SHA-256 of the canonical bytes of the Security Target that was checked.
    pub security_target: String,
    /// How many rules were applied.
    pub rules: usize,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// The place in the Security Target, a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
    /// How much it weighs.
    pub severity: Severity,
}

/// The evidence of a run, and whose keys have vouched for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBundle {
    /// The evidence.
    pub bundle: EvidenceBundle,
    /// The ids of keys whose signatures were verified; none where it is not signed.
    pub signers: Vec<String>,
}

/// A document of the developer that is at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DocumentPresent {
    /// Its id in the Security Target.
    pub id: String,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Whether it is a draft: a draft carries no verdict.
    #[serde(default)]
    pub draft: bool,
}

impl Inputs {
    /// A Security Target, and nothing else yet.
    pub fn new(security_target: SecurityTarget, date: Date) -> Inputs {
        Inputs {
            date,
            security_target,
            conformance: None,
            evidence: Vec::new(),
            documents: Vec::new(),
            functional_specification: None,
            trace: None,
            configuration: None,
            records: Vec::new(),
            independent: None,
            analysis: None,
        }
    }

    /// Whether they belong together.
    pub(crate) fn check(&self) -> Result<(), InputError> {
        if self.security_target.assurance.levels.iter().all(|claim| claim.level != Level::Sesip3) {
            return Err(InputError::Level);
        }
        if let Some(conformance) = &self.conformance {
            let given = canonical::digest(&self.security_target)?;
            if conformance.security_target != given {
                let checked = conformance.security_target.clone();
                return Err(InputError::OtherSecurityTarget { checked, given });
            }
        }
        if let Some(analysis) = &self.analysis {
            crate::vulnerability::rate(&analysis.vulnerabilities, Level::Sesip3)?;
        }
        let mut runs = BTreeSet::new();
        match self.evidence.iter().map(|signed| &signed.bundle.run.id).find(|id| !runs.insert(*id)) {
            Some(id) => Err(InputError::RepeatedRun { id: id.clone() }),
            None => Ok(()),
        }
    }
}
