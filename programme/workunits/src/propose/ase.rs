//! ASE: the Security Target itself. Findings of the conformance check are told to work units by their place in it.

use super::context::Context;
use crate::inputs::{Finding, Severity};
use crate::judge::{Checks, Judgement, listed};
use dtsec_model::catalogue;
use dtsec_model::etr::Verdict;
use dtsec_model::security_target::Claim;

/// Places of a Security Target, as JSON pointers with `*` for a position, and the work units that look at them. The
/// longest place that holds a finding decides; what has none here touches all of ASE.
const PLACES: &[(&str, &[&str])] = &[
    ("/title", &["ASE_INT.1-2"]),
    ("/version", &["ASE_INT.1-2"]),
    ("/date", &["ASE_INT.1-2"]),
    ("/organisation", &["ASE_INT.1-2"]),
    ("/sesip-version", &["ASE_INT.1-2"]),
    ("/profile", &["ASE_INT.1-2", "ASE_REQ.3-1"]),
    ("/platform", &["ASE_INT.1-1", "ASE_INT.1-3"]),
    ("/platform/type", &["ASE_INT.1-6"]),
    ("/platform/identification", &["ASE_INT.1-3"]),
    ("/platform/only-certified-products-identify-so", &["ASE_INT.1-3"]),
    ("/platform/parts", &["ASE_INT.1-9"]),
    ("/platform/certified-parts", &["ASE_INT.1-10"]),
    ("/platform/role", &["ASE_INT.1-10"]),
    ("/guidance", &["ASE_INT.1-1"]),
    ("/documents", &["ASE_INT.1-1"]),
    ("/references", &["ASE_INT.1-1"]),
    ("/other-certifications", &["ASE_INT.1-1"]),
    ("/overview", &["ASE_INT.1-1", "ASE_INT.1-5"]),
    ("/overview/required-non-platform", &["ASE_INT.1-8"]),
    ("/overview/physical-scope", &["ASE_INT.1-9"]),
    ("/overview/in-scope", &["ASE_INT.1-10"]),
    ("/overview/out-of-scope", &["ASE_INT.1-10"]),
    ("/use-case", &["ASE_INT.1-10"]),
    ("/life-cycle", &["ASE_INT.1-10"]),
    ("/threats", &["ASE_INT.1-10"]),
    ("/passages", &["ASE_INT.1-10"]),
    ("/objectives", &["ASE_OBJ.1-1"]),
    ("/inherited-objectives", &["ASE_OBJ.1-1"]),
    ("/assurance", &["ASE_REQ.3-2"]),
    ("/assurance/levels", &["ASE_REQ.3-6", "ASE_REQ.3-7"]),
    ("/assurance/flaw-remediation", &["ASE_REQ.3-5"]),
    ("/requirements", &["ASE_REQ.3-1"]),
    ("/requirements/*/outside-catalogue", &["ASE_REQ.3-3"]),
    ("/requirements/*/rationale", &["ASE_TSS.1-1"]),
    ("/requirements/*/not-yet-met", &["ASE_TSS.1-1"]),
    ("/notes", &["ASE_REQ.3-1"]),
];

/// Whether a finding at this place is a matter of that work unit.
pub(super) fn touches(pointer: &str, unit: &str) -> bool {
    let holds = |place: &str| {
        let (mut at, mut wanted) = (pointer.split('/'), place.split('/'));
        wanted.all(|wanted| at.next().is_some_and(|at| wanted == "*" || wanted == at))
            && wanted.next().is_none()
    };
    let nearest = PLACES.iter().filter(|(place, _)| holds(place)).max_by_key(|(place, _)| place.len());
    match nearest {
        Some((_, units)) => units.contains(&unit),
        None => unit.starts_with("ASE_"),
    }
}

pub(super) fn judge(unit: &str, context: &Context<'_>) -> Judgement {
    let (Some(conformance), Some(cited)) = (&context.inputs.conformance, &context.conformance) else {
        let prepared = "The Security Target was not held against its profile yet: run `dtsec st check`.";
        return Judgement::person(prepared, [context.security_target.clone()]);
    };
    let evidence = context.target().and([cited.clone()]);
    let done = format!(
        "The Security Target was held against {} rules ({}), and read as data.",
        conformance.rules, conformance.tool
    );
    let errors = lines(&context.findings(unit, Severity::Error));
    let warnings = lines(&context.findings(unit, Severity::Warning));
    let base = base(unit, context);
    if !errors.is_empty() {
        let rationale = format!("The check found: {}.", errors.join("; "));
        return Judgement::verdict(Verdict::Fail, done, rationale, evidence);
    }
    match base {
        Some(checks) if warnings.is_empty() => {
            checks.that("the conformance check found nothing in these places", true).judge(done, evidence)
        }
        _ => {
            let mut prepared = prepared(unit, context);
            if !warnings.is_empty() {
                prepared.push_str(&format!(" The check asks to look at: {}.", warnings.join("; ")));
            }
            let cited = [context.security_target.clone(), cited.clone()];
            Judgement::person(prepared.trim(), cited)
        }
    }
}

