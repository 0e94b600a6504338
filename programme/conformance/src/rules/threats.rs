//! Rules for section 3.4: the threats, and what counters each.

use crate::context::{Context, open};
use crate::finding::Found;
use crate::rule::{Rule, Severity};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "threat-traced",
        clause: "GPT_SPE_151 3.4; DTSec PP; T12",
        title: "Each threat of the profile is traced to a requirement",
        explanation: "The profile takes its threats from the protection profile: all of them apply, and the platform does its \
                      part against each.",
        remedy: "Add the threat to `threats`, with the requirements that counter it.",
        severity: Severity::Error,
        check: threat_traced,
    },
    Rule {
        id: "trace-holds",
        clause: "GPT_SPE_151 3.4; T12",
        title: "A trace names only requirements that hold and objectives that are there",
        explanation: "A requirement that is not claimed, struck through or cancelled counters nothing.",
        remedy: "Claim the requirement or list the objective, or take it out of the trace.",
        severity: Severity::Error,
        check: trace_holds,
    },
    Rule {
        id: "trace-argued",
        clause: "GPT_SPE_151 3.4; T12",
        title: "Each trace says why that is enough",
        explanation: "A list of names is no argument.",
        remedy: "Fill in `rationale`.",
        severity: Severity::Error,
        check: trace_argued,
    },
];

fn threat_traced(context: &Context<'_>, found: &mut Found) {
    let traces = &context.target.threats;
    for threat in &context.profile.threats {
        let name = threat.id.name();
        match traces.iter().position(|trace| trace.threat == threat.id) {
            None => found.at("/threats", "", format!("{name} is missing")),
            Some(at) if traces[at].requirements.is_empty() => {
                let message = format!("{name} is traced to no requirement");
                found.at(format!("/threats/{at}/requirements"), "", message);
            }
            Some(_) => {}
        }
    }
}

fn trace_holds(context: &Context<'_>, found: &mut Found) {
    for (at, trace) in context.target.threats.iter().enumerate() {
        for (number, id) in trace.requirements.iter().enumerate() {
            if !open(id) && !context.holds(id) {
                let why = if context.names(id) { "is struck through or cancelled" } else { "is not claimed" };
                found.at(
                    format!("/threats/{at}/requirements/{number}"),
                    id,
                    format!("the requirement {why}"),
                );
            }
        }
        for (number, id) in trace.objectives.iter().enumerate() {
            if !open(id) && !context.has_objective(id) {
                found.at(format!("/threats/{at}/objectives/{number}"), id, "there is no such objective");
            }
        }
    }
}

fn trace_argued(context: &Context<'_>, found: &mut Found) {
    for (at, trace) in context.target.threats.iter().enumerate() {
        let what = format!("why {} is countered", trace.threat.name());
        found.unless_said(format!("/threats/{at}/rationale"), &trace.rationale, &what);
    }
}
