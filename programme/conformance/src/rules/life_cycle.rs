//! Rules for section 3.3: phases, states, transitions, roots of trust, keys.

use crate::context::{Context, open};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use std::collections::HashSet;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "phases-told",
        clause: "GPT_SPE_151 3.3; T11",
        title: "Each phase is named and described, with the states that a platform can be in",
        explanation: "The life cycle goes from design to end of life. Before the first device exists there is no state; from \
                      then on every phase has one.",
        remedy: "Fill in `name`, `description` and `states` of the phase.",
        severity: Severity::Error,
        check: phases_told,
    },
    Rule {
        id: "transition-known",
        clause: "GPT_SPE_151 3.3; T11",
        title: "Transitions lead from known states to known states",
        explanation: "A state that only a transition names is in no phase: nobody said what holds in it.",
        remedy: "Correct the name, or add the state to its phase.",
        severity: Severity::Error,
        check: transition_known,
    },
    Rule {
        id: "transition-secured",
        clause: "GPT_SPE_151 3.3; T11",
        title: "Each transition says how it is secured",
        explanation: "An attacker who can move a device to another state need not break anything in this one.",
        remedy: "Fill in `secured-by`.",
        severity: Severity::Error,
        check: transition_secured,
    },
    Rule {
        id: "state-reachable",
        clause: "GPT_SPE_151 3.3; T11",
        title: "Each state can be reached from the first",
        explanation: "A state without a way into it lacks a transition, and with it the answer to how that is secured.",
        remedy: "Add the transition into the state, or take the state out.",
        severity: Severity::Error,
        check: state_reachable,
    },
    Rule {
        id: "root-of-trust-placed",
        clause: "GPT_SPE_151 3.3; T11",
        title: "Each root of trust is put in in a known phase, in a state of that phase",
        explanation: "All roots of trust are named; until one is in, nothing that rests on it holds.",
        remedy: "Set `phase` to a phase and `state` to one of its states; name at least one root of trust.",
        severity: Severity::Error,
        check: root_of_trust_placed,
    },
    Rule {
        id: "root-of-trust-secured",
        clause: "GPT_SPE_151 3.3; T11",
        title: "Each root of trust has a name, a purpose, and a secured way in",
        explanation: "Whoever can choose the root of trust owns all that rests on it.",
        remedy: "Fill in `name`, `purpose` and `secured-by`.",
        severity: Severity::Error,
        check: root_of_trust_secured,
    },
    Rule {
        id: "key-provisioning-told",
        clause: "GPT_SPE_151 3.3; T11",
        title: "How keys are provisioned is told, here or in the guidance",
        explanation: "Keys that somebody else knows void what they protect.",
        remedy: "Fill in `description`, or `described-in` with the place in the guidance.",
        severity: Severity::Error,
        check: key_provisioning_told,
    },
];

fn phases_told(context: &Context<'_>, found: &mut Found) {
    let phases = &context.target.life_cycle.phases;
    if phases.iter().all(|phase| phase.states.is_empty()) {
        found.at("/life-cycle/phases", "", "no phase has a state");
    }
    let mut exists = false;
    for (at, phase) in phases.iter().enumerate() {
        let place = format!("/life-cycle/phases/{at}");
        found.unless_said(format!("{place}/name"), &phase.name, "name of the phase");
        found.unless_said(format!("{place}/description"), &phase.description, "what happens in the phase");
        if exists && phase.states.is_empty() {
            found.at(format!("{place}/states"), "", format!("the phase `{}` has no state", phase.name));
        }
        exists |= !phase.states.is_empty();
    }
}

/// The names of all states.
fn states<'c>(context: &Context<'c>) -> HashSet<&'c str> {
    context.target.life_cycle.phases.iter().flat_map(|phase| &phase.states).map(String::as_str).collect()
}

