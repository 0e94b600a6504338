//! How a proposal is put together. One without evidence cannot be written down: [`References`] has a first one.

use crate::units::WorkUnit;
use dtsec_model::etr::{Proposal, Verdict, WorkUnitResult};

/// References to evidence: at least one.
#[derive(Debug, Clone)]
pub(crate) struct References {
    first: String,
    more: Vec<String>,
}

impl References {
    /// This one alone.
    pub(crate) fn to(first: impl Into<String>) -> References {
        References { first: first.into(), more: Vec::new() }
    }

    /// As many as there are; none where there is not even one.
    pub(crate) fn of(all: impl IntoIterator<Item = String>) -> Option<References> {
        let mut all = all.into_iter();
        let first = all.next()?;
        Some(References { first, more: all.collect() })
    }

    /// And these.
    pub(crate) fn and(mut self, more: impl IntoIterator<Item = String>) -> References {
        for one in more {
            if one != self.first && !self.more.contains(&one) {
                self.more.push(one);
            }
        }
        self
    }

    fn into_list(self) -> Vec<String> {
        let mut list = vec![self.first];
        list.extend(self.more);
        list
    }
}

/// What can be said about a work unit.
#[derive(Debug, Clone)]
pub(crate) enum Judgement {
    /// The evidence speaks.
    Proposed { verdict: Verdict, done: String, rationale: String, evidence: References },
    /// Only a person can tell.
    Person { done: String, prepared: String, evidence: Vec<String> },
}

impl Judgement {
    pub(crate) fn verdict(
        verdict: Verdict,
        done: impl Into<String>,
        rationale: impl Into<String>,
        evidence: References,
    ) -> Judgement {
        Judgement::Proposed { verdict, done: done.into(), rationale: rationale.into(), evidence }
    }

    pub(crate) fn person(
        prepared: impl Into<String>,
        evidence: impl IntoIterator<Item = String>,
    ) -> Judgement {
        let done = "Nothing was decided by a tool; what is at hand was gathered.".to_owned();
        Judgement::Person { done, prepared: prepared.into(), evidence: evidence.into_iter().collect() }
    }

    /// As the report has it.
    pub(crate) fn result(self, unit: &WorkUnit) -> WorkUnitResult {
        let (done, evidence, proposal) = match self {
            Judgement::Proposed { verdict, done, rationale, evidence } => {
                (done, evidence.into_list(), Proposal::Verdict { verdict, rationale })
            }
            Judgement::Person { done, prepared, evidence } => {
                (done, evidence, Proposal::NeedsPerson { todo: unit.person.clone(), prepared })
            }
        };
        WorkUnitResult {
            id: unit.id.clone(),
            component: unit.component().to_owned(),
            task: unit.task.clone(),
            done,
            evidence,
            proposal,
            decision: None,
        }
    }
}

/// Things that must hold, and which of them do not.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    held: Vec<String>,
    broken: Vec<String>,
}

impl Checks {
    /// One more: what it is, and whether it holds.
    pub(crate) fn that(mut self, what: impl Into<String>, holds: bool) -> Checks {
        if holds {
            self.held.push(what.into())
        } else {
            self.broken.push(what.into())
        }
        self
    }

    /// One more for each of these; `wrong` names those that do not hold.
    pub(crate) fn none(self, what: &str, wrong: &[String]) -> Checks {
        let holds = wrong.is_empty();
        let what = if holds { what.to_owned() } else { format!("{what} – not so for {}", listed(wrong)) };
        self.that(what, holds)
    }

    /// A pass where all hold, a fail that names those that do not.
    pub(crate) fn judge(self, done: impl Into<String>, evidence: References) -> Judgement {
        if self.broken.is_empty() {
            let rationale = format!("Holds: {}.", self.held.join("; "));
            Judgement::verdict(Verdict::Pass, done, rationale, evidence)
        } else {
            let rationale = format!("Does not hold: {}.", self.broken.join("; "));
            Judgement::verdict(Verdict::Fail, done, rationale, evidence)
        }
    }
}

/// Names in a sentence: the first few, and how many more there are.
pub(crate) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
