//! Rules for sections 5.1 and 6.1: level, components, flaw remediation, sufficiency.

use crate::context::{Context, open};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::assurance::{Components, Level};
use dtsec_model::profile::Obligation;
use std::collections::BTreeSet;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "components-are-one-level",
        clause: "GP_FST_070 levels; CEM ASE_REQ.3; requirements 2.3; T14",
        title: "The components are those of the level, no more and no fewer",
        explanation: "Nobody may augment a SESIP level or leave something of it out; only a scheme adds, and then for all.",
        remedy: "List exactly the level's components.",
        severity: Severity::Error,
        check: components_are_one_level,
    },
    Rule {
        id: "levels-clear",
        clause: "GP_FST_070 levels; CEM ASE_REQ.3; requirements 2.3",
        title: "It is clear which level each requirement has",
        explanation: "Several levels may be claimed in one Security Target, where each requirement is under exactly one.",
        remedy: "Claim one level for the whole, or name under each level the requirements that it is claimed for, each once.",
        severity: Severity::Error,
        check: levels_clear,
    },
    Rule {
        id: "profile-level-reached",
        clause: "GPT_SPE_151 5.1; T14",
        title: "The mandatory requirements have the profile's level at least",
        explanation: "A certificate below the profile's level is no certificate for the profile.",
        remedy: "Claim the profile's level.",
        severity: Severity::Error,
        check: profile_level_reached,
    },
    Rule {
        id: "flaw-procedure-told",
        clause: "GP_FST_070 Annex D 5; CEM ALC_FLR.2",
        title: "The flaw remediation stands in the Security Target",
        explanation: "What is done with a reported flaw, and how anybody reports one, is told in the Security Target itself, \
                      even where the platform cannot be updated.",
        remedy: "Fill in `procedure` and `reporting`.",
        severity: Severity::Error,
        check: flaw_procedure_told,
    },
    Rule {
        id: "newer-defined",
        clause: "GP_FST_070 Secure Update of Platform; requirements 2.2",
        title: "With secure update, it is defined what \"newer\" means",
        explanation: "An older version is refused; which one is older is laid down under ALC_FLR.2.",
        remedy: "Fill in `newer` of the flaw remediation: which number is compared, and where it is kept.",
        severity: Severity::Error,
        check: newer_defined,
    },
    Rule {
        id: "sufficiency-complete",
        clause: "GP_FST_070 Annex D 8; GPT_SPE_151 6.1, Table 6-1",
        title: "Each component has a row that says what covers it and why that is enough",
        explanation: "Where the profile's table leaves open what covers a component, as for the evaluator's own work, the \
                      Security Target may as well.",
        remedy: "Add the row to `assurance.sufficiency`, with `covered-by` and `rationale`.",
        severity: Severity::Error,
        check: sufficiency_complete,
    },
];

fn components_are_one_level(context: &Context<'_>, found: &mut Found) {
    for (at, claim) in context.target.assurance.levels.iter().enumerate() {
        let open = claim.components.iter().any(|component| open(component));
        if open || claim.level.is_made_of(&claim.components) {
            continue;
        }
        let there: BTreeSet<&str> = claim.components.iter().map(String::as_str).collect();
        let wanted: BTreeSet<&str> = match claim.level.components() {
            Components::Exactly(these) => these.iter().copied().collect(),
            Components::OfCertificate(van) => BTreeSet::from([van]),
        };
        let mut wrong: Vec<String> = wanted.difference(&there).map(|id| format!("{id} is missing")).collect();
        if matches!(claim.level.components(), Components::Exactly(_)) {
            wrong.extend(there.difference(&wanted).map(|id| format!("{id} is too much")));
            if there.len() < claim.components.len() {
                wrong.push("one is named twice".into());
            }
        }
        let place = format!("/assurance/levels/{at}/components");
        let message = format!("these are not the components of {}: {}", claim.level.name(), wrong.join(", "));
        found.at(place, claim.components.join(", "), message);
    }
}

