//! ADV: the functional specification's table, and the map of the sources.

use super::context::Context;
use crate::judge::{Checks, Judgement, References, listed};
use dtsec_model::deliverable::{FunctionalSpecification, InterfaceRow};
use dtsec_model::etr::Verdict;

pub(super) fn judge(unit: &str, context: &Context<'_>) -> Judgement {
    if unit.starts_with("ADV_IMP.3") {
        return source(unit, context);
    }
    let (Some(table), Some(cited)) = (&context.inputs.functional_specification, &context.specification)
    else {
        return Judgement::person("There is no functional specification at hand.", []);
    };
    interfaces(unit, context, table, cited)
}

fn interfaces(unit: &str, context: &Context<'_>, table: &FunctionalSpecification, cited: &str) -> Judgement {
    let evidence = References::to(cited);
    let rows = &table.interfaces;
    let done = format!("The {} interfaces of the table were gone through, row by row.", rows.len());
    if rows.is_empty() {
        return Judgement::verdict(Verdict::Fail, done, "The table has no interface.", evidence);
    }
    let said = |text: &str| !text.trim().is_empty();
    let calls = |wrong: &dyn Fn(&InterfaceRow) -> bool| -> Vec<String> {
        rows.iter().filter(|row| wrong(row)).map(|row| row.call.clone()).collect()
    };
    let checks = Checks::default();
    match unit {
        "ADV_FSP.4-2" => checks
            .none("each interface says what it is for", &calls(&|row| !said(&row.purpose)))
            .judge(done, evidence),
        "ADV_FSP.4-3" => checks
            .none("each interface says how it is used", &calls(&|row| !said(&row.method)))
            .judge(done, evidence),
        "ADV_FSP.4-5" => match &table.generated_from {
            // The code cannot take a parameter that its own table does not have.
            Some(source) => checks
                .that(format!("the table is made from {source}, which is what is compiled"), true)
                .none(
                    "each parameter has a name",
                    &calls(&|row| row.parameters.iter().any(|parameter| !said(&parameter.name))),
                )
                .judge(done, evidence),
            None => Judgement::person(
                "The table was written by hand: nothing shows that it has all parameters.",
                [cited.to_owned()],
            ),
        },
        "ADV_FSP.4-6" => checks
            .none(
                "each parameter is described",
                &calls(&|row| row.parameters.iter().any(|parameter| !said(&parameter.description))),
            )
            .judge(done, evidence),
        "ADV_FSP.4-7" if rows.iter().all(|row| said(&row.actions)) => Judgement::person(
            "Each interface says what it does; whether that is complete and right, tests and reading tell.",
            [cited.to_owned()],
        ),
        "ADV_FSP.4-7" => checks
            .none("each interface says what it does", &calls(&|row| !said(&row.actions)))
            .judge(done, evidence),
        "ADV_FSP.4-8" => checks
            .none("each interface names its errors", &calls(&|row| row.errors.is_empty()))
            .judge(done, evidence),
        "ADV_FSP.4-9" => checks
            .none(
                "each error says what it means",
                &calls(&|row| row.errors.iter().any(|error| !said(&error.meaning))),
            )
            .judge(done, evidence),
        "ADV_FSP.4-10" => {
            let untraced = untraced(context, table);
            checks
                .none("each claimed requirement has an interface, or a reason why it needs none", &untraced)
                .judge(done, evidence.and([context.security_target.clone()]))
        }
        _ => {
            let traced: Vec<String> = context
                .claimed()
                .into_iter()
                .map(|id| {
                    let calls =
                        rows.iter().filter(|row| row.requirements.iter().any(|other| other == id)).count();
                    format!("{id}: {calls} interfaces")
                })
                .collect();
            let prepared = format!("{} interfaces. {}.", rows.len(), traced.join("; "));
            Judgement::person(prepared, [cited.to_owned(), context.security_target.clone()])
        }
    }
}

fn untraced(context: &Context<'_>, table: &FunctionalSpecification) -> Vec<String> {
    let served = |id: &str| {
        let shown = table.interfaces.iter().any(|row| row.requirements.iter().any(|other| other == id));
        shown || table.without_interface.get(id).is_some_and(|reason| !reason.trim().is_empty())
    };
    context.claimed().into_iter().filter(|id| !served(id)).map(str::to_owned).collect()
}

/// A gap in the map is a fail. A map without gaps shows nothing of whether it is right: that is read.
fn source(unit: &str, context: &Context<'_>) -> Judgement {
    let (Some(map), Some(cited)) = (&context.inputs.trace, &context.trace) else {
        return Judgement::person("There is no map of the sources at hand; run `dtsec trace`.", []);
    };
    let places: usize = map.requirements.values().map(Vec::len).sum();
    if unit == "ADV_IMP.3-3" {
        let claimed = context.claimed();
        let missing: Vec<String> = claimed
            .iter()
            .filter(|id| map.requirements.get(**id).is_none_or(Vec::is_empty))
            .map(|id| (*id).to_owned())
            .collect();
        let foreign: Vec<String> =
            map.requirements.keys().filter(|id| !claimed.contains(id.as_str())).cloned().collect();
        if !(missing.is_empty() && foreign.is_empty() && map.unmapped.is_empty()) {
            let done = "The map was compared with the claims.";
            return Checks::default()
                .none("each claimed requirement has a place in the sources", &missing)
                .none("each place serves a requirement that is claimed", &foreign)
                .none("no source is without a requirement", &map.unmapped)
                .judge(done, References::to(cited).and([context.security_target.clone()]));
        }
    }
    let few = map.requirements.iter().filter(|(_, places)| places.len() == 1);
    let few: Vec<String> = few.map(|(id, places)| format!("{id} ({})", places[0])).collect();
    let mut prepared = format!("{places} places in the sources for {} requirements.", map.requirements.len());
    if !few.is_empty() {
        prepared.push_str(&format!(" One place only: {}.", listed(&few)));
    }
    Judgement::person(prepared, [cited.clone()])
}
