//! The independent tests of ATE_IND.1: drawn so that the developer cannot know them in advance and the evaluator
//! cannot choose them afterwards.
//!
//! The evaluator draws a [`Seed`], keeps it, and hands out a [`Commitment`]: the SHA-256 of the seed, the digest of the
//! catalogue, and how many tests there will be. Later the seed is shown; anybody can see that it is the one that was
//! committed to, and that it gives exactly these tests.

mod choose;
mod document;

pub use choose::{CatalogueError, CatalogueTest, Coverage, choose, coverage};
pub use document::{ITEMS, TestDocumentation};

use dtsec_model::{Date, canonical};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What the draw follows from: 256 bits, so that it cannot be found from its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A new one, from the operating system's randomness.
    ///
    /// # Errors
    /// Where that gives none.
    pub fn generate() -> Result<Seed, DrawError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| DrawError::NoRandomness)?;
        Ok(Seed(seed))
    }

    /// Reads it: 64 hex digits.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn from_hex(text: &str) -> Result<Seed, DrawError> {
        let mut seed = [0; 32];
        hex::decode_to_slice(text.trim(), &mut seed).map_err(|_| DrawError::Seed)?;
        Ok(Seed(seed))
    }

    /// In hex.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The SHA-256 of its 32 bytes, in hex.
    pub fn commitment(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }

    fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Not shown by accident: before the tests are run it is a secret.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({}…)", &self.commitment()[..8])
    }
}

/// What is handed out before the tests are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Commitment {
    /// The SHA-256 of the seed.
    pub seed_sha256: String,
    /// The digest of the catalogue that will be drawn from.
    pub catalogue: String,
    /// How many tests will be drawn.
    pub count: usize,
    /// When.
    pub date: Date,
}

impl Commitment {
    /// Commits to a seed.
    ///
    /// # Errors
    /// Where that many tests cannot be drawn from the catalogue.
    pub fn new(
        seed: &Seed,
        catalogue: &[CatalogueTest],
        count: usize,
        date: Date,
    ) -> Result<Commitment, DrawError> {
        choose(seed, catalogue, count)?;
        Ok(Commitment { seed_sha256: seed.commitment(), catalogue: digest(catalogue)?, count, date })
    }

    /// The tests that were committed to.
    ///
    /// # Errors
    /// Where seed or catalogue are not those of the commitment.
    pub fn open(&self, seed: &Seed, catalogue: &[CatalogueTest]) -> Result<Vec<String>, DrawError> {
        if seed.commitment() != self.seed_sha256 {
            return Err(DrawError::OtherSeed {
                committed: self.seed_sha256.clone(),
                shown: seed.commitment(),
            });
        }
        let shown = digest(catalogue)?;
        if shown != self.catalogue {
            return Err(DrawError::OtherCatalogue { committed: self.catalogue.clone(), shown });
        }
        Ok(choose(seed, catalogue, self.count)?)
    }
}

/// The independent tests in the report: the draw, open to anybody, and each test as it was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndependentTests {
    /// What was handed out before.
    pub commitment: Commitment,
    /// The seed, in hex.
    pub seed: String,
    /// What was drawn from.
    pub catalogue: Vec<CatalogueTest>,
    /// What was drawn.
    pub chosen: Vec<String>,
    /// What was drawn, as it was carried out.
    pub tests: Vec<TestDocumentation>,
}

/// Why a draw is none.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The machine gives no chance.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// Not a seed.
    #[error("a seed is 64 hex digits")]
    Seed,
    /// Another seed.
    #[error(
        "the seed has the SHA-256 {shown}, and {committed} was committed to; this is not the seed of the draw"
    )]
    OtherSeed {
        /// What was committed to.
        committed: String,
        /// What the seed shown has.
        shown: String,
    },
    /// Another catalogue.
    #[error(
        "the catalogue has the digest {shown}, and {committed} was committed to; tests were added or changed since: \
         draw anew, or use the `dtsec` of then"
    )]
    OtherCatalogue {
        /// What was committed to.
        committed: String,
        /// What the catalogue has.
        shown: String,
    },
    /// Other tests.
    #[error("the seed gives other tests than the report has: {difference}")]
    OtherTests {
        /// The first difference.
        difference: String,
    },
    /// The catalogue cannot be drawn from.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// No canonical form.
    #[error("the catalogue has no canonical form: {0}")]
    Canonical(#[from] serde_json::Error),
}

impl IndependentTests {
    /// Opens a commitment, and takes the drawn tests from those that were carried out.
    ///
    /// # Errors
    /// Where seed or catalogue are not those of the commitment, or a drawn test was not carried out.
    pub fn new(
        commitment: Commitment,
        seed: &Seed,
        catalogue: &[CatalogueTest],
        carried_out: &[TestDocumentation],
    ) -> Result<IndependentTests, DrawError> {
        let chosen = commitment.open(seed, catalogue)?;
        let mut tests = Vec::with_capacity(chosen.len());
        for id in &chosen {
            let Some(test) = carried_out.iter().find(|test| test.id == *id) else {
                return Err(DrawError::OtherTests {
                    difference: format!("`{id}` was drawn and not carried out"),
                });
            };
            tests.push(test.clone());
        }
        let mut catalogue = catalogue.to_vec();
        catalogue.sort();
        Ok(IndependentTests { commitment, seed: seed.to_hex(), catalogue, chosen, tests })
    }

    /// Whether the seed is the one that was committed to, and gives exactly these tests.
    ///
    /// # Errors
    /// Where it is not, or does not.
    pub fn verify(&self) -> Result<(), DrawError> {
        let drawn = self.commitment.open(&Seed::from_hex(&self.seed)?, &self.catalogue)?;
        let documented = self.tests.iter().map(|test| &test.id);
        for ids in [self.chosen.iter().collect::<Vec<_>>(), documented.collect()] {
            if ids != drawn.iter().collect::<Vec<_>>() {
                let missing = drawn.iter().find(|id| !ids.contains(id));
                let added = ids.iter().find(|id| !drawn.contains(id));
                let difference = match (missing, added) {
                    (Some(id), _) => format!("`{id}` was drawn and is missing"),
                    (None, Some(id)) => format!("`{id}` was not drawn"),
                    (None, None) => "the same ones in another order, or twice".to_owned(),
                };
                return Err(DrawError::OtherTests { difference });
            }
        }
        Ok(())
    }

    /// What the drawn tests cover of the catalogue.
    pub fn coverage(&self) -> Coverage {
        coverage(&self.catalogue, &self.chosen)
    }
}

/// The digest of a catalogue, whatever its order.
fn digest(catalogue: &[CatalogueTest]) -> Result<String, serde_json::Error> {
    let mut sorted = catalogue.to_vec();
    sorted.sort();
    canonical::digest(&sorted)
}
