//! What two Security Targets say differently. Entries of lists are matched by what identifies them, not by their place.

use dtsec_model::security_target::SecurityTarget;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that one says and the other does not, or says differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where: members and the ids of entries, from the outside in.
    pub place: Vec<String>,
    /// What the first says; none where it is new.
    pub before: Option<Value>,
    /// What the second says; none where it is gone.
    pub after: Option<Value>,
}

/// Everything that differs, in the order of the document.
pub fn diff(before: &SecurityTarget, after: &SecurityTarget) -> Vec<Change> {
    // The types of the model have string keys and no failing serializers.
    let [before, after] = [before, after].map(|target| serde_json::to_value(target).unwrap_or_default());
    let mut changes = Vec::new();
    compare(&mut Vec::new(), Some(&before), Some(&after), &mut changes);
    changes
}

/// The members that an entry of a list is known by: the first that it has, with its companion where it has that too.
const IDENTITIES: [(&str, Option<&str>); 13] = [
    ("id", Some("iteration")),
    ("name", None),
    ("threat", None),
    ("row", None),
    ("note", None),
    ("component", None),
    ("part", Some("statement")),
    ("from", Some("to")),
    ("document", Some("section")),
    ("scheme", Some("number")),
    ("level", None),
    ("section", None),
    ("text", None),
];

/// What an entry of a list is known by.
fn identity(entry: &Value) -> String {
    let text = |member: &str| entry.get(member).and_then(Value::as_str);
    let known = IDENTITIES.iter().find_map(|(member, companion)| {
        let name = text(member)?;
        Some(match (*member, companion.and_then(text)) {
            ("from", Some(to)) => format!("{name} → {to}"),
            (_, Some(more)) => format!("{name} ({more})"),
            (_, None) => name.to_owned(),
        })
    });
    known.unwrap_or_else(|| entry.as_str().map_or_else(|| entry.to_string(), str::to_owned))
}

/// The entries of a list by what they are known by; those that are known by the same are counted.
fn by_identity(entries: &[Value]) -> (Vec<String>, BTreeMap<String, &Value>) {
    let mut order = Vec::new();
    let mut found = BTreeMap::new();
    for entry in entries {
        let name = identity(entry);
        let again = (2..).map(|count| format!("{name} #{count}"));
        let free = std::iter::once(name.clone()).chain(again).find(|name| !found.contains_key(name));
        let name = free.unwrap_or(name);
        order.push(name.clone());
        found.insert(name, entry);
    }
    (order, found)
}

fn compare(
    place: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                place.push(name.clone());
                compare(place, before.get(name), after.get(name), changes);
                place.pop();
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            let ((mut order, before), (more, after)) = (by_identity(before), by_identity(after));
            order.extend(more.into_iter().filter(|name| !before.contains_key(name)));
            for name in order {
                let (before, after) = (before.get(&name).copied(), after.get(&name).copied());
                place.push(name);
                compare(place, before, after, changes);
                place.pop();
            }
        }
        (before, after) => {
            let said = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
            let (before, after) = (said(before), said(after));
            if before != after {
                changes.push(Change { place: place.clone(), before, after });
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (&self.before, &self.after) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '~',
        };
        writeln!(f, "{sign} {}", self.place.join(" / "))?;
        // An entry that is its own name says nothing more.
        let told = |value: &Value| {
            value.as_str().is_some_and(|text| self.place.last().is_some_and(|last| last == text))
        };
        for (sign, value) in [('-', &self.before), ('+', &self.after)] {
            if let Some(value) = value.as_ref().filter(|value| !told(value)) {
                writeln!(f, "    {sign} {}", one_line(value))?;
            }
        }
        Ok(())
    }
}

/// A value as one line of text.
fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(one_line).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let each = members.iter().map(|(name, member)| format!("{name}: {}", one_line(member)));
            each.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}
