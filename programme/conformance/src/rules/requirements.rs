//! Rules for sections 5.2 to 5.4 and 6.2: which requirements are claimed, and how each claim is argued.

use crate::context::{Context, cancelled, open, plain};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::catalogue;
use dtsec_model::operations::Value;
use dtsec_model::profile::{Obligation, Strike};
use dtsec_model::security_target::{Claim, Origin};
use std::collections::{HashMap, HashSet};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "mandatory-there",
        clause: "GPT_SPE_151 5.2, 6.1; GP_FST_070 mandatory requirements; CEM ASE_REQ.3; T15, T21",
        title: "Every mandatory requirement is there",
        explanation: "The profile's mandatory requirements are not removed; identity and update are in every Security Target. \
                      One that does not apply stays visible: struck through, or cancelled by \"none\".",
        remedy: "Add the requirement to `requirements`.",
        severity: Severity::Error,
        check: mandatory_there,
    },
    Rule {
        id: "addition-marked",
        clause: "GPT_SPE_151 6.1, footnote; T21",
        title: "A requirement is marked as an addition exactly where the profile does not have it",
        explanation: "The evaluator checks that nothing of the profile is gone and that what is new says so.",
        remedy: "Set `origin` to `addition` for a requirement beyond the profile, and leave it out for one of the profile's.",
        severity: Severity::Error,
        check: addition_marked,
    },
    Rule {
        id: "outside-catalogue-disclaimed",
        clause: "GP_FST_070 Annex D 7; CEM ASE_REQ.3; requirements 2.2",
        title: "A requirement that SESIP does not have is worded, titled and disclaimed",
        explanation: "It goes into a section of its own, with the notice that others may not recognise it; one that the \
                      catalogue has is taken from there.",
        remedy: "Fill in `outside-catalogue` with title, statement and disclaimer; or take it out for a requirement of the \
                 catalogue.",
        severity: Severity::Error,
        check: outside_catalogue_disclaimed,
    },
    Rule {
        id: "strike-allowed",
        clause: "GPT_SPE_151 5.2.2, 5.2.4; T16",
        title: "Only what the profile lets go is struck through",
        explanation: "The profile lets two requirements be struck through; an optional one that does not apply is left out.",
        remedy: "Claim the requirement, or leave it out where it is optional.",
        severity: Severity::Error,
        check: strike_allowed,
    },
    Rule {
        id: "strike-argued",
        clause: "GPT_SPE_151 5.2.2, 5.2.4; T16",
        title: "Each strike-through has its argument",
        explanation: "The requirement stays visible so that a reader sees what does not apply, and why.",
        remedy: "Fill in `struck.argument`.",
        severity: Severity::Error,
        check: strike_argued,
    },
    Rule {
        id: "no-update-argued",
        clause: "GPT_SPE_151 5.2.2, application note; CEM ASE_REQ.3; T16",
        title: "Without secure update, the flaw remediation argues why none is needed",
        explanation: "The profile asks for a strong argument under ALC_FLR.2: flaws will be found, and then something must be \
                      done about them.",
        remedy: "Fill in `no-update-argument` of the flaw remediation.",
        severity: Severity::Error,
        check: no_update_argued,
    },
    Rule {
        id: "no-debug-objective",
        clause: "GPT_SPE_151 5.2.4, application note; T16",
        title: "Without secure debugging, an objective tells the integrator how to disable it",
        explanation: "There is no debugging after delivery only where somebody closes it; the objective names the place in the \
                      guidance.",
        remedy: "Name in `struck.objective` an objective that is listed.",
        severity: Severity::Error,
        check: no_debug_objective,
    },
    Rule {
        id: "iteration-named",
        clause: "CC Part 1, iteration; requirements 2.5",
        title: "Iterations of a requirement have distinct names",
        explanation: "Each iteration is referred to: by traces, tests and evidence.",
        remedy: "Give every claim on this requirement an `iteration` of its own.",
        severity: Severity::Error,
        check: iteration_named,
    },
    Rule {
        id: "mapping-covered",
        clause: "GPT_SPE_151 6.2, Table 6-2; T22",
        title: "The iterations that the mapping asks for are covered",
        explanation: "The protection profile's requirement is met by several iterations: communication, integrity, keys. Each \
                      is covered by a claim, which may be of a requirement of its own (key generation).",
        remedy: "Name the iteration in `covers` of the claim that covers it, as the profile's mapping calls it.",
        severity: Severity::Error,
        check: mapping_covered,
    },
    Rule {
        id: "implied-there",
        clause: "GP_FST_070 requirements, dependencies; GPT_SPE_151 5.4; requirements 2.2; T20",
        title: "What a requirement takes for granted is claimed as well",
        explanation: "An attestation is over identities; enforcing a channel needs a channel.",
        remedy: "Claim the implied requirement, or drop the one that implies it.",
        severity: Severity::Error,
        check: implied_there,
    },
    Rule {
        id: "isolation-of-separate-parts",
        clause: "GPT_SPE_151 5.4.1, informational note; T20",
        title: "Isolation of platform parts is claimed only for parts that are physically separate",
        explanation: "The profile means parts that a network protocol links, not domains in one chip.",
        remedy: "Say in `linked-by` of the separate part which protocol links it, or claim another isolation.",
        severity: Severity::Error,
        check: isolation_of_separate_parts,
    },
    Rule {
        id: "limited-resistance-named",
        clause: "GPT_SPE_151 5.3.2; GP_FST_070 Limited Physical Attacker Resistance",
        title: "Limited physical resistance names requirements that are claimed",
        explanation: "What is limited is what is protected; a requirement that is not claimed cannot be.",
        remedy: "Name ids of requirements that hold.",
        severity: Severity::Error,
        check: limited_resistance_named,
    },
    Rule {
        id: "refinement-argued",
        clause: "CC Part 1, refinement; GPT_SPE_151 6.1, footnote; T15, T21",
        title: "Each refinement says what it adds and why that is stricter",
        explanation: "A refinement narrows; whatever else it does changes the profile's requirement.",
        remedy: "Fill in `text` and `why-stricter`, or take the refinement out.",
        severity: Severity::Error,
        check: refinement_argued,
    },
    Rule {
        id: "rationale-two-parts",
        clause: "GP_FST_070 Annex D 6; CEM ASE_TSS.1; requirements 2.5",
        title: "Each requirement says how it is met, and how that was assessed",
        explanation: "The conformance rationale has these two halves: implementation, and assessment by tests, another standard \
                      or another party. One that is cancelled says why; one that is struck through has its argument.",
        remedy: "Fill in `rationale.implementation` and `rationale.assessment`.",
        severity: Severity::Error,
        check: rationale_two_parts,
    },
    Rule {
        id: "extension-met",
        clause: "GPT_SPE_151 5.2.3, extension; T19",
        title: "Where the profile extends a requirement, it is said how the extension is met",
        explanation: "The profile has the application checked as well as the platform: SESIP's requirement alone does not.",
        remedy: "Fill in `rationale.extension`.",
        severity: Severity::Error,
        check: extension_met,
    },
    Rule {
        id: "met-today",
        clause: "DTSec v0.8, certification; requirements 1.6 C2",
        title: "Nothing of a requirement waits to be met",
        explanation: "A Security Target may be ahead of the platform while it is written; a requirement that is not met cannot \
                      be certified.",
        remedy: "Meet the requirement, then take `not-yet-met` out.",
        severity: Severity::Warning,
        check: met_today,
    },
];

