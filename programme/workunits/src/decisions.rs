//! What the evaluator decided. Each decision binds to the digest of the result that it was made on: if that changes, the
//! decision is stale, is shown as such, and does not count.

use dtsec_model::etr::{Decision, Proposal, Verdict, WorkUnitResult};
use dtsec_model::{Date, canonical};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Says what the document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DecisionsKind {
    /// The only value.
    #[default]
    #[serde(rename = "work-unit-decisions")]
    WorkUnitDecisions,
}

/// All decisions, in the order in which they were made. None is ever taken out: a later one on the same unit counts
/// instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decisions {
    /// What this is.
    pub kind: DecisionsKind,
    /// The decisions.
    pub entries: Vec<Entry>,
}

/// A decision, and what it was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// The work unit.
    pub work_unit: String,
    /// The digest of the result, without any decision on it.
    pub result: String,
    /// The decision.
    pub decision: Decision,
}

/// Why a decision is refused.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// Nobody.
    #[error("a decision on {work_unit} needs the name of the evaluator who makes it")]
    Nobody {
        /// The unit.
        work_unit: String,
    },
    /// There is nothing to decide on.
    #[error(
        "{work_unit} is inconclusive: {rationale} Nothing can be decided on a draft or on what was not finished; \
         complete the evidence, then propose again"
    )]
    Inconclusive {
        /// The unit.
        work_unit: String,
        /// Why it is.
        rationale: String,
    },
    /// There is no proposal.
    #[error("{work_unit} has no proposal to confirm: {todo} Then give verdict and reason")]
    NothingToConfirm {
        /// The unit.
        work_unit: String,
        /// What a person must do.
        todo: String,
    },
    /// Without a reason.
    #[error("a verdict on {work_unit} that the tool did not propose needs a reason")]
    NoReason {
        /// The unit.
        work_unit: String,
    },
    /// No canonical form.
    #[error("{work_unit} has no canonical form: {error}")]
    Canonical {
        /// The unit.
        work_unit: String,
        /// Why.
        error: serde_json::Error,
    },
}

/// A decision that no longer counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stale {
    /// The work unit.
    pub work_unit: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub date: Date,
    /// What it was decided on.
    pub decided_on: String,
    /// What the result is now; nothing where there is no such unit any more.
    pub now: Option<String>,
}

/// Results with the decisions that count, and those that do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The results.
    pub results: Vec<WorkUnitResult>,
    /// Decisions on something else than what there is now.
    pub stale: Vec<Stale>,
}

/// What a decision binds to: the result without any decision.
///
/// # Errors
/// Where the result has no canonical form.
pub fn digest_of(result: &WorkUnitResult) -> Result<String, DecisionError> {
    let bare = WorkUnitResult { decision: None, ..result.clone() };
    canonical::digest(&bare).map_err(|error| DecisionError::Canonical { work_unit: result.id.clone(), error })
}

impl Decisions {
    /// The evaluator agrees with what is proposed.
    ///
    /// # Errors
    /// Where nothing is proposed, or nobody is named.
    pub fn confirm(
        &mut self,
        result: &WorkUnitResult,
        by: &str,
        date: Date,
        reason: &str,
    ) -> Result<(), DecisionError> {
        let work_unit = || result.id.clone();
        match &result.proposal {
            Proposal::NeedsPerson { todo, .. } => {
                Err(DecisionError::NothingToConfirm { work_unit: work_unit(), todo: todo.clone() })
            }
            Proposal::Verdict { verdict, .. } => self.record(result, *verdict, by, date, reason),
        }
    }

    /// The evaluator gives a verdict: against the proposal, or where there is none. It needs a reason.
    ///
    /// # Errors
    /// Where no reason is given, nobody is named, or there is nothing to decide on.
    pub fn decide(
        &mut self,
        result: &WorkUnitResult,
        verdict: Verdict,
        by: &str,
        date: Date,
        reason: &str,
    ) -> Result<(), DecisionError> {
        if reason.trim().is_empty() {
            return Err(DecisionError::NoReason { work_unit: result.id.clone() });
        }
        self.record(result, verdict, by, date, reason)
    }

    fn record(
        &mut self,
        result: &WorkUnitResult,
        verdict: Verdict,
        by: &str,
        date: Date,
        reason: &str,
    ) -> Result<(), DecisionError> {
        let work_unit = result.id.clone();
        if by.trim().is_empty() {
            return Err(DecisionError::Nobody { work_unit });
        }
        if let Proposal::Verdict { verdict: Verdict::Inconclusive, rationale } = &result.proposal {
            return Err(DecisionError::Inconclusive { work_unit, rationale: rationale.clone() });
        }
        let decision = Decision { by: by.trim().to_owned(), date, verdict, reason: reason.trim().to_owned() };
        self.entries.push(Entry { work_unit, result: digest_of(result)?, decision });
        Ok(())
    }

    /// Puts the decisions to the results: of each unit the last one, where it was made on exactly this result.
    ///
    /// # Errors
    /// Where a result has no canonical form.
    pub fn apply(&self, results: Vec<WorkUnitResult>) -> Result<Applied, DecisionError> {
        let last: BTreeMap<&str, &Entry> =
            self.entries.iter().map(|entry| (entry.work_unit.as_str(), entry)).collect();
        let mut now: BTreeMap<String, String> = BTreeMap::new();
        let mut applied = Vec::with_capacity(results.len());
        for mut result in results {
            let digest = digest_of(&result)?;
            let entry = last.get(result.id.as_str()).filter(|entry| entry.result == digest);
            result.decision = entry.map(|entry| entry.decision.clone());
            now.insert(result.id.clone(), digest);
            applied.push(result);
        }
        let stale = last.into_values().filter(|entry| now.get(&entry.work_unit) != Some(&entry.result));
        let stale = stale.map(|entry| Stale {
            work_unit: entry.work_unit.clone(),
            by: entry.decision.by.clone(),
            date: entry.decision.date,
            decided_on: entry.result.clone(),
            now: now.get(&entry.work_unit).cloned(),
        });
        Ok(Applied { stale: stale.collect(), results: applied })
    }

    /// Its JSON form.
    pub fn to_json(&self) -> String {
        // String keys, and no failing serializers.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