fn lines(findings: &[&Finding]) -> Vec<String> {
    findings.iter().map(|found| format!("{} at {}: {}", found.rule, found.pointer, found.message)).collect()
}

/// What must hold for a unit that data settles; nothing for one that only a reader can tell.
fn base(unit: &str, context: &Context<'_>) -> Option<Checks> {
    let target = &context.inputs.security_target;
    let checks = Checks::default();
    let said = |text: &str| !text.trim().is_empty();
    let name = |claims: Vec<&Claim>| claims.into_iter().map(Claim::name).collect::<Vec<_>>();
    let claims = |wrong: &dyn Fn(&Claim) -> bool| {
        name(target.requirements.iter().filter(|claim| claim.struck.is_none() && wrong(claim)).collect())
    };
    Some(match unit {
        "ASE_INT.1-1" => checks
            .that("it has a title and a version", said(&target.title) && said(&target.version))
            .that("it has a reference of the platform", !target.platform.identification.is_empty())
            .that("it has an overview", said(&target.overview.functional))
            .that("it has a description", said(&target.overview.physical_scope)),
        "ASE_INT.1-2" => checks
            .that("title, version and date are given", said(&target.title) && said(&target.version))
            .that("it says who wrote it", said(&target.organisation))
            .that("it says which SESIP it follows", said(&target.sesip_version)),
        "ASE_INT.1-3" => {
            let open = target.platform.identification.iter().filter(|row| !said(&row.value));
            let unverified = target.platform.identification.iter().filter(|row| row.verified_in.is_none());
            checks
                .that("there are rows of identification", !target.platform.identification.is_empty())
                .none("each has a value", &open.map(|row| row.row.clone()).collect::<Vec<_>>())
                .none(
                    "each says where it is told how to see it",
                    &unverified.map(|row| row.row.clone()).collect::<Vec<_>>(),
                )
                .that(
                    "only certified products identify so",
                    target.platform.only_certified_products_identify_so,
                )
        }
        "ASE_INT.1-6" => checks.that("the type is named", said(&target.platform.platform_type)),
        "ASE_INT.1-8" => checks.that(
            "what the platform needs beside it is listed",
            target.overview.required_non_platform.iter().any(|one| said(one)),
        ),
        "ASE_INT.1-9" => {
            let open = target.platform.parts.iter().filter(|part| !said(&part.delivery));
            checks
                .that("the physical scope is described", said(&target.overview.physical_scope))
                .that("there are parts", !target.platform.parts.is_empty())
                .none(
                    "each part says how it is delivered and in what form",
                    &open.map(|part| part.name.clone()).collect::<Vec<_>>(),
                )
        }
        "ASE_OBJ.1-1" => {
            let silent = target.objectives.iter().filter(|objective| objective.guidance.is_empty());
            checks.that("there are objectives", !target.objectives.is_empty()).none(
                "each names its place in the guidance",
                &silent.map(|objective| objective.id.clone()).collect::<Vec<_>>(),
            )
        }
        "ASE_REQ.3-1" => checks.that("requirements are claimed", !target.requirements.is_empty()),
        "ASE_REQ.3-2" => {
            let silent = target.assurance.levels.iter().filter(|claim| claim.components.is_empty());
            checks.none(
                "each level names its components",
                &silent.map(|claim| claim.level.name()).map(str::to_owned).collect::<Vec<_>>(),
            )
        }
        "ASE_REQ.3-3" => checks.none(
            "each requirement is in SESIP's catalogue or stands apart with the disclaimer",
            &claims(&|claim| {
                catalogue::sfr(&claim.id).is_none()
                    && claim.outside_catalogue.as_ref().is_none_or(|outside| !said(&outside.disclaimer))
            }),
        ),
        "ASE_REQ.3-4" => {
            let identity = |claim: &Claim| claim.id == "verification-of-platform-identity";
            let there = target.requirements.iter().any(|claim| identity(claim) && claim.struck.is_none());
            checks.that("Verification of Platform Identity is claimed", there)
        }
        "ASE_REQ.3-5" => {
            let update: Vec<&Claim> = target.claims("secure-update-of-platform").collect();
            let argued = |claim: &&Claim| match &claim.struck {
                None => true,
                Some(struck) => {
                    said(&struck.argument)
                        && target.assurance.flaw_remediation.no_update_argument.as_deref().is_some_and(said)
                }
            };
            checks
                .that("Secure Update of Platform is there", !update.is_empty())
                .that("it is claimed, or struck through with the argument", update.iter().all(argued))
        }
        "ASE_REQ.3-6" => {
            let other =
                target.assurance.levels.iter().filter(|claim| !claim.level.is_made_of(&claim.components));
            checks.none(
                "the components are those of the level, no more and no fewer",
                &other.map(|claim| claim.level.name()).map(str::to_owned).collect::<Vec<_>>(),
            )
        }
        "ASE_REQ.3-7" => levels_clear(context, checks),
        "ASE_TSS.1-1" => checks
            .none(
                "each requirement says how it is met",
                &claims(&|claim| !said(&claim.rationale.implementation)),
            )
            .none("each says how that was assessed", &claims(&|claim| !said(&claim.rationale.assessment)))
            .none("none is said not to be met yet", &claims(&|claim| claim.not_yet_met.is_some())),
        _ => return None,
    })
}

