//! AVA: searches, candidates, penetration tests, and what they leave.

use super::ate::lacking;
use super::context::Context;
use crate::judge::{Checks, Judgement, References, listed};
use crate::vulnerability::{Analysis, PublicSearch, rate};
use dtsec_model::Date;
use dtsec_model::assurance::Level;
use dtsec_model::etr::{Standing, Verdict};
use dtsec_model::evidence::TestKind;

/// The oldest search, in days, on which a product may still be listed (as NIAP's labs have it).
const MAX_AGE: i32 = 30;

pub(super) fn judge(unit: &str, context: &Context<'_>) -> Judgement {
    match unit {
        "AVA_VAN.3-1" => return context.configuration_under_test("what was attacked"),
        "AVA_VAN.3-2" | "AVA_VAN.3-7" | "AVA_VAN.3-9" => return documented(unit, context),
        "AVA_VAN.3-4" => return focused(context),
        "AVA_VAN.3-8" => return carried_out(context),
        "AVA_VAN.3-10" => return effort(context),
        _ => {}
    }
    let (Some(analysis), Some(cited)) = (&context.inputs.analysis, &context.analysis) else {
        let prepared = format!(
            "There is no vulnerability analysis at hand; {} attacks were run.",
            context.attacks().len()
        );
        return Judgement::person(prepared, []);
    };
    let evidence = References::to(cited);
    match unit {
        "AVA_VAN.3-3" => public_search(analysis, context, evidence),
        "AVA_VAN.3-5" => candidates(analysis, evidence),
        "AVA_VAN.3-6" => devised(analysis, context, evidence),
        "AVA_VAN.3-11" => resistance(analysis, context, evidence),
        _ => reported(analysis, evidence),
    }
}

/// Days from one date to another.
fn days(from: Date, to: Date) -> Option<i32> {
    to.since(from).ok().map(|span| span.get_days())
}

fn public_search(analysis: &Analysis, context: &Context<'_>, evidence: References) -> Judgement {
    let Some(PublicSearch { date, sources, terms, hits }) = &analysis.public_search else {
        return Judgement::person("The analysis has no search of public sources.", context.analysis.clone());
    };
    let target = &context.inputs.security_target;
    let covered = |name: &str| {
        let name = name.to_lowercase();
        terms
            .iter()
            .map(|term| term.to_lowercase())
            .any(|term| !term.is_empty() && (name.contains(&term) || term.contains(&name)))
    };
    let parts = target.platform.parts.iter().map(|part| part.name.clone());
    let unsearched: Vec<String> = parts.filter(|name| !covered(name)).collect();
    let silent: Vec<String> =
        hits.iter().filter(|hit| hit.reason.trim().is_empty()).map(|hit| hit.id.clone()).collect();
    let age = days(*date, context.inputs.date);
    let done = format!(
        "The search of {date} was gone through: {} sources, {} terms, {} hits.",
        sources.len(),
        terms.len(),
        hits.len()
    );
    Checks::default()
        .that(
            format!("it is dated {date}, not more than {MAX_AGE} days ago"),
            age.is_some_and(|age| (0..=MAX_AGE).contains(&age)),
        )
        .that("it names its sources", !sources.is_empty())
        .none("its terms name every part", &unsearched)
        .none("every hit has the reason why it applies or does not", &silent)
        .judge(done, evidence)
}

fn candidates(analysis: &Analysis, evidence: References) -> Judgement {
    let open = analysis.candidates.iter().filter(|candidate| {
        let excluded = candidate.excluded.as_deref().is_some_and(|reason| !reason.trim().is_empty());
        candidate.tests.is_empty() && !excluded
    });
    let done = format!("{} candidates were gone through.", analysis.candidates.len());
    Checks::default()
        .that("there are candidates", !analysis.candidates.is_empty())
        .none(
            "each is tested, or has the reason why not",
            &open.map(|candidate| candidate.id.clone()).collect::<Vec<_>>(),
        )
        .judge(done, evidence)
}

fn devised(analysis: &Analysis, context: &Context<'_>, evidence: References) -> Judgement {
    let known: Vec<&str> = context.results().map(|(_, result, _)| result.id.as_str()).collect();
    let kept: Vec<_> = analysis.candidates.iter().filter(|candidate| candidate.excluded.is_none()).collect();
    let without = kept.iter().filter(|candidate| candidate.tests.is_empty());
    let unknown = kept.iter().flat_map(|candidate| {
        candidate
            .tests
            .iter()
            .filter(|test| !known.contains(&test.as_str()))
            .map(|test| format!("{} ({test})", candidate.id))
    });
    let done = format!("The tests of {} candidates were looked up in the evidence.", kept.len());
    Checks::default()
        .that("candidates stay to be tested", !kept.is_empty())
        .none("each has a test", &without.map(|candidate| candidate.id.clone()).collect::<Vec<_>>())
        .none("each of these tests is in the evidence", &unknown.collect::<Vec<_>>())
        .judge(done, evidence)
}

