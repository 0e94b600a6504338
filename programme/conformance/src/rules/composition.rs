//! Rules for compositions: certified parts, their objectives, and levels.

use crate::context::{Context, open};
use crate::finding::Found;
use crate::rule::{Rule, Severity};
use dtsec_model::composition::{Misfit, misfits};
use dtsec_model::security_target::InheritedMet;

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "certified-part-known",
        clause: "GP_FST_070 composition; requirements 2.7",
        title: "A certified part is one of the parts, with its certificate",
        explanation: "The identity of the whole covers its parts; a certificate is of one named part.",
        remedy: "Set `part` to the name of a part, and `certificate` to the number.",
        severity: Severity::Error,
        check: certified_part_known,
    },
    Rule {
        id: "composition-level",
        clause: "GP_FST_070 composition; requirements 2.7",
        title: "The whole claims no more than its lowest part, unless something raises it",
        explanation: "A part's level may rise where another part adds protection; the evidence is of the composition, and is \
                      named.",
        remedy: "Claim the lowest level of the parts, or say in `raised-by` what raises this one.",
        severity: Severity::Error,
        check: composition_level,
    },
    Rule {
        id: "component-level",
        clause: "DTSec v0.8, component Security Targets; requirements 1.6 S3",
        title: "A component has the level of the devices that hold it",
        explanation: "The programme takes a component's certificate into a device's evaluation only at the same assurance.",
        remedy: "Claim the device's level, or name the level of the devices that it is meant for.",
        severity: Severity::Error,
        check: component_level,
    },
    Rule {
        id: "inherited-objectives-there",
        clause: "GP_FST_070 Annex D 4; requirements 2.7",
        title: "The objectives of each certified part are listed",
        explanation: "A certified part holds what it promises only in the environment that it asks for; its guidance is part \
                      of that.",
        remedy: "Add the part's objectives to `inherited-objectives`, one by one.",
        severity: Severity::Error,
        check: inherited_objectives_there,
    },
    Rule {
        id: "inherited-objectives-met",
        clause: "GP_FST_070 Annex D 4; requirements 2.7",
        title: "Each inherited objective is covered by a requirement that holds, or passed on by an objective that is there",
        explanation: "Otherwise nobody meets it.",
        remedy: "Name in `met` a requirement that is claimed, or an objective that is listed, and the certified part it is of.",
        severity: Severity::Error,
        check: inherited_objectives_met,
    },
];

fn certified_part_known(context: &Context<'_>, found: &mut Found) {
    let platform = &context.target.platform;
    for (at, certified) in platform.certified_parts.iter().enumerate() {
        let place = |member: &str| format!("/platform/certified-parts/{at}/{member}");
        if !open(&certified.part) && !platform.parts.iter().any(|part| part.name == certified.part) {
            found.at(place("part"), &certified.part, "no part has this name");
        }
        found.unless_said(place("certificate"), &certified.certificate, "number of the certificate");
    }
}

fn composition_level(context: &Context<'_>, found: &mut Found) {
    let parts = &context.target.platform.certified_parts;
    for misfit in misfits(context.target) {
        let Misfit::PartBelow(below) = misfit else { continue };
        if let Some(at) = parts.iter().position(|part| std::ptr::eq(part, below)) {
            let message = format!("the whole claims more than `{}` has, and nothing raises it", below.part);
            found.at(format!("/platform/certified-parts/{at}/level"), below.level.name(), message);
        }
    }
}

fn component_level(context: &Context<'_>, found: &mut Found) {
    for misfit in misfits(context.target) {
        let Misfit::OtherThanDevice { component, device } = misfit else { continue };
        let message = format!(
            "the component is at {}, and the devices that hold it at {}",
            component.name(),
            device.name()
        );
        found.at("/platform/role/component/device-level", device.name(), message);
    }
}

fn inherited_objectives_there(context: &Context<'_>, found: &mut Found) {
    for (at, certified) in context.target.platform.certified_parts.iter().enumerate() {
        let listed = context.target.inherited_objectives.iter().any(|one| one.part == certified.part);
        if !listed && !open(&certified.part) {
            let message = format!("no objective of `{}` is listed", certified.part);
            found.at(format!("/platform/certified-parts/{at}"), &certified.part, message);
        }
    }
}

fn inherited_objectives_met(context: &Context<'_>, found: &mut Found) {
    let parts = &context.target.platform.certified_parts;
    for (at, inherited) in context.target.inherited_objectives.iter().enumerate() {
        let place = |member: &str| format!("/inherited-objectives/{at}/{member}");
        if !open(&inherited.part) && !parts.iter().any(|part| part.part == inherited.part) {
            found.at(place("part"), &inherited.part, "no certified part has this name");
        }
        found.unless_said(place("statement"), &inherited.statement, "what the part asks for");
        match &inherited.met {
            InheritedMet::ByRequirement(id) if !open(id) && !context.holds(id) => {
                found.at(place("met/by-requirement"), id, "no such requirement holds");
            }
            InheritedMet::ByObjective(id) if !open(id) && !context.has_objective(id) => {
                found.at(place("met/by-objective"), id, "there is no such objective");
            }
            _ => {}
        }
    }
}