/// Each requirement has one level, and one that is claimed.
fn levels_clear(context: &Context<'_>, checks: Checks) -> Checks {
    let levels = &context.inputs.security_target.assurance.levels;
    if let [only] = &levels[..] {
        return checks.that(
            format!("one level, {}, holds for all", only.level.name()),
            only.requirements.is_empty() || context.claimed().iter().all(|id| has(&only.requirements, id)),
        );
    }
    let of = |id: &str| levels.iter().filter(|claim| has(&claim.requirements, id)).count();
    let unclear: Vec<String> =
        context.claimed().into_iter().filter(|id| of(id) != 1).map(str::to_owned).collect();
    checks.none("each requirement has exactly one of the levels", &unclear)
}

fn has(ids: &[String], wanted: &str) -> bool {
    ids.iter().any(|id| id == wanted)
}

/// What the evidence already shows for those who must read.
fn prepared(unit: &str, context: &Context<'_>) -> String {
    let target = &context.inputs.security_target;
    match unit {
        "ASE_INT.1-4" | "ASE_INT.1-7" => {
            let rows = target.platform.identification.iter();
            let rows: Vec<String> = rows.map(|row| format!("{} = {}", row.row, row.value)).collect();
            format!("Type: {}. Reference: {}.", target.platform.platform_type, listed(&rows))
        }
        "ASE_INT.1-5" | "ASE_INT.1-10" => format!(
            "{} features, {} things inside and {} outside the scope, {} requirements.",
            target.overview.features.len(),
            target.overview.in_scope.len(),
            target.overview.out_of_scope.len(),
            context.claimed().len()
        ),
        "ASE_TSS.1-2" => {
            let untested: Vec<&str> =
                context.claimed().into_iter().filter(|id| context.tested(id).0 == 0).collect();
            match untested.is_empty() {
                true => "Each claimed requirement has a test that passed.".to_owned(),
                false => format!("No test passed that serves {}.", listed(&untested)),
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units;

    #[test]
    fn a_finding_touches_the_units_that_look_at_its_place_and_an_unknown_place_touches_all_of_ase() {
        assert!(touches("/requirements/3/rationale/assessment", "ASE_TSS.1-1"));
        assert!(!touches("/requirements/3/rationale/assessment", "ASE_REQ.3-1"));
        assert!(touches("/requirements/3/values/data", "ASE_REQ.3-1"));
        assert!(touches("/requirements", "ASE_REQ.3-1"));
        assert!(touches("/overview/features/0", "ASE_INT.1-5"));
        for unit in units::all() {
            assert_eq!(touches("/something-new", &unit.id), unit.id.starts_with("ASE_"), "{}", unit.id);
            assert_eq!(touches("", &unit.id), unit.id.starts_with("ASE_"), "{}", unit.id);
        }
    }

    #[test]
    fn every_place_names_units_that_exist() {
        for (place, units) in PLACES {
            assert!(!units.is_empty() && units.iter().all(|id| units::unit(id).is_some()), "{place}");
        }
    }
}
