//! in-toto Statements v1: what was found (the predicate) about which images (the subjects).

use dtsec_model::evidence::{EvidenceBundle, Image};
use dtsec_model::{Document as _, ReadError, canonical};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The type of every in-toto Statement v1.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What the predicate is: an evidence bundle of this programme. The number grows when a member changes its meaning. A
/// name and no address: the programme has no domain that it could promise to keep.
pub const PREDICATE_TYPE: &str = "urn:dtsec:evidence:v1";

/// Why something is no statement of ours.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Not JSON of that form.
    #[error("the payload is no in-toto Statement: {0}")]
    Json(#[from] serde_json::Error),
    /// Another statement, or another version of it.
    #[error("the payload is of type `{found}`, and only `{STATEMENT_TYPE}` is known")]
    StatementType {
        /// What it says.
        found: String,
    },
    /// About something else.
    #[error(
        "the predicate is of type `{found}`, and only `{PREDICATE_TYPE}` is known; was this made by another tool?"
    )]
    PredicateType {
        /// What it says.
        found: String,
    },
    /// The predicate is no evidence bundle.
    #[error("the predicate is no evidence: {0}")]
    Predicate(#[from] ReadError),
    /// Nothing was tested.
    #[error(
        "run `{run}` names no image: evidence that says not of what is evidence of nothing; name the images"
    )]
    NoImages {
        /// The run.
        run: String,
    },
    /// Two images of one name.
    #[error("run `{run}` has two images called `{part}`; each subject needs a name of its own")]
    RepeatedImage {
        /// The run.
        run: String,
        /// The name.
        part: String,
    },
    /// Two results of one test.
    #[error(
        "run `{run}` has two results of `{test}`, and `{run}/{test}` would cite both; name the tests apart"
    )]
    RepeatedResult {
        /// The run.
        run: String,
        /// The test.
        test: String,
    },
    /// A digest that is none.
    #[error("the SHA-256 of `{part}` is `{found}`, and has to be 64 lower-case hex digits")]
    Digest {
        /// The image.
        part: String,
        /// What stands there.
        found: String,
    },
    /// Subjects and predicate speak of different images.
    #[error("the subjects are not the images of the run: {difference}; one of them was altered")]
    Subjects {
        /// The first difference.
        difference: String,
    },
}

/// An image that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// The part of the platform, or the application.
    pub name: String,
    /// Algorithm and digest in hex; `sha256` always.
    pub digest: BTreeMap<String, String>,
}

/// A statement about the evidence of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    statement_type: &'static str,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: EvidenceBundle,
}

impl Statement {
    /// The statement that this evidence was found on its images.
    ///
    /// # Errors
    /// Where the images cannot be subjects: none, two of one name, a digest that is none.
    pub fn new(evidence: EvidenceBundle) -> Result<Statement, StatementError> {
        check_images(&evidence)?;
        check_results(&evidence)?;
        let subject = evidence.run.images.iter().map(|image| Subject {
            name: image.part.clone(),
            digest: BTreeMap::from([("sha256".to_owned(), image.sha256.clone())]),
        });
        Ok(Statement {
            statement_type: STATEMENT_TYPE,
            subject: subject.collect(),
            predicate_type: PREDICATE_TYPE,
            predicate: evidence,
        })
    }

    /// Reads it. The subjects must be the images of the run, one for one.
    ///
    /// # Errors
    /// Where it is another kind of statement, or contradicts itself.
    pub fn from_json(text: &str) -> Result<Statement, StatementError> {
        // Members that in-toto may add later are no concern of ours; those of the predicate are.
        #[derive(Deserialize)]
        struct Raw {
            #[serde(rename = "_type")]
            statement_type: String,
            subject: Vec<Subject>,
            #[serde(rename = "predicateType")]
            predicate_type: String,
            predicate: serde_json::Value,
        }
        let raw: Raw = serde_json::from_str(text)?;
        if raw.statement_type != STATEMENT_TYPE {
            return Err(StatementError::StatementType { found: raw.statement_type });
        }
        if raw.predicate_type != PREDICATE_TYPE {
            return Err(StatementError::PredicateType { found: raw.predicate_type });
        }
        let statement = Statement::new(EvidenceBundle::from_json(&raw.predicate.to_string())?)?;
        compare(&raw.subject, &statement.predicate.run.images)?;
        Ok(Statement { subject: raw.subject, ..statement })
    }

    /// Its canonical bytes (RFC 8785), which are what is signed.
    ///
    /// # Errors
    /// Where it holds a number that JSON cannot carry exactly.
    pub fn bytes(&self) -> Result<Vec<u8>, StatementError> {
        Ok(canonical::bytes(self)?)
    }

    /// What was tested.
    pub fn subjects(&self) -> &[Subject] {
        &self.subject
    }

    /// What was found.
    pub fn evidence(&self) -> &EvidenceBundle {
        &self.predicate
    }

    /// What was found, alone.
    pub fn into_evidence(self) -> EvidenceBundle {
        self.predicate
    }
}

fn check_images(evidence: &EvidenceBundle) -> Result<(), StatementError> {
    let run = || evidence.run.id.clone();
    if evidence.run.images.is_empty() {
        return Err(StatementError::NoImages { run: run() });
    }
    let mut names = BTreeSet::new();
    for image in &evidence.run.images {
        let hex = image.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if image.sha256.len() != 64 || !hex {
            return Err(StatementError::Digest { part: image.part.clone(), found: image.sha256.clone() });
        }
        if !names.insert(&image.part) {
            return Err(StatementError::RepeatedImage { run: run(), part: image.part.clone() });
        }
    }
    Ok(())
}

fn check_results(evidence: &EvidenceBundle) -> Result<(), StatementError> {
    let mut tests = BTreeSet::new();
    match evidence.results.iter().find(|result| !tests.insert(&result.id)) {
        Some(twice) => {
            Err(StatementError::RepeatedResult { run: evidence.run.id.clone(), test: twice.id.clone() })
        }
        None => Ok(()),
    }
}

fn compare(subjects: &[Subject], images: &[Image]) -> Result<(), StatementError> {
    let differ = |difference: String| Err(StatementError::Subjects { difference });
    for image in images {
        let Some(subject) = subjects.iter().find(|subject| subject.name == image.part) else {
            return differ(format!("`{}` is no subject", image.part));
        };
        match subject.digest.get("sha256") {
            Some(digest) if *digest == image.sha256 => {}
            Some(digest) => {
                return differ(format!("`{}` is {digest} here and {} there", image.part, image.sha256));
            }
            None => return differ(format!("`{}` has no SHA-256", image.part)),
        }
    }
    if subjects.len() != images.len() {
        return differ(format!("{} subjects and {} images", subjects.len(), images.len()));
    }
    Ok(())
}
