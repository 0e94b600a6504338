//! What all documents have in common: a kind, a JSON form, and where in it something is wrong.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a document is; its first member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A CC Protection Profile.
    ProtectionProfile,
    /// A SESIP profile.
    SesipProfile,
    /// A Security Target, of a platform or of a component.
    SecurityTarget,
    /// A bundle of evidence.
    Evidence,
    /// An Evaluation Technical Report.
    EvaluationTechnicalReport,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] = [
        Kind::ProtectionProfile,
        Kind::SesipProfile,
        Kind::SecurityTarget,
        Kind::Evidence,
        Kind::EvaluationTechnicalReport,
    ];

    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::ProtectionProfile => "protection-profile",
            Kind::SesipProfile => "sesip-profile",
            Kind::SecurityTarget => "security-target",
            Kind::Evidence => "evidence",
            Kind::EvaluationTechnicalReport => "evaluation-technical-report",
        }
    }
}

/// Why a text is not the document that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON.
    #[error("line {line}, column {column}: not JSON: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the reader stumbled over.
        message: String,
    },
    /// JSON, but another kind of document.
    #[error("this is a document of kind `{found}`, and not `{expected}`", expected = expected.name())]
    Kind {
        /// What was asked for.
        expected: Kind,
        /// What it says it is; empty where it says nothing.
        found: String,
    },
    /// JSON of that kind, but not of its form.
    #[error("line {line}, at `{path}`: {message}")]
    Form {
        /// The member, as a path.
        path: String,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// A document of the programme.
pub trait Document: Serialize + DeserializeOwned + JsonSchema {
    /// What it is.
    const KIND: Kind;

    /// Reads it from its JSON form.
    fn from_json(text: &str) -> Result<Self, ReadError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(document) => match reader.end() {
                Ok(()) => Ok(document),
                Err(error) => Err(syntax(&error)),
            },
            Err(error) if error.inner().is_data() => Err(Self::why(text, error)),
            Err(error) => Err(syntax(error.inner())),
        }
    }

    /// A document of another kind is told as such, whatever else is wrong with it.
    #[doc(hidden)]
    fn why(text: &str, error: serde_path_to_error::Error<serde_json::Error>) -> ReadError {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            kind: serde_json::Value,
        }
        let head = serde_json::from_str::<Head>(text).ok();
        let found = head.as_ref().and_then(|head| head.kind.as_str()).unwrap_or_default();
        if found != Self::KIND.name() {
            return ReadError::Kind { expected: Self::KIND, found: found.to_owned() };
        }
        let inner = error.inner().to_string();
        // The place is said by the members.
        let message = inner.split(" at line ").next().unwrap_or(&inner).to_owned();
        ReadError::Form { path: error.path().to_string(), line: error.inner().line(), message }
    }

    /// Its JSON form, to be read by people as well.
    fn to_json(&self) -> String {
        // The types of this crate have string keys and no failing serializers.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn syntax(error: &serde_json::Error) -> ReadError {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
    ReadError::Syntax { line: error.line(), column: error.column(), message }
}

/// The `kind` member of one document type: any other value is refused.
macro_rules! kind {
    ($name:ident, $kind:ident, $text:literal) => {
        /// Says what the document is.
        #[derive(
            Debug,
            Clone,
            Copy,
            Default,
            PartialEq,
            Eq,
            serde::Serialize,
            serde::Deserialize,
            schemars::JsonSchema,
        )]
        pub enum $name {
            /// The only value.
            #[default]
            #[serde(rename = $text)]
            $kind,
        }
    };
}
pub(crate) use kind;
