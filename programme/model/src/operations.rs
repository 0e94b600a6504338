//! A requirement's statement, with the operations that CC and the SESIP profile know: assignment, selection, optional
//! word, fixed refinement; and their completion in a Security Target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A statement: text and operations, in their order.
pub type Statement = Vec<Segment>;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Segment {
    /// Text that stands.
    Text(String),
    /// Something to be done with it.
    Operation(Operation),
}

/// An operation on a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// To be filled in.
    Assignment(Assignment),
    /// To be chosen from.
    Selection(Selection),
    /// A word that may stay or go.
    Option(OptionalWord),
    /// Filled in by the profile (bold there): stays as it is.
    Fixed(String),
}

/// Something to be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Assignment {
    /// Stable id, unique in the requirement.
    pub id: String,
    /// What is asked for.
    pub prompt: String,
    /// What the value "none" means.
    #[serde(default, skip_serializing_if = "NoneMeans::is_default")]
    pub none: NoneMeans,
}

/// What the value "none" means for a requirement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoneMeans {
    /// The value stands like any other: an exception that is not made, say.
    #[default]
    Nothing,
    /// The profile forbids it.
    Forbidden,
    /// The requirement is cancelled.
    CancelsRequirement,
}

impl NoneMeans {
    fn is_default(&self) -> bool {
        *self == NoneMeans::default()
    }
}

/// Something to be chosen from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Selection {
    /// Stable id, unique in the requirement.
    pub id: String,
    /// What is asked for.
    pub prompt: String,
    /// What there is; at least one must be chosen.
    pub options: Vec<String>,
    /// Whether exactly one must be chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_one: bool,
}

/// A word that may stay or go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OptionalWord {
    /// Stable id, unique in the requirement.
    pub id: String,
    /// The word.
    pub text: String,
}

/// What a Security Target gives for an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// For an assignment; for an optional word, true where it stays.
    Included(bool),
    /// For an assignment.
    Text(String),
    /// For a selection, what was chosen; for an assignment, a list.
    List(Vec<String>),
}

/// The values of a requirement, by the ids of its operations.
pub type Values = BTreeMap<String, Value>;

impl Value {
    /// Whether it is the word "none".
    pub fn is_none(&self) -> bool {
        let none = |text: &str| text.trim().trim_matches(['*', '_', '.']).eq_ignore_ascii_case("none");
        match self {
            Value::Text(text) => none(text),
            Value::List(items) => matches!(&items[..], [only] if none(only)),
            Value::Included(_) => false,
        }
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Text(text) => text.trim().is_empty(),
            Value::List(items) => items.iter().all(|item| item.trim().is_empty()),
            Value::Included(_) => false,
        }
    }

    /// Each text in it.
    pub fn texts(&self) -> &[String] {
        match self {
            Value::Text(text) => std::slice::from_ref(text),
            Value::List(items) => items,
            Value::Included(_) => &[],
        }
    }

    /// As it stands in a sentence.
    pub fn sentence(&self) -> String {
        match self.texts() {
            [] => String::new(),
            [one] => one.clone(),
            [most @ .., last] => format!("{} and {last}", most.join(", ")),
        }
    }
}

impl Operation {
    /// Its id; none where there is nothing to give.
    pub fn id(&self) -> Option<&str> {
        match self {
            Operation::Assignment(Assignment { id, .. })
            | Operation::Selection(Selection { id, .. })
            | Operation::Option(OptionalWord { id, .. }) => Some(id),
            Operation::Fixed(_) => None,
        }
    }
}

/// The operations of a statement, in their order.
pub fn operations(statement: &[Segment]) -> impl Iterator<Item = &Operation> {
    statement.iter().filter_map(|segment| match segment {
        Segment::Operation(operation) => Some(operation),
        Segment::Text(_) => None,
    })
}

/// The operation of this id.
pub fn operation<'s>(statement: &'s [Segment], id: &str) -> Option<&'s Operation> {
    operations(statement).find(|operation| operation.id() == Some(id))
}

