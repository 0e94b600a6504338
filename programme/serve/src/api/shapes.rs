//! The shapes of commands for the interface's description. They are written down in a short form, made into JSON schemas
//! here, and held against the domain by a test that makes the least and the most of each.

use dtsec_registry::domain::{Command, Decision, Role};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const TEXT: &str = include_str!("shapes.txt");

/// The shape of a value.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Word(&'static str),
    OneOf(Vec<&'static str>),
    List(Box<Shape>, bool),
    Named(Box<Shape>),
    Other(&'static str),
}

/// Members of an object: name, whether it may be left out, shape.
type Members = Vec<(&'static str, bool, Shape)>;

/// A shape with a name.
#[derive(Debug, Clone, PartialEq)]
enum Definition {
    Object(Members),
    /// An object with a tag: its name, and the members for each of its values.
    Tagged(&'static str, Vec<(&'static str, Members)>),
    /// A word, or an object of one member.
    Outside(Vec<(&'static str, Option<Shape>)>),
}

fn shape(text: &'static str) -> Shape {
    let inside =
        |open, close| text.strip_prefix(open).and_then(|rest: &'static str| rest.strip_suffix(close));
    if let Some(of) = inside('[', ']') {
        return Shape::List(Box::new(shape(of)), false);
    }
    if let Some(of) = inside('{', '}') {
        return Shape::List(Box::new(shape(of)), true);
    }
    if let Some(of) = inside('<', '>') {
        return Shape::Named(Box::new(shape(of)));
    }
    if text.contains('|') {
        return Shape::OneOf(text.split('|').collect());
    }
    if text.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        Shape::Other(text)
    } else {
        Shape::Word(text)
    }
}

fn members(words: impl Iterator<Item = &'static str>) -> Members {
    let member = |word: &'static str| {
        let (name, of) = word.split_once(':')?;
        let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        Some((name, optional, shape(of)))
    };
    words.filter_map(member).collect()
}

fn definitions() -> BTreeMap<&'static str, Definition> {
    let mut all = BTreeMap::new();
    for part in TEXT.split("\n@ ").skip(1) {
        let mut lines = part.lines();
        let mut head = lines.next().unwrap_or_default().split(' ');
        let (name, tag) = (head.next().unwrap_or_default(), head.next());
        let lines = lines.filter(|line| !line.is_empty());
        let definition = match tag {
            None => Definition::Object(members(lines.flat_map(|line| line.split(' ')))),
            Some("oneof") => Definition::Outside(
                lines
                    .map(|line| {
                        line.split_once(':').map_or((line, None), |(word, of)| (word, Some(shape(of))))
                    })
                    .collect(),
            ),
            Some(tag) => {
                let variant = |line: &'static str| {
                    let mut words = line.split(' ').skip(1);
                    (words.next().unwrap_or_default(), members(words))
                };
                Definition::Tagged(tag, lines.map(variant).collect())
            }
        };
        all.insert(name, definition);
    }
    all
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schema_of(shape: &Shape) -> Value {
    match shape {
        Shape::Word("id") => json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        Shape::Word("digest") => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
        Shape::Word("date") => json!({ "type": "string", "format": "date" }),
        Shape::Word("bool") => json!({ "type": "boolean" }),
        Shape::Word("whole") => json!({ "type": "integer", "minimum": 0 }),
        Shape::Word(_) => json!({ "type": "string" }),
        Shape::OneOf(words) => json!({ "type": "string", "enum": words }),
        Shape::List(of, distinct) => {
            json!({ "type": "array", "items": schema_of(of), "uniqueItems": distinct })
        }
        Shape::Named(of) => json!({ "type": "object", "additionalProperties": schema_of(of) }),
        Shape::Other("PpAndPackage") => json!({
            "type": "array", "minItems": 2, "maxItems": 2, "items": schema_of(&Shape::Word("id")),
            "description": "A profile, and one of its packages.",
        }),
        Shape::Other(name) => reference(name),
    }
}

fn object(members: &Members, tag: Option<(&str, &str)>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some((name, value)) = tag {
        properties.insert(name.to_owned(), json!({ "const": value }));
        required.push(name.to_owned());
    }
    for (name, optional, shape) in members {
        let mut schema = schema_of(shape);
        if *optional {
            schema = json!({ "anyOf": [schema, { "type": "null" }] });
        } else {
            required.push((*name).to_owned());
        }
        properties.insert((*name).to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// What the domain says of each variant: what it asks for, and who may give it.
type Said = (&'static [(&'static str, &'static str)], &'static [(&'static str, &'static [Role])]);

fn said(name: &str) -> Option<Said> {
    match name {
        "Command" => Some((Command::ABOUT, Command::ROLES)),
        "Decision" => Some((Decision::ABOUT, Decision::ROLES)),
        _ => None,
    }
}

/// A variant with what the domain says of it.
fn described(mut schema: Value, name: &str, value: &str) -> Value {
    let Some((about, roles)) = said(name) else { return schema };
    if let Some((_, text)) = about.iter().find(|(tag, _)| *tag == value) {
        schema["description"] = json!(text.trim());
    }
    if let Some((_, roles)) = roles.iter().find(|(tag, _)| *tag == value) {
        schema["x-roles"] = roles.iter().map(|role| role.name()).collect();
    }
    schema
}

/// The schemas of every command and of what is in it, by name.
pub fn schemas() -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (name, definition) in definitions() {
        let schema = match &definition {
            Definition::Object(members) => object(members, None),
            Definition::Tagged(tag, variants) => {
                let mut mapping = Map::new();
                for (value, members) in variants {
                    let full = format!("{name}.{value}");
                    mapping.insert((*value).to_owned(), json!(format!("#/components/schemas/{full}")));
                    all.insert(full, described(object(members, Some((tag, value))), name, value));
                }
                let each: Vec<Value> =
                    variants.iter().map(|(value, _)| reference(&format!("{name}.{value}"))).collect();
                json!({ "oneOf": each, "discriminator": { "propertyName": tag, "mapping": mapping } })
            }
            Definition::Outside(variants) => {
                let each: Vec<Value> = variants
                    .iter()
                    .map(|(word, of)| match of {
                        None => json!({ "const": word }),
                        Some(of) => json!({
                            "type": "object", "properties": { *word: schema_of(of) }, "required": [word],
                            "additionalProperties": false,
                        }),
                    })
                    .collect();
                json!({ "oneOf": each })
            }
        };
        all.insert(name.to_owned(), schema);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least and the most of a shape, and each variant.
    struct Maker {
        all: BTreeMap<&'static str, Definition>,
        most: bool,
    }

    impl Maker {
        fn of(&self, shape: &Shape) -> Vec<Value> {
            match shape {
                Shape::Word("id") => vec![json!("a.b-c_1")],
                Shape::Word("digest") => vec![json!("0a".repeat(32))],
                Shape::Word("date") => vec![json!("2030-01-31")],
                Shape::Word("bool") => vec![json!(true)],
                Shape::Word("whole") => vec![json!(4)],
                Shape::Word("text") => vec![json!("some text")],
                Shape::Word(other) => panic!("`{other}` is no type"),
                Shape::OneOf(words) => words.iter().map(|word| json!(word)).collect(),
                Shape::List(of, _) if self.most => vec![json!(self.of(of))],
                Shape::List(..) => vec![json!([])],
                Shape::Named(of) if self.most => vec![json!({ "a.b-c_1": self.of(of)[0] })],
                Shape::Named(_) => vec![json!({})],
                Shape::Other("PpAndPackage") => vec![json!(["pp", "package"])],
                Shape::Other(name) => match &self.all[name] {
                    Definition::Object(members) => self.objects(members, None),
                    Definition::Tagged(tag, variants) => variants
                        .iter()
                        .flat_map(|(value, members)| self.objects(members, Some((tag, value))))
                        .collect(),
                    Definition::Outside(variants) => variants
                        .iter()
                        .flat_map(|(word, of)| match of {
                            None => vec![json!(word)],
                            Some(of) => {
                                self.of(of).into_iter().map(|value| json!({ *word: value })).collect()
                            }
                        })
                        .collect(),
                },
            }
        }

        /// An object for each value of its members, the others as they first are.
        fn objects(&self, members: &Members, tag: Option<(&str, &str)>) -> Vec<Value> {
            let wanted: Vec<_> = members.iter().filter(|(_, optional, _)| self.most || !optional).collect();
            let mut first = Map::new();
            if let Some((name, value)) = tag {
                first.insert(name.to_owned(), json!(value));
            }
            for (name, _, shape) in &wanted {
                first.insert((*name).to_owned(), self.of(shape)[0].clone());
            }
            let mut all = vec![Value::Object(first.clone())];
            for (name, _, shape) in &wanted {
                for value in self.of(shape).into_iter().skip(1) {
                    let mut one = first.clone();
                    one.insert((*name).to_owned(), value);
                    all.push(Value::Object(one));
                }
            }
            all
        }
    }

    fn commands(most: bool) -> Vec<Value> {
        Maker { all: definitions(), most }.of(&Shape::Other("Command"))
    }

    #[test]
    fn the_least_and_the_most_of_every_shape_is_a_command_of_the_domain() {
        for value in commands(false).into_iter().chain(commands(true)) {
            let read: Result<Command, _> = serde_json::from_value(value.clone());
            let command = read.unwrap_or_else(|error| panic!("{error}: {value:#}"));
            assert_eq!(command.name(), value["command"]);
            // Nothing of it is overlooked: what the domain writes has every member that was given.
            let written = serde_json::to_value(&command).unwrap();
            for (name, given) in value.as_object().unwrap() {
                assert!(
                    written.get(name).is_some_and(|kept| same(given, kept)),
                    "{name} of {value:#}: {written:#}"
                );
            }
        }
    }

    /// Whether everything that was given was kept.
    fn same(given: &Value, kept: &Value) -> bool {
        match (given, kept) {
            (Value::Object(given), Value::Object(kept)) => {
                given.iter().all(|(name, one)| kept.get(name).is_some_and(|other| same(one, other)))
            }
            (Value::Array(given), Value::Array(kept)) => given.len() == kept.len(),
            _ => given == kept,
        }
    }

    #[test]
    fn every_command_and_decision_has_a_shape_and_no_member_may_be_left_out() {
        let all = definitions();
        let tags = |name| match &all[name] {
            Definition::Tagged(_, variants) => variants.iter().map(|(value, _)| *value).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(tags("Command"), Command::NAMES);
        assert_eq!(tags("Decision"), Decision::NAMES);
        for value in commands(false) {
            for name in value.as_object().unwrap().keys() {
                let mut less = value.clone();
                less.as_object_mut().unwrap().remove(name);
                assert!(serde_json::from_value::<Command>(less).is_err(), "{name} of {value} is not needed");
            }
        }
    }
}
