//! The Evaluation Technical Report: every work unit with its verdict and rationale, and what was found.

use crate::Date;
use crate::assurance::Level;
use crate::document::{Document, Kind, kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

kind!(EtrKind, EvaluationTechnicalReport, "evaluation-technical-report");

/// A verdict. Everything starts inconclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Met.
    Pass,
    /// Not met.
    Fail,
    /// Not decided.
    #[default]
    Inconclusive,
}

impl Verdict {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Inconclusive => "inconclusive",
        }
    }

    /// The verdict over several: a fail fails all; all must pass for a pass.
    pub fn over(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
        let (mut any, mut open) = (false, false);
        for verdict in verdicts {
            match verdict {
                Verdict::Fail => return Verdict::Fail,
                Verdict::Inconclusive => open = true,
                Verdict::Pass => any = true,
            }
        }
        if any && !open { Verdict::Pass } else { Verdict::Inconclusive }
    }
}

/// An Evaluation Technical Report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvaluationTechnicalReport {
    /// What this is.
    pub kind: EtrKind,
    /// Its title.
    pub title: String,
    /// Its number.
    pub reference: String,
    /// Its version.
    pub version: String,
    /// Its date.
    pub date: Date,
    /// The scheme under which it is written.
    pub scheme: String,
    /// The Security Target.
    pub security_target: Cited,
    /// The profile that it claims.
    pub profile: Cited,
    /// The platform: exactly what the device answers.
    pub platform: Cited,
    /// The level.
    pub level: Level,
    /// Who developed it, who ordered the evaluation, who does it.
    pub parties: Parties,
    /// How the platform is built.
    pub architecture: String,
    /// Methods, techniques, tools and standards.
    pub methods: Vec<String>,
    /// Constraints, and what is taken for granted.
    pub constraints: Vec<String>,
    /// Every work unit.
    pub work_units: Vec<WorkUnitResult>,
    /// What can be exploited, and what is left over.
    pub vulnerabilities: Vec<Vulnerability>,
    /// The evidence that was used.
    pub evidence: Vec<EvidenceListed>,
    /// Reports on what failed.
    pub observations: Vec<ObservationReport>,
    /// Conclusions and recommendations.
    pub conclusions: String,
    /// Acronyms.
    #[serde(default)]
    pub acronyms: Vec<crate::profile::Term>,
}

impl Document for EvaluationTechnicalReport {
    const KIND: Kind = Kind::EvaluationTechnicalReport;
}

/// A document or a product that is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cited {
    /// Title or name.
    pub title: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its canonical bytes, for a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// Who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Parties {
    /// Who made the platform.
    pub developer: String,
    /// Who ordered the evaluation.
    pub sponsor: String,
    /// The lab.
    pub lab: String,
    /// The evaluators, by name.
    pub evaluators: Vec<String>,
}

/// What was found on a work unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkUnitResult {
    /// The work unit: `AVA_VAN.3-4`.
    pub id: String,
    /// Its component.
    pub component: String,
    /// What the evaluator is to do.
    pub task: String,
    /// What was done.
    pub done: String,
    /// The evidence for it.
    pub evidence: Vec<String>,
    /// What the tool proposes.
    pub proposal: Proposal,
    /// What the evaluator decided. Without it the proposal is only that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl WorkUnitResult {
    /// The verdict that counts: the evaluator's.
    pub fn verdict(&self) -> Verdict {
        self.decision.as_ref().map_or(Verdict::Inconclusive, |decision| decision.verdict)
    }
}

/// What a tool proposes for a work unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proposal {
    /// The evidence speaks.
    Verdict {
        /// For this.
        verdict: Verdict,
        /// Because.
        rationale: String,
    },
    /// Only a person can tell.
    NeedsPerson {
        /// What that person must do.
        todo: String,
        /// What the evidence already shows.
        #[serde(default)]
        prepared: String,
    },
}

/// What the evaluator decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decision {
    /// Who.
    pub by: String,
    /// When.
    pub date: Date,
    /// What.
    pub verdict: Verdict,
    /// Why; needed in particular where it differs from the proposal.
    pub reason: String,
}

/// Whether a vulnerability is one in the operational environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// An attacker of the level can use it.
    Exploitable,
    /// Only a stronger one can.
    Residual,
}

/// A vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Vulnerability {
    /// Its id in this report.
    pub id: String,
    /// How it came to be known.
    pub source: String,
    /// The requirements that are not met.
    pub requirements: Vec<String>,
    /// What it is.
    pub description: String,
    /// Exploitable or residual: computed, not stated.
    pub standing: Standing,
    /// The values of the five factors.
    pub factors: crate::attack_potential::Factors,
    /// Why these values.
    pub reasoning: String,
}

/// Evidence that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvidenceListed {
    /// Who issued it.
    pub issuer: String,
    /// Its title.
    pub title: String,
    /// Its unique reference: a number and version, or a digest.
    pub reference: String,
}

/// A report on something that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ObservationReport {
    /// Its id.
    pub id: String,
    /// The document or product that it is about.
    pub about: String,
    /// The work unit in which it was seen.
    pub work_unit: String,
    /// What was seen.
    pub observation: String,
    /// How bad it is.
    pub severity: String,
    /// Who must resolve it.
    pub resolver: String,
    /// By when.
    pub timetable: String,
    /// What follows if nobody does.
    pub consequence: String,
    /// What became of it.
    pub status: String,
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, Fail, Inconclusive, Pass};

    #[test]
    fn all_must_pass_and_one_fail_fails() {
        assert_eq!(Verdict::over([Pass, Pass]), Pass);
        assert_eq!(Verdict::over([Pass, Inconclusive]), Inconclusive);
        assert_eq!(Verdict::over([Inconclusive, Fail, Pass]), Fail);
        assert_eq!(Verdict::over([]), Inconclusive, "nothing was looked at");
    }
}
