//! What commands there are, with their fields: as the server's own description has them.

use std::fmt::{self, Write as _};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A command, or a decision that two members of the working group take together.
#[derive(Serialize)]
pub(super) struct Described {
    name: String,
    /// `command`, or `decision`: that one is proposed and confirmed.
    kind: &'static str,
    about: String,
    roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skeleton: Option<Value>,
    #[serde(skip)]
    fields: String,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Catalogue {
    All {
        commands: Vec<Described>,
    },
    One(Box<Described>),
    /// Something to fill in.
    Skeleton(Value),
}

/// Schemas with names, where references lead.
struct Schemas<'a>(&'a Map<String, Value>);

impl Catalogue {
    /// Everything that the description names.
    pub(super) fn all(description: &Value) -> anyhow::Result<Self> {
        let schemas = Schemas::of(description)?;
        let mut commands = Vec::new();
        for (full, schema) in schemas.0 {
            if let Some((kind, name)) = kind(full) {
                commands.push(described(kind, name, schema));
            }
        }
        Ok(Self::All { commands })
    }

    /// The command or decision of this name; none where there is no such.
    pub(super) fn one(description: &Value, name: &str, skeleton: bool) -> anyhow::Result<Option<Self>> {
        let schemas = Schemas::of(description)?;
        let found = ["Command", "Decision"].into_iter().find_map(|kind| {
            let full = format!("{kind}.{name}");
            schemas.0.get_key_value(&full)
        });
        let Some((full, schema)) = found else { return Ok(None) };
        let (kind, _) = kind(full).context("the description of the interface")?;
        let made = schemas.skeleton(schema);
        if skeleton {
            return Ok(Some(Self::Skeleton(made)));
        }
        let mut one = described(kind, name, schema);
        schemas.fields(&mut one.fields, schema, 1);
        (one.schema, one.skeleton) = (Some(schema.clone()), Some(made));
        Ok(Some(Self::One(Box::new(one))))
    }
}

fn kind(full: &str) -> Option<(&'static str, &str)> {
    let (kind, name) = full.split_once('.')?;
    match kind {
        "Command" => Some(("command", name)),
        "Decision" => Some(("decision", name)),
        _ => None,
    }
}

fn described(kind: &'static str, name: &str, schema: &Value) -> Described {
    let roles = schema["x-roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Described {
        name: name.to_owned(),
        kind,
        about: schema["description"].as_str().unwrap_or_default().to_owned(),
        roles: roles.map(str::to_owned).collect(),
        schema: None,
        skeleton: None,
        fields: String::new(),
    }
}

