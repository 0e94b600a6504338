//! The draw itself: the catalogue is shuffled by the seed, then taken from so that requirements, kinds and interfaces
//! are covered as soon as can be.

use super::Seed;
use dtsec_model::evidence::TestKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// A test that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CatalogueTest {
    /// Its id.
    pub id: String,
    /// The requirement that it serves.
    pub requirement: String,
    /// Functional test, attack or campaign.
    #[serde(rename = "test")]
    pub kind: TestKind,
    /// The interface that it stimulates.
    pub interface: String,
}

impl PartialOrd for CatalogueTest {
    fn partial_cmp(&self, other: &CatalogueTest) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By id, which is unique in a catalogue.
impl Ord for CatalogueTest {
    fn cmp(&self, other: &CatalogueTest) -> std::cmp::Ordering {
        let key = |test: &CatalogueTest| {
            (test.id.clone(), test.requirement.clone(), test.kind as u8, test.interface.clone())
        };
        key(self).cmp(&key(other))
    }
}

/// Why a catalogue cannot be drawn from.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// None, or more than there are.
    #[error("{count} tests cannot be drawn from a catalogue of {tests}; draw from 1 to that number")]
    Count {
        /// How many were asked for.
        count: usize,
        /// How many there are.
        tests: usize,
    },
    /// Two of one id.
    #[error("the catalogue has two tests `{id}`")]
    Repeated {
        /// The id.
        id: String,
    },
}

/// How much of a catalogue is covered: what is, and of how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Coverage {
    /// Requirements.
    pub requirements: (usize, usize),
    /// Kinds of test.
    pub kinds: (usize, usize),
    /// Interfaces.
    pub interfaces: (usize, usize),
}

/// What a test covers.
fn aspects(test: &CatalogueTest) -> [(u8, String); 3] {
    [(0, test.requirement.clone()), (1, format!("{:?}", test.kind)), (2, test.interface.clone())]
}

/// Draws `count` tests. The same seed and catalogue give the same tests in the same order, in whatever order the
/// catalogue is given.
///
/// # Errors
/// Where the catalogue has not that many tests, or an id twice.
pub fn choose(seed: &Seed, catalogue: &[CatalogueTest], count: usize) -> Result<Vec<String>, CatalogueError> {
    if count == 0 || count > catalogue.len() {
        return Err(CatalogueError::Count { count, tests: catalogue.len() });
    }
    let mut rest: Vec<&CatalogueTest> = catalogue.iter().collect();
    rest.sort();
    if let Some([one, _]) = rest.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(CatalogueError::Repeated { id: one.id.clone() });
    }
    shuffle(seed, &mut rest);
    let mut covered = BTreeSet::new();
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        let new = |test: &CatalogueTest| aspects(test).iter().filter(|one| !covered.contains(*one)).count();
        // The first of those that cover most: where several do, the seed has decided.
        let best = rest.iter().map(|test| new(test)).max().unwrap_or_default();
        let Some(at) = rest.iter().position(|test| new(test) == best) else { break };
        let test = rest.remove(at);
        covered.extend(aspects(test));
        chosen.push(test.id.clone());
    }
    Ok(chosen)
}

/// What these tests cover of a catalogue.
pub fn coverage(catalogue: &[CatalogueTest], chosen: &[String]) -> Coverage {
    let of = |only: Option<&[String]>| -> BTreeSet<(u8, String)> {
        let wanted = |test: &&CatalogueTest| only.is_none_or(|ids| ids.contains(&test.id));
        catalogue.iter().filter(wanted).flat_map(aspects).collect()
    };
    let (covered, all) = (of(Some(chosen)), of(None));
    let count = |kind| {
        let number = |set: &BTreeSet<(u8, String)>| set.iter().filter(|(of, _)| *of == kind).count();
        (number(&covered), number(&all))
    };
    Coverage { requirements: count(0), kinds: count(1), interfaces: count(2) }
}

/// Fisher and Yates, by numbers that follow from the seed. The stream is part of the format: a seed in an old report
/// must keep its meaning.
fn shuffle<T>(seed: &Seed, items: &mut [T]) {
    let mut stream = Stream { seed, block: 0, left: Vec::new() };
    for at in (1..items.len()).rev() {
        items.swap(at, stream.up_to(at));
    }
}

struct Stream<'s> {
    seed: &'s Seed,
    block: u64,
    left: Vec<u64>,
}

impl Stream<'_> {
    fn next(&mut self) -> u64 {
        loop {
            if let Some(number) = self.left.pop() {
                return number;
            }
            let mut hash = Sha256::new();
            hash.update(b"dtsec independent tests 1");
            hash.update(self.seed.bytes());
            hash.update(self.block.to_be_bytes());
            self.block += 1;
            let digest = hash.finalize();
            let (numbers, _) = digest.as_chunks::<8>();
            self.left.extend(numbers.iter().map(|bytes| u64::from_be_bytes(*bytes)));
        }
    }

    /// A number from 0 to `last`, each as likely as another.
    fn up_to(&mut self, last: usize) -> usize {
        let range = last as u64 + 1;
        let fair = u64::MAX - u64::MAX % range;
        loop {
            let number = self.next();
            if number < fair {
                return (number % range) as usize;
            }
        }
    }
}
