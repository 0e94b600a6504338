//! Forms of commands, made from the shapes that the interface is described with: a field that the domain knows has a field
//! here, and no other. What was typed is kept as it was typed, so that a form that is refused comes back with it.

use super::words;
use crate::api::shapes;
use askama::Template;
use dtsec_registry::domain::Date;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// More items than this and a form is not the way: the interface is.
const MOST_ITEMS: usize = 500;

/// What stands in a form: texts by the path of their field, `text/packages/0/id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Given(BTreeMap<String, Vec<String>>);

impl Given {
    /// The first text of a field; empty where there is none.
    pub(super) fn one(&self, path: &str) -> &str {
        self.0.get(path).and_then(|all| all.first()).map(String::as_str).unwrap_or_default()
    }

    fn all(&self, path: &str) -> &[String] {
        self.0.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Sets a field.
    pub(super) fn set(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.insert(path.into(), vec![text.into()]);
    }

    /// Adds a text to a field.
    pub(super) fn add(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.entry(path.into()).or_default().push(text.into());
    }

    fn count(&self, path: &str) -> usize {
        self.one(&format!("{path}/#")).parse::<usize>().unwrap_or(0).min(MOST_ITEMS)
    }

    /// One more item of a list.
    pub(super) fn more(&mut self, path: &str) {
        let count = self.count(path) + 1;
        self.set(format!("{path}/#"), count.to_string());
    }

    fn begins(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        self.0.keys().any(|key| key == path || key.starts_with(&inside))
    }

    /// Takes a field and all that is in it away.
    pub(super) fn clear(&mut self, path: &str) {
        let inside = format!("{path}/");
        self.0.retain(|key, _| key != path && !key.starts_with(&inside));
    }
}

/// What a page adds to the shape of a command.
#[derive(Debug, Clone, Default)]
pub(super) struct Spec {
    /// Fields that the page has settled: shown, not changed.
    pub(super) fixed: BTreeSet<String>,
    /// What there is to choose from, by path: value and words.
    pub(super) choices: BTreeMap<String, Vec<(String, String)>>,
}

impl Spec {
    /// With a field that is settled.
    pub(super) fn fix(mut self, path: &str) -> Self {
        self.fixed.insert(path.to_owned());
        self
    }

    /// With something to choose from.
    pub(super) fn choose(mut self, path: &str, among: Vec<(String, String)>) -> Self {
        self.choices.insert(path.to_owned(), among);
        self
    }
}

/// A field of a form, or several.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Its path.
    pub(super) path: String,
    /// The id of its element.
    pub(super) element: String,
    /// What it is called.
    pub(super) label: String,
    /// What helps.
    pub(super) hint: &'static str,
    /// It may stay empty.
    pub(super) optional: bool,
    /// What is wrong with it.
    pub(super) problem: Option<String>,
    /// How it is filled in.
    pub(super) what: What,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pick {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
    /// What belongs to it and is filled in only then.
    pub(super) nodes: Vec<Node>,
}

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// It is settled.
    Fixed(String),
    /// A line.
    Line { value: String, kind: &'static str },
    /// A text.
    Long(String),
    /// A file, or the hash of one.
    File(String),
    /// Yes or no.
    Check(bool),
    /// One of several, sent under this name.
    One(String, Vec<Pick>),
    /// One of many.
    Select(Vec<Pick>),
    /// Any of several.
    Any(Vec<Pick>),
    /// A field for each name: the name is settled.
    Named(Vec<(String, String, Node)>),
    /// Several fields.
    Group(Vec<Node>),
    /// Groups, as many as are wanted.
    Repeat(Vec<Node>),
}

#[derive(Template)]
#[template(path = "field.html")]
struct Field<'a> {
    node: &'a Node,
}

impl Node {
    /// As HTML.
    ///
    /// # Errors
    /// Where the template engine fails.
    pub(super) fn html(&self) -> Result<String, askama::Error> {
        Field { node: self }.render()
    }

