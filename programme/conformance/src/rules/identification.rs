//! Rules for section 2.2: what the platform is, and how anybody sees it.

use crate::context::{Context, open, plain, repeated};
use crate::finding::Found;
use crate::rule::{Rule, Severity};

pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "identification-rows",
        clause: "GPT_SPE_151 2.2, Table 2-1; T7",
        title: "The table of identification has the profile's rows, each once",
        explanation: "Certificate, listing and attestation are compared with these rows; one that is missing leaves a part of \
                      the platform without a name.",
        remedy: "Add the row to `platform.identification`; take out those that the profile does not have.",
        severity: Severity::Error,
        check: identification_rows,
    },
    Rule {
        id: "identification-filled",
        clause: "GPT_SPE_151 2.2, Table 2-1; GP_FST_070 Annex D 2; T7",
        title: "Each row has a value and the place where its verification is described",
        explanation: "Whoever holds a device must be able to see that it is the certified one.",
        remedy: "Fill in `value` exactly as the device answers, and `verified-in` with document and section.",
        severity: Severity::Error,
        check: identification_filled,
    },
    Rule {
        id: "only-certified-identify-so",
        clause: "GPT_SPE_151 2.2; GP_FST_070 Verification of Platform Identity; T7",
        title: "The developer declares that only certified products identify so",
        explanation: "Otherwise an unreleased build answers like the certified one, and the answer proves nothing.",
        remedy: "Make it so, then set `only-certified-products-identify-so` to true.",
        severity: Severity::Error,
        check: only_certified_identify_so,
    },
    Rule {
        id: "part-complete",
        clause: "CEM ASE_INT.1, physical scope; GP_FST_070 Annex D 2",
        title: "Each part has name, version, delivery and description",
        explanation: "The evaluator looks for the delivery method and the form of every part.",
        remedy: "Fill in what is missing of the part.",
        severity: Severity::Error,
        check: part_complete,
    },
    Rule {
        id: "part-identified",
        clause: "GPT_SPE_151 2.2; GP_FST_070 Verification of Platform Identity",
        title: "Each part is shown by a row of the table of identification",
        explanation: "The identity covers all parts and their versions, those of a composition's parts included.",
        remedy: "Set the part's `row` to a row of the table.",
        severity: Severity::Error,
        check: part_identified,
    },
    Rule {
        id: "part-version-shown",
        clause: "GPT_SPE_151 2.2, 5.2.1; GP_FST_070 Verification of Platform Identity",
        title: "The row that shows a part shows its version",
        explanation: "The row is what the device answers; a version that is not in it cannot be verified.",
        remedy: "Make row and part agree: the row's `value` holds the part's `version` as it stands.",
        severity: Severity::Error,
        check: part_version_shown,
    },
    Rule {
        id: "part-in-scope",
        clause: "GP_FST_070 Annex D 2; CEM ASE_INT.1; requirements 2.5",
        title: "Each part is shown in scope by the overview",
        explanation: "The overview and the list of parts are one boundary, told twice.",
        remedy: "Name the part in `overview.in-scope` as it is named in `platform.parts`.",
        severity: Severity::Error,
        check: part_in_scope,
    },
    Rule {
        id: "scope-identified",
        clause: "GP_FST_070 Annex D 2; CEM ASE_INT.1; requirements 2.5",
        title: "What the overview puts in scope belongs to a part",
        explanation: "Every part in the overview is in the table of identification; what has a version of its own is a part.",
        remedy: "Name in the entry the part that it belongs to, or list it in `platform.parts`.",
        severity: Severity::Warning,
        check: scope_identified,
    },
];

fn identification_rows(context: &Context<'_>, found: &mut Found) {
    let rows = &context.target.platform.identification;
    for wanted in &context.profile.identification {
        if !rows.iter().any(|row| row.row == wanted.id) {
            let message = format!("the row `{}` ({}) is missing", wanted.id, wanted.title);
            found.at("/platform/identification", "", message);
        }
    }
    for (at, row) in rows.iter().enumerate() {
        if !open(&row.row) && !context.profile.identification.iter().any(|known| known.id == row.row) {
            found.at(format!("/platform/identification/{at}/row"), &row.row, "the profile has no such row");
        }
    }
    for at in repeated(rows.iter().map(|row| &row.row)) {
        found.at(format!("/platform/identification/{at}/row"), &rows[at].row, "this row is there already");
    }
}

