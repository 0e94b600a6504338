//! A template fails the check in exactly the places to fill in.

#![forbid(unsafe_code)]

use dtsec_conformance::{Documents, check, rule, template};
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Document, builtin};
use serde_json::Value;
use std::collections::BTreeSet;

/// The places of a document that wait to be filled in: texts with a `<`, null, and the declaration that is not made.
fn open_places(value: &Value, place: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.contains('<') => drop(found.insert(place.to_owned())),
        Value::Null => drop(found.insert(place.to_owned())),
        Value::Bool(false) if place.ends_with("only-certified-products-identify-so") => {
            found.insert(place.to_owned());
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                open_places(item, &format!("{place}/{at}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                open_places(member, &format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_fresh_template_is_found_wanting_in_exactly_the_places_to_fill_in() {
    let profile = builtin::sesip_profile();
    let target = template(profile);
    let mut open = BTreeSet::new();
    open_places(&serde_json::from_str(&target.to_json()).unwrap(), "", &mut open);
    assert!(open.len() > 100, "{} places", open.len());
    let findings = check(&target, profile, &Documents::none());
    let found: BTreeSet<String> = findings.iter().map(|one| one.pointer.clone()).collect();
    assert_eq!(found, open);
    assert_eq!(findings.len(), found.len(), "a place is told twice");
}

#[test]
fn a_template_survives_its_json_form() {
    let target = template(builtin::sesip_profile());
    assert_eq!(SecurityTarget::from_json(&target.to_json()).unwrap(), target);
}

#[test]
fn a_template_with_every_mark_filled_in_wants_only_what_marks_cannot_hold() {
    let profile = builtin::sesip_profile();
    let mut json: Value = serde_json::to_value(template(profile)).unwrap();
    json["use-case"]["untrusted-users"]["possible"] = false.into();
    json["use-case"]["untrusted-software"]["possible"] = false.into();
    json["date"] = "2026-11-22".into();
    json["platform"]["only-certified-products-identify-so"] = true.into();
    let target: SecurityTarget = serde_json::from_value(json).unwrap();
    let findings = check(&target, profile, &Documents::none());
    assert!(findings.iter().all(|one| Some(one.rule) == rule("no-placeholder")));
}

#[test]
fn a_template_has_every_mandatory_requirement_and_no_other() {
    let profile = builtin::sesip_profile();
    let ids: BTreeSet<String> = template(profile).requirements.into_iter().map(|claim| claim.id).collect();
    assert_eq!(ids.len(), 11);
    assert!(ids.iter().all(|id| profile.requirement(id).unwrap().obligation.name() == "mandatory"));
}
