//! The corpus: a right Security Target, and edits of it.

// Each test takes what it needs.
#![allow(dead_code)]

use dtsec_conformance::Documents;
use dtsec_model::profile::SesipProfile;
use dtsec_model::security_target::SecurityTarget;
use dtsec_model::{Document, builtin};
use serde::Deserialize;
use serde_json::Value;

pub(crate) const RIGHT: &str = include_str!("../corpus/right.json");
const CASES: &str = include_str!("../corpus/cases.json");

/// The headings of the guidance that the Security Target points to.
const OPERATION: &str =
    "# Operation\n## 1 Roles\n## 2.1 Identity\n## 3 Keeping the device\n## Data\n## Known code\n";
const PREPARATION: &str = "# Preparation\n## Secure boot\n## Debug\n## Provisioning\n";

/// A rule and an edge of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) rule: String,
    pub(crate) case: String,
    pub(crate) wrong: Vec<Edit>,
    pub(crate) right: Vec<Edit>,
    pub(crate) at: Option<String>,
    #[serde(default = "one")]
    pub(crate) count: usize,
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
}

fn one() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    op: String,
    path: String,
    #[serde(default)]
    value: Value,
}

pub(crate) fn cases() -> Vec<Case> {
    serde_json::from_str(CASES).unwrap()
}

/// A Security Target, the profile that it is held against, and the documents that are at hand.
pub(crate) struct Bench {
    pub(crate) target: SecurityTarget,
    pub(crate) profile: SesipProfile,
    pub(crate) documents: Documents,
}

/// The right Security Target with these edits.
pub(crate) fn bench(edits: &[Edit]) -> Bench {
    let mut target: Value = serde_json::from_str(RIGHT).unwrap();
    let mut profile = serde_json::to_value(builtin::sesip_profile()).unwrap();
    let mut documents = Documents::none().with("operation", OPERATION).with("preparation", PREPARATION);
    for Edit { op, path, value } in edits {
        match &**op {
            "document" => documents = documents.with(path, value.as_str().unwrap()),
            "unreadable" => documents = documents.with_unreadable(path, "No such file"),
            "profile" => edit(&mut profile, "replace", path, value),
            "profile-add" => edit(&mut profile, "add", path, value),
            op => edit(&mut target, op, path, value),
        }
    }
    Bench { target: read(&target), profile: read(&profile), documents }
}

fn read<D: Document>(json: &Value) -> D {
    D::from_json(&json.to_string()).unwrap_or_else(|error| panic!("a {}: {error}", D::KIND.name()))
}

fn edit(document: &mut Value, op: &str, path: &str, value: &Value) {
    let tokens: Vec<&str> = path.split('/').skip(1).collect();
    let (last, way) = tokens.split_last().expect("a path");
    let mut place = document;
    for token in way {
        // Members that are left out are made on the way.
        place = match place {
            Value::Array(items) => {
                let at = position(items, token).unwrap_or_else(|| panic!("{path}: there is no {token}"));
                &mut items[at]
            }
            Value::Object(members) => {
                assert!(op != "remove" || members.contains_key(*token), "{path}: there is no {token}");
                members.entry(*token).or_insert_with(|| serde_json::json!({}))
            }
            _ => panic!("{path}: {token} is in no list and no object"),
        };
    }
    match (place, op) {
        (Value::Array(items), "add") if *last == "-" => items.push(value.clone()),
        (Value::Array(items), "add") => items.insert(last.parse().expect(path), value.clone()),
        (Value::Array(items), op) => {
            let at = position(items, last).unwrap_or_else(|| panic!("{path}: there is no {last}"));
            match op {
                "remove" => drop(items.remove(at)),
                "replace" => items[at] = value.clone(),
                _ => panic!("{op} is no edit"),
            }
        }
        (Value::Object(members), "remove") => assert!(members.remove(*last).is_some(), "{path} is not there"),
        (Value::Object(members), "add" | "replace") => {
            drop(members.insert((*last).to_owned(), value.clone()))
        }
        (_, op) => panic!("{path}: {op} does not fit"),
    }
}

/// Where in a list: a number, or `@` and the value of a member.
fn position(items: &[Value], token: &str) -> Option<usize> {
    match token.strip_prefix('@') {
        None => token.parse().ok().filter(|at| *at < items.len()),
        Some(name) => items.iter().position(|item| {
            item.as_object().is_some_and(|members| members.values().any(|value| value.as_str() == Some(name)))
        }),
    }
}
