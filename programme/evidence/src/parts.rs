//! Runs in parts, as an array of machines makes them: `<run>-part-<k>-of-<n>` is the k-th of n. The id before that names
//! what makes parts belong together, whatever made them; here it is only compared.

use crate::merge::MergeError;
use dtsec_model::evidence::EvidenceBundle;
use std::collections::{BTreeMap, BTreeSet};

/// A run's id without its part, the part, and of how many it is one. `None` for a run that is whole.
fn part(id: &str) -> Option<(&str, u32, u32)> {
    let (rest, of) = id.rsplit_once("-of-")?;
    let (run, part) = rest.rsplit_once("-part-")?;
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    Some((run, number(part)?, number(of)?))
}

/// Every part of every run that is in parts must be there, once.
///
/// # Errors
/// Where one is missing, or they overlap.
pub(crate) fn check(runs: &[EvidenceBundle]) -> Result<(), MergeError> {
    let mut in_parts: BTreeMap<&str, (u32, BTreeSet<u32>)> = BTreeMap::new();
    let all = runs.iter().filter_map(|bundle| Some((part(&bundle.run.id)?, bundle)));
    let all: Vec<_> = all.collect();
    for ((run, number, of), _) in &all {
        let (known, numbers) = in_parts.entry(*run).or_insert((*of, BTreeSet::new()));
        if *known != *of {
            return Err(MergeError::OverlappingParts { run: (*run).into(), one: *known, other: *of });
        }
        numbers.insert(*number);
    }
    for (run, (of, numbers)) in &in_parts {
        // The whole beside its parts says everything twice.
        if runs.iter().any(|bundle| bundle.run.id == *run) {
            return Err(MergeError::OverlappingParts { run: (*run).into(), one: 1, other: *of });
        }
        let missing = (1..=*of).find(|number| !numbers.contains(number));
        // A number beyond the last, or 0, stands for nothing that could be missing.
        let Some(missing) = missing.or_else(|| numbers.iter().copied().find(|n| !(1..=*of).contains(n)))
        else {
            continue;
        };
        let own = all.iter().find(|((other, ..), _)| other == run).map(|(_, bundle)| *bundle);
        let fits = |((other, number, count), bundle): &((&str, u32, u32), &EvidenceBundle)| {
            let another = other != run && *number == missing && count == of;
            another.then(|| {
                format!("one of run `{other}`, where {}", own.map_or("", |own| different(own, bundle)))
            })
        };
        let found = all.iter().filter_map(fits).collect();
        return Err(MergeError::MissingPart { run: (*run).into(), part: missing, of: *of, found });
    }
    Ok(())
}

/// What is another thing in two runs that are not of one.
fn different(one: &EvidenceBundle, other: &EvidenceBundle) -> &'static str {
    let digests = |bundle: &EvidenceBundle| {
        let of = bundle.run.images.iter().map(|image| (image.part.clone(), image.sha256.clone()));
        of.collect::<BTreeSet<_>>()
    };
    let tests = |bundle: &EvidenceBundle| {
        bundle.results.iter().map(|result| result.id.clone()).collect::<BTreeSet<_>>()
    };
    if digests(one) != digests(other) {
        "the images are others"
    } else if (&one.run.tool, &one.run.tool_version) != (&other.run.tool, &other.run.tool_version) {
        "the tool or its version is another"
    } else if tests(one) != tests(other) {
        "the tests are others"
    } else {
        "something else is set otherwise"
    }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn only_an_id_that_ends_as_a_part_is_one() {
        assert_eq!(part("fault-older-counter-0a1b-part-2-of-3"), Some(("fault-older-counter-0a1b", 2, 3)));
        assert_eq!(part("a-part-of-b-part-1-of-1"), Some(("a-part-of-b", 1, 1)));
        for whole in
            ["run", "part-1-of-2", "a-part-1", "a-part-x-of-2", "a-part-1-of-", "a-part-+1-of-2", "a-of-2"]
        {
            assert_eq!(part(whole), None, "{whole}");
        }
    }
}