    /// Whether there is a file in it.
    pub(super) fn has_file(&self) -> bool {
        match &self.what {
            What::File(_) => true,
            What::Group(nodes) | What::Repeat(nodes) => nodes.iter().any(Node::has_file),
            What::Named(all) => all.iter().any(|(_, _, node)| node.has_file()),
            What::One(_, picks) => picks.iter().flat_map(|pick| &pick.nodes).any(Node::has_file),
            _ => false,
        }
    }

    /// The first field that is called so, or whose path ends so.
    pub(super) fn named<'a>(&'a self, field: &str) -> Option<&'a str> {
        let fits = self.path == field || self.path.rsplit('/').next() == field.rsplit(['.', '/']).next();
        let leaf = !matches!(self.what, What::Group(_) | What::Repeat(_));
        if fits && leaf {
            return Some(&self.path);
        }
        match &self.what {
            What::Group(nodes) | What::Repeat(nodes) => nodes.iter().find_map(|node| node.named(field)),
            What::One(_, picks) => {
                picks.iter().flat_map(|pick| &pick.nodes).find_map(|node| node.named(field))
            }
            _ => None,
        }
    }
}

fn all_schemas() -> &'static BTreeMap<String, Value> {
    static MADE: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    MADE.get_or_init(shapes::schemas)
}

/// The shape of a command or decision, and whether it is a decision.
pub(super) fn shape_of(tag: &str) -> Option<(&'static Value, bool)> {
    let all = all_schemas();
    let command = all.get(&format!("Command.{tag}")).map(|schema| (schema, false));
    command.or_else(|| all.get(&format!("Decision.{tag}")).map(|schema| (schema, true)))
}

/// What a schema describes.
enum Shape<'a> {
    Id,
    Digest,
    Date,
    Text,
    Bool,
    Whole,
    Words(Vec<&'a str>),
    Pair(&'a Value),
    List(&'a Value),
    Named(&'a Value),
    Object(Vec<(&'a str, &'a Value, bool)>),
    /// By a tag inside.
    Tagged(&'a str, Vec<(&'a str, &'a Value)>),
    /// A word, or an object of one member.
    Outside(Vec<(&'a str, Option<&'a Value>)>),
}

/// Follows references, and says whether nothing is allowed as well.
fn resolved(mut schema: &Value) -> (&Value, bool) {
    let mut optional = false;
    loop {
        if let Some(first) = schema.get("anyOf").and_then(|all| all.get(0)) {
            (schema, optional) = (first, true);
        } else if let Some(found) = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| all_schemas().get(reference.rsplit('/').next().unwrap_or_default()))
        {
            schema = found;
        } else {
            return (schema, optional);
        }
    }
}

fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn members(schema: &Value) -> Vec<(&str, &Value, bool)> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let first = required.iter().filter_map(|name| Some((*name, properties.get(*name)?, true)));
    let others = properties.iter().filter(|(name, _)| !required.contains(&name.as_str()));
    let all = first.chain(others.map(|(name, schema)| (name.as_str(), schema, false)));
    all.filter(|(_, schema, _)| schema.get("const").is_none()).collect()
}

fn shape(schema: &Value) -> Shape<'_> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Shape::Words(words.iter().filter_map(Value::as_str).collect());
    }
    if let Some(each) = schema.get("oneOf").and_then(Value::as_array) {
        let tag = schema.pointer("/discriminator/propertyName").and_then(Value::as_str);
        return match tag {
            Some(tag) => {
                let variant = |one| {
                    let (schema, _) = resolved(one);
                    Some((schema.pointer(&format!("/properties/{tag}/const"))?.as_str()?, schema))
                };
                Shape::Tagged(tag, each.iter().filter_map(variant).collect())
            }
            None => Shape::Outside(each.iter().filter_map(outside).collect()),
        };
    }
    match text(schema, "type") {
        "boolean" => Shape::Bool,
        "integer" => Shape::Whole,
        "array" => match schema.get("items") {
            Some(items) if schema.get("minItems").is_some() => Shape::Pair(items),
            Some(items) => Shape::List(items),
            None => Shape::Text,
        },
        "object" => match schema.get("additionalProperties").filter(|of| of.is_object()) {
            Some(of) => Shape::Named(of),
            None => Shape::Object(members(schema)),
        },
        _ if text(schema, "format") == "date" => Shape::Date,
        _ => match text(schema, "pattern") {
            "" => Shape::Text,
            pattern if pattern.contains("{64}$") && pattern.contains("a-f") => Shape::Digest,
            _ => Shape::Id,
        },
    }
}