/// A piece of a completed statement: what stood there, and what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// Text of the profile.
    Text(String),
    /// Fixed by the profile.
    Fixed(String),
    /// Given by the Security Target.
    Given(String),
    /// Not given.
    Missing(String),
}

/// Completes a statement with these values.
pub fn complete(statement: &[Segment], values: &Values) -> Vec<Completed> {
    let each = statement.iter().filter_map(|segment| match segment {
        Segment::Text(text) => Some(Completed::Text(text.clone())),
        Segment::Operation(Operation::Fixed(text)) => Some(Completed::Fixed(text.clone())),
        Segment::Operation(Operation::Option(OptionalWord { id, text })) => match values.get(id) {
            Some(Value::Included(true)) => Some(Completed::Given(text.clone())),
            Some(Value::Included(false)) => None,
            _ => Some(Completed::Missing(text.clone())),
        },
        Segment::Operation(Operation::Assignment(Assignment { id, prompt, .. }))
        | Segment::Operation(Operation::Selection(Selection { id, prompt, .. })) => match values.get(id) {
            Some(value) if !value.is_empty() => Some(Completed::Given(value.sentence())),
            _ => Some(Completed::Missing(prompt.clone())),
        },
    });
    each.collect()
}

/// A completed statement in one line; what is missing stands in angle brackets, as in a profile.
pub fn sentence(completed: &[Completed]) -> String {
    let mut text = String::new();
    for piece in completed {
        // Writing to a string does not fail.
        let _ = match piece {
            Completed::Text(piece) | Completed::Fixed(piece) | Completed::Given(piece) => {
                write!(text, "{piece}")
            }
            Completed::Missing(prompt) => write!(text, "<{prompt}>"),
        };
    }
    // An optional word that went leaves two spaces.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        serde_json::from_str(
            r#"["Keeps the ", {"option": {"id": "confidentiality", "text": "confidentiality, "}},
               "integrity of ", {"assignment": {"id": "data", "prompt": "list of data", "none": "cancels-requirement"}},
               " against ", {"selection": {"id": "attacks", "prompt": "attacks", "options": ["replay", "erasure"]}},
               " from the ", {"fixed": "End User Device"}, "."]"#,
        )
        .unwrap()
    }

    fn values(json: &str) -> Values {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_statement_is_completed_with_the_values_given() {
        let all = values(r#"{"confidentiality": true, "data": ["a", "b", "c"], "attacks": ["replay"]}"#);
        assert_eq!(
            sentence(&complete(&statement(), &all)),
            "Keeps the confidentiality, integrity of a, b and c against replay from the End User Device."
        );
        let without =
            values(r#"{"confidentiality": false, "data": "all", "attacks": ["replay", "erasure"]}"#);
        assert_eq!(
            sentence(&complete(&statement(), &without)),
            "Keeps the integrity of all against replay and erasure from the End User Device."
        );
    }

    #[test]
    fn what_is_not_given_stands_in_angle_brackets() {
        assert_eq!(
            sentence(&complete(&statement(), &values(r#"{"data": " "}"#))),
            "Keeps the <confidentiality, >integrity of <list of data> against <attacks> from the End User Device."
        );
    }

    #[test]
    fn none_is_known_however_it_is_written_and_nothing_else_is_none() {
        for none in [r#""none""#, r#""None""#, r#"" *none* ""#, r#"["none"]"#, r#""none.""#] {
            assert!(serde_json::from_str::<Value>(none).unwrap().is_none(), "{none}");
        }
        for other in [r#""nonetheless""#, r#"["none", "AES"]"#, "true", r#""""#] {
            assert!(!serde_json::from_str::<Value>(other).unwrap().is_none(), "{other}");
        }
    }

    #[test]
    fn a_statement_survives_its_json_form() {
        let statement = statement();
        let text = serde_json::to_string(&statement).unwrap();
        assert_eq!(serde_json::from_str::<Statement>(&text).unwrap(), statement);
        assert_eq!(
            operations(&statement).filter_map(Operation::id).collect::<Vec<_>>(),
            ["confidentiality", "data", "attacks"]
        );
    }
}