fn levels_clear(context: &Context<'_>, found: &mut Found) {
    let levels = &context.target.assurance.levels;
    if levels.is_empty() {
        found.at("/assurance/levels", "", "no level is claimed");
    }
    for (at, claim) in levels.iter().enumerate() {
        for (number, id) in claim.requirements.iter().enumerate().filter(|(_, id)| !open(id)) {
            let place = format!("/assurance/levels/{at}/requirements/{number}");
            if !context.holds(id) {
                found.at(place, id, "a level is claimed for a requirement that is not");
            } else if levels[..at].iter().any(|other| other.requirements.contains(id)) {
                found.at(place, id, "another level is claimed for this requirement as well");
            }
        }
        if levels.len() > 1 && claim.requirements.is_empty() {
            let message =
                format!("{} stands beside other levels, and names no requirement", claim.level.name());
            found.at(format!("/assurance/levels/{at}"), "", message);
        }
    }
    let partial = levels.iter().all(|claim| !claim.requirements.is_empty()) && !levels.is_empty();
    if partial && levels.iter().flat_map(|claim| &claim.requirements).all(|id| !open(id)) {
        for id in context.holding() {
            if !levels.iter().any(|claim| claim.requirements.iter().any(|other| other == id)) {
                found.at("/assurance/levels", "", format!("no level is claimed for `{id}`"));
            }
        }
    }
}

/// The level that is claimed for a requirement.
fn level_of(context: &Context<'_>, id: &str) -> Option<(usize, Level)> {
    let levels = context.target.assurance.levels.iter().enumerate();
    let mut of = levels.filter(|(_, claim)| {
        claim.requirements.is_empty() || claim.requirements.iter().any(|other| other == id)
    });
    of.next().map(|(at, claim)| (at, claim.level))
}

fn profile_level_reached(context: &Context<'_>, found: &mut Found) {
    let wanted = context.profile.level;
    let mandatory =
        |id: &str| context.profile.requirement(id).is_some_and(|one| one.obligation == Obligation::Mandatory);
    let mut told = BTreeSet::new();
    for id in context.holding().into_iter().filter(|id| mandatory(id)) {
        let Some((at, level)) = level_of(context, id) else { continue };
        if level < wanted && told.insert(at) {
            let message = format!("the profile asks for {}, for `{id}` as well", wanted.name());
            found.at(format!("/assurance/levels/{at}/level"), level.name(), message);
        }
    }
}

fn flaw_procedure_told(context: &Context<'_>, found: &mut Found) {
    let flaws = &context.target.assurance.flaw_remediation;
    let place = |member: &str| format!("/assurance/flaw-remediation/{member}");
    found.unless_said(place("procedure"), &flaws.procedure, "what is done with a reported flaw");
    found.unless_said(place("reporting"), &flaws.reporting, "how anybody reports a flaw");
}

fn newer_defined(context: &Context<'_>, found: &mut Found) {
    if context.holds("secure-update-of-platform") || context.holds("secure-update-of-application") {
        let newer = &context.target.assurance.flaw_remediation.newer;
        found.unless_said("/assurance/flaw-remediation/newer", newer, "what \"newer\" means for an update");
    }
}

fn sufficiency_complete(context: &Context<'_>, found: &mut Found) {
    let assurance = &context.target.assurance;
    let claimed: BTreeSet<&str> =
        assurance.levels.iter().flat_map(|claim| &claim.components).map(String::as_str).collect();
    // Those of the level: one too many or too few is told once, among the components.
    let made_of = |id: &str| {
        assurance.levels.iter().any(|claim| match claim.level.components() {
            Components::Exactly(these) => these.contains(&id),
            Components::OfCertificate(_) => claim.components.iter().any(|component| component == id),
        })
    };
    let rows = &assurance.sufficiency;
    for component in claimed.iter().copied().filter(|id| made_of(id)) {
        let Some(at) = rows.iter().position(|row| row.component == component) else {
            found.at("/assurance/sufficiency", "", format!("there is no row for {component}"));
            continue;
        };
        let place = format!("/assurance/sufficiency/{at}");
        found.unless_said(
            format!("{place}/rationale"),
            &rows[at].rationale,
            &format!("why {component} is covered"),
        );
        let known = context.profile.assurance.iter().find(|row| row.component == component);
        let named = known.is_some_and(|row| !row.covered_by.trim().is_empty());
        if named && rows[at].covered_by.is_empty() && !component.starts_with("ASE_") {
            found.at(format!("{place}/covered-by"), "", format!("no document covers {component}"));
        }
    }
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| !open(&row.component)) {
        if !made_of(&row.component) && !claimed.contains(&*row.component) {
            let place = format!("/assurance/sufficiency/{at}/component");
            found.at(place, &row.component, "no level that is claimed has this component");
        }
    }
}