fn outside(one: &Value) -> Option<(&str, Option<&Value>)> {
    if let Some(word) = one.get("const").and_then(Value::as_str) {
        return Some((word, None));
    }
    let (word, schema) = one.get("properties")?.as_object()?.iter().next()?;
    Some((word, Some(schema)))
}

/// Whether items of a list are written one on each line.
fn is_line(items: &Value) -> bool {
    matches!(shape(resolved(items).0), Shape::Id | Shape::Digest | Shape::Text)
}

const LONG: &[&str] = &[
    "text",
    "reasoning",
    "determination",
    "joint-effect",
    "judgement",
    "answer",
    "experience",
    "accreditor",
    "costs",
    "resources",
    "developer",
    "regulator",
    "patient",
    "caregiver",
];

/// A form as it is shown, or read.
pub(super) struct Form<'a> {
    pub(super) given: &'a Given,
    pub(super) spec: &'a Spec,
    /// What the ids of its elements begin with: a page may have several forms.
    pub(super) prefix: &'a str,
    /// What is wrong, by path.
    pub(super) problems: BTreeMap<String, String>,
}

impl<'a> Form<'a> {
    /// Of what is given.
    pub(super) fn new(given: &'a Given, spec: &'a Spec, prefix: &'a str) -> Self {
        Self { given, spec, prefix, problems: BTreeMap::new() }
    }

    fn element(&self, path: &str) -> String {
        let safe = |one: char| if one.is_ascii_alphanumeric() { one } else { '-' };
        format!("{}-{}", self.prefix, path.chars().map(safe).collect::<String>())
    }

    /// The fields.
    pub(super) fn nodes(&self, schema: &Value) -> Vec<Node> {
        members(schema).into_iter().map(|(name, schema, _)| self.node(schema, name, name)).collect()
    }

    fn inner(&self, schema: &Value, path: &str) -> Vec<Node> {
        members(schema)
            .into_iter()
            .map(|(name, schema, _)| self.node(schema, &format!("{path}/{name}"), name))
            .collect()
    }

    fn node(&self, schema: &Value, path: &str, name: &str) -> Node {
        let (schema, optional) = resolved(schema);
        let what = if self.spec.fixed.contains(path) {
            What::Fixed(self.given.all(path).join("\n"))
        } else {
            self.what(schema, path, name, optional)
        };
        let list = matches!(what, What::Long(_)) && matches!(shape(schema), Shape::List(_));
        let hint = if list || !matches!(what, What::Any(_) | What::Long(_)) { words::hint(name) } else { "" };
        Node {
            path: path.to_owned(),
            element: self.element(path),
            label: words::field(name),
            hint,
            optional,
            problem: self.problems.get(path).cloned(),
            what,
        }
    }

    fn picks(&self, among: &[(String, String)], chosen: &[String], may_be_none: bool) -> Vec<Pick> {
        let pick = |value: &str, label: &str| Pick {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: chosen.iter().any(|one| one == value),
            nodes: Vec::new(),
        };
        let none = may_be_none.then(|| pick("", "–"));
        let known = among.iter().map(|(value, label)| pick(value, label));
        // What is chosen and not offered is not lost.
        let others =
            chosen.iter().filter(|one| !one.is_empty() && !among.iter().any(|(value, _)| value == *one));
        none.into_iter().chain(known).chain(others.map(|one| pick(one, one))).collect()
    }

