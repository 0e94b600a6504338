//! What a report says, in each of its forms; differences; and that no Security Target makes the check panic.

#![forbid(unsafe_code)]

mod support;

use dtsec_conformance::{Change, Documents, Report, check, diff, rules};
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Document, builtin};
use serde_json::{Value, json};
use support::RIGHT;

fn right() -> Value {
    serde_json::from_str(RIGHT).unwrap()
}

fn target(json: &Value) -> SecurityTarget {
    SecurityTarget::from_json(&json.to_string()).unwrap()
}

fn report(json: &Value) -> Report {
    let text = serde_json::to_string_pretty(json).unwrap();
    let findings = check(&target(json), builtin::sesip_profile(), &Documents::none());
    Report::new("a folder/target.json", "sesip-profile-cdd 0.0.0.9", &text, findings)
}

fn with_sha1() -> Value {
    let mut json = right();
    json["requirements"][6]["algorithms"] = json!([{ "name": "SHA-1" }]);
    json
}

#[test]
fn a_report_for_people_names_rule_line_member_value_and_remedy() {
    let json = with_sha1();
    let text = serde_json::to_string_pretty(&json).unwrap();
    let line = text.lines().position(|line| line.contains("SHA-1\"")).unwrap();
    let shown = report(&json).to_string();
    assert!(
        shown.starts_with("error[strength-128]: its strength is 61 bits, and 128 are needed\n"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("a folder/target.json:{line}  /requirements/6/algorithms/0\n")),
        "{shown}"
    );
    assert!(shown.contains("|  SHA-1\n") && shown.contains("remedy: Use a larger size"), "{shown}");
    assert!(shown.contains("does NOT conform to sesip-profile-cdd 0.0.0.9: 1 error, 0 warnings"), "{shown}");
    let shown = report(&right()).to_string();
    assert!(shown.starts_with("a folder/target.json conforms to"), "{shown}");
}

#[test]
fn a_warning_does_not_keep_a_security_target_from_conforming() {
    let mut json = right();
    json["requirements"][14]["not-yet-met"] = "The counter is not persistent.".into();
    let report = report(&json);
    assert_eq!((report.conforms, report.errors, report.warnings), (true, 0, 1));
}

#[test]
fn a_report_in_sarif_refers_to_its_rules() {
    let sarif = report(&with_sha1()).sarif();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let listed = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(listed.len(), rules().count());
    let result = &run["results"][0];
    let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(listed[at]["id"], result["ruleId"]);
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("strength-128"), &json!("error")));
    let place = &result["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "a%20folder/target.json");
    assert!(place["physicalLocation"]["region"]["startLine"].as_u64().unwrap() > 100);
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "/requirements/6/algorithms/0");
}

fn changes(after: &Value) -> Vec<Change> {
    diff(&target(&right()), &target(after))
}

#[test]
fn what_only_moved_is_no_difference() {
    let mut after = right();
    for list in ["requirements", "objectives", "documents", "notes", "threats"] {
        after[list].as_array_mut().unwrap().reverse();
    }
    assert_eq!(changes(&after), []);
    assert_ne!(after, right(), "the control");
}

#[test]
fn a_difference_is_named_by_ids_with_what_was_and_what_is() {
    let mut after = right();
    after["requirements"][7]["values"]["modes"] = json!(["CCM", "GCM"]);
    after["requirements"].as_array_mut().unwrap().remove(14);
    after["threats"][0]["rationale"] = "For another reason.".into();
    let changes = changes(&after);
    let places: Vec<String> = changes.iter().map(|change| change.place.join("/")).collect();
    assert_eq!(
        places,
        [
            "requirements/cryptographic-operation (channel)/values/modes/GCM",
            "requirements/reliable-index",
            "threats/T.NETWORK/rationale",
        ]
    );
    assert!(changes[0].before.is_none() && changes[1].after.is_none());
    assert_eq!(changes[2].after, Some("For another reason.".into()));
    assert_eq!(
        changes[0].to_string(),
        "+ requirements / cryptographic-operation (channel) / values / modes / GCM\n"
    );
}

/// Something else at every place of a document that is hit.
fn disturb(value: &mut Value, rng: &mut dyn FnMut() -> u32) {
    const TEXTS: [&str; 8] =
        ["", " ", "none", "<x>", "secure-debugging", "CRC", "é\u{0}~/", "cryptographic-operation"];
    let hit = rng();
    match value {
        Value::String(text) if hit.is_multiple_of(9) => {
            *text = TEXTS[rng() as usize % TEXTS.len()].to_owned()
        }
        Value::Bool(there) if hit.is_multiple_of(3) => *there = !*there,
        Value::Number(_) if hit.is_multiple_of(3) => *value = (rng() % 5000).into(),
        Value::Array(items) => {
            if hit.is_multiple_of(11) {
                items.clear();
            } else if hit.is_multiple_of(7) && !items.is_empty() {
                let again = items[rng() as usize % items.len()].clone();
                items.push(again);
            }
            items.iter_mut().for_each(|item| disturb(item, rng));
        }
        Value::Object(members) => {
            if hit.is_multiple_of(13)
                && let Some(name) = members.keys().nth(rng() as usize % members.len().max(1)).cloned()
            {
                members.remove(&name);
            }
            members.values_mut().for_each(|member| disturb(member, rng));
        }
        _ => {}
    }
}

#[test]
fn no_security_target_that_parses_makes_the_check_panic() {
    let untouched = target(&right());
    let members = right().as_object().unwrap().len();
    let (mut read, mut found) = (0, 0);
    for seed in 1..=600u32 {
        let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
        let mut rng = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        // Part by part: few of those that are disturbed all over can be read.
        let mut json = right();
        let part = seed as usize % members;
        if let Some((_, member)) = json.as_object_mut().unwrap().iter_mut().nth(part) {
            disturb(member, &mut rng);
        }
        let text = json.to_string();
        let Ok(target) = SecurityTarget::from_json(&text) else { continue };
        read += 1;
        let findings = check(&target, builtin::sesip_profile(), &Documents::none());
        found += findings.len();
        assert!(!Report::new("x", "y", &text, findings).to_string().is_empty());
        assert_eq!(diff(&target, &target), []);
        diff(&untouched, &target);
    }
    assert!(read > 200 && found > 500, "the disturbance is no test: {read} read, {found} findings");
}