fn mandatory_there(context: &Context<'_>, found: &mut Found) {
    let profile = context.profile.requirements.iter();
    let of_profile = profile.filter(|one| one.obligation == Obligation::Mandatory).map(|one| &*one.id);
    let of_sesip = catalogue::all().iter().filter(|sfr| sfr.mandatory).map(|sfr| &*sfr.id);
    let mut told = HashSet::new();
    for id in of_profile.chain(of_sesip).filter(|id| told.insert(*id)) {
        if !context.names(id) {
            found.at("/requirements", "", format!("the mandatory requirement `{id}` is missing"));
        }
    }
}

fn addition_marked(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.claims().filter(|(_, claim, _)| !open(&claim.id)) {
        let message = match (claim.origin, known) {
            (Origin::Profile, None) => {
                "the profile does not have this requirement, and it is not marked as an addition"
            }
            (Origin::Addition, Some(_)) => {
                "this is the profile's requirement, and it is marked as an addition"
            }
            _ => continue,
        };
        found.at(format!("{place}/origin"), &claim.id, message);
    }
}

fn outside_catalogue_disclaimed(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.claims().filter(|(_, claim, _)| !open(&claim.id)) {
        let in_catalogue = known.is_some() || catalogue::sfr(&claim.id).is_some();
        let place = format!("{place}/outside-catalogue");
        match (&claim.outside_catalogue, in_catalogue) {
            (None, false) => {
                found.at(
                    place,
                    &claim.id,
                    "SESIP's catalogue does not have this requirement, and nothing says so",
                );
            }
            (Some(outside), true) => {
                found.at(place, &outside.title, format!("SESIP's catalogue has `{}`", claim.id));
            }
            (Some(outside), false) => {
                found.unless_said(format!("{place}/title"), &outside.title, "title of the requirement");
                found.unless_said(
                    format!("{place}/statement"),
                    &outside.statement,
                    "what the requirement asks for",
                );
                let what = "that others may not recognise the requirement";
                found.unless_said(format!("{place}/disclaimer"), &outside.disclaimer, what);
            }
            (None, true) => {}
        }
    }
}