    fn what(&self, schema: &Value, path: &str, name: &str, optional: bool) -> What {
        let given = self.given;
        let value = || given.one(path).to_owned();
        let line = |kind| What::Line { value: value(), kind };
        if let Some(among) = self.spec.choices.get(path) {
            return match shape(schema) {
                Shape::List(_) => What::Any(self.picks(among, &lines(given.all(path)), false)),
                // What has to be chosen and is the only one is chosen.
                _ => {
                    let open = given.one(path).is_empty() && among.len() > 1;
                    What::Select(self.picks(among, given.all(path), optional || open))
                }
            };
        }
        match shape(schema) {
            Shape::Id => line("id"),
            Shape::Digest => What::File(value()),
            Shape::Date => line("date"),
            Shape::Whole => line("number"),
            Shape::Text if LONG.contains(&name) => What::Long(value()),
            Shape::Text => line("text"),
            Shape::Bool => What::Check(given.one(path) == "true"),
            Shape::Words(all) => {
                let among: Vec<_> = all.iter().map(|word| ((*word).to_owned(), words::plain(word))).collect();
                What::One(path.to_owned(), self.picks(&among, given.all(path), false))
            }
            Shape::Pair(items) => What::Group(
                ["profile", "package"]
                    .iter()
                    .enumerate()
                    .map(|(at, name)| {
                        let mut node = self.node(items, &format!("{path}/{at}"), name);
                        node.label = words::plain(name);
                        node.optional = optional;
                        node
                    })
                    .collect(),
            ),
            Shape::List(items) => self.list(resolved(items).0, path),
            Shape::Named(of) => {
                let each = |at: usize| {
                    let path = format!("{path}/{at}");
                    let key = given.one(&format!("{path}/key")).to_owned();
                    let mut node = self.node(of, &path, name);
                    node.label.clone_from(&key);
                    (format!("{path}/key"), key, node)
                };
                What::Named((0..given.count(path)).map(each).collect())
            }
            Shape::Object(_) => What::Group(self.inner(schema, path)),
            Shape::Tagged(tag, each) => {
                let chosen = given.one(&format!("{path}/{tag}"));
                let pick = |(word, schema): (&str, &Value)| Pick {
                    value: word.to_owned(),
                    label: words::plain(word),
                    chosen: chosen == word,
                    // Two variants may have a member of one name.
                    nodes: self.inner(schema, &format!("{path}/{word}")),
                };
                What::One(format!("{path}/{tag}"), each.into_iter().map(pick).collect())
            }
            Shape::Outside(each) => {
                let chosen = given.one(&format!("{path}/@"));
                let pick = |(word, schema): (&str, Option<&Value>)| Pick {
                    value: word.to_owned(),
                    label: words::plain(word),
                    chosen: chosen == word,
                    nodes: schema
                        .map(|schema| self.node(schema, &format!("{path}/{word}"), word))
                        .into_iter()
                        .collect(),
                };
                What::One(format!("{path}/@"), each.into_iter().map(pick).collect())
            }
        }
    }

    fn list(&self, items: &Value, path: &str) -> What {
        let given = self.given;
        if let Shape::Words(all) = shape(items) {
            let among: Vec<_> = all.iter().map(|word| ((*word).to_owned(), words::plain(word))).collect();
            return What::Any(self.picks(&among, given.all(path), false));
        }
        if is_line(items) {
            return What::Long(given.all(path).join("\n"));
        }
        let each = |at: usize| Node {
            path: format!("{path}/{at}"),
            element: self.element(&format!("{path}/{at}")),
            label: format!("{}", at + 1),
            hint: "",
            optional: false,
            problem: None,
            what: What::Group(self.inner(items, &format!("{path}/{at}"))),
        };
        What::Repeat((0..given.count(path).max(1)).map(each).collect())
    }

