//! Rules for chapter 4: what is asked of the environment, and where the guidance says how.

use crate::context::{Context, open, open_value, token};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::operations::{NoneMeans, Operation, operation, operations};
use dtsec_model::profile::ObjectiveApplies;
use dtsec_model::security_target::Origin;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "objective-there",
        clause: "GPT_SPE_151 4; CEM ASE_OBJ.1; T13",
        title: "Each objective of the profile that applies is there",
        explanation: "Most apply always; one only where a physical requirement is claimed, one only where none is, one only \
                      where debugging is struck through.",
        remedy: "Add the objective, with the place in the guidance.",
        severity: Severity::Error,
        check: objective_there,
    },
    Rule {
        id: "objective-applies",
        clause: "GPT_SPE_151 4; T13",
        title: "No objective is there for a claim that is not made",
        explanation: "An objective that serves physical resistance reads as if there were some.",
        remedy: "Take the objective out, or claim what it serves.",
        severity: Severity::Warning,
        check: objective_applies,
    },
    Rule {
        id: "objective-addition-marked",
        clause: "GPT_SPE_151 4, 6.1; T21",
        title: "An objective is marked as an addition exactly where the profile does not have it",
        explanation: "A reader must see what a Security Target adds to the profile.",
        remedy: "Set `origin` to `addition` for a new objective and leave it out for one of the profile's.",
        severity: Severity::Error,
        check: objective_addition_marked,
    },
    Rule {
        id: "objective-unchanged",
        clause: "GPT_SPE_151 4, 6.1; T21",
        title: "An objective of the profile keeps its wording, and an addition has one",
        explanation: "The wording of the profile's objectives is the profile's; only what it asks for is filled in.",
        remedy: "Remove `statement` from an objective of the profile; give one to an addition.",
        severity: Severity::Error,
        check: objective_unchanged,
    },
    Rule {
        id: "objective-filled",
        clause: "GPT_SPE_151 4; T13",
        title: "What an objective asks for is filled in",
        explanation: "Name of the secure boot, configuration, reference: without them nobody can meet the objective. \"none\" is \
                      no answer here.",
        remedy: "Fill in the value under `values`; take out those that the objective does not ask for.",
        severity: Severity::Error,
        check: objective_filled,
    },
    Rule {
        id: "objective-guided",
        clause: "CEM ASE_OBJ.1; GPT_SPE_151 4; requirements 1.3; T13",
        title: "Each objective names the place in the guidance that tells how it is met",
        explanation: "The integrator has the guidance and nothing else: the place must be in a document of section 2.3.",
        remedy: "Add a place to the objective's `guidance`, in a document that is listed under `guidance`.",
        severity: Severity::Error,
        check: objective_guided,
    },
];

/// Whether an objective applies to what is claimed.
fn applies(context: &Context<'_>, when: ObjectiveApplies) -> bool {
    let struck = |id: &str| context.target.claims(id).any(|claim| claim.struck.is_some());
    match when {
        ObjectiveApplies::Always => true,
        ObjectiveApplies::WithPhysicalResistance => context.resists_physically(),
        ObjectiveApplies::WithoutPhysicalResistance => !context.resists_physically(),
        ObjectiveApplies::WithoutDebugging => struck("secure-debugging"),
    }
}

fn objective_there(context: &Context<'_>, found: &mut Found) {
    for objective in &context.profile.objectives {
        if applies(context, objective.applies) && !context.has_objective(&objective.id) {
            found.at("/objectives", "", format!("the objective `{}` is missing", objective.id));
        }
    }
}

fn objective_applies(context: &Context<'_>, found: &mut Found) {
    for (at, objective) in context.target.objectives.iter().enumerate() {
        let Some(known) = context.profile.objective(&objective.id) else { continue };
        // The user's precaution does no harm beside physical resistance.
        let harmless = known.applies == ObjectiveApplies::WithoutPhysicalResistance;
        if !harmless && !applies(context, known.applies) {
            let message = "what this objective serves is not claimed";
            found.at(format!("/objectives/{at}/id"), &objective.id, message);
        }
    }
}

fn objective_addition_marked(context: &Context<'_>, found: &mut Found) {
    for (at, objective) in context.target.objectives.iter().enumerate().filter(|(_, one)| !open(&one.id)) {
        let message = match (objective.origin, context.profile.objective(&objective.id)) {
            (Origin::Profile, None) => {
                "the profile does not have this objective, and it is not marked as an addition"
            }
            (Origin::Addition, Some(_)) => "this is the profile's objective, and it is marked as an addition",
            _ => continue,
        };
        found.at(format!("/objectives/{at}/origin"), &objective.id, message);
    }
}

fn objective_unchanged(context: &Context<'_>, found: &mut Found) {
    for (at, objective) in context.target.objectives.iter().enumerate() {
        let place = format!("/objectives/{at}/statement");
        match (objective.origin, &objective.statement) {
            (Origin::Profile, Some(statement)) if context.profile.objective(&objective.id).is_some() => {
                found.at(place, statement, "an objective of the profile has the profile's wording");
            }
            (Origin::Addition, statement) => {
                found.unless_said(
                    place,
                    statement.as_deref().unwrap_or_default(),
                    "what the addition asks for",
                );
            }
            _ => {}
        }
    }
}

fn objective_filled(context: &Context<'_>, found: &mut Found) {
    for (at, objective) in context.target.objectives.iter().enumerate() {
        let Some(known) = context.profile.objective(&objective.id) else { continue };
        let place = |id: &str| format!("/objectives/{at}/values/{}", token(id));
        for wanted in operations(&known.statement) {
            let Some(id) = wanted.id() else { continue };
            match objective.values.get(id) {
                Some(value) if open_value(value) => {}
                Some(value) if forbids_none(wanted) && value.is_none() => {
                    found.at(place(id), value.sentence(), "\"none\" is no answer here");
                }
                Some(value) if !value.is_empty() && !value.texts().is_empty() => {}
                _ => found.at(place(id), "", format!("`{id}` of `{}` is not filled in", objective.id)),
            }
        }
        for id in objective.values.keys().filter(|id| operation(&known.statement, id).is_none()) {
            found.at(place(id), id, format!("`{}` asks for nothing of this name", objective.id));
        }
    }
}

fn forbids_none(operation: &Operation) -> bool {
    matches!(operation, Operation::Assignment(assignment) if assignment.none == NoneMeans::Forbidden)
}

fn objective_guided(context: &Context<'_>, found: &mut Found) {
    for (at, objective) in context.target.objectives.iter().enumerate() {
        if objective.guidance.is_empty() {
            let message = format!("`{}` names no place in the guidance", objective.id);
            found.at(format!("/objectives/{at}/guidance"), "", message);
        }
        for (number, place) in objective.guidance.iter().enumerate() {
            let elsewhere = context.target.documents.iter().any(|document| document.id == place.document);
            if elsewhere && !context.target.guidance.iter().any(|document| document.id == place.document) {
                let pointer = format!("/objectives/{at}/guidance/{number}/document");
                found.at(pointer, &place.document, "this document is listed, but not as guidance");
            }
        }
    }
}
