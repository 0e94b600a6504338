//! What a case holds, as lines for people: whatever the domain keeps is shown, in an order that makes sense.

use super::words;
use askama::Template;
use serde_json::Value;

/// A fact of a case.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: Shown,
}

/// How a value is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Text(String),
    /// A document, and where it is opened.
    Document {
        digest: String,
        to: String,
    },
    /// A case, and where it is shown.
    Case {
        id: String,
        to: String,
    },
    State {
        text: String,
        tone: &'static str,
    },
    List(Vec<Shown>),
    Facts(Vec<Fact>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<Shown>>,
    },
}

#[derive(Template)]
#[template(path = "shown.html")]
struct OneShown<'a> {
    shown: &'a Shown,
}

impl Shown {
    /// As HTML.
    ///
    /// # Errors
    /// Where the template engine fails.
    pub(super) fn html(&self) -> Result<String, askama::Error> {
        OneShown { shown: self }.render()
    }
}

/// What comes first. What is not here comes after, by name.
const ORDER: &[&str] = &[
    "product",
    "title",
    "name",
    "version",
    "st-version",
    "developer",
    "organisation",
    "identity",
    "decision",
    "by",
    "at",
    "reason",
    "lab",
    "lab-organisation",
    "entry",
    "st",
    "class",
    "profile",
    "kind",
    "state",
    "reporter",
    "reported",
    "report",
    "entries",
    "developers",
    "conflicts",
    "application",
    "accreditation",
    "competence",
    "form",
    "text",
    "document",
    "packages",
    "requirements",
    "due",
    "sample",
    "conductor",
    "drawn",
    "evidence",
    "results",
];

/// Said elsewhere on the page.
const LEFT_OUT: &[&str] = &["id", "history", "comments", "views", "kind-of"];

/// The facts of a case. `case` is `KIND/ID`: where its documents are.
pub(super) fn facts(case: &str, state: &Value) -> Vec<Fact> {
    let Some(all) = state.as_object() else { return Vec::new() };
    let mut names: Vec<&String> = all.keys().filter(|name| !LEFT_OUT.contains(&name.as_str())).collect();
    let place = |name: &str| ORDER.iter().position(|one| *one == name).unwrap_or(ORDER.len());
    names.sort_by_key(|name| place(name));
    let fact = |name: &String| {
        let value = all.get(name).filter(|value| !is_empty(value))?;
        Some(Fact { label: short(name), value: shown(case, name, value) })
    };
    names.into_iter().filter_map(fact).collect()
}

fn short(name: &str) -> String {
    match name {
        "identity" => "Identity".to_owned(),
        "touches" => "Touches".to_owned(),
        "reasoning" => "Why".to_owned(),
        "what" => "What".to_owned(),
        _ => words::field(name),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

/// The kind of case that a field names.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "st" | "revises" => "st",
        "lab" => "lab",
        "entry" | "base" | "revalidates" | "entries" | "certified-parts" | "de-facto" => "entry",
        "evaluation" => "evaluation",
        "agreement" => "agreement",
        "request" | "requests" | "together-with" => "request",
        "vulnerability" | "open" | "conflicted" => "vulnerability",
        "audit" => "audit",
        "pp" | "supersedes" => "pp",
        "class" => "class",
        _ => return None,
    })
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn shown(case: &str, name: &str, value: &Value) -> Shown {
    match value {
        Value::String(text)
            if is_digest(text) && !matches!(name, "dwg" | "developer" | "commitment" | "share" | "hash") =>
        {
            Shown::Document { digest: text.clone(), to: format!("/documents/{case}/{text}") }
        }
        Value::String(text) => match kind_of(name) {
            Some(kind) => Shown::Case { id: text.clone(), to: super::act::address_of(kind, text) },
            None if matches!(
                name,
                "verdict"
                    | "effect"
                    | "severity"
                    | "standing"
                    | "confidentiality"
                    | "outcome"
                    | "kind"
                    | "decision"
            ) =>
            {
                Shown::Text(words::plain(text))
            }
            None => Shown::Text(moment(text)),
        },
        Value::Bool(yes) => Shown::Text(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Array(all) if !all.is_empty() && all.iter().all(Value::is_object) => table(case, all),
        Value::Array(all) => Shown::List(all.iter().map(|one| shown(case, name, one)).collect()),
        Value::Object(all) if name == "state" && all.len() == 1 => {
            let words::State { text, tone } =
                words::state(all.get("state").and_then(Value::as_str).unwrap_or_default());
            Shown::State { text, tone }
        }
        Value::Object(_) => Shown::Facts(facts(case, value)),
        other => Shown::Text(other.to_string()),
    }
}

/// A moment to the minute; any other text as it is.
pub(super) fn moment(text: &str) -> String {
    let fits = text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    if fits { format!("{} {} UTC", &text[..10], &text[11..16]) } else { text.to_owned() }
}

fn table(case: &str, all: &[Value]) -> Shown {
    let mut names: Vec<&String> =
        all.iter().filter_map(Value::as_object).flat_map(|one| one.keys()).collect();
    let place =
        |name: &str| ORDER.iter().chain(&["what", "id"]).position(|one| *one == name).unwrap_or(ORDER.len());
    names.sort();
    names.dedup();
    names.sort_by_key(
        |name| if name.as_str() == "id" || name.as_str() == "what" { 0 } else { place(name) + 1 },
    );
    let head = names.iter().map(|name| short(name)).collect();
    let cell = |one: &Value, name: &String| match one.get(name).filter(|value| !is_empty(value)) {
        Some(value) if name == "id" => Shown::Text(value.as_str().unwrap_or_default().to_owned()),
        Some(value) => shown(case, name, value),
        None => Shown::Text("–".to_owned()),
    };
    let rows = all.iter().map(|one| names.iter().map(|name| cell(one, name)).collect()).collect();
    Shown::Table { head, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_that_is_not_empty_is_shown_and_documents_and_cases_lead_there() {
        let digest = "0a".repeat(32);
        let state = json!({
            "id": "ev", "st": "st-1", "document": digest, "state": { "state": "planned" }, "agreement": null,
            "units": [{ "id": "a", "verdict": "pass" }],
        });
        let all = facts("evaluation/ev", &state);
        let of = |label: &str| all.iter().find(|one| one.label == label).map(|one| one.value.clone());
        assert_eq!(
            of("Security Target"),
            Some(Shown::Case { id: "st-1".to_owned(), to: "/cases/st/st-1".to_owned() })
        );
        assert_eq!(
            of("Document"),
            Some(Shown::Document { to: format!("/documents/evaluation/ev/{digest}"), digest })
        );
        assert_eq!(of("State"), Some(Shown::State { text: "Planned".to_owned(), tone: "calm" }));
        assert!(matches!(of("Units"), Some(Shown::Table { .. })));
        assert_eq!(of("Agreement"), None);
    }

    #[test]
    fn moments_are_shown_to_the_minute() {
        assert_eq!(moment("2030-01-01T12:00:00Z"), "2030-01-01 12:00 UTC");
        assert_eq!(moment("a text"), "a text");
    }
}
