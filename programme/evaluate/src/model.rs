//! What a test is: the words that describe it, and the function that runs it.

use crate::bench::Bench;
use crate::observations::Observations;
use serde::Serialize;
use std::fmt;

pub use dtsec_model::etr::Verdict;
pub use dtsec_model::threat::Threat;

/// Whether a test looks for what must work or for what must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The platform does what it says.
    Functional,
    /// The platform does not do what an attacker wants.
    Attack,
}

impl Kind {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Functional => "functional",
            Kind::Attack => "attack",
        }
    }
}

/// A device that can be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Target {
    /// The reference board, emulated by QEMU.
    #[serde(rename = "mps2-an505")]
    Mps2An505,
    /// The same platform code as a host process.
    #[serde(rename = "virtual")]
    Virtual,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 2] = [Target::Mps2An505, Target::Virtual];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Target::Mps2An505 => "mps2-an505",
            Target::Virtual => "virtual",
        }
    }

    /// The target with this name.
    pub fn by_name(name: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|target| target.name() == name)
    }
}

/// On which targets a test says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applies {
    /// On all.
    Everywhere,
    /// On this one; not on others, for the reason given.
    Only(Target, &'static str),
}

impl Applies {
    /// Why the test says nothing on `target`, or `None` when it does.
    pub(crate) fn reason_against(self, target: Target) -> Option<&'static str> {
        match self {
            Applies::Only(only, reason) if only != target => Some(reason),
            _ => None,
        }
    }
}

/// Why a test did not pass.
///
/// Not an error type itself, so that `?` turns every error of the harness into [`Failure::Harness`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// The device did not do what was expected of it.
    Refuted(String),
    /// The positive control failed, so the test could not have seen a defect.
    Blind(String),
    /// The test could not be carried out.
    Harness(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refuted(why) => f.write_str(why),
            Failure::Blind(why) => write!(f, "the harness is blind: {why}"),
            Failure::Harness(error) => write!(f, "the test could not be carried out: {error:#}"),
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Harness(error.into())
    }
}

/// What a test ended with.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The verdict that follows from how a test ended.
///
/// An attack that ran without any control is a failure as well: nothing shows that it could have
/// succeeded.
pub(crate) fn verdict_of(kind: Kind, outcome: &Outcome, controls: usize) -> Verdict {
    match outcome {
        Ok(()) if kind == Kind::Attack && controls == 0 => Verdict::Fail,
        Ok(()) => Verdict::Pass,
        Err(Failure::Refuted(_) | Failure::Blind(_)) => Verdict::Fail,
        Err(Failure::Harness(_)) => Verdict::Inconclusive,
    }
}

/// One test.
#[derive(Clone, Copy)]
pub struct Test {
    /// Stable id.
    pub id: &'static str,
    /// What it is about, in a line.
    pub title: &'static str,
    /// The requirement that it serves.
    pub sfr: &'static str,
    /// The threats that it acts out or covers.
    pub threats: &'static [Threat],
    /// Functional test or attack.
    pub kind: Kind,
    /// The interface that is stimulated.
    pub interface: &'static str,
    /// What is done.
    pub procedure: &'static str,
    /// What must be seen for a pass.
    pub expected: &'static str,
    /// Where it says something.
    pub(crate) applies: Applies,
    /// Runs it.
    pub(crate) run: fn(&Bench, &mut Observations) -> Outcome,
}

/// Ends a test as refuted unless the condition holds.
macro_rules! require {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::model::Failure::Refuted(format!($($message)+)));
        }
    };
}
pub(crate) use require;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_pass_only_for_a_finished_test_whose_control_held() {
        let refuted = || Err(Failure::Refuted("it booted".into()));
        let blind = || Err(Failure::Blind("nothing boots".into()));
        let broken = || Err(Failure::Harness(anyhow::anyhow!("no qemu")));
        assert_eq!(crate::model::verdict_of(Kind::Attack, &Ok(()), 1), Verdict::Pass);
        assert_eq!(crate::model::verdict_of(Kind::Functional, &Ok(()), 0), Verdict::Pass);
        assert_eq!(crate::model::verdict_of(Kind::Attack, &refuted(), 1), Verdict::Fail);
        assert_eq!(crate::model::verdict_of(Kind::Attack, &blind(), 0), Verdict::Fail);
        assert_eq!(crate::model::verdict_of(Kind::Attack, &broken(), 1), Verdict::Inconclusive);
    }

    #[test]
    fn an_attack_without_a_control_fails_even_when_it_was_repelled() {
        assert_eq!(crate::model::verdict_of(Kind::Attack, &Ok(()), 0), Verdict::Fail);
    }

    #[test]
    fn a_test_for_one_target_gives_its_reason_on_the_other() {
        let only = Applies::Only(Target::Mps2An505, "no Non-secure world");
        assert_eq!(only.reason_against(Target::Virtual), Some("no Non-secure world"));
        assert_eq!(only.reason_against(Target::Mps2An505), None);
        assert_eq!(Applies::Everywhere.reason_against(Target::Virtual), None);
    }
}