fn identification_filled(context: &Context<'_>, found: &mut Found) {
    for (at, row) in context.target.platform.identification.iter().enumerate() {
        let place = format!("/platform/identification/{at}");
        found.unless_said(format!("{place}/value"), &row.value, &format!("value of `{}`", row.row));
        if row.verified_in.is_none() {
            let message = format!("where it is described how to verify `{}`: nothing is said", row.row);
            found.at(format!("{place}/verified-in"), "", message);
        }
    }
}

fn only_certified_identify_so(context: &Context<'_>, found: &mut Found) {
    if !context.target.platform.only_certified_products_identify_so {
        let message = "the developer does not declare that only certified products identify in this way";
        found.at("/platform/only-certified-products-identify-so", false, message);
    }
}

fn part_complete(context: &Context<'_>, found: &mut Found) {
    let parts = &context.target.platform.parts;
    if parts.is_empty() {
        found.at("/platform/parts", "", "the platform has no parts");
    }
    for (at, part) in parts.iter().enumerate() {
        let place = |member: &str| format!("/platform/parts/{at}/{member}");
        found.unless_said(place("name"), &part.name, "name of the part");
        found.unless_said(place("version"), &part.version, "version of the part");
        found.unless_said(place("delivery"), &part.delivery, "how the part is delivered, and in what form");
        found.unless_said(place("description"), &part.description, "what the part does");
    }
}

fn part_identified(context: &Context<'_>, found: &mut Found) {
    let rows = &context.target.platform.identification;
    for (at, part) in context.target.platform.parts.iter().enumerate() {
        if !open(&part.row) && !rows.iter().any(|row| row.row == part.row) {
            let message = format!("the part `{}` is in no row of the table of identification", part.name);
            found.at(format!("/platform/parts/{at}/row"), &part.row, message);
        }
    }
}

fn part_version_shown(context: &Context<'_>, found: &mut Found) {
    let rows = &context.target.platform.identification;
    for (at, part) in context.target.platform.parts.iter().enumerate() {
        let Some(row) = rows.iter().find(|row| row.row == part.row) else { continue };
        if !open(&part.version) && !open(&row.value) && !row.value.contains(part.version.trim()) {
            let message = format!(
                "the row `{}` shows \"{}\" and not the version of `{}`",
                row.row, row.value, part.name
            );
            found.at(format!("/platform/parts/{at}/version"), &part.version, message);
        }
    }
}

/// Whether an entry of the overview names a part.
fn shows(item: &str, name: &str) -> bool {
    !name.trim().is_empty() && plain(item).contains(&plain(name))
}

fn part_in_scope(context: &Context<'_>, found: &mut Found) {
    let scope = &context.target.overview.in_scope;
    if scope.is_empty() || scope.iter().any(|item| open(item)) {
        return;
    }
    let parts = context.target.platform.parts.iter().enumerate();
    for (at, part) in parts.filter(|(_, part)| !open(&part.name) && !part.name.trim().is_empty()) {
        if !scope.iter().any(|item| shows(item, &part.name)) {
            let message = "the overview does not show this part in scope";
            found.at(format!("/platform/parts/{at}/name"), &part.name, message);
        }
    }
}

fn scope_identified(context: &Context<'_>, found: &mut Found) {
    let parts = &context.target.platform.parts;
    if parts.iter().any(|part| open(&part.name)) {
        return;
    }
    for (at, item) in context.target.overview.in_scope.iter().enumerate().filter(|(_, item)| !open(item)) {
        if !parts.iter().any(|part| shows(item, &part.name)) {
            found.at(format!("/overview/in-scope/{at}"), item, "this names none of the parts");
        }
    }
}
