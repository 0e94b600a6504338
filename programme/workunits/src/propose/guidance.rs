//! AGD and ALC: the developer's documents, the configuration, the remediation of flaws.

use super::context::{Context, cite};
use crate::judge::{Checks, Judgement, References, listed};
use crate::units::WorkUnit;
use dtsec_model::deliverable::ConfigurationItem;
use dtsec_model::etr::Verdict;
use std::collections::BTreeSet;

pub(super) fn judge(unit: &WorkUnit, context: &Context<'_>) -> Judgement {
    match &*unit.id {
        "ALC_CMC.1-1" => context.configuration_under_test("what was tested"),
        "ALC_CMC.1-2" | "ALC_CMS.1-1" | "ALC_CMS.1-2" => configuration(&unit.id, context),
        id => document(id, unit.component(), context),
    }
}

/// Units that are settled by reading a document of the component.
fn document(unit: &str, component: &str, context: &Context<'_>) -> Judgement {
    let listed_documents = context.documents(component);
    if listed_documents.is_empty() {
        return Judgement::verdict(
            Verdict::Fail,
            "The documents that the Security Target lists were gone through.",
            format!("None of them serves {component}."),
            context.target(),
        );
    }
    let absent: Vec<&str> = listed_documents
        .iter()
        .filter(|(_, present)| present.is_none())
        .map(|(document, _)| document.id.as_str())
        .collect();
    let present: Vec<_> = listed_documents.iter().filter_map(|(_, present)| *present).collect();
    let drafts: Vec<&str> =
        present.iter().filter(|document| document.draft).map(|document| document.id.as_str()).collect();
    let cited = References::of(present.iter().map(|document| cite(document)));
    if let (false, Some(cited)) = (drafts.is_empty(), &cited) {
        return Judgement::verdict(
            Verdict::Inconclusive,
            "The documents of the component were looked at.",
            format!("A draft carries no verdict: {}.", listed(&drafts)),
            cited.clone(),
        );
    }
    let (true, Some(cited)) = (absent.is_empty(), cited) else {
        let prepared = format!("Not at hand: {}.", listed(&absent));
        return Judgement::person(prepared, [context.security_target.clone()]);
    };
    let target = &context.inputs.security_target;
    let cited = cited.and([context.security_target.clone()]);
    match unit {
        "AGD_OPE.1-6" => {
            let Some(found) = context.found_under("/objectives") else {
                return Judgement::person(
                    "The Security Target was not held against its profile yet: run `dtsec st check`.",
                    [],
                );
            };
            let silent = target.objectives.iter().filter(|objective| objective.guidance.is_empty());
            Checks::default()
                .none(
                    "each objective for the environment names a place in the guidance",
                    &silent.map(|objective| objective.id.clone()).collect::<Vec<_>>(),
                )
                .none("the conformance check found each of these places", &found)
                .judge(
                    "Each objective was followed into the guidance.",
                    cited.and(context.conformance.clone()),
                )
        }
        "ALC_FLR.2-10" => {
            let Some(found) = context.found_under("/assurance/flaw-remediation") else {
                return Judgement::person(
                    "The Security Target was not held against its profile yet: run `dtsec st check`.",
                    [],
                );
            };
            let remediation = &target.assurance.flaw_remediation;
            let said = |text: &str| !text.trim().is_empty();
            Checks::default()
                .that("the Security Target says how to report a flaw", said(&remediation.reporting))
                .that("it says what is done with a report", said(&remediation.procedure))
                .that("it says what a newer version is", said(&remediation.newer))
                .that("it names the place where that is told in full", remediation.described_in.is_some())
                .none("the conformance check found nothing against it", &found)
                .judge(
                    "The flaw remediation in the Security Target was followed into its document.",
                    cited.and(context.conformance.clone()),
                )
        }
        _ => {
            let ids: Vec<&str> = present.iter().map(|document| document.id.as_str()).collect();
            let prepared = format!("At hand: {}.", ids.join(", "));
            let references = present.iter().map(|document| cite(document));
            Judgement::person(prepared, references)
        }
    }
}

fn configuration(unit: &str, context: &Context<'_>) -> Judgement {
    let (Some(list), Some(cited)) = (&context.inputs.configuration, &context.configuration) else {
        return Judgement::person(
            "There is no configuration list as data at hand.",
            [context.security_target.clone()],
        );
    };
    let target = &context.inputs.security_target;
    let evidence = References::to(cited).and([context.security_target.clone()]);
    let done = format!("The {} items of the configuration list were gone through.", list.items.len());
    let item = |name: &str| list.items.iter().find(|item| item.name == name);
    match unit {
        "ALC_CMC.1-2" => {
            let differs = target.platform.parts.iter().filter_map(|part| match item(&part.name) {
                Some(item) if item.version == part.version => None,
                Some(item) => Some(format!("{} ({} and {})", part.name, part.version, item.version)),
                None => Some(format!("{} (not in the list)", part.name)),
            });
            Checks::default()
                .none(
                    "parts have the same name and version in Security Target and list",
                    &differs.collect::<Vec<_>>(),
                )
                .judge(done, evidence)
        }
        "ALC_CMS.1-1" => {
            let names = target.platform.parts.iter().map(|part| &part.name);
            let names = names.chain(target.all_documents().map(|document| &document.id));
            let missing: Vec<String> = names.filter(|name| item(name).is_none()).cloned().collect();
            Checks::default()
                .none("the list has every part and every document of the Security Target", &missing)
                .that("it has the Security Target itself", item("security-target").is_some())
                .judge(done, evidence)
        }
        _ => {
            let mut seen = BTreeSet::new();
            let repeated = list.items.iter().filter(|item| !seen.insert((&item.name, &item.version)));
            let vague = |item: &&ConfigurationItem| {
                item.version.trim().is_empty() && item.sha256.as_deref().is_none_or(str::is_empty)
            };
            let vague = list.items.iter().filter(vague);
            Checks::default()
                .none("no item is listed twice", &repeated.map(|item| item.name.clone()).collect::<Vec<_>>())
                .none(
                    "each has a version or a digest",
                    &vague.map(|item| item.name.clone()).collect::<Vec<_>>(),
                )
                .judge(done, evidence)
        }
    }
}
