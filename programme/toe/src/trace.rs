//! The map that ADV_IMP.3 and ADV_FSP.4 ask for: requirement → interfaces → sources → tests → last results, and every gap in
//! it, in both directions.

use crate::sources::{Configuration, Source, is_under};
use dtsec_model::catalogue;
use dtsec_model::security_target::SecurityTarget;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A test that looks at a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Test {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The requirement.
    pub requirement: String,
}

/// What is held against each other.
pub struct Inputs<'i> {
    /// What is claimed.
    pub target: &'i SecurityTarget,
    /// What belongs to the platform.
    pub configuration: &'i Configuration,
    /// Its sources.
    pub sources: &'i [Source],
    /// The tests that there are.
    pub tests: &'i [Test],
    /// Evaluations.
    pub results: &'i [Results],
}

/// What is needed of the `evidence.json` of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Results {
    /// What was evaluated.
    pub target: String,
    provenance: Provenance,
    tests: Vec<TestResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Provenance {
    date: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct TestResult {
    id: String,
    verdict: String,
}

/// The result of a test in the last evaluation of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastResult {
    /// What was evaluated.
    pub target: String,
    /// When.
    pub date: String,
    /// How it ended.
    pub verdict: String,
}

/// A test, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestedBy {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// By target.
    pub results: Vec<LastResult>,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// `gate`, or the wire.
    pub at: String,
    /// The call or command.
    pub name: String,
}

/// What belongs to a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub requirement: String,
    /// What the Security Target says is missing of it.
    pub not_yet_met: Option<String>,
    /// Calls and commands.
    pub interfaces: Vec<Interface>,
    /// Files.
    pub sources: Vec<String>,
    /// Tests.
    pub tests: Vec<TestedBy>,
}

/// The map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Every requirement that is claimed, in the order of the Security Target.
    pub requirements: Vec<Row>,
    /// Everything that does not fit.
    pub gaps: Vec<Gap>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "gap")]
pub enum Gap {
    /// The Security Target says so itself.
    NotYetMet {
        /// The requirement.
        requirement: String,
        /// What it says.
        missing: String,
    },
    /// It says that it is not met, and something implements or tests it.
    MetAfterAll {
        /// The requirement.
        requirement: String,
        /// What there is.
        by: String,
    },
    /// Claimed, and no source implements it.
    NoSource {
        /// The requirement.
        requirement: String,
    },
    /// Claimed, and no interface serves it.
    NoInterface {
        /// The requirement.
        requirement: String,
    },
    /// Claimed, and no test looks at it.
    NoTest {
        /// The requirement.
        requirement: String,
    },
    /// Its tests are in none of the evaluations given.
    NoResult {
        /// The requirement.
        requirement: String,
    },
    /// A test did not pass.
    NotPassed {
        /// The requirement.
        requirement: String,
        /// The test.
        test: String,
        /// What was evaluated.
        target: String,
        /// How it ended.
        verdict: String,
    },
    /// A name that no requirement has.
    Unknown {
        /// Where it stands.
        place: String,
        /// The name.
        requirement: String,
    },
    /// A requirement that the Security Target does not claim.
    NotClaimed {
        /// Where it stands.
        place: String,
        /// The requirement.
        requirement: String,
    },
    /// A source says nothing of itself and stands in no list.
    Unexplained {
        /// The file.
        source: String,
    },
    /// A source has an annotation and stands in the list of those that have none.
    Both {
        /// The file.
        source: String,
    },
    /// An annotation cannot be read.
    Unreadable {
        /// The file.
        source: String,
        /// Why.
        message: String,
    },
    /// The list names something that is not there, or gives no reason.
    IdleEntry {
        /// The entry.
        path: String,
    },
}