fn strike_allowed(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.claims().filter(|(_, claim, _)| claim.struck.is_some()) {
        if known.is_none_or(|known| known.strike == Strike::Forbidden) {
            found.at(
                format!("{place}/struck"),
                &claim.id,
                "the profile does not let this requirement be struck through",
            );
        }
    }
}

fn strike_argued(context: &Context<'_>, found: &mut Found) {
    for (place, claim, _) in context.claims() {
        if let Some(struck) = &claim.struck {
            let what = format!("why `{}` is struck through", claim.id);
            found.unless_said(format!("{place}/struck/argument"), &struck.argument, &what);
        }
    }
}

/// The claims that are struck through under this condition.
fn struck<'c>(context: &Context<'c>, how: Strike) -> impl Iterator<Item = (String, &'c Claim)> {
    let each = context.claims().filter(move |(_, claim, known)| {
        claim.struck.is_some() && known.is_some_and(|known| known.strike == how)
    });
    each.map(|(place, claim, _)| (place, claim))
}

fn no_update_argued(context: &Context<'_>, found: &mut Found) {
    let argument = &context.target.assurance.flaw_remediation.no_update_argument;
    for (_, claim) in struck(context, Strike::WithFlawRemediationArgument) {
        let what = format!("`{}` is struck through, and why no updates are needed", claim.id);
        let place = "/assurance/flaw-remediation/no-update-argument";
        found.unless_said(place, argument.as_deref().unwrap_or_default(), &what);
    }
}

fn no_debug_objective(context: &Context<'_>, found: &mut Found) {
    for (place, claim) in struck(context, Strike::WithoutDebuggingAfterDelivery) {
        let place = format!("{place}/struck/objective");
        match claim.struck.as_ref().and_then(|struck| struck.objective.as_ref()) {
            Some(id) if open(id) || context.has_objective(id) => {}
            Some(id) => found.at(place, id, "there is no such objective"),
            None => found.at(
                place,
                "",
                format!("`{}` is struck through, and no objective goes with it", claim.id),
            ),
        }
    }
}

fn iteration_named(context: &Context<'_>, found: &mut Found) {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for claim in &context.target.requirements {
        *count.entry(&claim.id).or_default() += 1;
    }
    let mut seen = HashSet::new();
    for (place, claim, _) in
        context.claims().filter(|(_, claim, _)| count[&*claim.id] > 1 && !open(&claim.id))
    {
        let name = claim.iteration.as_deref().unwrap_or_default();
        let place = format!("{place}/iteration");
        if name.trim().is_empty() {
            found.at(place, "", format!("`{}` is there several times, and this one has no name", claim.id));
        } else if !open(name) && !seen.insert((&claim.id, plain(name))) {
            found.at(place, name, format!("another iteration of `{}` has this name", claim.id));
        }
    }
}

fn mapping_covered(context: &Context<'_>, found: &mut Found) {
    let mapping = &context.profile.mapping;
    let covered: HashSet<&str> = context
        .target
        .requirements
        .iter()
        .filter(|claim| claim.struck.is_none())
        .flat_map(|claim| &claim.covers)
        .map(String::as_str)
        .collect();
    for row in mapping.iter().filter(|row| row.covered_by.iter().any(|id| context.holds(id))) {
        for iteration in row.iterations.iter().filter(|iteration| !covered.contains(&***iteration)) {
            let message = format!("no claim covers the iteration \"{iteration}\" of {}", row.requirement);
            found.at("/requirements", "", message);
        }
    }
    let known = |name: &String| mapping.iter().any(|row| row.iterations.contains(name));
    for (place, claim, _) in context.claims() {
        for (at, name) in claim.covers.iter().enumerate().filter(|(_, name)| !open(name) && !known(name)) {
            found.at(format!("{place}/covers/{at}"), name, "the mapping asks for no iteration of this name");
        }
    }
}