fn transition_known(context: &Context<'_>, found: &mut Found) {
    let states = states(context);
    for (at, transition) in context.target.life_cycle.transitions.iter().enumerate() {
        for (member, state) in [("from", &transition.from), ("to", &transition.to)] {
            if !open(state) && !states.contains(&**state) {
                let place = format!("/life-cycle/transitions/{at}/{member}");
                found.at(place, state, "no phase has a state of this name");
            }
        }
    }
}

fn transition_secured(context: &Context<'_>, found: &mut Found) {
    for (at, transition) in context.target.life_cycle.transitions.iter().enumerate() {
        let what = format!("how the transition from {} to {} is secured", transition.from, transition.to);
        found.unless_said(format!("/life-cycle/transitions/{at}/secured-by"), &transition.secured_by, &what);
    }
}

fn state_reachable(context: &Context<'_>, found: &mut Found) {
    let life_cycle = &context.target.life_cycle;
    let states = states(context);
    let unclear = |state: &String| open(state) || !states.contains(&**state);
    let ends = life_cycle.transitions.iter().flat_map(|transition| [&transition.from, &transition.to]);
    if states.iter().any(|state| open(state)) || ends.clone().any(unclear) {
        // Told by other rules; what can be reached is only clear when they have nothing to tell.
        return;
    }
    let Some(first) = life_cycle.phases.iter().flat_map(|phase| &phase.states).next() else { return };
    let mut reached = HashSet::from([&**first]);
    let mut frontier = vec![&**first];
    while let Some(state) = frontier.pop() {
        for transition in life_cycle.transitions.iter().filter(|transition| transition.from == state) {
            if reached.insert(&transition.to) {
                frontier.push(&transition.to);
            }
        }
    }
    let mut told = HashSet::new();
    for (at, phase) in life_cycle.phases.iter().enumerate() {
        for (number, state) in phase.states.iter().enumerate() {
            if !reached.contains(&**state) && told.insert(state) {
                let place = format!("/life-cycle/phases/{at}/states/{number}");
                found.at(place, state, format!("no transition leads from `{first}` to this state"));
            }
        }
    }
}

fn root_of_trust_placed(context: &Context<'_>, found: &mut Found) {
    let life_cycle = &context.target.life_cycle;
    if life_cycle.roots_of_trust.is_empty() {
        found.at("/life-cycle/roots-of-trust", "", "no root of trust is named");
    }
    for (at, root) in life_cycle.roots_of_trust.iter().enumerate() {
        let place = |member: &str| format!("/life-cycle/roots-of-trust/{at}/{member}");
        if open(&root.phase) || open(&root.state) {
            continue;
        }
        match life_cycle.phases.iter().find(|phase| phase.name == root.phase) {
            None => found.at(place("phase"), &root.phase, "there is no phase of this name"),
            Some(phase) if phase.states.iter().any(|state| open(state)) => {}
            Some(phase) if !phase.states.contains(&root.state) => {
                found.at(
                    place("state"),
                    &root.state,
                    format!("the phase `{}` has no such state", phase.name),
                );
            }
            Some(_) => {}
        }
    }
}

fn root_of_trust_secured(context: &Context<'_>, found: &mut Found) {
    for (at, root) in context.target.life_cycle.roots_of_trust.iter().enumerate() {
        let place = |member: &str| format!("/life-cycle/roots-of-trust/{at}/{member}");
        found.unless_said(place("name"), &root.name, "name of the root of trust");
        found.unless_said(place("purpose"), &root.purpose, "what the root of trust is for");
        found.unless_said(place("secured-by"), &root.secured_by, "how its integration is secured");
    }
}

fn key_provisioning_told(context: &Context<'_>, found: &mut Found) {
    let keys = &context.target.life_cycle.key_provisioning;
    if keys.described_in.is_none() {
        let place = "/life-cycle/key-provisioning/description";
        found.unless_said(place, &keys.description, "how keys are provisioned, here or in the guidance");
    }
}
