//! What a server answered, as JSON or for people.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// What the server answered.
pub(super) struct Shown(pub(super) Value);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = &self.0;
        if value.get("detail").is_some() && value.get("remedy").is_some() {
            return refused(f, value);
        }
        if value.get("done").and_then(Value::as_bool) == Some(true) {
            return f.write_str("done");
        }
        if value.get("rehearsed").and_then(Value::as_bool) == Some(true) {
            return f.write_str("it would be carried out now; nothing was done");
        }
        if let (Some(changed), Some(repeated)) = (value.get("changed"), value.get("repeated")) {
            return outcome(f, value, changed, repeated == true);
        }
        match value.get("items").and_then(Value::as_array).or(value.as_array()) {
            None => tree(f, value, 0),
            Some(items) => {
                for item in items {
                    writeln!(f, "{}", line(item))?;
                }
                match value.get("next").and_then(Value::as_str) {
                    Some(next) => write!(f, "more: --after {next}"),
                    None => write!(f, "{} shown, and no more", items.len()),
                }
            }
        }
    }
}

fn refused(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    write!(f, "refused: {}\n  number {}", plain(&value["detail"]), plain(&value["number"]))?;
    for name in ["rule", "field"] {
        if let Some(value) = value.get(name) {
            write!(f, ", {name} {}", plain(value))?;
        }
    }
    write!(f, "\n  {}", plain(&value["remedy"]))
}

fn outcome(f: &mut fmt::Formatter<'_>, value: &Value, changed: &Value, repeated: bool) -> fmt::Result {
    let number = plain(&value["first"]);
    if repeated {
        return write!(f, "done before, as number {number}: nothing happened now");
    }
    write!(f, "done, number {number}: {} ({})", words(&value["events"]), words(changed))
}

fn words(list: &Value) -> String {
    list.as_array().into_iter().flatten().map(plain).collect::<Vec<_>>().join(", ")
}

/// A value in a word or a few.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(_) => words(value),
        Value::Object(_) => format!("({})", line(value)),
        other => other.to_string(),
    }
}

/// What is read first in a row; the rest follows by name.
const FIRST: [&str; 7] = ["number", "id", "what", "event", "todo", "title", "state"];

/// A row of a list on a line.
fn line(item: &Value) -> String {
    let Value::Object(all) = item else { return plain(item) };
    let first = FIRST.iter().filter_map(|name| all.get_key_value(*name));
    let others = all.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    let shown = first.chain(others).filter(|(_, value)| !value.is_null());
    shown.map(|(name, value)| format!("{name}: {}", plain(value))).collect::<Vec<_>>().join(", ")
}

/// What has parts, indented; what is empty is left out.
fn tree(f: &mut fmt::Formatter<'_>, value: &Value, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    let is_small = |value: &Value| match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    };
    match value {
        Value::Object(all) => {
            for (name, value) in all {
                match value {
                    Value::Null => {}
                    Value::Object(inside) if inside.is_empty() => {}
                    Value::Array(inside) if inside.is_empty() => {}
                    value if is_small(value) => writeln!(f, "{indent}{name}: {}", plain(value))?,
                    value => {
                        writeln!(f, "{indent}{name}:")?;
                        tree(f, value, depth + 1)?;
                    }
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| writeln!(f, "{indent}- {}", line(item))),
        value => writeln!(f, "{indent}{}", plain(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_says_what_was_wrong_where_and_what_to_do() {
        let problem = json!({ "detail": "`days`: 1 to 365 are possible", "number": 13, "field": "days", "remedy": "Correct it." });
        let text = Shown(problem).to_string();
        assert_eq!(text, "refused: `days`: 1 to 365 are possible\n  number 13, field days\n  Correct it.");
    }

    #[test]
    fn what_was_done_is_said_in_a_line_and_parts_are_indented() {
        let done = json!({ "first": 7, "events": ["st-submitted"], "changed": ["st/a"], "repeated": false });
        assert_eq!(Shown(done.clone()).to_string(), "done, number 7: st-submitted (st/a)");
        let mut again = done;
        again["repeated"] = json!(true);
        assert!(Shown(again).to_string().starts_with("done before, as number 7"));
        let part = json!({ "id": "a", "state": { "text": { "claims": ["x", "y"], "revises": null } } });
        assert_eq!(Shown(part).to_string(), "id: a\nstate:\n  text:\n    claims: x, y\n");
        let page = json!({ "items": [{ "id": "a", "lab": null }], "next": "n" });
        assert_eq!(Shown(page).to_string(), "id: a\nmore: --after n");
        let row = json!({ "by": "ann", "number": 7, "basis": { "by": "evaluated" } });
        assert_eq!(
            Shown(json!([row])).to_string(),
            "number: 7, basis: (by: evaluated), by: ann\n1 shown, and no more"
        );
        assert!(Shown(json!({ "rehearsed": true })).to_string().starts_with("it would be"));
    }
}