fn implied_there(context: &Context<'_>, found: &mut Found) {
    let mut told = HashSet::new();
    for (place, claim, _) in context.active_claims() {
        let Some(sfr) = catalogue::sfr(&claim.id) else { continue };
        // One that must be there anyway and is not named at all is told as missing.
        let missing = |id: &&String| {
            let told_elsewhere = !context.names(id)
                && context.profile.requirement(id).is_some_and(|one| one.obligation == Obligation::Mandatory);
            !context.holds(id) && !told_elsewhere
        };
        for id in sfr.implies.iter().filter(missing) {
            if told.insert((&claim.id, id)) {
                let message = format!("`{}` takes `{id}` for granted, which does not hold here", claim.id);
                found.at(format!("{place}/id"), &claim.id, message);
            }
        }
    }
}

fn isolation_of_separate_parts(context: &Context<'_>, found: &mut Found) {
    let linked = |link: &Option<String>| link.as_ref().is_some_and(|link| !link.trim().is_empty());
    if context.target.platform.parts.iter().any(|part| linked(&part.linked_by)) {
        return;
    }
    for (place, claim, _) in
        context.active_claims().filter(|(_, claim, _)| claim.id == "isolation-of-platform-parts")
    {
        let message = "no part is physically separate and linked by a network protocol";
        found.at(format!("{place}/id"), &claim.id, message);
    }
}

fn limited_resistance_named(context: &Context<'_>, found: &mut Found) {
    for (place, claim, _) in context.active_claims() {
        if claim.id != "limited-physical-attacker-resistance" {
            continue;
        }
        let named = claim.values.get("requirements").map(Value::texts).unwrap_or_default();
        for name in named.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !open(name)) {
            let id = catalogue::titled(name).map_or(name, |sfr| &sfr.id);
            if !name.is_empty() && !context.holds(id) && !name.eq_ignore_ascii_case("none") {
                found.at(format!("{place}/values/requirements"), name, "this requirement is not claimed");
            }
        }
    }
}

fn refinement_argued(context: &Context<'_>, found: &mut Found) {
    for (place, claim, _) in context.claims() {
        for (at, refinement) in claim.refinements.iter().enumerate() {
            let place = format!("{place}/refinements/{at}");
            found.unless_said(format!("{place}/text"), &refinement.text, "what the refinement adds");
            let what = "why the refinement is stricter";
            found.unless_said(format!("{place}/why-stricter"), &refinement.why_stricter, what);
        }
    }
}

fn rationale_two_parts(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.claims().filter(|(_, claim, _)| claim.struck.is_none()) {
        let name = claim.name();
        let cancelled = cancelled(claim, known);
        let what = if cancelled { "is cancelled" } else { "is met" };
        let how = format!("{} `{name}` {what}", if cancelled { "why" } else { "how" });
        found.unless_said(format!("{place}/rationale/implementation"), &claim.rationale.implementation, &how);
        if !cancelled {
            let how = format!("how it was assessed that `{name}` is met");
            found.unless_said(format!("{place}/rationale/assessment"), &claim.rationale.assessment, &how);
        }
    }
}

fn extension_met(context: &Context<'_>, found: &mut Found) {
    for (place, claim, known) in context.active_claims() {
        if known.is_some_and(|known| known.extension.is_some()) {
            let said = claim.rationale.extension.as_deref().unwrap_or_default();
            let what = format!("how the profile's extension of `{}` is met", claim.name());
            found.unless_said(format!("{place}/rationale/extension"), said, &what);
        }
    }
}

fn met_today(context: &Context<'_>, found: &mut Found) {
    for (place, claim, _) in context.claims() {
        if let Some(missing) = claim.not_yet_met.as_ref().filter(|text| !text.trim().is_empty()) {
            found.at(format!("{place}/not-yet-met"), missing, format!("`{}` is not met yet", claim.name()));
        }
    }
}
