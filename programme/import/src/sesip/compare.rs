//! An imported profile beside the built-in one.

use dtsec_model::operations::{Operation, Segment, operations};
use dtsec_model::profile::{NoteKind, Obligation, SesipProfile};
use serde::Serialize;
use std::collections::BTreeSet;

/// How many of something there are in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Of what.
    pub what: &'static str,
    /// In the built-in profile.
    pub built_in: usize,
    /// In the text.
    pub imported: usize,
}

/// An imported profile beside the built-in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What can be counted.
    pub counts: Vec<Count>,
    /// Ids and rules that differ, one a sentence.
    pub differences: Vec<String>,
}

impl Comparison {
    /// Holds both beside each other.
    pub fn new(built_in: &SesipProfile, imported: &SesipProfile) -> Comparison {
        let count = |(what, of): &(&'static str, fn(&SesipProfile) -> usize)| Count {
            what,
            built_in: of(built_in),
            imported: of(imported),
        };
        let counts = COUNTED.iter().map(count).collect();
        let mut differences = Vec::new();
        type Named = (&'static str, fn(&SesipProfile) -> BTreeSet<String>);
        let named: [Named; 8] = [
            ("sections", |profile| profile.sections.iter().map(|section| section.number.clone()).collect()),
            ("requirements", |profile| profile.requirements.iter().map(|r| r.id.clone()).collect()),
            ("operations", operation_ids),
            ("notes", |profile| profile.all_notes().map(|note| note.id.clone()).collect()),
            ("objectives", |profile| {
                profile.objectives.iter().map(|objective| objective.id.clone()).collect()
            }),
            ("rows of identification", |profile| {
                profile.identification.iter().map(|row| row.id.clone()).collect()
            }),
            ("assurance components", |profile| {
                profile.assurance.iter().map(|row| row.component.clone()).collect()
            }),
            ("deviations", |profile| {
                profile.deviations.iter().map(|deviation| deviation.id.clone()).collect()
            }),
        ];
        for (what, ids) in named {
            let (ours, theirs) = (ids(built_in), ids(imported));
            differences.extend(
                ours.difference(&theirs).map(|id| format!("{what}: {id} is in the built-in profile only")),
            );
            differences
                .extend(theirs.difference(&ours).map(|id| format!("{what}: {id} is in the text only")));
        }
        differences.extend(rules(built_in, imported));
        Comparison { counts, differences }
    }
}

/// What is counted, and how.
type Counted = (&'static str, fn(&SesipProfile) -> usize);

const COUNTED: [Counted; 19] = [
    ("sections", |profile| profile.sections.len()),
    ("mandatory requirements", |profile| obliged(profile, &[Obligation::Mandatory])),
    ("optional requirements", |profile| {
        let optional = [Obligation::OptionalInProtectionProfile, Obligation::OptionalBeyondProtectionProfile];
        obliged(profile, &optional)
    }),
    ("assignments", |profile| of_kind(profile, |operation| matches!(operation, Operation::Assignment(_)))),
    ("selections", |profile| of_kind(profile, |operation| matches!(operation, Operation::Selection(_)))),
    ("optional words", |profile| of_kind(profile, |operation| matches!(operation, Operation::Option(_)))),
    ("fixed refinements", |profile| of_kind(profile, |operation| matches!(operation, Operation::Fixed(_)))),
    ("application notes", |profile| noted(profile, NoteKind::Application)),
    ("informational notes", |profile| noted(profile, NoteKind::Informational)),
    ("extensions", |profile| profile.requirements.iter().filter(|r| r.extension.is_some()).count()),
    ("references", |profile| profile.references.len()),
    ("terms", |profile| profile.terms.len()),
    ("revisions", |profile| profile.revisions.len()),
    ("rows of identification", |profile| profile.identification.len()),
    ("threats", |profile| profile.threats.len()),
    ("features", |profile| profile.features.len()),
    ("objectives", |profile| profile.objectives.len()),
    ("assurance components", |profile| profile.assurance.len()),
    ("rows of the mapping", |profile| profile.mapping.len()),
];

fn obliged(profile: &SesipProfile, how: &[Obligation]) -> usize {
    profile.requirements.iter().filter(|requirement| how.contains(&requirement.obligation)).count()
}

fn of_kind(profile: &SesipProfile, is: fn(&Operation) -> bool) -> usize {
    let statements = profile.requirements.iter().map(|requirement| &requirement.statement);
    let all = statements.chain(profile.objectives.iter().map(|objective| &objective.statement));
    all.flat_map(|statement: &Vec<Segment>| operations(statement)).filter(|operation| is(operation)).count()
}

fn noted(profile: &SesipProfile, kind: NoteKind) -> usize {
    profile.all_notes().filter(|note| note.kind == kind).count()
}

fn operation_ids(profile: &SesipProfile) -> BTreeSet<String> {
    let requirements =
        profile.requirements.iter().map(|requirement| (&requirement.id, &requirement.statement));
    let all =
        requirements.chain(profile.objectives.iter().map(|objective| (&objective.id, &objective.statement)));
    let ids = all.flat_map(|(owner, statement)| {
        operations(statement).filter_map(Operation::id).map(move |id| format!("{owner}/{id}"))
    });
    ids.collect()
}

/// The rules that an import derives from the words.
fn rules(built_in: &SesipProfile, imported: &SesipProfile) -> Vec<String> {
    let mut differences = Vec::new();
    if built_in.level != imported.level {
        differences.push(format!(
            "level: {} here, {} in the text",
            built_in.level.name(),
            imported.level.name()
        ));
    }
    for ours in &built_in.requirements {
        let Some(theirs) = imported.requirement(&ours.id) else { continue };
        let mut differ = |what: &str, same: bool| {
            if !same {
                differences.push(format!("{}: the {what} differs", ours.id));
            }
        };
        differ("section", ours.section == theirs.section);
        differ("obligation", ours.obligation == theirs.obligation);
        differ("rule of striking through", ours.strike == theirs.strike);
        differ("need of a security strength", ours.needs_strength == theirs.needs_strength);
        differ("extension", ours.extension.is_some() == theirs.extension.is_some());
        let shape = |statement: &[Segment]| {
            let each = operations(statement).map(|operation| match operation {
                Operation::Assignment(a) => format!("assignment {} {:?}", a.id, a.none),
                Operation::Selection(s) => format!("selection {} {:?}", s.id, s.options),
                Operation::Option(word) => format!("option {} {:?}", word.id, word.text),
                Operation::Fixed(text) => format!("fixed {text}"),
            });
            each.collect::<Vec<_>>()
        };
        let (here, there) = (shape(&ours.statement), shape(&theirs.statement));
        if here != there {
            differences
                .push(format!("{}: its operations are {here:?} here and {there:?} in the text", ours.id));
        }
    }
    for ours in &built_in.mapping {
        match imported.mapping.iter().find(|row| row.requirement == ours.requirement) {
            None => differences.push(format!("mapping: no row for {} in the text", ours.requirement)),
            Some(theirs) => {
                let same = ours.covered_by == theirs.covered_by
                    && ours.optional == theirs.optional
                    && ours.iterations == theirs.iterations;
                if !same {
                    differences.push(format!("mapping: the row for {} differs", ours.requirement));
                }
            }
        }
    }
    differences
}