    fn blank(&self, schema: &Value, path: &str) -> bool {
        let (schema, _) = resolved(schema);
        match shape(schema) {
            Shape::Object(all) => {
                all.iter().all(|(name, schema, _)| self.blank(schema, &format!("{path}/{name}")))
            }
            Shape::Pair(_) => self.given.one(&format!("{path}/0")).trim().is_empty(),
            Shape::List(items)
                if !is_line(resolved(items).0) && !matches!(shape(resolved(items).0), Shape::Words(_)) =>
            {
                (0..self.given.count(path)).all(|at| self.blank(items, &format!("{path}/{at}")))
            }
            Shape::Tagged(tag, _) => self.given.one(&format!("{path}/{tag}")).is_empty(),
            Shape::Outside(_) => self.given.one(&format!("{path}/@")).is_empty(),
            Shape::Named(_) => self.given.count(path) == 0,
            _ => self.given.all(path).iter().all(|text| text.trim().is_empty()),
        }
    }

    /// The command's members. What does not fit is in `problems`.
    pub(super) fn read(&mut self, schema: &Value) -> Map<String, Value> {
        self.object(schema, "")
    }

    fn object(&mut self, schema: &Value, path: &str) -> Map<String, Value> {
        let mut made = Map::new();
        for (name, schema, _) in members(schema) {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            if let Some(value) = self.value(schema, &path) {
                made.insert(name.to_owned(), value);
            }
        }
        made
    }

    fn wrong(&mut self, path: &str, problem: impl Into<String>) -> Option<Value> {
        self.problems.insert(path.to_owned(), problem.into());
        None
    }

    fn value(&mut self, schema: &Value, path: &str) -> Option<Value> {
        let (schema, optional) = resolved(schema);
        if optional && self.blank(schema, path) {
            return None;
        }
        let one = self.given.one(path).trim().to_owned();
        match shape(schema) {
            Shape::Text => Some(Value::String(one)),
            Shape::Id | Shape::Digest | Shape::Date | Shape::Whole if one.is_empty() => {
                self.wrong(path, "Fill this in.")
            }
            kind @ (Shape::Id | Shape::Digest | Shape::Date) => match fits(&kind, &one) {
                Ok(()) => Some(Value::String(one)),
                Err(problem) => self.wrong(path, problem),
            },
            Shape::Whole => match one.parse::<u32>() {
                Ok(number) => Some(Value::from(number)),
                Err(_) => self.wrong(path, format!("`{one}` is not a whole number from 0 on.")),
            },
            Shape::Bool => Some(Value::Bool(one == "true")),
            Shape::Words(all) if all.contains(&one.as_str()) => Some(Value::String(one)),
            Shape::Words(_) => self.wrong(path, "Choose one."),
            Shape::Pair(items) => {
                let both = [0, 1].map(|at| self.value(items, &format!("{path}/{at}")));
                Some(Value::Array(both.into_iter().flatten().collect()))
            }
            Shape::List(items) => Some(Value::Array(self.items(items, path))),
            Shape::Named(of) => {
                let mut made = Map::new();
                for at in 0..self.given.count(path) {
                    let path = format!("{path}/{at}");
                    let key = self.given.one(&format!("{path}/key")).to_owned();
                    if let Some(value) = self.value(of, &path) {
                        made.insert(key, value);
                    }
                }
                Some(Value::Object(made))
            }
            Shape::Object(_) => Some(Value::Object(self.object(schema, path))),
            Shape::Tagged(tag, each) => {
                let chosen = self.given.one(&format!("{path}/{tag}")).to_owned();
                let Some((word, schema)) = each.into_iter().find(|(word, _)| *word == chosen) else {
                    return self.wrong(path, "Choose one.");
                };
                let mut made = self.object(schema, &format!("{path}/{word}"));
                made.insert(tag.to_owned(), Value::String(word.to_owned()));
                Some(Value::Object(made))
            }
            Shape::Outside(each) => {
                let chosen = self.given.one(&format!("{path}/@")).to_owned();
                match each.into_iter().find(|(word, _)| *word == chosen) {
                    None => self.wrong(path, "Choose one."),
                    Some((word, None)) => Some(Value::String(word.to_owned())),
                    Some((word, Some(schema))) => {
                        let value = self.value(schema, &format!("{path}/{word}"))?;
                        Some(Value::Object(Map::from_iter([(word.to_owned(), value)])))
                    }
                }
            }
        }
    }