/// Set-up, documentation and record of the attacks.
fn documented(unit: &str, context: &Context<'_>) -> Judgement {
    let records = context.inputs.records.iter();
    let attacks: Vec<_> =
        records.filter(|test| matches!(test.kind, TestKind::Attack | TestKind::Campaign)).collect();
    let runs = context.inputs.evidence.iter().map(|signed| &signed.bundle.run.id);
    let cited = runs.filter(|run| attacks.iter().any(|test| test.run == **run)).cloned();
    let (false, Some(evidence)) = (attacks.is_empty(), References::of(cited)) else {
        return Judgement::person("There is no record of an attack whose run is in the evidence.", []);
    };
    let done = format!("The records of {} attacks were gone through.", attacks.len());
    match unit {
        "AVA_VAN.3-2" => {
            lacking(attacks, &[1, 2], "each attack records set-up and prerequisites").judge(done, evidence)
        }
        // Seven items: those of a test but what it came to.
        "AVA_VAN.3-7" => {
            lacking(attacks, &[0, 1, 2, 3, 4, 5, 6], "each attack can be repeated from its record")
                .judge(done, evidence)
        }
        _ => lacking(attacks, &[4, 6, 7], "each attack records what was seen and what follows")
            .judge(done, evidence),
    }
}

fn focused(context: &Context<'_>) -> Judgement {
    let (documents, places) = (
        context.inputs.documents.len(),
        context.inputs.trace.iter().flat_map(|map| map.requirements.values()).map(Vec::len).sum::<usize>(),
    );
    let candidates = context.inputs.analysis.as_ref().map_or(0, |analysis| analysis.candidates.len());
    let prepared = format!(
        "{documents} documents and {places} places of source are at hand; {candidates} candidates were recorded."
    );
    Judgement::person(prepared, [context.security_target.clone()].into_iter().chain(context.trace.clone()))
}

fn carried_out(context: &Context<'_>) -> Judgement {
    let attacks = context.attacks();
    let Some(evidence) = References::of(attacks.iter().map(|(cited, _)| cited.clone())) else {
        return Judgement::person("No attack was run yet.", []);
    };
    let open: Vec<String> = attacks
        .iter()
        .filter(|(_, result)| result.verdict == Verdict::Inconclusive)
        .map(|(cited, _)| cited.clone())
        .collect();
    let done = format!("The results of {} attacks were gone through.", attacks.len());
    if !open.is_empty() {
        let rationale = format!("Not carried out to the end: {}.", listed(&open));
        return Judgement::verdict(Verdict::Inconclusive, done, rationale, evidence);
    }
    Checks::default().that("each attack was carried out to its end", true).judge(done, evidence)
}

fn effort(context: &Context<'_>) -> Judgement {
    let attacks = context.attacks();
    let campaigns = attacks.iter().filter(|(_, result)| result.kind == TestKind::Campaign).count();
    let prepared = format!("{} attacks, of them {campaigns} campaigns.", attacks.len());
    Judgement::person(prepared, context.inputs.evidence.iter().map(|signed| signed.bundle.run.id.clone()))
}

fn resistance(analysis: &Analysis, context: &Context<'_>, evidence: References) -> Judgement {
    let attacks = context.attacks();
    if attacks.is_empty() {
        return Judgement::person("No attack was run yet.", context.analysis.clone());
    }
    let evidence = evidence.and(attacks.iter().map(|(cited, _)| cited.clone()));
    let done = format!(
        "The results of {} attacks and {} rated vulnerabilities were compared with SESIP3.",
        attacks.len(),
        analysis.vulnerabilities.len()
    );
    // Checked with the inputs: a list that cannot be rated does not come so far.
    let rated = rate(&analysis.vulnerabilities, Level::Sesip3).unwrap_or_default();
    let exploitable: Vec<&str> =
        rated.iter().filter(|one| one.standing == Standing::Exploitable).map(|one| one.id.as_str()).collect();
    if !exploitable.is_empty() {
        let rationale = format!(
            "An attacker of the level can use {}: the easiest attack needs less than 14 points.",
            listed(&exploitable)
        );
        return Judgement::verdict(Verdict::Fail, done, rationale, evidence);
    }
    // An attack that succeeded or did not end says nothing before somebody has rated what lies behind it.
    let rated_for = |id: &String| rated.iter().any(|one| one.requirements.contains(id));
    let unrated: Vec<&str> = attacks
        .iter()
        .filter(|(_, result)| match result.verdict {
            Verdict::Pass => false,
            Verdict::Fail => !result.requirements.iter().any(rated_for),
            Verdict::Inconclusive => true,
        })
        .map(|(cited, _)| cited.as_str())
        .collect();
    if !unrated.is_empty() {
        let rationale = format!("Not rated, or not carried out to the end: {}.", listed(&unrated));
        return Judgement::verdict(Verdict::Inconclusive, done, rationale, evidence);
    }
    let rationale = format!(
        "No attack that succeeded needs less than 14 points; {} vulnerabilities are residual.",
        rated.len()
    );
    Judgement::verdict(Verdict::Pass, done, rationale, evidence)
}

fn reported(analysis: &Analysis, evidence: References) -> Judgement {
    let done = format!("{} vulnerabilities were rated by the five factors.", analysis.vulnerabilities.len());
    let rated = rate(&analysis.vulnerabilities, Level::Sesip3);
    let words = match &rated {
        Ok(rated) => format!(
            "each of the {} has source, requirements, description, factors and reasoning, and its standing is computed",
            rated.len()
        ),
        Err(error) => format!("each is reported in full ({error})"),
    };
    Checks::default().that(words, rated.is_ok()).judge(done, evidence)
}