impl<'a> Schemas<'a> {
    fn of(description: &'a Value) -> anyhow::Result<Self> {
        let schemas = description.pointer("/components/schemas").and_then(Value::as_object);
        schemas.map(Self).context("the server's description of its interface has no schemas")
    }

    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        name.and_then(|name| self.0.get(name)).unwrap_or(schema)
    }

    /// What a value is, in a word; its fields follow on lines of their own.
    fn word(&self, schema: &'a Value) -> String {
        let schema = self.resolved(schema);
        if let Some(only) = schema.get("const") {
            return only.as_str().unwrap_or_default().to_owned();
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
        }
        if schema.get("oneOf").is_some() {
            return "one of".to_owned();
        }
        match (schema["type"].as_str().unwrap_or_default(), schema["format"].as_str()) {
            ("array", _) => {
                let of = schema.get("items").map(|items| self.word(items)).unwrap_or_default();
                let distinct = schema["uniqueItems"] == true;
                format!("list of {of}{}", if distinct { ", each once" } else { "" })
            }
            ("object", _) => match schema.get("additionalProperties") {
                Some(of) if of.is_object() => format!("by id: {}", self.word(of)),
                _ => "object".to_owned(),
            },
            ("string", Some("date")) => "day, YYYY-MM-DD".to_owned(),
            ("string", _) => match schema["pattern"].as_str() {
                Some(pattern) if pattern.contains("{64}") => "SHA-256 of a document".to_owned(),
                Some(_) => "id".to_owned(),
                None => "text".to_owned(),
            },
            (other, _) => other.to_owned(),
        }
    }

    /// What an optional schema says where it is given.
    fn given(schema: &'a Value) -> &'a Value {
        let either = schema["anyOf"].as_array();
        either.and_then(|either| either.iter().find(|one| one["type"] != "null")).unwrap_or(schema)
    }

    fn fields(&self, out: &mut String, schema: &'a Value, depth: usize) {
        let schema = self.resolved(schema);
        let indent = "  ".repeat(depth);
        if let Some(items) = schema.get("items") {
            return self.fields(out, items, depth);
        }
        if let Some(of) = schema.get("additionalProperties").filter(|of| of.is_object()) {
            return self.fields(out, of, depth);
        }
        if let Some(variants) = schema["oneOf"].as_array() {
            for variant in variants {
                let variant = self.resolved(variant);
                // Decisions have a name, by which they are asked for.
                if let Some(name) = variant.pointer("/properties/decision/const").and_then(Value::as_str) {
                    // Writing to a string cannot fail.
                    let _ = writeln!(out, "{indent}{name}");
                } else if variant.get("properties").is_some() {
                    let _ = writeln!(out, "{indent}either");
                    self.fields(out, variant, depth + 1);
                } else {
                    let _ = writeln!(out, "{indent}either {}", self.word(variant));
                }
            }
            return;
        }
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
        for (name, inside) in schema["properties"].as_object().into_iter().flatten() {
            let needed = required(name);
            let inside = Self::given(inside);
            let note = if needed { "" } else { " (may be left out)" };
            let _ = writeln!(out, "{indent}{name}: {}{note}", self.word(inside));
            self.fields(out, inside, depth + 1);
        }
    }

    /// The least that is needed, to be filled in.
    fn skeleton(&self, schema: &'a Value) -> Value {
        let schema = self.resolved(schema);
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        if let Some(first) = schema["oneOf"].get(0) {
            return self.skeleton(first);
        }
        match schema["type"].as_str().unwrap_or_default() {
            "array" => {
                let least = schema["minItems"].as_u64().unwrap_or(1);
                let one = schema.get("items").map(|items| self.skeleton(items)).unwrap_or_default();
                (0..least).map(|_| one.clone()).collect()
            }
            "object" => {
                if let Some(of) = schema.get("additionalProperties").filter(|of| of.is_object()) {
                    return json!({ "ID": self.skeleton(of) });
                }
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let made = required.map(|name| (name.to_owned(), self.skeleton(&schema["properties"][name])));
                Value::Object(made.collect())
            }
            "boolean" => json!(false),
            "integer" => json!(0),
            _ => match (schema["format"].as_str(), schema["pattern"].as_str()) {
                (Some("date"), _) => json!("YYYY-MM-DD"),
                (_, Some(pattern)) if pattern.contains("{64}") => json!("SHA-256"),
                (_, Some(_)) => json!("ID"),
                _ => json!("TEXT"),
            },
        }
    }
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All { commands } => {
                for kind in ["command", "decision"] {
                    writeln!(f, "{kind}s:")?;
                    for one in commands.iter().filter(|one| one.kind == kind) {
                        writeln!(f, "  {:24} {} [{}]", one.name, one.about, one.roles.join(", "))?;
                    }
                }
                f.write_str(
                    "`dtsec registry commands NAME` shows the fields of one, --skeleton something to fill in",
                )
            }
            Self::One(one) => {
                writeln!(f, "{}: {}", one.name, one.about)?;
                writeln!(f, "by: {}", one.roles.join(", "))?;
                write!(f, "{}", one.fields)?;
                match one.kind {
                    "decision" => {
                        f.write_str("given with: dtsec registry propose FILE --reason TEXT, then confirm")
                    }
                    _ => f.write_str("given with: dtsec registry give FILE --reason TEXT"),
                }
            }
            Self::Skeleton(value) => write!(f, "{value:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtsec_registry::domain::{Command, Decision};

    #[test]
    fn every_command_of_the_description_is_listed_and_has_fields_and_a_skeleton() {
        let description = dtsec_serve::api::openapi();
        let Catalogue::All { commands } = Catalogue::all(description).unwrap() else { panic!("no list") };
        assert_eq!(commands.len(), Command::NAMES.len() + Decision::NAMES.len());
        for one in &commands {
            let Some(Catalogue::One(found)) = Catalogue::one(description, &one.name, false).unwrap() else {
                panic!("{}", one.name)
            };
            assert!(!found.about.is_empty() && !found.roles.is_empty() && !found.fields.is_empty());
            let skeleton = found.skeleton.as_ref().unwrap();
            assert_eq!(skeleton[one.kind], json!(one.name));
        }
        assert!(Catalogue::one(description, "no-such", false).unwrap().is_none());
    }

    #[test]
    fn the_fields_of_a_command_say_what_each_is_and_what_may_be_left_out() {
        let Some(one) = Catalogue::one(dtsec_serve::api::openapi(), "submit-st", false).unwrap() else {
            panic!("it is a command")
        };
        let text = one.to_string();
        for line in [
            "by: developer",
            "    document: SHA-256 of a document",
            "    confidentiality: public | confidential",
            "    claims: list of text, each once",
            "    revises: id (may be left out)",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