    fn items(&mut self, items: &Value, path: &str) -> Vec<Value> {
        let (items, _) = resolved(items);
        let kind = shape(items);
        if matches!(kind, Shape::Words(_)) || is_line(items) {
            let mut made = Vec::new();
            for line in lines(self.given.all(path)) {
                if let Err(problem) = fits(&kind, &line) {
                    self.wrong(path, problem);
                }
                if !made.contains(&Value::String(line.clone())) {
                    made.push(Value::String(line));
                }
            }
            return made;
        }
        let mut made = Vec::new();
        for at in 0..self.given.count(path).max(1) {
            let path = format!("{path}/{at}");
            if !self.blank(items, &path) {
                made.extend(self.value(items, &path));
            }
        }
        made
    }
}

fn fits(kind: &Shape<'_>, text: &str) -> Result<(), String> {
    let fits = match kind {
        Shape::Id => {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        }
        Shape::Digest => {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        Shape::Date => text.parse::<Date>().is_ok(),
        _ => true,
    };
    let what = match kind {
        _ if fits => return Ok(()),
        Shape::Id => "an id: 1 to 64 letters, digits, `.`, `-` or `_`",
        Shape::Digest => "the SHA-256 of a file: 64 digits of lower-case hex",
        _ => "a day such as 2030-01-31",
    };
    Err(format!("`{}` is not {what}.", text.chars().take(80).collect::<String>()))
}

fn lines(texts: &[String]) -> Vec<String> {
    let all = texts.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty());
    all.map(str::to_owned).collect()
}

/// Fills a form with a command's members, as JSON.
pub(super) fn spread(schema: &Value, value: &Value, given: &mut Given) {
    for (name, schema, _) in members(schema) {
        if let Some(value) = value.get(name) {
            put(schema, value, name, given);
        }
    }
}

fn put(schema: &Value, value: &Value, path: &str, given: &mut Given) {
    let (schema, _) = resolved(schema);
    let text = || match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let inside = |schema: &Value, path: &str, given: &mut Given| {
        for (name, schema, _) in members(schema) {
            if let Some(value) = value.get(name) {
                put(schema, value, &format!("{path}/{name}"), given);
            }
        }
    };
    match shape(schema) {
        Shape::Pair(items) => {
            for (at, value) in value.as_array().into_iter().flatten().enumerate() {
                put(items, value, &format!("{path}/{at}"), given);
            }
        }
        Shape::List(items) => {
            let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let lines = is_line(resolved(items).0) || matches!(shape(resolved(items).0), Shape::Words(_));
            given.clear(path);
            for (at, value) in all.iter().enumerate() {
                if lines {
                    given.add(path, value.as_str().unwrap_or_default());
                } else {
                    put(items, value, &format!("{path}/{at}"), given);
                }
            }
            if !lines {
                given.set(format!("{path}/#"), all.len().to_string());
            }
        }
        Shape::Named(of) => {
            let all: Vec<_> = value.as_object().into_iter().flatten().collect();
            for (at, (key, value)) in all.iter().enumerate() {
                put(of, value, &format!("{path}/{at}"), given);
                given.set(format!("{path}/{at}/key"), key.as_str());
            }
            given.set(format!("{path}/#"), all.len().to_string());
        }
        Shape::Object(_) => inside(schema, path, given),
        Shape::Tagged(tag, each) => {
            let chosen = value.get(tag).and_then(Value::as_str).unwrap_or_default();
            given.set(format!("{path}/{tag}"), chosen);
            if let Some((word, schema)) = each.into_iter().find(|(word, _)| *word == chosen) {
                inside(schema, &format!("{path}/{word}"), given);
            }
        }
        Shape::Outside(each) => {
            let chosen = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str));
            given.set(format!("{path}/@"), chosen.unwrap_or_default());
            let found = each.into_iter().find(|(word, _)| Some(*word) == chosen);
            if let Some((word, Some(schema))) = found
                && let Some(value) = value.get(word)
            {
                put(schema, value, &format!("{path}/{word}"), given);
            }
        }
        _ => given.set(path, text()),
    }
}

