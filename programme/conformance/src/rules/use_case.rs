//! Rules for section 3.2: who and what can reach the platform, and what follows.

use crate::context::Context;
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::profile::ObjectiveApplies;
use dtsec_model::threat::Threat;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "exposure-said",
        clause: "GPT_SPE_151 3.2; T10",
        title: "It is said whether untrusted users and untrusted software are possible, and why",
        explanation: "Both answers decide which protection is needed.",
        remedy: "Set `possible` to true or false and say in `explanation` why, and what protects against it.",
        severity: Severity::Error,
        check: exposure_said,
    },
    Rule {
        id: "untrusted-users-handled",
        clause: "GPT_SPE_151 3.2, 4; requirements 1.3 no. 4; T10, T13",
        title: "With untrusted users and no physical requirement, T.PHYSICAL is traced to the user's precaution",
        explanation: "Nothing in the platform then stops somebody who holds it; the profile leaves it to the user, and the \
                      trace must say so.",
        remedy: "Name the objective of the user's precaution in the trace of T.PHYSICAL, or claim a physical requirement.",
        severity: Severity::Error,
        check: untrusted_users_handled,
    },
    Rule {
        id: "untrusted-software-isolated",
        clause: "GPT_SPE_151 3.2; T10",
        title: "With untrusted software, an isolation is claimed",
        explanation: "Software that nobody vouches for may be hostile, and then only isolation keeps the other requirements.",
        remedy: "Claim isolation of the platform or of its parts, or see that no untrusted software runs.",
        severity: Severity::Error,
        check: untrusted_software_isolated,
    },
];

/// The requirements that hold against software on the platform.
const ISOLATION: [&str; 2] = ["isolation-of-platform", "isolation-of-platform-parts"];

fn exposure_said(context: &Context<'_>, found: &mut Found) {
    let case = &context.target.use_case;
    for (name, exposure, what) in [
        ("untrusted-users", &case.untrusted_users, "untrusted users"),
        ("untrusted-software", &case.untrusted_software, "untrusted software"),
    ] {
        if exposure.possible.is_none() {
            let message = format!("whether {what} can reach the platform: nothing is said");
            found.at(format!("/use-case/{name}/possible"), "", message);
        }
        let place = format!("/use-case/{name}/explanation");
        found.unless_said(place, &exposure.explanation, &format!("why, for {what}"));
    }
}

fn untrusted_users_handled(context: &Context<'_>, found: &mut Found) {
    let target = context.target;
    if target.use_case.untrusted_users.possible != Some(true) || context.resists_physically() {
        return;
    }
    let precaution = |applies| applies == ObjectiveApplies::WithoutPhysicalResistance;
    let wanted = context.profile.objectives.iter().filter(|objective| precaution(objective.applies));
    // One that is not there at all is told among the objectives.
    for objective in wanted.filter(|objective| context.has_objective(&objective.id)) {
        let trace = target.threats.iter().enumerate().find(|(_, trace)| trace.threat == Threat::Physical);
        if let Some((at, trace)) = trace
            && !trace.objectives.contains(&objective.id)
        {
            let message =
                format!("untrusted users are possible, and the trace does not name `{}`", objective.id);
            found.at(format!("/threats/{at}/objectives"), trace.objectives.join(", "), message);
        }
    }
}

fn untrusted_software_isolated(context: &Context<'_>, found: &mut Found) {
    let possible = context.target.use_case.untrusted_software.possible == Some(true);
    if possible && !ISOLATION.iter().any(|id| context.holds(id)) {
        let message =
            format!("untrusted software is possible, and neither {} is claimed", ISOLATION.join(" nor "));
        found.at("/use-case/untrusted-software/possible", true, message);
    }
}
