//! What NIAP's form has no place for: a JSON object in a processing instruction `<?dtsec {…}?>`.

use dtsec_model::operations::NoneMeans;
use serde::{Deserialize, Serialize};

/// What is said beside the form about the element that it stands in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Aside {
    /// The id of the profile, of an element, of an operation or of a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The title of a threat or an objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// The edition of the CC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) criteria: Option<String>,
    /// When the profile was published, as exactly as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<String>,
    /// What is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reservations: Vec<String>,
    /// The components that a requirement depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) dependencies: Vec<String>,
    /// The prompt of a selection; an optional word with its space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prompt: Option<String>,
    /// What "none" means for an assignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) none: Option<NoneMeans>,
    /// The selection is a word that may stay or go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) optional_word: bool,
    /// The section is an assurance package.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) package: bool,
    /// A note ends here and another begins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) next_note: bool,
}

impl Aside {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Aside, String> {
        serde_json::from_str(text.trim())
            .map_err(|error| format!("what is said beside the form is not understood: {error}"))
    }

    /// As a processing instruction; nothing where nothing is said.
    pub(crate) fn instruction(&self) -> String {
        if *self == Aside::default() {
            return String::new();
        }
        // String keys and no failing serializers. `?>` would end the instruction.
        let json = serde_json::to_string(self).unwrap_or_default().replace('>', "\\u003e");
        format!("<?dtsec {json}?>")
    }

    /// Both in one; what the first says stands.
    pub(crate) fn and(self, other: &Aside) -> Aside {
        let more = other.clone();
        let either = |one: Vec<String>, two: Vec<String>| if one.is_empty() { two } else { one };
        Aside {
            id: self.id.or(more.id),
            title: self.title.or(more.title),
            criteria: self.criteria.or(more.criteria),
            date: self.date.or(more.date),
            reservations: either(self.reservations, more.reservations),
            dependencies: either(self.dependencies, more.dependencies),
            prompt: self.prompt.or(more.prompt),
            none: self.none.or(more.none),
            optional_word: self.optional_word || more.optional_word,
            package: self.package || more.package,
            next_note: self.next_note || more.next_note,
        }
    }
}
