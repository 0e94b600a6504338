//! The evidence of several runs in one file: the shards of a campaign, the targets of an evaluation.

use dtsec_model::canonical;
use dtsec_model::etr::Verdict;
use dtsec_model::evidence::{EvidenceBundle, Image};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use crate::parts;

/// Says what the document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CollectionKind {
    /// The only value.
    #[default]
    #[serde(rename = "evidence-collection")]
    EvidenceCollection,
}

/// The evidence of several runs, each whole and once, ordered by run id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Collection {
    /// What this is.
    pub kind: CollectionKind,
    /// The runs.
    pub runs: Vec<EvidenceBundle>,
}

/// Why runs cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// No runs.
    #[error("there is no evidence to merge; name at least one file")]
    Nothing,
    /// One run id, two runs.
    #[error(
        "there are two different runs of the id `{run}`; one was altered, or two runs were given one name"
    )]
    Conflict {
        /// The id.
        run: String,
    },
    /// They are about different images.
    #[error(
        "run `{run}` was not made on the images of run `{other}`: {difference}; evidence of different products does \
         not add up (use --different-images where this is meant)"
    )]
    Images {
        /// A run.
        run: String,
        /// Another.
        other: String,
        /// The first difference.
        difference: String,
    },
    /// Of a run in parts, one is not there.
    #[error(
        "part {part} of {of} of run `{run}` is missing{}; a run in parts is evidence only with all of them",
        others(found)
    )]
    MissingPart {
        /// The run, without its part.
        run: String,
        /// The first that is missing.
        part: u32,
        /// How many there are.
        of: u32,
        /// Parts of other runs that would fit, and what is another there.
        found: Vec<String>,
    },
    /// Of a run in parts, what one has another has as well.
    #[error(
        "the parts of run `{run}` overlap: it was cut into {one} parts, and into {other}; keep to one of them"
    )]
    OverlappingParts {
        /// The run, without its part.
        run: String,
        /// Into how many.
        one: u32,
        /// And into how many else.
        other: u32,
    },
    /// It has no canonical form.
    #[error("run `{run}` cannot be compared: {error}")]
    Canonical {
        /// The run.
        run: String,
        /// Why.
        error: serde_json::Error,
    },
}

/// What all runs of a test come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Combined {
    /// The verdict over all of them.
    pub verdict: Verdict,
    /// The results, as `run/test`.
    pub results: Vec<String>,
}

impl Collection {
    /// Joins runs. A run that comes twice counts once; the order does not matter.
    ///
    /// # Errors
    /// Where two runs have one id, or are about different images and `different_images` is not set; where parts of a run
    /// are missing or overlap.
    pub fn merge(
        runs: impl IntoIterator<Item = EvidenceBundle>,
        different_images: bool,
    ) -> Result<Collection, MergeError> {
        let mut by_id: BTreeMap<String, (String, EvidenceBundle)> = BTreeMap::new();
        for bundle in runs {
            let run = bundle.run.id.clone();
            let digest = canonical::digest(&bundle)
                .map_err(|error| MergeError::Canonical { run: run.clone(), error })?;
            match by_id.get(&run) {
                Some((known, _)) if *known != digest => return Err(MergeError::Conflict { run }),
                Some(_) => {}
                None => {
                    by_id.insert(run, (digest, bundle));
                }
            }
        }
        let runs: Vec<EvidenceBundle> = by_id.into_values().map(|(_, bundle)| bundle).collect();
        let Some(first) = runs.first() else { return Err(MergeError::Nothing) };
        for bundle in runs.iter().skip(1).filter(|_| !different_images) {
            if let Some(difference) = difference(&first.run.images, &bundle.run.images) {
                let (run, other) = (bundle.run.id.clone(), first.run.id.clone());
                return Err(MergeError::Images { run, other, difference });
            }
        }
        parts::check(&runs)?;
        Ok(Collection { kind: CollectionKind::default(), runs })
    }

    /// What the runs of each test come to: computed here, and stored nowhere.
    pub fn combined(&self) -> BTreeMap<&str, Combined> {
        let mut verdicts: BTreeMap<&str, (Vec<Verdict>, Vec<String>)> = BTreeMap::new();
        for bundle in &self.runs {
            for result in &bundle.results {
                let entry = verdicts.entry(&result.id).or_default();
                entry.0.push(result.verdict);
                entry.1.push(format!("{}/{}", bundle.run.id, result.id));
            }
        }
        let each = verdicts.into_iter();
        each.map(|(test, (verdicts, results))| (test, Combined { verdict: Verdict::over(verdicts), results }))
            .collect()
    }

    /// Its JSON form.
    pub fn to_json(&self) -> String {
        // String keys, and no failing serializers.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn difference(these: &[Image], those: &[Image]) -> Option<String> {
    let key = |image: &Image| (image.part.clone(), image.version.clone(), image.sha256.clone());
    let (these, those): (BTreeSet<_>, BTreeSet<_>) =
        (these.iter().map(key).collect(), those.iter().map(key).collect());
    let (part, version, sha256) = these.symmetric_difference(&those).next()?;
    Some(format!("`{part}` {version} ({sha256}) is on one of them only"))
}

/// The parts of other runs, behind what is missing.
fn others(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(" (there is {})", found.join("; ")) }
}