/// A command that has something in every field: whether it could be given at all is asked with it, before its form is shown.
pub(super) fn sample(schema: &Value, given: &Given, spec: &Spec, today: Date) -> Map<String, Value> {
    let mut filled = given.clone();
    for (name, schema, _) in members(schema) {
        complete(schema, name, spec, today, &mut filled);
    }
    Form::new(&filled, spec, "").read(schema)
}

fn complete(schema: &Value, path: &str, spec: &Spec, today: Date, given: &mut Given) {
    let (schema, optional) = resolved(schema);
    if optional && !given.begins(path) {
        return;
    }
    let first = || spec.choices.get(path).and_then(|all| all.first()).map(|(value, _)| value.clone());
    let blank = given.one(path).trim().is_empty();
    let inside = |schema: &Value, path: &str, given: &mut Given| {
        for (name, schema, _) in members(schema) {
            complete(schema, &format!("{path}/{name}"), spec, today, given);
        }
    };
    match shape(schema) {
        Shape::Object(_) => inside(schema, path, given),
        Shape::Tagged(tag, each) => {
            let name = format!("{path}/{tag}");
            let chosen = given.one(&name).to_owned();
            let found = each.iter().find(|(word, _)| *word == chosen).or(each.first());
            if let Some((word, schema)) = found {
                given.set(name, *word);
                inside(schema, &format!("{path}/{word}"), given);
            }
        }
        Shape::Outside(each) if given.one(&format!("{path}/@")).is_empty() => {
            if let Some((word, schema)) = each.first() {
                given.set(format!("{path}/@"), *word);
                if let Some(schema) = schema {
                    complete(schema, &format!("{path}/{word}"), spec, today, given);
                }
            }
        }
        Shape::Pair(items) => {
            for at in 0..2 {
                complete(items, &format!("{path}/{at}"), spec, today, given);
            }
        }
        Shape::List(items)
            if !is_line(resolved(items).0) && !matches!(shape(resolved(items).0), Shape::Words(_)) =>
        {
            given.more(path);
            let last = given.count(path) - 1;
            complete(items, &format!("{path}/{last}"), spec, today, given);
        }
        Shape::List(items) if blank => {
            let word = match shape(resolved(items).0) {
                Shape::Words(all) => all.first().map(|word| (*word).to_owned()),
                Shape::Text => Some("…".to_owned()),
                _ => None,
            };
            if let Some(text) = first().or(word) {
                given.set(path, text);
            }
        }
        _ if !blank => {}
        Shape::Id => given.set(path, first().unwrap_or_else(|| "unknown".to_owned())),
        Shape::Digest => given.set(path, first().unwrap_or_else(|| "0".repeat(64))),
        Shape::Date => given.set(path, today.tomorrow().unwrap_or(today).to_string()),
        Shape::Text => given.set(path, first().unwrap_or_else(|| "…".to_owned())),
        Shape::Whole => given.set(path, "1"),
        Shape::Words(all) => given.set(path, all.first().copied().unwrap_or_default()),
        _ => {}
    }
}