impl Gap {
    /// Whether the Security Target itself admits it.
    pub fn is_admitted(&self) -> bool {
        matches!(self, Gap::NotYetMet { .. })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gap::NotYetMet { requirement, missing } => {
                write!(f, "{requirement}: not met yet, says the Security Target: {missing}")
            }
            Gap::MetAfterAll { requirement, by } => write!(
                f,
                "{requirement}: the Security Target says that it is not met yet, and {by} names it; correct one of the two"
            ),
            Gap::NoSource { requirement } => write!(
                f,
                "{requirement}: claimed, and no source names it; put `//! SFR: {requirement}.` at the head of those that implement it"
            ),
            Gap::NoInterface { requirement } => write!(
                f,
                "{requirement}: claimed, and no interface serves it; name it in the gate's table or under `interfaces`"
            ),
            Gap::NoTest { requirement } => {
                write!(f, "{requirement}: claimed, and no test of the evaluation looks at it; write one")
            }
            Gap::NoResult { requirement } => write!(
                f,
                "{requirement}: none of its tests is in the evaluations given; give a whole evaluation of each target"
            ),
            Gap::NotPassed { requirement, test, target, verdict } => {
                write!(f, "{requirement}: test {test} on {target}: {verdict}")
            }
            Gap::Unknown { place, requirement } => write!(
                f,
                "{place}: `{requirement}` is no requirement of SESIP's catalogue; `dtsec trace --json` has the ids that are claimed"
            ),
            Gap::NotClaimed { place, requirement } => {
                write!(
                    f,
                    "{place}: {requirement} is not claimed by the Security Target; claim it or take it away there"
                )
            }
            Gap::Unexplained { source } => write!(
                f,
                "{source}: says neither which requirement it implements nor stands in the list of supporting sources"
            ),
            Gap::Both { source } => {
                write!(
                    f,
                    "{source}: names requirements and stands in the list of supporting sources; take it out of one"
                )
            }
            Gap::Unreadable { source, message } => write!(f, "{source}: {message}"),
            Gap::IdleEntry { path } => write!(
                f,
                "{path}: this entry of `supporting` fits no source, or gives no reason; correct or remove it"
            ),
        }
    }
}

/// What the claims of a Security Target come to.
struct Claimed {
    /// In their order, once each.
    ids: Vec<String>,
    not_yet_met: BTreeMap<String, String>,
    /// Struck through: neither claimed nor wrong to name.
    struck: BTreeSet<String>,
}

impl Claimed {
    fn of(target: &SecurityTarget) -> Claimed {
        let mut claimed = Claimed { ids: Vec::new(), not_yet_met: BTreeMap::new(), struck: BTreeSet::new() };
        for claim in &target.requirements {
            if claim.struck.is_some() {
                claimed.struck.insert(claim.id.clone());
                continue;
            }
            if !claimed.ids.contains(&claim.id) {
                claimed.ids.push(claim.id.clone());
            }
            if let Some(missing) = &claim.not_yet_met {
                claimed.not_yet_met.insert(claim.id.clone(), missing.clone());
            }
        }
        claimed
    }

    /// What is wrong with naming a requirement there.
    fn misnamed(&self, place: &str, requirement: &str) -> Option<Gap> {
        let (place, id) = (place.to_owned(), requirement.to_owned());
        if self.ids.contains(&id) || self.struck.contains(&id) {
            None
        } else if catalogue::sfr(requirement).is_none() {
            Some(Gap::Unknown { place, requirement: id })
        } else {
            Some(Gap::NotClaimed { place, requirement: id })
        }
    }
}

/// Makes the map.
pub fn trace(inputs: &Inputs<'_>) -> Trace {
    let claimed = Claimed::of(inputs.target);
    let interfaces = interfaces(inputs.configuration);
    let mut gaps = source_gaps(inputs, &claimed);
    for (interface, requirements) in &interfaces {
        let place = format!("{} `{}`", interface.at, interface.name);
        gaps.extend(requirements.iter().filter_map(|id| claimed.misnamed(&place, id)));
    }
    for test in inputs.tests {
        gaps.extend(claimed.misnamed(&format!("test `{}`", test.id), &test.requirement));
    }
    let requirements: Vec<Row> = claimed
        .ids
        .iter()
        .map(|id| Row {
            requirement: id.clone(),
            not_yet_met: claimed.not_yet_met.get(id).cloned(),
            interfaces: interfaces
                .iter()
                .filter(|(_, requirements)| requirements.contains(id))
                .map(|(interface, _)| interface.clone())
                .collect(),
            sources: implementing(inputs.sources, id),
            tests: inputs
                .tests
                .iter()
                .filter(|test| test.requirement == *id)
                .map(|test| tested(test, inputs.results))
                .collect(),
        })
        .collect();
    for row in &requirements {
        row_gaps(row, !inputs.results.is_empty(), &mut gaps);
    }
    gaps.sort();
    gaps.dedup();
    Trace { requirements, gaps }
}

