//! The draw of an audit's sample: two shares, each committed to before the other is known, mixed with the population.
//! Anybody can make the same draw from the public record, and neither side can steer it.

use super::ids::{AuditId, Digest};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A party's share of a draw: 32 bytes that it chose at random.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(Digest);

impl Share {
    /// Of 32 bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Digest::of_hash(bytes))
    }
}

/// Who has a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The working group, which commits first and reveals first.
    Dwg,
    /// The developer.
    Developer,
}

impl Party {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Party::Dwg => "working group",
            Party::Developer => "developer",
        }
    }
}

// Each part with its length, so that no two inputs give the same bytes.
fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// What a party publishes before it reveals its share.
pub fn commitment(audit: &AuditId, party: Party, share: &Share) -> Digest {
    let parts = [audit.as_str().as_bytes(), party.name().as_bytes(), share.0.as_str().as_bytes()];
    Digest::of_hash(&hash("dtsec-audit-commitment", &parts))
}

/// The sample: places in the population, in the order in which they were drawn.
///
/// `sample` is at most the length of the population; more draws everything.
pub fn draw(
    audit: &AuditId,
    dwg: &Share,
    developer: &Share,
    population: &[String],
    sample: u32,
) -> Vec<usize> {
    let mut parts: Vec<&[u8]> =
        vec![audit.as_str().as_bytes(), dwg.0.as_str().as_bytes(), developer.0.as_str().as_bytes()];
    parts.extend(population.iter().map(String::as_bytes));
    let seed = hash("dtsec-audit-draw", &parts);
    let mut places: Vec<usize> = (0..population.len()).collect();
    let wanted = usize::try_from(sample).unwrap_or(usize::MAX).min(places.len());
    let mut counter = 0_u64;
    // Fisher and Yates from the front. A number at the end of the range is thrown away, so that no place is favoured.
    for at in 0..wanted {
        let left = (places.len() - at) as u64;
        let limit = u64::MAX - u64::MAX % left;
        let pick = loop {
            let block = hash("dtsec-audit-block", &[&seed, &counter.to_be_bytes()]);
            counter += 1;
            let number = block[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            if number < limit {
                break number % left;
            }
        };
        places.swap(at, at + usize::try_from(pick).unwrap_or(0));
    }
    places.truncate(wanted);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit() -> AuditId {
        AuditId::new("a1").unwrap()
    }

    fn population(len: usize) -> Vec<String> {
        (0..len).map(|number| format!("item-{number}")).collect()
    }

    #[test]
    fn a_draw_has_no_place_twice_and_is_the_same_for_everybody() {
        let (dwg, developer) = (Share::new(&[1; 32]), Share::new(&[2; 32]));
        let population = population(30);
        let drawn = draw(&audit(), &dwg, &developer, &population, 8);
        let mut sorted = drawn.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 8);
        assert_eq!(drawn, draw(&audit(), &dwg, &developer, &population, 8));
        assert_eq!(draw(&audit(), &dwg, &developer, &population, 99).len(), 30);
    }

    #[test]
    fn either_share_alone_changes_the_draw() {
        let drawn = |one: u8, other: u8| {
            draw(&audit(), &Share::new(&[one; 32]), &Share::new(&[other; 32]), &population(40), 6)
        };
        assert_ne!(drawn(1, 2), drawn(3, 2));
        assert_ne!(drawn(1, 2), drawn(1, 3));
    }

    #[test]
    fn every_place_is_drawn_about_as_often_as_any_other() {
        let mut counts = [0_u32; 10];
        for number in 0..2000_u32 {
            let mut share = [0; 32];
            share[..4].copy_from_slice(&number.to_be_bytes());
            for place in draw(&audit(), &Share::new(&share), &Share::new(&[7; 32]), &population(10), 2) {
                counts[place] += 1;
            }
        }
        // 400 each; five standard deviations are about 90.
        assert!(counts.iter().all(|count| (310..=490).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_commitment_belongs_to_one_audit_and_one_party() {
        let share = Share::new(&[9; 32]);
        let other = AuditId::new("a2").unwrap();
        let made = commitment(&audit(), Party::Dwg, &share);
        assert_ne!(made, commitment(&audit(), Party::Developer, &share));
        assert_ne!(made, commitment(&other, Party::Dwg, &share));
    }
}
