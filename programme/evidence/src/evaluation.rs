//! What `dtsec evaluate` leaves (`evidence.json`), read back: as an evidence bundle, and test by test for the record
//! that ATE_IND.1 asks for.

use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{Attachment, EvidenceBundle, Image, Run, TestKind, TestResult};
use dtsec_model::threat::Threat;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The shape of `evidence.json` that is known here.
const SCHEMA: u32 = 1;

/// What stands for a version that nobody has given.
pub const UNVERSIONED: &str = "unversioned";

/// Why a record is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// Not JSON of that form.
    #[error("not the evidence.json of `dtsec evaluate`: {0}")]
    Json(#[from] serde_json::Error),
    /// Another shape.
    #[error("evidence.json has shape {found}, and only {SCHEMA} is known; use the `dtsec` that made it")]
    Schema {
        /// Its number.
        found: u32,
    },
    /// For development.
    #[error(
        "this evaluation was run with --quick, which is for development; run it again without, for evidence"
    )]
    Quick,
    /// Another version than the device answered.
    #[error("`{part}` answered with version {answered}, and {given} is given; leave the version out")]
    OtherVersion {
        /// The part.
        part: String,
        /// By the record.
        answered: String,
        /// By the caller.
        given: String,
    },
    /// A version of something that is not there.
    #[error("a version is given for `{part}`, which was not evaluated; there are {}", parts.join(", "))]
    UnknownPart {
        /// What was named.
        part: String,
        /// What there is.
        parts: Vec<String>,
    },
}

/// An evaluation as it was written down.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    schema: u32,
    /// What was evaluated.
    pub target: String,
    /// By what, when and where.
    pub provenance: Provenance,
    /// Where samples came from.
    pub seed: u64,
    quick: bool,
    /// What was evaluated, byte for byte.
    pub files: Vec<File>,
    /// The tests that ran.
    pub tests: Vec<Test>,
}

/// The tool and the machine.
#[derive(Debug, Clone, Deserialize)]
pub struct Provenance {
    /// Name and version of the tool.
    pub tool: String,
    /// When it began, RFC 3339.
    pub date: String,
    /// When it ended, RFC 3339; records before this was written down have none.
    #[serde(default)]
    pub finished: Option<String>,
    /// Operating system and processor.
    pub host: String,
    /// What carried the device.
    pub device_host: String,
}

/// A file that was evaluated.
#[derive(Debug, Clone, Deserialize)]
pub struct File {
    /// The part that it is, or what it is.
    pub name: String,
    /// The version that the device answered for the part.
    #[serde(default)]
    pub version: Option<String>,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// A value under its name.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// What it is.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A positive control.
#[derive(Debug, Clone, Deserialize)]
pub struct Control {
    /// What was done.
    pub stimulus: String,
    /// What was seen.
    pub observed: String,
    /// Whether that had to be seen.
    pub held: bool,
}

/// A test as it was carried out.
#[derive(Debug, Clone, Deserialize)]
pub struct Test {
    /// Id of the test.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Id of the requirement.
    pub sfr: String,
    /// Threats.
    pub threats: Vec<Threat>,
    /// Functional test or attack.
    pub kind: TestKind,
    /// The interface that was stimulated.
    pub interface: String,
    /// Prerequisites and stimulus.
    pub procedure: String,
    /// What had to be seen.
    pub expected: String,
    /// Configuration, images and their digests.
    #[serde(default)]
    pub setup: Vec<Entry>,
    /// Controls.
    #[serde(default)]
    pub control: Vec<Control>,
    /// Values that were seen.
    #[serde(default)]
    pub observed: Vec<Entry>,
    /// How many cases were run.
    #[serde(default)]
    pub cases: u64,
    /// How many ended in what.
    #[serde(default)]
    pub tally: BTreeMap<String, BTreeMap<String, u64>>,
    /// Lines of the device's wires.
    #[serde(default)]
    pub transcript: Vec<String>,
    /// The conclusion.
    pub conclusion: String,
    /// In what state things were left.
    pub clean_up: String,
    /// The verdict.
    pub verdict: Verdict,
}

impl Record {
    /// Reads it.
    ///
    /// # Errors
    /// Where it is of another form or shape, or was cut down for development.
    pub fn from_json(text: &str) -> Result<Record, EvaluationError> {
        let record: Record = serde_json::from_str(text)?;
        if record.schema != SCHEMA {
            return Err(EvaluationError::Schema { found: record.schema });
        }
        if record.quick {
            return Err(EvaluationError::Quick);
        }
        Ok(record)
    }

    /// Its evidence. `text` is the record itself, which is attached by its digest; `versions` are those of files for which
    /// the record has none, because no device answers with them.
    ///
    /// # Errors
    /// Where a version is given for what is not there.
    pub fn evidence(
        &self,
        text: &str,
        versions: &BTreeMap<String, String>,
    ) -> Result<EvidenceBundle, EvaluationError> {
        let digest = crate::sha256(text.as_bytes());
        if let Some(part) = versions.keys().find(|part| self.files.iter().all(|file| file.name != **part)) {
            let parts = self.files.iter().map(|file| file.name.clone()).collect();
            return Err(EvaluationError::UnknownPart { part: part.clone(), parts });
        }
        for file in &self.files {
            if let (Some(answered), Some(given)) = (&file.version, versions.get(&file.name))
                && answered != given
            {
                let (part, answered, given) = (file.name.clone(), answered.clone(), given.clone());
                return Err(EvaluationError::OtherVersion { part, answered, given });
            }
        }
        let image = |file: &File| Image {
            part: file.name.clone(),
            version: file
                .version
                .as_ref()
                .or_else(|| versions.get(&file.name))
                .map_or(UNVERSIONED, String::as_str)
                .to_owned(),
            sha256: file.sha256.clone(),
        };
        let (tool, tool_version) =
            self.provenance.tool.rsplit_once(' ').unwrap_or((self.provenance.tool.as_str(), ""));
        Ok(EvidenceBundle {
            kind: Default::default(),
            run: Run {
                // The same record has the same id, and no other has it.
                id: format!("evaluate-{}-{}", self.target, &digest[..12]),
                tool: tool.to_owned(),
                tool_version: tool_version.to_owned(),
                target: self.target.clone(),
                images: self.files.iter().map(image).collect(),
                host: format!("{}; {}", self.provenance.host, self.provenance.device_host),
                seed: Some(self.seed),
                started: self.provenance.date.clone(),
                finished: self.provenance.finished.clone().unwrap_or_else(|| self.provenance.date.clone()),
            },
            results: self.tests.iter().map(Test::result).collect(),
            attachments: vec![Attachment {
                name: "evidence.json".to_owned(),
                sha256: digest,
                description: "the full record of the run: set-up, stimulus, observations and transcripts"
                    .to_owned(),
            }],
        })
    }
}

impl Test {
    fn result(&self) -> TestResult {
        let cases = if self.cases > 0 { format!(" ({} cases)", self.cases) } else { String::new() };
        TestResult {
            id: self.id.clone(),
            title: self.title.clone(),
            kind: self.kind,
            requirements: vec![self.sfr.clone()],
            threats: self.threats.clone(),
            verdict: self.verdict,
            observation: format!("{}{cases}", self.conclusion),
        }
    }
}