/// Every interface, with the requirements that it serves.
fn interfaces(configuration: &Configuration) -> Vec<(Interface, Vec<String>)> {
    let calls = cdd_gate::CALLS.iter().map(|call| {
        let interface = Interface { at: "gate".to_owned(), name: call.name.to_owned() };
        (interface, vec![call.sfr.to_owned()])
    });
    let wires = configuration.interfaces.iter().map(|wire| {
        let interface = Interface { at: wire.wire.clone(), name: wire.name.clone() };
        (interface, wire.requirements.clone())
    });
    calls.chain(wires).collect()
}

fn implementing(sources: &[Source], id: &str) -> Vec<String> {
    let names =
        |source: &&Source| matches!(&source.annotation, Ok(Some(ids)) if ids.iter().any(|named| named == id));
    sources.iter().filter(names).map(|source| source.path.clone()).collect()
}

/// A test with its result in the last evaluation of each target.
fn tested(test: &Test, results: &[Results]) -> TestedBy {
    let mut last: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for run in results {
        let date = &*run.provenance.date;
        let Some(result) = run.tests.iter().find(|result| result.id == test.id) else { continue };
        // Dates are RFC 3339 of one zone, so their order is that of the texts.
        if last.get(&*run.target).is_none_or(|(before, _)| *before < date) {
            last.insert(&run.target, (date, &result.verdict));
        }
    }
    let results = last.into_iter().map(|(target, (date, verdict))| LastResult {
        target: target.to_owned(),
        date: date.to_owned(),
        verdict: verdict.to_owned(),
    });
    TestedBy { id: test.id.clone(), title: test.title.clone(), results: results.collect() }
}

/// What is wrong with what the sources say of themselves.
fn source_gaps(inputs: &Inputs<'_>, claimed: &Claimed) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for source in inputs.sources {
        let path = || source.path.clone();
        let listed = inputs.configuration.supporting(&source.path).is_some();
        match &source.annotation {
            Err(error) => gaps.push(Gap::Unreadable { source: path(), message: error.to_string() }),
            Ok(Some(_)) if listed => gaps.push(Gap::Both { source: path() }),
            Ok(Some(ids)) => gaps.extend(ids.iter().filter_map(|id| claimed.misnamed(&source.path, id))),
            Ok(None) if listed => (),
            Ok(None) => gaps.push(Gap::Unexplained { source: path() }),
        }
    }
    for entry in &inputs.configuration.supporting {
        let fits = inputs.sources.iter().any(|source| is_under(&source.path, &entry.path));
        if !fits || entry.reason.trim().is_empty() {
            gaps.push(Gap::IdleEntry { path: entry.path.clone() });
        }
    }
    gaps
}

/// What is missing of a requirement.
fn row_gaps(row: &Row, with_results: bool, gaps: &mut Vec<Gap>) {
    let requirement = || row.requirement.clone();
    if let Some(missing) = &row.not_yet_met {
        let by = row.sources.first().map(|source| format!("the source {source}"));
        let by = by.or_else(|| row.tests.first().map(|test| format!("the test {}", test.id)));
        let by = by.or_else(|| row.interfaces.first().map(|found| format!("the interface {}", found.name)));
        gaps.push(Gap::NotYetMet { requirement: requirement(), missing: missing.clone() });
        gaps.extend(by.map(|by| Gap::MetAfterAll { requirement: requirement(), by }));
        return;
    }
    if row.sources.is_empty() {
        gaps.push(Gap::NoSource { requirement: requirement() });
    }
    if row.interfaces.is_empty() {
        gaps.push(Gap::NoInterface { requirement: requirement() });
    }
    if row.tests.is_empty() {
        gaps.push(Gap::NoTest { requirement: requirement() });
    } else if with_results && row.tests.iter().all(|test| test.results.is_empty()) {
        gaps.push(Gap::NoResult { requirement: requirement() });
    }
    for test in &row.tests {
        let failed = test.results.iter().filter(|result| result.verdict != "pass");
        gaps.extend(failed.map(|result| Gap::NotPassed {
            requirement: requirement(),
            test: test.id.clone(),
            target: result.target.clone(),
            verdict: result.verdict.clone(),
        }));
    }
}
